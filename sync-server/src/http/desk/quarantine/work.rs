//! What one phone wrote on one record and nobody decided yet, told as one piece of work in the reader's words.
//!
//! It is read from the record as it would be with all of it. Must not decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use ironfeet_core::checklist::Content;
use ironfeet_core::document::{self, Document, FieldPatch, Record, Touch, Verdict};
use ironfeet_core::model::{
    CheckResult, DeviceId, DocId, Role, Scalar, UtcMillis, Visit, VisitStatus,
};

use super::super::conflicts::short;
use super::super::frame::{Desk, Frame};
use super::super::places::within;
use crate::projection;
use crate::store::{DocRow, DocState, Session, StoreError, TicketRow};
use crate::words;

/// The reason of a change that waits only because another one does.
const LEANS: &str = "leans_on_quarantined";

/// The work of one phone on one record.
pub(super) struct Work {
    /// Numbers of its tickets, as the form names them.
    pub(super) tickets: String,
    pub(super) count: usize,
    /// Those of them that cannot be read before others are decided.
    pub(super) dark: usize,
    /// What kind of record, or by which checklist.
    pub(super) record: String,
    pub(super) place: String,
    /// The record's page, where it has one.
    pub(super) href: Option<String>,
    pub(super) born: bool,
    pub(super) reason: String,
    /// What accepting it means where its record is gone.
    pub(super) gone: Gone,
    pub(super) received_at: UtcMillis,
    /// When it was begun and ended, by the phone's clock.
    pub(super) written: Option<(UtcMillis, UtcMillis)>,
    pub(super) phone: String,
    pub(super) post: Option<Role>,
    /// It in short: how far, how many answers.
    pub(super) said: Vec<String>,
    /// Severity and title.
    pub(super) findings: Vec<(String, String)>,
    /// Field and value.
    pub(super) lines: Vec<(String, String)>,
}

/// What became of the record meanwhile.
pub(super) enum Gone {
    /// Nothing.
    No,
    /// It was deleted.
    Deleted,
    /// It was merged into this place.
    Merged(DocId),
}

/// What the waiting changes of a record do, taken together.
#[derive(Default)]
struct Read {
    document: Option<Document>,
    patches: Vec<FieldPatch>,
    born: bool,
    dark: usize,
    written: Option<(UtcMillis, UtcMillis)>,
}

/// The work of a phone on a record; `None` when none of it waits any more.
pub(super) fn look(
    s: &dyn Session,
    desk: &Desk,
    f: &Frame,
    (doc, device): (&DocId, &DeviceId),
) -> Result<Option<Work>, StoreError> {
    let mut rows = s.tickets_on(doc)?;
    rows.retain(|row| row.device == *device && within(&desk.scope, &row.pid));
    let Some(first) = rows.first() else { return Ok(None) };
    let known = s.doc(doc)?;
    let read = read(s, desk, &rows, known.as_ref())?;
    let record = read.document.as_ref().map(|document| document.read().record);
    let (list, version) = match &record {
        Some(Record::Visit(visit)) => (visit.list.clone(), visit.list_version),
        _ => Default::default(),
    };
    let told = Telling { f, content: desk.app.checklists.of(&list, version) };
    let own = rows.iter().find(|row| row.reason != LEANS).unwrap_or(first);
    let numbers: Vec<String> = rows.iter().map(|row| row.ticket.to_string()).collect();
    let person = s.device(device)?.map(|device| device.person);
    let post = person.map(|id| s.person(&id)).transpose()?.flatten().map(|p| p.post);
    Ok(Some(Work {
        tickets: numbers.join("."),
        count: rows.len(),
        dark: read.dark,
        record: told.kind(known.as_ref(), record.as_ref()),
        place: place(s, known.as_ref(), record.as_ref(), doc)?.unwrap_or_else(|| f.grid(&own.pid)),
        href: known.as_ref().and_then(page),
        born: read.born,
        reason: own.reason.clone(),
        gone: gone(s, known.as_ref(), doc)?,
        received_at: first.received_at,
        written: read.written,
        phone: short(&device.to_string()),
        post,
        said: told.said(record.as_ref(), &read.patches),
        findings: told.findings(record.as_ref(), &read.patches),
        lines: told.lines(record.as_ref(), &read.patches),
    }))
}

