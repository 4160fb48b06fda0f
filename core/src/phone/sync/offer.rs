//! What is kept of logs, and offers of it to a server that lost it: in portions, each proven by the stamp that
//! came with its last entry. Must not know how histories are compared.

use rusqlite::Connection;

use crate::limits;
use crate::model::{ChangeHash, DocId, Pid};
use crate::phone::{Phone, PhoneError};
use crate::store::{Store, StoreError, document, entry, kept, part, stamped};
use crate::sync::client::Standing;
use crate::sync::message::{Entry, EntryKind, Offer, Since};
use crate::sync::{chain, chunk, frame};

use super::gather::{standing, standing_of};

/// Bytes of bodies after which a request takes no further portion.
const ENOUGH_BYTES: usize = limits::PUSH_BYTES_MAX;
/// Bytes of bodies in one portion: an answer brought them once, so there is a stamp before that.
const PORTION_BYTES_MAX: usize = limits::FRAME_BYTES_MAX / 2;
/// Entries looked at in one go.
const PAGE: usize = 500;

/// What goes with the next request.
#[derive(Default)]
pub(super) struct Offering {
    pub(super) offers: Vec<Offer>,
    /// There is more to offer after it. Until that is done no log is read on: it would be written where these
    /// entries lie.
    pub(super) more: bool,
}

/// The next portions. Where nothing can be proven there is nothing to offer: own work is sent anyway.
pub(super) fn next(store: &mut Store) -> Result<Offering, StoreError> {
    let mut next = Offering::default();
    let mut bytes = 0;
    for row in entry::offers(store.db())? {
        if bytes >= ENOUGH_BYTES {
            next.more = true;
            break;
        }
        match portion(store.db(), &row, ENOUGH_BYTES - bytes)? {
            Some((offer, size)) => {
                bytes += size;
                next.more |= end_of(&offer) < row.upto;
                next.offers.push(offer);
            }
            None => store.write(|db| end(db, &row.pid))?,
        }
    }
    Ok(next)
}

