//! Findings, conflicts, notices, tasks. One line per method; knows nothing but `core::phone` and the mirrors.

use ironfeet_core::model::UtcMillis;

use super::{PhoneCore, id, rows};
use crate::conflict::{self, Conflict};
use crate::error::PhoneError;
use crate::finding::FindingRow;
use crate::status::Notice;
use crate::task::{CheckOutcome, NewTask, TaskRow, TaskStatus, TaskView};

#[uniffi::export]
impl PhoneCore {
    /// Findings of finished visits, open ones by severity and deadline first.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn findings(&self, open_only: bool) -> Result<Vec<FindingRow>, PhoneError> {
        let told = |row| FindingRow::told(row, self.language());
        self.ask(|phone| phone.findings(open_only)).map(|f| f.into_iter().map(told).collect())
    }

    /// Fields with more than one value, over all records.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, PhoneError> {
        let language = self.language();
        self.ask(|phone| conflict::told(phone.conflicts()?, phone, language))
    }

    /// Chooses one of the values of a field in conflict, named by the change that wrote it.
    ///
    /// # Errors
    /// `Refused` with code `no_conflict` or `not_your_right`.
    pub fn settle(
        &self,
        doc: &str,
        container: &str,
        field: &str,
        change: &str,
    ) -> Result<(), PhoneError> {
        let (doc, change) = (id(doc)?, id(change)?);
        self.act(|phone| phone.settle(doc, container, field, change)).map(drop)
    }

    /// Notices to this person, newest first; only those not put away when `open_only`.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn notices(&self, open_only: bool) -> Result<Vec<Notice>, PhoneError> {
        let told = |row| Notice::told(row, self.language());
        self.ask(|phone| phone.notices(open_only)).map(|n| n.into_iter().map(told).collect())
    }

    /// Puts a notice away.
    ///
    /// # Errors
    /// `NotFound` when there is none of this number that is open.
    pub fn notice_resolve(&self, id: i64) -> Result<(), PhoneError> {
        self.act(|phone| phone.notice_resolve(id))
    }

    /// Tasks, open ones by due time first.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn tasks(&self, open_only: bool) -> Result<Vec<TaskRow>, PhoneError> {
        self.ask(|phone| phone.tasks(open_only)).map(rows)
    }

    /// A task with its checks and remarks.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn task(&self, id: &str) -> Result<TaskView, PhoneError> {
        let task = self::id(id)?;
        let language = self.language();
        self.ask(|phone| TaskView::told(phone.task_show(task)?, phone, language))
    }

    /// Adds a task at a place; gives its id.
    ///
    /// # Errors
    /// `NotFound`, `PersonalText`.
    pub fn task_add(&self, task: NewTask) -> Result<String, PhoneError> {
        let NewTask { place, title, finding, due } = task;
        let place = id(&place)?;
        self.act(|phone| phone.task_add(place, &title, finding, due.map(UtcMillis)))
            .map(|task| task.to_string())
    }

    /// Records a check on site. A pass closes the task; every check is kept.
    ///
    /// # Errors
    /// `NotFound`, `PersonalText`, `Refused`.
    pub fn task_check(
        &self,
        task: &str,
        outcome: CheckOutcome,
        note: &str,
    ) -> Result<(), PhoneError> {
        let task = id(task)?;
        self.act(|phone| phone.task_check(task, outcome.into(), note)).map(drop)
    }

    /// Moves a task on without a check.
    ///
    /// # Errors
    /// `NotFound`, `Refused`.
    pub fn task_status(&self, task: &str, status: TaskStatus) -> Result<(), PhoneError> {
        let task = id(task)?;
        self.act(|phone| phone.task_status(task, status.into())).map(drop)
    }
}
