//! Work that did not come by way of a checklist's questions: several answers in one change, and a
//! visit as its record says it, without looking at the checklist.
//!
//! For importers of paper forms and of other apps' questionnaires, and for benches. Rights, the
//! limits of documents, durability, views and outbox are those of every other edit.

use crate::document::{Edit, VisitEdit};
use crate::model::{ChangeHash, Scalar, Visit, VisitId, screen_text};
use crate::rules::Act;

use super::place::called;
use super::{Phone, PhoneError};

impl Phone {
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
        for (item, value) in &answers {
            let marks = value.as_str().filter(|t| !is_code(t)).map(screen_text).unwrap_or_default();
            if !marks.is_empty() {
                return Err(PhoneError::PersonalText { field: item.clone(), marks });
            }
        }
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

/// Whether a text is a code or record number (letters with digits, no spaces), not something a person typed.
fn is_code(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}
