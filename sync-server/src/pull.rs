//! What a phone lacks: entries after its cursors, from the state after its own push.
//!
//! Must not know how a push was judged. Reads rows only; no document is loaded
//! unless one entered a partition.

use std::collections::HashSet;

use ironfeet_core::faults::{self, Guard};
use ironfeet_core::limits;
use ironfeet_core::model::{ChangeHash, DocId, Pid, Role};
use ironfeet_core::rules::{self, Act};
use ironfeet_core::sync::chain::{self, Chain};
use ironfeet_core::sync::digest::Digest;
use ironfeet_core::sync::message::{
    BundleRef, Checkpoint, Cursor, DocChange, EntryKind, HealDoc, HealRequest, HealResponse,
    LocateRequest, LocateResponse, Notice, Part, PartStatus, Want,
};
use ironfeet_core::sync::stamp;

use crate::app::App;
use crate::log;
use crate::store::{
    self, Decision, DeviceRow, DeviceStatus, DocState, PartitionRow, PersonRow, Session, StoreError,
};
use crate::tail;

/// A phone that begins takes a bundle when a log is longer than this.
const BUNDLE_FROM: u64 = 200;
/// Documents compared at once.
const PAGE: usize = 500;
/// Bytes of documents in one answer to a comparison.
const HEAL_BYTES: usize = 2 * 1024 * 1024;

/// The partitions a phone may read while it is trusted: its grids, and the inboxes of its person's department in the
/// areas of the post.
///
/// # Errors
/// Of the store.
pub fn grants(s: &dyn Session, device: &DeviceRow) -> Result<Vec<Pid>, StoreError> {
    if device.status != DeviceStatus::Active {
        return Ok(Vec::new());
    }
    let person = s.person(&device.person)?;
    // A post that sees no records sees none on a phone either.
    if person.as_ref().is_some_and(|p| !rules::may(p.post, Act::Read, "place", "facts")) {
        return Ok(Vec::new());
    }
    let grids = device.grids.iter().cloned().map(Pid::Grid);
    Ok(grids.chain(person.iter().flat_map(PersonRow::inboxes)).collect())
}

/// The post by which a phone checks edits; `None` where it is not to change: it is not trusted any more.
///
/// # Errors
/// Of the store.
pub fn role(s: &dyn Session, device: &DeviceRow) -> Result<Option<Role>, StoreError> {
    if device.status != DeviceStatus::Active {
        return Ok(None);
    }
    Ok(s.person(&device.person)?.map(|person| person.post))
}

/// Whether a phone may read a partition.
///
/// # Errors
/// Of the store.
pub fn may_read(app: &App, device: &DeviceRow, pid: &Pid) -> Result<bool, StoreError> {
    store::view(&*app.store, |s| Ok(grants(s, device)?.contains(pid)))
}

/// What each cursor gets. `carried`: changes whose bytes this very request brought.
///
/// # Errors
/// Of the store.
pub fn parts(
    app: &App,
    device: &DeviceRow,
    cursors: &[Cursor],
    want: &Want,
    carried: &HashSet<(DocId, ChangeHash)>,
) -> Result<Vec<Part>, StoreError> {
    let granted = store::view(&*app.store, |s| grants(s, device))?;
    let asked = usize::try_from(want.max_bytes).unwrap_or(usize::MAX);
    let mut budget = asked.clamp(1, limits::RESPONSE_BYTES_MAX);
    let mut order: Vec<&Cursor> = cursors.iter().collect();
    order.sort_by_key(|cursor| !want.priority.contains(&cursor.pid));
    let mut parts = Vec::with_capacity(order.len());
    for cursor in order {
        if !granted.contains(&cursor.pid) {
            parts.push(bare(&cursor.pid, PartStatus::Forbidden, cursor.seq));
            continue;
        }
        let reset = match begins(app, cursor, carried.len() as u64)? {
            true => app.bundles.fresh(app, &cursor.pid)?,
            false => None,
        };
        let part =
            store::view(&*app.store, |s| part(app, s, cursor, reset.clone(), budget, carried))?;
        budget = budget.saturating_sub(part.1).max(1);
        parts.push(part.0);
    }
    Ok(parts)
}

