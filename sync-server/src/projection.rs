//! From documents to rows for screens. The same document gives the same rows, at once or years later.
//!
//! Must not know SQL or pages.

use jiff::tz::Offset;

use ironfeet_core::checklist::{Calendar, Content, Session as Answering, VisitContext};
use ironfeet_core::document::{Conflict, Document, Record};
use ironfeet_core::model::{
    DocId, Finding, Pid, Place, Route, Scalar, Task, UtcMillis, Visit, VisitStatus,
};

use crate::checklists::Checklists;
use crate::shelf;
use crate::store::{
    self, ConflictRow, DocRow, DocumentRows, FindingRow, PhotoRow, PlaceRow, Session, Store,
    StoreError, TaskRow, VisitRow,
};
use crate::words;

/// The zone of the places.
const CHINA: Offset = jiff::tz::offset(8);
/// Documents rebuilt in one transaction.
const BATCH: usize = 200;

/// What a document says besides its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Rows for screens.
    pub rows: DocumentRows,
    /// The kind of record.
    pub kind: String,
    /// The place it is about.
    pub about: Option<DocId>,
    /// When it was closed (device time).
    pub closed_at: Option<UtcMillis>,
}

/// What a document with `generation` changes, at home in `pid`, says; `checklists`: every file ever published.
#[must_use]
pub fn said(document: &Document, pid: &Pid, generation: u64, checklists: &Checklists) -> Said {
    let reading = document.read();
    let id = document.id();
    let kind = document.kind().map_or_else(String::new, |kind| kind.as_str().to_owned());
    let conflicts =
        reading.conflicts.iter().map(|conflict| conflict_row(conflict, pid, &kind)).collect();
    let mut said = Said { kind, ..Said::default() };
    match &reading.record {
        Record::Place(place) => said.rows.place = Some(place_row(id, pid, place, generation)),
        Record::Visit(visit) => {
            visited(&mut said, id, pid, visit, generation);
            if let Some(row) =
                said.rows.visit.as_mut().filter(|_| visit.status == VisitStatus::Finished)
            {
                row.cleared = cleared(visit, &checklists.of(&visit.list, visit.list_version));
            }
        }
        Record::Task(task) => tasked(&mut said, id, pid, task, generation),
        Record::Unknown { .. } => {}
    }
    said.rows.conflicts = conflicts;
    said
}

fn place_row(doc: DocId, pid: &Pid, place: &Place, generation: u64) -> PlaceRow {
    let name = place.facts.get("name").and_then(|fact| fact.value.as_str());
    PlaceRow {
        doc,
        pid: pid.clone(),
        kind: place.kind().map(|kind| kind.as_str().to_owned()),
        address: place.address().to_owned(),
        name: name.unwrap_or_default().to_owned(),
        position: place.position(),
        generation,
    }
}

fn visited(said: &mut Said, doc: DocId, pid: &Pid, visit: &Visit, generation: u64) {
    let finished = visit.status == VisitStatus::Finished;
    said.about = Some(visit.place.0);
    said.closed_at = finished.then_some(visit.finished_at.unwrap_or(visit.started_at));
    said.rows.visit = Some(VisitRow {
        doc,
        pid: pid.clone(),
        place: visit.place.0,
        list: visit.list.clone(),
        list_version: visit.list_version,
        quick: visit.quick,
        by_role: visit.by_role.as_str().to_owned(),
        status: if finished { "finished" } else { "draft" }.to_owned(),
        started_at: visit.started_at,
        finished_at: visit.finished_at,
        findings: visit.findings.len() as u64,
        cleared: String::new(),
        generation,
    });
    let row = |finding: &Finding| FindingRow {
        doc,
        code: finding.code.clone(),
        place: visit.place.0,
        pid: pid.clone(),
        severity: format!("{:?}", finding.severity),
        category: finding.category.clone(),
        lead: finding.lead.to_string(),
        raised_at: visit.finished_at.unwrap_or(visit.started_at),
        list: visit.list.clone(),
        route: route(finding.route).to_owned(),
        title: finding.title.clone(),
        due_at: finding
            .deadline
            .map(|limit| Calendar::default_calendar().due_at(limit, finding.raised_at, CHINA)),
    };
    said.rows.findings = visit.findings.values().map(row).collect();
    said.rows.photos = photos(doc, pid, visit);
}

/// One row a file, by hash: a photo added twice is shown once.
fn photos(doc: DocId, pid: &Pid, visit: &Visit) -> Vec<PhotoRow> {
    let mut rows: Vec<PhotoRow> = visit
        .photos
        .iter()
        .map(|photo| PhotoRow {
            doc,
            sha256: photo.sha256,
            pid: pid.clone(),
            finding: photo.finding.clone(),
            at: photo.at,
        })
        .collect();
    rows.sort_by_key(|row| row.sha256);
    rows.dedup_by_key(|row| row.sha256);
    rows
}

