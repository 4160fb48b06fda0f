//! The phone's store: one SQLite file, and beside it sealed photos and a copy of the owner.
//!
//! **In prose.** A record is a row in `doc`; each of its changes is a row in
//! `change`, bytes as they were made, in the order this phone learned them. The
//! outbox is those changes whose status says so. `snapshot` is a cache that may
//! be missing, stale or damaged. `archive` keeps changes that cannot be applied
//! here. `v_*`, `search` and `near` are what screens read: written in the same
//! transaction as the change that moved them, rebuilt from the changes to the
//! same rows at any time. `part` and `checkpoint` are the cursors of the sync;
//! `inbox` are notices to the person; `meta` names the owner.
//!
//! **What holds.** A write that returned is on disk (WAL, `synchronous = FULL`).
//! A wrong key or a newer app's file is an error that touches nothing. A damaged
//! file is never deleted: it is moved aside and what can be read of it goes into
//! a new one ([`salvage`]). Nothing here reads a clock or the environment.
//!
//! Knows `model` only: a change is a hash and bytes to it. Must not know
//! Automerge, checklists, sockets, or who may do what.

pub mod archive;
pub mod asked;
pub mod blob;
pub mod checklist;
pub mod claim;
mod connect;
pub mod document;
pub mod entry;
mod error;
pub mod finding;
pub mod inbox;
mod install;
pub mod kept;
pub mod lease;
pub mod looked;
pub mod member;
pub mod meta;
mod migrate;
pub mod near;
pub mod outbox;
pub mod part;
pub mod place;
pub mod rescue;
pub mod salvage;
mod seal;
pub mod search;
pub mod stamped;
pub mod today;
pub mod views;
pub mod visit;
mod wreck;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use error::StoreError;
pub use install::Owner;
pub use migrate::known as known_version;

use crate::ground::Entropy;
use crate::model::{HashText, InstallId};
use install::Beside;

/// An open database, for the functions of this room. Others hand it through and ask it nothing.
pub type Db = Connection;

/// The database inside a store's folder.
const DB: &str = "phone.db";

/// An open store. One writer; other processes may have it open too ([`Store::changed_elsewhere`]).
pub struct Store {
    db: Connection,
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
    entropy: Arc<dyn Entropy>,
    owner: Owner,
    /// Shared while open; exclusive only while a damaged file is exchanged.
    _lock: File,
    version_seen: i64,
    copied: bool,
    /// Moves the log into the file meanwhile.
    tending: Option<JoinHandle<()>>,
}

impl Drop for Store {
    /// Whoever goes on with the folder has it alone.
    fn drop(&mut self) {
        if let Some(tending) = self.tending.take() {
            let _panicked = tending.join();
        }
    }
}

