//! Changes the server said it has and no log has shown yet. It is asked about them until a log or a backup does.
//!
//! A server put back to before it took such a change would have lost it unnoticed: no cursor speaks of it.

use rusqlite::{Connection, params};

use super::StoreError;
use super::document::doc_id;
use super::entry::sql;
use crate::model::{ChangeHash, DocId};

/// The server said that it has a change.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, doc: DocId, hash: &ChangeHash) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO claim (doc_id, hash) VALUES (?1, ?2)")?
        .execute(params![&doc.0[..], &hash.0[..]])?;
    Ok(())
}

/// A log showed it, or the server does not have it: nothing is claimed any more.
///
/// # Errors
/// When the file cannot be written.
pub fn drop(db: &Connection, doc: DocId, hash: &ChangeHash) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM claim WHERE doc_id = ?1 AND hash = ?2")?
        .execute(params![&doc.0[..], &hash.0[..]])?;
    Ok(())
}

/// Whether there is any.
///
/// # Errors
/// When the file cannot be read.
pub fn any(db: &Connection) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM claim)")?;
    Ok(find.query_row([], |row| row.get(0))?)
}

/// Whether it is not known of some when a backup holds them.
///
/// # Errors
/// When the file cannot be read.
pub fn is_open(db: &Connection) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM claim WHERE pid = '')")?;
    Ok(find.query_row([], |row| row.get(0))?)
}

/// At most `limit` claims from a record on, going round: from anywhere, all have their turn.
///
/// # Errors
/// When the file cannot be read.
pub fn list(
    db: &Connection,
    from: DocId,
    limit: usize,
) -> Result<Vec<(DocId, ChangeHash)>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT doc_id, hash FROM claim ORDER BY doc_id < ?1, doc_id, hash LIMIT ?2",
    )?;
    let mut rows = list.query(params![&from.0[..], sql(limit as u64)])?;
    let mut claims = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(1)?;
        let hash = hash.as_slice().try_into().map(ChangeHash).map_err(|_| StoreError::Damaged)?;
        claims.push((doc_id(&row.get::<_, Vec<u8>>(0)?)?, hash));
    }
    Ok(claims)
}

/// A backup that reaches this entry holds what was claimed until now.
///
/// # Errors
/// When the file cannot be written.
pub fn stand(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE claim SET pid = ?1, seq = ?2 WHERE pid = ''")?
        .execute(params![pid, sql(seq)])?;
    Ok(())
}

/// The entries after a number are no more: when a backup holds what hung on them is open again.
///
/// # Errors
/// When the file cannot be written.
pub fn unstand(db: &Connection, pid: &str, after: u64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE claim SET pid = '', seq = 0 WHERE pid = ?1 AND seq > ?2")?
        .execute(params![pid, sql(after)])?;
    Ok(())
}

/// A backup reached a number; says how many claims it settled.
///
/// # Errors
/// When the file cannot be written.
pub fn settle_upto(db: &Connection, pid: &str, seq: u64) -> Result<usize, StoreError> {
    let mut settle = db.prepare_cached("DELETE FROM claim WHERE pid = ?1 AND seq <= ?2")?;
    Ok(settle.execute(params![pid, sql(seq)])?)
}
