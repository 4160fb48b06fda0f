//! Where answers ended in a log: the chain there, and the server's own proof of it.
//!
//! Knows rows; what a stamp proves is another room's.

use rusqlite::{Connection, params};

use super::StoreError;
use super::entry::{sql, unsigned};

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampedRow {
    /// Number of its last entry.
    pub seq: u64,
    /// The chain there.
    pub chain: [u8; 32],
    /// The server's stamp of it.
    pub stamp: [u8; 16],
}

/// Keeps the end of an answer.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, pid: &str, row: &StampedRow) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO stamped (pid, seq, chain, stamp) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![pid, sql(row.seq), &row.chain[..], &row.stamp[..]])?;
    Ok(())
}

/// The ends of answers from `from` to `upto`, in order.
///
/// # Errors
/// When the file cannot be read.
pub fn list(
    db: &Connection,
    pid: &str,
    from: u64,
    upto: u64,
) -> Result<Vec<StampedRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT seq, chain, stamp FROM stamped WHERE pid = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = list.query(params![pid, sql(from), sql(upto)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (chain, stamp): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        found.push(StampedRow {
            seq: unsigned(row.get(0)?),
            chain: chain.as_slice().try_into().map_err(|_| StoreError::Damaged)?,
            stamp: stamp.as_slice().try_into().map_err(|_| StoreError::Damaged)?,
        });
    }
    Ok(found)
}

/// Forgets those before a number: nothing before it will be offered any more.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_before(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM stamped WHERE pid = ?1 AND seq < ?2")?
        .execute(params![pid, sql(seq)])?;
    Ok(())
}

/// Forgets those after a number: another history goes on from there.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_after(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM stamped WHERE pid = ?1 AND seq > ?2")?
        .execute(params![pid, sql(seq)])?;
    Ok(())
}
