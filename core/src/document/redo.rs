//! What a change meant, and the same meant again where the record stands otherwise: for work that was built on
//! a change that will never be taken (protocol 4.5 and 4.9). Must not know why it is not taken.

use std::collections::BTreeSet;

use automerge::ReadDoc;

use crate::limits;
use crate::model::{ChangeHash, UtcMillis};

use super::change::{Authorship, MadeChange};
use super::convert;
use super::error::EditError;
use super::fields::Fields;
use super::layout::{Layout, Shape};
use super::rule::check_patches;
use super::touch::{self, FieldPatch, Touch};
use super::write::Writer;
use super::{Document, guard};

/// What one change did, apart from what it leaned on.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// When, by its writer's clock.
    pub at: UtcMillis,
    patches: Vec<FieldPatch>,
}

/// What came of meaning it again.
#[derive(Clone, Debug, PartialEq)]
pub enum Redone {
    /// A change that does the same.
    Made(MadeChange),
    /// The record says it already.
    Same,
    /// It does not fit the record as it stands: nothing was changed.
    Unfit,
}

impl Document {
    /// What a stored change meant; `None` for a birth and for what is not here.
    #[must_use]
    pub fn intent(&self, change: &ChangeHash) -> Option<Intent> {
        let change = self.doc.get_change_by_hash(&convert::engine_hash(change))?;
        let at = convert::time(change.timestamp());
        let touched = guard::quietly(|| touch::touched(&self.doc, &[change])).ok()?.pop()?;
        (!touched.birth).then_some(Intent { at, patches: touched.patches })
    }

    /// Means the same again as one new change, by the rules of every edit.
    #[must_use]
    pub fn redo(&mut self, intent: &Intent, by: &Authorship) -> Redone {
        let Some(layout) = self.kind().map(super::kind::Kind::layout) else { return Redone::Unfit };
        let full = self.doc.stats().num_changes >= limits::DOCUMENT_CHANGES_MAX as u64
            || self.bytes >= limits::DOCUMENT_BYTES_MAX;
        if full {
            return Redone::Unfit;
        }
        let todo = still_to_do(&intent.patches, &Fields::gather(&self.doc, layout));
        if todo.is_empty() {
            return Redone::Same;
        }
        let before = self.clone();
        let made = self.commit(by, intent.at, |w| todo.iter().try_for_each(|p| put(w, layout, p)));
        match made {
            Ok(None) => Redone::Same,
            Ok(Some(made)) if self.fits(&made.hash) => Redone::Made(made),
            Ok(Some(_)) | Err(_) => {
                *self = before;
                Redone::Unfit
            }
        }
    }

    /// Whether a change that was just made here is one that the rules let through.
    fn fits(&self, change: &ChangeHash) -> bool {
        let Some(change) = self.doc.get_change_by_hash(&convert::engine_hash(change)) else {
            return false;
        };
        let touched = guard::quietly(|| touch::touched(&self.doc, &[change])).unwrap_or_default();
        !touched.is_empty() && touched.iter().all(|touched| check_patches(touched).is_ok())
    }
}

/// The patches whose field does not stand as they want it. What was written of one field in two parts, such as
/// a fact and its sighting, stays together.
fn still_to_do<'p>(patches: &'p [FieldPatch], fields: &Fields) -> Vec<&'p FieldPatch> {
    let fresh = |patch: &&FieldPatch| match &patch.touch {
        Touch::Put(value) => !fields
            .cell(&patch.container, &patch.key)
            .is_some_and(|cell| cell.rivals.len() < 2 && cell.value == *value),
        Touch::Remove => fields.cell(&patch.container, &patch.key).is_some(),
        Touch::Append(entry) => {
            !fields.lists.get(patch.container.as_str()).is_some_and(|list| list.contains(entry))
        }
        Touch::Create { .. } | Touch::Foreign => true,
    };
    let keys: BTreeSet<&str> = patches.iter().filter(fresh).map(|p| p.key.as_str()).collect();
    let wanted = |patch: &&FieldPatch| match &patch.touch {
        Touch::Put(_) | Touch::Remove => keys.contains(patch.key.as_str()),
        _ => fresh(patch),
    };
    patches.iter().filter(wanted).collect()
}

