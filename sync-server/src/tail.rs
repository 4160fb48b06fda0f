//! The newest entries of logs as they go on the wire, kept within a bound.
//!
//! Entries never change once they are in a log, so what is kept is true for ever; how
//! far a log reaches is asked of the store each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ironfeet_core::model::{ChangeHash, Pid};
use ironfeet_core::sync::chain::Chain;
use ironfeet_core::sync::chunk;
use ironfeet_core::sync::message::{Body as WireBody, Entry, EntryKind};

use crate::log::Body;
use crate::store::{EntryRow, Session, StoreError};

/// Entries read from the store at once.
const READ: usize = 500;
/// What an entry costs beside its bytes.
const COST: usize = 160;

/// One entry as it goes on the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number.
    pub seq: u64,
    /// The chain after it.
    pub chain: Chain,
    /// The change, if it is one.
    pub change: Option<ChangeHash>,
    /// The entry.
    pub entry: Entry,
    /// Its bytes, roughly.
    pub bytes: usize,
}

#[derive(Default)]
struct Tail {
    entries: std::collections::VecDeque<Sent>,
    used: u64,
}

#[derive(Default)]
struct Inner {
    tails: HashMap<Pid, Tail>,
    uses: u64,
    bytes: usize,
}

/// The newest entries of logs.
#[derive(Default)]
pub struct Tails {
    bytes_max: usize,
    inner: Mutex<Inner>,
}

impl Tails {
    /// Nothing kept yet; at most so many bytes later.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: Mutex::default() }
    }

    /// Entries `from..=last` of a log in order, no more than `bytes` (but at least one).
    ///
    /// # Errors
    /// Of the store.
    pub fn read(
        &self,
        session: &dyn Session,
        pid: &Pid,
        from: u64,
        last: u64,
        bytes: usize,
    ) -> Result<Vec<Sent>, StoreError> {
        let mut sent = self.kept(pid, from, last, bytes);
        let mut sum: usize = sent.iter().map(|s| s.bytes).sum();
        let mut next = sent.last().map_or(from, |s| s.seq + 1);
        while next <= last && (sum < bytes || sent.is_empty()) {
            let limit = usize::try_from(last - next + 1).unwrap_or(READ).min(READ);
            let rows = session.entries(pid, next, limit, bytes.saturating_sub(sum))?;
            if rows.is_empty() {
                return Err(StoreError::Damaged("a log has a hole"));
            }
            let read =
                rows.iter().map(|row| on_wire(session, row)).collect::<Result<Vec<_>, _>>()?;
            self.keep(pid, &read);
            for entry in read {
                if !sent.is_empty() && sum + entry.bytes > bytes {
                    return Ok(sent);
                }
                next = entry.seq + 1;
                sum += entry.bytes;
                sent.push(entry);
            }
        }
        Ok(sent)
    }

    fn kept(&self, pid: &Pid, from: u64, last: u64, bytes: usize) -> Vec<Sent> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let uses = inner.uses;
        let Some(tail) = inner.tails.get_mut(pid) else { return Vec::new() };
        tail.used = uses;
        let Some(first) = tail.entries.front().map(|sent| sent.seq) else { return Vec::new() };
        let Some(skip) = from.checked_sub(first) else { return Vec::new() };
        let mut sent = Vec::new();
        let mut sum = 0;
        for entry in tail.entries.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
            sum += entry.bytes;
            if entry.seq > last || (sum > bytes && !sent.is_empty()) {
                break;
            }
            sent.push(entry.clone());
        }
        sent
    }

    /// Keeps entries that follow what is kept; others begin anew.
    fn keep(&self, pid: &Pid, read: &[Sent]) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let uses = inner.uses;
        let Some(first) = read.first().map(|sent| sent.seq) else { return };
        let tail = inner.tails.entry(pid.clone()).or_default();
        tail.used = uses;
        let next = tail.entries.back().map(|sent| sent.seq + 1);
        if next.is_some_and(|next| first < next) {
            return;
        }
        let mut freed = 0;
        if next != Some(first) {
            freed = tail.entries.drain(..).map(|sent| sent.bytes).sum();
        }
        tail.entries.extend(read.iter().cloned());
        let added: usize = read.iter().map(|sent| sent.bytes).sum();
        inner.bytes = (inner.bytes + added).saturating_sub(freed);
        inner.trim(self.bytes_max);
    }
}

impl Inner {
    fn trim(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let oldest =
                self.tails.iter().min_by_key(|(_, tail)| tail.used).map(|(pid, _)| pid.clone());
            let Some(pid) = oldest else { return };
            let alone = self.tails.len() == 1;
            let Some(tail) = self.tails.get_mut(&pid) else { return };
            let drop = if alone { tail.entries.len().div_ceil(2) } else { tail.entries.len() };
            let freed: usize = tail.entries.drain(..drop).map(|sent| sent.bytes).sum();
            if tail.entries.is_empty() {
                self.tails.remove(&pid);
            }
            self.bytes = self.bytes.saturating_sub(freed);
        }
    }
}

/// A stored entry as it goes on the wire.
///
/// # Errors
/// [`StoreError::Damaged`] when it cannot be understood.
pub fn on_wire(session: &dyn Session, row: &EntryRow) -> Result<Sent, StoreError> {
    let damaged = || StoreError::Damaged("an entry lost its change");
    let body = Body::of(row)?;
    let change = match &body {
        Body::Change(hash) => Some(*hash),
        _ => None,
    };
    let what = match body {
        Body::Change(_) => {
            let raw = row.raw.as_deref().ok_or_else(damaged)?;
            EntryKind::Change(chunk::body(raw).ok_or_else(damaged)?.to_vec())
        }
        Body::Enter { move_gen, changes } => {
            EntryKind::Enter(move_gen, bodies(session, &row.doc, changes)?)
        }
        Body::Leave(reason, move_gen) => EntryKind::Leave(reason, move_gen),
        Body::Freeze(move_gen) => EntryKind::Freeze(move_gen),
    };
    let size = match &what {
        EntryKind::Change(body) => body.len(),
        EntryKind::Enter(_, bodies) => bodies.iter().map(|body| body.0.len()).sum(),
        _ => 0,
    };
    let entry = Entry { doc: row.doc, what };
    Ok(Sent { seq: row.seq, chain: row.chain, change, entry, bytes: size + COST })
}

/// The first changes of a document as they go on the wire.
///
/// # Errors
/// [`StoreError::Damaged`] when a row is no change.
pub fn bodies(
    session: &dyn Session,
    doc: &ironfeet_core::model::DocId,
    changes: u64,
) -> Result<Vec<WireBody>, StoreError> {
    let rows = session.changes(doc, 0)?;
    let count = usize::try_from(changes).unwrap_or(usize::MAX);
    rows.iter()
        .take(count)
        .map(|row| chunk::body(&row.raw).map(|body| WireBody(body.to_vec())))
        .map(|body| body.ok_or(StoreError::Damaged("a stored change is no change")))
        .collect()
}
