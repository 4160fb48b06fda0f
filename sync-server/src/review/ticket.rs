//! Decisions on what waits in quarantine, and what follows for the work that leans on it.
//!
//! A change is taken as it is where all it leans on is here. Where something of that was not taken, the same is
//! done again beside it, under its author's name: so nothing good is lost with what was discarded before it.
//! Must not know who asks and what they see.

use std::collections::{HashMap, HashSet};

use ironfeet_core::document::{self, Authorship, Document, Redone};
use ironfeet_core::model::{ChangeHash, DocId};
use ironfeet_core::sync::lease::Validity;
use ironfeet_core::sync::message::PushStatus;

use super::{ReviewError, late};
use crate::app::App;
use crate::intake::{Sender, commit};
use crate::store::{Decision, DeviceStatus, ManifestRow, Session, StoreError, TicketRow};
use crate::{audit, shelf};

/// The reason of work that waits for other work only.
const LEANS: &str = "leans_on_quarantined";

/// Takes a quarantined change; its descendants become admissible.
///
/// # Errors
/// [`ReviewError`]; the ticket stays open then.
pub fn accept(s: &dyn Session, app: &App, ticket: u64, by: &str) -> Result<(), ReviewError> {
    let now = app.clock.now();
    let row = s.ticket(ticket)?.filter(|row| row.decision.is_none());
    let row = row.ok_or(ReviewError::Settled)?;
    late::receive(s, app, &row, now)?;
    let sender = Sender { manifest: Some(manifest(&row)), ..Sender::trusted(Some(row.author)) };
    take(s, app, &row, sender)?;
    s.ticket_decide(ticket, Decision::Accepted, by, now)?;
    audit::note(s, now, by, "quarantine.accept", &ticket.to_string())?;
    Ok(())
}

/// Does not take a quarantined change; its phone is told.
///
/// # Errors
/// [`ReviewError::Settled`] when it was decided before.
pub fn discard(s: &dyn Session, app: &App, ticket: u64, by: &str) -> Result<(), ReviewError> {
    let now = app.clock.now();
    if !s.ticket_decide(ticket, Decision::Discarded, by, now)? {
        return Err(ReviewError::Settled);
    }
    audit::note(s, now, by, "quarantine.discard", &ticket.to_string())?;
    Ok(())
}

