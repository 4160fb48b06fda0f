//! The numbers of the first page, for each post those it can do something about; each leads to its list.

use ironfeet_core::model::Role;

use super::frame::Desk;
use super::rights::{Right, may};
use super::today::Known;

/// Visits of so many days are counted.
pub(super) const DAYS: i64 = 7;

/// A number that leads to its list.
pub(super) struct Tile {
    pub(super) href: String,
    pub(super) number: String,
    pub(super) text: &'static str,
    pub(super) class: &'static str,
}

/// Tiles under one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) tiles: Vec<Tile>,
}

/// Something to do only where there is something.
fn tile(href: impl Into<String>, n: u64, text: &'static str, class: &'static str) -> Tile {
    Tile {
        href: href.into(),
        number: n.to_string(),
        text,
        class: if n > 0 { class } else { "calm" },
    }
}

/// The tiles of a post.
pub(super) fn groups(desk: &Desk, known: &Known) -> Vec<Group> {
    let t = |zh, en| desk.lang.t(zh, en);
    let mut groups = Vec::new();
    match desk.by.post {
        Role::Supervisor => {
            groups.push(waiting(desk, known));
            groups.push(Group { title: t("现场", "In the field"), tiles: found(desk, known) });
            groups.push(cover(desk, known));
        }
        Role::Acceptor | Role::Dispatcher => {
            let mut tiles = vec![cases(desk, known)];
            tiles.extend(found(desk, known));
            groups.push(Group { title: t("等您接手", "To take up"), tiles });
        }
        Role::Handler => {
            groups.extend(led(desk, known));
            groups
                .push(Group { title: t("区域内", "In your areas"), tiles: found(desk, known) });
        }
        Role::Checker => {
            groups.push(Group {
                title: t("等您核查", "To look at again"),
                tiles: found(desk, known),
            });
        }
        Role::Evaluator => {
            groups.push(cover(desk, known));
            groups.push(Group { title: t("隐患", "Findings"), tiles: found(desk, known) });
        }
        Role::Inspector | Role::CommunityPolice => {
            groups
                .push(Group { title: t("您的网格", "Your grids"), tiles: found(desk, known) });
            groups.push(cover(desk, known));
        }
        Role::Auditor | Role::PrivacyOfficer => groups.push(trail(desk, known)),
        Role::SystemAdministrator => groups.push(accounts(desk, known)),
        Role::Server => {}
    }
    if may(desk.by.post, Right::Phones) {
        groups.push(phones(desk, known));
    }
    groups
}

fn waiting(desk: &Desk, known: &Known) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let c = &known.counts;
    let both = t("处字段有两个值", "fields with two values");
    let accept = t("条修改待接受", "changes to accept or not");
    let pairs = t("对可能重复", "pairs that may be one");
    let clocks = t("部手机时钟不准", "phones whose clock is off");
    let tiles = vec![
        tile("/console/review", c.conflicts, both, "act"),
        tile("/console/review/waiting", c.tickets, accept, "act"),
        tile("/console/review/twins", c.twins, pairs, "act"),
        tile("/console/review/clocks", c.clocks, clocks, "act"),
    ];
    Group { title: t("等您决定", "Waiting for you"), tiles }
}

fn cases(desk: &Desk, known: &Known) -> Tile {
    let text = desk.lang.t("项需立案的隐患未消除", "open findings that shall become a case");
    tile("/console/findings?open=1&route=case", known.counts.cases, text, "act")
}

fn found(desk: &Desk, known: &Known) -> Vec<Tile> {
    let t = |zh, en| desk.lang.t(zh, en);
    let [s1, s2, ..] = known.counts.open;
    let grave = t("项紧急隐患未消除 (S1)", "imminent findings open (S1)");
    let serious = t("项较重隐患未消除 (S2)", "serious findings open (S2)");
    let late = t("项已过整改期限", "findings past their time limit");
    let missing = t("张照片尚未从手机传来", "photos not yet arrived from phones");
    vec![
        tile("/console/findings?severity=S1&open=1", s1, grave, "s1"),
        tile("/console/findings?severity=S2&open=1", s2, serious, "s2"),
        tile("/console/findings?open=1&overdue=1", known.counts.overdue, late, "s1"),
        tile("/console/visits?missing=1", known.counts.photos, missing, "s2"),
    ]
}

/// What a handler's department leads.
fn led(desk: &Desk, known: &Known) -> Option<Group> {
    let t = |zh, en| desk.lang.t(zh, en);
    let (code, [open, late]) = known.led.as_ref()?;
    let list = |more: &str| format!("/console/findings?open=1&lead={code}{more}");
    let tiles = vec![
        tile(
            list(""),
            *open,
            t("项隐患由本部门主办", "open findings your department leads"),
            "act",
        ),
        tile(list("&overdue=1"), *late, t("项已过整改期限", "of them past their limit"), "s1"),
    ];
    Some(Group { title: t("本部门", "Your department"), tiles })
}

fn cover(desk: &Desk, known: &Known) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let [places, fresh, never] = known.counts.places;
    let share = (fresh * 100).checked_div(places).unwrap_or(0);
    let visits = t("次走访（近 7 天）", "visits in the last 7 days");
    let stale = t("处半年没有走访", "places not visited for half a year");
    let seen = t("的场所半年内走访过", "of places visited within half a year");
    let mut covered = tile("/console/map", share, seen, "plain");
    covered.number = format!("{share} %");
    let tiles = vec![
        covered,
        tile("/console/places?stale=1", places - fresh, stale, "plain"),
        tile("/console/places?stale=1", never, t("处从未走访", "places never visited"), "plain"),
        tile(format!("/console/visits?days={DAYS}"), known.counts.visits, visits, "plain"),
    ];
    Group { title: t("覆盖", "Coverage"), tiles }
}

fn trail(desk: &Desk, known: &Known) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let rows = t("条记录（近 24 小时）", "rows in the trail of 24 hours");
    let refused = t("次被拒（近 24 小时）", "acts refused in 24 hours");
    let tiles = vec![
        tile("/console/audit?refused=1", known.trail.refused, refused, "s2"),
        tile("/console/audit", known.trail.rows, rows, "plain"),
    ];
    Group { title: t("审计记录", "The trail"), tiles }
}

fn accounts(desk: &Desk, known: &Known) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let tiles =
        vec![tile("/console/people", known.people, t("个账号在用", "accounts in use"), "plain")];
    Group { title: t("账号", "Accounts"), tiles }
}

fn phones(desk: &Desk, known: &Known) -> Group {
    let t = |zh, en| desk.lang.t(zh, en);
    let silent = t("部手机超过 3 天没有消息", "phones not heard for over 3 days");
    let used = t("部手机在用", "phones in use");
    let tiles = vec![
        tile("/console/phones?silent=1", known.counts.silent, silent, "s2"),
        tile("/console/phones", known.counts.phones, used, "plain"),
    ];
    Group { title: t("手机", "Phones"), tiles }
}
