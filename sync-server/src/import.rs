//! Places from a city's own files: CSV or GeoJSON, all or nothing, the row in every error.
//!
//! A column about people refuses the whole file, and no value of it is ever shown. A row is
//! known again by its `key`, else by grid and address; a row that did not change since it
//! was imported is left alone, whatever was seen in the field meanwhile.

pub mod border;
pub mod job;
mod read;

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use ironfeet_core::document::{Birth, Document, Edit, EditError, PlaceBirth, PlaceEdit};
use ironfeet_core::model::{DocId, GridCode, Pid, Role, Scalar, Text, UtcMillis};

use crate::app::App;
use crate::audit;
use crate::intake::{Sender, commit};
use crate::lifecycle;
use crate::shelf;
use crate::store::{DocState, Session, StoreError};

pub use read::{Format, read};

/// At most so many errors are told.
pub const ERRORS_MAX: usize = 50;

/// One place of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line (CSV) or number of the feature (GeoJSON), from 1.
    pub line: u64,
    /// The city's own key.
    pub key: Option<String>,
    /// Its grid.
    pub grid: GridCode,
    /// Facts by field.
    pub facts: Vec<(String, Scalar)>,
}

/// What is wrong in one line. Names columns, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line or feature, from 1.
    pub line: u64,
    /// The column, if one is to blame.
    pub column: String,
    /// What would be right.
    pub what: Text,
}

/// A text in both languages.
pub(crate) fn say(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Lines that do not fit.
    #[error("{} lines do not fit; nothing was imported", .0.len())]
    Rows(Vec<RowError>),
    /// Columns about people.
    #[error("the file has columns about people ({}); nothing was imported", .0.join(", "))]
    Personal(Vec<String>),
    /// The file is not what its name says.
    #[error("the file cannot be read: {0}")]
    File(String),
    /// The store failed; nothing was written.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl ImportError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rows(_) => "rows",
            Self::Personal(_) => "personal_columns",
            Self::File(_) => "file",
            Self::Store(_) => "store",
        }
    }
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New places.
    pub added: u64,
    /// Places with other facts than before.
    pub changed: u64,
    /// Places left alone.
    pub same: u64,
}

impl Imported {
    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.same += other.same;
    }
}

/// Imports places in one transaction; `progress` hears how many are done.
///
/// # Errors
/// [`ImportError::Rows`] for keys that stand twice; of the store. Nothing was written then.
pub fn places(
    s: &dyn Session,
    app: &App,
    rows: &[Row],
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    unique(rows)?;
    let mut imported = Imported::default();
    let mut done = 0;
    for part in rows.chunks(STEP) {
        imported.add(some(s, app, part)?);
        done += part.len() as u64;
        progress(done);
    }
    note(s, "admin", &imported, app.clock.now())?;
    Ok(imported)
}

/// Rows imported between two words about progress.
pub(crate) const STEP: usize = 500;

/// Imports some rows of a file that was looked at whole.
fn some(s: &dyn Session, app: &App, rows: &[Row]) -> Result<Imported, StoreError> {
    let now = app.clock.now();
    let mut imported = Imported::default();
    for row in rows {
        match one(s, app, row, now)? {
            Did::Added => imported.added += 1,
            Did::Changed => imported.changed += 1,
            Did::Same => imported.same += 1,
        }
    }
    Ok(imported)
}

/// A row of the trail about an import.
fn note(s: &dyn Session, by: &str, imported: &Imported, now: UtcMillis) -> Result<(), StoreError> {
    let Imported { added, changed, same } = imported;
    let object = format!("added {added} changed {changed} same {same}");
    audit::note(s, now, by, "import.places", &object)
}

enum Did {
    Added,
    Changed,
    Same,
}

/// What a row is known by.
fn name(row: &Row) -> String {
    match &row.key {
        Some(key) => format!("key {key}"),
        None => format!("at {} {}", row.grid, address(row)),
    }
}

fn address(row: &Row) -> &str {
    let found = row.facts.iter().find(|(field, _)| field == "address");
    found.and_then(|(_, value)| value.as_str()).unwrap_or_default()
}

fn unique(rows: &[Row]) -> Result<(), ImportError> {
    let mut seen = HashSet::new();
    let twice = |row: &&Row| !seen.insert(name(row));
    let error = |row: &Row| RowError {
        line: row.line,
        column: if row.key.is_some() { "key" } else { "address" }.to_owned(),
        what: say("在文件中出现两次", "stands twice in the file"),
    };
    let errors: Vec<RowError> = rows.iter().filter(twice).map(error).take(ERRORS_MAX).collect();
    if errors.is_empty() { Ok(()) } else { Err(ImportError::Rows(errors)) }
}