/// Whether a cursor is better served by a bundle. What the phone brought itself needs none.
fn begins(app: &App, cursor: &Cursor, carried: u64) -> Result<bool, StoreError> {
    let row = store::view(&*app.store, |s| s.partition(&cursor.pid))?;
    Ok(row.is_some_and(|row| {
        cursor.seq + 1 < row.floor_seq
            || (cursor.seq == 0 && row.last_seq() > BUNDLE_FROM + carried)
    }))
}

fn bare(pid: &Pid, status: PartStatus, seq: u64) -> Part {
    Part {
        pid: pid.clone(),
        status,
        entries: Vec::new(),
        seq,
        digest: [0; 16],
        count: 0,
        durable_seq: 0,
        stamp: [0; 16],
        bundle: None,
        last_seq: 0,
        chain: [0; 16],
    }
}

fn part(
    app: &App,
    s: &dyn Session,
    cursor: &Cursor,
    reset: Option<BundleRef>,
    budget: usize,
    carried: &HashSet<(DocId, ChangeHash)>,
) -> Result<(Part, usize), StoreError> {
    let row = s.partition(&cursor.pid)?;
    let row = row.unwrap_or_else(|| log::new_partition(&app.identity, &cursor.pid));
    let here = agreed(app, s, &row, cursor)?;
    let Some(mut chain) = here else {
        let status = PartStatus::Diverged;
        return Ok((Part { last_seq: row.last_seq(), ..bare(&cursor.pid, status, cursor.seq) }, 0));
    };
    let mut part = Part {
        digest: Digest::from_bytes(&row.digest).cut(),
        count: u32::try_from(row.count).unwrap_or(u32::MAX),
        durable_seq: row.durable_seq,
        last_seq: row.last_seq(),
        ..bare(&cursor.pid, PartStatus::Ok, cursor.seq)
    };
    if let Some(bundle) = reset {
        part.status = PartStatus::Reset;
        part.bundle = Some(bundle);
        return Ok((part, 0));
    }
    let mut bytes = 0;
    if cursor.seq < row.last_seq() {
        let from = cursor.seq + 1;
        for sent in app.tails.read(s, &cursor.pid, from, row.last_seq(), budget)? {
            let mut entry = sent.entry;
            match sent.change {
                Some(hash) if carried.contains(&(entry.doc, hash)) => {
                    entry.what = EntryKind::Echo(hash);
                }
                _ => bytes += sent.bytes,
            }
            part.seq = sent.seq;
            chain = sent.chain;
            part.entries.push(entry);
        }
        if part.seq < row.last_seq() {
            part.status = PartStatus::More;
        }
    }
    part.chain = chain::cut(&chain);
    part.stamp = stamp::stamp(&app.identity.stamp_key, &cursor.pid, part.seq, &chain);
    Ok((part, bytes))
}

/// The chain at a cursor, if it is the one the phone has.
fn agreed(
    app: &App,
    s: &dyn Session,
    row: &PartitionRow,
    cursor: &Cursor,
) -> Result<Option<Chain>, StoreError> {
    if cursor.seq == 0 {
        return Ok(Some(chain::origin(&app.identity.history(), &cursor.pid)));
    }
    let known = if cursor.seq == row.last_seq() {
        Some(row.chain)
    } else if cursor.seq < row.last_seq() {
        s.chain_at(&cursor.pid, cursor.seq)?
    } else {
        None
    };
    if faults::is_off(Guard::ChainCheck) {
        return Ok(known.or(Some(row.chain)));
    }
    Ok(known.filter(|known| chain::cut(known) == cursor.chain))
}

