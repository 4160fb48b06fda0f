//! Enrolment and sync as an app starts, watches and stops them.
//!
//! The work runs as a task of tokio, so that neither a Kotlin dispatcher nor Swift's pool waits for the disk;
//! dropping the call drops the task, which may end between any two slices. Knows `core::phone`'s driver only.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ironfeet_core::model::HashText;
use ironfeet_core::phone::sync as core;
use ironfeet_core::phone::transport::carrier::Carried;
use ironfeet_core::phone::transport::{Http, Transport as Way, TransportError};
use ironfeet_core::phone::{EnrolWith, Invitation, KeyError, Phone, PhotoProgress};
use tokio::task::JoinSet;

use crate::error::PhoneError;
use crate::foreign::{Borne, Listener, Transport};
use crate::photo::{PhotoBudget, PhotoReport};
use crate::status::Notice;
use crate::words::Lang;

/// Version that the server is told.
const APP: &str = concat!("ironfeet-ffi/", env!("CARGO_PKG_VERSION"));

/// Stops a sync from outside: give it to the call, keep it, and say `stop`.
#[derive(Debug, Default, uniffi::Object)]
pub struct Stop(AtomicBool);

#[uniffi::export]
impl Stop {
    /// One that stops nothing yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the sync at the end of its slice. What came before is kept; the next sync goes on from there.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How far a sync has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Progress {
    /// Records taken in so far.
    pub documents_done: u64,
    /// Records that will come, as far as known.
    pub documents_total: u64,
    /// Bytes received so far.
    pub bytes_done: u64,
    /// Bytes that will come, as far as known.
    pub bytes_total: u64,
}

impl From<core::Progress> for Progress {
    fn from(progress: core::Progress) -> Self {
        let core::Progress { documents_done, documents_total, bytes_done, bytes_total } = progress;
        Self { documents_done, documents_total, bytes_done, bytes_total }
    }
}

/// What a sync did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Changes the server took.
    pub pushed: u64,
    /// Log entries and bundled records taken in.
    pub pulled: u64,
    /// Changes refused for good; see the notices.
    pub refused: u64,
    /// Changes that wait for review.
    pub quarantined: u64,
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Requests made.
    pub requests: u64,
    /// How long it took, ms.
    pub ms: i64,
    /// Seconds until the server wants to be asked again.
    pub next_poll_s: u32,
    /// Something is left for the next sync.
    pub unfinished: bool,
}

impl From<core::SyncReport> for SyncReport {
    fn from(report: core::SyncReport) -> Self {
        let core::SyncReport {
            pushed,
            pulled,
            refused,
            quarantined,
            bytes_up,
            bytes_down,
            requests,
            ms,
            next_poll_s,
            unfinished,
        } = report;
        Self {
            pushed,
            pulled,
            refused,
            quarantined,
            bytes_up,
            bytes_down,
            requests,
            ms,
            next_poll_s,
            unfinished,
        }
    }
}

/// What the sync tells, and who may stop it.
struct Ears {
    listener: Arc<dyn Listener>,
    stop: Arc<Stop>,
}

impl core::Watch for Ears {
    fn progress(&self, progress: core::Progress) {
        // An ear that fails must not undo what is on disk.
        let _ = self.listener.progressed(progress.into());
        let _ = self.listener.changed();
    }

    fn photos(&self, progress: PhotoProgress) {
        let _ = self.listener.photos_progressed(progress.into());
    }

    fn stopped(&self) -> bool {
        self.stop.0.load(Ordering::Relaxed)
    }
}

