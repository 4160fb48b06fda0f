//! Brings a file to this version's tables: every missing migration in one immediate transaction.
//!
//! A released migration is never edited; a new one is a new file and a new line here.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// The migrations, oldest first; the number of the last one is the version of the file.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_ground.sql"),
    include_str!("../../migrations/0002_sync.sql"),
    include_str!("../../migrations/0003_heads.sql"),
    include_str!("../../migrations/0004_photo.sql"),
    include_str!("../../migrations/0005_checklist.sql"),
    include_str!("../../migrations/0006_lease.sql"),
    include_str!("../../migrations/0007_kept.sql"),
    include_str!("../../migrations/0008_left.sql"),
];

/// The newest version this app knows.
#[must_use]
pub fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("a handful of migrations")
}

/// The version of a file; 0 for an empty one.
pub(super) fn found(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Applies what is missing. Says whether anything was.
///
/// # Errors
/// [`StoreError::Newer`] for a file of a newer app; then nothing is touched.
pub(super) fn migrate(db: &mut Connection) -> Result<bool, StoreError> {
    if found(db)? == known() {
        return Ok(false);
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = found(&tx)?;
    if found > known() {
        return Err(StoreError::Newer { found, known: known() });
    }
    for sql in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "user_version", known())?;
    tx.commit()?;
    Ok(true)
}
