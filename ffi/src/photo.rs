//! Photos of a visit, and the queue in which they travel.

use ironfeet_core::model;
use ironfeet_core::phone;

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
}

impl From<model::PhotoRef> for PhotoRef {
    fn from(photo: model::PhotoRef) -> Self {
        let model::PhotoRef { sha256, bytes, media, finding, at } = photo;
        Self { sha256: sha256.to_string(), bytes, media, finding, at: at.0 }
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
}

impl From<phone::PhotoRow> for PhotoRow {
    fn from(row: phone::PhotoRow) -> Self {
        let phone::PhotoRow { sha256, bytes, media, sent, state, reason } = row;
        let state = PhotoState::named(&state);
        Self { sha256: sha256.to_string(), bytes, media, sent, state, reason }
    }
}
