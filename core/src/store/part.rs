//! Partitions this phone serves and how far it has read each one.

use rusqlite::Connection;

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
        "SELECT pid, history_id, seq, chain, digest, count, durable_seq FROM part ORDER BY pid",
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
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
