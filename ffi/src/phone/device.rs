//! The phone itself: how it stands, whether it is whole, rescue. One line per method.
//! Must not let content of a record into the diagnostics.

use std::path::Path;

use ironfeet_core::phone::Phone;

use super::{PhoneCore, key};
use crate::error::PhoneError;
use crate::status::{self, Rescued, Status};
use crate::verify::VerifyReport;

#[uniffi::export]
impl PhoneCore {
    /// How the phone stands.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn status(&self) -> Result<Status, PhoneError> {
        self.ask(Phone::status).map(|status| Status::told(status, self.language()))
    }

    /// How the phone stands, line by line in the person's language, what asks for an act first: what failed, what
    /// waits to be sent, how long the phone may work offline, what waits for review.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn status_words(&self) -> Result<Vec<String>, PhoneError> {
        self.ask(|phone| phone.status_words(self.language().into()))
    }

    /// Reads every record strictly and tells whether all is whole. May take seconds.
    ///
    /// # Errors
    /// `DamagedStore`.
    pub fn verify(&self) -> Result<VerifyReport, PhoneError> {
        self.ask(Phone::verify).map(Into::into)
    }

    /// Counts and versions for a request for help: no person, no installation, no content of a record.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn diagnostics(&self) -> Result<String, PhoneError> {
        self.status().map(|status| status::diagnostics(&status))
    }

    /// Writes all unsent work into a new file sealed with a 32-byte key; on disk when it returns.
    ///
    /// # Errors
    /// `Refused` when the file exists, `StorageFull`.
    pub fn rescue_export(&self, file: &str, seal_key: Vec<u8>) -> Result<Rescued, PhoneError> {
        let key = key(seal_key)?;
        self.ask(|phone| phone.rescue_export(Path::new(file), &key)).map(Into::into)
    }

    /// Takes a rescue file in: all of it, or nothing.
    ///
    /// # Errors
    /// `InvalidInput` when the key is wrong or the file was changed or cut off.
    pub fn rescue_import(&self, file: &str, seal_key: Vec<u8>) -> Result<Rescued, PhoneError> {
        let key = key(seal_key)?;
        self.act(|phone| phone.rescue_import(Path::new(file), &key)).map(Into::into)
    }

    /// For quiet moments, such as the app going to the background; never needed for safety.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn tend(&self) -> Result<(), PhoneError> {
        self.ask(Phone::tend)
    }

    /// Fails as a fault inside the core would, by a panic: always `Internal`. For the app's own tests of
    /// how it tells a person and reports; the store stays whole and the phone goes on.
    ///
    /// # Errors
    /// `Internal`, always.
    pub fn rehearse_fault(&self) -> Result<(), PhoneError> {
        self.ask(|_| panic!("a fault rehearsed by the app"))
    }
}