impl Phone {
    /// The server has looked at these offers; what it kept of them comes back as entries.
    pub(super) fn offers_made(&self, offers: &[Offer]) -> Result<(), PhoneError> {
        if offers.is_empty() {
            return Ok(());
        }
        self.with(|inner| {
            inner.store()?.write(|db| {
                for row in entry::offers(db)? {
                    let made = offers.iter().find(|offer| offer.pid.to_string() == row.pid);
                    match made.map(end_of) {
                        Some(upto) if upto < row.upto => entry::offer_from(db, &row.pid, upto)?,
                        Some(_) => end(db, &row.pid)?,
                        None => {}
                    }
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(())
        })
    }
}

fn end_of(offer: &Offer) -> u64 {
    offer.after + offer.entries.len() as u64
}

/// Nothing more is offered of a log: it is read on from its cursor.
fn end(db: &Connection, pid: &str) -> Result<(), StoreError> {
    entry::drop_offer(db, pid)?;
    match standing_of(db, pid)? {
        Some(now) => forget_after(db, pid, now.seq),
        None => Ok(()),
    }
}

/// Forgets what is kept of a log after an entry.
pub(super) fn forget_after(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    entry::forget_after(db, pid, seq)?;
    stamped::forget_after(db, pid, seq)
}

/// The entries after the last that was offered, up to the first stamp beyond `enough` bytes or the last before
/// something is missing; and how many bytes they have.
fn portion(
    db: &Connection,
    row: &entry::OfferRow,
    enough: usize,
) -> Result<Option<(Offer, usize)>, StoreError> {
    let Ok(pid) = row.pid.parse::<Pid>() else { return Ok(None) };
    // What a backup held when it came was not kept, so the server has it: it knows the chain where we begin.
    let first = entry::list(db, &row.pid, row.after, row.upto, 1)?.first().map(|first| first.seq);
    let Some(after) = first.map(|seq| seq - 1) else { return Ok(None) };
    let stamps = stamped::list(db, &row.pid, after, row.upto)?;
    let since = stamps.first().filter(|stamped| stamped.seq == after);
    let since = since.map(|stamped| Since { chain: stamped.chain, stamp: stamped.stamp });
    let mut entries: Vec<Entry> = Vec::new();
    let (mut bytes, mut proven) = (0, None);
    walk(db, &row.pid, (after, row.upto), |seq, entry| {
        bytes += size(&entry.what);
        entries.push(entry);
        if let Ok(at) = stamps.binary_search_by_key(&seq, |stamped| stamped.seq) {
            proven = Some((entries.len(), stamps[at].stamp, bytes));
        }
        bytes < PORTION_BYTES_MAX && proven.is_none_or(|(_, _, bytes)| bytes < enough)
    })?;
    Ok(proven.map(|(count, stamp, bytes)| {
        entries.truncate(count);
        (Offer { pid, after, entries, stamp, since }, bytes)
    }))
}

fn size(what: &EntryKind) -> usize {
    match what {
        EntryKind::Change(body) => body.len(),
        EntryKind::Enter(_, bodies) => bodies.iter().map(|body| body.0.len()).sum(),
        EntryKind::Echo(_) | EntryKind::Leave(..) | EntryKind::Freeze(_) | EntryKind::Note(_) => 0,
    }
}

/// The entries after `after` up to `upto` as they came, until something is missing or `each` says that it is
/// enough; the last number seen.
fn walk(
    db: &Connection,
    pid: &str,
    (after, upto): (u64, u64),
    mut each: impl FnMut(u64, Entry) -> bool,
) -> Result<u64, StoreError> {
    let mut seq = after;
    loop {
        let page = entry::list(db, pid, seq, upto, PAGE)?;
        if page.is_empty() {
            return Ok(seq);
        }
        for row in &page {
            let came = as_it_came(db, row)?.filter(|_| row.seq == seq + 1);
            let Some(entry) = came else { return Ok(seq) };
            seq += 1;
            if !each(seq, entry) {
                return Ok(seq);
            }
        }
    }
}

/// Where the entries kept of a log begin, when they do not lead to where the cursor stands: a restored server
/// would take none of them.
pub(in crate::phone) fn torn_log(
    db: &Connection,
    row: &part::PartRow,
) -> Result<Option<u64>, StoreError> {
    let Some(now) = standing(row) else { return Ok(None) };
    let Some(first) = entry::list(db, &row.pid, 0, now.seq, 1)?.first().map(|row| row.seq) else {
        return Ok(None);
    };
    let Some((after, begin)) = known_before(db, &now, first)? else { return Ok(None) };
    let mut at = begin;
    let seen = walk(db, &row.pid, (after, now.seq), |seq, entry| {
        at = chain::over(&at, seq, &entry);
        true
    })?;
    Ok((seen < now.seq || at != now.chain).then_some(after))
}

/// The earliest entry with a chain that is known and all after it kept, where `first` is the first one kept.
fn known_before(
    db: &Connection,
    now: &Standing,
    first: u64,
) -> Result<Option<(u64, [u8; 32])>, StoreError> {
    let mut known = part::checkpoints(db, &now.pid.to_string())?;
    known.push((0, chain::origin(&now.history, &now.pid)));
    Ok(known.into_iter().filter(|(seq, _)| seq + 1 >= first).min_by_key(|(seq, _)| *seq))
}

/// An entry as it came: a change from its row, anything else from its own body.
fn as_it_came(db: &Connection, row: &entry::EntryRow) -> Result<Option<Entry>, StoreError> {
    let what = match (&row.hash, &row.body) {
        (Some(hash), _) => change(db, row.doc, hash)?.map(EntryKind::Change),
        (None, Some(body)) => frame::decode::<Entry>(body).ok().map(|e| e.what),
        (None, None) => None,
    };
    Ok(what.map(|what| Entry { doc: row.doc, what }))
}

fn change(db: &Connection, doc: DocId, hash: &ChangeHash) -> Result<Option<Vec<u8>>, StoreError> {
    let raw = match document::raw_of(db, doc, hash)? {
        None => kept::raw_of(db, doc, hash)?,
        here => here,
    };
    Ok(raw.and_then(|raw| chunk::body(&raw).map(<[u8]>::to_vec)))
}
