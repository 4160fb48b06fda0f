//! Tasks as screens show them.

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::conflict::{self, Conflict};
use crate::remark::Remark;
use crate::words::{Lang, Role, mirror_enum};

mirror_enum!(
    /// Where a task stands.
    TaskStatus of model::TaskStatus {
        /// To be done.
        Open,
        /// Done.
        Done,
        /// Not needed any more.
        Dropped,
    }
);

mirror_enum!(
    /// What a check on site showed.
    CheckOutcome of model::CheckOutcome {
        /// Removed: this closes the task.
        Pass,
        /// Still there.
        Fail,
        /// Locked, refused, not found.
        CannotCheck,
    }
);

/// A task to add.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewTask {
    /// Where.
    pub place: String,
    /// What is to be done; nothing about people.
    pub title: String,
    /// Code of the finding it re-checks, if one.
    pub finding: Option<String>,
    /// When it is due, ms since 1970.
    pub due: Option<i64>,
}

/// A task as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TaskRow {
    /// Its id.
    pub id: String,
    /// Where.
    pub place: String,
    /// What is to be done.
    pub title: String,
    /// Code of the finding it re-checks, if one.
    pub finding: Option<String>,
    /// Where it stands; absent when a newer app wrote a status this one does not know.
    pub status: Option<TaskStatus>,
    /// When it is due, ms since 1970.
    pub due: Option<i64>,
}

impl From<phone::TaskRow> for TaskRow {
    fn from(row: phone::TaskRow) -> Self {
        let phone::TaskRow { id, place, title, finding, status, due } = row;
        Self {
            id: id.to_string(),
            place: place.to_string(),
            title,
            finding,
            status: status.parse::<model::TaskStatus>().ok().map(Into::into),
            due: due.map(|at| at.0),
        }
    }
}

/// One check on site; every check is kept.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CheckResult {
    /// When, ms since 1970.
    pub at: i64,
    /// The post of who checked.
    pub by_role: Role,
    /// What was seen.
    pub outcome: CheckOutcome,
    /// A note; may be empty.
    pub note: String,
}

impl From<model::CheckResult> for CheckResult {
    fn from(result: model::CheckResult) -> Self {
        let model::CheckResult { at, by_role, outcome, note } = result;
        Self { at: at.0, by_role: by_role.into(), outcome: outcome.into(), note }
    }
}

/// A task with its checks and remarks.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// Where.
    pub place: String,
    /// What is to be done.
    pub title: String,
    /// Code of the finding it re-checks, if one.
    pub finding: Option<String>,
    /// When it is due, ms since 1970.
    pub due: Option<i64>,
    /// Where it stands.
    pub status: TaskStatus,
    /// Checks, oldest first.
    pub checks: Vec<CheckResult>,
    /// Remarks, oldest first.
    pub remarks: Vec<Remark>,
    /// Fields with more than one value.
    pub conflicts: Vec<Conflict>,
}

impl TaskView {
    /// In a language.
    pub(crate) fn told(
        view: phone::TaskView,
        core: &phone::Phone,
        lang: Lang,
    ) -> Result<Self, phone::PhoneError> {
        let phone::TaskView { task, conflicts } = view;
        let model::Task { id, v: _, place, title, finding, due_at, status, checks, remarks } = task;
        Ok(Self {
            id: id.to_string(),
            place: place.to_string(),
            title,
            finding,
            due: due_at.map(|at| at.0),
            status: status.into(),
            checks: checks.into_iter().map(Into::into).collect(),
            remarks: remarks.into_iter().map(Into::into).collect(),
            conflicts: conflict::told(conflicts, core, lang)?,
        })
    }
}
