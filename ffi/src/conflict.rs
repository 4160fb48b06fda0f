//! Fields with more than one value, for a person to choose.

use ironfeet_core::phone;

use crate::words::shown;

/// A field that two people wrote without knowing of each other.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Conflict {
    /// The record.
    pub doc: String,
    /// The part of the record, such as `facts` or `answers`.
    pub container: String,
    /// The field or item, such as `building_type` or `HH-A1`.
    pub field: String,
    /// Every value; the one shown meanwhile is last.
    pub values: Vec<ConflictValue>,
}

/// One of the values of a field in conflict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ConflictValue {
    /// The value.
    pub value: String,
    /// Pseudonym of who wrote it, where known.
    pub author: Option<String>,
    /// When, by the writer's clock, ms since 1970.
    pub at: i64,
    /// Names this value when it is chosen.
    pub change: String,
    /// Whether it is the one shown until a person chooses.
    pub shown: bool,
}

impl From<phone::ConflictView> for Conflict {
    fn from(conflict: phone::ConflictView) -> Self {
        let phone::ConflictView { doc, container, field, values } = conflict;
        Self {
            doc: doc.to_string(),
            container,
            field,
            values: values.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<phone::ConflictValueView> for ConflictValue {
    fn from(candidate: phone::ConflictValueView) -> Self {
        let phone::ConflictValueView { value, author, at, change, winner } = candidate;
        Self {
            value: shown(value),
            author: author.map(|a| a.to_string()),
            at: at.0,
            change: change.to_string(),
            shown: winner,
        }
    }
}
