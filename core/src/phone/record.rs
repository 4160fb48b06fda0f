//! Records in memory and on disk: load, edit, keep. The one way in which a document changes here.
//!
//! An edit is one change and one transaction: the change's row, the document's
//! heads, the views, the outbox. If the transaction fails, the record in memory
//! is dropped, so that memory never says more than the disk.

mod entry;

use std::collections::HashMap;

use crate::document::{Authorship, Birth, Document, Edit, Reading};
use crate::model::{ChangeHash, DocId};
use crate::store::document::{self, DocRow};
use crate::store::views::{self, Views};
use crate::store::{Db, StoreError};

use super::content::Contents;
use super::{Inner, PhoneError};
pub(super) use entry::Entry;
use entry::load;

/// Documents kept in memory unless the app says otherwise.
const KEPT: usize = 600;

/// The records in memory; those used longest ago leave first.
pub(super) struct Records {
    entries: HashMap<DocId, Entry>,
    kept: usize,
    clock: u64,
}

impl Default for Records {
    fn default() -> Self {
        Self { entries: HashMap::new(), kept: KEPT, clock: 0 }
    }
}

impl Records {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(super) fn keep(&mut self, documents: usize) {
        self.kept = documents.max(1);
        self.trim();
    }

    pub(super) fn drop(&mut self, id: DocId) {
        self.entries.remove(&id);
    }

    pub(super) fn take(&mut self, id: DocId) -> Option<Entry> {
        self.entries.remove(&id)
    }

    pub(super) fn put(&mut self, id: DocId, mut entry: Entry) {
        self.clock += 1;
        entry.used = self.clock;
        self.entries.insert(id, entry);
        self.trim();
    }

    /// The record if it is in memory.
    pub(super) fn peek(&mut self, id: DocId) -> Option<&mut Entry> {
        self.clock += 1;
        let entry = self.entries.get_mut(&id)?;
        entry.used = self.clock;
        Some(entry)
    }

    fn trim(&mut self) {
        if self.entries.len() <= self.kept {
            return;
        }
        // In batches, so that a full memory does not cost a pass at every call.
        let mut ages: Vec<(u64, DocId)> =
            self.entries.iter().map(|(id, e)| (e.used, *id)).collect();
        ages.sort_unstable_by_key(|(used, _)| *used);
        let leaving = self.entries.len() - self.kept + self.kept / 8;
        // The newest always stays: somebody is about to use it.
        for (_, id) in ages.iter().take(leaving.min(ages.len() - 1)) {
            self.entries.remove(id);
        }
    }

    /// The record, loaded if need be.
    pub(super) fn load(
        &mut self,
        db: &Db,
        id: DocId,
        contents: &Contents,
    ) -> Result<&mut Entry, PhoneError> {
        if !self.entries.contains_key(&id) {
            let entry = load(db, id, contents)?;
            self.put(id, entry);
        }
        self.peek(id).ok_or(PhoneError::NotFound { what: "record" })
    }

    /// The record for taking in changes of others, out of the memory: put it back.
    pub(super) fn hear(
        &mut self,
        db: &Db,
        row: &DocRow,
        contents: &Contents,
    ) -> Result<Entry, PhoneError> {
        match self.take(row.id) {
            Some(mut entry) => {
                entry.hear(db, row.id)?;
                Ok(entry)
            }
            None => Entry::heard(db, row, contents),
        }
    }
}

impl Inner {
    /// The record for reading.
    pub(super) fn entry(&mut self, id: DocId) -> Result<&mut Entry, PhoneError> {
        self.refresh()?;
        self.ready(id)?;
        self.records.peek(id).ok_or(PhoneError::NotFound { what: "record" })
    }

    /// Forgets what is in memory when another process wrote to the store.
    pub(super) fn refresh(&mut self) -> Result<(), PhoneError> {
        if self.store()?.changed_elsewhere()? {
            self.records.clear();
        }
        Ok(())
    }

