//! From what a document says to what screens show of it: the rows of the views.
//!
//! Pure, and the only way into the views: the same document gives the same rows,
//! whether its changes were made here or came from elsewhere. What other
//! documents say plays no part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checklist::{Checklist, Content, Session, VisitContext};
use crate::document::{Conflict, Reading, Record};
use crate::model::{
    Author, ChangeHash, DocId, Finding, Place, Route, Scalar, Severity, Task, UtcMillis, Visit,
    VisitStatus,
};
use crate::store::views::{ConflictLine, FindingLine, PlaceLine, TaskLine, Views, VisitLine};

use super::due;

/// A field that holds more than one value, as screens show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConflictView {
    /// The record.
    pub doc: DocId,
    /// Part of the record, such as `facts` or `answers`.
    pub container: String,
    /// The field or item.
    pub field: String,
    /// Every value, the one shown meanwhile last.
    pub values: Vec<ConflictValueView>,
}

/// One of the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConflictValueView {
    /// The value.
    pub value: Scalar,
    /// Pseudonym of who wrote it, where known.
    pub author: Option<Author>,
    /// When, by the writer's clock.
    pub at: UtcMillis,
    /// The change that wrote it; names the value when one is chosen.
    pub change: ChangeHash,
    /// Whether it is shown until a person chooses.
    pub winner: bool,
}

impl From<&Conflict> for ConflictView {
    fn from(conflict: &Conflict) -> Self {
        let value = |v: &crate::document::ConflictValue| ConflictValueView {
            value: v.value.clone(),
            author: v.author,
            at: v.at,
            change: v.change,
            winner: v.winner,
        };
        Self {
            doc: conflict.doc,
            container: conflict.container.clone(),
            field: conflict.field.clone(),
            values: conflict.values.iter().map(value).collect(),
        }
    }
}

/// The checklists that hold a version of a list.
pub(super) type Asked<'a> = &'a dyn Fn(&str, u32) -> std::sync::Arc<Content>;

/// What a document shows.
pub(super) fn views(reading: &Reading, content: Asked<'_>) -> Views {
    let mut views = Views::default();
    match &reading.record {
        Record::Place(place) => {
            views.place = Some(place_line(place));
            views.texts = vec![(String::new(), place_text(place))];
        }
        Record::Visit(visit) => {
            views.visit = Some(visit_line(visit, content));
            if visit.status == VisitStatus::Finished {
                views.findings = visit.findings.values().map(|f| finding_line(visit, f)).collect();
                views.texts =
                    visit.findings.values().map(|f| (f.code.clone(), finding_text(f))).collect();
            }
        }
        Record::Task(task) => views.task = Some(task_line(task)),
        Record::Unknown { .. } => {}
    }
    views.conflicts = reading.conflicts.iter().map(conflict_line).collect();
    views
}

fn place_line(place: &Place) -> PlaceLine {
    let text = |name: &str| {
        let fact = place.facts.get(name).and_then(|f| f.value.as_str());
        fact.unwrap_or_default().to_owned()
    };
    PlaceLine {
        kind: text("kind"),
        address: text("address"),
        name: text("name"),
        position: place.position(),
        stale_at: place.facts.values().filter_map(|f| f.expires_at).min().map(|at| at.0),
    }
}

/// Everything a person might type to find the place.
fn place_text(place: &Place) -> String {
    let texts = ["address", "name", "building_code", "use"];
    let said = texts.iter().filter_map(|name| place.facts.get(*name)?.value.as_str());
    said.collect::<Vec<_>>().join("\n")
}

fn visit_line(visit: &Visit, content: Asked<'_>) -> VisitLine {
    let finished = visit.status == VisitStatus::Finished;
    let cleared = match finished {
        true => cleared(visit, &content(&visit.list, visit.list_version)),
        false => String::new(),
    };
    VisitLine {
        place: visit.place.0,
        list: visit.list.clone(),
        list_version: visit.list_version,
        quick: visit.quick,
        status: if finished { "finished" } else { "draft" }.to_owned(),
        started_at: visit.started_at.0,
        finished_at: finished.then(|| visit.finished_at.unwrap_or(visit.started_at).0),
        answered: count(visit.answers.len()),
        photos: count(visit.photos.len()),
        cleared,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Codes that the finished visit found gone, each between commas. A code it raised is never among them.
fn cleared(visit: &Visit, content: &Content) -> String {
    let Some(list) = content.list(&visit.list) else { return String::new() };
    // In a quick visit an item was asked again because a finding of it was open; that it was
    // answered is all that is left to see of that.
    let asked_again = codes_of_answered(list, &visit.answers);
    let context = VisitContext {
        quick: visit.quick,
        open_findings: &asked_again,
        carried: &visit.carried,
        today: due::date(visit.finished_at.unwrap_or(visit.started_at)),
    };
    let codes = Session::new(content, list, &visit.answers, context).cleared();
    let gone: Vec<String> = codes.into_iter().filter(|c| !visit.findings.contains_key(c)).collect();
    if gone.is_empty() { String::new() } else { format!(",{},", gone.join(",")) }
}

fn codes_of_answered(list: &Checklist, answers: &BTreeMap<String, Scalar>) -> Vec<String> {
    list.items()
        .filter(|(_, item)| answers.contains_key(&*item.id))
        .flat_map(|(_, item)| item.findings.iter().map(|f| f.code.to_string()))
        .collect()
}

fn finding_line(visit: &Visit, finding: &Finding) -> FindingLine {
    let at = visit.finished_at.unwrap_or(visit.started_at);
    FindingLine {
        code: finding.code.clone(),
        place: visit.place.0,
        list: visit.list.clone(),
        at: at.0,
        severity: severity_number(finding.severity),
        category: finding.category.clone(),
        route: route_name(finding.route).to_owned(),
        lead: finding.lead.as_str().to_owned(),
        due_at: finding.deadline.map(|d| due::ends(at, d).0),
        title_zh: finding.title.zh.clone(),
        title_en: finding.title.en.clone(),
    }
}

fn finding_text(finding: &Finding) -> String {
    [
        finding.code.as_str(),
        &finding.category,
        &finding.title.zh,
        &finding.title.en,
        &finding.fix.zh,
        &finding.fix.en,
    ]
    .join("\n")
}

fn task_line(task: &Task) -> TaskLine {
    TaskLine {
        place: task.place.0,
        title: task.title.clone(),
        finding: task.finding.clone(),
        status: task.status.as_str().to_owned(),
        due_at: task.due_at.map(|at| at.0),
    }
}

fn conflict_line(conflict: &Conflict) -> ConflictLine {
    let view = ConflictView::from(conflict);
    ConflictLine {
        container: conflict.container.clone(),
        field: conflict.field.clone(),
        candidates: serde_json::to_string(&view).expect("scalars and hashes are always JSON"),
    }
}

/// 1 to 4.
pub(super) fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::S1 => 1,
        Severity::S2 => 2,
        Severity::S3 => 3,
        Severity::S4 => 4,
    }
}

/// The severity of a row.
pub(super) fn severity(number: i64) -> Severity {
    match number {
        1 => Severity::S1,
        2 => Severity::S2,
        3 => Severity::S3,
        _ => Severity::S4,
    }
}

fn route_name(route: Route) -> &'static str {
    match route {
        Route::Case => "case",
        Route::Advice => "advice",
        Route::SelfFixed => "self_fixed",
    }
}

/// The route of a row.
pub(super) fn route(name: &str) -> Route {
    match name {
        "case" => Route::Case,
        "self_fixed" => Route::SelfFixed,
        _ => Route::Advice,
    }
}
