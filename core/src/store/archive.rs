//! Changes that cannot be applied here: damaged, or leaning on what is missing. Never dropped.

use rusqlite::{Connection, params};

use super::StoreError;
use super::document::Status;
use crate::model::{ChangeHash, DocId};

/// A change set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchiveRow {
    /// The hash its row claimed.
    pub hash: ChangeHash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Where it stood.
    pub status: Status,
}

/// Sets a change aside.
///
/// # Errors
/// When the file cannot be written.
pub fn add(
    db: &Connection,
    doc: DocId,
    hash: &ChangeHash,
    raw: &[u8],
    status: Status,
    reason: &str,
) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO archive VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![&doc.0[..], &hash.0[..], raw, status.code(), reason])?;
    Ok(())
}

/// What is set aside of a document.
///
/// # Errors
/// When the file cannot be read.
pub fn of(db: &Connection, doc: DocId) -> Result<Vec<ArchiveRow>, StoreError> {
    let mut list = db.prepare_cached("SELECT hash, raw, status FROM archive WHERE doc_id = ?1")?;
    let mut rows = list.query([&doc.0[..]])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(0)?;
        found.push(ArchiveRow {
            hash: hash.as_slice().try_into().map(ChangeHash).map_err(|_| StoreError::Damaged)?,
            raw: row.get(1)?,
            status: Status::of(row.get(2)?),
        });
    }
    Ok(found)
}

/// Takes a change back.
///
/// # Errors
/// When the file cannot be written.
pub fn remove(db: &Connection, doc: DocId, hash: &ChangeHash) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM archive WHERE doc_id = ?1 AND hash = ?2")?
        .execute(params![&doc.0[..], &hash.0[..]])?;
    Ok(())
}

/// How many are set aside.
///
/// # Errors
/// When the file cannot be read.
pub fn count(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("SELECT count(*) FROM archive", [], |row| row.get(0))?)
}
