//! The queue of conflicts: one at a time with both values side by side, one action decides.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use ironfeet_core::model::{DocId, Lang, Scalar, UtcMillis};

use super::super::error::off;
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::places::within;
use super::rights::Right;
use super::sides::{self, Entry, Parts, Way};
use super::tabs::Tabs;
use crate::review::{self, Open, Side};
use crate::store::desk::{ConflictFilter, ConflictKey, DecisionRow, Queued};
use crate::store::{self, ConflictRow, Session, StoreError};
use crate::words;

/// Conflicts listed beside the one that is decided.
const WINDOW: usize = 40;
/// A phone's clock ahead of the server by more than this is told.
const CLOCK_MS: i64 = 5 * 60_000;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    at: String,
    #[serde(default)]
    said: String,
    #[serde(default)]
    undo: Option<u64>,
    #[serde(default)]
    n: Option<u64>,
}

/// A line of the queue.
struct Line {
    href: String,
    place: String,
    field: String,
    record: String,
    ago: String,
    here: bool,
}

/// A filter as a link.
struct Facet {
    href: String,
    text: String,
    count: u64,
    here: bool,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    f: Frame,
    tabs: Tabs,
    total: u64,
    lines: Vec<Line>,
    facets: Vec<Facet>,
    open: Option<Open>,
    /// This page, for deciding and coming back.
    here: String,
    next: String,
    before: String,
    first: String,
    more: String,
    kind: String,
    field: String,
}

impl ReviewPage {
    /// What is known to be wrong with the clock that a value's time was read from.
    fn clock(&self, side: &Side) -> Option<String> {
        let early = side.origin.server_at.map_or(0, |at| side.origin.device_at.0 - at.0);
        let ahead = if early > CLOCK_MS { early } else { side.origin.ahead_ms? };
        let lang = self.f.lang.0;
        let (fast, slow) = match lang {
            Lang::Zh => ("手机时钟快 ", "手机时钟慢 "),
            Lang::En => ("phone's clock fast by ", "phone's clock slow by "),
        };
        Some(format!("{}{}", if ahead > 0 { fast } else { slow }, words::span(ahead, lang)))
    }

    fn words(&self, open: &Open, side: &Side) -> String {
        self.f.value(&open.container, &open.field, &side.value)
    }

    /// Whether it would break at full size: Chinese characters are twice as wide.
    fn wide(&self, open: &Open, side: &Side) -> bool {
        let width = |c: char| if c.is_ascii() { 1 } else { 2 };
        self.words(open, side).chars().map(width).sum::<usize>() > 14
    }

    /// The value in three parts where it differs little from the other one.
    fn parts(&self, open: &Open, n: &usize) -> Option<Parts> {
        let [one, two] = &open.sides[..] else { return None };
        let (one, two) = (self.words(open, one), self.words(open, two));
        if *n == 0 { sides::differs(&one, &two) } else { sides::differs(&two, &one) }
    }

    /// What else waits when no conflict does.
    fn also(&self) -> Option<(&'static str, String)> {
        let [_, tickets, twins, _] = &self.f.waiting;
        let (one, many) = ("change to accept or not", "changes to accept or not");
        let changes = self.f.n(tickets, "处修改待接受", one, many);
        let (one, many) = ("pair that may be one", "pairs that may be one");
        let pairs = self.f.n(twins, "对可能重复", one, many);
        match (tickets, twins) {
            (0, 0) => None,
            (0, _) => Some(("/console/review/twins", pairs)),
            _ => Some(("/console/review/waiting", changes)),
        }
    }

    fn ways(&self, open: &Open) -> Vec<Way> {
        sides::ways(&open.sides)
    }

    /// How far apart the values were written.
    fn apart(&self, open: &Open) -> String {
        let at = || open.sides.iter().map(|side| side.origin.device_at.0);
        let ms = at().max().unwrap_or_default() - at().min().unwrap_or_default();
        words::span(ms, self.f.lang.0)
    }

    fn entry(&self, open: &Open) -> Entry {
        sides::entry(&self.f.content, open, self.f.lang.0)
    }

    fn other(&self, row: &ConflictRow) -> String {
        let at = key_text(&Queued { row: row.clone(), address: String::new() });
        link("/console/review", &[("at", &at)])
    }

    fn is_own(&self, open: &Open) -> bool {
        open.own
    }

    fn phone(&self, side: &Side) -> String {
        side.origin.device.map_or_else(|| "—".to_owned(), |id| short(&id.to_string()))
    }

