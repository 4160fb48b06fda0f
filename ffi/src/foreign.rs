//! What the app gives to the core: keys from the phone's hardware, an ear for news, a network of its own.
//!
//! Only traits. The core calls them from its own threads; none may block for long, none may call back.

use std::sync::{Arc, Mutex, PoisonError};

use ironfeet_core::phone::transport::carrier::{Carrier, Errand, Reply};
use ironfeet_core::phone::transport::{Later, TransportError};
use ironfeet_core::phone::{KeyError, Keystore};
use tokio::sync::oneshot;

use crate::photo::PhotoProgress;
use crate::status::Notice;
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

/// Why a key of the phone's hardware did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum SignerFailure {
    /// The phone must be unlocked first. The call ends as `SignIn`; the next one asks again.
    #[error("the phone's keystore is locked")]
    Locked,
    /// The key is not there any more and never comes back: the call ends as `EnrolAgain`.
    #[error("the key is gone")]
    Gone,
    /// Anything else.
    #[error("the phone's keystore failed")]
    Failed {
        /// What failed, for the app's own log; the core drops it.
        why: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for SignerFailure {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let uniffi::UnexpectedUniFFICallbackError { reason: why } = error;
        Self::Failed { why }
    }
}

impl From<SignerFailure> for KeyError {
    fn from(failure: SignerFailure) -> Self {
        match failure {
            SignerFailure::Locked => Self::Locked,
            SignerFailure::Gone => Self::Gone,
            SignerFailure::Failed { why: _ } => Self::Failed,
        }
    }
}

/// Signs by keys that the phone's hardware holds (Android Keystore, Secure Enclave). The app implements it;
/// without one the core makes a key of its own and keeps it in the encrypted store.
///
/// The core asks for one key at enrolment, and for another when its data turns out to be a copy. It keeps the
/// name and the public key; the key itself never leaves the hardware.
#[uniffi::export(with_foreign)]
pub trait Signer: Send + Sync {
    /// Makes a key for ECDSA over P-256 under a new name of 32 letters and digits, usable without asking the
    /// person each time. Gives the public key: the 65 bytes of the point (X9.63, what Apple gives), or the
    /// `SubjectPublicKeyInfo` (what Java's `getEncoded` gives). 32 bytes of Ed25519 are taken as well.
    ///
    /// # Errors
    /// `Locked`, `Failed`.
    fn make_key(&self, name: String) -> Result<Vec<u8>, SignerFailure>;

    /// Signs a message by the key of that name: ECDSA with SHA-256, as ASN.1 DER or as 64 bytes (Ed25519
    /// for such a key). With each request of a sync and each package of work; some 100 ms are fine.
    ///
    /// # Errors
    /// `Locked`, `Gone` when there is no key of that name, `Failed`.
    fn sign(&self, name: String, message: Vec<u8>) -> Result<Vec<u8>, SignerFailure>;
}

/// The app's keys as the core knows them.
pub(crate) struct Held(pub(crate) Arc<dyn Signer>);

impl Keystore for Held {
    fn make(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.make_key(name.to_owned())?)
    }

    fn sign(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.sign(name.to_owned(), message.to_vec())?)
    }
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

    /// How far the photos on their way have come. From the core's own thread; return at once.
    ///
    /// # Errors
    /// Whatever it throws is dropped.
    fn photos_progressed(&self, progress: PhotoProgress) -> Result<(), ForeignError>;

    /// A sync brought a notice: what was refused, what waits for review, what a review decided. Each once, oldest
    /// first, at the end of the sync; `notices` has it until it is put away. From the core's own thread; return at
    /// once.
    ///
    /// # Errors
    /// Whatever it throws is dropped.
    fn noticed(&self, notice: Notice) -> Result<(), ForeignError>;
}

/// A request, as any HTTP client can send it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WebRequest {
    /// `GET`, `HEAD`, `POST` or `PATCH`.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Headers to send.
    pub headers: Vec<WebHeader>,
    /// The body; empty with `GET` and `HEAD`.
    pub body: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WebResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers received; `Content-Range`, `Retry-After`, `Location`, `Upload-Offset` and `Upload-Length` are read.
    pub headers: Vec<WebHeader>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A header of a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WebHeader {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Why there is no answer at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TransportFailure {
    /// No network, no such host, connection cut.
    #[error("the server cannot be reached")]
    Offline,
    /// The server took too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Untrusted,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for TransportFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Offline
    }
}

impl From<TransportFailure> for TransportError {
    fn from(failure: TransportFailure) -> Self {
        match failure {
            TransportFailure::Offline => Self::Offline,
            TransportFailure::Timeout => Self::Timeout,
            TransportFailure::Untrusted => Self::Untrusted,
        }
    }
}

/// The way to the server, where the app must use its own: a managed device's VPN, a proxy, a pinned
/// certificate. Without one, the core has a way of its own (HTTPS by rustls), and an app needs nothing.
///
/// The wrappers make one of an `async` function; uniffi's own async traits do not compile with Swift 6.0.
#[uniffi::export(with_foreign)]
pub trait Transport: Send + Sync {
    /// Sends one request and gives the answer, whatever its status, to `reply`, later and from any thread;
    /// return at once. Follows no redirect, keeps no cookie and no copy, asks nobody but the server of the
    /// address.
    ///
    /// # Errors
    /// Why the request could not even be begun.
    fn carry(&self, request: WebRequest, reply: Arc<WebReply>) -> Result<(), TransportFailure>;
}

/// What became of a request.
type Outcome = Result<WebResponse, TransportFailure>;

/// Where the outcome of a request is waited for. The first one counts; without any, there was no network.
#[derive(Debug, uniffi::Object)]
pub struct WebReply(Mutex<Option<oneshot::Sender<Outcome>>>);

#[uniffi::export]
impl WebReply {
    /// The answer has come.
    pub fn answer(&self, response: WebResponse) {
        self.tell(Ok(response));
    }

    /// There will be none.
    pub fn fail(&self, why: TransportFailure) {
        self.tell(Err(why));
    }
}

impl WebReply {
    fn tell(&self, outcome: Outcome) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A sync that was stopped does not wait any more.
        let _nobody_waits = waiting.map(|sender| sender.send(outcome));
    }
}

/// The app's way as the core knows it.
pub(crate) struct Borne(pub(crate) Arc<dyn Transport>);

impl Carrier for Borne {
    fn carry(&self, errand: Errand) -> Later<'_, Reply> {
        Box::pin(async move {
            let (sender, outcome) = oneshot::channel();
            let reply = Arc::new(WebReply(Mutex::new(Some(sender))));
            self.0.carry(errand.into(), reply)?;
            let outcome = outcome.await.unwrap_or(Err(TransportFailure::Offline));
            Ok(outcome?.into())
        })
    }
}

impl From<Errand> for WebRequest {
    fn from(errand: Errand) -> Self {
        let Errand { method, url, headers, body } = errand;
        let header = |(name, value): (&str, String)| WebHeader { name: name.to_owned(), value };
        let headers = headers.into_iter().map(header).collect();
        Self { method: method.to_owned(), url, headers, body }
    }
}

impl From<WebResponse> for Reply {
    fn from(response: WebResponse) -> Self {
        let WebResponse { status, headers, body } = response;
        let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
        Self { status, headers, body }
    }
}