/// The core's error of a sync, by what the app must do.
pub(crate) fn told(error: core::SyncError, lang: Lang) -> PhoneError {
    let why = error.words(lang.into());
    let refused = |code: &str| PhoneError::Refused { code: code.to_owned(), why: why.clone() };
    match error {
        core::SyncError::NotEnrolled => refused("not_enrolled"),
        core::SyncError::OtherPerson => refused("other_person"),
        core::SyncError::Phone(error) => PhoneError::told(error, lang),
        core::SyncError::Frame(_) => refused("strange"),
        core::SyncError::Distrust(_)
        | core::SyncError::Cancelled
        | core::SyncError::NotThereYet => PhoneError::Retry { why },
        core::SyncError::Transport(error) => match error {
            TransportError::Offline | TransportError::Timeout | TransportError::Busy { .. } => {
                PhoneError::Retry { why }
            }
            TransportError::Key(KeyError::Locked) => PhoneError::SignIn,
            TransportError::Key(KeyError::Gone) => PhoneError::EnrolAgain { why },
            TransportError::Key(KeyError::Failed) => refused("signer"),
            TransportError::Untrusted => refused("untrusted"),
            TransportError::Strange => refused("strange"),
            TransportError::Refused { code, .. } if code.is_empty() => refused("refused"),
            TransportError::Refused { code, .. } => refused(&code),
        },
    }
}

/// Runs work as a task of its own: a panic is `Internal`, dropping this drops the work.
pub(crate) async fn task<T: Send + 'static>(
    work: impl Future<Output = Result<T, core::SyncError>> + Send + 'static,
    lang: Lang,
) -> Result<T, PhoneError> {
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    match tasks.join_next().await {
        Some(Ok(done)) => done.map_err(|error| told(error, lang)),
        Some(Err(_)) | None => Err(PhoneError::Internal),
    }
}

/// One sync with the server the phone is enrolled with.
pub(crate) async fn run(
    phone: Arc<Phone>,
    transport: Option<Arc<dyn Transport>>,
    listener: Arc<dyn Listener>,
    stop: Arc<Stop>,
    lang: Lang,
) -> Result<SyncReport, core::SyncError> {
    let way = way_home(&phone, transport)?;
    let last = phone.notices(false)?.first().map_or(0, |notice| notice.id);
    let ears = Ears { listener, stop };
    let report = phone.sync(way.as_ref(), APP, &ears).await;
    // Also when the line broke: what came before is on disk.
    for notice in phone.notices_after(last)? {
        // An ear that fails must not undo what is on disk.
        let _ = ears.listener.noticed(Notice::told(notice, lang));
    }
    Ok(report?.into())
}

/// Sends photos to the server the phone is enrolled with.
pub(crate) async fn send_photos(
    phone: Arc<Phone>,
    transport: Option<Arc<dyn Transport>>,
    listener: Arc<dyn Listener>,
    (budget, stop): (PhotoBudget, Arc<Stop>),
) -> Result<PhotoReport, core::SyncError> {
    let way = way_home(&phone, transport)?;
    let report = phone.photo_send(way.as_ref(), budget.into(), &Ears { listener, stop }).await?;
    Ok(report.into())
}

/// A photo of this or another phone.
pub(crate) async fn photo(
    phone: Arc<Phone>,
    transport: Option<Arc<dyn Transport>>,
    sha256: HashText,
    thumb: bool,
) -> Result<Vec<u8>, core::SyncError> {
    let way = way_home(&phone, transport)?;
    phone.photo_get(way.as_ref(), sha256, thumb).await
}

/// The way to the server the phone is enrolled with.
fn way_home(
    phone: &Phone,
    transport: Option<Arc<dyn Transport>>,
) -> Result<Box<dyn Way>, core::SyncError> {
    let enrolment = phone.enrolment()?.ok_or(core::SyncError::NotEnrolled)?;
    way(&enrolment.url, enrolment.ca.as_deref(), transport)
}

/// The way to a server: the app's own, or HTTP of the core's.
pub(crate) fn way(
    url: &str,
    authority: Option<&str>,
    transport: Option<Arc<dyn Transport>>,
) -> Result<Box<dyn Way>, core::SyncError> {
    Ok(match transport {
        Some(own) => Box::new(Carried::new(url, Box::new(Borne(own)))),
        None => Box::new(Http::new(url, authority.map(str::as_bytes))?),
    })
}

/// What the server is told at enrolment.
pub(crate) fn with<'a>(invitation: &'a Invitation, authority: Option<&'a str>) -> EnrolWith<'a> {
    EnrolWith { url: &invitation.url, code: &invitation.code, ca: authority, app: APP }
}
