//! What became of our own value where somebody else had written another one: the person who wrote it is told.

use std::collections::BTreeMap;

use crate::document::{Conflict, Document, Reading, Record};
use crate::model::{Author, ChangeHash, DocId, Scalar, UtcMillis};
use crate::store::{Db, StoreError, document, inbox};

use super::apply::Standing;

/// A field that held a value of ours beside another one, and holds one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The record.
    pub doc: DocId,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// Whether ours was taken.
    pub ours: bool,
}

impl Settled {
    /// The code of its notice.
    pub(super) const CODE: &'static str = "conflict_settled";

    pub(super) fn tell(&self, db: &Db, now: UtcMillis) -> Result<(), StoreError> {
        let whose = if self.ours { "ours" } else { "other" };
        let text = format!("{whose} {} {}", self.container, self.field);
        inbox::add(db, Some((self.doc, None)), Self::CODE, &text, now.0)
    }
}

/// What is looked at while changes come in.
pub(super) struct Watched {
    own: Author,
    known: Vec<Conflict>,
    /// Changes that bring lines of a history together: whoever made them may have chosen.
    joining: Vec<ChangeHash>,
}

impl Watched {
    /// Before the changes come in.
    pub(super) fn of(reading: &Reading, fresh: &[Standing], own: Author) -> Self {
        let joins = fresh.iter().filter(|(parts, _)| parts.deps.len() > 1);
        let joining = joins.map(|(parts, _)| parts.hash).collect();
        Self { own, known: reading.conflicts.clone(), joining }
    }

    /// After they came in and their rows were written.
    pub(super) fn settled(
        self,
        db: &Db,
        doc: DocId,
        now: &Reading,
    ) -> Result<Vec<Settled>, StoreError> {
        let document = match &self.joining[..] {
            [] => None,
            _ => {
                let rows = document::changes(db, doc, 0)?;
                Document::from_changes(doc, rows.iter().map(|row| &row.raw[..])).ok()
            }
        };
        let past = self.joining.iter().filter_map(|hash| document.as_ref()?.before(hash));
        let seen = self.known.into_iter().chain(past.flat_map(|past| past.read().conflicts));
        let mut ended: BTreeMap<(String, String), bool> = BTreeMap::new();
        for conflict in seen {
            let same =
                |c: &&Conflict| c.container == conflict.container && c.field == conflict.field;
            if now.conflicts.iter().any(|c| same(&c)) {
                continue;
            }
            let ours = conflict.values.iter().find(|value| value.author == Some(self.own));
            if let Some(ours) = ours {
                let taken = value(now, &conflict.container, &conflict.field);
                let is_ours = taken.as_ref() == Some(&ours.value);
                ended.insert((conflict.container, conflict.field), is_ours);
            }
        }
        let tell = |((container, field), ours)| Settled { doc, container, field, ours };
        Ok(ended.into_iter().map(tell).collect())
    }
}

/// What a field says now, of facts and answers.
fn value(reading: &Reading, container: &str, field: &str) -> Option<Scalar> {
    match (&reading.record, container) {
        (Record::Place(place), "facts") => place.facts.get(field).map(|fact| fact.value.clone()),
        (Record::Visit(visit), "answers") => visit.answers.get(field).cloned(),
        _ => None,
    }
}
