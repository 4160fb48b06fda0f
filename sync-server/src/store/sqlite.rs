//! The embedded backend: one SQLite file, write-ahead log, `synchronous=FULL`.
//!
//! All SQL of the server is in this room. One connection writes, a few read; other
//! processes (`admin`, `quarantine`, `backup`) may write beside it. Numbered
//! migrations run in one immediate transaction when the file is opened.

mod account;
mod convert;
mod desk;
mod document;
mod lease;
mod log;
mod people;
mod photo;
mod projection;
mod review;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::{Meta, Store, StoreError, Work};

/// The migrations, oldest first; `user_version` counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001.sql"),
    include_str!("../../migrations/sqlite/0002.sql"),
    include_str!("../../migrations/sqlite/0003.sql"),
    include_str!("../../migrations/sqlite/0004.sql"),
    include_str!("../../migrations/sqlite/0005.sql"),
    include_str!("../../migrations/sqlite/0006.sql"),
    include_str!("../../migrations/sqlite/0007.sql"),
    include_str!("../../migrations/sqlite/0008.sql"),
    include_str!("../../migrations/sqlite/0009.sql"),
    include_str!("../../migrations/sqlite/0010.sql"),
    include_str!("../../migrations/sqlite/0011.sql"),
    include_str!("../../migrations/sqlite/0012.sql"),
];
/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(15);
/// Statements kept prepared per connection.
const STATEMENTS: usize = 96;
/// Pages that the writer keeps in memory, at most. An import writes in one transaction; what does not fit goes to the
/// log and is read again.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// Reading connections kept open.
const READERS: usize = 8;

/// The server's database in one file.
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    watcher: Mutex<Connection>,
}

/// One transaction on a connection.
pub(super) struct Session<'c>(&'c Connection);

impl Sqlite {
    /// Opens or creates the database.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer program wrote it, [`StoreError::Damaged`] when it is
    /// no database, otherwise of the engine.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut writer = Connection::open(path).map_err(engine)?;
        prepare(&mut writer)?;
        writer.pragma_update(None, "journal_mode", "WAL").map_err(engine)?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(engine)?;
        migrate(&mut writer)?;
        let watcher = reader(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            watcher: Mutex::new(watcher),
        })
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let kept = lock(&self.readers).pop();
        kept.map_or_else(|| reader(&self.path), Ok)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic inside a transaction rolls it back when it is dropped; the connection stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    #[cfg(feature = "faults")]
    lay_fuse(connection).map_err(engine)?;
    connection.busy_timeout(BUSY).map_err(engine)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL").map_err(engine)?;
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(engine)?;
    connection.pragma_update(None, "trusted_schema", "OFF").map_err(engine)
}

/// Tests end the process at the n-th statement.
#[cfg(feature = "faults")]
fn lay_fuse(connection: &mut Connection) -> rusqlite::Result<()> {
    use ironfeet_core::faults::SERVER_DISK;
    use rusqlite::trace::{TraceEvent, TraceEventCodes};

    if SERVER_DISK.is_laid() {
        connection.trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|_: TraceEvent<'_>| SERVER_DISK.statement()),
        )?;
        connection.progress_handler(1, Some(|| SERVER_DISK.is_burnt()))?;
    }
    Ok(())
}

fn reader(path: &Path) -> Result<Connection, StoreError> {
    // Read-write on purpose: a reader of a write-ahead log must be able to recover it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(engine)?;
    prepare(&mut connection)?;
    connection.pragma_update(None, "query_only", "ON").map_err(engine)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let tx =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(engine)?;
    let found: u32 =
        tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(engine)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, sql) in (1_u32..).zip(MIGRATIONS) {
        if version > found {
            tx.execute_batch(sql).map_err(engine)?;
            tx.pragma_update(None, "user_version", version).map_err(engine)?;
        }
    }
    tx.commit().map_err(engine)
}

/// What an engine error means for the caller.
fn engine(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy,
        Some(Code::DiskFull) => StoreError::Full,
        Some(Code::DatabaseCorrupt) => StoreError::Damaged("the database file is corrupt"),
        Some(Code::NotADatabase) => StoreError::Damaged("the file is no database"),
        _ => StoreError::Engine(Box::new(error)),
    }
}

impl Store for Sqlite {
    fn view(&self, work: Work<'_>) -> Result<(), StoreError> {
        let mut connection = self.reader()?;
        let done = {
            let tx = connection
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(engine)?;
            work(&Session(&tx))
        };
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(connection);
        }
        done
    }

    fn transact(&self, work: Work<'_>) -> Result<(), StoreError> {
        let mut connection = lock(&self.writer);
        let tx =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(engine)?;
        work(&Session(&tx))?;
        tx.commit().map_err(engine)
    }

    fn outside_writes(&self) -> Result<i64, StoreError> {
        lock(&self.watcher)
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(engine)
    }

    fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let connection = self.reader()?;
        connection.pragma_update(None, "query_only", "OFF").map_err(engine)?;
        let path = file.to_str().ok_or(StoreError::Damaged("the path is no text"))?;
        connection.execute("VACUUM INTO ?1", [path]).map_err(engine)?;
        let copy = std::fs::File::open(file).map_err(|e| StoreError::Engine(Box::new(e)))?;
        copy.sync_all().map_err(|e| StoreError::Engine(Box::new(e)))
    }
}

impl Session<'_> {
    /// Runs a statement that gives no rows; the number of rows it changed.
    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.0.prepare_cached(sql).and_then(|mut s| s.execute(params)).map_err(engine)
    }

    /// The first row, if there is one.
    fn first<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row(params, read).optional())
            .map_err(engine)
    }

    /// Every row.
    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(engine)?;
        let rows = statement.query_map(params, read).map_err(engine)?;
        rows.collect::<rusqlite::Result<_>>().map_err(engine)
    }
}

impl Meta for Session<'_> {
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.first("SELECT value FROM server_meta WHERE name = ?1", [name], |row| row.get(0))
    }

    fn meta_put(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO server_meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, value],
        )?;
        Ok(())
    }

    fn part(&self, part: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.0.execute_batch("SAVEPOINT part").map_err(engine)?;
        let done = part();
        let end = if done.is_ok() { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" };
        self.0.execute_batch(end).map_err(engine)?;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance;

    #[test]
    fn the_embedded_backend_conforms() {
        let dir = tempfile::tempdir().unwrap();
        let mut n = 0;
        conformance::run(&mut || {
            n += 1;
            Box::new(Sqlite::open(&dir.path().join(format!("{n}.db"))).unwrap())
        });
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        drop(Sqlite::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(Sqlite::open(&path), Err(StoreError::Newer { found: 99, .. })));
    }

    #[test]
    fn what_is_no_database_is_named_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        std::fs::write(&path, vec![7_u8; 8192]).unwrap();
        assert!(matches!(Sqlite::open(&path), Err(StoreError::Damaged(_))));
    }
}
