//! What the console's pages ask: pages of lists by key, counts, decisions. Rows in, rows out.
//!
//! Every list is read from a key on, never by number of page, so the last page costs what the
//! first one does. A scope is a list of prefixes of grid codes; an empty prefix is everything.

use ironfeet_core::model::{ChangeHash, DeviceId, DocId, Pid, UtcMillis};

use super::{AuditRow, ConflictRow, FindingRow, PlaceRow, StoreError, VisitRow};

/// What somebody decided about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Number; 0 until it is kept.
    pub id: u64,
    /// The record.
    pub doc: DocId,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// `take`, `own` or `both`.
    pub act: String,
    /// The change whose value was chosen.
    pub chose: Option<ChangeHash>,
    /// The change this decision made.
    pub change: ChangeHash,
    /// Account name.
    pub actor: String,
    /// Post.
    pub post: String,
    /// When.
    pub at: UtcMillis,
    /// Who took it back, and when.
    pub undone: Option<(String, UtcMillis)>,
}

/// Which conflicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConflictFilter {
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// Kind of record.
    pub kind: Option<String>,
    /// Field.
    pub field: Option<String>,
}

/// A conflict in the queue: where it is, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The field.
    pub row: ConflictRow,
    /// Address of the place, where it is known.
    pub address: String,
}

/// The key of a conflict in the queue.
pub type ConflictKey = (UtcMillis, DocId, String, String);

/// Which tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// The phone.
    pub device: Option<DeviceId>,
    /// Why they wait.
    pub reason: Option<String>,
}

/// Waiting changes of one phone for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The phone.
    pub device: DeviceId,
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// When the oldest came.
    pub oldest: UtcMillis,
}

/// Two places that may be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Twin {
    /// One.
    pub a: PlaceRow,
    /// The other.
    pub b: PlaceRow,
}

/// Which places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceFilter {
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// Prefix of a grid, chosen by the reader within the scope.
    pub grid: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Worst open finding at least this grave: 1 to 4.
    pub worst: Option<u8>,
    /// Last visited before, or never.
    pub before: Option<UtcMillis>,
    /// The address begins with this.
    pub address: Option<String>,
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceLine {
    /// The place.
    pub place: PlaceRow,
    /// When it was last visited.
    pub last_visit: Option<UtcMillis>,
    /// Open findings.
    pub open: u64,
    /// Gravest open finding, 1 to 4; 9: none.
    pub worst: u8,
}

/// Which visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitFilter {
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// Prefix of a grid.
    pub grid: Option<String>,
    /// Checklist.
    pub list: Option<String>,
    /// Draft or finished.
    pub status: Option<String>,
    /// Only those with findings.
    pub found: bool,
    /// Of one place.
    pub place: Option<DocId>,
}

/// Which findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// Prefix of a grid.
    pub grid: Option<String>,
    /// `S1` to `S4`.
    pub severity: Option<String>,
    /// Prefix of a category.
    pub category: Option<String>,
    /// Lead department.
    pub lead: Option<String>,
    /// Only open ones.
    pub open: bool,
    /// Only those due before.
    pub due_before: Option<UtcMillis>,
    /// Of one place.
    pub place: Option<DocId>,
}

/// A finding in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingLine {
    /// The finding.
    pub finding: FindingRow,
    /// Whether nobody found it gone yet.
    pub open: bool,
    /// Address of its place.
    pub address: String,
}

/// How a grid stands.
#[derive(Clone, Debug, PartialEq)]
pub struct GridLine {
    /// The partition.
    pub pid: Pid,
    /// Places.
    pub places: u64,
    /// Places visited since the time asked.
    pub fresh: u64,
    /// Places never visited.
    pub never: u64,
    /// Places whose gravest open finding is S1, S2, S3, S4.
    pub worst: [u64; 4],
    /// South, west, north, east of its places in degrees.
    pub extent: Option<[f64; 4]>,
}

/// Numbers of the first page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fields in conflict.
    pub conflicts: u64,
    /// Changes that wait.
    pub tickets: u64,
    /// Places that may be one.
    pub twins: u64,
    /// Open findings, S1 to S4.
    pub open: [u64; 4],
    /// Open findings past their time limit.
    pub overdue: u64,
    /// Visits begun since the time asked.
    pub visits: u64,
    /// Trusted phones.
    pub phones: u64,
    /// Trusted phones not heard since the time asked.
    pub silent: u64,
}

/// Which audit rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who.
    pub actor: Option<String>,
    /// Beginning of what was done.
    pub action: Option<String>,
    /// Part of to what.
    pub object: Option<String>,
}

