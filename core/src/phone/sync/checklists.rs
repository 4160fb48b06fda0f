//! Checklists that the city published: fetched when the server names another file, before its records land.

use sha2::{Digest, Sha256};

use crate::checklist::Content;
use crate::limits;
use crate::phone::content::Contents;
use crate::phone::{Phone, PhoneError};
use crate::store::{checklist, inbox, meta};
use crate::sync::message::SyncResponse;

use super::{Run, SyncError};

/// The file that this app cannot read; it is not fetched again.
const UNREADABLE: &str = "checklists_unreadable";

impl Run<'_> {
    /// Takes the file in when it is another one. Where the line breaks, the next sync tries again.
    pub(super) async fn take_checklists(&self, answer: &SyncResponse) -> Result<(), SyncError> {
        let Some(half) = answer.checklists else { return Ok(()) };
        if self.phone.knows_checklists(&half)? {
            return Ok(());
        }
        match self.fetch_checklists(&half).await {
            Ok(Some(file)) => Ok(self.phone.adopt(&file)?),
            Ok(None) | Err(SyncError::Transport(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The file, if it is what was named.
    async fn fetch_checklists(&self, half: &[u8; 16]) -> Result<Option<Vec<u8>>, SyncError> {
        let path = format!("/v1/checklists/{}", hex::encode(half));
        let mut pieces = self.transport.open(&path, &self.pass, 0).await?;
        let mut file = Vec::new();
        while let Some(piece) = pieces.next().await? {
            self.check_stop()?;
            file.extend_from_slice(&piece);
            if file.len() > limits::CHECKLIST_BYTES_MAX {
                return Ok(None);
            }
        }
        let whole = Sha256::digest(&file)[..16] == half[..];
        Ok(whole.then_some(file))
    }
}

impl Phone {
    /// Whether the file is in use, or was found unreadable.
    fn knows_checklists(&self, half: &[u8; 16]) -> Result<bool, PhoneError> {
        self.with(|inner| {
            let db = inner.store()?.db();
            let known = [checklist::newest(db)?, meta::get(db, UNREADABLE)?];
            Ok(known.iter().flatten().any(|sha| sha.starts_with(half)))
        })
    }

    /// Uses a published file for visits that are begun from now on. One that this app cannot read leaves the
    /// last good one in use, and the person is told.
    pub(in crate::phone) fn adopt(&self, file: &[u8]) -> Result<(), PhoneError> {
        let sha256: [u8; 32] = Sha256::digest(file).into();
        let yaml = std::str::from_utf8(file).ok().filter(|yaml| Content::load(yaml).is_ok());
        self.with(|inner| {
            let at = inner.now().0;
            let store = inner.store()?;
            let Some(yaml) = yaml else {
                store.write(|db| {
                    meta::put(db, UNREADABLE, &sha256)?;
                    inbox::add(db, None, UNREADABLE, "", at)
                })?;
                return Ok(());
            };
            let contents = store.write(|db| {
                checklist::add(db, &sha256, yaml)?;
                let (contents, _) = Contents::open(db, None)?;
                contents.write(db)?;
                Ok::<_, PhoneError>(contents)
            })?;
            inner.contents = contents;
            Ok(())
        })
    }
}
