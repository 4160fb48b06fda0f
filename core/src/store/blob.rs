//! Photos of this phone: sealed files named by the hash of what is in them, and their rows.
//!
//! The file is on disk before the row, so a row never names what is not there.
//! What the server answered is for others to judge: here it is columns.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::StoreError;
use super::install::{sync_folder, write_whole};
use super::seal::Seal;
use crate::ground::Entropy;
use crate::model::{DocId, HashText};

const PURPOSE: &str = "blob";

/// A photo's row.
#[derive(Clone, Debug, PartialEq)]
pub struct BlobRow {
    /// SHA-256 of the photo.
    pub sha256: HashText,
    /// Its size in bytes.
    pub bytes: i64,
    /// Media type.
    pub media: String,
    /// When it was added, ms.
    pub added_at: i64,
    /// Bytes the server has.
    pub sent: i64,
    /// `waiting`, `sending`, `sent`, `failed`.
    pub state: String,
    /// Why it failed last, in words.
    pub reason: Option<String>,
    /// The visit it belongs to; `None` for one that an older app added.
    pub document: Option<DocId>,
    /// The server's name for the upload that was begun.
    pub upload: Option<String>,
    /// Tries that failed, one after the other.
    pub tries: i64,
    /// Not to be tried before, ms.
    pub not_before: i64,
}

/// Opens photos without the store: a long read keeps nobody waiting.
pub struct Blobs {
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
}

impl Blobs {
    pub(super) fn of(dir: &Path, key: &Zeroizing<[u8; 32]>) -> Self {
        Self { dir: dir.to_owned(), key: key.clone() }
    }

    /// A photo's bytes.
    ///
    /// # Errors
    /// [`StoreError::Disk`] when it is not here, [`StoreError::Sealed`] when it is not what it was.
    pub fn read(&self, sha256: &HashText) -> Result<Vec<u8>, StoreError> {
        read(&self.dir, &self.key, sha256)
    }
}

fn path(dir: &Path, sha256: &HashText) -> PathBuf {
    dir.join("blobs").join(sha256.to_string())
}

/// Seals a photo into a file; gives its hash. On disk when it returns.
pub(super) fn write(
    dir: &Path,
    key: &[u8; 32],
    bytes: &[u8],
    entropy: &dyn Entropy,
) -> Result<HashText, StoreError> {
    let sha256 = HashText(Sha256::digest(bytes).into());
    let path = path(dir, &sha256);
    if !path.exists() {
        fs::create_dir_all(dir.join("blobs"))?;
        sync_folder(dir)?;
        write_whole(&path, &Seal::derive(key, PURPOSE).seal(bytes, &sha256.0, entropy))?;
    }
    Ok(sha256)
}

/// A photo's bytes, checked against its hash.
pub(super) fn read(dir: &Path, key: &[u8; 32], sha256: &HashText) -> Result<Vec<u8>, StoreError> {
    let sealed = fs::read(path(dir, sha256))?;
    let bytes = Seal::derive(key, PURPOSE).open(&sealed, &sha256.0)?;
    if Sha256::digest(&bytes)[..] == sha256.0 { Ok(bytes) } else { Err(StoreError::Sealed) }
}

/// A photo to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewBlob<'a> {
    /// SHA-256 of the photo.
    pub sha256: HashText,
    /// Its size in bytes.
    pub bytes: u64,
    /// Media type.
    pub media: &'a str,
    /// The visit it belongs to, where that is known.
    pub document: Option<DocId>,
}

/// Adds a photo's row; one that is there stays as it is.
///
/// # Errors
/// When the file cannot be written.
pub fn add(db: &Connection, blob: &NewBlob<'_>, at: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO blob (sha256, bytes, media, added_at, document)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        &blob.sha256.0[..],
        i64::try_from(blob.bytes).unwrap_or(i64::MAX),
        blob.media,
        at,
        blob.document.as_ref().map(|doc| &doc.0[..]),
    ])?;
    Ok(())
}

const BLOB: &str = "SELECT sha256, bytes, media, added_at, sent, state, reason, document, upload, tries, not_before
     FROM blob";