impl Store {
    /// Whether there is a store in a folder.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        dir.join(DB).exists() || dir.join(salvage::SAVED).exists()
    }

    /// Makes a store in a folder, which may exist.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one; disk errors.
    pub fn create(
        dir: &Path,
        key: Zeroizing<[u8; 32]>,
        owner: &Owner,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(dir)?;
        let lock = lock(dir)?;
        if Self::exists(dir) {
            return Err(StoreError::Exists);
        }
        let next = dir.join("phone.db.next");
        remove_file(&next)?;
        let db = connect::fresh(&next, &key)?;
        meta::put_owner(&db, owner)?;
        meta::put(&db, "key_check", &key_check(&key))?;
        db.close().map_err(|(_, error)| error)?;
        install::write(dir, &key, owner, entropy.as_ref())?;
        fs::rename(&next, dir.join(DB))?;
        install::sync_folder(dir)?;
        Self::finish_open(dir, key, entropy, lock)
    }

    /// Opens the store of a folder. A store that was restored or cloned (its two copies of the
    /// installation's identity differ) gets a new identity, see [`Store::copied`].
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::WrongKey`], [`StoreError::Newer`]: nothing was touched.
    /// [`StoreError::Damaged`]: call [`salvage::salvage`], then open again.
    pub fn open(
        dir: &Path,
        key: Zeroizing<[u8; 32]>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        if !Self::exists(dir) {
            return Err(StoreError::Missing);
        }
        if matches!(install::read(dir, &key), Beside::OtherKey) {
            return Err(StoreError::WrongKey);
        }
        let lock = lock(dir)?;
        salvage::finish_interrupted(dir, &lock)?;
        Self::finish_open(dir, key, entropy, lock)
    }

    fn finish_open(
        dir: &Path,
        key: Zeroizing<[u8; 32]>,
        entropy: Arc<dyn Entropy>,
        lock: File,
    ) -> Result<Self, StoreError> {
        let beside = install::read(dir, &key);
        let trusted = matches!(beside, Beside::Owner(_));
        let db = connect::existing(&dir.join(DB), &key).map_err(|error| match error {
            // Nobody vouches for the key, and the encrypted file is noise under it.
            StoreError::Damaged if connect::ENCRYPTED && !trusted => StoreError::WrongKey,
            error => error,
        })?;
        if !trusted && meta::get(&db, "key_check")?.is_some_and(|c| c != key_check(&key)) {
            return Err(StoreError::WrongKey);
        }
        let mut owner = meta::owner(&db)?.ok_or(StoreError::Damaged)?;
        let copied = !matches!(&beside, Beside::Owner(b) if b.install_id == owner.install_id);
        if copied {
            owner.install_id = InstallId(entropy.sixteen());
            meta::put_owner(&db, &owner)?;
            meta::put(&db, "copied", b"1")?;
        }
        if !matches!(&beside, Beside::Owner(b) if *b == owner) {
            install::write(dir, &key, &owner, entropy.as_ref())?;
        }
        let version_seen = version(&db)?;
        Ok(Self {
            db,
            dir: dir.to_owned(),
            key,
            entropy,
            owner,
            _lock: lock,
            version_seen,
            copied,
            tending: None,
        })
    }

    /// Whose store it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Whether this opening found that the folder was restored or cloned (protocol 4.5, I3).
    #[must_use]
    pub fn copied(&self) -> bool {
        self.copied
    }

    /// Whether the database file itself is encrypted in this build. Photos and the owner's copy always are.
    #[must_use]
    pub fn encrypted(&self) -> bool {
        connect::ENCRYPTED
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// For reading, by the functions of this room.
    #[must_use]
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// Whether another process wrote since the last write or question here: caches are then stale.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn changed_elsewhere(&mut self) -> Result<bool, StoreError> {
        let now = version(&self.db)?;
        Ok(std::mem::replace(&mut self.version_seen, now) != now)
    }

    /// Takes the write lock: nobody else writes until the transaction ends. Says too whether another
    /// process wrote before it. All or nothing; on disk when `commit` returned.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process held the file for five seconds.
    pub fn begin_fresh(&mut self) -> Result<(rusqlite::Transaction<'_>, bool), StoreError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now = version(&tx)?;
        let changed = std::mem::replace(&mut self.version_seen, now) != now;
        Ok((tx, changed))
    }

    /// Runs `f` in one transaction: all of it is on disk when this returns, or none of it ever.
    ///
    /// # Errors
    /// What `f` says, [`StoreError::Full`], [`StoreError::Busy`].
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        f: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = tx.map_err(StoreError::from)?;
        let done = f(&tx)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// Whether the next transactions are on disk when `commit` returns, as they are unless told otherwise. Those
    /// that need not be, because they can be fetched again, reach it with the next one that is; a power cut
    /// before that takes the newest of them away, whole and in order.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn set_durable(&mut self, durable: bool) -> Result<(), StoreError> {
        let level =
            if durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
        Ok(self.db.execute_batch(level)?)
    }

    /// Seals a photo into the folder; gives its hash. On disk when it returns.
    ///
    /// # Errors
    /// [`StoreError::Full`] and disk errors.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<HashText, StoreError> {
        blob::write(&self.dir, &self.key, bytes, self.entropy.as_ref())
    }

    /// A photo's bytes.
    ///
    /// # Errors
    /// [`StoreError::Disk`] when it is not here, [`StoreError::Sealed`] when it is not what it was.
    pub fn read_blob(&self, sha256: &HashText) -> Result<Vec<u8>, StoreError> {
        blob::read(&self.dir, &self.key, sha256)
    }

    /// Opens photos while others use the store.
    #[must_use]
    pub fn blobs(&self) -> blob::Blobs {
        blob::Blobs::of(&self.dir, &self.key)
    }

    /// Keeps another phone's photo as long as there is room for it.
    ///
    /// # Errors
    /// [`StoreError::Full`] and disk errors; then it is not kept.
    pub fn keep_looked(
        &mut self,
        what: looked::Looked,
        bytes: &[u8],
        at: i64,
    ) -> Result<(), StoreError> {
        looked::keep(&self.db, (&self.dir, &self.key), what, bytes, (at, self.entropy.as_ref()))
    }

    /// Another phone's photo that was looked at before; `None` when it is not kept any more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find_looked(
        &mut self,
        what: looked::Looked,
        at: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        looked::find(&self.db, (&self.dir, &self.key), what, at)
    }

    /// Drops a photo of another phone, in both sizes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn drop_looked(&mut self, sha256: &HashText) -> Result<(), StoreError> {
        looked::drop(&self.db, &self.dir, sha256)
    }

    /// Moves the write-ahead log into the file. For quiet moments; never needed for safety.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn tend(&self) -> Result<(), StoreError> {
        self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// As [`Store::tend`], on a thread of its own, so that no write waits for it. For after large downloads.
    pub fn tend_beside(&mut self) {
        if self.tending.as_ref().is_some_and(|tending| !tending.is_finished()) {
            return;
        }
        let (path, key) = (self.dir.join(DB), self.key.clone());
        // What does not work now is done by a later write.
        let work = move || drop(connect::tend(&path, &key));
        self.tending = std::thread::Builder::new().name("tend".to_owned()).spawn(work).ok();
    }

    /// Whether every page and row of the file is whole. Reads the whole file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is not.
    pub fn check(&self) -> Result<(), StoreError> {
        let said: String = self.db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said == "ok" { Ok(()) } else { Err(StoreError::Damaged) }
    }
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

/// Tells a wrong key in builds that do not encrypt the file. Not a secret by itself.
fn key_check(key: &[u8; 32]) -> Vec<u8> {
    Sha256::new().chain_update(b"ironfeet key check v1\0").chain_update(key).finalize().to_vec()
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    file.lock_shared()?;
    Ok(file)
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
