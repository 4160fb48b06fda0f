//! Changes of records that left this phone, kept out of sight until a backup off the server's host holds them.
//!
//! Knows rows; why a record left is another room's.

use rusqlite::{Connection, OptionalExtension, params};

use super::document::{Status, doc_id};
use super::{StoreError, archive};
use crate::model::{ChangeHash, DocId};

/// Where a change stands that the server has.
const THERE: [Status; 2] = [Status::Acked, Status::ApplyFailed];

/// A change that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRow {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Where it stood.
    pub status: Status,
    /// The record's home when it left.
    pub pid: String,
    /// How often it had moved.
    pub move_gen: u32,
}

/// Keeps every change of a record, those set aside too.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep(db: &Connection, doc: DocId) -> Result<(), StoreError> {
    // What the server is done with stays where it is.
    let living = format!(" AND c.reason NOT IN ('{}', '{}')", archive::NOT_TAKEN, archive::REBASED);
    for (table, those) in [("change", ""), ("archive", &*living)] {
        db.prepare_cached(&format!(
            "INSERT OR IGNORE INTO kept (doc_id, hash, raw, status, pid, move_gen)
             SELECT c.doc_id, c.hash, c.raw, c.status, d.pid, d.move_gen
             FROM {table} c JOIN doc d ON d.doc_id = c.doc_id WHERE c.doc_id = ?1{those}"
        ))?
        .execute([&doc.0[..]])?;
    }
    Ok(())
}

/// What is kept of a record.
///
/// # Errors
/// When the file cannot be read.
pub fn of(db: &Connection, doc: DocId) -> Result<Vec<KeptRow>, StoreError> {
    let mut list =
        db.prepare_cached("SELECT hash, raw, status, pid, move_gen FROM kept WHERE doc_id = ?1")?;
    let mut rows = list.query([&doc.0[..]])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(0)?;
        found.push(KeptRow {
            hash: hash.as_slice().try_into().map(ChangeHash).map_err(|_| StoreError::Damaged)?,
            raw: row.get(1)?,
            status: Status::of(row.get(2)?),
            pid: row.get(3)?,
            move_gen: row.get(4)?,
        });
    }
    Ok(found)
}

/// Whether anything is kept of a record.
///
/// # Errors
/// When the file cannot be read.
pub fn has(db: &Connection, doc: DocId) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM kept WHERE doc_id = ?1)")?;
    Ok(find.query_row([&doc.0[..]], |row| row.get(0))?)
}

/// The bytes of a change, if they are kept.
///
/// # Errors
/// When the file cannot be read.
pub fn raw_of(
    db: &Connection,
    doc: DocId,
    hash: &ChangeHash,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut find = db.prepare_cached("SELECT raw FROM kept WHERE doc_id = ?1 AND hash = ?2")?;
    Ok(find.query_row(params![&doc.0[..], &hash.0[..]], |row| row.get(0)).optional()?)
}

/// The record is here again: nothing of it is kept any more.
///
/// # Errors
/// When the file cannot be written.
pub fn remove(db: &Connection, doc: DocId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM kept WHERE doc_id = ?1")?.execute([&doc.0[..]])?;
    Ok(())
}

/// Records of which something is kept that the server does not have, so that it can be carried away.
///
/// # Errors
/// When the file cannot be read.
pub fn unsent(db: &Connection) -> Result<Vec<DocId>, StoreError> {
    let mut list =
        db.prepare_cached("SELECT DISTINCT doc_id FROM kept WHERE status NOT IN (?1, ?2)")?;
    let mut rows = list.query(THERE.map(Status::code))?;
    let mut docs = Vec::new();
    while let Some(row) = rows.next()? {
        docs.push(doc_id(&row.get::<_, Vec<u8>>(0)?)?);
    }
    Ok(docs)
}

/// Lets go of records that a backup holds whole: no entry and no claim speaks of them any more. What the
/// server refused stays, so that it can be carried away.
///
/// # Errors
/// When the file cannot be written.
pub fn drop_durable(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM kept WHERE doc_id NOT IN (SELECT doc_id FROM entry)
         AND doc_id NOT IN (SELECT doc_id FROM claim)
         AND doc_id NOT IN (SELECT doc_id FROM kept WHERE status NOT IN (?1, ?2))",
    )?
    .execute(THERE.map(Status::code))?;
    Ok(())
}
