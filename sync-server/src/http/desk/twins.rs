//! Places or visits that may be one: one pair at a time, on a map; a person decides, and may take it back.

use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use ironfeet_core::model::DocId;

use super::super::console::allow_tiles;
use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::rights::Right;
use super::settle::within;
use super::tabs::Tabs;
use super::twin_view::{self, Pair};
use crate::review::{ReviewError, twin};
use crate::store::desk::Twin;
use crate::store::{self, Session, StoreError};
use crate::words;

/// Pairs listed beside the one that is decided.
const WINDOW: usize = 40;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    /// The pair to show, `A.B`.
    #[serde(default)]
    at: String,
    /// The pair after which the list begins.
    #[serde(default)]
    from: String,
    #[serde(default)]
    said: String,
    /// The pair decided before.
    #[serde(default)]
    last: String,
}

/// A line of the list.
struct Line {
    href: String,
    place: String,
    visits: bool,
    here: bool,
}

#[derive(Template)]
#[template(path = "twins.html")]
struct TwinsPage {
    f: Frame,
    tabs: Tabs,
    total: u64,
    pair: Option<Pair>,
    lines: Vec<Line>,
    next: String,
    before: String,
    more: String,
    /// The points of the pair for the map.
    points: String,
    tiles: String,
    attribution: String,
}

fn key(text: &str) -> Option<(DocId, DocId)> {
    let (a, b) = text.split_once('.')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

fn name(twin: &Twin) -> String {
    format!("{}.{}", twin.a, twin.b)
}

struct Found {
    twins: Vec<Twin>,
    lines: Vec<(String, bool)>,
    pair: Option<Pair>,
    at: usize,
}

fn find(desk: &Desk, f: &Frame, asked: &Asked) -> Result<Found, StoreError> {
    store::view(&*desk.app.store, |s| {
        let twins = s.twins_page(&desk.scope, key(&asked.from), WINDOW + 1)?;
        let at = twins.iter().position(|twin| name(twin) == asked.at).unwrap_or(0);
        let pair = twins.get(at).map(|twin| twin_view::look(s, &desk.app, f, twin));
        let mut lines = Vec::new();
        for twin in twins.iter().take(WINDOW) {
            lines.push((title(s, twin)?, twin.kind == "visit"));
        }
        Ok(Found { pair: pair.transpose()?.flatten(), twins, lines, at })
    })
}

/// The address of a pair's place.
fn title(s: &dyn Session, twin: &Twin) -> Result<String, StoreError> {
    let place = match twin.kind.as_str() {
        "visit" => s.rows(&twin.a)?.visit.map_or(twin.a, |visit| visit.place),
        _ => twin.a,
    };
    let address = s.place_line(&place)?.map(|line| line.place.address).filter(|a| !a.is_empty());
    Ok(address.unwrap_or_else(|| words::grid(&twin.pid)))
}

/// The list with one pair open.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let f = desk.frame(Right::Review).await?;
    let (desk, mut f, asked, found) = off(move || {
        let found = find(&desk, &f, &asked)?;
        Ok((desk, f, asked, found))
    })
    .await?;
    let href = |n: usize| {
        let at = found.twins.get(n).map(name).unwrap_or_default();
        link("/console/review/twins", &[("from", &asked.from), ("at", &at)])
    };
    let lines: Vec<Line> = found
        .lines
        .iter()
        .enumerate()
        .map(|(n, (place, visits))| Line {
            href: href(n),
            place: place.clone(),
            visits: *visits,
            here: n == found.at,
        })
        .collect();
    let last = found.twins.get(WINDOW - 1).filter(|_| found.twins.len() > WINDOW).map(name);
    let more =
        last.map_or_else(String::new, |last| link("/console/review/twins", &[("from", &last)]));
    let next = if found.at + 1 < lines.len() { href(found.at + 1) } else { more.clone() };
    let before = found.at.checked_sub(1).map(href).unwrap_or_default();
    f.said = said(&desk, &asked);
    let points = found.pair.as_ref().map(points).unwrap_or_default();
    let console = &desk.app.config.console;
    let (tiles, attribution) = (console.tiles.clone(), console.tiles_attribution.clone());
    let (tabs, total, pair) = (Tabs::of(&f, "twins"), f.waiting[2], found.pair);
    let page =
        TwinsPage { f, tabs, total, pair, lines, next, before, more, points, tiles, attribution };
    let mut shown = desk.show(&page)?;
    allow_tiles(&desk.app, &mut shown);
    Ok(shown)
}

