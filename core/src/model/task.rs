//! A task: something to do at a place, such as re-checking a finding.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{IdError, PlaceId, Remark, Role, TaskId, UtcMillis};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// To be done.
    Open,
    /// Done.
    Done,
    /// Not needed any more.
    Dropped,
}

impl TaskStatus {
    /// The stable name used in JSON, SQL and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskStatus {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        [Self::Open, Self::Done, Self::Dropped]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or(IdError { what: "task status", expected: "open, done or dropped" })
    }
}

/// What a check on site showed (domain page 1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Removed.
    Pass,
    /// Still there.
    Fail,
    /// Locked, refused, not found.
    CannotCheck,
}

impl CheckOutcome {
    /// The stable name used in JSON and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::CannotCheck => "cannot_check",
        }
    }
}

/// One check, kept for ever; the newest accepted one counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// When (device time).
    pub at: UtcMillis,
    /// The post of who checked.
    pub by_role: Role,
    /// What was seen.
    pub outcome: CheckOutcome,
    /// A note, screened for personal data; may be empty.
    pub note: String,
}

/// A task as it is read from its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// Schema version it was written in.
    pub v: i64,
    /// Where.
    pub place: PlaceId,
    /// What is to be done.
    pub title: String,
    /// The finding code it re-checks, if one.
    pub finding: Option<String>,
    /// When it is due.
    pub due_at: Option<UtcMillis>,
    /// Open, done or dropped.
    pub status: TaskStatus,
    /// Checks, oldest first.
    pub checks: Vec<CheckResult>,
    /// Remarks, oldest first.
    pub remarks: Vec<Remark>,
}
