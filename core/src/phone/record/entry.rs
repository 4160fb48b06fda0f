//! One record in memory: what it says, what screens show of it, and how it grows.
//!
//! What came from elsewhere is read from its changes alone; the engine builds the document when a
//! person opens the record from disk or edits it, and then has the last word on what it says.

use crate::document::{
    Authorship, Document, Edit, Kind, MadeChange, Reading, Record, Replay, VisitEdit,
};
use crate::faults::{self, Guard};
use crate::ground::Entropy;
use crate::model::{Author, ChangeHash, DocId};
use crate::phone::content::Contents;
use crate::phone::{PhoneError, show};
use crate::store::document::{self, DocRow, Status};
use crate::store::views::{self, Views};
use crate::store::{Db, StoreError, outbox};

/// A snapshot is written after this many changes; until then loading replays them.
const SNAPSHOT_EVERY: i64 = 32;

/// A record in memory.
pub(in crate::phone) struct Entry {
    pub(in crate::phone) n: i64,
    /// For editing. Gone when changes of others came; built again at the next edit.
    document: Option<Document>,
    /// For taking in changes of others; built when some come.
    replay: Option<Replay>,
    pub(in crate::phone) reading: Reading,
    pub(in crate::phone) views: Views,
    /// Number of its last change.
    pub(in crate::phone) k: i64,
    /// Whether something of it waits to be sent.
    pub(in crate::phone) unsent: bool,
    saved_k: i64,
    /// Fresh for this document and process; never stored (protocol 4.5, I1).
    pub(super) actor: Option<[u8; 16]>,
    pub(super) used: u64,
}

pub(super) fn load(db: &Db, id: DocId, contents: &Contents) -> Result<Entry, PhoneError> {
    let row = document::find(db, id)?.ok_or(PhoneError::NotFound { what: "record" })?;
    let (saved_k, document) = build(db, &row)?;
    let k = document::last_k(db, id)?;
    Ok(Entry::of(row.n, document, k, saved_k, row.unsent, contents))
}

