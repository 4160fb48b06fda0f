//! Saves what can be read of a damaged file into a new one. The damaged file is moved aside, never deleted.
//!
//! Order of steps, so that a crash between any two loses nothing: read from a
//! scratch copy; write the new file completely; rename the damaged one; rename
//! the new one. How the rows are got out of the copy is the neighbour's work
//! (`wreck`). Views and snapshots are not saved: the phone rebuilds them from the
//! changes.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params_from_iter};
use zeroize::Zeroizing;

use super::install::{self, Beside, Owner};
use super::wreck::{Rows, TABLES, Wreck, read_all};
use super::{DB, StoreError, connect, key_check, meta, migrate, part, remove_file};
use crate::ground::Entropy;
use crate::model::Pid;

/// The new file before it takes its place.
pub(super) const SAVED: &str = "phone.db.saved";
const WRECK: &str = "phone.db.wreck";
const PAGE: usize = 4096;

/// What was saved from a damaged file.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Salvaged {
    /// Where the damaged file is now.
    pub moved_to: PathBuf,
    /// Records saved, whole or in part.
    pub documents: i64,
    /// Changes saved.
    pub changes: i64,
    /// Of these, not yet sent.
    pub unsent: i64,
    /// Tables of which some rows could not be read.
    pub torn: Vec<String>,
}

/// Saves what can be read and puts the new file in place. `at_ms` names the damaged file;
/// `known_owner` serves when neither the file nor its copy beside it says whose store it was.
///
/// # Errors
/// [`StoreError::Busy`] when another process has the store open, [`StoreError::Full`] when there is
/// no room for a second copy, [`StoreError::WrongKey`], and [`StoreError::Damaged`] when nobody says
/// whose store it was: the damaged file is then still in its place.
pub fn salvage(
    dir: &Path,
    key: &Zeroizing<[u8; 32]>,
    at_ms: i64,
    entropy: &dyn Entropy,
    known_owner: Option<&Owner>,
) -> Result<Salvaged, StoreError> {
    let lock = super::lock(dir)?;
    exclusive(&lock)?;
    let wreck = copy_aside(dir)?;
    let rows = {
        let (old, grafted) = open_wreck(dir, &wreck, key)?;
        let again = || opened(&wreck, key);
        read_all(old.map(|db| Wreck::new(db, &again)), grafted)
    };
    let owner = match (&rows.owner, install::read(dir, key), known_owner) {
        (_, Beside::OtherKey, _) => return Err(StoreError::WrongKey),
        (_, Beside::Owner(owner), _) => owner,
        (Some(owner), Beside::Nothing, _) => owner.clone(),
        (None, Beside::Nothing, Some(owner)) => owner.clone(),
        (None, Beside::Nothing, None) => return Err(StoreError::Damaged),
    };
    let (documents, changes, unsent) = write_saved(dir, key, &owner, &rows)?;
    let moved_to = exchange(dir, at_ms)?;
    install::write(dir, key, &owner, entropy)?;
    for name in [WRECK, "phone.db.wreck-wal", "phone.db.wreck-shm"] {
        remove_file(&dir.join(name))?;
    }
    Ok(Salvaged { moved_to, documents, changes, unsent, torn: rows.torn })
}

/// Completes an exchange that a crash interrupted between its two renames.
pub(super) fn finish_interrupted(dir: &Path, lock: &File) -> Result<(), StoreError> {
    if dir.join(DB).exists() || !dir.join(SAVED).exists() {
        return Ok(());
    }
    exclusive(lock)?;
    exchange(dir, 0)?;
    lock.lock_shared()?;
    Ok(())
}

fn exclusive(lock: &File) -> Result<(), StoreError> {
    lock.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => StoreError::Busy,
        fs::TryLockError::Error(error) => error.into(),
    })
}

/// A scratch copy: even opening a database may change its files.
fn copy_aside(dir: &Path) -> Result<PathBuf, StoreError> {
    let wreck = dir.join(WRECK);
    for tail in ["", "-wal", "-shm"] {
        remove_file(&dir.join(format!("{WRECK}{tail}")))?;
    }
    fs::copy(dir.join(DB), &wreck)?;
    let wal = dir.join(format!("{DB}-wal"));
    if wal.exists() {
        fs::copy(wal, dir.join(format!("{WRECK}-wal")))?;
    }
    Ok(wreck)
}

/// Opens the copy; where its first page is broken, with the first page of a new file grafted on. Says
/// whether that was needed.
fn open_wreck(
    dir: &Path,
    wreck: &Path,
    key: &Zeroizing<[u8; 32]>,
) -> Result<(Option<Connection>, bool), StoreError> {
    if let Ok(db) = readable(wreck, key) {
        return Ok((Some(db), false));
    }
    // Which version wrote it stood on the first page. The root of the changes tells the two layouts apart; where
    // neither fits, it is broken too.
    for version in [migrate::known(), migrate::CHANGES_IN_KEYS, migrate::known()] {
        graft(dir, wreck, key, version)?;
        if let Ok(db) = readable(wreck, key)
            && db.prepare("SELECT 1 FROM change NOT INDEXED")?.exists([]).is_ok()
        {
            return Ok((Some(db), true));
        }
    }
    if let Ok(db) = readable(wreck, key) {
        return Ok((Some(db), true));
    }
    // The log may be what is broken.
    remove_file(&dir.join(format!("{WRECK}-wal")))?;
    Ok((readable(wreck, key).ok(), true))
}

fn opened(wreck: &Path, key: &Zeroizing<[u8; 32]>) -> Result<Connection, StoreError> {
    let db = connect::wreck(wreck, key)?;
    // Takes a file for as long as it is, whatever its first page says.
    db.execute_batch(
        "PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON; PRAGMA synchronous = OFF;",
    )?;
    Ok(db)
}

