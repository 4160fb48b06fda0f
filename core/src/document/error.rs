//! What can go wrong when a record is edited or loaded.
//!
//! Variants by what the caller can do. Names of fields appear, values never.

use crate::limits;

/// Why an edit was not made. The document is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A field does not exist, or the value does not fit it. Show what would be right.
    #[error("{field}: expected {expected}")]
    Field {
        /// The field or item.
        field: String,
        /// What would be right.
        expected: String,
    },
    /// The visit is finished: only remarks, photos and settling are possible.
    #[error("the visit is finished; its answers stay as they are")]
    Finished,
    /// The edit is for another kind of record.
    #[error("the record is no {expected}")]
    Kind {
        /// The kind that the edit is for.
        expected: &'static str,
    },
    /// There is nothing to settle, or the chosen value is not among those in conflict.
    #[error("{field}: no such value in conflict")]
    NoConflict {
        /// The field.
        field: String,
    },
    /// The record has reached its largest size; it must be reborn by the server.
    #[error(
        "the record is full ({} changes, {} bytes)",
        limits::DOCUMENT_CHANGES_MAX,
        limits::DOCUMENT_BYTES_MAX
    )]
    Full,
    /// The edit does not fit one change: make it in smaller parts.
    #[error("the edit is too large for one change ({} bytes)", limits::CHANGE_BYTES_MAX)]
    TooLarge,
    /// The actor already speaks for another author in this document: make a fresh one.
    #[error("this actor belongs to another author; a fresh one is needed")]
    ActorTaken,
    /// A container of the layout is missing: the record is damaged or of an unknown layout.
    #[error("the record lacks its part {container}")]
    Missing {
        /// The container.
        container: &'static str,
    },
    /// The document engine refused; a bug or a damaged document.
    #[error("the document engine refused the edit")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EditError {
    pub(super) fn field(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Field { field: field.into(), expected: expected.into() }
    }

    pub(super) fn engine(error: automerge::AutomergeError) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// Why a document could not be opened from its bytes.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The snapshot or a change is damaged: rebuild from the rows, or fetch again.
    #[error("the bytes of the record are damaged ({0})")]
    Damaged(&'static str),
    /// Changes are missing; these are the hashes that others lean on.
    #[error("{} changes of the record are missing", .0.len())]
    Missing(Vec<crate::model::ChangeHash>),
}
