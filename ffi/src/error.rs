//! What went wrong, named by what the app must do.
//!
//! Knows the core's own list and the app's; texts are in the person's language, and none of them holds an
//! answer, a name, a number or an address.

use ironfeet_core::phone;

use crate::foreign::ForeignError;
use crate::words::{Lang, PersonalMark};

/// What the app must do, because the phone did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PhoneError {
    /// Try again a little later: somebody else uses the store, or the network is gone.
    #[error("try again later: {why}")]
    Retry {
        /// Why, to show.
        why: String,
    },
    /// Ask who is working: the store is locked, or the phone's keystore is.
    #[error("sign in first")]
    SignIn,
    /// The key by which this phone signs is gone from its hardware: scan a new enrolment code and call `enrol`.
    /// Nothing is lost; unsent work stays and is signed by the new key.
    #[error("enrol again: {why}")]
    EnrolAgain {
        /// Why, to show.
        why: String,
    },
    /// Ask the person to update the app: a newer one wrote this store. Nothing was touched.
    #[error("the store has version {found}, this app knows up to {known}")]
    UpdateApp {
        /// Version of the store.
        found: i64,
        /// The newest version this app knows.
        known: i64,
    },
    /// Ask the person to make room on the phone. Nothing of this call was kept.
    #[error("no room on the phone")]
    StorageFull,
    /// Show the text at the field.
    #[error("{field}: {why}")]
    InvalidInput {
        /// The field, or the item of a checklist.
        field: String,
        /// What would be right, to show.
        why: String,
    },
    /// Ask the person to take these stretches out of the text: they look like numbers of people.
    #[error("the text seems to hold a personal number")]
    PersonalText {
        /// Where.
        marks: Vec<PersonalMark>,
    },
    /// Tell the person what was saved. With `moved_to`, the damaged file was moved aside, what could be read
    /// is in a new store, and the same call may be made again. Without it nothing was done.
    #[error("the store was damaged")]
    DamagedStore {
        /// How many changes were saved.
        saved: i64,
        /// Where the damaged file is kept; never deleted.
        moved_to: Option<String>,
    },
    /// Show the text: it is not allowed, or not possible now.
    #[error("{why}")]
    Refused {
        /// Stable code, for the app's own decisions.
        code: String,
        /// Why, to show.
        why: String,
    },
    /// The key from the vault does not open this store. Nothing was touched. Offer another person, or rescue.
    #[error("the key does not open this store")]
    WrongKey,
    /// Go back to the list: there is no such thing on this phone.
    #[error("no such {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// A fault of ours. Offer to send the diagnostics; the store is whole.
    #[error("internal")]
    Internal,
}

impl PhoneError {
    /// A wrong input, told by this floor.
    pub(crate) fn invalid(field: &str, why: &str) -> Self {
        Self::InvalidInput { field: field.to_owned(), why: why.to_owned() }
    }

    /// The core's error in a language.
    pub(crate) fn told(error: phone::PhoneError, lang: Lang) -> Self {
        use phone::PhoneError as Core;
        let lang = lang.into();
        match error {
            Core::WrongKey => Self::WrongKey,
            Core::NewerThanApp { found, known } => Self::UpdateApp { found, known },
            Core::Damaged { moved_to, salvaged } => Self::DamagedStore {
                saved: salvaged.map_or(0, |saved| saved.changes),
                moved_to: moved_to.map(|path| path.to_string_lossy().into_owned()),
            },
            Core::StorageFull => Self::StorageFull,
            Core::Invalid { field, message } => {
                Self::InvalidInput { field, why: message.get(lang).to_owned() }
            }
            Core::PersonalText { field: _, marks } => {
                Self::PersonalText { marks: marks.into_iter().map(Into::into).collect() }
            }
            Core::Refused { code, text } => {
                Self::Refused { code: code.to_owned(), why: text.get(lang).to_owned() }
            }
            Core::NotFound { what } => Self::NotFound { what: what.to_owned() },
            Core::Content(errors) => Self::invalid("content", &errors.to_string()),
            Core::Busy => Self::Retry { why: busy(lang).to_owned() },
            Core::Internal { what: _, source: _ } => Self::Internal,
        }
    }
}

fn busy(lang: ironfeet_core::model::Lang) -> &'static str {
    match lang {
        ironfeet_core::model::Lang::Zh => "数据正被另一进程使用",
        ironfeet_core::model::Lang::En => "the store is in use by another process",
    }
}

impl From<ForeignError> for PhoneError {
    fn from(error: ForeignError) -> Self {
        match error {
            ForeignError::Locked => Self::SignIn,
            ForeignError::Failed { why } => Self::Refused { code: "app".to_owned(), why },
        }
    }
}
