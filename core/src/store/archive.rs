//! Changes that cannot be applied here: damaged, leaning on what is missing, or never to be taken by the server.
//! Never dropped while their record is here.

use rusqlite::{Connection, params};

use super::StoreError;
use super::document::{Status, doc_id};
use crate::model::{ChangeHash, DocId};

/// The server will not take it.
pub const NOT_TAKEN: &str = "not_taken";
/// It leans on one that the server will not take; what it meant was done again, or waits at the server.
pub const REBASED: &str = "rebased";

/// A change set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchiveRow {
    /// The hash its row claimed.
    pub hash: ChangeHash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Where it stood.
    pub status: Status,
    /// Why it was set aside.
    pub reason: String,
}

impl ArchiveRow {
    /// Whether the server is done with it: it does not come back, whatever arrives.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(&*self.reason, NOT_TAKEN | REBASED)
    }
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
    let mut list =
        db.prepare_cached("SELECT hash, raw, status, reason FROM archive WHERE doc_id = ?1")?;
    let mut rows = list.query([&doc.0[..]])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(0)?;
        found.push(ArchiveRow {
            hash: hash.as_slice().try_into().map(ChangeHash).map_err(|_| StoreError::Damaged)?,
            raw: row.get(1)?,
            status: Status::of(row.get(2)?),
            reason: row.get(3)?,
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

/// Says where a change stands that was set aside; `false` when there is none.
///
/// # Errors
/// When the file cannot be written.
pub fn mark(
    db: &Connection,
    doc: DocId,
    hash: &ChangeHash,
    status: Status,
) -> Result<bool, StoreError> {
    let mut mark =
        db.prepare_cached("UPDATE archive SET status = ?3 WHERE doc_id = ?1 AND hash = ?2")?;
    Ok(mark.execute(params![&doc.0[..], &hash.0[..], status.code()])? > 0)
}

/// Its record left: what the server did not take stays, so that it can be carried away.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn forget(db: &Connection, doc: DocId) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM archive WHERE doc_id = ?1 AND (status <> ?2 OR reason NOT IN (?3, ?4))",
    )?
    .execute(params![&doc.0[..], Status::Refused.code(), NOT_TAKEN, REBASED])?;
    Ok(())
}

/// Records that left, of which something is set aside.
///
/// # Errors
/// When the file cannot be read.
pub fn left(db: &Connection) -> Result<Vec<DocId>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT DISTINCT doc_id FROM archive WHERE doc_id NOT IN (SELECT doc_id FROM doc)",
    )?;
    let mut rows = list.query([])?;
    let mut docs = Vec::new();
    while let Some(row) = rows.next()? {
        docs.push(doc_id(&row.get::<_, Vec<u8>>(0)?)?);
    }
    Ok(docs)
}

/// How many are set aside because they cannot be applied here.
///
/// # Errors
/// When the file cannot be read.
pub fn count(db: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM archive WHERE reason NOT IN (?1, ?2)";
    Ok(db.query_row(sql, [NOT_TAKEN, REBASED], |row| row.get(0))?)
}

/// How many of those that the server is done with were not taken, and how many wait there for a decision.
///
/// # Errors
/// When the file cannot be read.
pub fn over(db: &Connection) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT count(*) FILTER (WHERE status = ?1 AND reason = ?3),
                 count(*) FILTER (WHERE status = ?2 AND reason IN (?3, ?4)) FROM archive";
    let (refused, waits) = (Status::Refused.code(), Status::Quarantined.code());
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(db.query_row(sql, params![refused, waits, NOT_TAKEN, REBASED], row)?)
}
