//! Fields with more than one value, for a person to choose.

use ironfeet_core::phone::{self, Phone};

use crate::words::{Lang, shown};

/// A field that two people wrote without knowing of each other.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Conflict {
    /// The record.
    pub doc: String,
    /// The part of the record, such as `facts` or `answers`.
    pub container: String,
    /// The field or item, such as `building_type` or `HH-A1`.
    pub field: String,
    /// What the field is, in the person's language: the label of a fact, the question of an answer.
    pub label: String,
    /// Every value; the one shown meanwhile is last.
    pub values: Vec<ConflictValue>,
}

/// One of the values of a field in conflict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ConflictValue {
    /// The value, as a person would type it.
    pub value: String,
    /// The value in words, in the person's language.
    pub words: String,
    /// Pseudonym of who wrote it, where known.
    pub author: Option<String>,
    /// When, by the writer's clock, ms since 1970.
    pub at: i64,
    /// Names this value when it is chosen.
    pub change: String,
    /// Whether it is the one shown until a person chooses.
    pub shown: bool,
}

/// Conflicts in a language; the words come from the phone's checklists.
pub(crate) fn told(
    conflicts: Vec<phone::ConflictView>,
    phone: &Phone,
    lang: Lang,
) -> Result<Vec<Conflict>, phone::PhoneError> {
    let one = |conflict| {
        let words = phone.conflict_words(&conflict)?;
        Ok(Conflict::told(conflict, words, lang))
    };
    conflicts.into_iter().map(one).collect()
}

impl Conflict {
    fn told(conflict: phone::ConflictView, words: phone::ConflictWords, lang: Lang) -> Self {
        let phone::ConflictView { doc, container, field, values } = conflict;
        let phone::ConflictWords { field: label, values: texts } = words;
        let told = |(value, text): (_, ironfeet_core::model::Text)| {
            ConflictValue::told(value, text.get(lang.into()).to_owned())
        };
        Self {
            doc: doc.to_string(),
            container,
            field,
            label: label.get(lang.into()).to_owned(),
            values: values.into_iter().zip(texts).map(told).collect(),
        }
    }
}

impl ConflictValue {
    fn told(candidate: phone::ConflictValueView, words: String) -> Self {
        let phone::ConflictValueView { value, author, at, change, winner } = candidate;
        Self {
            value: shown(value),
            words,
            author: author.map(|a| a.to_string()),
            at: at.0,
            change: change.to_string(),
            shown: winner,
        }
    }
}
