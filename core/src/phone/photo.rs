//! Photos: sealed on the phone at once, referred to by hash, sent on their own way. Never forced.

use std::path::Path;

use serde::Serialize;

use crate::document::{Edit, VisitEdit};
use crate::limits::PHOTO_BYTES_MAX;
use crate::model::{ChangeHash, HashText, PhotoRef, VisitId};
use crate::rules::Act;
use crate::store::blob;

use super::place::{called, free_text};
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
    /// `waiting`, `sending`, `sent` or `failed`.
    pub state: String,
    /// Why it failed last, in words.
    pub reason: Option<String>,
}

impl From<blob::BlobRow> for PhotoRow {
    fn from(row: blob::BlobRow) -> Self {
        Self {
            sha256: row.sha256,
            bytes: row.bytes,
            media: row.media,
            sent: row.sent,
            state: row.state,
            reason: row.reason,
        }
    }
}

fn too_large() -> PhoneError {
    let mib = PHOTO_BYTES_MAX / (1024 * 1024);
    PhoneError::invalid("photo", format!("照片超过 {mib} MiB"), format!("larger than {mib} MiB"))
}

impl Phone {
    /// Adds a photo to a visit; also after the finish. On disk, sealed, when it returns.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] when it is too large or no picture, [`PhoneError::StorageFull`].
    pub fn photo_add(
        &self,
        visit: VisitId,
        bytes: &[u8],
        finding: Option<String>,
    ) -> Result<PhotoRow, PhoneError> {
        if bytes.len() > PHOTO_BYTES_MAX {
            return Err(too_large());
        }
        let media = media(bytes).ok_or_else(|| {
            let (zh, en) =
                ("不是照片（支持 JPEG、PNG、WebP、HEIC）", "no picture (JPEG, PNG, WebP, HEIC)");
            PhoneError::invalid("photo", zh, en)
        })?;
        self.with(|inner| {
            inner.allow(Act::Append, "visit", "photos")?;
            inner.visit(visit)?;
            let at = inner.now();
            let sha256 = inner.store()?.write_blob(bytes)?;
            let size = bytes.len() as u64;
            let photo = PhotoRef { sha256, bytes: size, media: media.to_owned(), finding, at };
            let added = inner.edit(visit.0, |db, _| {
                blob::add(db, &sha256, size, media, at.0)?;
                Ok(Edit::Visit(VisitEdit::Photo(photo)))
            });
            added.map_err(|e| called(e, "visit"))?;
            let row = blob::find(inner.store()?.db(), &sha256)?;
            row.map(PhotoRow::from).ok_or(PhoneError::NotFound { what: "photo" })
        })
    }

    /// As [`Phone::photo_add`], from a file.
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
        if size.len() > PHOTO_BYTES_MAX as u64 {
            return Err(too_large());
        }
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

    /// Puts photos that failed back into the queue; gives the whole list.
    ///
    /// # Errors
    /// [`PhoneError::StorageFull`].
    pub fn photo_retry(&self) -> Result<Vec<PhotoRow>, PhoneError> {
        self.with(|inner| {
            inner.store()?.write(blob::retry)?;
            Ok(blob::list(inner.store()?.db())?.into_iter().map(PhotoRow::from).collect())
        })
    }

    /// A photo's bytes.
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

/// The media type by the first bytes of the file, whatever its name says.
fn media(bytes: &[u8]) -> Option<&'static str> {
    let kind = bytes.get(4..12).unwrap_or_default();
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ if matches!(kind, b"ftypheic" | b"ftypheix" | b"ftypmif1") => Some("image/heic"),
        _ => None,
    }
}
