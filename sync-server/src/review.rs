//! What waits for a person: fields in conflict, changes in quarantine. One action settles one.
//!
//! A settled conflict is one ordinary change by the server's own author; it goes through the
//! same log to the phones. Every act leaves an audit row.

mod beside;
pub mod decide;
mod late;
mod ticket;
pub mod twin;

use ironfeet_core::document::{self, Conflict, ConflictValue, Record};
use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, Pid, Role, Scalar, UtcMillis};

use crate::app::App;
use crate::photo::{self, Shown};
use crate::projection;
use crate::store::{self, ConflictRow, Session, StoreError, VisitRow};
pub use ticket::{accept, discard, follow};

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
    /// Photos that the same phone took at this place about then.
    pub photos: Vec<Shown>,
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
    /// The pseudonym.
    pub author: Option<Author>,
    /// The change that wrote the value first.
    pub change: Option<ChangeHash>,
    /// How far the phone's clock was off when it was last heard; nothing when it was not.
    pub ahead_ms: Option<i64>,
}

/// What a field held before the values in conflict were written.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// The value.
    pub value: Scalar,
    /// The post that had seen it, where the record says so.
    pub post: Option<Role>,
    /// When it had been seen.
    pub at: Option<UtcMillis>,
}

/// A field in conflict, as a supervisor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The record.
    pub doc: DocId,
    /// Kind of record.
    pub kind: String,
    /// Of a visit its checklist and version, which name its questions.
    pub list: (String, u32),
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
    /// What all of them wrote over; nothing when there was nothing, or not the same.
    pub before: Option<Before>,
    /// Photos of the record, oldest first.
    pub photos: Vec<Shown>,
    /// Other fields of the record that wait, too.
    pub others: Vec<ConflictRow>,
    /// The newest visits of the place.
    pub lately: Vec<VisitRow>,
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

pub use beside::value_at;

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
    let about = doc.about.unwrap_or(row.doc);
    let side = |value: &ConflictValue| {
        let origin = origin(s, app, &row.doc, value)?;
        let of_place = matches!(reading.record, Record::Place(_));
        let photos = if of_place { beside::photos(s, app, &about, &origin)? } else { Vec::new() };
        let (value, change, shown) = (value.value.clone(), value.change, value.winner);
        Ok(Side { value, origin, change, photos, shown })
    };
    let sides: Vec<Side> = conflict.values.iter().map(side).collect::<Result<_, StoreError>>()?;
    let place = s.rows(&about)?.place.map(|place| place.address);
    let (photos, list) = match &reading.record {
        Record::Visit(visit) => {
            let list = (visit.list.clone(), visit.list_version);
            (photo::shown(s, &row.doc, &visit.photos)?, list)
        }
        _ => (Vec::new(), Default::default()),
    };
    Ok(Some(Open {
        doc: row.doc,
        kind: row.kind.clone(),
        list,
        about,
        container: row.container.clone(),
        field: row.field.clone(),
        place: place.filter(|p| !p.is_empty()).unwrap_or_else(|| doc.pid.to_string()),
        pid: doc.pid.clone(),
        rivals: projection::rivals(conflict),
        own: decide::takes_own(&reading.record, &row.container, &row.field),
        before: beside::before(&held.document, &sides, &row.container, &row.field),
        photos,
        others: s.rows(&row.doc)?.conflicts.into_iter().filter(|other| other != row).collect(),
        lately: beside::lately(s, &about)?,
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
    let (first, device_at) = (Some(change), at);
    let mut origin = Origin { device_at, author, change: first, ..Origin::default() };
    match author {
        Some(author) if author == app.identity.author => {
            let decided = s.decision_of(doc, &change)?;
            let post = decided.and_then(|row| row.post.parse().ok());
            origin.post = Some(post.unwrap_or(Role::Server));
        }
        Some(author) => {
            if let Some(device) = s.device_by_author(&author)? {
                origin.post = s.person(&device.person)?.map(|person| person.post);
                let clocks = s.clocks()?;
                let clock = clocks.iter().find(|clock| clock.device == device.id);
                origin.ahead_ms = clock.map(|clock| clock.ahead_ms);
                origin.device = Some(device.id);
            }
        }
        None => {}
    }
    origin.server_at = s.change(doc, &change)?.map(|row| row.received_at);
    Ok(origin)
}
