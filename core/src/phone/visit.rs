//! Visits: start, ask, answer, note, finish. A draft is on disk after every answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::checklist::{Checklist, Content, Question, Session, Suggestion, VisitContext};
use crate::document::{Birth, Edit, Record, VisitBirth, VisitEdit};
use crate::model::{
    Carried, ChangeHash, Finding, PhotoRef, PlaceId, Remark, Role, Scalar, UtcMillis, Visit,
    VisitId, VisitStatus,
};
use crate::rules::Act;
use crate::store::{self, Db, finding};

use super::place::{VisitRow, called, free_text};
use super::show::ConflictView;
use super::{Inner, Phone, PhoneError, due};

/// A visit with everything a screen shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisitView {
    /// Identity.
    pub id: VisitId,
    /// The place.
    pub place: PlaceId,
    /// Checklist.
    pub list: String,
    /// Its version.
    pub list_version: u32,
    /// Whether it is a quick re-visit.
    pub quick: bool,
    /// The post of who began it.
    pub by_role: Role,
    /// When it began.
    pub started_at: UtcMillis,
    /// Draft or finished.
    pub status: VisitStatus,
    /// When it was finished.
    pub finished_at: Option<UtcMillis>,
    /// Answers by item.
    pub answers: BTreeMap<String, Scalar>,
    /// Answers carried over with their dates.
    pub carried: BTreeMap<String, Carried>,
    /// Findings: fixed at the finish, computed from the answers in a draft.
    pub findings: Vec<Finding>,
    /// Codes of open findings that the answers show to be gone.
    pub cleared: Vec<String>,
    /// Required items that are not answered, in a draft.
    pub missing: Vec<String>,
    /// What could be opened next, by the answers.
    pub suggestions: Vec<Suggestion>,
    /// Remarks, oldest first.
    pub notes: Vec<Remark>,
    /// Photos, oldest first.
    pub photos: Vec<PhotoRef>,
    /// Why a photo is missing, by finding.
    pub photo_reasons: BTreeMap<String, String>,
    /// Fields with more than one value.
    pub conflicts: Vec<ConflictView>,
}

impl Phone {
    /// Begins a visit of a place by a checklist. `quick` asks only the quick items and open findings
    /// and carries the other answers of the last visit over, with their date.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`] for the place, [`PhoneError::Invalid`] for an unknown checklist.
    pub fn visit_start(
        &self,
        place: PlaceId,
        list: &str,
        quick: bool,
    ) -> Result<VisitId, PhoneError> {
        self.with(|inner| {
            inner.allow(Act::Create, "visit", "head")?;
            let (pid, ..) = inner.place(place)?;
            let content = inner.contents.get();
            let list_version = list_of(&content, list)?.version;
            let carried = if quick { inner.carried(place, list)? } else { BTreeMap::new() };
            let birth = VisitBirth {
                place,
                list: list.to_owned(),
                list_version,
                quick,
                by_role: inner.owner.role,
                started_at: inner.now(),
                carried,
            };
            inner.birth(&Birth::Visit(birth), &pid).map(VisitId)
        })
    }

