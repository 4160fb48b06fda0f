//! Places: a list read by key, and one place with its facts, visits and changes - by post, never by name.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;

use ironfeet_core::document::{Document, Record, parse_change};
use ironfeet_core::model::{
    Author, DocId, FACT_FIELDS, Fact, Lang, Place, PlaceKind, Remark, Role, UtcMillis,
};

use super::super::error::off;
use super::frame::{Desk, Frame, Refusal, relink};
use super::rights::Right;
use crate::app::App;
use crate::coverage::STALE_DAYS;
use crate::store::desk::{FindingFilter, FindingLine, PlaceFilter, PlaceLine, Twin, VisitFilter};
use crate::store::{self, ConflictRow, DocState, Session, StoreError, VisitRow};
use crate::words;

/// Places on a page.
const PAGE: usize = 50;
/// Visits, findings and changes shown of one place.
const SOME: usize = 50;

/// What a link may ask.
#[derive(Clone, Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) grid: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) worst: String,
    #[serde(default)]
    pub(super) stale: String,
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    pub(super) fn filter(&self, scope: &[String], now: UtcMillis) -> PlaceFilter {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let digits: String = self.grid.chars().filter(char::is_ascii_digit).collect();
        PlaceFilter {
            scope: scope.to_vec(),
            grid: some(&digits),
            kind: some(&self.kind),
            worst: self.worst.parse().ok().filter(|n| (1..=4).contains(n)),
            before: (self.stale == "1").then(|| now.plus_days(-STALE_DAYS)),
            address: some(self.q.trim()),
        }
    }

    /// A link with one value changed.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let own = [
            ("grid", &self.grid),
            ("kind", &self.kind),
            ("worst", &self.worst),
            ("stale", &self.stale),
            ("q", &self.q),
        ];
        relink("/console/places", &own, name, value)
    }

    fn key(&self) -> Option<(String, String, DocId)> {
        let mut parts = self.after.splitn(3, '~');
        let (doc, pid) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
        Some((pid, parts.next()?.to_owned(), doc))
    }
}

/// A value of a filter as a link.
pub(super) struct Pick {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) here: bool,
}

#[derive(Template)]
#[template(path = "places.html")]
struct PlacesPage {
    f: Frame,
    asked: Asked,
    kinds: Vec<Pick>,
    states: Vec<Pick>,
    places: Vec<PlaceLine>,
    more: String,
    export: bool,
}

impl PlacesPage {
    fn kind_of(&self, line: &PlaceLine) -> String {
        let kind = line.place.kind.as_deref().unwrap_or("—");
        words::kind(kind, self.f.lang.0).to_owned()
    }

    fn in_grid(&self, line: &PlaceLine) -> String {
        self.asked.with("grid", &words::grid(&line.place.pid))
    }
}

/// The list.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let f = desk.frame(Right::Records).await?;
    let (filter, key) = (asked.filter(&desk.scope, desk.now), asked.key());
    let app = desk.app.clone();
    let mut places = off(move || {
        Ok(store::view(&*app.store, |s| s.places_page(&filter, key.as_ref(), PAGE + 1))?)
    })
    .await?;
    let mut more = String::new();
    if places.len() > PAGE {
        places.truncate(PAGE);
        if let Some(PlaceLine { place, .. }) = places.last() {
            more = asked.with("after", &format!("{}~{}~{}", place.doc, place.pid, place.address));
        }
    }
    let t = |zh: &str, en: &str| desk.lang.t(zh, en).to_owned();
    let pick = |name: &str, value: &str, text: String, own: &str| Pick {
        href: asked.with(name, value),
        text,
        here: own == value,
    };
    let mut kinds = vec![pick("kind", "", t("所有类型", "All kinds"), &asked.kind)];
    kinds.extend(PlaceKind::ALL.into_iter().map(|kind| {
        let text = words::kind(kind.as_str(), desk.lang()).to_owned();
        pick("kind", kind.as_str(), text, &asked.kind)
    }));
    let states = vec![
        pick("worst", "", t("不论隐患", "Any findings"), &asked.worst),
        pick("worst", "1", t("有紧急隐患", "S1 open"), &asked.worst),
        pick("worst", "2", t("有较重以上隐患", "S2 or graver open"), &asked.worst),
        pick("worst", "4", t("有未消除隐患", "Any open"), &asked.worst),
        Pick {
            href: asked.with("stale", if asked.stale == "1" { "" } else { "1" }),
            text: t("半年没有走访", "Not visited for half a year"),
            here: asked.stale == "1",
        },
    ];
    let export = super::rights::may(desk.by.post, Right::Export);
    desk.show(&PlacesPage { f, asked, kinds, states, places, more, export })
}

/// One change of the record, as the history tells it.
struct Step {
    at: UtcMillis,
    received_at: UtcMillis,
    post: Option<Role>,
    what: String,
}

struct Whole {
    line: PlaceLine,
    place: Place,
    state: DocState,
    visits: Vec<(VisitRow, String)>,
    findings: Vec<FindingLine>,
    conflicts: Vec<ConflictRow>,
    steps: Vec<Step>,
    merged: Vec<DocId>,
    /// Pairs with another place that nobody decided about.
    near: Vec<Twin>,
    /// The place it was merged into.
    kept: Option<DocId>,
    /// Who saw most of its facts, and when; nothing where each was seen apart.
    usual: Option<(Role, UtcMillis)>,
}

#[derive(Template)]
#[template(path = "place.html")]
struct PlacePage {
    f: Frame,
    id: DocId,
    whole: Whole,
    decides: bool,
}

