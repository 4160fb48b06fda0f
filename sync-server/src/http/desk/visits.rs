//! Visits: a list read by key, and a visit as it was answered.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;

use ironfeet_core::checklist::{Content, Session as Answering, VisitContext, value_words};
use ironfeet_core::document::Record;
use ironfeet_core::model::{DocId, Finding, UtcMillis, Visit, VisitStatus};

use super::super::error::off;
use super::conflicts::{key_text, short};
use super::frame::{Desk, Frame, Refusal, link, relink};
use super::places::{Pick, within};
use super::rights::Right;
use super::tiles;
use crate::photo::{self, Shown};
use crate::store::desk::{FindingFilter, FindingLine, Queued, VisitFilter};
use crate::store::{self, ConflictRow, StoreError, VisitRow};
use crate::words;

/// Lines on a page.
const PAGE: usize = 50;

/// What a link to visits may ask.
#[derive(Clone, Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) grid: String,
    #[serde(default)]
    pub(super) list: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) found: String,
    #[serde(default)]
    pub(super) missing: String,
    /// Begun in the last so many days.
    #[serde(default)]
    pub(super) days: String,
    #[serde(default)]
    after: String,
}

pub(super) fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Asked {
    pub(super) fn filter(&self, scope: &[String], now: UtcMillis) -> VisitFilter {
        VisitFilter {
            scope: scope.to_vec(),
            grid: digits(&self.grid),
            list: some(&self.list),
            status: some(&self.status),
            since: self.days.parse().ok().map(|days: u16| now.plus_days(-i64::from(days))),
            found: self.found == "1",
            missing: self.missing == "1",
            places: Vec::new(),
        }
    }

    fn with(&self, name: &str, value: &str) -> String {
        let own = [
            ("grid", &self.grid),
            ("list", &self.list),
            ("status", &self.status),
            ("found", &self.found),
            ("missing", &self.missing),
            ("days", &self.days),
        ];
        relink("/console/visits", &own, name, value)
    }
}

#[derive(Template)]
#[template(path = "visits.html")]
struct VisitsPage {
    f: Frame,
    asked: Asked,
    lists: Vec<Pick>,
    states: Vec<Pick>,
    visits: Vec<(VisitRow, String)>,
    more: String,
    export: bool,
}

/// The list of visits.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let f = desk.frame_at(Right::Records, "/console/visits").await?;
    let filter = asked.filter(&desk.scope, desk.now);
    let after = asked
        .after
        .split_once('.')
        .and_then(|(at, doc)| Some((UtcMillis(at.parse().ok()?), doc.parse::<DocId>().ok()?)));
    let app = desk.app.clone();
    let mut visits =
        off(move || Ok(store::view(&*app.store, |s| s.visits_page(&filter, after, PAGE + 1))?))
            .await?;
    let mut more = String::new();
    if visits.len() > PAGE {
        visits.truncate(PAGE);
        if let Some((row, _)) = visits.last() {
            more = asked.with("after", &format!("{}.{}", row.started_at.0, row.doc));
        }
    }
    let t = |zh: &str, en: &str| desk.lang.t(zh, en).to_owned();
    let pick = |name: &str, value: &str, text: String, own: &str| Pick {
        href: asked.with(name, value),
        text,
        here: own == value,
    };
    let mut lists = vec![pick("list", "", t("所有检查表", "All checklists"), &asked.list)];
    lists.extend(
        desk.app.checklists.get().lists().iter().map(|list| {
            pick("list", &list.id, list.title.get(desk.lang()).to_owned(), &asked.list)
        }),
    );
    let found = if asked.found == "1" { "" } else { "1" };
    let missing = if asked.missing == "1" { "" } else { "1" };
    let week = tiles::DAYS.to_string();
    let states = vec![
        Pick {
            href: asked.with("days", if asked.days == week { "" } else { &week }),
            text: t("近 7 天", "Last 7 days"),
            here: asked.days == week,
        },
        pick("status", "", t("不论状态", "Any state"), &asked.status),
        pick("status", "finished", t("已完成", "Finished"), &asked.status),
        pick("status", "draft", t("填写中", "Draft"), &asked.status),
        Pick {
            href: asked.with("found", found),
            text: t("有发现项", "With findings"),
            here: asked.found == "1",
        },
        Pick {
            href: asked.with("missing", missing),
            text: t("照片未到", "Photos missing"),
            here: asked.missing == "1",
        },
    ];
    let export = super::rights::may(desk.by.post, Right::Export);
    desk.show(&VisitsPage { f, asked, lists, states, visits, more, export })
}

/// A question with its answer, as the visit has it.
struct Asked1 {
    item: String,
    question: String,
    answer: String,
    carried: Option<UtcMillis>,
    contested: bool,
}

/// Questions under one heading.
struct Part {
    title: String,
    questions: Vec<Asked1>,
}

struct Whole {
    visit: Visit,
    address: String,
    parts: Vec<Part>,
    findings: Vec<(Finding, bool, Option<UtcMillis>)>,
    conflicts: Vec<ConflictRow>,
    photos: Vec<Shown>,
    /// No file known here has the visit's version of its list.
    unknown: bool,
    /// The phone it was begun on.
    phone: Option<String>,
    /// When the server had all of it.
    received_at: Option<UtcMillis>,
    /// The checklists it was begun with.
    content: Arc<Content>,
    /// The visit that stays where this one was merged away.
    kept: Option<DocId>,
}

#[derive(Template)]
#[template(path = "visit.html")]
struct VisitPage {
    f: Frame,
    id: DocId,
    whole: Whole,
    decides: bool,
}