    /// The items asked now, in order.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn visit_questions(&self, id: VisitId) -> Result<Vec<Question>, PhoneError> {
        self.with(|inner| {
            let (visit, _) = inner.visit(id)?;
            let content = inner.contents.of(&visit.list, visit.list_version);
            let now = inner.now();
            ask(inner.store()?.db(), &content, &visit, now, |s| Ok(s.questions()))
        })
    }

    /// Answers an item as a person typed it: a code, codes with commas between, a number, a date, text.
    /// Answers of items that it hides are taken out in the same change. On disk when it returns.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`], [`PhoneError::PersonalText`], [`PhoneError::Refused`] when finished.
    pub fn visit_answer(
        &self,
        id: VisitId,
        item: &str,
        value: &str,
    ) -> Result<ChangeHash, PhoneError> {
        self.with(|inner| {
            inner.allow(Act::Write, "visit", "answers")?;
            let content = inner.content_of(id)?;
            let now = inner.now();
            let answer = inner.edit(id.0, |db, reading| {
                let Record::Visit(visit) = &reading.record else {
                    return Err(PhoneError::NotFound { what: "visit" });
                };
                let effect =
                    ask(db, &content, visit, now, |s| s.answer(item, value).map_err(Into::into))?;
                let edit = VisitEdit::Answers { put: vec![effect.put], remove: effect.remove };
                Ok(Edit::Visit(edit))
            });
            answer.map_err(|e| called(e, "visit"))
        })
    }

    /// Adds a remark; also after the finish.
    ///
    /// # Errors
    /// [`PhoneError::PersonalText`], [`PhoneError::NotFound`].
    pub fn visit_note(&self, id: VisitId, text: &str) -> Result<ChangeHash, PhoneError> {
        let text = free_text("note", text)?;
        self.with(|inner| {
            inner.allow(Act::Append, "visit", "notes")?;
            let remark = Remark { at: inner.now(), by_role: inner.owner.role, text };
            let note = inner.edit(id.0, |_, _| Ok(Edit::Visit(VisitEdit::Note(remark))));
            note.map_err(|e| called(e, "visit"))
        })
    }

    /// Everything about a visit.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn visit_show(&self, id: VisitId) -> Result<VisitView, PhoneError> {
        self.with(|inner| inner.visit_view(id))
    }

    /// Finishes a visit with the findings its answers raise. Photos and position are never needed.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with code `missing_answers` while a required item is not answered, or
    /// `visit_finished`.
    pub fn visit_finish(&self, id: VisitId) -> Result<VisitView, PhoneError> {
        self.with(|inner| {
            inner.allow(Act::Write, "visit", "findings")?;
            inner.take_out_strays(id)?;
            let content = inner.content_of(id)?;
            let at = inner.now();
            let finish = inner.edit(id.0, |db, reading| {
                let Record::Visit(visit) = &reading.record else {
                    return Err(PhoneError::NotFound { what: "visit" });
                };
                let findings = ask(db, &content, visit, at, |s| {
                    let missing = s.missing();
                    if missing.is_empty() { Ok(s.findings(at)) } else { Err(unanswered(&missing)) }
                })?;
                Ok(Edit::Visit(VisitEdit::Finish { at, findings }))
            });
            finish.map_err(|e| called(e, "visit"))?;
            inner.visit_view(id)
        })
    }

    /// Visits that are begun and not finished, oldest first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn visit_drafts(&self) -> Result<Vec<VisitRow>, PhoneError> {
        self.with(|inner| {
            let drafts = store::visit::drafts(inner.store()?.db())?;
            Ok(drafts.into_iter().map(VisitRow::of).collect())
        })
    }
}

impl Inner {
    /// A visit and its conflicts.
    pub(super) fn visit(&mut self, id: VisitId) -> Result<(Visit, Vec<ConflictView>), PhoneError> {
        let entry = self.entry(id.0).map_err(|e| called(e, "visit"))?;
        let Record::Visit(visit) = &entry.reading.record else {
            return Err(PhoneError::NotFound { what: "visit" });
        };
        let conflicts = entry.reading.conflicts.iter().map(ConflictView::from).collect();
        Ok((visit.clone(), conflicts))
    }

    /// The answers of the last finished visit, its own carried ones included.
    fn carried(
        &mut self,
        place: PlaceId,
        list: &str,
    ) -> Result<BTreeMap<String, Carried>, PhoneError> {
        let Some(last) = store::visit::last_round(self.store()?.db(), place.0, list)? else {
            return Ok(BTreeMap::new());
        };
        let (last, _) = self.visit(VisitId(last))?;
        let at = last.finished_at.unwrap_or(last.started_at);
        let mut carried = last.carried;
        carried.extend(last.answers.into_iter().map(|(item, value)| (item, Carried { value, at })));
        Ok(carried)
    }

