//! One person's store, open: what an app can do, one line per method.
//!
//! Ids arrive as texts and are parsed by [`id`]; records arrive mirrored; everything else is the core's.

mod device;
mod network;
mod photos;
mod places;
mod visits;
mod work;

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use ironfeet_core::model::IdError;
use ironfeet_core::phone::Phone;

use crate::error::PhoneError;
use crate::foreign::{KeyVault, Listener, Signer, Transport};
use crate::guard::{self, guarded};
use crate::home::{self, Home, Post};
use crate::status::Recovered;
use crate::words::Lang;

/// One person's store, open. The wrappers of the packages make it pleasant; see `Phone` there.
#[derive(uniffi::Object)]
pub struct PhoneCore {
    /// `None` once locked.
    phone: RwLock<Option<Arc<Phone>>>,
    language: RwLock<Lang>,
    person: String,
    listener: Arc<dyn Listener>,
    transport: Option<Arc<dyn Transport>>,
}

/// What the app gave to an open store: an ear, and perhaps a way to the server.
type Given = (Arc<dyn Listener>, Option<Arc<dyn Transport>>);

/// The shape of what the core answers.
type Answer<T> = Result<T, ironfeet_core::phone::PhoneError>;

impl PhoneCore {
    fn of(phone: Phone, person: String, (listener, transport): Given, language: Lang) -> Self {
        guard::hush();
        let phone = RwLock::new(Some(Arc::new(phone)));
        Self { phone, language: RwLock::new(language), person, listener, transport }
    }

    fn phone(&self) -> Result<Arc<Phone>, PhoneError> {
        let phone = self.phone.read().unwrap_or_else(PoisonError::into_inner);
        phone.clone().ok_or(PhoneError::SignIn)
    }

    /// Asks the core.
    fn ask<T>(&self, call: impl FnOnce(&Phone) -> Answer<T>) -> Result<T, PhoneError> {
        let (phone, language) = (self.phone()?, self.language());
        guarded(|| call(&phone).map_err(|error| PhoneError::told(error, language)))
    }

    /// Asks the core to write something down, and tells the screens.
    fn act<T>(&self, call: impl FnOnce(&Phone) -> Answer<T>) -> Result<T, PhoneError> {
        let done = self.ask(call)?;
        // An ear that fails must not undo what is on disk.
        let _ = self.listener.changed();
        Ok(done)
    }
}

/// An id from its text.
fn id<T: FromStr<Err = IdError>>(text: &str) -> Result<T, PhoneError> {
    text.parse().map_err(|e: IdError| PhoneError::invalid(e.what, e.expected))
}

fn key(bytes: Vec<u8>) -> Result<[u8; 32], PhoneError> {
    bytes.try_into().map_err(|_| PhoneError::invalid("seal_key", "32 bytes"))
}

#[uniffi::export]
impl PhoneCore {
    /// Makes the store of a person new to this phone; works without a network.
    ///
    /// # Errors
    /// `Refused` when there is one already or the post may not use a phone, `InvalidInput`, `StorageFull`.
    #[uniffi::constructor]
    #[expect(clippy::needless_pass_by_value, reason = "uniffi hands records over by value")]
    pub fn begin(
        home: Home,
        vault: Arc<dyn KeyVault>,
        listener: Arc<dyn Listener>,
        transport: Option<Arc<dyn Transport>>,
        signer: Option<Arc<dyn Signer>>,
        post: Post,
        language: Lang,
    ) -> Result<Self, PhoneError> {
        let person = home::person(&post.person)?;
        let grids = home::grids(&post.grids)?;
        let options = home::options(&home, vault.as_ref(), signer, &person)?;
        let made = guarded(|| {
            Phone::init(options, person, post.role.into(), &grids)
                .map_err(|error| PhoneError::told(error, language))
        })?;
        Ok(Self::of(made, post.person, (listener, transport), language))
    }

    /// Opens the store of a person who has worked on this phone before.
    ///
    /// # Errors
    /// `NotFound`, `WrongKey`, `UpdateApp`: nothing was touched. `DamagedStore` when nothing could be saved.
    #[uniffi::constructor]
    #[expect(clippy::needless_pass_by_value, reason = "uniffi hands records over by value")]
    pub fn open(
        home: Home,
        vault: Arc<dyn KeyVault>,
        listener: Arc<dyn Listener>,
        transport: Option<Arc<dyn Transport>>,
        signer: Option<Arc<dyn Signer>>,
        person: String,
        language: Lang,
    ) -> Result<Self, PhoneError> {
        let options = home::options(&home, vault.as_ref(), signer, &home::person(&person)?)?;
        let open =
            guarded(|| Phone::open(options).map_err(|error| PhoneError::told(error, language)))?;
        Ok(Self::of(open, person, (listener, transport), language))
    }

    /// Locks the store: the key is wiped once running calls are over, and every later call is `SignIn`.
    pub fn lock(&self) {
        self.phone.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whose store it is.
    #[must_use]
    pub fn person(&self) -> String {
        self.person.clone()
    }

    /// The language of questions, findings and messages.
    #[must_use]
    pub fn language(&self) -> Lang {
        *self.language.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the language.
    pub fn set_language(&self, language: Lang) {
        *self.language.write().unwrap_or_else(PoisonError::into_inner) = language;
    }

    /// What was saved, when this opening or a call since met a damaged file. Tell the person.
    ///
    /// # Errors
    /// `SignIn`.
    pub fn recovered(&self) -> Result<Option<Recovered>, PhoneError> {
        self.ask(|phone| Ok(phone.recovered().map(Into::into)))
    }
}

fn rows<A: Into<B>, B>(rows: Vec<A>) -> Vec<B> {
    rows.into_iter().map(Into::into).collect()
}
