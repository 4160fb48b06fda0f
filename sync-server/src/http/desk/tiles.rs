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
    pub(super) text: String,
    pub(super) class: &'static str,
}

/// Tiles under one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) tiles: Vec<Tile>,
}

/// Something to do only where there is something.
fn tile(href: impl Into<String>, n: u64, text: impl Into<String>, class: &'static str) -> Tile {
    Tile {
        href: href.into(),
        number: n.to_string(),
        text: text.into(),
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

/// Where it leads, how many, what it says in Chinese and English, its class.
type Row<'a> = (&'a str, u64, [&'a str; 2], &'static str);

fn tiles(desk: &Desk, rows: &[Row<'_>]) -> Vec<Tile> {
    let one = |(href, n, [zh, en], class): &Row<'_>| tile(*href, *n, desk.lang.t(zh, en), class);
    rows.iter().map(one).collect()
}

fn group(desk: &Desk, [zh, en]: [&'static str; 2], rows: &[Row<'_>]) -> Group {
    Group { title: desk.lang.t(zh, en), tiles: tiles(desk, rows) }
}

fn waiting(desk: &Desk, known: &Known) -> Group {
    let c = &known.counts;
    let rows = [
        ("/console/review", c.conflicts, ["处字段有两个值", "fields with two values"], "act"),
        ("/console/review/waiting", c.tickets, ["处修改待接受", "changes to accept or not"], "act"),
        ("/console/review/twins", c.twins, ["对可能重复", "pairs that may be one"], "act"),
        (
            "/console/review/clocks",
            c.clocks,
            ["部手机时钟不准", "phones whose clock is off"],
            "act",
        ),
    ];
    group(desk, ["等您决定", "Waiting for you"], &rows)
}

fn cases(desk: &Desk, known: &Known) -> Tile {
    let text = desk.lang.t("项需立案的隐患未消除", "open findings that shall become a case");
    tile("/console/findings?open=1&route=case", known.counts.cases, text, "act")
}

fn found(desk: &Desk, known: &Known) -> Vec<Tile> {
    let [s1, s2, ..] = known.counts.open;
    let (late, missing) = (known.counts.overdue, known.counts.photos);
    let rows = [
        (
            "/console/findings?severity=S1&open=1",
            s1,
            ["项紧急隐患未消除 (S1)", "imminent findings open (S1)"],
            "s1",
        ),
        (
            "/console/findings?severity=S2&open=1",
            s2,
            ["项较重隐患未消除 (S2)", "serious findings open (S2)"],
            "s2",
        ),
        (
            "/console/findings?open=1&overdue=1",
            late,
            ["项已过整改期限", "findings past their time limit"],
            "s1",
        ),
        (
            "/console/visits?missing=1",
            missing,
            ["张照片尚未从手机传来", "photos not yet arrived from phones"],
            "s2",
        ),
    ];
    tiles(desk, &rows)
}

/// What a handler's department leads.
fn led(desk: &Desk, known: &Known) -> Option<Group> {
    let (code, [open, late]) = known.led.as_ref()?;
    let list = |more: &str| format!("/console/findings?open=1&lead={code}{more}");
    let (all, over) = (list(""), list("&overdue=1"));
    let rows = [
        (&*all, *open, ["项隐患由本部门主办", "open findings your department leads"], "act"),
        (&*over, *late, ["项已过整改期限", "of them past their limit"], "s1"),
    ];
    Some(group(desk, ["本部门", "Your department"], &rows))
}

fn cover(desk: &Desk, known: &Known) -> Group {
    let [places, fresh, never] = known.counts.places;
    let share = (fresh * 100).checked_div(places).unwrap_or(0);
    let week = format!("/console/visits?days={DAYS}");
    let stale = places - fresh;
    let (zh, en) = if never == stale {
        ("处从未走访".to_owned(), "places never visited".to_owned())
    } else {
        let zh = format!("处半年没有走访，其中 {never} 处从未");
        (zh, format!("places not visited for half a year, {never} of them never"))
    };
    let rows = [
        (
            "/console/map",
            share,
            ["的场所半年内走访过", "of places visited within half a year"],
            "plain",
        ),
        ("/console/places?stale=1", stale, [&*zh, &*en], "plain"),
        (&*week, known.counts.visits, ["次走访（近 7 天）", "visits in the last 7 days"], "plain"),
    ];
    let mut cover = group(desk, ["覆盖", "Coverage"], &rows);
    cover.tiles.iter_mut().take(1).for_each(|tile| tile.number.push_str(" %"));
    cover
}

fn trail(desk: &Desk, known: &Known) -> Group {
    let rows = [
        (
            "/console/audit?refused=1",
            known.trail.refused,
            ["次被拒（近 24 小时）", "acts refused in 24 hours"],
            "s2",
        ),
        (
            "/console/audit",
            known.trail.rows,
            ["条记录（近 24 小时）", "rows in the trail of 24 hours"],
            "plain",
        ),
    ];
    group(desk, ["审计记录", "The trail"], &rows)
}

fn accounts(desk: &Desk, known: &Known) -> Group {
    let rows = [("/console/people", known.people, ["个账号在用", "accounts in use"], "plain")];
    group(desk, ["账号", "Accounts"], &rows)
}

fn phones(desk: &Desk, known: &Known) -> Group {
    let c = &known.counts;
    let silent = ["部手机超过 3 天没有消息", "phones not heard for over 3 days"];
    let rows = [
        ("/console/phones?silent=1", c.silent, silent, "s2"),
        ("/console/phones", c.phones, ["部手机在用", "phones in use"], "plain"),
    ];
    group(desk, ["手机", "Phones"], &rows)
}
