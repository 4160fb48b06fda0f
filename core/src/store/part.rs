//! Partitions this phone serves and how far it has read each one.

use rusqlite::{Connection, params};

use super::StoreError;

/// A partition and its cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct PartRow {
    /// The partition.
    pub pid: String,
    /// Which history the cursor belongs to; empty before the first sync.
    pub history_id: Vec<u8>,
    /// Last entry read.
    pub seq: i64,
    /// The chain at that entry.
    pub chain: Vec<u8>,
    /// Digest over acked heads.
    pub digest: Vec<u8>,
    /// Documents in the digest.
    pub count: i64,
    /// Last entry that the server has in off-host backup.
    pub durable_seq: i64,
    /// The server's stamp at that entry; empty before the first.
    pub stamp: Vec<u8>,
}

/// Serves a partition from now on; one that is served already stays as it is.
///
/// # Errors
/// When the file cannot be written.
pub fn serve(db: &Connection, pid: &str) -> Result<(), StoreError> {
    db.execute("INSERT OR IGNORE INTO part (pid) VALUES (?1)", [pid])?;
    Ok(())
}

/// Every partition, by name.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection) -> Result<Vec<PartRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT pid, history_id, seq, chain, digest, count, durable_seq, stamp FROM part ORDER BY pid",
    )?;
    let rows = list.query_map([], |row| {
        Ok(PartRow {
            pid: row.get(0)?,
            history_id: row.get(1)?,
            seq: row.get(2)?,
            chain: row.get(3)?,
            digest: row.get(4)?,
            count: row.get(5)?,
            durable_seq: row.get(6)?,
            stamp: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a partition's cursor. One that is not served (any more) stays away.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, row: &PartRow) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE part SET history_id = ?2, seq = ?3, chain = ?4, digest = ?5, count = ?6,
             durable_seq = ?7, stamp = ?8 WHERE pid = ?1",
    )?
    .execute(params![
        row.pid,
        row.history_id,
        row.seq,
        row.chain,
        row.digest,
        row.count,
        row.durable_seq,
        row.stamp
    ])?;
    Ok(())
}

/// Stops serving a partition; forgets its cursor and what belongs to it.
///
/// # Errors
/// When the file cannot be written.
pub fn stop(db: &Connection, pid: &str) -> Result<(), StoreError> {
    for table in ["part", "checkpoint", "entry", "stamped", "offer", "bundle"] {
        db.execute(&format!("DELETE FROM {table} WHERE pid = ?1"), [pid])?;
    }
    Ok(())
}

/// The chain at remembered entries, newest first.
///
/// # Errors
/// When the file cannot be read.
pub fn checkpoints(db: &Connection, pid: &str) -> Result<Vec<(u64, [u8; 32])>, StoreError> {
    let mut list =
        db.prepare_cached("SELECT seq, chain FROM checkpoint WHERE pid = ?1 ORDER BY seq DESC")?;
    let mut rows = list.query([pid])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let chain: Vec<u8> = row.get(1)?;
        known.push((
            super::entry::unsigned(row.get(0)?),
            chain.as_slice().try_into().map_err(|_| StoreError::Damaged)?,
        ));
    }
    Ok(known)
}

/// Remembers the chain at an entry.
///
/// # Errors
/// When the file cannot be written.
pub fn add_checkpoint(
    db: &Connection,
    pid: &str,
    seq: u64,
    chain: &[u8; 32],
) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO checkpoint (pid, seq, chain) VALUES (?1, ?2, ?3)")?
        .execute(params![pid, number(seq), &chain[..]])?;
    Ok(())
}

/// Forgets the chain at an entry.
///
/// # Errors
/// When the file cannot be written.
pub fn drop_checkpoint(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM checkpoint WHERE pid = ?1 AND seq = ?2")?
        .execute(params![pid, number(seq)])?;
    Ok(())
}

/// Forgets the chain at every entry after one.
///
/// # Errors
/// When the file cannot be written.
pub fn drop_checkpoints_after(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM checkpoint WHERE pid = ?1 AND seq > ?2")?
        .execute(params![pid, number(seq)])?;
    Ok(())
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
