//! The phone core as Kotlin and Swift see it: one line per method, no logic.
//!
//! Knows uniffi and `core::phone` (with the words of `core::model`), nothing else: no document, no SQL, no
//! socket. What an app must do is in the names: [`PhoneError`] for what went wrong, [`PhoneCore`] for all
//! it can do, [`KeyVault`], [`Signer`], [`Listener`] and [`Transport`] for what it gives.
//!
//! Why mirrored records and neither `uniffi::remote` nor a uniffi feature of core. The core speaks in ids,
//! points in time, ordered maps and texts in two languages; an app wants text, milliseconds, lists and one
//! language. `remote` restates the same fields and would hand the core's shapes through, with a converter
//! for every id type; a feature would teach the pure floors about their visitors. So each record here has one
//! `From` that **takes the core's record apart field by field without `..`**: a field that is added,
//! renamed or dropped in the core does not compile here until somebody decided what the app sees of it.
//!
//! Threads: every method may be called from any thread. Methods that are not `async` read or write the
//! phone's disk (well under a millisecond as a rule): the wrappers in `mobile-bindings` keep them off the
//! main thread. A panic in the core becomes [`PhoneError::Internal`]; its text never leaves the phone.

mod conflict;
mod error;
mod finding;
mod foreign;
mod guard;
mod home;
mod phone;
mod photo;
mod place;
mod question;
mod remark;
mod status;
mod sync;
mod task;
mod verify;
mod visit;
mod words;

pub use conflict::{Conflict, ConflictValue};
pub use error::PhoneError;
pub use finding::{Deadline, Finding, FindingRow};
pub use foreign::{
    ForeignError, KeyVault, Listener, Signer, SignerFailure, Transport, TransportFailure,
    WebHeader, WebRequest, WebResponse,
};
pub use home::{Home, Post, people};
pub use phone::PhoneCore;
pub use photo::{
    PhotoBudget, PhotoProgress, PhotoReason, PhotoRef, PhotoReport, PhotoRow, PhotoState,
};
pub use place::{
    Fact, FactField, FactInput, FactType, NewPlace, PlaceRow, PlaceView, TodayRow, Why, fact_fields,
};
pub use question::{AnswerKind, Carried, Choice, Question};
pub use remark::Remark;
pub use status::{Cursor, Notice, Recovered, Rescued, Status};
pub use sync::{Progress, Stop, SyncReport};
pub use task::{CheckOutcome, CheckResult, NewTask, TaskRow, TaskStatus, TaskView};
pub use verify::{Problem, VerifyReport};
pub use visit::{Answer, CarriedAnswer, ChecklistRow, Suggestion, VisitRow, VisitView};
pub use words::{
    ClockKind, Lang, PersonalHint, PersonalMark, PlaceKind, Role, Route, Severity, screen_text,
};

uniffi::setup_scaffolding!("ironfeet_ffi");
