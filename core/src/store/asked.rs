//! What an enrolment was asked with, in a small sealed file until its answer is kept: there may be no store yet.
//!
//! Must not know what is in it.

use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

use super::seal::Seal;
use super::{StoreError, install, remove_file};
use crate::ground::Entropy;

const FILE: &str = "enrolling";
const PURPOSE: &str = "enrolling";

/// What was kept, if this key opens it.
#[must_use]
pub fn read(dir: &Path, key: &[u8; 32]) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = fs::read(dir.join(FILE)).ok()?;
    Seal::derive(key, PURPOSE).open(&sealed, FILE.as_bytes()).ok().map(Zeroizing::new)
}

/// Keeps it in a folder, which need not exist; on disk when it returns.
///
/// # Errors
/// When the disk refuses.
pub fn write(
    dir: &Path,
    key: &[u8; 32],
    bytes: &[u8],
    entropy: &dyn Entropy,
) -> Result<(), StoreError> {
    fs::create_dir_all(dir)?;
    let sealed = Seal::derive(key, PURPOSE).seal(bytes, FILE.as_bytes(), entropy);
    install::write_whole(&dir.join(FILE), &sealed)
}

/// Takes it away.
///
/// # Errors
/// When the disk refuses.
pub fn remove(dir: &Path) -> Result<(), StoreError> {
    remove_file(&dir.join(FILE))
}
