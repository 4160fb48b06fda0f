//! Files that arrived, uploads on their way, and which records show them, as rows.
//!
//! The bytes are elsewhere ([`crate::photo`]); a row of a file is written after its bytes are on disk.

use ironfeet_core::model::{DeviceId, DocId, HashText, Pid, UtcMillis};

use super::StoreError;

/// A file that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// SHA-256 of its bytes.
    pub sha256: HashText,
    /// How many bytes.
    pub bytes: u64,
    /// Media type, such as `image/jpeg`.
    pub media: String,
    /// When it was whole.
    pub received_at: UtcMillis,
    /// The phone that sent it.
    pub device: DeviceId,
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Identity, as in its address.
    pub id: [u8; 16],
    /// The phone that sends it.
    pub device: DeviceId,
    /// What its bytes will hash to.
    pub sha256: HashText,
    /// The record that is said to show it.
    pub doc: DocId,
    /// Media type.
    pub media: String,
    /// How many bytes it will have.
    pub bytes: u64,
    /// How many are on disk.
    pub arrived: u64,
    /// When it is forgotten.
    pub expires_at: UtcMillis,
}

/// A photo that a record shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRow {
    /// The record.
    pub doc: DocId,
    /// SHA-256 of the file.
    pub sha256: HashText,
    /// The record's home.
    pub pid: Pid,
    /// The finding it shows, if one.
    pub finding: Option<String>,
    /// When it was added (device time).
    pub at: UtcMillis,
}

/// Files, uploads and who shows them.
pub trait Photos {
    /// Adds an upload or replaces it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn upload_put(&self, upload: &UploadRow) -> Result<(), StoreError>;

    /// An upload.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn upload(&self, id: &[u8; 16]) -> Result<Option<UploadRow>, StoreError>;

    /// A phone's upload of a file, the one that lasts longest.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn upload_of(
        &self,
        device: &DeviceId,
        sha256: &HashText,
    ) -> Result<Option<UploadRow>, StoreError>;

    /// How many uploads of a phone are kept.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn uploads_of(&self, device: &DeviceId) -> Result<u64, StoreError>;

    /// Notes how many bytes of an upload are on disk.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn upload_arrived(&self, id: &[u8; 16], bytes: u64) -> Result<(), StoreError>;

    /// Uploads over since `now`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn uploads_expired(&self, now: UtcMillis, limit: usize) -> Result<Vec<[u8; 16]>, StoreError>;

    /// Forgets an upload.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn upload_drop(&self, id: &[u8; 16]) -> Result<(), StoreError>;

    /// Notes that a file is whole and on disk; records that show it are no longer without it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn file_put(&self, file: &FileRow) -> Result<(), StoreError>;

    /// A file.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn file(&self, sha256: &HashText) -> Result<Option<FileRow>, StoreError>;

    /// Files by hash after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn files(&self, after: Option<&HashText>, limit: usize) -> Result<Vec<FileRow>, StoreError>;

    /// The homes of the records that show a file.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn photo_homes(&self, sha256: &HashText) -> Result<Vec<Pid>, StoreError>;

    /// How many photos are shown by records and not here.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn photos_missing(&self) -> Result<u64, StoreError>;
}
