//! Leases: until when work may be done offline, and how much of what waits is past that.
//!
//! Must not know what the server decides; it keeps numbers and times.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::model::UtcMillis;

/// A lease as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its number.
    pub id: u64,
    /// When it was given.
    pub not_before: UtcMillis,
    /// Until when the phone works offline under it.
    pub not_after: UtcMillis,
    /// Work handed in later waits for review.
    pub hand_in_by: UtcMillis,
}

/// The lease held, if any.
///
/// # Errors
/// When the file cannot be read.
pub fn current(db: &Connection) -> Result<Option<LeaseRow>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, not_before, not_after, hand_in_by FROM lease WHERE current = 1",
    )?;
    let row = find.query_row([], |row| {
        Ok(LeaseRow {
            id: row.get::<_, i64>(0)?.unsigned_abs(),
            not_before: UtcMillis(row.get(1)?),
            not_after: UtcMillis(row.get(2)?),
            hand_in_by: UtcMillis(row.get(3)?),
        })
    });
    Ok(row.optional()?)
}

/// Holds this lease from now on. An older one stays while unsent work was made under it.
///
/// # Errors
/// When the file cannot be written.
pub fn hold(db: &Connection, lease: &LeaseRow) -> Result<(), StoreError> {
    let id = i64::try_from(lease.id).map_err(|_| StoreError::Damaged)?;
    db.execute("UPDATE lease SET current = 0 WHERE id <> ?1", [id])?;
    db.execute(
        "INSERT OR REPLACE INTO lease (id, not_before, not_after, hand_in_by, current)
         VALUES (?1, ?2, ?3, ?4, 1)",
        params![id, lease.not_before.0, lease.not_after.0, lease.hand_in_by.0],
    )?;
    db.execute(
        "DELETE FROM lease WHERE current = 0 AND id NOT IN (SELECT c.lease FROM doc d
           JOIN change c ON c.doc_id = d.doc_id WHERE d.unsent = 1 AND c.status <= 1)",
        [],
    )?;
    Ok(())
}

/// Unsent changes made under leases whose time to hand in has passed: they will wait for review.
///
/// # Errors
/// When the file cannot be read.
pub fn overdue(db: &Connection, now: UtcMillis) -> Result<i64, StoreError> {
    let mut count = db.prepare_cached(
        "SELECT count(*) FROM lease l CROSS JOIN doc d JOIN change c ON c.doc_id = d.doc_id
         WHERE l.hand_in_by < ?1 AND d.unsent = 1 AND c.status <= 1 AND c.lease = l.id",
    )?;
    Ok(count.query_row([now.0], |row| row.get(0))?)
}