impl PlacePage {
    /// In the order of the fields.
    fn facts(&self) -> Vec<(&'static str, &Fact)> {
        let hidden = ["lat", "lon", "address"];
        let fields = FACT_FIELDS.iter().map(|field| field.name).filter(|n| !hidden.contains(n));
        fields.filter_map(|name| Some((name, self.whole.place.facts.get(name)?))).collect()
    }

    /// Whether it was seen with most others, which is said once.
    fn usual(&self, fact: &Fact) -> bool {
        self.whole.usual == Some((fact.by_role, fact.observed_at))
    }

    fn coordinates(&self, lat: &f64, lon: &f64) -> String {
        format!("{lat:.5}, {lon:.5}")
    }

    fn stale(&self, fact: &Fact) -> bool {
        fact.expires_at.is_some_and(|at| at < self.f.now)
    }

    fn remarks(&self) -> Vec<&Remark> {
        self.whole.place.remarks.iter().rev().collect()
    }

    fn list_title(&self, list: &str) -> String {
        self.f.list(list)
    }
}

/// Whether a record of this home may be seen within a scope.
pub(super) fn within(scope: &[String], pid: &ironfeet_core::model::Pid) -> bool {
    let pid = pid.to_string();
    let grid = pid.strip_prefix('g').unwrap_or_default();
    scope.iter().any(|prefix| prefix.is_empty() || grid.starts_with(prefix.as_str()))
}

/// One place.
pub(super) async fn one(desk: Desk, Path(id): Path<String>) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let id: DocId = id.parse().map_err(|_| desk.missing())?;
    let f = desk.frame(Right::Records).await?;
    let (app, scope, lang) = (desk.app.clone(), desk.scope.clone(), desk.lang());
    let found = off(move || Ok(store::view(&*app.store, |s| look(s, &app, &scope, &id, lang))?));
    let whole = found.await?.ok_or_else(|| desk.missing())?;
    let decides = super::rights::may(desk.by.post, Right::Review);
    desk.show(&PlacePage { f, id, whole, decides })
}

fn look(
    s: &dyn Session,
    app: &App,
    scope: &[String],
    id: &DocId,
    lang: Lang,
) -> Result<Option<Whole>, StoreError> {
    let (Some(row), Some(line)) = (s.doc(id)?, s.place_line(id)?) else { return Ok(None) };
    if !within(scope, &row.pid) {
        return Ok(None);
    }
    let state = row.state;
    let held = app.shelf.look(s, row)?;
    let Record::Place(place) = held.document.read().record else { return Ok(None) };
    let everywhere = vec![String::new()];
    let merged = s.merged_into(id)?;
    let all = if merged.is_empty() { vec![*id] } else { s.merged_all(id)? };
    let visits =
        VisitFilter { scope: everywhere.clone(), places: all.clone(), ..Default::default() };
    let findings = FindingFilter { scope: everywhere, places: all, ..Default::default() };
    Ok(Some(Whole {
        visits: s.visits_page(&visits, None, SOME)?,
        findings: s.findings_page(&findings, None, SOME)?,
        conflicts: s.rows(id)?.conflicts,
        steps: steps(s, app, &held.document, lang)?,
        near: s.twins_of_place(id)?,
        kept: s.merged_away(id)?,
        merged,
        line,
        usual: usual(&place),
        place,
        state,
    }))
}

/// Who saw most facts of a place, and when, where they are three or more.
fn usual(place: &Place) -> Option<(Role, UtcMillis)> {
    let mut seen: Vec<_> =
        place.facts.values().map(|fact| (fact.observed_at, fact.by_role)).collect();
    seen.sort_by_key(|(at, by)| (*at, by.as_str()));
    let groups = seen.chunk_by(|a, b| a == b).max_by_key(|group| group.len())?;
    let (at, by) = *groups.first()?;
    (groups.len() > 2).then_some((by, at))
}

/// The newest changes: when, by which post, what was touched.
fn steps(
    s: &dyn Session,
    app: &App,
    document: &Document,
    lang: Lang,
) -> Result<Vec<Step>, StoreError> {
    let id = document.id();
    let rows = s.changes(&id, 0)?;
    let content = app.checklists.get();
    let mut steps = Vec::new();
    for row in rows.iter().rev().take(SOME) {
        let first = rows.iter().find(|other| other.actor == row.actor && other.author.is_some());
        let post = post(s, app, first.and_then(|row| row.author).as_ref())?;
        let Ok(parts) = parse_change(&row.raw) else { continue };
        let mut names = document.touched(&row.hash);
        names.retain(|(part, _)| part != "seen");
        let told = names.iter().map(|(part, name)| words::field(&content, part, name, lang));
        let mut told: Vec<String> = told.collect();
        told.dedup();
        let what = if told.len() > 4 {
            let more = words::pick(lang, "等", "and more");
            format!("{} {more} ({})", told[..3].join(words::pick(lang, "、", ", ")), told.len())
        } else {
            told.join(words::pick(lang, "、", ", "))
        };
        steps.push(Step { at: parts.at, received_at: row.received_at, post, what });
    }
    Ok(steps)
}

/// The post behind a pseudonym.
pub(super) fn post(
    s: &dyn Session,
    app: &App,
    author: Option<&Author>,
) -> Result<Option<Role>, StoreError> {
    match author {
        Some(author) if *author == app.identity.author => Ok(Some(Role::Server)),
        Some(author) => {
            let Some(device) = s.device_by_author(author)? else { return Ok(None) };
            Ok(s.person(&device.person)?.map(|person| person.post))
        }
        None => Ok(None),
    }
}