fn read(
    s: &dyn Session,
    desk: &Desk,
    rows: &[TicketRow],
    known: Option<&DocRow>,
) -> Result<Read, StoreError> {
    let Some(first) = rows.first() else { return Ok(Read::default()) };
    let parsed = rows.iter().map(|row| document::parse_change(&row.raw));
    let parts: Vec<_> = parsed.filter_map(Result::ok).collect();
    let held = known.map(|row| desk.app.shelf.look(s, row.clone())).transpose()?;
    let empty = document::Ledger::default();
    let (now, ledger) =
        held.as_ref().map_or((None, &empty), |held| (Some(&held.document), &held.ledger));
    let tried = document::admit(now, first.doc, &parts, ledger, Some(&first.author));
    let mut read = Read {
        document: tried.result.map(|(document, _)| document).or_else(|| now.cloned()),
        written: parts.iter().map(|p| p.at).min().zip(parts.iter().map(|p| p.at).max()),
        ..Read::default()
    };
    for verdict in tried.verdicts {
        match verdict {
            Verdict::Accepted(touched) => {
                read.born |= touched.birth;
                read.patches.extend(touched.patches);
            }
            Verdict::Known => {}
            Verdict::Refused(_) | Verdict::Forbidden(_) => read.dark += 1,
        }
    }
    Ok(read)
}

/// The address of the place that a record is about.
fn place(
    s: &dyn Session,
    known: Option<&DocRow>,
    record: Option<&Record>,
    doc: &DocId,
) -> Result<Option<String>, StoreError> {
    let about = match record {
        Some(Record::Visit(visit)) => visit.place.0,
        Some(Record::Task(task)) => task.place.0,
        _ => known.and_then(|row| row.about).unwrap_or(*doc),
    };
    let kept = s.rows(&about)?.place.map(|place| place.address);
    let own = || match record {
        Some(Record::Place(place)) => Some(place.address().to_owned()),
        _ => None,
    };
    Ok(kept.or_else(own).filter(|address| !address.is_empty()))
}

fn page(row: &DocRow) -> Option<String> {
    match row.kind.as_str() {
        "place" => Some(format!("/console/places/{}", row.id)),
        "visit" => Some(format!("/console/visits/{}", row.id)),
        _ => None,
    }
}

fn gone(s: &dyn Session, known: Option<&DocRow>, doc: &DocId) -> Result<Gone, StoreError> {
    let deleted = known.is_some_and(|row| row.state == DocState::Deleted);
    Ok(match (deleted, s.merged_away(doc)?) {
        (false, _) => Gone::No,
        (true, None) => Gone::Deleted,
        (true, Some(kept)) => Gone::Merged(kept),
    })
}

/// Words for a record: the reader's language, the checklists it was written by.
struct Telling<'a> {
    f: &'a Frame,
    content: Arc<Content>,
}