/// The stable name of what happens with a finding.
#[must_use]
pub fn route(route: Route) -> &'static str {
    match route {
        Route::Case => "case",
        Route::Advice => "advice",
        Route::SelfFixed => "self_fixed",
    }
}

/// Codes that the finished visit found gone, each between commas; as the phones reckon it.
fn cleared(visit: &Visit, content: &Content) -> String {
    let Some(list) = content.list(&visit.list) else { return String::new() };
    // In a quick visit an item was asked again because a finding of it was open; that it was
    // answered is all that is left to see of that.
    let asked_again: Vec<String> = list
        .items()
        .filter(|(_, item)| visit.answers.contains_key(&item.id))
        .flat_map(|(_, item)| item.findings.iter().map(|rule| rule.code.clone()))
        .collect();
    let finished = visit.finished_at.unwrap_or(visit.started_at);
    let context = VisitContext {
        quick: visit.quick,
        open_findings: &asked_again,
        carried: &visit.carried,
        today: words::civil_day(finished),
    };
    let codes = Answering::new(content, list, &visit.answers, context).cleared();
    let gone: Vec<String> = codes.into_iter().filter(|c| !visit.findings.contains_key(c)).collect();
    if gone.is_empty() { String::new() } else { format!(",{},", gone.join(",")) }
}

fn tasked(said: &mut Said, doc: DocId, pid: &Pid, task: &Task, generation: u64) {
    use ironfeet_core::model::TaskStatus;
    said.about = Some(task.place.0);
    if task.status != TaskStatus::Open {
        // A task does not say when it was closed; its last check or its due time is near enough.
        let last = task.checks.last().map(|check| check.at);
        said.closed_at = Some(last.or(task.due_at).unwrap_or_default());
    }
    said.rows.task = Some(TaskRow {
        doc,
        pid: pid.clone(),
        place: task.place.0,
        status: task.status.as_str().to_owned(),
        due_at: task.due_at,
        generation,
    });
}

fn conflict_row(conflict: &Conflict, pid: &Pid, kind: &str) -> ConflictRow {
    ConflictRow {
        doc: conflict.doc,
        container: conflict.container.clone(),
        field: conflict.field.clone(),
        pid: pid.clone(),
        kind: kind.to_owned(),
        rivals: rivals(conflict),
        newest_at: conflict.values.iter().map(|value| value.at).max().unwrap_or_default(),
    }
}

/// The changes that wrote the values of a conflict, as hex, joined by commas.
#[must_use]
pub fn rivals(conflict: &Conflict) -> String {
    let hashes: Vec<String> =
        conflict.values.iter().map(|value| value.change.to_string()).collect();
    hashes.join(",")
}

/// The text of an entry of a list, such as a remark.
#[must_use]
pub fn remark(entry: &Scalar) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(entry.as_str()?).ok()?;
    Some(json.get("text")?.as_str()?.to_owned())
}

/// A value as screens show it.
#[must_use]
pub fn shown(value: &Scalar) -> String {
    match value {
        Scalar::Null => "—".to_owned(),
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(n) => n.to_string(),
        Scalar::Float(x) => x.to_string(),
        Scalar::Str(text) => text.clone(),
    }
}

/// Drops every row and makes them again from the changes; the number of documents.
///
/// # Errors
/// Of the store.
pub fn rebuild(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<u64, StoreError> {
    let checklists = Checklists::open(store)?;
    store::transact(store, |s| {
        s.rows_clear()?;
        let mut done = 0;
        let mut after = None;
        loop {
            let ids = s.doc_ids(after.as_ref(), BATCH)?;
            let Some(last) = ids.last() else { return Ok(done) };
            after = Some(*last);
            for id in &ids {
                rebuild_one(s, id, &checklists)?;
            }
            done += ids.len() as u64;
            progress(done);
        }
    })
}

fn rebuild_one(s: &dyn Session, id: &DocId, checklists: &Checklists) -> Result<(), StoreError> {
    let row = s.doc(id)?.ok_or(StoreError::Damaged("a document vanished"))?;
    let document = shelf::load(s, &row)?;
    s.rows_put(id, &rows_of(&document, &row, checklists))
}

/// The rows of a document as it stands.
#[must_use]
pub fn rows_of(document: &Document, row: &DocRow, checklists: &Checklists) -> DocumentRows {
    said(document, &row.pid, row.changes, checklists).rows
}