    /// Brings what memory says of a record's outbox to what the disk says.
    pub(super) fn note_unsent(&mut self, id: DocId) -> Result<(), PhoneError> {
        let (Some(store), Some(entry)) = (&self.store, self.records.peek(id)) else {
            return Ok(());
        };
        match document::find(store.db(), id) {
            Ok(row) => entry.unsent = row.is_some_and(|row| row.unsent),
            Err(error) => {
                self.records.drop(id);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Brings a record into memory; one whose rows are torn is mended first.
    fn ready(&mut self, id: DocId) -> Result<(), PhoneError> {
        if self.records.peek(id).is_some() {
            return Ok(());
        }
        self.store()?;
        let Some(store) = &self.store else { return Err(PhoneError::Busy) };
        match self.records.load(store.db(), id, &self.contents) {
            Ok(_) => return Ok(()),
            Err(PhoneError::Internal { what: "document", .. }) => {}
            Err(error) => return Err(error),
        }
        self.mend(id)?;
        let Some(store) = &self.store else { return Err(PhoneError::Busy) };
        self.records.load(store.db(), id, &self.contents).map(|_| ())
    }

    /// As `ready`, with its document.
    fn ready_to_edit(&mut self, id: DocId) -> Result<(), PhoneError> {
        self.ready(id)?;
        let (Some(store), Some(entry)) = (&self.store, self.records.peek(id)) else {
            return Err(PhoneError::Busy);
        };
        match entry.open(store.db(), id) {
            Ok(_) => return Ok(()),
            Err(PhoneError::Internal { what: "document", .. }) => {}
            Err(error) => return Err(error),
        }
        self.mend(id)?;
        self.ready(id)
    }

    /// Brings a record into being; gives its identity. On disk when it returns.
    pub(super) fn birth(&mut self, birth: &Birth, pid: &str) -> Result<DocId, PhoneError> {
        self.birth_with(birth, None, pid)
    }

    /// As `birth`, with a first edit in the same change.
    pub(super) fn birth_with(
        &mut self,
        birth: &Birth,
        edit: Option<&Edit>,
        pid: &str,
    ) -> Result<DocId, PhoneError> {
        let at = self.now();
        let id = DocId::new(at, self.entropy.sixteen());
        let by = Authorship { author: self.owner.author, actor: self.entropy.sixteen() };
        let (document, made) = Document::birth_with(id, birth, edit, &by, at)?;
        let kind = birth.kind().as_str();
        self.store()?;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let contents = &self.contents;
        let entry = store.write(|db| {
            let n = document::add(db, id, pid, kind)?;
            let mut entry = Entry::of(n, document, 0, 0, false, contents);
            entry.actor = Some(by.actor);
            let views = std::mem::take(&mut entry.views);
            views::put(db, n, Some(&Views::default()), &views)?;
            entry.views = views;
            entry.write(db, id, (&made, None), contents)?;
            Ok::<_, PhoneError>(entry)
        })?;
        self.records.put(id, entry);
        self.records.peek(id);
        Ok(id)
    }

    /// Makes one edit. `make` sees the record as it is on disk and says what to change; when that
    /// changes nothing, the answer is the newest change of the record. On disk when it returns.
    pub(super) fn edit(
        &mut self,
        id: DocId,
        make: impl FnOnce(&Db, &Reading) -> Result<Edit, PhoneError>,
    ) -> Result<ChangeHash, PhoneError> {
        self.ready_to_edit(id)?;
        let done = self.try_edit(id, make);
        if done.is_err() {
            self.records.drop(id);
        }
        done
    }

    fn try_edit(
        &mut self,
        id: DocId,
        make: impl FnOnce(&Db, &Reading) -> Result<Edit, PhoneError>,
    ) -> Result<ChangeHash, PhoneError> {
        let at = self.now();
        let author = self.owner.author;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let (tx, changed) = store.begin_fresh()?;
        if changed {
            self.records.clear();
        }
        let entry = self.records.load(&tx, id, &self.contents)?;
        entry.open(&tx, id)?;
        let edit = make(&tx, &entry.reading)?;
        let by = entry.authorship(author, self.entropy.as_ref());
        let document = entry.open(&tx, id)?;
        let Some(made) = document.edit(&edit, &by, at)? else {
            let heads = document.heads();
            return heads.first().copied().ok_or(PhoneError::NotFound { what: "record" });
        };
        entry.write(&tx, id, (&made, Some(&edit)), &self.contents)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(made.hash)
    }
}