fn one(s: &dyn Session, app: &App, row: &Row, now: UtcMillis) -> Result<Did, StoreError> {
    let name = name(row);
    let hash = row_hash(row);
    let pid = Pid::Grid(row.grid.clone());
    let known = s.import_key(&name)?;
    if known.is_some_and(|(_, before)| before == hash) {
        return Ok(Did::Same);
    }
    let at = s.place_at(&pid, address(row))?.filter(|_| row.key.is_none());
    let doc = known.map(|(doc, _)| doc).or(at);
    let did = match doc {
        Some(doc) => change(s, app, &doc, row, now)?,
        None => return born(s, app, &name, &hash, row, now),
    };
    s.import_key_put(&name, &doc.unwrap_or(DocId([0; 16])), &hash)?;
    Ok(did)
}

fn row_hash(row: &Row) -> [u8; 32] {
    let mut facts = row.facts.clone();
    facts.sort_by(|a, b| a.0.cmp(&b.0));
    let json = serde_json::to_vec(&(&row.grid, &facts)).unwrap_or_default();
    Sha256::digest(json).into()
}

fn born(
    s: &dyn Session,
    app: &App,
    name: &str,
    hash: &[u8; 32],
    row: &Row,
    now: UtcMillis,
) -> Result<Did, StoreError> {
    let doc = DocId::new(now, app.entropy.sixteen());
    let birth = Birth::Place(PlaceBirth { facts: row.facts.clone(), by_role: Role::Server });
    record(s, app, &Pid::Grid(row.grid.clone()), doc, &birth, &[], now)?;
    s.import_key_put(name, &doc, hash)?;
    Ok(Did::Added)
}

/// Brings in one record whole, as the server's own work: its birth with the first edit, then the others.
///
/// # Errors
/// Of the store; [`StoreError::GivenUp`] for what admission refuses. Nothing was written then.
pub fn record(
    s: &dyn Session,
    app: &App,
    home: &Pid,
    id: DocId,
    birth: &Birth,
    edits: &[Edit],
    at: UtcMillis,
) -> Result<(), StoreError> {
    let by = app.identity.authorship(&*app.entropy);
    let failed = |e: EditError| StoreError::Engine(Box::new(e));
    let (mut document, made) =
        Document::birth_with(id, birth, edits.first(), &by, at).map_err(failed)?;
    let mut changes = vec![(made.hash, made.raw)];
    for edit in edits.iter().skip(1) {
        let made = document.edit(edit, &by, at).map_err(failed)?;
        changes.extend(made.map(|made| (made.hash, made.raw)));
    }
    let sender = Sender::trusted(Some(by.author));
    let ready = commit::own(s, app, id, home, changes, sender)?;
    // What admission refuses is told of a line before; all or nothing where it was not.
    let taken = commit::is_taken(&commit::within(s, app, ready)?);
    if taken { Ok(()) } else { Err(StoreError::GivenUp) }
}

/// Puts the facts that differ from what is known now; moves the place when the grid is another.
fn change(
    s: &dyn Session,
    app: &App,
    doc: &DocId,
    row: &Row,
    now: UtcMillis,
) -> Result<Did, StoreError> {
    let Some(known) = s.doc(doc)?.filter(|known| known.state == DocState::Live) else {
        return Ok(Did::Same);
    };
    let mut did = Did::Same;
    if known.pid != Pid::Grid(row.grid.clone()) {
        match lifecycle::move_place(s, app, doc, &row.grid, now) {
            Ok(_) => did = Did::Changed,
            Err(lifecycle::LifeError::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    let known = s.doc(doc)?.unwrap_or(known);
    let mut document = shelf::load(s, &known)?;
    let reading = document.read();
    let ironfeet_core::document::Record::Place(place) = reading.record else { return Ok(did) };
    let differs = |field: &str, value: &Scalar| {
        place.facts.get(field).is_none_or(|fact| fact.value != *value)
    };
    let set: Vec<_> = row.facts.iter().filter(|(f, v)| differs(f, v)).cloned().collect();
    if set.is_empty() {
        return Ok(did);
    }
    let facts = PlaceEdit::Facts { set, by_role: Role::Server, observed_at: now };
    lifecycle::own_edit(s, app, &mut document, &known, &Edit::Place(facts), now)?;
    Ok(Did::Changed)
}
