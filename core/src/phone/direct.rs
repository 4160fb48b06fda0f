//! Work that did not come by way of a checklist's questions: a visit recorded elsewhere, several
//! answers in one change, and a visit as its record says it, without looking at the checklist.
//!
//! For importers of paper forms and of other apps' questionnaires, and for benches. Rights, the
//! limits of documents, durability, views and outbox are those of every other edit.

use std::collections::BTreeMap;

use crate::document::{Birth, Edit, VisitBirth, VisitEdit};
use crate::model::{
    ChangeHash, GridCode, PlaceId, Scalar, UtcMillis, Visit, VisitId, numbers_of_a_person,
};
use crate::rules::Act;

use super::place::{called, unmarked};
use super::{Phone, PhoneError};

/// A visit that was recorded elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedVisit {
    /// The place; it need not be on this phone.
    pub place: PlaceId,
    /// The grid it lies in; `None` when the phone serves only one.
    pub grid: Option<GridCode>,
    /// Checklist or questionnaire it was recorded by; it need not be known here.
    pub list: String,
    /// Its version.
    pub list_version: u32,
    /// When it began.
    pub started_at: UtcMillis,
    /// Answers by item.
    pub answers: Vec<(String, Scalar)>,
}

impl Phone {
    /// Takes a visit in that was recorded elsewhere: a draft with its answers, one change. Texts are
    /// screened for personal numbers. On disk when it returns.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] for the grid and for keys and values that no document takes,
    /// [`PhoneError::PersonalText`].
    pub fn visit_import(&self, visit: RecordedVisit) -> Result<VisitId, PhoneError> {
        screen(&visit.answers)?;
        self.with(|inner| {
            inner.allow(Act::Create, "visit", "head")?;
            let pid = inner.home_of_new(visit.grid.as_ref())?;
            let birth = Birth::Visit(VisitBirth {
                place: visit.place,
                list: visit.list,
                list_version: visit.list_version,
                quick: false,
                by_role: inner.owner.role,
                started_at: visit.started_at,
                carried: BTreeMap::new(),
            });
            let answers = VisitEdit::Answers { put: visit.answers, remove: Vec::new() };
            inner.birth_with(&birth, Some(&Edit::Visit(answers)), &pid).map(VisitId)
        })
    }

    /// Puts answers of a visit in one change, as they were recorded elsewhere: the checklist is not
    /// asked, texts are screened for personal numbers. On disk when it returns.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::PersonalText`], [`PhoneError::Invalid`] for keys and
    /// values that no document takes, [`PhoneError::Refused`] when the visit is finished.
    pub fn visit_put(
        &self,
        id: VisitId,
        answers: Vec<(String, Scalar)>,
    ) -> Result<ChangeHash, PhoneError> {
        screen(&answers)?;
        self.with(|inner| {
            inner.allow(Act::Write, "visit", "answers")?;
            let edit = VisitEdit::Answers { put: answers, remove: Vec::new() };
            inner.edit(id.0, |_, _| Ok(Edit::Visit(edit))).map_err(|e| called(e, "visit"))
        })
    }

    /// A visit as its record says it. [`Phone::visit_show`] adds what the checklist makes of it.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn visit_record(&self, id: VisitId) -> Result<Visit, PhoneError> {
        self.with(|inner| Ok(inner.visit(id)?.0))
    }
}

fn screen(answers: &[(String, Scalar)]) -> Result<(), PhoneError> {
    let mut texts = answers.iter().filter_map(|(item, value)| Some((item, value.as_str()?)));
    texts.try_for_each(|(item, text)| unmarked(item, numbers_of_a_person(item, text)))
}
