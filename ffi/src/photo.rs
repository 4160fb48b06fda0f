//! Photos of a visit, and the queue in which they travel.

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::words::Lang;

/// A photo of a visit, by content.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoRef {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Media type, such as `image/jpeg`.
    pub media: String,
    /// The finding it shows, if one.
    pub finding: Option<String>,
    /// When it was added, ms since 1970.
    pub at: i64,
    /// SHA-256 of the picture as the camera made it, hex; absent in records of older apps.
    pub original: Option<String>,
}

impl From<model::PhotoRef> for PhotoRef {
    fn from(photo: model::PhotoRef) -> Self {
        let model::PhotoRef { sha256, bytes, media, finding, at, original } = photo;
        let original = original.map(|hash| hash.to_string());
        Self { sha256: sha256.to_string(), bytes, media, finding, at: at.0, original }
    }
}

/// Why there is no photo of a finding.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoReason {
    /// Code of the finding.
    pub finding: String,
    /// The reason.
    pub reason: String,
}

impl From<(String, String)> for PhotoReason {
    fn from((finding, reason): (String, String)) -> Self {
        Self { finding, reason }
    }
}

/// How far a photo has travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PhotoState {
    /// In the queue.
    Waiting,
    /// On its way; some bytes may be there already.
    Sending,
    /// The server has it.
    Sent,
    /// It failed; the reason is told, and it can be put back into the queue.
    Failed,
}

impl PhotoState {
    /// By the core's stable name; one that this version does not know still waits.
    fn named(name: &str) -> Self {
        match name {
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            _ => Self::Waiting,
        }
    }
}

/// A photo of this phone and how far it got.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoRow {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// Media type.
    pub media: String,
    /// Bytes that the server has.
    pub sent: i64,
    /// How far it got.
    pub state: PhotoState,
    /// Why it failed last, in words.
    pub reason: Option<String>,
    /// When it is tried again by itself after a failure, ms since 1970.
    pub next_try_at: Option<i64>,
}

impl PhotoRow {
    /// In a language.
    pub(crate) fn told(row: phone::PhotoRow, lang: Lang) -> Self {
        let phone::PhotoRow { sha256, bytes, media, sent, state, reason, next_try_at } = row;
        let state = PhotoState::named(&state);
        let reason = reason.map(|text| text.get(lang.into()).to_owned());
        let next_try_at = next_try_at.map(|at| at.0);
        Self { sha256: sha256.to_string(), bytes, media, sent, state, reason, next_try_at }
    }
}

/// What sending photos may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoBudget {
    /// The person wants photos sent over a free line only.
    pub free_line_only: bool,
    /// The line of this moment is free (Wi-Fi); the platform knows.
    pub line_is_free: bool,
    /// No more bytes than these in this call; absent for no end.
    pub bytes_max: Option<u64>,
}

impl From<PhotoBudget> for phone::PhotoBudget {
    fn from(budget: PhotoBudget) -> Self {
        let PhotoBudget { free_line_only, line_is_free, bytes_max } = budget;
        Self { free_line_only, line_is_free, bytes_max }
    }
}

/// How far sending photos has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoProgress {
    /// Photos sent so far in this call.
    pub files_done: u64,
    /// Photos that this call set out to send.
    pub files_total: u64,
    /// Their bytes that the server has.
    pub bytes_done: u64,
    /// Their bytes.
    pub bytes_total: u64,
}

impl From<phone::PhotoProgress> for PhotoProgress {
    fn from(progress: phone::PhotoProgress) -> Self {
        let phone::PhotoProgress { files_done, files_total, bytes_done, bytes_total } = progress;
        Self { files_done, files_total, bytes_done, bytes_total }
    }
}

/// What sending photos did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoReport {
    /// Photos that the server has now.
    pub sent: u64,
    /// Photos that failed in this call; each row tells why.
    pub failed: u64,
    /// Photos still to be sent, those given up not counted.
    pub waiting: u64,
    /// Bytes of photos that arrived.
    pub bytes_up: u64,
    /// Nothing was sent: the line costs money and the person wants a free one.
    pub held_for_free_line: bool,
    /// It ended before the queue did, by the budget or because it was stopped: call again.
    pub unfinished: bool,
    /// When the next photo is due that rests after a failure, ms since 1970.
    pub next_try_at: Option<i64>,
}

impl From<phone::PhotoReport> for PhotoReport {
    fn from(report: phone::PhotoReport) -> Self {
        let phone::PhotoReport {
            sent,
            failed,
            waiting,
            bytes_up,
            held_for_free_line,
            unfinished,
            next_try_at,
        } = report;
        let next_try_at = next_try_at.map(|at| at.0);
        Self { sent, failed, waiting, bytes_up, held_for_free_line, unfinished, next_try_at }
    }
}
