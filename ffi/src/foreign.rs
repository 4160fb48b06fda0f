//! What the app gives to the core: keys from the phone's hardware, an ear for news.
//!
//! Only traits. The core calls them from its own threads; none may block for long, none may call back.

use crate::sync::Progress;

/// A method of the app's failed. Say in a few words what happened; no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ForeignError {
    /// The keystore is locked: the person must unlock the phone first.
    #[error("the phone's keystore is locked")]
    Locked,
    /// Anything else.
    #[error("the app's own part failed")]
    Failed {
        /// What failed, for the log.
        why: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ForeignError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let uniffi::UnexpectedUniFFICallbackError { reason: why } = error;
        Self::Failed { why }
    }
}

/// Keeps the keys of the stores. The app implements it over the Android Keystore or the iOS Keychain.
#[uniffi::export(with_foreign)]
pub trait KeyVault: Send + Sync {
    /// The 32 bytes that open this person's store: made at random when asked for the first time, the same
    /// ever after. They must be kept where backups do not reach; who loses them loses what was not synced.
    ///
    /// # Errors
    /// `Locked` when the phone must be unlocked first, `Failed` otherwise.
    fn store_key(&self, person: String) -> Result<Vec<u8>, ForeignError>;
}

/// Hears what happens. The app implements it, or takes the flows and streams of the wrapper.
#[uniffi::export(with_foreign)]
pub trait Listener: Send + Sync {
    /// Something that a screen may show has changed, by this phone or by a sync: read it again. May be
    /// called often and from any thread; return at once.
    ///
    /// # Errors
    /// Whatever it throws is dropped.
    fn changed(&self) -> Result<(), ForeignError>;

    /// How far the running sync has come. From the core's own thread; return at once.
    ///
    /// # Errors
    /// Whatever it throws is dropped.
    fn progressed(&self, progress: Progress) -> Result<(), ForeignError>;
}
