//! Is everything whole? Chains, digests and heads from rows, every document loaded strictly, the trail.
//!
//! Reads only. Names identities, never content.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use ironfeet_core::document::parse_change;
use ironfeet_core::model::{ChangeHash, DocId, Pid};
use ironfeet_core::sync::chain;
use ironfeet_core::sync::digest::{Digest, heads_after};

use crate::audit::{self, Found};
use crate::checklists::Checklists;
use crate::identity::Identity;
use crate::log::{self, Body};
use crate::projection;
use crate::shelf;
use crate::store::{self, DocRow, EntryRow, PartitionRow, Session, Store, StoreError};

const PAGE: usize = 500;
/// Entries read at once.
const ENTRIES: usize = 2_000;
/// Bytes of entries read at once.
const ENTRY_BYTES: usize = 8 * 1024 * 1024;
/// Problems told at most.
const PROBLEMS_MAX: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Nothing is wrong.
    pub ok: bool,
    /// Documents loaded.
    pub documents: u64,
    /// Changes in them.
    pub changes: u64,
    /// Partitions walked.
    pub partitions: u64,
    /// Entries in them.
    pub entries: u64,
    /// Rows of the audit trail.
    pub audit: u64,
    /// Photos with their bytes.
    pub photos: u64,
    /// What is wrong, by identity.
    pub problems: Vec<String>,
}

/// Walks everything of a database that stands alone: a copy, or one whose witness is not at hand.
///
/// # Errors
/// Of the store.
pub fn verify(store: &dyn Store, identity: &Identity) -> Result<Verified, StoreError> {
    verify_with(store, identity, None)
}

/// Walks everything, and compares the trail with what its witness saw.
///
/// # Errors
/// Of the store, or when the witness cannot be read.
pub fn verify_with(
    store: &dyn Store,
    identity: &Identity,
    witness: Option<&Path>,
) -> Result<Verified, StoreError> {
    let mut found = Verified::default();
    let checklists = Checklists::open(store)?;
    store::view(store, |s| {
        found = Verified::default();
        for partition in s.partitions()? {
            walk_log(s, identity, &partition, &mut found)?;
            sum_documents(s, &partition, &mut found)?;
        }
        let mut after: Option<DocId> = None;
        loop {
            let ids = s.doc_ids(after.as_ref(), PAGE)?;
            let Some(last) = ids.last() else { return Ok::<_, StoreError>(()) };
            after = Some(*last);
            for id in &ids {
                check_document(s, id, &checklists, &mut found)?;
            }
        }
    })?;
    match audit::verify(store, witness)? {
        Found::Whole { rows } => found.audit = rows,
        Found::Changed { row } => found.problem(format!("audit: row {row} does not fit")),
        Found::Cut { rows, seen } => {
            found.audit = rows;
            found.problem(format!("audit: {rows} rows, the witness saw {seen}"));
        }
    }
    found.ok = found.problems.is_empty();
    Ok(found)
}

impl Verified {
    fn problem(&mut self, what: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what);
        }
    }
}

/// Numbers without gaps, chain from the beginning, every prefix whole.
fn walk_log(
    s: &dyn Session,
    identity: &Identity,
    partition: &PartitionRow,
    found: &mut Verified,
) -> Result<(), StoreError> {
    let pid = &partition.pid;
    let mut at = chain::origin(&identity.history(), pid);
    let mut next = 1;
    let mut known: HashSet<(DocId, ChangeHash)> = HashSet::new();
    found.partitions += 1;
    while next < partition.next_seq {
        let page = s.entries(pid, next, ENTRIES, ENTRY_BYTES)?;
        if page.is_empty() {
            found.problem(format!("{pid}: entry {next} is missing"));
            return Ok(());
        }
        for entry in page {
            at = chain::next(&at, entry.seq, entry.kind, &entry.doc, &entry.body_hash);
            if entry.seq != next || entry.chain != at {
                found.problem(format!("{pid}: the chain breaks at entry {next}"));
                return Ok(());
            }
            if !is_closed(s, &entry, &mut known)? {
                found.problem(format!("{pid}: entry {next} leans on what is not before it"));
            }
            next += 1;
        }
    }
    found.entries += partition.last_seq();
    if at != partition.chain {
        found.problem(format!("{pid}: the chain's head is another"));
    }
    Ok(())
}

