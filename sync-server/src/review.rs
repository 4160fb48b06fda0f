//! What waits for a person: fields in conflict, changes in quarantine. One action settles one.
//!
//! A settled conflict is one ordinary change by the server's own author; it goes through the
//! same log to the phones. Every act leaves an audit row.

pub mod decide;
pub mod twin;

use ironfeet_core::document::{self, Conflict, ConflictValue, Record};
use ironfeet_core::model::{ChangeHash, DeviceId, DocId, Pid, Role, Scalar, UtcMillis};
use ironfeet_core::sync::message::PushStatus;

use crate::app::App;
use crate::audit;
use crate::intake::{Sender, commit};
use crate::photo::{self, Shown};
use crate::projection;
use crate::store::{self, ConflictRow, Decision, ManifestRow, Session, StoreError};

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
    /// Another value arrived after the person looked.
    #[error("another value arrived meanwhile; look again")]
    Newer,
    /// The value written does not fit the field.
    #[error("the value does not fit the field")]
    Value,
    /// The text looks as if it tells about a person.
    #[error("the text holds what looks like a phone or identity number; take it out")]
    Personal,
    /// The record is closed: one of its values may be chosen, none written.
    #[error("the record is closed; choose one of its values")]
    Closed,
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
            Self::Newer => "newer",
            Self::Value => "value",
            Self::Personal => "personal",
            Self::Closed => "closed",
            Self::Store(_) => "store",
        }
    }
}

/// One value of a field in conflict, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The value.
    pub value: Scalar,
    /// Who wrote it first, when, and on which phone.
    pub origin: Origin,
    /// The change that holds it now.
    pub change: ChangeHash,
    /// Whether phones show this one meanwhile.
    pub shown: bool,
}

/// Who wrote a value: by post and phone, never by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The post; nothing when unknown.
    pub post: Option<Role>,
    /// The phone; nothing when the server wrote it.
    pub device: Option<DeviceId>,
    /// When, by the device's clock.
    pub device_at: UtcMillis,
    /// When the server took it.
    pub server_at: Option<UtcMillis>,
}

/// A field in conflict, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The record.
    pub doc: DocId,
    /// Kind of record.
    pub kind: String,
    /// The place it is about, or is.
    pub about: DocId,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// Where: the address of the place, or the partition.
    pub place: String,
    /// The home partition.
    pub pid: Pid,
    /// The changes that wrote the values, as the queue names them.
    pub rivals: String,
    /// Whether another value may be written.
    pub own: bool,
    /// Photos of the record, oldest first.
    pub photos: Vec<Shown>,
    /// The values.
    pub sides: Vec<Side>,
}

/// Open conflicts, newest first.
///
/// # Errors
/// Of the store.
pub fn conflicts(app: &App, limit: usize) -> Result<Vec<Open>, StoreError> {
    store::view(&*app.store, |s| {
        let rows = s.conflicts(limit)?;
        let looked = rows.iter().map(|row| look(s, app, row));
        looked.filter_map(Result::transpose).collect()
    })
}

/// A conflict with its values; `None` when it is none any more.
///
/// # Errors
/// Of the store.
pub fn look(s: &dyn Session, app: &App, row: &ConflictRow) -> Result<Option<Open>, StoreError> {
    let Some(doc) = s.doc(&row.doc)? else { return Ok(None) };
    let held = app.shelf.look(s, doc.clone())?;
    let reading = held.document.read();
    let same = |c: &&Conflict| c.container == row.container && c.field == row.field;
    let Some(conflict) = reading.conflicts.iter().find(same) else { return Ok(None) };
    let side = |value: &ConflictValue| {
        Ok(Side {
            value: value.value.clone(),
            origin: origin(s, app, &row.doc, value)?,
            change: value.change,
            shown: value.winner,
        })
    };
    let sides = conflict.values.iter().map(side).collect::<Result<_, StoreError>>()?;
    let about = doc.about.unwrap_or(row.doc);
    let place = s.rows(&about)?.place.map(|place| place.address);
    let photos = match &reading.record {
        Record::Visit(visit) => photo::shown(s, &row.doc, &visit.photos)?,
        _ => Vec::new(),
    };
    Ok(Some(Open {
        doc: row.doc,
        kind: row.kind.clone(),
        about,
        container: row.container.clone(),
        field: row.field.clone(),
        place: place.filter(|p| !p.is_empty()).unwrap_or_else(|| doc.pid.to_string()),
        pid: doc.pid.clone(),
        rivals: projection::rivals(conflict),
        own: decide::takes_own(&reading.record, &row.container, &row.field),
        photos,
        sides,
    }))
}

/// Who wrote a value. A value that a decision chose, or brought back, keeps its first writer.
fn origin(
    s: &dyn Session,
    app: &App,
    doc: &DocId,
    value: &ConflictValue,
) -> Result<Origin, StoreError> {
    let (mut change, mut author, mut at) = (value.change, value.author, value.at);
    // Decisions about decisions end; a chain this long does not happen.
    for _ in 0..16 {
        let Some(chose) = s.decision_of(doc, &change)?.and_then(|d| d.chose) else { break };
        change = chose;
        let Some(row) = s.change(doc, &change)? else { break };
        author = match row.author {
            Some(author) => Some(author),
            None => s
                .changes(doc, 0)?
                .into_iter()
                .find_map(|c| (c.actor == row.actor).then_some(c.author).flatten()),
        };
        at = document::parse_change(&row.raw).map_or(at, |parts| parts.at);
    }
    let mut origin = Origin { device_at: at, ..Origin::default() };
    match author {
        Some(author) if author == app.identity.author => {
            let decided = s.decision_of(doc, &change)?;
            let post = decided.and_then(|row| row.post.parse().ok());
            origin.post = Some(post.unwrap_or(Role::Server));
        }
        Some(author) => {
            if let Some(device) = s.device_by_author(&author)? {
                origin.post = s.person(&device.person)?.map(|person| person.post);
                origin.device = Some(device.id);
            }
        }
        None => {}
    }
    origin.server_at = s.change(doc, &change)?.map(|row| row.received_at);
    Ok(origin)
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
