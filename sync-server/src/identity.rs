//! Who this server is: the origin of its logs, its restore epoch, its secret keys.
//!
//! Kept in the database; the witness file outside of it notices when the database
//! was put back (protocol 4.6). Must not know how it is asked.

use std::path::Path;

use ironfeet_core::document::Authorship;
use ironfeet_core::ground::Entropy;
use ironfeet_core::model::Author;

use crate::store::{self, Session, Store, StoreError};

const ORIGIN: &str = "origin";
const EPOCH: &str = "epoch";
pub(crate) const STAMP_KEY: &str = "stamp_key";
const AUTHOR: &str = "author";
/// File beside the database: `epoch entries`.
pub const WITNESS: &str = "witness";

/// The server's own names and keys.
#[derive(Clone)]
pub struct Identity {
    /// Where its logs begin; the same for ever.
    pub origin: [u8; 16],
    /// How often it was restored.
    pub epoch: u32,
    /// Makes and knows its own stamps.
    pub stamp_key: [u8; 32],
    /// The pseudonym it writes changes under.
    pub author: Author,
}

impl Identity {
    /// Reads the identity, or makes it where there is none.
    ///
    /// # Errors
    /// Of the store; [`StoreError::Damaged`] when a part is of a wrong size.
    pub fn open(store: &dyn Store, entropy: &dyn Entropy) -> Result<Self, StoreError> {
        let mut stamp_key = [0; 32];
        entropy.fill(&mut stamp_key);
        let fresh = Self {
            origin: entropy.sixteen(),
            epoch: 0,
            stamp_key,
            author: Author(entropy.sixteen()),
        };
        store::transact(store, |s| match Self::read(s)? {
            Some(known) => Ok(known),
            None => {
                s.meta_put(ORIGIN, &fresh.origin)?;
                s.meta_put(STAMP_KEY, &fresh.stamp_key)?;
                s.meta_put(AUTHOR, &fresh.author.0)?;
                s.meta_put(EPOCH, &fresh.epoch.to_be_bytes())?;
                Ok(fresh.clone())
            }
        })
    }

    fn read(s: &dyn Session) -> Result<Option<Self>, StoreError> {
        let Some(origin) = s.meta(ORIGIN)? else { return Ok(None) };
        Ok(Some(Self {
            origin: exactly(origin)?,
            epoch: u32::from_be_bytes(exactly(s.meta(EPOCH)?.unwrap_or_default())?),
            stamp_key: exactly(s.meta(STAMP_KEY)?.unwrap_or_default())?,
            author: Author(exactly(s.meta(AUTHOR)?.unwrap_or_default())?),
        }))
    }

    /// The name of this history: the origin's first twelve bytes, then the epoch.
    #[must_use]
    pub fn history(&self) -> [u8; 16] {
        let mut out = self.origin;
        out[12..].copy_from_slice(&self.epoch.to_be_bytes());
        out
    }

    /// The server as an author, with a fresh actor.
    #[must_use]
    pub fn authorship(&self, entropy: &dyn Entropy) -> Authorship {
        Authorship { author: self.author, actor: entropy.sixteen() }
    }

    /// Compares the database with the witness; a database that is behind was put back and gets a
    /// new epoch. Bundles of the lost future are forgotten.
    ///
    /// # Errors
    /// Of the store, or [`StoreError::Engine`] when the file cannot be read.
    pub fn check_witness(&mut self, store: &dyn Store, file: &Path) -> Result<bool, StoreError> {
        let Some((epoch, entries)) = read_witness(file)? else { return Ok(false) };
        let total = store::view(store, |s| s.entries_total())?;
        let behind = epoch > self.epoch || total < entries;
        if behind {
            self.epoch = self.epoch.max(epoch) + 1;
            let epoch = self.epoch;
            store::transact(store, |s| bump(s, epoch))?;
        }
        Ok(behind)
    }

    /// Writes what the database has reached.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the file cannot be written.
    pub fn write_witness(&self, entries: u64, file: &Path) -> Result<(), StoreError> {
        let text = format!("{} {entries}\n", self.epoch);
        let beside = file.with_extension("new");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, file))
            .map_err(|e| StoreError::Engine(Box::new(e)))
    }
}

/// A new epoch in a database.
///
/// # Errors
/// Of the store.
pub fn bump(s: &dyn Session, epoch: u32) -> Result<(), StoreError> {
    s.bundles_clear()?;
    s.meta_put(EPOCH, &epoch.to_be_bytes())
}

/// Epoch and entries that a witness saw; `None` without a witness.
///
/// # Errors
/// [`StoreError::Engine`] when the file cannot be read.
pub fn read_witness(file: &Path) -> Result<Option<(u32, u64)>, StoreError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Engine(Box::new(error))),
    };
    let mut words = text.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
    let (epoch, entries) = (number(), number());
    Ok(epoch.zip(entries).map(|(e, n)| (u32::try_from(e).unwrap_or(u32::MAX), n)))
}

fn exactly<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged("a value of the server is of a wrong size"))
}
