//! The first page: what waits, by post; numbers that lead to their lists; phones that are silent.

use askama::Template;
use axum::response::Response;

use ironfeet_core::model::UtcMillis;

use super::super::error::{Error, off};
use super::frame::{Desk, Frame, Refusal, SILENT_HOURS};
use super::rights::{Right, may};
use crate::app::App;
use crate::store::desk::{Counts, DecisionRow};
use crate::store::{self, DeviceRow, DeviceStatus, Session, StoreError};

const DAY_MS: i64 = 86_400_000;
/// Silent phones and decisions shown.
const FEW: usize = 6;

/// A number that leads to its list.
pub(super) struct Tile {
    pub(super) href: &'static str,
    pub(super) number: u64,
    pub(super) text: &'static str,
    pub(super) class: &'static str,
}

/// Tiles under one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) tiles: Vec<Tile>,
}

#[derive(Template)]
#[template(path = "counts.html")]
struct CountsPart {
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    f: Frame,
    groups: Vec<Group>,
    silent: Vec<DeviceRow>,
    decisions: Vec<DecisionRow>,
    decides: bool,
}

/// The first page.
pub(super) async fn page(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Today)?;
    let f = desk.frame(Right::Today).await?;
    let (app, scope, now) = (desk.app.clone(), desk.scope.clone(), desk.now);
    let (phones, decides) = (may(desk.by.post, Right::Phones), may(desk.by.post, Right::Review));
    let (counts, silent, decisions) = off(move || {
        Ok(store::view(&*app.store, |s| {
            let counts = count(s, &scope, now)?;
            let silent = if phones { silent(s, now)? } else { Vec::new() };
            let decisions = if decides { s.decisions(None, FEW)? } else { Vec::new() };
            Ok::<_, StoreError>((counts, silent, decisions))
        })?)
    })
    .await?;
    let groups = groups(&desk, &counts);
    desk.show(&TodayPage { f, groups, silent, decisions, decides })
}

/// The numbers as they stand.
pub(super) fn count(
    s: &dyn Session,
    scope: &[String],
    now: UtcMillis,
) -> Result<Counts, StoreError> {
    s.counts(scope, now, now.plus_days(-7), now.plus_ms(-SILENT_HOURS * DAY_MS / 24))
}

fn silent(s: &dyn Session, now: UtcMillis) -> Result<Vec<DeviceRow>, StoreError> {
    let before = now.plus_ms(-SILENT_HOURS * DAY_MS / 24);
    let mut silent = s.devices()?;
    silent.retain(|d| d.status == DeviceStatus::Active && d.last_seen.is_none_or(|at| at < before));
    silent.sort_by_key(|device| device.last_seen);
    silent.truncate(FEW);
    Ok(silent)
}

fn hot(n: u64, class: &'static str) -> &'static str {
    if n > 0 { class } else { "calm" }
}

fn tile(href: &'static str, number: u64, text: &'static str, class: &'static str) -> Tile {
    Tile { href, number, text, class }
}

/// The tiles of a post.
pub(super) fn groups(desk: &Desk, counts: &Counts) -> Vec<Group> {
    let may = |right| may(desk.by.post, right);
    let mut groups = Vec::new();
    if may(Right::Review) {
        groups.push(waiting(desk, counts));
    }
    if may(Right::Records) {
        groups.push(field(desk, counts));
    }
    if may(Right::Phones) {
        groups.push(phones(desk, counts));
    }
    groups
}

fn waiting(desk: &Desk, counts: &Counts) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let (conflicts, tickets, twins) = (counts.conflicts, counts.tickets, counts.twins);
    let both = t("处字段有两个值", "fields with two values");
    let accept = t("条修改待接受", "changes to accept or not");
    let pairs = t("对场所可能重复", "pairs of places that may be one");
    let tiles = vec![
        tile("/console/review", conflicts, both, hot(conflicts, "act")),
        tile("/console/review/waiting", tickets, accept, hot(tickets, "act")),
        tile("/console/review/twins", twins, pairs, hot(twins, "act")),
    ];
    Group { title: t("等您决定", "Waiting for you"), tiles }
}

fn field(desk: &Desk, counts: &Counts) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let [s1, s2, ..] = counts.open;
    let grave = t("项紧急隐患未消除 (S1)", "imminent findings open (S1)");
    let serious = t("项较重隐患未消除 (S2)", "serious findings open (S2)");
    let late = t("项已过整改期限", "findings past their time limit");
    let missing = t("张照片尚未从手机传来", "photos not yet arrived from phones");
    let visits = t("次走访（近 7 天）", "visits in the last 7 days");
    let tiles = vec![
        tile("/console/findings?severity=S1&open=1", s1, grave, hot(s1, "s1")),
        tile("/console/findings?severity=S2&open=1", s2, serious, hot(s2, "s2")),
        tile("/console/findings?open=1&overdue=1", counts.overdue, late, hot(counts.overdue, "s1")),
        tile("/console/visits?missing=1", counts.photos, missing, hot(counts.photos, "s2")),
        tile("/console/visits", counts.visits, visits, "calm"),
    ];
    Group { title: t("现场", "In the field"), tiles }
}

fn phones(desk: &Desk, counts: &Counts) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let silent = t("部手机超过 3 天没有消息", "phones not heard for over 3 days");
    let used = t("部手机在用", "phones in use");
    let tiles = vec![
        tile("/console/phones?silent=1", counts.silent, silent, hot(counts.silent, "s2")),
        tile("/console/phones", counts.phones, used, "calm"),
    ];
    Group { title: t("手机", "Phones"), tiles }
}

/// The tiles alone, for the live stream.
pub(super) fn fragment(app: &App, desk: &Desk) -> Result<String, Error> {
    let counts = store::view(&*app.store, |s| count(s, &desk.scope, app.clock.now()))?;
    let part = CountsPart { groups: groups(desk, &counts) };
    part.render().map_err(|_| Error::Interrupted)
}