/// Whether a change's dependencies stand before it (invariant 2).
fn is_closed(
    s: &dyn Session,
    entry: &EntryRow,
    known: &mut HashSet<(DocId, ChangeHash)>,
) -> Result<bool, StoreError> {
    match Body::of(entry)? {
        Body::Change(hash) => {
            let parts = entry.raw.as_deref().map(parse_change);
            let closed = parts.is_some_and(|parts| {
                parts.is_ok_and(|p| p.deps.iter().all(|dep| known.contains(&(entry.doc, *dep))))
            });
            known.insert((entry.doc, hash));
            Ok(closed)
        }
        Body::Enter { changes, .. } => {
            let rows = s.changes(&entry.doc, 0)?;
            let count = usize::try_from(changes).unwrap_or(usize::MAX);
            known.extend(rows.iter().take(count).map(|row| (entry.doc, row.hash)));
            Ok(rows.len() as u64 >= changes)
        }
        Body::Leave(..) | Body::Freeze(_) => Ok(true),
    }
}

fn sum_documents(
    s: &dyn Session,
    partition: &PartitionRow,
    found: &mut Verified,
) -> Result<(), StoreError> {
    let pid: &Pid = &partition.pid;
    let mut digest = Digest::default();
    let mut count = 0;
    let mut after = None;
    loop {
        let page = s.present(pid, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for row in &page {
            digest.add(&log::item(row));
            count += 1;
        }
    }
    if digest.to_bytes() != partition.digest || count != partition.count {
        found.problem(format!("{pid}: the digest is not the sum of its documents"));
    }
    Ok(())
}

fn check_document(
    s: &dyn Session,
    id: &DocId,
    checklists: &Checklists,
    found: &mut Verified,
) -> Result<(), StoreError> {
    let Some(row) = s.doc(id)? else { return Ok(()) };
    found.documents += 1;
    found.changes += row.changes;
    let changes = s.changes(id, 0)?;
    let mut heads: Vec<ChangeHash> = Vec::new();
    for change in &changes {
        match parse_change(&change.raw) {
            Ok(parts) if parts.hash == change.hash => {
                heads = heads_after(&heads, &parts.deps, parts.hash);
            }
            _ => found.problem(format!("{id}: change {} is damaged", change.hash)),
        }
    }
    if changes.len() as u64 != row.changes || heads != row.heads {
        found.problem(format!("{id}: heads do not follow from the changes"));
    }
    match shelf::load(s, &row) {
        Ok(document) => check_loaded(s, (&row, &document), checklists, found)?,
        Err(StoreError::Damaged(_)) => found.problem(format!("{id}: cannot be loaded")),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn check_loaded(
    s: &dyn Session,
    (row, document): (&DocRow, &ironfeet_core::document::Document),
    checklists: &Checklists,
    found: &mut Verified,
) -> Result<(), StoreError> {
    let id = row.id;
    if document.heads() != row.heads {
        found.problem(format!("{id}: the loaded document has other heads"));
    }
    let stored = s.changes(&id, 0)?;
    let mut bytes: HashMap<ChangeHash, Vec<u8>> =
        stored.into_iter().map(|change| (change.hash, change.raw)).collect();
    let same = |parts: &ironfeet_core::document::ChangeParts| {
        bytes.remove(&parts.hash).is_some_and(|raw| raw == parts.raw)
    };
    if !document.changes().iter().all(same) || !bytes.is_empty() {
        found.problem(format!("{id}: a change does not come back as it was stored"));
    }
    if projection::rows_of(document, row, checklists) != s.rows(&id)? {
        found.problem(format!("{id}: its rows for screens are not what it says"));
    }
    Ok(())
}
