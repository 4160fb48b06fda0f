//! Two people wrote the same field without knowing of each other: both values stay until one is chosen.

use crate::model::{Author, ChangeHash, DocId, Scalar, UtcMillis};

/// A field that holds more than one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The record.
    pub doc: DocId,
    /// The part of the record, such as `facts`, `answers`, `head`, `findings`.
    pub container: String,
    /// The field or item, such as `building_type` or `HH-A1`; in findings `CODE.field`.
    pub field: String,
    /// Every value; the one shown meanwhile is last. The order is the same on every device.
    pub values: Vec<ConflictValue>,
}

/// One of the values of a field in conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictValue {
    /// The value.
    pub value: Scalar,
    /// Who wrote it, where the change says so.
    pub author: Option<Author>,
    /// When, by the writer's clock (may be wrong; nothing is ordered by it).
    pub at: UtcMillis,
    /// The change that wrote it; names the value when one is chosen.
    pub change: ChangeHash,
    /// Whether this one is shown until a person chooses.
    pub winner: bool,
}

/// A person's choice among the values of a field in conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The part of the record, as in [`Conflict::container`].
    pub container: String,
    /// The field, as in [`Conflict::field`].
    pub field: String,
    /// The change that wrote the chosen value, as in [`ConflictValue::change`].
    pub choose: ChangeHash,
}
