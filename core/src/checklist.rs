//! Checklists as data: which questions are asked, what an answer finds, until when it must be fixed.
//!
//! Pure: knows the words of the model and nothing of storage, documents or the network. The lists come from a
//! file (`core/content/checklists.yaml` by default) that is checked when it is loaded;
//! a visit's answers go in as a map and come out as questions, findings and what is missing.

mod answer;
mod build;
mod calendar;
mod compile;
mod condition;
mod content;
mod deny;
mod diff;
mod error;
mod findings;
mod items;
mod load;
mod preview;
mod raw;
mod reach;
mod revisit;
mod rules;
mod session;
mod shape;
mod slip;
mod words;
mod yaml;

pub use answer::{AnswerError, fits, parse_answer};
pub use calendar::{CALENDAR_YAML, Calendar, CalendarError, Certainty};
pub use condition::{Answers, Condition, Facts, Op, Test};
pub use content::{Content, DEFAULT_YAML};
pub use deny::person_word;
pub use diff::{ChangeKind, ContentChange, FieldChange, Thing, diff};
pub use error::{ContentError, ContentErrors};
pub use findings::{ActionCard, Suggestion, action_card};
pub use preview::{condition_words, preview, route_words};
pub use session::{AnswerEffect, Question, QuestionChoice, Session, VisitContext, value_words};
pub use shape::{
    Category, Checklist, Choice, Creates, Derived, Evidence, FindingRule, Item, ItemType, Major,
    Notes, Pii, RefStatus, Reference, RequestForm, Section, SubjectType, Target, Words,
};
pub use slip::{advice_slip, dated_slip, deadline_words};
pub use words::{ClockWords, SeverityWords};

#[cfg(test)]
mod tests;