/// A published file of checklists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecklistRow {
    /// Number; 0 until it is kept.
    pub n: u64,
    /// Version as the file says.
    pub version: String,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// The file.
    pub yaml: String,
    /// Who published it.
    pub actor: String,
    /// When.
    pub at: UtcMillis,
}

/// The console's questions.
pub trait Desk {
    /// Keeps a decision and gives its number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_put(&self, row: &DecisionRow) -> Result<u64, StoreError>;

    /// A decision.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision(&self, id: u64) -> Result<Option<DecisionRow>, StoreError>;

    /// The newest decision about a field.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_last(
        &self,
        doc: &DocId,
        container: &str,
        field: &str,
    ) -> Result<Option<DecisionRow>, StoreError>;

    /// The decision that made a change.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_of(
        &self,
        doc: &DocId,
        change: &ChangeHash,
    ) -> Result<Option<DecisionRow>, StoreError>;

    /// Newest decisions first; at most `limit`, from before number `before` on.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decisions(&self, before: Option<u64>, limit: usize) -> Result<Vec<DecisionRow>, StoreError>;

    /// Notes that a decision was taken back; `false` when it was before.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_undone(&self, id: u64, by: &str, at: UtcMillis) -> Result<bool, StoreError>;

    /// Conflicts after a key, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflicts_page(
        &self,
        filter: &ConflictFilter,
        after: Option<&ConflictKey>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError>;

    /// How many conflicts of each kind and field, most first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflicts_by_field(
        &self,
        scope: &[String],
    ) -> Result<Vec<(String, String, u64)>, StoreError>;

    /// Numbers of open tickets after a number, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_page(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError>;

    /// Open tickets by phone and reason, most first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_by_device(&self, scope: &[String]) -> Result<Vec<Waiting>, StoreError>;

    /// Pairs of places nobody decided about, after a pair.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twins_page(
        &self,
        scope: &[String],
        after: Option<(DocId, DocId)>,
        limit: usize,
    ) -> Result<Vec<Twin>, StoreError>;

    /// Notes what a person said of a pair; `false` when somebody had.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_decide(
        &self,
        a: &DocId,
        b: &DocId,
        kept: Option<&DocId>,
        by: &str,
        at: UtcMillis,
    ) -> Result<bool, StoreError>;

    /// Places that were merged into one.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn merged_into(&self, kept: &DocId) -> Result<Vec<DocId>, StoreError>;

    /// Places after (partition, address, identity), in that order.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn places_page(
        &self,
        filter: &PlaceFilter,
        after: Option<&(String, String, DocId)>,
        limit: usize,
    ) -> Result<Vec<PlaceLine>, StoreError>;

    /// A place with what follows from its visits.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn place_line(&self, place: &DocId) -> Result<Option<PlaceLine>, StoreError>;

    /// Visits after (begin, identity), newest first, with the address of their place.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn visits_page(
        &self,
        filter: &VisitFilter,
        after: Option<(UtcMillis, DocId)>,
        limit: usize,
    ) -> Result<Vec<(VisitRow, String)>, StoreError>;

    /// Findings after (raised, visit, code), newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn findings_page(
        &self,
        filter: &FindingFilter,
        after: Option<&(UtcMillis, DocId, String)>,
        limit: usize,
    ) -> Result<Vec<FindingLine>, StoreError>;

    /// Every grid of a scope with its places' state; `since`: what counts as fresh.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn grids(&self, scope: &[String], since: UtcMillis) -> Result<Vec<GridLine>, StoreError>;

    /// Numbers of the first page. `day`: since when visits count; `heard`: before it a phone is
    /// silent; `now`: what is overdue.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn counts(
        &self,
        scope: &[String],
        now: UtcMillis,
        day: UtcMillis,
        heard: UtcMillis,
    ) -> Result<Counts, StoreError>;

    /// What waits for a decision: conflicts, tickets and pairs of places together.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn waiting(&self, scope: &[String]) -> Result<u64, StoreError>;

    /// Audit rows before a number, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError>;

    /// Places changed after (time, identity), oldest change first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn places_changed(
        &self,
        filter: &PlaceFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(PlaceLine, UtcMillis)>, StoreError>;

    /// Visits changed after (time, identity), oldest change first, with the address of their place.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn visits_changed(
        &self,
        filter: &VisitFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(VisitRow, String, UtcMillis)>, StoreError>;

    /// The findings of a visit.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn findings_of(&self, visit: &DocId) -> Result<Vec<FindingLine>, StoreError>;

    /// Open tickets of each phone.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_count(&self, device: &DeviceId) -> Result<u64, StoreError>;

    /// Keeps a published file of checklists and gives its number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn checklist_put(&self, row: &ChecklistRow) -> Result<u64, StoreError>;

    /// Published files, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn checklists(&self) -> Result<Vec<ChecklistRow>, StoreError>;
}