    fn purpose(&self, field: &str) -> &'static str {
        words::purpose(field, self.f.lang.0).unwrap_or_default()
    }

    /// Both values in one sentence, for a remark.
    fn remark(&self, open: &Open) -> String {
        let said: Vec<String> = open
            .sides
            .iter()
            .map(|side| {
                let value = self.f.value(&open.container, &open.field, &side.value);
                let post = self.f.post_of(&side.origin.post);
                format!("{value} ({post} {})", self.f.time(&side.origin.device_at))
            })
            .collect();
        let field = self.f.field(&open.container, &open.field);
        let text = format!("{field}: {}", said.join("; "));
        text.chars().take(450).collect()
    }
}

/// The first characters of an identity: enough to tell phones apart on a screen.
pub(super) fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

pub(super) fn key_text(row: &Queued) -> String {
    let row = &row.row;
    format!("{}.{}.{}.{}", row.newest_at.0, row.doc, row.container, row.field)
}

fn key(text: &str) -> Option<ConflictKey> {
    let mut parts = text.splitn(4, '.');
    let at = UtcMillis(parts.next()?.parse().ok()?);
    let doc: DocId = parts.next()?.parse().ok()?;
    Some((at, doc, parts.next()?.to_owned(), parts.next()?.to_owned()))
}

pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

struct Found {
    rows: Vec<Queued>,
    fields: Vec<(String, String, u64)>,
    open: Option<Open>,
    /// Place of the open one among the rows.
    at: usize,
    /// The one asked for is not there any more; who decided it.
    gone: Option<String>,
    /// What the decision before has made of its field.
    made: Option<(DecisionRow, Option<Scalar>)>,
}

fn find(desk: &Desk, asked: &Asked, filter: &ConflictFilter) -> Result<Found, StoreError> {
    let lang = desk.lang();
    store::view(&*desk.app.store, |s| {
        let fields = s.conflicts_by_field(&filter.scope)?;
        let from = key(&asked.from);
        let rows = s.conflicts_page(filter, from.as_ref(), WINDOW + 1)?;
        let wanted = rows.iter().position(|row| key_text(row) == asked.at);
        let gone = match (wanted, key(&asked.at)) {
            (None, Some((_, doc, container, field))) => {
                let last = s.decision_last(&doc, &container, &field)?;
                last.map(|row| {
                    let post = row.post.parse().ok();
                    let post = post.map_or("", |role| words::post(role, lang));
                    format!("{post} {} · {}", row.actor, words::time(row.at))
                })
            }
            _ => None,
        };
        let at = wanted.unwrap_or(0);
        let open = match rows.get(at) {
            Some(row) => review::look(s, &desk.app, &row.row)?,
            None => None,
        };
        let made = asked.undo.map(|id| made(s, desk, id)).transpose()?.flatten();
        Ok(Found { rows, fields, open, at, gone, made })
    })
}

/// A decision within reach and the value that its field has now.
fn made(
    s: &dyn Session,
    desk: &Desk,
    id: u64,
) -> Result<Option<(DecisionRow, Option<Scalar>)>, StoreError> {
    let Some(row) = s.decision(id)? else { return Ok(None) };
    let Some(doc) = s.doc(&row.doc)?.filter(|doc| within(&desk.scope, &doc.pid)) else {
        return Ok(None);
    };
    let reading = desk.app.shelf.look(s, doc)?.document.read();
    let value = review::value_at(&reading, &row.container, &row.field);
    Ok(Some((row, value)))
}

fn facets(desk: &Desk, f: &Frame, asked: &Asked, fields: &[(String, String, u64)]) -> Vec<Facet> {
    let total: u64 = fields.iter().map(|(.., n)| n).sum();
    let mut facets = vec![Facet {
        href: "/console/review".to_owned(),
        text: desk.lang.t("全部", "All").to_owned(),
        count: total,
        here: asked.kind.is_empty(),
    }];
    for (kind, field, count) in fields.iter().take(9) {
        let container = match kind.as_str() {
            "place" => "facts",
            "visit" if field.contains('.') => "findings",
            "visit" => "answers",
            _ => "head",
        };
        let name: String = f.field(container, field).chars().take(18).collect();
        facets.push(Facet {
            href: link("/console/review", &[("kind", kind), ("field", field)]),
            text: format!("{} · {name}", f.record(kind)),
            count: *count,
            here: asked.kind == *kind && asked.field == *field,
        });
    }
    facets
}

fn line(f: &Frame, asked: &Asked, row: &Queued, here: bool) -> Line {
    let at = key_text(row);
    let (kind, field, from) = (&asked.kind, &asked.field, &asked.from);
    let pairs = [("kind", &**kind), ("field", field), ("from", from), ("at", &at)];
    Line {
        href: link("/console/review", &pairs),
        place: if row.address.is_empty() { f.grid(&row.row.pid) } else { row.address.clone() },
        field: f.field(&row.row.container, &row.row.field),
        record: f.record(&row.row.kind).to_owned(),
        ago: f.ago(&row.row.newest_at),
        here,
    }
}

