//! Phones whose clock is off: by how much, what was read from it, and that a person took note.

use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::{DeviceId, PersonId, Role};

use super::super::error::{Error, off};
use super::conflicts::short;
use super::frame::{Desk, Frame, Refusal, Said};
use super::rights::Right;
use super::tabs::Tabs;
use crate::audit;
use crate::review::ReviewError;
use crate::store::desk::ClockRow;
use crate::store::{self, StoreError};
use crate::words;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    said: String,
}

/// A phone with its clock.
struct Line {
    clock: ClockRow,
    person: Option<PersonId>,
    post: Option<Role>,
}

#[derive(Template)]
#[template(path = "clocks.html")]
struct ClocksPage {
    f: Frame,
    tabs: Tabs,
    lines: Vec<Line>,
}

impl ClocksPage {
    fn phone(&self, line: &Line) -> String {
        short(&line.clock.device.to_string())
    }

    fn off(&self, line: &Line) -> String {
        let span = words::span(line.clock.ahead_ms, self.f.lang.0);
        let way = match line.clock.ahead_ms > 0 {
            true => self.f.t("快", "fast by"),
            false => self.f.t("慢", "slow by"),
        };
        format!("{way} {span}")
    }
}

/// The list, those nobody took note of first.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let mut f = desk.frame(Right::Review).await?;
    let app = desk.app.clone();
    let mut lines = off(move || {
        Ok(store::view(&*app.store, |s| {
            let mut lines = Vec::new();
            for clock in s.clocks()? {
                let person = s.device(&clock.device)?.map(|device| device.person);
                let post = person.as_ref().map(|id| s.person(id)).transpose()?.flatten();
                lines.push(Line { clock, person, post: post.map(|person| person.post) });
            }
            Ok::<_, StoreError>(lines)
        })?)
    })
    .await?;
    lines.sort_by_key(|line| !line.clock.waits());
    if asked.said == "noted" {
        let text = desk.lang.t(
            "已记下。时钟再有变化时会重新列出。",
            "Noted. It is listed again when the clock changes.",
        );
        f.said = Some(Said::plain(text, true));
    }
    desk.show(&ClocksPage { tabs: Tabs::of(&f, "clocks"), f, lines })
}

/// Whose clock somebody took note of.
#[derive(Deserialize)]
pub(super) struct Noted {
    csrf: String,
    id: String,
}

/// Takes note.
pub(super) async fn note(desk: Desk, Form(form): Form<Noted>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let id: DeviceId = form.id.parse().map_err(|_| Error::Parameter)?;
    let (by, now) = (desk.by.actor.clone(), desk.now);
    let done = super::act(&desk.app, move |s, _| {
        if !s.clock_noted(&id)? {
            return Err(ReviewError::Settled);
        }
        Ok(audit::note(s, now, &by, "clock.noted", &id.to_string())?)
    })
    .await?;
    done.map_err(|_| desk.missing())?;
    Ok(Redirect::to("/console/review/clocks?said=noted").into_response())
}
