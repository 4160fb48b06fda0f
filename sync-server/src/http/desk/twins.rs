//! Places that may be one: suggested by address and grid, decided by a person.

use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::DocId;

use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::rights::Right;
use super::settle::within;
use crate::review::twin;
use crate::store::desk::PlaceLine;
use crate::store::{self, StoreError};

/// Pairs on a page.
const PAGE: usize = 20;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    a: String,
    #[serde(default)]
    b: String,
    #[serde(default)]
    said: String,
}

/// A pair as it is shown.
struct Pair {
    places: [PlaceLine; 2],
    metres: Option<u64>,
}

#[derive(Template)]
#[template(path = "twins.html")]
struct TwinsPage {
    f: Frame,
    tab: &'static str,
    pairs: Vec<Pair>,
    more: String,
}

/// How far two points are from each other, near enough for neighbours.
fn metres(a: (f64, f64), b: (f64, f64)) -> u64 {
    let north = (a.0 - b.0) * DEGREE_M;
    let east = (a.1 - b.1) * DEGREE_M * a.0.to_radians().cos();
    // Never negative and far below what a u64 holds.
    north.hypot(east).round() as u64
}

/// Pairs that nobody decided about.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let mut f = desk.frame(Right::Review).await?;
    let after = match (asked.a.parse::<DocId>(), asked.b.parse::<DocId>()) {
        (Ok(a), Ok(b)) => Some((a, b)),
        _ => None,
    };
    let (desk, mut pairs) = off(move || {
        let pairs = store::view(&*desk.app.store, |s| {
            let twins = s.twins_page(&desk.scope, after, PAGE + 1)?;
            let mut pairs = Vec::new();
            for twin in twins {
                let lines = (s.place_line(&twin.a.doc)?, s.place_line(&twin.b.doc)?);
                if let (Some(a), Some(b)) = lines {
                    let metres = a.place.position.zip(b.place.position).map(|(a, b)| metres(a, b));
                    pairs.push(Pair { places: [a, b], metres });
                }
            }
            Ok::<_, StoreError>(pairs)
        })?;
        Ok((desk, pairs))
    })
    .await?;
    let mut more = String::new();
    if pairs.len() > PAGE {
        pairs.truncate(PAGE);
        if let Some(Pair { places: [a, b], .. }) = pairs.last() {
            let (a, b) = (a.place.doc.to_string(), b.place.doc.to_string());
            more = link("/console/review/twins", &[("a", &a), ("b", &b)]);
        }
    }
    let t = |zh: &str, en: &str| desk.lang.t(zh, en).to_owned();
    f.said = match asked.said.as_str() {
        "different" => Some(t(
            "已记下：不是同一处，不再提示。",
            "Noted: not the same. It is not suggested again.",
        )),
        "same" => Some(t(
            "已合并，另一条随下次同步离开手机。",
            "Merged. The other leaves the phones with their next sync.",
        )),
        _ => None,
    }
    .map(|text| Said { text, good: true, undo: None });
    if asked.said == "settled" {
        let text = t("这一对已由他人处理。", "Somebody settled this pair already.");
        f.said = Some(Said { text, good: false, undo: None });
    }
    desk.show(&TwinsPage { f, tab: "twins", pairs, more })
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Decision {
    csrf: String,
    a: String,
    b: String,
    /// The place that stays; empty: they are two.
    #[serde(default)]
    keep: String,
}

/// Says whether two places are one.
pub(super) async fn act(desk: Desk, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let id = |text: &str| text.parse::<DocId>().map_err(|_| Error::Parameter);
    let (a, b) = (id(&form.a)?, id(&form.b)?);
    let keep = if form.keep.is_empty() { None } else { Some(id(&form.keep)?) };
    let (by, scope) = (desk.by.clone(), desk.scope.clone());
    let done = super::act(&desk.app, move |s, app| {
        within(s, &scope, &a)?;
        within(s, &scope, &b)?;
        let mut pids = s.presence(&a)?;
        pids.extend(s.presence(&b)?);
        match &keep {
            Some(keep) => twin::same(s, app, &a, &b, keep, &by)?,
            None => twin::different(s, app, &a, &b, &by)?,
        }
        Ok(pids)
    })
    .await?;
    let said = match done {
        Ok(pids) => {
            desk.app.nudge.wake(&pids);
            if keep.is_some() { "same" } else { "different" }
        }
        Err(error) => {
            tracing::info!(code = error.code(), "a pair of places was not decided");
            "settled"
        }
    };
    Ok(Redirect::to(&link("/console/review/twins", &[("said", said)])).into_response())
}

#[cfg(test)]
mod tests {
    use super::metres;

    #[test]
    fn neighbours_are_told_in_metres() {
        assert_eq!(metres((33.0, 119.0), (33.0, 119.0)), 0);
        assert_eq!(metres((33.0, 119.0), (33.001, 119.0)), 111);
        assert_eq!(metres((33.0, 119.0), (33.0, 119.001)), 93);
    }
}
