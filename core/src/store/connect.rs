//! Opens the file itself: key, pragmas, version. Reads before it writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::migrate;

/// How long a write waits for another process before it says busy.
const BUSY: Duration = Duration::from_secs(5);

/// Whether this build encrypts the database itself.
pub(super) const ENCRYPTED: bool = cfg!(feature = "sqlcipher");

/// Opens an existing file, checks that this app may use it, and brings it to this app's version.
pub(super) fn existing(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let mut db = keyed(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = migrate::found(&db)?;
    if found > migrate::known() {
        return Err(StoreError::Newer { found, known: migrate::known() });
    }
    settle(&db)?;
    migrate::migrate(&mut db)?;
    Ok(db)
}

/// Makes a new file with this version's tables.
pub(super) fn fresh(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    fresh_of(path, key, migrate::known())
}

/// Makes a new file with an older version's tables.
pub(super) fn fresh_of(
    path: &Path,
    key: &[u8; 32],
    version: i64,
) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut db = keyed(path, key, flags)?;
    settle(&db)?;
    migrate::migrate_to(&mut db, version)?;
    Ok(db)
}

/// Opens a copy for reading what can be read; never migrates.
pub(super) fn wreck(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    keyed(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn keyed(path: &Path, key: &[u8; 32], flags: OpenFlags) -> Result<Connection, StoreError> {
    #[cfg_attr(not(feature = "faults"), expect(unused_mut, reason = "the fuse is laid into it"))]
    let mut db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    #[cfg(feature = "faults")]
    lay_fuse(&mut db)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(96);
    hand_key(&db, key)?;
    Ok(db)
}

#[cfg(feature = "sqlcipher")]
fn hand_key(db: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    use sha2::{Digest, Sha256};
    use zeroize::Zeroizing;

    // The salt follows from the key, so that the first page of another file of this key can stand in
    // for a lost one. It only spreads the page keys; the key itself is random.
    let salt = Sha256::new().chain_update(b"ironfeet salt v1\0").chain_update(key).finalize();
    let raw = Zeroizing::new(hex::encode(key));
    let sql =
        Zeroizing::new(format!("PRAGMA key = \"x'{}{}'\"", raw.as_str(), hex::encode(&salt[..16])));
    // A damaged page is told by its error; the library would also write to the app's stderr.
    db.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    Ok(db.execute_batch(&sql)?)
}

#[cfg(not(feature = "sqlcipher"))]
#[expect(clippy::unnecessary_wraps, reason = "the encrypted build can fail here")]
fn hand_key(_db: &Connection, _key: &[u8; 32]) -> Result<(), StoreError> {
    Ok(())
}

/// Moves the write-ahead log into the file by a connection of its own: nobody waits for it.
pub(super) fn tend(path: &Path, key: &[u8; 32]) -> Result<(), StoreError> {
    let db = keyed(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

/// The habits of the open file. FULL: what was acknowledged survives a power cut. The log is moved into the
/// file in quiet moments and after large downloads; 4,000 pages (16 MB) are for who has neither. A page out of
/// memory is decrypted again, so a download keeps up to 8 MB of them.
fn settle(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = 2;
         PRAGMA cache_size = -8192;
         PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 8388608;",
    )?;
    Ok(())
}

/// Tests end the process at the n-th statement.
#[cfg(feature = "faults")]
fn lay_fuse(db: &mut Connection) -> Result<(), StoreError> {
    use crate::faults::PHONE_DISK;
    use rusqlite::trace::{TraceEvent, TraceEventCodes};

    if PHONE_DISK.is_laid() {
        db.trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|_: TraceEvent<'_>| PHONE_DISK.statement()),
        )?;
        db.progress_handler(1, Some(|| PHONE_DISK.is_burnt()))?;
    }
    Ok(())
}
