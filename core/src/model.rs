//! The words of the domain: ids, time, places, visits, findings, tasks, people's posts.
//!
//! Pure data. Must not know bytes on the wire, Automerge, SQL or the time of day.
//! The subject of every record is a place, a thing or an event, never a person.

mod deny;
mod grid;
mod id;
mod place;
mod post;
mod scalar;
mod screen;
mod task;
mod time;
mod visit;

pub use deny::is_personal_name;
pub use grid::{AreaCode, CodeError, GridCode, MicroCode, Pid};
pub use id::{
    Author, ChangeHash, DeviceId, DocId, HashText, IdError, InstallId, PersonId, PlaceId, TaskId,
    VisitId,
};
pub use place::{FACT_FIELDS, Fact, FactField, FactType, Place, PlaceKind};
pub use post::{DepartmentCode, Role};
pub use scalar::Scalar;
pub use screen::{PersonalHint, PersonalMark, numbers_of_a_person, screen_text};
pub use task::{CheckOutcome, CheckResult, Task, TaskStatus};
pub use time::{Lang, Text, UtcMillis};
pub use visit::{
    Answer, Carried, ClockKind, Deadline, Finding, PhotoRef, Remark, Route, Severity, Visit,
    VisitStatus,
};
