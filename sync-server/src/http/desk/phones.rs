//! Phones: which are in use, when they were last heard, letting one in by a code on the screen, revoking.

use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use ironfeet_core::model::{DeviceId, GridCode, PersonId, Role, UtcMillis};

use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, SILENT_HOURS, Said};
use super::rights::Right;
use crate::enrol;
use crate::review::ReviewError;
use crate::store::{self, DeviceRow, DeviceStatus, PersonRow, StoreError};
use crate::words;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    silent: String,
    #[serde(default)]
    said: String,
}

/// A phone with what waits from it.
struct Line {
    device: DeviceRow,
    post: Option<Role>,
    waiting: u64,
    /// Photos that its records show and that did not arrive.
    photos: u64,
    /// How far its clock is off.
    ahead_ms: Option<i64>,
    silent: bool,
}

#[derive(Template)]
#[template(path = "phones.html")]
struct PhonesPage {
    f: Frame,
    only_silent: bool,
    decides: bool,
    phones: Vec<Line>,
    people: Vec<PersonRow>,
}

impl PhonesPage {
    fn short(&self, id: &DeviceId) -> String {
        super::conflicts::short(&id.to_string())
    }

    fn clock(&self, ahead_ms: &i64) -> String {
        let way = if *ahead_ms > 0 { self.f.t("快", "fast") } else { self.f.t("慢", "slow") };
        format!("{way} {}", words::span(*ahead_ms, self.f.lang.0))
    }

    fn trusted(&self, line: &Line) -> bool {
        line.device.status == DeviceStatus::Active
    }
}

/// The list.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Phones)?;
    let mut f = desk.frame(Right::Phones).await?;
    let (app, before) = (desk.app.clone(), desk.now.plus_ms(-SILENT_HOURS * 3_600_000));
    let only_silent = asked.silent == "1";
    let (phones, people) = off(move || {
        Ok(store::view(&*app.store, |s| {
            let people = s.people()?;
            let (awaited, clocks) = (s.photos_awaited()?, s.clocks()?);
            let mut phones = Vec::new();
            for device in s.devices()? {
                let active = device.status == DeviceStatus::Active;
                let silent = active && device.last_seen.is_none_or(|at| at < before);
                if only_silent && !silent {
                    continue;
                }
                let post = people.iter().find(|p| p.id == device.person).map(|p| p.post);
                let waiting = s.tickets_count(&device.id)?;
                let photos = awaited.iter().find(|(author, _)| *author == device.author);
                let photos = photos.map_or(0, |(_, n)| *n);
                let clock = clocks.iter().find(|clock| clock.device == device.id);
                let ahead_ms = clock.map(|clock| clock.ahead_ms);
                phones.push(Line { device, post, waiting, photos, ahead_ms, silent });
            }
            phones.sort_by_key(|line| {
                (line.device.status != DeviceStatus::Active, line.device.last_seen)
            });
            Ok::<_, StoreError>((phones, people))
        })?)
    })
    .await?;
    if asked.said == "revoked" {
        let text = desk.lang.t(
            "已注销：手机下次联系时停止接收，未交的内容进入待接受。",
            "Revoked: at its next contact it gets nothing more; what it still brings waits for you.",
        );
        f.said = Some(Said::plain(text, true));
    }
    let decides = super::rights::may(desk.by.post, Right::Review);
    desk.show(&PhonesPage { f, only_silent, decides, phones, people })
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage {
    f: Frame,
    person: PersonId,
    code: String,
    text: String,
    picture: String,
    expires_at: UtcMillis,
}

/// Who gets a phone, and for which grids.
#[derive(Deserialize)]
pub(super) struct Invite {
    csrf: String,
    person: String,
    #[serde(default)]
    grids: String,
}

fn picture(text: &str) -> Result<String, Error> {
    let code = QrCode::new(text.as_bytes()).map_err(|_| Error::Parameter)?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(280, 280).quiet_zone(true).build();
    // Inside a page there is no place for a declaration.
    let start = svg.find("<svg").unwrap_or(0);
    Ok(svg.get(start..).unwrap_or_default().to_owned())
}

/// Makes a one-time code and shows it to be scanned.
pub(super) async fn invite(desk: Desk, Form(form): Form<Invite>) -> Result<Response, Refusal> {
    desk.may_act(Right::Phones, &form.csrf)?;
    let f = desk.frame(Right::Phones).await?;
    let wrong = |_| Refusal::Failed(Error::Parameter);
    let person: PersonId = form.person.trim().parse().map_err(wrong)?;
    let grids = form.grids.split([' ', ',', '，', '\n']).map(str::trim).filter(|t| !t.is_empty());
    let grids: Vec<GridCode> = grids
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::Failed(Error::Parameter))?;
    let (by, id, now) = (desk.by.actor.clone(), person.clone(), desk.now);
    let made = super::act(&desk.app, move |s, app| {
        if grids.is_empty() && s.person(&id)?.is_none() {
            return Err(ReviewError::Value);
        }
        Ok(enrol::code_by(s, &*app.entropy, &id, &grids, now, &by)?)
    })
    .await?;
    let Ok((code, expires_at)) = made else {
        return Err(Refusal::Failed(Error::Parameter));
    };
    let text = enrol::invitation(&desk.app.config, &code, &person);
    let picture = picture(&text)?;
    desk.show(&EnrolPage { f, person, code, text, picture, expires_at })
}

/// Which phone loses trust.
#[derive(Deserialize)]
pub(super) struct Revoke {
    csrf: String,
    id: String,
    #[serde(default)]
    act: String,
}

/// Takes trust from a phone.
pub(super) async fn revoke(desk: Desk, Form(form): Form<Revoke>) -> Result<Response, Refusal> {
    desk.may_act(Right::Phones, &form.csrf)?;
    let id: DeviceId = form.id.parse().map_err(|_| Error::Parameter)?;
    let (by, now, stolen) = (desk.by.actor.clone(), desk.now, form.act == "stolen");
    let done = super::act(&desk.app, move |s, _| {
        if enrol::revoke_by(s, &id, stolen, now, &by)? { Ok(()) } else { Err(ReviewError::Settled) }
    })
    .await?;
    done.map_err(|_| desk.missing())?;
    Ok(Redirect::to("/console/phones?said=revoked").into_response())
}