/// Decisions a phone is still to be told.
///
/// # Errors
/// Of the store.
pub fn notices(s: &dyn Session, device: &DeviceRow) -> Result<Vec<Notice>, StoreError> {
    let untold = s.tickets_untold(&device.id)?;
    let notice = |row: store::TicketRow| Notice {
        ticket: row.ticket,
        doc: row.doc,
        hash: row.hash,
        accepted: row.decision == Some(Decision::Accepted),
        reason: row.reason,
    };
    Ok(untold.into_iter().map(notice).collect())
}

/// Of the changes that a phone was told are here, those that are not: neither stored nor waiting for a decision.
/// No cursor speaks of them, so a server put back to before would not notice.
///
/// # Errors
/// Of the store.
pub fn lost(app: &App, claims: &[DocChange]) -> Result<Vec<DocChange>, StoreError> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    store::view(&*app.store, |s| {
        let mut lost = Vec::new();
        for claim in claims {
            let here = s.change(&claim.doc, &claim.hash)?.is_some()
                || s.ticket_of(&claim.doc, &claim.hash)?.is_some();
            if !here {
                lost.push(claim.clone());
            }
        }
        Ok(lost)
    })
}

/// The highest of a phone's checkpoints that is in our log; `None` when it may not read it.
///
/// # Errors
/// Of the store.
pub fn locate(
    app: &App,
    device: &DeviceRow,
    request: &LocateRequest,
) -> Result<Option<LocateResponse>, StoreError> {
    if !may_read(app, device, &request.pid)? {
        return Ok(None);
    }
    let mut known: Vec<&Checkpoint> = request.checkpoints.iter().take(64).collect();
    known.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.seq));
    store::view(&*app.store, |s| {
        for checkpoint in &known {
            let ours = log::chain_at(s, &app.identity, &request.pid, checkpoint.seq)?;
            if ours.is_some_and(|ours| chain::cut(&ours) == checkpoint.chain) {
                return Ok(Some(LocateResponse { seq: checkpoint.seq }));
            }
        }
        Ok(Some(LocateResponse { seq: 0 }))
    })
}

/// Compares what a phone holds with what the partition holds; `None` when it may not read it.
///
/// # Errors
/// Of the store.
pub fn heal(
    app: &App,
    device: &DeviceRow,
    request: &HealRequest,
) -> Result<Option<HealResponse>, StoreError> {
    if !may_read(app, device, &request.pid)? {
        return Ok(None);
    }
    store::view(&*app.store, |s| compare(s, request).map(Some))
}

fn compare(s: &dyn Session, request: &HealRequest) -> Result<HealResponse, StoreError> {
    let last = s.partition(&request.pid)?.map_or(0, |row| row.last_seq());
    let mut response = HealResponse { seq: last, take: Vec::new(), drop: Vec::new(), more: false };
    if last != request.seq {
        return Ok(response);
    }
    let theirs: std::collections::HashMap<DocId, [u8; 8]> =
        request.items.iter().map(|item| (item.doc, item.item)).collect();
    let mut ours: HashSet<DocId> = HashSet::new();
    let mut bytes = 0;
    let mut after = None;
    loop {
        let page = s.present(&request.pid, after.as_ref(), PAGE)?;
        let Some(end) = page.last().map(|row| row.id) else { break };
        after = Some(end);
        for row in page {
            ours.insert(row.id);
            let same = theirs.get(&row.id).is_some_and(|item| log::item(&row).starts_with(item));
            if same {
                continue;
            }
            if bytes > HEAL_BYTES {
                response.more = true;
                continue;
            }
            let bodies = tail::bodies(s, &row.id, row.changes)?;
            bytes += bodies.iter().map(|body| body.0.len()).sum::<usize>();
            response.take.push(HealDoc {
                doc: row.id,
                move_gen: log::wire_gen(row.move_gen),
                frozen: row.state != DocState::Live,
                bodies,
            });
        }
    }
    response.drop = theirs.into_keys().filter(|doc| !ours.contains(doc)).collect();
    response.drop.sort_unstable();
    Ok(response)
}
