//! Log entries that this server lost in a restore, offered by a phone: known again by the own stamp.
//!
//! The stamp proves that every offered entry was admitted once; the dry run is done all
//! the same. An offer that does not hold together is passed over.

use std::sync::Arc;

use ironfeet_core::model::{DocId, Pid};
use ironfeet_core::sync::chain;
use ironfeet_core::sync::chunk;
use ironfeet_core::sync::message::{Entry, EntryKind, LeaveReason, Offer};
use ironfeet_core::sync::stamp;

use crate::app::App;
use crate::intake::{Sender, commit};
use crate::lifecycle::{self, LifeError};
use crate::log::{self, Logs};
use crate::review::twin;
use crate::store::{self, DeviceRow, DocState, Session, StoreError};

/// Takes what an offer brings; the number of entries looked at.
///
/// # Errors
/// Of the store.
pub fn take(app: &Arc<App>, device: &DeviceRow, offer: &Offer) -> Result<u64, StoreError> {
    if !crate::pull::may_read(app, device, &offer.pid)? || !is_own(app, offer)? {
        tracing::warn!(device = %device.id, pid = %offer.pid, "an offer was not taken");
        return Ok(0);
    }
    let Some(writer) = &app.writer else { return Err(StoreError::Busy) };
    let (inner, entries, pid) = (app.clone(), offer.entries.clone(), offer.pid.clone());
    writer.run(move |s| replay(s, &inner, &pid, &entries))?;
    app.nudge.wake(std::slice::from_ref(&offer.pid));
    Ok(offer.entries.len() as u64)
}

/// Recomputes the chain over the offered entries and compares the stamp. What is in the log anyway is no offer.
fn is_own(app: &App, offer: &Offer) -> Result<bool, StoreError> {
    let key = &app.identity.stamp_key;
    let proven = offer
        .since
        .filter(|since| stamp::is_own(key, &offer.pid, offer.after, &since.chain, &since.stamp));
    let log = |seq| store::view(&*app.store, |s| log::chain_at(s, &app.identity, &offer.pid, seq));
    let start = proven.map_or_else(|| log(offer.after), |since| Ok(Some(since.chain)))?;
    let Some(mut at) = start else { return Ok(false) };
    let mut seq = offer.after;
    for entry in &offer.entries {
        seq += 1;
        at = chain::over(&at, seq, entry);
    }
    let own = !offer.entries.is_empty() && stamp::is_own(key, &offer.pid, seq, &at, &offer.stamp);
    Ok(own && log(seq)? != Some(at))
}

/// Appends what is not here, in the order offered.
fn replay(s: &dyn Session, app: &App, pid: &Pid, entries: &[Entry]) -> Result<(), StoreError> {
    let mut run: Vec<&[u8]> = Vec::new();
    let mut of: Option<DocId> = None;
    for entry in entries {
        if of != Some(entry.doc) {
            if let Some(doc) = of {
                changes(s, app, pid, doc, &std::mem::take(&mut run))?;
            }
            of = Some(entry.doc);
        }
        match &entry.what {
            EntryKind::Change(body) => run.push(body),
            EntryKind::Enter(move_gen, bodies) => {
                run.extend(bodies.iter().map(|body| body.0.as_slice()));
                changes(s, app, pid, entry.doc, &std::mem::take(&mut run))?;
                entered(s, app, pid, &entry.doc, u64::from(*move_gen))?;
            }
            EntryKind::Leave(reason, move_gen) => {
                changes(s, app, pid, entry.doc, &std::mem::take(&mut run))?;
                left(s, app, pid, &entry.doc, reason, u64::from(*move_gen))?;
            }
            // An echo's bytes come with its author's own manifest.
            EntryKind::Echo(_) | EntryKind::Freeze(_) | EntryKind::Note(_) => {}
        }
    }
    of.map_or(Ok(()), |doc| changes(s, app, pid, doc, &run))
}

fn changes(
    s: &dyn Session,
    app: &App,
    pid: &Pid,
    doc: DocId,
    bodies: &[&[u8]],
) -> Result<(), StoreError> {
    // An inbox is nobody's home: a record that is not here comes back from its grid's phones.
    if bodies.is_empty() || (matches!(pid, Pid::Inbox(..)) && s.doc(&doc)?.is_none()) {
        return Ok(());
    }
    let changes = bodies
        .iter()
        .map(|body| {
            let (raw, hash) = chunk::rebuild(body);
            (hash, raw)
        })
        .collect();
    let ready = commit::own(s, app, doc, pid, changes, Sender::trusted(None))?;
    commit::within(s, app, ready).map(|_| ())
}

/// The document had come here by a move that the restored database does not know, or had been given back.
fn entered(
    s: &dyn Session,
    app: &App,
    pid: &Pid,
    doc: &DocId,
    move_gen: u64,
) -> Result<(), StoreError> {
    let Some(row) = s.doc(doc)? else { return Ok(()) };
    if matches!(pid, Pid::Inbox(..)) {
        let live = row.state == DocState::Live;
        return if live { shown(s, app, &row, pid, true) } else { Ok(()) };
    }
    if row.move_gen >= move_gen {
        return Ok(());
    }
    moved(s, app, store::DocRow { state: DocState::Live, ..row }, pid, move_gen)?;
    twin::came_back(s, doc)
}

/// The document had been shown in this inbox, or no longer.
fn shown(
    s: &dyn Session,
    app: &App,
    row: &store::DocRow,
    inbox: &Pid,
    here: bool,
) -> Result<(), StoreError> {
    if s.presence(&row.id)?.contains(inbox) == here {
        return Ok(());
    }
    let mut logs = Logs::lock(s, &app.identity, std::slice::from_ref(inbox))?;
    lifecycle::appear(s, &mut logs, row, inbox, here)?;
    logs.close().map(|_| ())
}

fn moved(
    s: &dyn Session,
    app: &App,
    row: store::DocRow,
    to: &Pid,
    move_gen: u64,
) -> Result<(), StoreError> {
    let mut pids = s.presence(&row.id)?;
    pids.extend([row.pid.clone(), to.clone()]);
    let mut logs = Logs::lock(s, &app.identity, &pids)?;
    lifecycle::relocate(s, &mut logs, row, to, move_gen)?;
    logs.close().map(|_| ())
}

fn left(
    s: &dyn Session,
    app: &App,
    pid: &Pid,
    doc: &DocId,
    reason: &LeaveReason,
    move_gen: u64,
) -> Result<(), StoreError> {
    let Some(row) = s.doc(doc)? else { return Ok(()) };
    if row.state != DocState::Live || row.move_gen > move_gen {
        return Ok(());
    }
    let withdrawn = match reason {
        LeaveReason::Removed if matches!(pid, Pid::Inbox(..)) => {
            return shown(s, app, &row, pid, false);
        }
        LeaveReason::Moved(to) if row.pid == *pid && row.move_gen < move_gen => {
            return moved(s, app, row, &to.clone(), move_gen);
        }
        LeaveReason::Archived => lifecycle::withdraw(s, app, doc, DocState::Archived),
        LeaveReason::Deleted => lifecycle::withdraw(s, app, doc, DocState::Deleted),
        LeaveReason::Moved(_) | LeaveReason::Removed => Ok(()),
    };
    withdrawn.or_else(|error| match error {
        LifeError::Store(error) => Err(error),
        _ => Ok(()),
    })
}
