//! Rows made for screens from documents; they can be dropped and made again.

use ironfeet_core::model::{DocId, Pid, Text, UtcMillis};

use super::{PhotoRow, StoreError};

/// A place on lists and maps.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRow {
    /// Identity.
    pub doc: DocId,
    /// Home partition.
    pub pid: Pid,
    /// Kind, where it is known.
    pub kind: Option<String>,
    /// Address.
    pub address: String,
    /// Signboard or building name.
    pub name: String,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
    /// The document's changes this was made from.
    pub generation: u64,
}

/// A visit on lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRow {
    /// Identity.
    pub doc: DocId,
    /// Home partition.
    pub pid: Pid,
    /// Where.
    pub place: DocId,
    /// Checklist.
    pub list: String,
    /// Version of the checklist.
    pub list_version: u32,
    /// Whether it is a quick re-visit.
    pub quick: bool,
    /// The post of who began it.
    pub by_role: String,
    /// Draft or finished.
    pub status: String,
    /// When it began (device time).
    pub started_at: UtcMillis,
    /// When it was finished (device time).
    pub finished_at: Option<UtcMillis>,
    /// How many findings.
    pub findings: u64,
    /// Codes that the finished visit found gone, each between commas; empty: none.
    pub cleared: String,
    /// The document's changes this was made from.
    pub generation: u64,
}

/// A finding on lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// The visit.
    pub doc: DocId,
    /// Code in the checklist.
    pub code: String,
    /// Where.
    pub place: DocId,
    /// Home partition of the visit.
    pub pid: Pid,
    /// `S1` to `S4`.
    pub severity: String,
    /// Category in the taxonomy.
    pub category: String,
    /// Lead department.
    pub lead: String,
    /// When it was raised (device time).
    pub raised_at: UtcMillis,
    /// Checklist that raised it.
    pub list: String,
    /// What happens with it.
    pub route: String,
    /// What it is.
    pub title: Text,
    /// When its time limit ends; `None` for advice.
    pub due_at: Option<UtcMillis>,
}

/// A task on lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Identity.
    pub doc: DocId,
    /// Home partition.
    pub pid: Pid,
    /// Where.
    pub place: DocId,
    /// Open, done or dropped.
    pub status: String,
    /// When it is due.
    pub due_at: Option<UtcMillis>,
    /// The document's changes this was made from.
    pub generation: u64,
}

/// A field with more than one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictRow {
    /// The document.
    pub doc: DocId,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// Home partition.
    pub pid: Pid,
    /// Kind of record.
    pub kind: String,
    /// The changes that wrote the values, as hex, joined by commas.
    pub rivals: String,
    /// The newest of the values' times (device time).
    pub newest_at: UtcMillis,
}

/// Everything shown of one document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DocumentRows {
    /// If it is a place.
    pub place: Option<PlaceRow>,
    /// If it is a visit.
    pub visit: Option<VisitRow>,
    /// If it is a task.
    pub task: Option<TaskRow>,
    /// A visit's findings, by code.
    pub findings: Vec<FindingRow>,
    /// A visit's photos, by hash.
    pub photos: Vec<PhotoRow>,
    /// Fields in conflict, by part and name.
    pub conflicts: Vec<ConflictRow>,
}

/// Projections.
pub trait Projections {
    /// Replaces everything shown of a document.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn rows_put(&self, doc: &DocId, rows: &DocumentRows) -> Result<(), StoreError>;

    /// Everything shown of a document.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn rows(&self, doc: &DocId) -> Result<DocumentRows, StoreError>;

    /// Drops every row.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn rows_clear(&self) -> Result<(), StoreError>;

    /// Conflicts, newest first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflicts(&self, limit: usize) -> Result<Vec<ConflictRow>, StoreError>;

    /// How many conflicts are open.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflict_count(&self) -> Result<u64, StoreError>;

    /// A place by address and home, for imports.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn place_at(&self, pid: &Pid, address: &str) -> Result<Option<DocId>, StoreError>;
}