impl Telling<'_> {
    fn kind(&self, known: Option<&DocRow>, record: Option<&Record>) -> String {
        match record {
            Some(Record::Visit(visit)) => words::list(&self.content, &visit.list, self.f.lang.0),
            Some(Record::Place(_)) => self.f.record("place").to_owned(),
            Some(Record::Task(_)) => self.f.record("task").to_owned(),
            _ => self.f.record(known.map_or("", |row| &row.kind)).to_owned(),
        }
    }

    fn said(&self, record: Option<&Record>, patches: &[FieldPatch]) -> Vec<String> {
        let photos = patches.iter().filter(|patch| patch.container == "photos").count();
        let mut said = Vec::new();
        if let Some(Record::Visit(visit)) = record {
            said.push(self.standing(visit));
            let (answers, carried) = (visit.answers.len(), visit.carried.len());
            if answers > 0 {
                said.push(self.f.n(&answers, "项回答", "answer", "answers"));
            }
            if carried > 0 {
                let words = "carried over from the last visit";
                said.push(self.f.n(&carried, "项沿用上次", words, words));
            }
        }
        if photos > 0 {
            said.push(self.f.n(&photos, "张照片", "photo", "photos"));
        }
        said
    }

    fn standing(&self, visit: &Visit) -> String {
        let quick = if visit.quick { self.f.t("快速复访，", "quick re-visit, ") } else { "" };
        let state = match visit.status {
            VisitStatus::Finished => self.f.t("已完成", "finished"),
            VisitStatus::Draft => self.f.t("填写中", "draft"),
        };
        format!("{quick}{state}")
    }

    /// The findings that are written, gravest first.
    fn findings(&self, record: Option<&Record>, patches: &[FieldPatch]) -> Vec<(String, String)> {
        let Some(Record::Visit(visit)) = record else { return Vec::new() };
        let written = patches.iter().filter(|patch| patch.container == "findings");
        let codes: BTreeSet<&str> =
            written.filter_map(|patch| patch.key.split_once('.')).map(|(code, _)| code).collect();
        let mut found: Vec<_> =
            visit.findings.values().filter(|found| codes.contains(&*found.code)).collect();
        found.sort_by_key(|found| found.severity);
        let told = |found: &ironfeet_core::model::Finding| {
            (format!("{:?}", found.severity), self.f.say(&found.title).to_owned())
        };
        found.into_iter().map(told).collect()
    }

    /// Fields with what they will hold.
    fn lines(&self, record: Option<&Record>, patches: &[FieldPatch]) -> Vec<(String, String)> {
        let visit = matches!(record, Some(Record::Visit(_)));
        let mut lines: Vec<(&str, &str, String)> = Vec::new();
        for patch in patches {
            let (part, key) = (patch.container.as_str(), patch.key.as_str());
            let told = match part {
                "" | "seen" | "carried" | "photos" => continue,
                "head" | "findings" if visit => continue,
                "head" if matches!(key, "place" | "by_role") => continue,
                _ => self.told(part, key, &patch.touch),
            };
            let Some(told) = told else { continue };
            if !key.is_empty() {
                lines.retain(|(other, name, _)| (*other, *name) != (part, key));
            }
            lines.push((part, key, told));
        }
        let named = |(part, key, told): (&str, &str, String)| (self.name(part, key), told);
        lines.into_iter().map(named).collect()
    }

    fn name(&self, part: &str, key: &str) -> String {
        let name = words::field(&self.content, part, key, self.f.lang.0);
        let of = (part == "photo_reasons").then(|| self.content.finding(key)).flatten();
        of.map_or(name.clone(), |(_, _, rule)| {
            format!("{name} · {}", rule.title.get(self.f.lang.0))
        })
    }

    fn told(&self, part: &str, key: &str, touch: &Touch) -> Option<String> {
        match touch {
            Touch::Put(value) => Some(words::value(&self.content, part, key, value, self.f.lang.0)),
            Touch::Append(entry) if part == "checks" => self.check(entry),
            Touch::Append(entry) => projection::remark(entry),
            Touch::Remove => Some(self.f.t("（删去）", "(taken out)").to_owned()),
            Touch::Create { .. } | Touch::Foreign => None,
        }
    }

    fn check(&self, entry: &Scalar) -> Option<String> {
        let check: CheckResult = serde_json::from_str(entry.as_str()?).ok()?;
        let outcome = words::outcome(check.outcome.as_str(), self.f.lang.0);
        Some(if check.note.is_empty() {
            outcome.to_owned()
        } else {
            format!("{outcome}: {}", check.note)
        })
    }
}
