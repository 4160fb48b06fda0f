//! The rows and filters of the console's questions. Plain values.

use ironfeet_core::model::{ChangeHash, DeviceId, DocId, Pid, UtcMillis};

use crate::store::{ConflictRow, FindingRow, PlaceRow};

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

/// Two records that may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// One.
    pub a: DocId,
    /// The other.
    pub b: DocId,
    /// Where they were when they were compared.
    pub pid: Pid,
    /// What they are: `place` or `visit`.
    pub kind: String,
}

/// What somebody said of two records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinDecision {
    /// One.
    pub a: DocId,
    /// The other.
    pub b: DocId,
    /// The one that stays; `None`: they are two.
    pub kept: Option<DocId>,
    /// Records that left the phones with the other one.
    pub took: Vec<DocId>,
    /// Account name.
    pub actor: String,
    /// When.
    pub at: UtcMillis,
}

/// A phone whose clock is not the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockRow {
    /// The phone.
    pub device: DeviceId,
    /// How far it is ahead; below zero: behind.
    pub ahead_ms: i64,
    /// When that was seen last.
    pub at: UtcMillis,
    /// The difference that somebody took note of.
    pub noted_ms: Option<i64>,
}

impl ClockRow {
    /// Off by more than this is told.
    pub const OFF_MS: i64 = 5 * 60_000;

    /// Whether nobody took note of it as it stands now.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.ahead_ms.abs() > Self::OFF_MS
            && self.noted_ms.is_none_or(|noted| (noted - self.ahead_ms).abs() > Self::OFF_MS)
    }
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
    /// Only those begun since.
    pub since: Option<UtcMillis>,
    /// Only those with findings.
    pub found: bool,
    /// Only those with photos that did not arrive yet.
    pub missing: bool,
    /// Of these places; empty: of any.
    pub places: Vec<DocId>,
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
    /// Only those that go this way: `case`, `advice`, `self_fixed`.
    pub route: Option<String>,
    /// Only those due before.
    pub due_before: Option<UtcMillis>,
    /// Of these places; empty: of any.
    pub places: Vec<DocId>,
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
    /// Places visited not too long ago.
    pub fresh: u64,
    /// Places never visited.
    pub never: u64,
    /// Places whose gravest open finding is S1, S2, S3, S4.
    pub worst: [u64; 4],
    /// South, west, north, east of its places in degrees.
    pub extent: Option<[f64; 4]>,
    /// Its outline as imported: `coordinates` of a GeoJSON `MultiPolygon`.
    pub border: Option<String>,
    /// What people call it, where the register of areas knows it.
    pub title: Option<String>,
}

/// Numbers of the first page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fields in conflict.
    pub conflicts: u64,
    /// Changes that wait.
    pub tickets: u64,
    /// Places or visits that may be one.
    pub twins: u64,
    /// Phones whose clock is off.
    pub clocks: u64,
    /// Open findings, S1 to S4.
    pub open: [u64; 4],
    /// Open findings past their time limit.
    pub overdue: u64,
    /// Open findings that shall become a case.
    pub cases: u64,
    /// Places, those visited not too long ago, those never visited.
    pub places: [u64; 3],
    /// Visits begun since the time asked.
    pub visits: u64,
    /// Photos that records show and no phone has brought yet.
    pub photos: u64,
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
    /// Only what was tried and refused.
    pub refused: bool,
}

/// How much the trail grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Rows.
    pub rows: u64,
    /// Rows of acts that were refused.
    pub refused: u64,
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
