//! The questions: which are asked now, what an answer means, what it finds.
//!
//! Driven by data (`core/content/checklists.yaml`, or a city's own file). Pure:
//! must not know documents, disks, clocks or who asks; answers come in as
//! scalars and go out as values to put and items to remove.

mod condition;
mod content;
mod finding;
mod load;
mod parse;
mod session;
mod validate;

pub use condition::{Condition, Op, Test};
pub use content::{
    Category, Checklist, Choice, Content, Creates, Department, Derived, FindingRule, Item,
    ItemType, Major, RequestForm, Section,
};
pub use finding::advice_slip;
pub use load::{ContentError, ContentErrors};
pub use session::{
    AnswerEffect, AnswerError, Question, QuestionChoice, Session, Suggestion, VisitContext,
};

#[cfg(test)]
mod tests;
