//! A task's document: what is to be done where, its status, checks and remarks.

use crate::model::{CheckResult, DocId, PlaceId, Remark, Task, TaskId, TaskStatus, UtcMillis};

use super::convert;
use super::error::EditError;
use super::fields::Fields;
use super::layout::{Container, Layout};
use super::rule::{self, Refusal};
use super::touch::{Touch, Touched};
use super::write::Writer;

const HEAD: &str = "head";
const CHECKS: &str = "checks";
const REMARKS: &str = "remarks";

pub(super) const LAYOUT: Layout = Layout {
    name: "task",
    v: 1,
    containers: &[Container::map(HEAD), Container::list(CHECKS), Container::list(REMARKS)],
    lifts: &[],
    closed_by: None,
    rule,
};

/// A new task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskBirth {
    /// Where.
    pub place: PlaceId,
    /// What is to be done, screened for personal data.
    pub title: String,
    /// The finding code it re-checks, if one.
    pub finding: Option<String>,
    /// When it is due.
    pub due_at: Option<UtcMillis>,
}

/// One edit of a task; one change.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEdit {
    /// Adds a check, and with it moves the task on where it says so.
    Check {
        /// What was seen on site.
        result: CheckResult,
        /// The status from now on; `None` leaves it.
        status: Option<TaskStatus>,
    },
    /// Moves the task on.
    Status(TaskStatus),
    /// Moves the due time.
    Due(UtcMillis),
    /// Adds a remark.
    Remark(Remark),
}

pub(super) fn birth(
    birth: &TaskBirth,
    _at: UtcMillis,
    w: &mut Writer<'_, '_>,
) -> Result<(), EditError> {
    convert::check_text("title", &birth.title)?;
    w.put(HEAD, "place", birth.place.to_string())?;
    w.put(HEAD, "title", birth.title.as_str())?;
    if let Some(finding) = &birth.finding {
        w.put(HEAD, "finding", finding.as_str())?;
    }
    if let Some(due_at) = birth.due_at {
        w.put(HEAD, "due_at", due_at.0)?;
    }
    w.put(HEAD, "status", TaskStatus::Open.as_str())
}

pub(super) fn edit(edit: &TaskEdit, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
    match edit {
        TaskEdit::Check { result, status } => {
            if !result.note.is_empty() {
                convert::check_text("note", &result.note)?;
            }
            if let Some(status) = status {
                w.put(HEAD, "status", status.as_str())?;
            }
            w.append(CHECKS, result)
        }
        TaskEdit::Status(status) => w.put(HEAD, "status", status.as_str()),
        TaskEdit::Due(due_at) => w.put(HEAD, "due_at", due_at.0),
        TaskEdit::Remark(remark) => {
            convert::check_text("remark", &remark.text)?;
            w.append(REMARKS, remark)
        }
    }
}

pub(super) fn read(id: DocId, v: i64, fields: &mut Fields) -> Option<Task> {
    let place = fields.parsed(HEAD, "place");
    let title = fields.text(HEAD, "title").unwrap_or_default();
    let finding = fields.get(HEAD, "finding").and_then(|f| f.as_str()).map(str::to_owned);
    let due_at = fields.int(HEAD, "due_at").map(UtcMillis);
    let status = fields.parsed(HEAD, "status").unwrap_or(TaskStatus::Open);
    Some(Task {
        id: TaskId(id),
        v,
        place: place?,
        title,
        finding,
        due_at,
        status,
        checks: fields.entries(CHECKS),
        remarks: fields.entries(REMARKS),
    })
}

/// What is to be done where stays; the status is one of the known ones.
fn rule(touched: &Touched) -> Result<(), Refusal> {
    rule::at_birth_only(touched, HEAD, &["place", "title", "finding"])?;
    let status = touched.patch(HEAD, "status").map(|patch| &patch.touch);
    match status {
        None => Ok(()),
        Some(Touch::Put(value))
            if value.as_str().is_some_and(|text| text.parse::<TaskStatus>().is_ok()) =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::Value),
    }
}