/// Judges, after decisions on a record, the work on it that waited for nothing else: of phones that are trusted
/// it is taken if the rules allow it, else it waits for its own reason now. Gives how many were taken.
///
/// # Errors
/// Of the store.
pub fn follow(s: &dyn Session, app: &App, doc: &DocId) -> Result<u64, StoreError> {
    let now = app.clock.now();
    let mut taken = 0;
    for row in s.tickets_on(doc)?.into_iter().filter(|row| row.reason == LEANS) {
        let Some(sender) = trusted_sender(s, &row)? else { continue };
        match take(s, app, &row, sender) {
            Ok(()) => {
                s.ticket_decide(row.ticket, Decision::Accepted, "server", now)?;
                audit::note(s, now, "server", "quarantine.follow", &row.ticket.to_string())?;
                taken += 1;
            }
            Err(ReviewError::Refused(reason)) => s.ticket_reason(row.ticket, &reason)?,
            Err(ReviewError::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(taken)
}

/// The phone a change came from, with its rights of now; `None` where a person must look anyway.
fn trusted_sender(s: &dyn Session, row: &TicketRow) -> Result<Option<Sender>, StoreError> {
    let active = |device: &crate::store::DeviceRow| device.status == DeviceStatus::Active;
    let Some(device) = s.device(&row.device)?.filter(active) else { return Ok(None) };
    let Some(person) = s.person(&device.person)? else { return Ok(None) };
    if s.person_retired(&person.id)?.is_some() {
        return Ok(None);
    }
    let sender = Sender::of(&device, &person, manifest(row), (None, Validity::Unknown));
    Ok(Some(Sender { author: Some(row.author), follows: true, ..sender }))
}

fn manifest(row: &TicketRow) -> ManifestRow {
    ManifestRow {
        id: row.manifest,
        device: row.device,
        counter: 0,
        bytes: Vec::new(),
        received_at: row.received_at,
    }
}

/// Commits a waiting change, or its like.
fn take(s: &dyn Session, app: &App, row: &TicketRow, sender: Sender) -> Result<(), ReviewError> {
    let (home, change) = match lacking(s, row)? {
        None => (row.pid.clone(), (row.hash, row.raw.clone())),
        Some(lacking) => match like(s, app, row, &lacking)? {
            Some(like) => like,
            None => return Ok(()),
        },
    };
    let ready = commit::own(s, app, row.doc, &home, vec![change], sender)?;
    let statuses = commit::within(s, app, ready)?;
    match statuses.into_iter().next().map(|(_, status)| status) {
        Some(PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..)) => Ok(()),
        Some(PushStatus::MissingDeps(_)) => Err(ReviewError::Leans),
        Some(PushStatus::Quarantined(_, reason)) if reason == LEANS => Err(ReviewError::Leans),
        Some(PushStatus::Quarantined(_, reason)) => Err(ReviewError::Refused(reason)),
        Some(PushStatus::Rejected(code, _)) => Err(ReviewError::Refused(code)),
        _ => Err(ReviewError::Refused("try_later".to_owned())),
    }
}

/// What a change leans on that is not here and never will be, each after those it leans on; `None`: it can be
/// taken as it is.
fn lacking(s: &dyn Session, row: &TicketRow) -> Result<Option<Vec<TicketRow>>, ReviewError> {
    let mut found: Vec<TicketRow> = Vec::new();
    let mut asked: HashSet<ChangeHash> = HashSet::new();
    let mut next = deps(&row.raw)?;
    while let Some(hash) = next.pop() {
        if !asked.insert(hash) || s.change(&row.doc, &hash)?.is_some() {
            continue;
        }
        let ticket = s.ticket_of(&row.doc, &hash)?.filter(|ticket| ticket.decision.is_some());
        let ticket = ticket.ok_or(ReviewError::Leans)?;
        next.extend(deps(&ticket.raw)?);
        found.push(ticket);
    }
    // A second change under the same actor and number cannot stand beside the first.
    let rival = row.reason == "equivocation";
    found.sort_by_key(|ticket| ticket.ticket);
    Ok((rival || !found.is_empty()).then_some(found))
}

fn deps(raw: &[u8]) -> Result<Vec<ChangeHash>, ReviewError> {
    match document::parse_change(raw) {
        Ok(parts) => Ok(parts.deps),
        Err(error) => Err(ReviewError::Refused(error.code().to_owned())),
    }
}

/// A change with its hash, and the home of its record.
type Like = (ironfeet_core::model::Pid, (ChangeHash, Vec<u8>));

/// A change that does the same on the record as it stands, by the same author; `None`: nothing is left to do.
fn like(
    s: &dyn Session,
    app: &App,
    row: &TicketRow,
    lacking: &[TicketRow],
) -> Result<Option<Like>, ReviewError> {
    // Without its record's birth there is nothing to do it on.
    let doc = s.doc(&row.doc)?.ok_or(ReviewError::Leans)?;
    let mut raws: HashMap<ChangeHash, Vec<u8>> =
        s.changes(&row.doc, 0)?.into_iter().map(|change| (change.hash, change.raw)).collect();
    raws.extend(lacking.iter().map(|ticket| (ticket.hash, ticket.raw.clone())));
    raws.insert(row.hash, row.raw.clone());
    // Its own past only: a rival of it may be in the record.
    let mut past: HashMap<ChangeHash, Vec<u8>> = HashMap::new();
    let mut next = vec![row.hash];
    while let Some(hash) = next.pop() {
        if let Some(raw) = raws.remove(&hash) {
            next.extend(deps(&raw)?);
            past.insert(hash, raw);
        }
    }
    let branch = Document::from_changes(row.doc, past.values().map(Vec::as_slice))
        .map_err(|_| ReviewError::Refused("not_applicable".to_owned()))?;
    let unfit = || ReviewError::Refused("unfit".to_owned());
    let intent = branch.intent(&row.hash).ok_or_else(unfit)?;
    let by = Authorship { author: row.author, actor: app.entropy.sixteen() };
    match shelf::load(s, &doc)?.redo(&intent, &by) {
        Redone::Made(made) => Ok(Some((doc.pid, (made.hash, made.raw)))),
        Redone::Same => Ok(None),
        Redone::Unfit => Err(unfit()),
    }
}