fn readable(wreck: &Path, key: &Zeroizing<[u8; 32]>) -> Result<Connection, StoreError> {
    let mut db = opened(wreck, key)?;
    // A wreck of an older version gets today's columns, where that still works.
    migrate::migrate_wreck(&mut db);
    db.prepare("SELECT doc_id, k, hash, raw, status FROM change")?;
    // A schema of which a page is lost would spoil every later question.
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(db)
}

/// Every store lays the tables of its first version out the same way, so the schema pages of a new file of the
/// same layout fit an old file whose own are broken.
fn graft(
    dir: &Path,
    wreck: &Path,
    key: &Zeroizing<[u8; 32]>,
    version: i64,
) -> Result<(), StoreError> {
    let pattern = dir.join("phone.db.pattern");
    remove_file(&pattern)?;
    let mut into = File::options().write(true).open(wreck)?;
    let size = i64::try_from(into.metadata()?.len()).unwrap_or(i64::MAX);
    let db = connect::fresh_of(&pattern, key, version)?;
    // The first page says how long the file is: no page of the wreck may lie beyond.
    db.execute("INSERT INTO meta (name, value) VALUES ('ballast', zeroblob(?1))", [size])?;
    let pages = schema_pages(&db)?;
    db.close().map_err(|(_, error)| error)?;
    let mut from = File::open(&pattern)?;
    for page in pages {
        let at = SeekFrom::Start(u64::try_from(page - 1).unwrap_or(0) * PAGE as u64);
        let mut bytes = [0; PAGE];
        from.seek(at)?;
        from.read_exact(&mut bytes)?;
        into.seek(at)?;
        into.write_all(&bytes)?;
    }
    remove_file(&pattern)
}

fn schema_pages(db: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut list =
        db.prepare("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema' ORDER BY pageno")?;
    let pages = list.query_map([], |row| row.get::<_, i64>(0))?;
    Ok(pages.collect::<Result<_, _>>()?)
}

/// Writes the new file; gives documents, changes and unsent changes.
fn write_saved(
    dir: &Path,
    key: &Zeroizing<[u8; 32]>,
    owner: &Owner,
    rows: &Rows,
) -> Result<(i64, i64, i64), StoreError> {
    let saved = dir.join(SAVED);
    for tail in ["", "-wal", "-shm"] {
        remove_file(&dir.join(format!("{SAVED}{tail}")))?;
    }
    let mut db = connect::fresh(&saved, key)?;
    let tx = db.transaction()?;
    for table in TABLES {
        let marks = (1..=table.columns.len()).map(|i| format!("?{i}")).collect::<Vec<_>>();
        let sql = format!(
            "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
            table.name,
            table.columns.join(", "),
            marks.join(", ")
        );
        let mut add = tx.prepare(&sql)?;
        for row in rows.tables.get(table.name).into_iter().flatten() {
            // A row that does not fit the table any more is noise from a broken page.
            let _noise = add.execute(params_from_iter(row));
        }
    }
    adopt_orphans(&tx, owner)?;
    meta::put_owner(&tx, owner)?;
    meta::put(&tx, "key_check", &key_check(key))?;
    meta::put(&tx, "rebuild", b"1")?;
    let count = |sql: &str| tx.query_row(sql, [], |row| row.get::<_, i64>(0));
    let counts = (
        count("SELECT count(*) FROM doc")?,
        count("SELECT count(*) FROM change")?,
        count("SELECT count(*) FROM change WHERE status <= 1")?,
    );
    tx.commit()?;
    db.close().map_err(|(_, error)| error)?;
    File::open(&saved)?.sync_all()?;
    Ok(counts)
}

/// Documents whose own row was lost get a new one; the phone reads kind and heads from the changes.
fn adopt_orphans(db: &Connection, owner: &Owner) -> Result<(), StoreError> {
    for grid in &owner.grids {
        part::serve(db, &Pid::Grid(grid.clone()).to_string())?;
    }
    db.execute_batch(
        "INSERT OR IGNORE INTO part (pid) SELECT DISTINCT pid FROM doc WHERE pid <> '';
         INSERT OR IGNORE INTO doc (doc_id, pid, kind, local_heads)
             SELECT DISTINCT doc_id, coalesce((SELECT min(pid) FROM part), ''), '', x''
             FROM change WHERE length(doc_id) = 16 AND doc_id NOT IN (SELECT doc_id FROM doc);
         UPDATE doc SET unsent = EXISTS
             (SELECT 1 FROM change c WHERE c.doc_id = doc.doc_id AND c.status <= 1);",
    )?;
    Ok(())
}

/// Moves the damaged files aside and the new one into their place.
fn exchange(dir: &Path, at_ms: i64) -> Result<PathBuf, StoreError> {
    let mut moved_to = dir.join(format!("{DB}.damaged-{at_ms}"));
    let mut again = 1;
    while moved_to.exists() {
        moved_to = dir.join(format!("{DB}.damaged-{at_ms}-{again}"));
        again += 1;
    }
    // The file before its log: a file without its log would look whole and be old.
    for tail in ["", "-wal", "-shm"] {
        let from = dir.join(format!("{DB}{tail}"));
        if from.exists() {
            let mut to = moved_to.clone().into_os_string();
            to.push(tail);
            fs::rename(from, to)?;
        }
    }
    install::sync_folder(dir)?;
    fs::rename(dir.join(SAVED), dir.join(DB))?;
    install::sync_folder(dir)?;
    Ok(moved_to)
}
