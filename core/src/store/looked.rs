//! Photos of other phones that were looked at here: sealed files and their rows, bounded, droppable at any time.
//!
//! The row is written after the file and taken away before it: what a row names is there, and what no
//! row names (after a crash, or in a store made anew from a damaged one) goes with the next cleaning.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::install::write_whole;
use super::seal::Seal;
use super::{StoreError, remove_file};
use crate::ground::Entropy;
use crate::limits::PHOTOS_LOOKED_BYTES_MAX;
use crate::model::HashText;

const PURPOSE: &str = "looked";
const FOLDER: &str = "looked";

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// SHA-256 of the photo.
    pub sha256: HashText,
    /// The small one for lists, not the photo itself.
    pub thumb: bool,
}

type Place<'a> = (&'a Path, &'a Zeroizing<[u8; 32]>);

fn path(dir: &Path, what: Looked) -> PathBuf {
    let size = if what.thumb { "-thumb" } else { "" };
    dir.join(FOLDER).join(format!("{}{size}", what.sha256))
}

fn about(what: Looked) -> Vec<u8> {
    [&what.sha256.0[..], &[u8::from(what.thumb)]].concat()
}

pub(super) fn keep(
    db: &Connection,
    (dir, key): Place<'_>,
    what: Looked,
    bytes: &[u8],
    (at, entropy): (i64, &dyn Entropy),
) -> Result<(), StoreError> {
    let size = bytes.len() as u64;
    if size > PHOTOS_LOOKED_BYTES_MAX {
        return Ok(());
    }
    make_room(db, dir, PHOTOS_LOOKED_BYTES_MAX - size)?;
    let sealed = Seal::derive(key, PURPOSE).seal(bytes, &about(what), entropy);
    fs::create_dir_all(dir.join(FOLDER))?;
    write_whole(&path(dir, what), &sealed)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO looked (sha256, thumb, bytes, used_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        &what.sha256.0[..],
        what.thumb,
        i64::try_from(size).unwrap_or(i64::MAX),
        at
    ])?;
    Ok(())
}

/// Drops those unseen for longest until the rest fits; with none left, also what no row names.
fn make_room(db: &Connection, dir: &Path, rest: u64) -> Result<(), StoreError> {
    loop {
        let sum: i64 =
            db.query_row("SELECT coalesce(sum(bytes), 0) FROM looked", [], |row| row.get(0))?;
        if sum == 0 {
            match fs::remove_dir_all(dir.join(FOLDER)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => return Ok(()),
            }
        }
        if u64::try_from(sum).unwrap_or(0) <= rest {
            return Ok(());
        }
        let oldest = "SELECT sha256, thumb FROM looked ORDER BY used_at, sha256, thumb LIMIT 1";
        let (sha256, thumb): (Vec<u8>, bool) =
            db.query_row(oldest, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sha256 = sha256.as_slice().try_into().map(HashText).map_err(|_| StoreError::Damaged)?;
        forget(db, dir, Looked { sha256, thumb })?;
    }
}

fn forget(db: &Connection, dir: &Path, what: Looked) -> Result<(), StoreError> {
    let gone = "DELETE FROM looked WHERE sha256 = ?1 AND thumb = ?2";
    db.execute(gone, params![&what.sha256.0[..], what.thumb])?;
    remove_file(&path(dir, what))
}

pub(super) fn find(
    db: &Connection,
    (dir, key): Place<'_>,
    what: Looked,
    at: i64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let seen = "UPDATE looked SET used_at = ?3 WHERE sha256 = ?1 AND thumb = ?2 RETURNING bytes";
    let row: Option<i64> = db
        .query_row(seen, params![&what.sha256.0[..], what.thumb, at], |row| row.get(0))
        .optional()?;
    if row.is_none() {
        return Ok(None);
    }
    let opened = fs::read(path(dir, what))
        .map_err(StoreError::from)
        .and_then(|sealed| Seal::derive(key, PURPOSE).open(&sealed, &about(what)));
    if opened.is_err() {
        // A cache that cannot be read is no cache: it is fetched again.
        forget(db, dir, what)?;
    }
    Ok(opened.ok())
}

pub(super) fn drop(db: &Connection, dir: &Path, sha256: &HashText) -> Result<(), StoreError> {
    [false, true]
        .into_iter()
        .try_for_each(|thumb| forget(db, dir, Looked { sha256: *sha256, thumb }))
}
