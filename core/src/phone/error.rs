//! What an app must do when something was not done. Names of fields appear, answers never.

use std::path::PathBuf;

use crate::checklist::{AnswerError, ContentErrors};
use crate::document::{EditError, LoadError};
use crate::model::{PersonalMark, Text};
use crate::store::StoreError;
use crate::store::salvage::Salvaged;

/// Why the phone did not do something, by what the app must do.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Ask for the key again. Nothing on disk was touched.
    #[error("the key does not open this store")]
    WrongKey,
    /// Update the app. Nothing on disk was touched.
    #[error("the store has version {found}, this app knows up to {known}")]
    NewerThanApp {
        /// Version of the store.
        found: i64,
        /// Newest version this app knows.
        known: i64,
    },
    /// The database was damaged. With `salvaged`, what could be read is in a new store already and
    /// the same call may be made again; without, the file stands as it was and nothing was done.
    #[error("the store is damaged")]
    Damaged {
        /// Where the damaged file is kept.
        moved_to: Option<PathBuf>,
        /// What was saved.
        salvaged: Option<Box<Salvaged>>,
    },
    /// Make room on the phone and try again. Nothing of this call was kept.
    #[error("no room on the disk")]
    StorageFull,
    /// Show the message at the field.
    #[error("{field}: {}", message.en)]
    Invalid {
        /// The field or item.
        field: String,
        /// What would be right, in both languages.
        message: Text,
    },
    /// The text seems to hold a personal number: ask the person to take it out.
    #[error("{field}: the text seems to hold a personal number; take it out")]
    PersonalText {
        /// The field or item.
        field: String,
        /// Where in the text, in characters.
        marks: Vec<PersonalMark>,
    },
    /// Not allowed or not possible now; show the text.
    #[error("{}", text.en)]
    Refused {
        /// Stable code.
        code: &'static str,
        /// Why, in both languages.
        text: Text,
    },
    /// There is no such thing on this phone.
    #[error("no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The checklist file is not right; each error names list, item and line.
    #[error("the checklists are not right")]
    Content(#[source] ContentErrors),
    /// Another process uses the store; try again.
    #[error("the store is in use by another process")]
    Busy,
    /// The disk or the engine failed; report it.
    #[error("internal: {what}")]
    Internal {
        /// In which step.
        what: &'static str,
        /// The cause, without content.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl PhoneError {
    pub(super) fn invalid(field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let message = Text { zh: zh.into(), en: en.into() };
        Self::Invalid { field: field.to_owned(), message }
    }

    pub(super) fn refused(code: &'static str, zh: &str, en: &str) -> Self {
        Self::Refused { code, text: Text { zh: zh.to_owned(), en: en.to_owned() } }
    }

    pub(super) fn internal(
        what: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Internal { what, source: Some(Box::new(source)) }
    }
}

impl From<StoreError> for PhoneError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::WrongKey => Self::WrongKey,
            StoreError::Missing => Self::NotFound { what: "store" },
            StoreError::Exists => Self::refused(
                "store_exists",
                "此目录已有数据，未作改动",
                "there is already a store here; nothing was changed",
            ),
            StoreError::Newer { found, known } => Self::NewerThanApp { found, known },
            StoreError::Damaged => Self::Damaged { moved_to: None, salvaged: None },
            StoreError::Full => Self::StorageFull,
            StoreError::Busy => Self::Busy,
            StoreError::Sealed => Self::invalid(
                "file",
                "密封文件无法打开：密钥不对或内容已损坏",
                "the sealed file does not open: wrong key or changed bytes",
            ),
            error @ (StoreError::Disk(_) | StoreError::Sql(_)) => Self::internal("store", error),
        }
    }
}

impl From<EditError> for PhoneError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Field { field, expected } => {
                Self::invalid(&field, format!("应为：{expected}"), format!("expected {expected}"))
            }
            EditError::Finished => Self::refused(
                "visit_finished",
                "走访已结束，答案不再改动",
                "the visit is finished; its answers stay as they are",
            ),
            EditError::NoConflict { .. } => Self::refused(
                "no_conflict",
                "此处没有待选的冲突值",
                "there is no such value in conflict",
            ),
            EditError::Full | EditError::TooLarge => Self::refused(
                "record_full",
                "记录已满，请新建",
                "the record is full; begin a new one",
            ),
            EditError::Kind { expected } => Self::NotFound { what: expected },
            error => Self::internal("document", error),
        }
    }
}

impl From<LoadError> for PhoneError {
    fn from(error: LoadError) -> Self {
        Self::internal("document", error)
    }
}

impl From<AnswerError> for PhoneError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::NotAsked { item } => {
                Self::invalid(&item, "此项现在不问", "this item is not asked in this visit now")
            }
            AnswerError::Invalid { item, expected } => {
                Self::Invalid { field: item, message: expected }
            }
            AnswerError::Personal { item, marks } => Self::PersonalText { field: item, marks },
        }
    }
}
