//! The owner and the small counters of a store, by name.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::install::Owner;

/// A named value, if it is there.
///
/// # Errors
/// When the file cannot be read.
pub fn get(db: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut find = db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}

/// A named text, if it is there.
///
/// # Errors
/// When the file cannot be read.
pub fn text(db: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(get(db, name)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Sets a named value.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute((name, value))?;
    Ok(())
}

/// Takes a named value away.
///
/// # Errors
/// When the file cannot be written.
pub fn remove(db: &Connection, name: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// Whose store it is; `None` where that cannot be read any more.
pub(super) fn owner(db: &Connection) -> Result<Option<Owner>, StoreError> {
    Ok(get(db, "owner")?.and_then(|json| serde_json::from_slice(&json).ok()))
}

pub(super) fn put_owner(db: &Connection, owner: &Owner) -> Result<(), StoreError> {
    put(db, "owner", &serde_json::to_vec(owner).expect("ids and names are always JSON"))
}
