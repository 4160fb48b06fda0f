//! Carries unsent work to another phone: a sealed file with every change of the records concerned.
//!
//! Whole records travel, not only the unsent changes: the other phone may never
//! have seen what they lean on. Bytes stay as they were made. There, all of it
//! waits to be sent; the server answers "known" to what it has. Importing twice
//! changes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use crate::model::DocId;
use crate::store::document::{self, Status};
use crate::store::rescue::{Reader, Record, Writer};
use crate::store::{archive, blob, inbox, kept};

use super::apply::Incoming;
use super::{Inner, Phone, PhoneError};

/// Documents looked at in one go.
const PAGE: usize = 500;

/// What a rescue file carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rescued {
    /// Unsent changes written, or taken in.
    pub changes: usize,
    /// Records they belong to.
    pub documents: usize,
    /// Unsent photos.
    pub photos: usize,
}

impl Phone {
    /// Writes all unsent work into a new sealed file; on disk when it returns.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] when the file exists, [`PhoneError::StorageFull`].
    pub fn rescue_export(&self, path: &Path, seal_key: &[u8; 32]) -> Result<Rescued, PhoneError> {
        if path.exists() {
            return Err(PhoneError::refused(
                "file_exists",
                "文件已存在，未覆盖",
                "the file exists and was not overwritten",
            ));
        }
        self.with(|inner| inner.export(path, seal_key))
    }

    /// Takes a rescue file in. Either all of it or nothing.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] when the key is wrong or the file was changed or cut off: then nothing
    /// was taken in.
    pub fn rescue_import(&self, path: &Path, seal_key: &[u8; 32]) -> Result<Rescued, PhoneError> {
        // Once through, to know that it is whole, before anything is taken in.
        let mut reader = open(path, seal_key)?;
        while reader.next_record()?.is_some() {}
        self.with(|inner| inner.import(path, seal_key))
    }
}

fn open(path: &Path, seal_key: &[u8; 32]) -> Result<Reader, PhoneError> {
    if !path.is_file() {
        return Err(PhoneError::NotFound { what: "file" });
    }
    Ok(Reader::open(path, seal_key)?)
}

fn is_unsent(status: Status) -> bool {
    status != Status::Acked
}

impl Inner {
    fn export(&mut self, path: &Path, seal_key: &[u8; 32]) -> Result<Rescued, PhoneError> {
        let entropy = self.entropy.clone();
        let store = self.store()?;
        let mut writer = Writer::create(path, seal_key, entropy.as_ref())?;
        let mut rescued = Rescued::default();
        let mut after = 0;
        loop {
            let page = document::list(store.db(), after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.n;
            for row in &page {
                let mut changes = document::changes(store.db(), row.id, 0)?;
                let aside = archive::of(store.db(), row.id)?.into_iter().map(|a| {
                    document::ChangeRow { k: 0, hash: a.hash, raw: a.raw, status: a.status }
                });
                changes.extend(aside);
                let unsent = changes.iter().filter(|c| is_unsent(c.status)).count();
                if unsent == 0 {
                    continue;
                }
                let (id, pid, kind) = (row.id, row.pid.clone(), row.kind.clone());
                writer.add(&Record::Document { id, pid, kind })?;
                for change in changes {
                    writer.add(&Record::Change(change))?;
                }
                rescued.changes += unsent;
                rescued.documents += 1;
            }
        }
        let mut left: BTreeSet<DocId> = kept::unsent(store.db())?.into_iter().collect();
        left.extend(archive::left(store.db())?);
        for id in left {
            let rows = kept::of(store.db(), id)?;
            let pid = rows.first().map(|row| row.pid.clone()).unwrap_or_default();
            let there = rows.into_iter().map(|row| (row.hash, row.raw, row.status));
            let aside = archive::of(store.db(), id)?.into_iter();
            let changes: Vec<_> =
                there.chain(aside.map(|row| (row.hash, row.raw, row.status))).collect();
            writer.add(&Record::Document { id, pid, kind: String::new() })?;
            rescued.changes += changes.iter().filter(|(.., status)| is_unsent(*status)).count();
            rescued.documents += 1;
            for (hash, raw, status) in changes {
                writer.add(&Record::Change(document::ChangeRow { k: 0, hash, raw, status }))?;
            }
        }
        for photo in blob::list(store.db())?.into_iter().filter(|b| b.state != "sent") {
            // A photo whose file is gone must not keep the rest from being rescued.
            let Ok(bytes) = store.read_blob(&photo.sha256) else { continue };
            let (sha256, media) = (photo.sha256, photo.media);
            writer.add(&Record::Photo { sha256, media, bytes })?;
            rescued.photos += 1;
        }
        writer.finish(path)?;
        Ok(rescued)
    }

    fn import(&mut self, path: &Path, seal_key: &[u8; 32]) -> Result<Rescued, PhoneError> {
        let at = self.now().0;
        let mut reader = open(path, seal_key)?;
        let mut incoming: Vec<Incoming> = Vec::new();
        let mut photos = Vec::new();
        let mut rescued = Rescued::default();
        while let Some(record) = reader.next_record()? {
            match record {
                Record::Document { id, pid, .. } => {
                    let (raws, status) = (Vec::new(), Status::Pending);
                    incoming.push(Incoming { doc: id, pid, raws, status });
                }
                Record::Change(change) => {
                    let Some(last) = incoming.last_mut() else { continue };
                    let db = self.store()?.db();
                    let new = document::status_of(db, last.doc, &change.hash)?.is_none();
                    rescued.changes += usize::from(new && is_unsent(change.status));
                    last.raws.push(change.raw);
                }
                Record::Photo { media, bytes, .. } => {
                    let sha256 = self.store()?.write_blob(&bytes)?;
                    photos.push((sha256, bytes.len() as u64, media));
                }
            }
        }
        rescued.photos = photos.len();
        let applied = self.apply(&incoming, Vec::new(), |db| {
            for (sha256, bytes, media) in &photos {
                // Its visit is looked for when it is sent: it may come with a sync only.
                let new = blob::NewBlob { sha256: *sha256, bytes: *bytes, media, document: None };
                blob::add(db, &new, at)?;
            }
            Ok(inbox::add(db, None, "rescue_imported", "{}", at)?)
        })?;
        rescued.documents = applied.documents;
        Ok(rescued)
    }
}