    /// The checklists a visit was begun with.
    fn content_of(&mut self, id: VisitId) -> Result<Arc<Content>, PhoneError> {
        if self.contents.are_one() {
            return Ok(self.contents.get());
        }
        let (visit, _) = self.visit(id)?;
        Ok(self.contents.of(&visit.list, visit.list_version))
    }

    /// Takes out answers that are not asked any more, which only a merge can leave behind.
    fn take_out_strays(&mut self, id: VisitId) -> Result<(), PhoneError> {
        let (visit, _) = self.visit(id)?;
        if visit.status == VisitStatus::Finished {
            return Ok(());
        }
        let content = self.contents.of(&visit.list, visit.list_version);
        let now = self.now();
        let remove = ask(self.store()?.db(), &content, &visit, now, |s| Ok(s.stray()))?;
        if !remove.is_empty() {
            let edit = VisitEdit::Answers { put: Vec::new(), remove };
            self.edit(id.0, |_, _| Ok(Edit::Visit(edit)))?;
        }
        Ok(())
    }

    fn visit_view(&mut self, id: VisitId) -> Result<VisitView, PhoneError> {
        let (visit, conflicts) = self.visit(id)?;
        let content = self.contents.of(&visit.list, visit.list_version);
        let now = self.now();
        let draft = visit.status == VisitStatus::Draft;
        let db = self.store()?.db();
        let (live, cleared, missing, suggestions) = match content.list(&visit.list) {
            None => (Vec::new(), Vec::new(), Vec::new(), Vec::new()),
            Some(_) => ask(db, &content, &visit, now, |s| {
                Ok((s.findings(now), s.cleared(), s.missing(), s.suggestions()))
            })?,
        };
        let open = finding::open_codes(db, visit.place.0, &visit.list)?;
        let mut findings =
            if draft { live } else { visit.findings.into_values().collect::<Vec<_>>() };
        findings.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
        Ok(VisitView {
            id,
            place: visit.place,
            list: visit.list,
            list_version: visit.list_version,
            quick: visit.quick,
            by_role: visit.by_role,
            started_at: visit.started_at,
            status: visit.status,
            finished_at: visit.finished_at,
            answers: visit.answers,
            carried: visit.carried,
            findings,
            cleared: cleared.into_iter().filter(|c| draft && open.contains(c)).collect(),
            missing: if draft { missing } else { Vec::new() },
            suggestions,
            notes: visit.notes,
            photos: visit.photos,
            photo_reasons: visit.photo_reasons,
            conflicts,
        })
    }
}

fn list_of<'a>(content: &'a Content, list: &str) -> Result<&'a Checklist, PhoneError> {
    content.list(list).ok_or_else(|| {
        let known: Vec<&str> = content.lists().iter().map(|l| &*l.id).collect();
        let known = known.join(", ");
        PhoneError::invalid(
            "checklist",
            format!("没有这张检查表，应为：{known}"),
            format!("no such checklist, expected one of {known}"),
        )
    })
}

/// Runs `f` over the checklist with the answers of a visit.
fn ask<T>(
    db: &Db,
    content: &Content,
    visit: &Visit,
    now: UtcMillis,
    f: impl FnOnce(&Session<'_>) -> Result<T, PhoneError>,
) -> Result<T, PhoneError> {
    let list = list_of(content, &visit.list)?;
    let open = match visit.quick {
        true => finding::open_codes(db, visit.place.0, &visit.list)?,
        false => Vec::new(),
    };
    let context = VisitContext {
        quick: visit.quick,
        open_findings: &open,
        carried: &visit.carried,
        today: due::date(now),
    };
    f(&Session::new(content, list, &visit.answers, context))
}

fn unanswered(missing: &[String]) -> PhoneError {
    let items = missing.join(", ");
    PhoneError::refused(
        "missing_answers",
        &format!("还有必答项未答：{items}"),
        &format!("required items are not answered: {items}"),
    )
}