fn blob_row(row: &rusqlite::Row<'_>) -> Result<BlobRow, StoreError> {
    let sha256: Vec<u8> = row.get(0)?;
    let document: Option<Vec<u8>> = row.get(7)?;
    let document = document.map(|id| id.as_slice().try_into().map(DocId)).transpose();
    Ok(BlobRow {
        sha256: sha256.as_slice().try_into().map(HashText).map_err(|_| StoreError::Damaged)?,
        bytes: row.get(1)?,
        media: row.get(2)?,
        added_at: row.get(3)?,
        sent: row.get(4)?,
        state: row.get(5)?,
        reason: row.get(6)?,
        document: document.map_err(|_| StoreError::Damaged)?,
        upload: row.get(8)?,
        tries: row.get(9)?,
        not_before: row.get(10)?,
    })
}

/// Every photo's row, oldest first.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection) -> Result<Vec<BlobRow>, StoreError> {
    let mut list = db.prepare_cached(&format!("{BLOB} ORDER BY added_at, sha256"))?;
    let mut rows = list.query([])?;
    let mut blobs = Vec::new();
    while let Some(row) = rows.next()? {
        blobs.push(blob_row(row)?);
    }
    Ok(blobs)
}

/// How many photos stand in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not begun.
    pub waiting: i64,
    /// Begun.
    pub sending: i64,
    /// Given up until somebody says otherwise.
    pub failed: i64,
    /// Why one of them failed, in words: the newest that was given up, else the newest that is tried again.
    pub reason: Option<String>,
}

/// How many photos stand in each state.
///
/// # Errors
/// When the file cannot be read.
pub fn tally(db: &Connection) -> Result<Tally, StoreError> {
    let count = "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'sending'),
         count(*) FILTER (WHERE state = 'failed'),
         (SELECT reason FROM blob WHERE reason IS NOT NULL AND state <> 'sent'
          ORDER BY state = 'failed' DESC, added_at DESC, sha256 LIMIT 1)
         FROM blob";
    let mut count = db.prepare_cached(count)?;
    Ok(count.query_row([], |row| {
        let (waiting, sending, failed) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Tally { waiting, sending, failed, reason: row.get(3)? })
    })?)
}

/// States how far a photo got; its key, size, media and time of adding stay.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, blob: &BlobRow) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE blob SET sent = ?2, state = ?3, reason = ?4, document = ?5, upload = ?6, tries = ?7,
         not_before = ?8 WHERE sha256 = ?1",
    )?
    .execute(params![
        &blob.sha256.0[..],
        blob.sent,
        blob.state,
        blob.reason,
        blob.document.as_ref().map(|doc| &doc.0[..]),
        blob.upload,
        blob.tries,
        blob.not_before,
    ])?;
    Ok(())
}

/// No photo is tried before a moment: the server asked for it.
///
/// # Errors
/// When the file cannot be written.
pub fn pause(db: &Connection, until: i64) -> Result<(), StoreError> {
    let wait =
        "UPDATE blob SET not_before = max(not_before, ?1) WHERE state IN ('waiting', 'sending')";
    db.execute(wait, [until])?;
    Ok(())
}

/// One photo's row.
///
/// # Errors
/// When the file cannot be read.
pub fn find(db: &Connection, sha256: &HashText) -> Result<Option<BlobRow>, StoreError> {
    let mut find = db.prepare_cached(&format!("{BLOB} WHERE sha256 = ?1"))?;
    let row = find.query_row([&sha256.0[..]], |row| Ok(blob_row(row))).optional()?;
    row.transpose()
}

/// Puts photos that failed back into the queue, and those that wait for another try to its front.
///
/// # Errors
/// When the file cannot be written.
pub fn retry(db: &Connection) -> Result<(), StoreError> {
    db.execute(
        "UPDATE blob SET state = 'waiting', reason = NULL, tries = 0, not_before = 0
         WHERE state = 'failed' OR (state IN ('waiting', 'sending') AND not_before > 0)",
        [],
    )?;
    Ok(())
}