/// Where the two lie, as the map reads it.
fn points(pair: &Pair) -> String {
    let point = |(n, one): (usize, &twin_view::One)| {
        let (lat, lon) = one.position?;
        Some(json!({ "n": n + 1, "at": [lon, lat] }))
    };
    let all: Vec<_> = pair.both.iter().enumerate().filter_map(point).collect();
    // Two visits are in one place: nothing to see.
    if all.is_empty() || pair.visits { String::new() } else { json!(all).to_string() }
}

fn said(desk: &Desk, asked: &Asked) -> Option<Said> {
    let t = |zh: &'static str, en: &'static str| desk.lang.t(zh, en);
    let pair = key(&asked.last).map(|(a, b)| (a.to_string(), b.to_string()));
    let good = |text: &str| Some(Said { pair: pair.clone(), ..Said::plain(text, true) });
    match asked.said.as_str() {
        "different" => {
            good(t("已记下：不是同一个，不再提示。", "Noted: two. They are not suggested again."))
        }
        "same" => good(t(
            "已合并。另一条随下次同步离开手机，其走访和隐患计入保留的一条。",
            "Merged. The other leaves the phones with their next sync; its visits and findings count to the one that stays.",
        )),
        "undone" => {
            let text = t(
                "已撤销，两条都回到手机，重新等待决定。",
                "Taken back. Both are on the phones again and wait for a decision.",
            );
            Some(Said::plain(text, true))
        }
        "settled" => {
            let text = t("这一对已由他人处理。", "Somebody settled this pair already.");
            Some(Said::plain(text, false))
        }
        _ => None,
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Decision {
    csrf: String,
    a: String,
    b: String,
    /// The one that stays; empty: they are two.
    #[serde(default)]
    keep: String,
}

fn ids(form: &Decision) -> Result<(DocId, DocId), Error> {
    let id = |text: &str| text.parse::<DocId>().map_err(|_| Error::Parameter);
    Ok((id(&form.a)?, id(&form.b)?))
}

/// What an act wakes, or why it was not done.
async fn carry_out(
    desk: &Desk,
    (a, b): (DocId, DocId),
    work: impl Fn(&dyn Session, &crate::app::App) -> Result<(), ReviewError> + Send + 'static,
) -> Result<bool, Refusal> {
    let scope = desk.scope.clone();
    let done = super::act(&desk.app, move |s, app| {
        within(s, &scope, &a)?;
        within(s, &scope, &b)?;
        let mut pids = s.presence(&a)?;
        pids.extend(s.presence(&b)?);
        work(s, app)?;
        pids.extend(s.presence(&a)?);
        pids.extend(s.presence(&b)?);
        Ok(pids)
    })
    .await?;
    match done {
        Ok(pids) => {
            desk.app.nudge.wake(&pids);
            Ok(true)
        }
        Err(error) => {
            tracing::info!(code = error.code(), "a pair was not decided");
            Ok(false)
        }
    }
}

/// Says whether two records are one.
pub(super) async fn act(desk: Desk, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let (a, b) = ids(&form)?;
    let keep = match form.keep.as_str() {
        "" => None,
        text => Some(text.parse::<DocId>().map_err(|_| Error::Parameter)?),
    };
    let by = desk.by.clone();
    let done = carry_out(&desk, (a, b), move |s, app| match &keep {
        Some(keep) => twin::same(s, app, &a, &b, keep, &by),
        None => twin::different(s, app, &a, &b, &by),
    });
    let said = match (done.await?, keep) {
        (false, _) => "settled",
        (true, Some(_)) => "same",
        (true, None) => "different",
    };
    let last = format!("{a}.{b}");
    let last = if said == "settled" { "" } else { &last };
    Ok(Redirect::to(&link("/console/review/twins", &[("said", said), ("last", last)]))
        .into_response())
}

/// Takes back what was said of a pair, and shows it again.
pub(super) async fn undo(desk: Desk, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let (a, b) = ids(&form)?;
    let by = desk.by.clone();
    let done = carry_out(&desk, (a, b), move |s, app| twin::undo(s, app, &a, &b, &by)).await?;
    let (said, at) = if done { ("undone", format!("{a}.{b}")) } else { ("settled", String::new()) };
    Ok(Redirect::to(&link("/console/review/twins", &[("said", said), ("at", &at)])).into_response())
}