/// Builds a document: snapshot and what came after it, or all its changes where the snapshot is no good.
fn build(db: &Db, row: &DocRow) -> Result<(i64, Document), PhoneError> {
    match from_snapshot(db, row.n, row.id)? {
        Some((through, document)) if document.heads() == row.local_heads => Ok((through, document)),
        _ => {
            let rows = document::changes(db, row.id, 0)?;
            Ok((0, Document::from_changes(row.id, rows.iter().map(|r| &r.raw[..]))?))
        }
    }
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

/// A record read from its changes alone, with the number of the last one; nothing where that is not sure.
struct Heard {
    replay: Replay,
    reading: Reading,
    k: i64,
}

fn replay(db: &Db, id: DocId) -> Result<Option<Heard>, StoreError> {
    let rows = document::changes(db, id, 0)?;
    let replay = Replay::new(id).with(rows.iter().map(|row| &row.raw[..]));
    let k = rows.last().map_or(0, |row| row.k);
    Ok(replay.and_then(|replay| Some(Heard { reading: replay.read()?, replay, k })))
}

impl Entry {
    pub(in crate::phone) fn of(
        n: i64,
        document: Document,
        k: i64,
        saved_k: i64,
        unsent: bool,
        contents: &Contents,
    ) -> Self {
        let reading = document.read();
        let entry = Self::read_as(n, Some(document), reading, k, contents);
        Self { unsent, saved_k, ..entry }
    }

    /// A record that was read already, of which nothing waits to be sent and no snapshot exists.
    pub(in crate::phone) fn read_as(
        n: i64,
        document: Option<Document>,
        reading: Reading,
        k: i64,
        contents: &Contents,
    ) -> Self {
        let views = show::views(&reading, &|list, version| contents.of(list, version));
        let (unsent, saved_k, replay) = (false, 0, None);
        Self { n, document, replay, reading, views, k, unsent, saved_k, actor: None, used: 0 }
    }

    /// A record on disk, for taking in changes of others.
    pub(super) fn heard(db: &Db, row: &DocRow, contents: &Contents) -> Result<Self, PhoneError> {
        let Some(Heard { replay, reading, k }) = replay(db, row.id)? else {
            return load(db, row.id, contents);
        };
        let entry = Self::read_as(row.n, None, reading, k, contents);
        Ok(Self { replay: Some(replay), unsent: row.unsent, ..entry })
    }

    /// Makes a record ready for taking in changes of others.
    pub(super) fn hear(&mut self, db: &Db, id: DocId) -> Result<(), PhoneError> {
        if self.replay.is_none() {
            self.replay = replay(db, id)?.map(|heard| heard.replay);
        }
        if self.replay.is_none() {
            self.open(db, id)?;
        }
        Ok(())
    }

    /// A record without changes.
    pub(in crate::phone) fn empty(n: i64, id: DocId) -> Self {
        let record = Record::Unknown { kind: None, v: None };
        let reading = Reading { record, conflicts: Vec::new(), oddities: Vec::new() };
        Self {
            n,
            document: None,
            replay: Some(Replay::new(id)),
            reading,
            views: Views::default(),
            k: 0,
            unsent: false,
            saved_k: 0,
            actor: None,
            used: 0,
        }
    }

    /// Whether it holds a change.
    pub(in crate::phone) fn has(&self, hash: &ChangeHash) -> bool {
        match (&self.replay, &self.document) {
            (Some(replay), _) => replay.has(hash),
            (None, Some(document)) => document.has(hash),
            (None, None) => false,
        }
    }

    pub(in crate::phone) fn heads(&self) -> Vec<ChangeHash> {
        match (&self.replay, &self.document) {
            (Some(replay), _) => replay.heads().to_vec(),
            (None, Some(document)) => document.heads(),
            (None, None) => Vec::new(),
        }
    }

    pub(in crate::phone) fn kind(&self) -> Option<Kind> {
        match (&self.replay, &self.document) {
            (Some(replay), _) => replay.kind(),
            (None, Some(document)) => document.kind(),
            (None, None) => None,
        }
    }

    /// Takes in changes of others, each after those it leans on and none of them here yet; their rows
    /// are written afterwards. `false`: this app cannot apply them, and nothing was taken in.
    pub(in crate::phone) fn grow(
        &mut self,
        db: &Db,
        id: DocId,
        raws: &[&[u8]],
    ) -> Result<bool, PhoneError> {
        let replay = self.replay.take().and_then(|replay| replay.with(raws.iter().copied()));
        if let Some((reading, replay)) = replay.and_then(|replay| Some((replay.read()?, replay))) {
            debug_assert!(says_so(db, id, raws, &reading));
            (self.reading, self.replay, self.document) = (reading, Some(replay), None);
            return Ok(true);
        }
        let document = self.open(db, id)?;
        let grown = document.extend(raws.iter().copied()).is_ok();
        self.reading = document.read();
        Ok(grown)
    }

    /// The document, built where it is not there. What it says replaces what was read without it.
    pub(super) fn open(&mut self, db: &Db, id: DocId) -> Result<&mut Document, PhoneError> {
        if self.document.is_none() {
            let none = PhoneError::NotFound { what: "record" };
            let row = document::find(db, id)?.ok_or(none)?;
            let (saved_k, document) = build(db, &row)?;
            self.reading = document.read();
            (self.saved_k, self.document) = (saved_k, Some(document));
        }
        self.document.as_mut().ok_or(PhoneError::NotFound { what: "record" })
    }

    /// Who speaks when this process edits the record.
    pub(super) fn authorship(&mut self, author: Author, entropy: &dyn Entropy) -> Authorship {
        let actor = *self.actor.get_or_insert_with(|| entropy.sixteen());
        let actor = if faults::is_off(Guard::FreshActors) { author.0 } else { actor };
        Authorship { author, actor }
    }

    /// Writes a change just made here: its row, the outbox and the views.
    pub(super) fn write(
        &mut self,
        db: &Db,
        id: DocId,
        (made, edit): (&MadeChange, Option<&Edit>),
        contents: &Contents,
    ) -> Result<(), StoreError> {
        self.k += 1;
        document::add_change(db, id, self.k, &made.hash, &made.raw, Status::Pending)?;
        // It leans on every head and is the only one now: the row of heads need not be touched.
        if !self.unsent {
            outbox::raise(db, self.n)?;
            self.unsent = true;
        }
        self.replay = self.replay.take().and_then(|replay| replay.with([&made.raw[..]]));
        if !edit.is_some_and(|edit| self.read_on(edit))
            && let Some(document) = &self.document
        {
            self.reading = document.read();
        }
        self.put_views(db, contents)?;
        if self.k - self.saved_k >= SNAPSHOT_EVERY {
            self.snapshot(db)?;
        }
        Ok(())
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
        debug_assert_eq!(Some(&self.reading), self.document.as_ref().map(Document::read).as_ref());
        true
    }

    /// Brings the views to what was read.
    pub(in crate::phone) fn put_views(
        &mut self,
        db: &Db,
        contents: &Contents,
    ) -> Result<(), StoreError> {
        let now = show::views(&self.reading, &|list, version| contents.of(list, version));
        views::put(db, self.n, Some(&self.views), &now)?;
        self.views = now;
        Ok(())
    }

    /// Writes the snapshot.
    pub(in crate::phone) fn snapshot(&mut self, db: &Db) -> Result<(), StoreError> {
        let Some(document) = &self.document else { return Ok(()) };
        document::put_snapshot(db, self.n, self.k, &document.save())?;
        self.saved_k = self.k;
        Ok(())
    }
}

/// Whether the engine reads the record with these changes so, too; where it cannot, there is nothing to compare.
fn says_so(db: &Db, id: DocId, raws: &[&[u8]], reading: &Reading) -> bool {
    let rows = document::changes(db, id, 0).unwrap_or_default();
    let all = rows.iter().map(|row| &row.raw[..]).chain(raws.iter().copied());
    Document::from_changes(id, all).ok().is_none_or(|document| document.read() == *reading)
}