/// The queue with one conflict open.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let mut f = desk.frame(Right::Review).await?;
    let filter = ConflictFilter {
        scope: desk.scope.clone(),
        kind: some(&asked.kind),
        field: some(&asked.field),
    };
    let (desk, asked, found) = off(move || {
        let found = find(&desk, &asked, &filter)?;
        Ok((desk, asked, found))
    })
    .await?;
    let facets = facets(&desk, &f, &asked, &found.fields);
    let total = facets.iter().find(|facet| facet.here).map_or(0, |facet| facet.count);
    let lines: Vec<Line> = found
        .rows
        .iter()
        .take(WINDOW)
        .enumerate()
        .map(|(n, row)| line(&f, &asked, row, n == found.at))
        .collect();
    let turn = |from: &str| {
        let pairs = [("kind", &*asked.kind), ("field", &asked.field), ("from", from)];
        link("/console/review", &pairs)
    };
    let more = match found.rows.get(WINDOW) {
        Some(_) => found.rows.get(WINDOW - 1).map(|row| turn(&key_text(row))).unwrap_or_default(),
        None => String::new(),
    };
    let href = |n: Option<usize>| {
        n.and_then(|n| lines.get(n)).map(|line| line.href.clone()).unwrap_or_default()
    };
    let after = href(Some(found.at + 1));
    let next = if after.is_empty() { more.clone() } else { after };
    f.said = said(&desk, &f, &asked, &found);
    if let Some(open) = &found.open {
        f.content = desk.app.checklists.of(&open.list.0, open.list.1);
    }
    let page = ReviewPage {
        tabs: Tabs::of(&f, "conflicts"),
        total,
        here: href(Some(found.at)),
        before: href(found.at.checked_sub(1)),
        first: turn(""),
        next,
        more,
        facets,
        lines,
        open: found.open,
        kind: asked.kind.clone(),
        field: asked.field.clone(),
        f,
    };
    desk.show(&page)
}

fn said(desk: &Desk, f: &Frame, asked: &Asked, found: &Found) -> Option<Said> {
    let t = |zh, en| desk.lang.t(zh, en).to_owned();
    let bad = |text| Some(Said::plain(text, false));
    let good = |text| Some(Said { undo: asked.undo, ..Said::plain(text, true) });
    let settled = |by: &str| bad(format!("{} {by}", t("已经处理过：", "Already settled by")));
    match asked.said.as_str() {
        "decided" => good(decided(desk, f, found)),
        "undone" => good(t(
            "已撤销，两个值重新并列，等待决定。",
            "Taken back. Both values stand side by side again.",
        )),
        "many" => {
            let n = asked.n.unwrap_or(0);
            let text = t("写法相同、一并决定的处数：", "Decided where both wrote the same:");
            good(format!("{text} {n}"))
        }
        "newer" => bad(t(
            "刚刚又来了一个新值，请再看一眼。",
            "Another value arrived just now. Please look again.",
        )),
        "value" => bad(t("这个值不符合该项的要求。", "That value does not fit this field.")),
        "personal" => bad(t(
            "文字里有像电话或证件号码的内容，请去掉。",
            "The text holds what looks like a phone or identity number. Please take it out.",
        )),
        "closed" => bad(t(
            "走访已完成，不能改写，只能在已有的值中选。",
            "The visit is finished: choose one of its values, none can be written.",
        )),
        "settled" => settled(&found.gone.clone().unwrap_or_else(|| t("其他人", "somebody else"))),
        _ => found.gone.as_deref().and_then(settled),
    }
}

/// What was decided, so that a slip of the finger is seen.
fn decided(desk: &Desk, f: &Frame, found: &Found) -> String {
    let t = |zh, en| desk.lang.t(zh, en);
    let phones = t("手机下次同步时收到。", "Phones receive it with their next sync.");
    let Some((row, value)) = &found.made else {
        return format!("{}{phones}", t("已决定。", "Decided. "));
    };
    let field = f.field(&row.container, &row.field);
    let value = value.as_ref().map(|value| f.value(&row.container, &row.field, value));
    let value = value.map_or_else(String::new, |value| format!(" → {value}"));
    match desk.lang() {
        Lang::Zh => format!("已决定：{field}{value}。{phones}"),
        Lang::En => format!("Decided: {field}{value}. {phones}"),
    }
}
