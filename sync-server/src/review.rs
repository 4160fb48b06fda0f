//! What waits for a person: fields in conflict, changes in quarantine. One action settles one.
//!
//! A settled conflict is one ordinary change by the server's own author; it goes through the
//! same log to the phones. Every act leaves an audit row.

use ironfeet_core::document::{Conflict, Edit, Settle};
use ironfeet_core::model::{ChangeHash, DocId, Role, UtcMillis};
use ironfeet_core::sync::message::PushStatus;

use crate::app::App;
use crate::audit;
use crate::intake::{Sender, commit};
use crate::lifecycle;
use crate::projection;
use crate::shelf;
use crate::store::{self, Decision, ManifestRow, Session, StoreError};

/// Why a decision was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// There is no such ticket or conflict, or somebody settled it.
    #[error("it was settled already, or does not exist")]
    Settled,
    /// The change leans on one that was not accepted yet.
    #[error("it leans on a change that is not accepted; accept that one first")]
    Leans,
    /// The change cannot be taken at all.
    #[error("the change cannot be taken: {0}")]
    Refused(String),
    /// The store failed; nothing was written.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl ReviewError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Settled => "settled",
            Self::Leans => "missing_deps",
            Self::Refused(code) => code,
            Self::Store(_) => "store",
        }
    }
}

/// One value of a field in conflict, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The value as text.
    pub value: String,
    /// The post of who wrote it; nothing when unknown.
    pub post: Option<Role>,
    /// When, by the device's clock.
    pub device_at: UtcMillis,
    /// When the server took it.
    pub server_at: Option<UtcMillis>,
    /// The change that wrote it.
    pub change: ChangeHash,
    /// Whether phones show this one meanwhile.
    pub shown: bool,
}

/// A field in conflict, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The record.
    pub doc: DocId,
    /// Kind of record.
    pub kind: String,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// Where: the address of the place, or the partition.
    pub place: String,
    /// The values.
    pub sides: Vec<Side>,
}

/// Open conflicts, newest first.
///
/// # Errors
/// Of the store.
pub fn conflicts(app: &App, limit: usize) -> Result<Vec<Open>, StoreError> {
    store::view(&*app.store, |s| {
        let mut open = Vec::new();
        for row in s.conflicts(limit)? {
            let Some(doc) = s.doc(&row.doc)? else { continue };
            let held = app.shelf.look(s, doc.clone())?;
            let found = held.document.read().conflicts;
            let same = |c: &&Conflict| c.container == row.container && c.field == row.field;
            let Some(conflict) = found.iter().find(same) else { continue };
            let sides = conflict
                .values
                .iter()
                .map(|v| side(s, app, &row.doc, v))
                .collect::<Result<_, _>>()?;
            let about = doc.about.unwrap_or(row.doc);
            let place = s.rows(&about)?.place.map(|place| place.address);
            open.push(Open {
                doc: row.doc,
                kind: row.kind,
                container: row.container,
                field: row.field,
                place: place.filter(|p| !p.is_empty()).unwrap_or_else(|| doc.pid.to_string()),
                sides,
            });
        }
        Ok(open)
    })
}

fn side(
    s: &dyn Session,
    app: &App,
    doc: &DocId,
    value: &ironfeet_core::document::ConflictValue,
) -> Result<Side, StoreError> {
    let post = match &value.author {
        Some(author) if *author == app.identity.author => Some(Role::Server),
        Some(author) => match s.device_by_author(author)? {
            Some(device) => s.person(&device.person)?.map(|person| person.post),
            None => None,
        },
        None => None,
    };
    Ok(Side {
        value: projection::shown(&value.value),
        post,
        device_at: value.at,
        server_at: s.change(doc, &value.change)?.map(|row| row.received_at),
        change: value.change,
        shown: value.winner,
    })
}

/// Takes one of the values of a field in conflict.
///
/// # Errors
/// [`ReviewError::Settled`] when it is no conflict any more.
pub fn settle(
    s: &dyn Session,
    app: &App,
    doc: &DocId,
    settle: &Settle,
    by: &str,
) -> Result<ChangeHash, ReviewError> {
    let now = app.clock.now();
    let row = s.doc(doc)?.ok_or(ReviewError::Settled)?;
    let mut document = shelf::load(s, &row)?;
    let edit = Edit::Settle(settle.clone());
    let made = lifecycle::own_edit(s, app, &mut document, &row, &edit, now)?;
    let change = made.ok_or(ReviewError::Settled)?;
    let object = format!("{doc} {}.{} {}", settle.container, settle.field, settle.choose);
    audit::note(s, now, by, "conflict.settle", &object)?;
    Ok(change)
}

/// Takes a quarantined change as it is; its descendants become admissible.
///
/// # Errors
/// [`ReviewError`]; the ticket stays open then.
pub fn accept(s: &dyn Session, app: &App, ticket: u64, by: &str) -> Result<(), ReviewError> {
    let now = app.clock.now();
    let row = s.ticket(ticket)?.filter(|row| row.decision.is_none());
    let row = row.ok_or(ReviewError::Settled)?;
    let manifest = ManifestRow {
        id: row.manifest,
        device: row.device,
        counter: 0,
        bytes: Vec::new(),
        received_at: row.received_at,
    };
    let sender = Sender { manifest: Some(manifest), ..Sender::trusted(Some(row.author)) };
    let changes = vec![(row.hash, row.raw)];
    let ready = commit::own(s, app, row.doc, &row.pid, changes, sender)?;
    let statuses = commit::within(s, app, ready)?;
    match statuses.into_iter().next().map(|(_, status)| status) {
        Some(PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..)) => {}
        Some(PushStatus::MissingDeps(_)) => return Err(ReviewError::Leans),
        Some(PushStatus::Quarantined(_, reason)) if reason == "leans_on_quarantined" => {
            return Err(ReviewError::Leans);
        }
        Some(PushStatus::Quarantined(_, reason)) => return Err(ReviewError::Refused(reason)),
        Some(PushStatus::Rejected(code, _)) => return Err(ReviewError::Refused(code)),
        _ => return Err(ReviewError::Refused("try_later".to_owned())),
    }
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
