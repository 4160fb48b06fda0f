//! Checklist files that the city published, in the order in which they came. Must not know what they ask.

use rusqlite::Connection;

use super::StoreError;

/// Keeps a file; one that is here already becomes the newest.
///
/// # Errors
/// When the file cannot be written.
pub fn add(db: &Connection, sha256: &[u8; 32], yaml: &str) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO checklist (n, sha256, yaml)
         VALUES ((SELECT coalesce(max(n), 0) + 1 FROM checklist), ?1, ?2)",
    )?
    .execute((sha256, yaml))?;
    Ok(())
}

/// All files, oldest first.
///
/// # Errors
/// When the file cannot be read.
pub fn all(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut list = db.prepare_cached("SELECT yaml FROM checklist ORDER BY n")?;
    let rows = list.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The hash of the newest file.
///
/// # Errors
/// When the file cannot be read.
pub fn newest(db: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    use rusqlite::OptionalExtension as _;
    let mut find = db.prepare_cached("SELECT sha256 FROM checklist ORDER BY n DESC LIMIT 1")?;
    Ok(find.query_row([], |row| row.get(0)).optional()?)
}