impl VisitPage {
    fn grave(&self, finding: &Finding) -> String {
        format!("{:?}", finding.severity)
    }

    /// The photos of a finding.
    fn of(&self, code: &str) -> Vec<&Shown> {
        let shows = |photo: &&Shown| photo.finding.as_deref() == Some(code);
        self.whole.photos.iter().filter(shows).collect()
    }

    /// The review of the first field that waits.
    fn review(&self) -> String {
        let Some(row) = self.whole.conflicts.first() else { return String::new() };
        let at = key_text(&Queued { row: row.clone(), address: String::new() });
        link("/console/review", &[("at", &at)])
    }

    fn finished(&self) -> bool {
        self.whole.visit.status == VisitStatus::Finished
    }
}

/// One visit as it was answered.
pub(super) async fn one(desk: Desk, Path(id): Path<String>) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let id: DocId = id.parse().map_err(|_| desk.missing())?;
    let f = desk.frame_at(Right::Records, "/console/visits").await?;
    let (desk, whole) = off(move || {
        let whole = look(&desk, &id)?;
        Ok((desk, whole))
    })
    .await?;
    let whole = whole.ok_or_else(|| desk.missing())?;
    let mut f = f;
    f.content = whole.content.clone();
    let decides = super::rights::may(desk.by.post, Right::Review);
    desk.show(&VisitPage { f, id, whole, decides })
}

fn look(desk: &Desk, id: &DocId) -> Result<Option<Whole>, StoreError> {
    store::view(&*desk.app.store, |s| {
        let Some(row) = s.doc(id)?.filter(|row| within(&desk.scope, &row.pid)) else {
            return Ok(None);
        };
        let held = desk.app.shelf.look(s, row)?;
        let Record::Visit(visit) = held.document.read().record else { return Ok(None) };
        let rows = s.rows(id)?;
        let of_place = FindingFilter {
            scope: vec![String::new()],
            places: vec![visit.place.0],
            ..FindingFilter::default()
        };
        let lines = s.findings_page(&of_place, None, 500)?;
        let place = s.rows(&visit.place.0)?.place;
        let mut findings: Vec<(Finding, bool, Option<UtcMillis>)> = Vec::new();
        for finding in visit.findings.values() {
            let same = |l: &&FindingLine| l.finding.doc == *id && l.finding.code == finding.code;
            let line = lines.iter().find(same);
            let due = line.and_then(|line| line.finding.due_at);
            findings.push((finding.clone(), line.is_some_and(|line| line.open), due));
        }
        findings.sort_by_key(|(finding, ..)| (finding.severity, finding.code.clone()));
        let conflicts = rows.conflicts;
        let changes = s.changes(id, 0)?;
        let received_at = changes.last().map(|change| change.received_at);
        let author = changes.iter().find_map(|change| change.author);
        let device = author.map(|author| s.device_by_author(&author)).transpose()?.flatten();
        let phone = device.map(|device| short(&device.id.to_string()));
        let content = desk.app.checklists.of(&visit.list, visit.list_version);
        let same = content.list(&visit.list).is_some_and(|list| list.version == visit.list_version);
        let unknown = !same;
        Ok(Some(Whole {
            parts: parts(desk, &content, &visit, &conflicts),
            address: place.map(|place| place.address).unwrap_or_default(),
            photos: photo::shown(s, id, &visit.photos)?,
            visit,
            findings,
            conflicts,
            unknown,
            phone,
            received_at,
            content,
            kept: s.merged_away(id)?,
        }))
    })
}

/// What was asked and answered, in the order of the list; answers of unknown items by their codes.
fn parts(desk: &Desk, content: &Content, visit: &Visit, conflicts: &[ConflictRow]) -> Vec<Part> {
    let lang = desk.lang();
    let contested =
        |item: &str| conflicts.iter().any(|c| c.container == "answers" && c.field == item);
    let Some(list) = content.list(&visit.list) else {
        let plain = visit.answers.iter().map(|(item, value)| Asked1 {
            item: item.clone(),
            question: item.clone(),
            answer: words::value(content, "answers", item, value, lang),
            carried: None,
            contested: contested(item),
        });
        return vec![Part { title: visit.list.clone(), questions: plain.collect() }];
    };
    let context = VisitContext {
        quick: visit.quick,
        open_findings: &[],
        carried: &visit.carried,
        today: words::civil_day(visit.finished_at.unwrap_or(visit.started_at)),
    };
    let session = Answering::new(content, list, &visit.answers, context);
    let mut parts: Vec<Part> = Vec::new();
    let asked = session.questions().into_iter().chain(session.carried_over());
    for question in asked {
        let answered =
            question.answer.clone().or(question.carried.as_ref().map(|c| c.value.clone()));
        let Some(value) = answered else { continue };
        let title = question.section.as_ref().map_or_else(
            || desk.lang.t("每次走访先问", "Asked first in every visit").to_owned(),
            |section| section.get(lang).to_owned(),
        );
        let item = content.item(list, &question.item);
        let answer = item.map_or_else(String::new, |i| value_words(i, &value).get(lang).to_owned());
        let line = Asked1 {
            contested: contested(&question.item),
            question: question.question.get(lang).to_owned(),
            answer,
            carried: if question.answer.is_none() { question.carried.map(|c| c.at) } else { None },
            item: question.item,
        };
        match parts.iter_mut().find(|part| part.title == title) {
            Some(part) => part.questions.push(line),
            None => parts.push(Part { title, questions: vec![line] }),
        }
    }
    parts
}
