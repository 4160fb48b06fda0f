//! Photos and their way here: bytes by hash in a folder, uploads that go on where they were cut.
//!
//! A file's row is written after its bytes are on disk under the right hash, never before. An upload's bytes lie
//! in a file of their own until they are whole; how many count says its row. Must not know HTTP.

mod checks;
pub mod meta;
mod shed;
mod shown;
mod thumb;
mod upload;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::sync::Semaphore;

use ironfeet_core::model::HashText;

pub use checks::missing;
pub use shown::{Shown, shown};
pub use upload::{Ask, Piece, ask, fresh, sweep, take};

use crate::config::S3;
use crate::store::StoreError;

/// Pictures made smaller at the same time; each may need much memory.
const MAKING_MAX: usize = 1;

/// Why an upload is not taken as it came; the phone knows what to do by the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another version of tus.
    #[error("Tus-Resumable must be 1.0.0")]
    Version,
    /// Larger than a photo may be, or than was announced.
    #[error("the file is larger than allowed, or than announced")]
    TooLarge,
    /// The announcement is not understood.
    #[error("Upload-Length or Upload-Metadata is not what it should be")]
    Metadata,
    /// The piece does not begin where the last one ended.
    #[error("Upload-Offset is not where the upload stands; ask with HEAD")]
    Offset,
    /// The bytes are not those of the checksum; they were not kept.
    #[error("the bytes do not fit their checksum and were not kept")]
    Checksum,
    /// A checksum of a kind that is not known here.
    #[error("Upload-Checksum must be sha256 or sha1 with its value in base64")]
    Algorithm,
    /// The body is of another kind.
    #[error("Content-Type must be application/offset+octet-stream")]
    Media,
    /// The upload is over; begin anew.
    #[error("the upload has expired; begin another")]
    Gone,
    /// Another request writes to this upload.
    #[error("another request writes to this upload")]
    Locked,
    /// The phone has too many uploads that are not whole.
    #[error("too many uploads are not finished; finish some of them first")]
    TooMany,
}

impl Refused {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Version => "tus_version",
            Self::TooLarge => "too_large",
            Self::Metadata => "metadata",
            Self::Offset => "offset",
            Self::Checksum => "checksum",
            Self::Algorithm => "algorithm",
            Self::Media => "content_type",
            Self::Gone => "gone",
            Self::Locked => "locked",
            Self::TooMany => "too_many",
        }
    }
}

/// Why a photo could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// A "no" with a code.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no such upload or photo for whoever asks.
    #[error("there is no such thing here")]
    Unknown,
    /// The record belongs to an area the phone has nothing to do with.
    #[error("not granted to this phone")]
    Forbidden,
    /// The store or the folder failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for PhotoError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(disk(error))
    }
}

impl From<object_store::Error> for PhotoError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Unknown,
            other => Self::Store(StoreError::Engine(Box::new(other))),
        }
    }
}

fn disk(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Engine(Box::new(error)),
    }
}

/// Which picture of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As it was sent.
    Whole,
    /// A small one for lists, in JPEG.
    Thumb,
}

/// Where photos lie: whole ones in a folder or in object storage, those on their way in a folder.
pub struct Photos {
    whole: Arc<dyn ObjectStore>,
    partial: PathBuf,
    busy: Arc<Mutex<HashSet<[u8; 16]>>>,
    making: Semaphore,
}

impl Photos {
    /// Opens the folder, or makes it; whole photos lie in object storage where that is configured.
    ///
    /// # Errors
    /// Of the disk; of settings that lead nowhere.
    pub fn open(folder: &Path, s3: &S3) -> Result<Self, StoreError> {
        let partial = folder.join("partial");
        std::fs::create_dir_all(&partial).map_err(disk)?;
        let whole = if s3.is_used() { shed::s3(s3)? } else { shed::folder(&folder.join("whole"))? };
        Ok(Self { whole, partial, busy: Arc::default(), making: Semaphore::new(MAKING_MAX) })
    }

    fn part(&self, id: &[u8; 16]) -> PathBuf {
        self.partial.join(hex::encode(id))
    }

    /// Keeps an upload for one writer until the guard is dropped.
    fn hold(&self, id: [u8; 16]) -> Result<Held, Refused> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(id) {
            return Err(Refused::Locked);
        }
        Ok(Held { busy: self.busy.clone(), id })
    }

    /// A photo's bytes, `from..to` of them when asked; with the size of the whole.
    ///
    /// # Errors
    /// [`PhotoError::Unknown`], of the disk.
    pub async fn read(
        &self,
        sha256: &HashText,
        size: Size,
        range: Option<(u64, u64)>,
    ) -> Result<object_store::GetResult, PhotoError> {
        let options = object_store::GetOptions {
            range: range.map(|(from, to)| (from..to).into()),
            ..Default::default()
        };
        Ok(self.whole.get_opts(&key(sha256, size), options).await?)
    }

    /// How many bytes a photo has.
    ///
    /// # Errors
    /// [`PhotoError::Unknown`], of the disk.
    pub async fn bytes(&self, sha256: &HashText, size: Size) -> Result<u64, PhotoError> {
        Ok(self.whole.head(&key(sha256, size)).await?.size)
    }

    async fn put(&self, sha256: &HashText, size: Size, bytes: Vec<u8>) -> Result<(), PhotoError> {
        self.whole.put(&key(sha256, size), bytes.into()).await?;
        Ok(())
    }

    /// Makes the small picture of a photo unless it is there.
    ///
    /// # Errors
    /// [`PhotoError::Unknown`] when there is no photo, or no picture can be made of it; of the disk.
    pub async fn make_thumb(&self, sha256: &HashText) -> Result<(), PhotoError> {
        if self.bytes(sha256, Size::Thumb).await.is_ok() {
            return Ok(());
        }
        let _turn = self.making.acquire().await.map_err(|_| StoreError::Busy)?;
        if self.bytes(sha256, Size::Thumb).await.is_ok() {
            return Ok(());
        }
        let bytes = self.read(sha256, Size::Whole, None).await?.bytes().await?;
        let made = tokio::task::spawn_blocking(move || thumb::make(&bytes));
        let small = made.await.map_err(|_| PhotoError::Unknown)?.ok_or(PhotoError::Unknown)?;
        self.put(sha256, Size::Thumb, small).await
    }
}

/// An upload that one request writes to.
struct Held {
    busy: Arc<Mutex<HashSet<[u8; 16]>>>,
    id: [u8; 16],
}

impl Drop for Held {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Where a photo lies: 256 folders, so that none grows too large to list.
fn key(sha256: &HashText, size: Size) -> Key {
    let name = sha256.to_string();
    match size {
        Size::Whole => Key::from(format!("{}/{name}", &name[..2])),
        Size::Thumb => Key::from(format!("{}/{name}.thumb.jpg", &name[..2])),
    }
}
