//! Notices to the person: refusals, review outcomes, what was saved from a damaged file.

use rusqlite::{Connection, params};

use super::StoreError;
use super::document::doc_id;
use crate::model::{ChangeHash, DocId};

/// A notice.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// The record it is about.
    pub doc: Option<DocId>,
    /// The change it is about.
    pub change: Option<ChangeHash>,
    /// Stable code.
    pub code: String,
    /// What the person reads, or values for it as JSON. Never content of a record.
    pub text: String,
    /// When, ms.
    pub created: i64,
    /// When the person put it away, ms.
    pub resolved: Option<i64>,
}

/// Adds a notice.
///
/// # Errors
/// When the file cannot be written.
pub fn add(
    db: &Connection,
    about: Option<(DocId, Option<ChangeHash>)>,
    code: &str,
    text: &str,
    at: i64,
) -> Result<(), StoreError> {
    let doc = about.map(|(doc, _)| doc.0.to_vec());
    let hash = about.and_then(|(_, hash)| hash).map(|h| h.0.to_vec());
    db.prepare_cached(
        "INSERT INTO inbox (doc_id, hash, code, text, created) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![doc, hash, code, text, at])?;
    Ok(())
}

/// Whether a notice of this code about this change was given before.
///
/// # Errors
/// When the file cannot be read.
pub fn has(db: &Connection, doc: DocId, hash: &ChangeHash, code: &str) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE doc_id = ?1 AND hash = ?2 AND code = ?3)",
    )?;
    Ok(find.query_row(params![&doc.0[..], &hash.0[..], code], |row| row.get(0))?)
}

/// Notices, newest first; only those not put away when `open_only`.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection, open_only: bool, limit: usize) -> Result<Vec<Notice>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT id, doc_id, hash, code, text, created, resolved FROM inbox
         WHERE ?1 = 0 OR resolved IS NULL ORDER BY id DESC LIMIT ?2",
    )?;
    let mut rows = list.query(params![open_only, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut notices = Vec::new();
    while let Some(row) = rows.next()? {
        let doc: Option<Vec<u8>> = row.get(1)?;
        let hash: Option<Vec<u8>> = row.get(2)?;
        notices.push(Notice {
            id: row.get(0)?,
            doc: doc.map(|d| doc_id(&d)).transpose()?,
            change: hash.and_then(|h| h.as_slice().try_into().ok()).map(ChangeHash),
            code: row.get(3)?,
            text: row.get(4)?,
            created: row.get(5)?,
            resolved: row.get(6)?,
        });
    }
    Ok(notices)
}

/// Puts away what was said under a code about a change: something newer is said.
///
/// # Errors
/// When the file cannot be written.
pub fn supersede(
    db: &Connection,
    (doc, hash): (DocId, &ChangeHash),
    code: &str,
    at: i64,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE inbox SET resolved = ?4 WHERE doc_id = ?1 AND hash = ?2 AND code = ?3 AND resolved IS NULL",
    )?
    .execute(params![&doc.0[..], &hash.0[..], code, at])?;
    Ok(())
}

/// Puts a notice away; says whether it was there and open.
///
/// # Errors
/// When the file cannot be written.
pub fn resolve(db: &Connection, id: i64, at: i64) -> Result<bool, StoreError> {
    let put =
        db.execute("UPDATE inbox SET resolved = ?2 WHERE id = ?1 AND resolved IS NULL", (id, at))?;
    Ok(put > 0)
}