fn put(w: &mut Writer<'_, '_>, layout: &Layout, patch: &FieldPatch) -> Result<(), EditError> {
    let none = || EditError::field("part", "one that this version knows");
    let container = layout.container(&patch.container).ok_or_else(none)?;
    match (&patch.touch, container.shape) {
        (Touch::Put(value), Shape::Map) => w.state(container.name, &patch.key, value.clone()),
        (Touch::Remove, Shape::Map) => w.remove(container.name, &patch.key),
        (Touch::Append(entry), Shape::List) => w.append_entry(container.name, entry),
        _ => Err(none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Birth, Edit, PlaceBirth, PlaceEdit, Record, VisitBirth, VisitEdit};
    use crate::model::{Author, DocId, PlaceId, Remark, Role, Scalar};

    fn by(n: u8) -> Authorship {
        Authorship { author: Author([9; 16]), actor: [n; 16] }
    }

    fn place() -> Document {
        let birth = PlaceBirth {
            facts: vec![
                ("kind".to_owned(), Scalar::from("dwelling")),
                ("address".to_owned(), Scalar::from("和平路8号")),
            ],
            by_role: Role::Inspector,
        };
        Document::birth(DocId([1; 16]), &Birth::Place(birth), &by(1), UtcMillis(1)).unwrap().0
    }

    fn fact(name: &str, value: i64, at: i64) -> Edit {
        Edit::Place(PlaceEdit::Facts {
            set: vec![(name.to_owned(), Scalar::Int(value))],
            by_role: Role::Inspector,
            observed_at: UtcMillis(at),
        })
    }

    fn note(text: &str) -> Edit {
        let at = UtcMillis(7);
        let remark = Remark { at, by_role: Role::Inspector, text: text.to_owned() };
        Edit::Place(PlaceEdit::Remark(remark))
    }

    #[test]
    fn later_work_is_meant_again_without_what_it_was_built_on() {
        let base = place();
        let mut branch = base.clone();
        let mut make = |edit: &Edit, at: i64| {
            branch.edit(edit, &by(2), UtcMillis(at)).unwrap().expect("a change").hash
        };
        let _discarded = make(&fact("storeys", 3, 5), 5);
        let later = [make(&fact("dwellings", 12, 6), 6), make(&note("门牌换了"), 7)];
        let mut again = base.clone();
        for change in later {
            let intent = branch.intent(&change).expect("it is there");
            let Redone::Made(made) = again.redo(&intent, &by(3)) else { panic!("it fits") };
            assert_eq!(made.actor, [3; 16], "under an actor of its own");
            // A second time there is nothing left to say.
            assert_eq!(again.redo(&intent, &by(3)), Redone::Same);
        }
        let Record::Place(place) = again.read().record else { panic!("a place") };
        assert!(!place.facts.contains_key("storeys"), "what was not taken is not there");
        let dwellings = &place.facts["dwellings"];
        assert_eq!((&dwellings.value, dwellings.observed_at), (&Scalar::Int(12), UtcMillis(6)));
        assert_eq!(place.remarks.len(), 1);
        assert_eq!(again.intent(&base.heads()[0]), None, "a birth is not meant again");
    }

    #[test]
    fn what_no_longer_fits_changes_nothing() {
        let birth = VisitBirth {
            place: PlaceId(DocId([1; 16])),
            list: "household".to_owned(),
            list_version: 1,
            quick: false,
            by_role: Role::Inspector,
            started_at: UtcMillis(1),
            carried: std::collections::BTreeMap::new(),
        };
        let born = Document::birth(DocId([2; 16]), &Birth::Visit(birth), &by(1), UtcMillis(1));
        let base = born.unwrap().0;
        let mut branch = base.clone();
        let put = vec![("a1".to_owned(), Scalar::Bool(true))];
        let answer = Edit::Visit(VisitEdit::Answers { put, remove: Vec::new() });
        let made = branch.edit(&answer, &by(2), UtcMillis(2)).unwrap().unwrap();
        let intent = branch.intent(&made.hash).unwrap();
        let mut closed = base.clone();
        let finish = Edit::Visit(VisitEdit::Finish { at: UtcMillis(3), findings: Vec::new() });
        closed.edit(&finish, &by(4), UtcMillis(3)).unwrap();
        let heads = closed.heads();
        assert_eq!(closed.redo(&intent, &by(3)), Redone::Unfit);
        assert_eq!(closed.heads(), heads);
        let mut open = base;
        assert!(matches!(open.redo(&intent, &by(3)), Redone::Made(_)));
    }
}
