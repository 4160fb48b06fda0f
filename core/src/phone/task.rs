//! Tasks: something to do at a place, such as re-checking a finding.

use serde::Serialize;

use crate::document::{Birth, Edit, Record, TaskBirth, TaskEdit};
use crate::model::{
    ChangeHash, CheckOutcome, CheckResult, DocId, PlaceId, Remark, Task, TaskId, TaskStatus,
    UtcMillis,
};
use crate::rules::Act;
use crate::store::views::TaskLine;
use crate::store::visit;

use super::place::{called, free_text};
use super::show::ConflictView;
use super::{Phone, PhoneError};

/// A task as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskRow {
    /// Identity.
    pub id: TaskId,
    /// Where.
    pub place: PlaceId,
    /// What is to be done.
    pub title: String,
    /// The finding it re-checks.
    pub finding: Option<String>,
    /// `open`, `done` or `dropped`.
    pub status: String,
    /// When it is due.
    pub due: Option<UtcMillis>,
}

impl TaskRow {
    pub(super) fn of((id, line): (DocId, TaskLine)) -> Self {
        Self {
            id: TaskId(id),
            place: PlaceId(line.place),
            title: line.title,
            finding: line.finding,
            status: line.status,
            due: line.due_at.map(UtcMillis),
        }
    }
}

/// A task with its checks and remarks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskView {
    /// The record.
    #[serde(flatten)]
    pub task: Task,
    /// Fields with more than one value.
    pub conflicts: Vec<ConflictView>,
}

impl Phone {
    /// Adds a task at a place.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::PersonalText`].
    pub fn task_add(
        &self,
        place: PlaceId,
        title: &str,
        finding: Option<String>,
        due_at: Option<UtcMillis>,
    ) -> Result<TaskId, PhoneError> {
        let title = free_text("title", title)?;
        self.with(|inner| {
            inner.allow(Act::Create, "task", "head")?;
            let (pid, ..) = inner.place(place)?;
            let birth = TaskBirth { place, title, finding, due_at };
            inner.birth(&Birth::Task(birth), &pid).map(TaskId)
        })
    }

    /// Records a check on site. A pass closes the task; every check is kept.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::PersonalText`], [`PhoneError::Refused`].
    pub fn task_check(
        &self,
        id: TaskId,
        outcome: CheckOutcome,
        note: &str,
    ) -> Result<ChangeHash, PhoneError> {
        let note = if note.trim().is_empty() { String::new() } else { free_text("note", note)? };
        self.with(|inner| {
            inner.allow(Act::Append, "task", "checks")?;
            let status = match outcome {
                CheckOutcome::Pass => Some(TaskStatus::Done),
                CheckOutcome::Fail | CheckOutcome::CannotCheck => None,
            };
            if status.is_some() {
                inner.allow(Act::Write, "task", "head")?;
            }
            let result = CheckResult { at: inner.now(), by_role: inner.owner.role, outcome, note };
            let check = inner.edit(id.0, |_, _| Ok(Edit::Task(TaskEdit::Check { result, status })));
            check.map_err(|e| called(e, "task"))
        })
    }

    /// Moves a task on without a check.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::Refused`].
    pub fn task_status(&self, id: TaskId, status: TaskStatus) -> Result<ChangeHash, PhoneError> {
        self.with(|inner| {
            inner.allow(Act::Write, "task", "head")?;
            let moved = inner.edit(id.0, |_, _| Ok(Edit::Task(TaskEdit::Status(status))));
            moved.map_err(|e| called(e, "task"))
        })
    }

    /// Adds a remark to a task.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::PersonalText`].
    pub fn task_remark(&self, id: TaskId, text: &str) -> Result<ChangeHash, PhoneError> {
        let text = free_text("remark", text)?;
        self.with(|inner| {
            inner.allow(Act::Append, "task", "remarks")?;
            let remark = Remark { at: inner.now(), by_role: inner.owner.role, text };
            let said = inner.edit(id.0, |_, _| Ok(Edit::Task(TaskEdit::Remark(remark))));
            said.map_err(|e| called(e, "task"))
        })
    }

    /// A task with its checks and remarks.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn task_show(&self, id: TaskId) -> Result<TaskView, PhoneError> {
        self.with(|inner| {
            let entry = inner.entry(id.0).map_err(|e| called(e, "task"))?;
            let Record::Task(task) = &entry.reading.record else {
                return Err(PhoneError::NotFound { what: "task" });
            };
            let conflicts = entry.reading.conflicts.iter().map(ConflictView::from).collect();
            Ok(TaskView { task: task.clone(), conflicts })
        })
    }

    /// Tasks, open ones by due time first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn tasks(&self, open_only: bool) -> Result<Vec<TaskRow>, PhoneError> {
        self.with(|inner| {
            let tasks = visit::tasks(inner.store()?.db(), None, open_only)?;
            Ok(tasks.into_iter().map(TaskRow::of).collect())
        })
    }
}
