//! Documents at hand: loaded from rows, the recently used ones kept within a bound.
//!
//! Must not know what is done with them. What is held is true for one generation of
//! its row; whoever commits compares.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ironfeet_core::document::{ChangeParts, Document, Ledger};
use ironfeet_core::model::{DocId, UtcMillis};

use crate::store::{ChangeRow, DocRow, Session, StoreError};

/// A snapshot is kept after every so many changes.
pub const SNAPSHOT_EVERY: u64 = 64;
/// What a document costs in memory, roughly, per byte of its changes, and beside them.
const COST_PER_BYTE: usize = 4;
const COST_FIXED: usize = 2_048;

/// A document with what admission asks of its history.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its row.
    pub row: DocRow,
    /// The document.
    pub document: Document,
    /// Its history.
    pub ledger: Ledger,
    /// Bytes of its changes.
    pub bytes: usize,
}

/// Loads a document strictly.
///
/// # Errors
/// [`StoreError::Damaged`] when the rows do not make a document.
pub fn load(session: &dyn Session, row: &DocRow) -> Result<Document, StoreError> {
    let rows = session.changes(&row.id, 0)?;
    build(session, row, &rows)
}

fn build(session: &dyn Session, row: &DocRow, rows: &[ChangeRow]) -> Result<Document, StoreError> {
    let raws = |from: usize| rows.iter().skip(from).map(|change| change.raw.as_slice());
    if rows.len() as u64 >= SNAPSHOT_EVERY
        && let Some((changes, bytes)) = session.snapshot(&row.id)?
        && let Ok(mut document) = Document::load(row.id, &bytes)
        && document.extend(raws(usize::try_from(changes).unwrap_or(0))).is_ok()
        && document.heads() == row.heads
    {
        return Ok(document);
    }
    Document::from_changes(row.id, raws(0))
        .map_err(|_| StoreError::Damaged("a document cannot be built from its changes"))
}

impl Held {
    /// Loads a document with its history.
    ///
    /// # Errors
    /// Of the store, or [`StoreError::Damaged`].
    pub fn load(session: &dyn Session, row: DocRow) -> Result<Self, StoreError> {
        let rows = session.changes(&row.id, 0)?;
        let document = build(session, &row, &rows)?;
        let mut ledger = Ledger::default();
        for change in &rows {
            ledger.add(&head(change));
        }
        let bytes = rows.iter().map(|change| change.raw.len()).sum();
        Ok(Self { row, document, ledger, bytes })
    }
}

/// What a ledger needs of a stored change.
fn head(change: &ChangeRow) -> ChangeParts {
    ChangeParts {
        hash: change.hash,
        deps: Vec::new(),
        actor: change.actor,
        seq: change.seq,
        start_op: change.max_op,
        max_op: change.max_op,
        ops: 1,
        at: UtcMillis(0),
        author: change.author,
        other_actors: Vec::new(),
        raw: Vec::new(),
    }
}

/// The recently used documents.
#[derive(Default)]
pub struct Shelf {
    bytes_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    held: HashMap<DocId, (u64, Arc<Held>)>,
    by_use: BTreeMap<u64, DocId>,
    uses: u64,
    bytes: usize,
}

impl Shelf {
    /// An empty shelf of a size in bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: Mutex::default() }
    }

    /// The document of this row: from the shelf if it is of the same generation, else loaded.
    ///
    /// # Errors
    /// Of the store, or [`StoreError::Damaged`].
    pub fn take(&self, session: &dyn Session, row: DocRow) -> Result<Arc<Held>, StoreError> {
        let known = self.inner().used(&row.id);
        if let Some(held) = known.filter(|held| held.row.generation == row.generation) {
            return Ok(held);
        }
        let held = Arc::new(Held::load(session, row)?);
        self.put(held.clone());
        Ok(held)
    }

    /// The document of this row inside a transaction that may still be undone: nothing is kept.
    ///
    /// # Errors
    /// Of the store, or [`StoreError::Damaged`].
    pub fn look(&self, session: &dyn Session, row: DocRow) -> Result<Arc<Held>, StoreError> {
        let known = self.inner().used(&row.id);
        match known.filter(|held| held.row.generation == row.generation) {
            Some(held) => Ok(held),
            None => Held::load(session, row).map(Arc::new),
        }
    }

    /// Keeps a document, unless a newer generation of it is here.
    pub fn put(&self, held: Arc<Held>) {
        let mut inner = self.inner();
        let newer = inner
            .held
            .get(&held.row.id)
            .is_some_and(|(_, known)| known.row.generation > held.row.generation);
        if !newer {
            inner.insert(held);
            inner.trim(self.bytes_max);
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(held: &Held) -> usize {
    COST_FIXED + held.bytes * COST_PER_BYTE
}

impl Inner {
    fn used(&mut self, id: &DocId) -> Option<Arc<Held>> {
        self.uses += 1;
        let (at, held) = self.held.get_mut(id)?;
        self.by_use.remove(at);
        *at = self.uses;
        self.by_use.insert(self.uses, *id);
        Some(held.clone())
    }

    fn insert(&mut self, held: Arc<Held>) {
        let id = held.row.id;
        self.remove(&id);
        self.uses += 1;
        self.bytes += cost(&held);
        self.by_use.insert(self.uses, id);
        self.held.insert(id, (self.uses, held));
    }

    fn remove(&mut self, id: &DocId) {
        if let Some((at, held)) = self.held.remove(id) {
            self.by_use.remove(&at);
            self.bytes = self.bytes.saturating_sub(cost(&held));
        }
    }

    fn trim(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max && self.held.len() > 1 {
            let Some((_, id)) = self.by_use.pop_first() else { return };
            self.remove(&id);
        }
    }
}
