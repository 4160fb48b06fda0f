//! Which checklists there are, and the slip that a visit leaves behind. Decides nothing itself.

use serde::Serialize;

use crate::checklist;
use crate::model::{Lang, PlaceKind, Text, VisitId};

use super::{Phone, PhoneError};

/// A checklist that may be taken to a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChecklistRow {
    /// Its id, such as `household`.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it is called.
    pub title: Text,
    /// Minutes it takes as a rule.
    pub est_minutes: u32,
}

impl Phone {
    /// The checklists for a kind of place, in the order of the content.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the store cannot be opened again after a damage.
    pub fn checklists(&self, kind: PlaceKind) -> Result<Vec<ChecklistRow>, PhoneError> {
        self.with(|inner| {
            let content = inner.contents.get();
            let row = |list: &checklist::Checklist| ChecklistRow {
                id: list.id.to_string(),
                version: list.version,
                title: list.title.clone(),
                est_minutes: list.est_minutes,
            };
            Ok(content.lists_for(kind).into_iter().map(row).collect())
        })
    }

    /// The advice slip of a visit, line by line: what was seen, what removes it. About the place only.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn advice_slip(&self, visit: VisitId, lang: Lang) -> Result<Vec<String>, PhoneError> {
        Ok(checklist::advice_slip(&self.visit_show(visit)?.findings, lang))
    }
}
