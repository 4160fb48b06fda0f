//! The second copy of the installation's identity, in a small file beside the database.
//!
//! Three purposes. A store whose two copies differ was restored or cloned
//! (protocol 4.5, I3). The sealed line opens only with the right key, so a wrong
//! key is told apart from a damaged database before the database is touched. And
//! what the line holds lets a new store begin when the old one cannot be read.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::seal::Seal;
use super::{Db, Store, StoreError, meta};
use crate::ground::Entropy;
use crate::model::{Author, GridCode, InstallId, PersonId, Role};

const FILE: &str = "install";
const TITLE: &str = "ironfeet-install 1";
const PURPOSE: &str = "install";

/// Whose store it is. Kept in the database and, sealed, beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// This installation.
    pub install_id: InstallId,
    /// The account.
    pub person: PersonId,
    /// The post.
    pub role: Role,
    /// The pseudonym inside histories.
    pub author: Author,
    /// The grids the phone was set up for.
    pub grids: Vec<GridCode>,
}

/// What the file beside the database says.
pub(super) enum Beside {
    /// Nothing: no file, or not one of ours any more.
    Nothing,
    /// It is whole, but this key does not open it.
    OtherKey,
    /// The owner as last written.
    Owner(Owner),
}

/// Reads the file; never writes.
pub(super) fn read(dir: &Path, key: &[u8; 32]) -> Beside {
    let Ok(text) = fs::read_to_string(dir.join(FILE)) else { return Beside::Nothing };
    let Some((body, sum)) = text.trim_end().rsplit_once('\n') else { return Beside::Nothing };
    if hex::encode(Sha256::digest(body.as_bytes())) != sum {
        return Beside::Nothing;
    }
    let Some((TITLE, sealed)) = body.split_once('\n') else { return Beside::Nothing };
    let Ok(sealed) = hex::decode(sealed) else { return Beside::Nothing };
    match Seal::derive(key, PURPOSE).open(&sealed, TITLE.as_bytes()) {
        Err(_) => Beside::OtherKey,
        Ok(plain) => serde_json::from_slice(&plain).map_or(Beside::Nothing, Beside::Owner),
    }
}

/// Writes the file anew: whole or not at all, on disk when it returns.
pub(super) fn write(
    dir: &Path,
    key: &[u8; 32],
    owner: &Owner,
    entropy: &dyn Entropy,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(owner).expect("ids and names are always JSON");
    let sealed = Seal::derive(key, PURPOSE).seal(&plain, TITLE.as_bytes(), entropy);
    let body = format!("{TITLE}\n{}", hex::encode(sealed));
    let sum = hex::encode(Sha256::digest(body.as_bytes()));
    write_whole(&dir.join(FILE), format!("{body}\n{sum}\n").as_bytes())
}

/// Replaces a file by way of a neighbour, so that a crash leaves the old or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let next = path.with_extension("next");
    let mut file = File::create(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// What changes of the owner, in the database and beside it.
impl Store {
    /// Makes this a new installation: a copy that goes on by itself. On disk when it returns; asked again
    /// before the copy is settled, it changes nothing.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn become_new(&mut self, install_id: InstallId) -> Result<(), StoreError> {
        if self.owner.install_id == install_id {
            return Ok(());
        }
        self.owner.install_id = install_id;
        // The file beside first: cut off between the two, the next opening finds a copy, which it is.
        write(&self.dir, &self.key, &self.owner, self.entropy.as_ref())?;
        meta::put_owner(&self.db, &self.owner)
    }

    /// Notes the post that the owner holds from now on, together with what `beside` writes; `false` when it was
    /// noted before. On disk when it returns.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn change_post(
        &mut self,
        role: Role,
        beside: impl FnOnce(&Db) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let known = self.owner.clone();
        let (owner, changed) = self.write(|db| {
            // Another process may have written since this store was opened.
            let mut owner = meta::owner(db)?.unwrap_or(known);
            let changed = owner.role != role;
            owner.role = role;
            if changed {
                meta::put_owner(db, &owner)?;
                beside(db)?;
            }
            Ok::<_, StoreError>((owner, changed))
        })?;
        // The file beside last: cut off between the two, the next opening writes it anew.
        write(&self.dir, &self.key, &owner, self.entropy.as_ref())?;
        self.owner = owner;
        Ok(changed)
    }
}
