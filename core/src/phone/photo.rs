//! Photos: made smaller and bare, sealed on the phone at once, referred to by hash, sent on their own way.
//! Never forced.

mod get;
mod picture;
mod reason;
mod send;
mod upload;

use std::path::Path;

use serde::Serialize;

use crate::document::{Edit, VisitEdit};
use crate::model::{ChangeHash, HashText, PhotoRef, Text, UtcMillis, VisitId};
use crate::rules::Act;
use crate::store::blob::{self, NewBlob};

pub use send::{PhotoBudget, PhotoProgress, PhotoReport};

use super::place::{called, free_text};
use super::status::FAILURE_SEPARATOR;
use super::{Phone, PhoneError};

/// A photo of this phone and how far it got.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotoRow {
    /// SHA-256 of the file.
    pub sha256: HashText,
    /// Its size.
    pub bytes: i64,
    /// Media type.
    pub media: String,
    /// Bytes the server has.
    pub sent: i64,
    /// `waiting`, `sending`, `sent` or `failed`. A failed one waits for [`Phone::photo_retry`], the
    /// others go by themselves.
    pub state: String,
    /// Why it failed last, in words.
    pub reason: Option<Text>,
    /// When it is tried again after a failure.
    pub next_try_at: Option<UtcMillis>,
}

impl From<blob::BlobRow> for PhotoRow {
    fn from(row: blob::BlobRow) -> Self {
        let rests = row.not_before > 0 && row.state != "failed" && row.state != "sent";
        Self {
            sha256: row.sha256,
            bytes: row.bytes,
            media: row.media,
            sent: row.sent,
            state: row.state,
            reason: row.reason.as_deref().map(told),
            next_try_at: rests.then_some(UtcMillis(row.not_before)),
        }
    }
}

/// Both languages of a reason as the row keeps it.
pub(super) fn told(kept: &str) -> Text {
    let (zh, en) = kept.split_once(FAILURE_SEPARATOR).unwrap_or((kept, kept));
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

impl Phone {
    /// Adds a photo to a visit; also after the finish. What is kept and sent is a JPEG of bounded size, upright
    /// and without anything but the picture; the hash of the file as it was given goes with it. On disk,
    /// sealed, when it returns. The same picture for the same finding again changes nothing.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] when it is too large, no picture, or of a format that must be converted
    /// first (HEIC); [`PhoneError::StorageFull`].
    pub fn photo_add(
        &self,
        visit: VisitId,
        bytes: &[u8],
        finding: Option<String>,
    ) -> Result<PhotoRow, PhoneError> {
        // Long work first, while others use the store.
        let picture = picture::take(bytes)?;
        self.with(|inner| {
            inner.allow(Act::Append, "visit", "photos")?;
            let (known, _) = inner.visit(visit)?;
            let at = inner.now();
            let sha256 = inner.store()?.write_blob(&picture.jpeg)?;
            let (bytes, original) = (picture.jpeg.len() as u64, Some(picture.original));
            let new = NewBlob { sha256, bytes, media: picture::MEDIA, document: Some(visit.0) };
            let same = |p: &PhotoRef| p.sha256 == sha256 && p.finding == finding;
            if known.photos.iter().any(same) {
                inner.store()?.write(|db| blob::add(db, &new, at.0))?;
            } else {
                let media = picture::MEDIA.to_owned();
                let photo = PhotoRef { sha256, bytes, media, finding, at, original };
                let added = inner.edit(visit.0, |db, _| {
                    blob::add(db, &new, at.0)?;
                    Ok(Edit::Visit(VisitEdit::Photo(photo)))
                });
                added.map_err(|e| called(e, "visit"))?;
            }
            let row = blob::find(inner.store()?.db(), &sha256)?;
            row.map(PhotoRow::from).ok_or(PhoneError::NotFound { what: "photo" })
        })
    }

    /// As [`Phone::photo_add`], from a file; one that is too large is not even read.
    ///
    /// # Errors
    /// Also [`PhoneError::NotFound`] when the file cannot be read.
    pub fn photo_add_file(
        &self,
        visit: VisitId,
        path: &Path,
        finding: Option<String>,
    ) -> Result<PhotoRow, PhoneError> {
        let size = std::fs::metadata(path).map_err(|_| PhoneError::NotFound { what: "file" })?;
        picture::check_size(size.len())?;
        let bytes = std::fs::read(path).map_err(|_| PhoneError::NotFound { what: "file" })?;
        self.photo_add(visit, &bytes, finding)
    }

    /// Says why there is no photo of a finding.
    ///
    /// # Errors
    /// [`PhoneError::PersonalText`], [`PhoneError::NotFound`].
    pub fn photo_reason(
        &self,
        visit: VisitId,
        finding: &str,
        reason: &str,
    ) -> Result<ChangeHash, PhoneError> {
        let reason = free_text("reason", reason)?;
        self.with(|inner| {
            inner.allow(Act::Write, "visit", "photo_reasons")?;
            let edit = VisitEdit::PhotoReason { finding: finding.to_owned(), reason };
            let said = inner.edit(visit.0, |_, _| Ok(Edit::Visit(edit)));
            said.map_err(|e| called(e, "visit"))
        })
    }

    /// The photos of this phone, oldest first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn photo_list(&self) -> Result<Vec<PhotoRow>, PhoneError> {
        self.with(|inner| {
            Ok(blob::list(inner.store()?.db())?.into_iter().map(PhotoRow::from).collect())
        })
    }

    /// Puts photos that failed back into the queue, and those that rest to its front; gives the whole list.
    ///
    /// # Errors
    /// [`PhoneError::StorageFull`].
    pub fn photo_retry(&self) -> Result<Vec<PhotoRow>, PhoneError> {
        self.with(|inner| {
            inner.store()?.write(blob::retry)?;
            Ok(blob::list(inner.store()?.db())?.into_iter().map(PhotoRow::from).collect())
        })
    }

    /// The bytes of a photo of this phone; [`Phone::photo_get`] also fetches those of others.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`] when it is not on this phone.
    pub fn photo_bytes(&self, sha256: &HashText) -> Result<Vec<u8>, PhoneError> {
        self.with(|inner| {
            let store = inner.store()?;
            blob::find(store.db(), sha256)?.ok_or(PhoneError::NotFound { what: "photo" })?;
            Ok(store.read_blob(sha256)?)
        })
    }
}
