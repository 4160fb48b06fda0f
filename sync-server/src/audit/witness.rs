//! How far the trail had come, in a file beside the database: rows cut off the end leave a chain that is whole.
//!
//! The file only ever moves on with a trail that holds what it saw; otherwise it stays, so that a running
//! server does not wipe out the evidence. Whoever can write both can make both fit: keep exports elsewhere.

use std::io::Write as _;
use std::path::Path;

use ironfeet_core::model::UtcMillis;

use super::refused;
use crate::store::{Store, StoreError, transact, view};

/// The file, in the folder of the database.
pub const FILE: &str = "audit-witness";

/// A row and its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Number; 0 before the first.
    pub n: u64,
    /// Hash.
    pub hash: [u8; 32],
}

/// What the witness saw; nothing without a file.
///
/// # Errors
/// [`StoreError::Engine`] when there is one and it cannot be read; [`StoreError::Damaged`] when it is none.
pub fn read(file: &Path) -> Result<Option<Mark>, StoreError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Engine(Box::new(error))),
    };
    let parsed = text.trim().split_once(' ').and_then(|(n, hash)| {
        let hash = hex::decode(hash).ok()?.try_into().ok()?;
        Some(Mark { n: n.parse().ok()?, hash })
    });
    parsed.map(Some).ok_or(StoreError::Damaged("the witness of the trail cannot be read"))
}

fn write(file: &Path, mark: &Mark) -> Result<(), StoreError> {
    let failed = |e: std::io::Error| StoreError::Engine(Box::new(e));
    // A name of its own: a command may write beside a running server.
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    writeln!(beside, "{} {}", mark.n, hex::encode(mark.hash)).map_err(failed)?;
    beside.persist(file).map(drop).map_err(|e| failed(e.error))
}

/// Whether the trail holds a row, and its last row.
fn standing(store: &dyn Store, seen: &Mark) -> Result<(bool, Mark), StoreError> {
    view(store, |s| {
        let held = seen.n == 0
            || s.audit_after(seen.n - 1, 1)?
                .first()
                .is_some_and(|row| row.n == seen.n && row.hash == seen.hash);
        let last =
            s.audit_last()?.map_or_else(Mark::default, |row| Mark { n: row.n, hash: row.hash });
        Ok((held, last))
    })
}

/// Moves the witness on to the end of the trail; `false` when the trail does not hold what it saw.
///
/// # Errors
/// Of the store, or when the file cannot be read or written.
pub fn advance(store: &dyn Store, file: &Path) -> Result<bool, StoreError> {
    let seen = read(file)?.unwrap_or_default();
    let (held, last) = standing(store, &seen)?;
    if held && last != seen {
        write(file, &last)?;
    }
    Ok(held)
}

/// The database was put back to an older state: if the trail lost rows by that it says so itself, and the
/// witness begins anew.
///
/// # Errors
/// As [`advance`].
pub fn begin_anew(store: &dyn Store, file: &Path, now: UtcMillis) -> Result<(), StoreError> {
    let Ok(Some(seen)) = read(file) else {
        return write(file, &standing(store, &Mark::default())?.1);
    };
    let (held, last) = standing(store, &seen)?;
    if !held {
        let lost = format!("rows {} of {}", last.n, seen.n);
        transact(store, |s| refused(s, now, "server", "trail.behind", &lost))?;
    }
    write(file, &standing(store, &Mark::default())?.1)
}
