//! Records in memory and on disk: load, edit, keep. The one way in which a document changes here.
//!
//! An edit is one change and one transaction: the change's row, the document's
//! heads, the views, the outbox. If the transaction fails, the record in memory
//! is dropped, so that memory never says more than the disk.

use std::collections::HashMap;

use crate::document::{Authorship, Birth, Document, Edit, MadeChange, Reading, Record, VisitEdit};
use crate::faults::{self, Guard};
use crate::ground::Entropy;
use crate::model::{ChangeHash, DocId};
use crate::store::document::{self, Status};
use crate::store::views::{self, Views};
use crate::store::{Db, StoreError, outbox};

use super::content::Contents;
use super::{Inner, PhoneError, show};

/// Documents kept in memory unless the app says otherwise.
const KEPT: usize = 600;
/// A snapshot is written after this many changes; until then loading replays them.
const SNAPSHOT_EVERY: i64 = 32;

/// A record in memory.
pub(super) struct Entry {
    pub(super) n: i64,
    pub(super) document: Document,
    pub(super) reading: Reading,
    pub(super) views: Views,
    /// Number of its last change.
    pub(super) k: i64,
    /// Whether something of it waits to be sent.
    pub(super) unsent: bool,
    saved_k: i64,
    /// Fresh for this document and process; never stored (protocol 4.5, I1).
    actor: Option<[u8; 16]>,
    used: u64,
}

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
}

/// Reads a record: snapshot and what came after it, or all its changes where the snapshot is no good.
fn load(db: &Db, id: DocId, contents: &Contents) -> Result<Entry, PhoneError> {
    let row = document::find(db, id)?.ok_or(PhoneError::NotFound { what: "record" })?;
    let (saved_k, document) = match from_snapshot(db, row.n, id)? {
        Some((through, document)) if document.heads() == row.local_heads => (through, document),
        _ => {
            let rows = document::changes(db, id, 0)?;
            (0, Document::from_changes(id, rows.iter().map(|r| &r.raw[..]))?)
        }
    };
    let k = document::last_k(db, id)?;
    Ok(Entry::of(row.n, document, k, saved_k, row.unsent, contents))
}

fn from_snapshot(db: &Db, n: i64, id: DocId) -> Result<Option<(i64, Document)>, StoreError> {
    let Some((through, bytes)) = document::snapshot(db, n)? else { return Ok(None) };
    let Ok(mut document) = Document::load(id, &bytes) else { return Ok(None) };
    let rows = document::changes(db, id, through)?;
    if !rows.is_empty() && document.extend(rows.iter().map(|r| &r.raw[..])).is_err() {
        return Ok(None);
    }
    Ok(Some((through, document)))
}

impl Entry {
    pub(super) fn of(
        n: i64,
        document: Document,
        k: i64,
        saved_k: i64,
        unsent: bool,
        contents: &Contents,
    ) -> Self {
        let reading = document.read();
        let entry = Self::read_as(n, document, reading, k, contents);
        Self { unsent, saved_k, ..entry }
    }

    /// A record that was read already, of which nothing waits to be sent and no snapshot exists.
    pub(super) fn read_as(
        n: i64,
        document: Document,
        reading: Reading,
        k: i64,
        contents: &Contents,
    ) -> Self {
        let views = show::views(&reading, &|list, version| contents.of(list, version));
        let (unsent, saved_k) = (false, 0);
        Self { n, document, reading, views, k, unsent, saved_k, actor: None, used: 0 }
    }

    /// Who speaks when this process edits the record.
    fn authorship(&mut self, author: crate::model::Author, entropy: &dyn Entropy) -> Authorship {
        let actor = *self.actor.get_or_insert_with(|| entropy.sixteen());
        let actor = if faults::is_off(Guard::FreshActors) { author.0 } else { actor };
        Authorship { author, actor }
    }

    /// Writes a change just made here: its row, the outbox and the views.
    fn write(
        &mut self,
        db: &Db,
        made: &MadeChange,
        edit: Option<&Edit>,
        contents: &Contents,
    ) -> Result<(), StoreError> {
        let id = self.document.id();
        self.k += 1;
        document::add_change(db, id, self.k, &made.hash, &made.raw, Status::Pending)?;
        // It leans on every head and is the only one now: the row of heads need not be touched.
        if !self.unsent {
            outbox::raise(db, self.n)?;
            self.unsent = true;
        }
        if !edit.is_some_and(|edit| self.read_on(edit)) {
            self.reading = self.document.read();
        }
        self.put_views(db, contents)?;
        if self.k - self.saved_k >= SNAPSHOT_EVERY {
            self.snapshot(db)?;
        }
        Ok(())
    }

    /// Brings the views to what the document says now.
    pub(super) fn show(&mut self, db: &Db, contents: &Contents) -> Result<(), StoreError> {
        self.reading = self.document.read();
        self.put_views(db, contents)
    }

    /// Carries an edit made here on in the reading, where that is the same as reading anew: an answer
    /// replaces every value its item had. Most edits are answers, and a person waits for each.
    fn read_on(&mut self, edit: &Edit) -> bool {
        let Edit::Visit(VisitEdit::Answers { put, remove }) = edit else { return false };
        let Record::Visit(visit) = &mut self.reading.record else { return false };
        for (item, value) in put {
            visit.answers.insert(item.clone(), value.clone());
        }
        for item in remove {
            visit.answers.remove(item);
        }
        self.reading.conflicts.retain(|conflict| {
            let mut touched = put.iter().map(|(item, _)| item).chain(remove);
            conflict.container != "answers" || !touched.any(|item| *item == conflict.field)
        });
        debug_assert_eq!(self.reading, self.document.read());
        true
    }

    fn put_views(&mut self, db: &Db, contents: &Contents) -> Result<(), StoreError> {
        let now = show::views(&self.reading, &|list, version| contents.of(list, version));
        views::put(db, self.n, Some(&self.views), &now)?;
        self.views = now;
        Ok(())
    }

    /// Writes the snapshot.
    pub(super) fn snapshot(&mut self, db: &Db) -> Result<(), StoreError> {
        document::put_snapshot(db, self.n, self.k, &self.document.save())?;
        self.saved_k = self.k;
        Ok(())
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
            entry.write(db, &made, None, contents)?;
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
        self.ready(id)?;
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
        let edit = make(&tx, &entry.reading)?;
        let by = entry.authorship(author, self.entropy.as_ref());
        let Some(made) = entry.document.edit(&edit, &by, at)? else {
            return entry
                .document
                .heads()
                .first()
                .copied()
                .ok_or(PhoneError::NotFound { what: "record" });
        };
        entry.write(&tx, &made, Some(&edit), &self.contents)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(made.hash)
    }
}
