//! Photos of this phone: sealed files named by the hash of what is in them, and their rows.
//!
//! The file is on disk before the row, so a row never names what is not there.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::install::{sync_folder, write_whole};
use super::seal::Seal;
use crate::ground::Entropy;
use crate::model::HashText;

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

/// Adds a photo's row; one that is there stays as it is.
///
/// # Errors
/// When the file cannot be written.
pub fn add(
    db: &Connection,
    sha256: &HashText,
    bytes: u64,
    media: &str,
    at: i64,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO blob (sha256, bytes, media, added_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![&sha256.0[..], i64::try_from(bytes).unwrap_or(i64::MAX), media, at])?;
    Ok(())
}

const BLOB: &str = "SELECT sha256, bytes, media, added_at, sent, state, reason FROM blob";

fn blob_row(row: &rusqlite::Row<'_>) -> Result<BlobRow, StoreError> {
    let sha256: Vec<u8> = row.get(0)?;
    Ok(BlobRow {
        sha256: sha256.as_slice().try_into().map(HashText).map_err(|_| StoreError::Damaged)?,
        bytes: row.get(1)?,
        media: row.get(2)?,
        added_at: row.get(3)?,
        sent: row.get(4)?,
        state: row.get(5)?,
        reason: row.get(6)?,
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

/// States how far a photo got.
///
/// # Errors
/// When the file cannot be written.
pub fn progress(
    db: &Connection,
    sha256: &HashText,
    sent: i64,
    state: &str,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    db.execute(
        "UPDATE blob SET sent = ?2, state = ?3, reason = ?4 WHERE sha256 = ?1",
        params![&sha256.0[..], sent, state, reason],
    )?;
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

/// Puts photos that failed back into the queue.
///
/// # Errors
/// When the file cannot be written.
pub fn retry(db: &Connection) -> Result<(), StoreError> {
    db.execute("UPDATE blob SET state = 'waiting', reason = NULL WHERE state = 'failed'", [])?;
    Ok(())
}
