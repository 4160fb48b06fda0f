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
    include_str!("../../migrations/0009_row.sql"),
    include_str!("../../migrations/0010_stamped.sql"),
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

/// The last version that kept changes in the rows of their key; older files are laid out like its.
pub(super) const CHANGES_IN_KEYS: i64 = 8;

/// Applies what is missing. Says whether anything was.
///
/// # Errors
/// [`StoreError::Newer`] for a file of a newer app; then nothing is touched.
pub(super) fn migrate(db: &mut Connection) -> Result<bool, StoreError> {
    migrate_to(db, known())
}

/// Brings a file to a version, all steps in one transaction. Says whether anything was to be done.
///
/// # Errors
/// [`StoreError::Newer`] for a file of a newer version; then nothing is touched.
pub(super) fn migrate_to(db: &mut Connection, version: i64) -> Result<bool, StoreError> {
    if found(db)? == version {
        return Ok(false);
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = found(&tx)?;
    if found > version {
        return Err(StoreError::Newer { found, known: version });
    }
    let upto = |version: i64| usize::try_from(version).unwrap_or(0).min(MIGRATIONS.len());
    for sql in &MIGRATIONS[upto(found)..upto(version)] {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()?;
    Ok(true)
}

/// Brings a wreck as far as it bears.
pub(super) fn migrate_wreck(db: &mut Connection) {
    let from = found(db).unwrap_or(0);
    for version in from + 1..=known() {
        if migrate_to(db, version).is_err() {
            break;
        }
    }
}
