//! One decision about a field in conflict: one change, one audit row, and a way back.
//!
//! A finished visit is never rewritten: there one of its values is chosen, or both are kept as a
//! note. Taking back sets the values that were not chosen beside the chosen one again, as if their
//! writers had not known of the decision; so nothing is lost and phones see the conflict again.

use ironfeet_core::checklist::parse_answer;
use ironfeet_core::document::{Conflict, Edit, PlaceEdit, Record, Settle, VisitEdit};
use ironfeet_core::model::{
    ChangeHash, DocId, FactField, Remark, Role, Scalar, UtcMillis, VisitStatus, screen_text,
};

use super::ReviewError;
use crate::app::App;
use crate::store::desk::DecisionRow;
use crate::store::{DocRow, Session};
use crate::{audit, lifecycle, projection, shelf};

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The value that this change wrote.
    Take(ChangeHash),
    /// Another value, as a person types it.
    Own(String),
    /// The value that this change wrote; all of them are kept as this remark.
    Both(ChangeHash, String),
}

/// A decision about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The record.
    pub doc: DocId,
    /// The part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// The changes whose values the person saw, as the queue names them.
    pub rivals: String,
    /// What is decided.
    pub act: Act,
}

/// Who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Account name.
    pub actor: String,
    /// Post.
    pub post: Role,
}

/// Whether another value than those there may be written.
#[must_use]
pub fn takes_own(record: &Record, container: &str, field: &str) -> bool {
    match record {
        Record::Place(_) => container == "facts" && FactField::find(field).is_some(),
        Record::Visit(visit) => container == "answers" && visit.status == VisitStatus::Draft,
        _ => false,
    }
}

/// Decides; gives the number of the decision.
///
/// # Errors
/// [`ReviewError`]; nothing was written then.
pub fn decide(s: &dyn Session, app: &App, choice: &Choice, by: &By) -> Result<u64, ReviewError> {
    let now = app.clock.now();
    let row = s.doc(&choice.doc)?.ok_or(ReviewError::Settled)?;
    let mut document = shelf::load(s, &row)?;
    let reading = document.read();
    let conflict = find(&reading.conflicts, &choice.container, &choice.field)?;
    if projection::rivals(conflict) != choice.rivals {
        return Err(ReviewError::Newer);
    }
    let settle = |choose: ChangeHash| Settle {
        container: choice.container.clone(),
        field: choice.field.clone(),
        choose,
    };
    let (name, chose, edit) = match &choice.act {
        Act::Take(change) => ("take", Some(*change), Edit::Settle(settle(*change))),
        Act::Own(text) => {
            let edit = own(app, &reading.record, choice, text, by.post, now)?;
            ("own", None, edit)
        }
        Act::Both(change, text) => {
            if !screen_text(text).is_empty() {
                return Err(ReviewError::Personal);
            }
            let remark = Remark { at: now, by_role: by.post, text: text.clone() };
            ("both", Some(*change), Edit::SettleWith(settle(*change), remark))
        }
    };
    let change = lifecycle::own_edit(s, app, &mut document, &row, &edit, now)?;
    let change = change.ok_or(ReviewError::Settled)?;
    let id = s.decision_put(&DecisionRow {
        id: 0,
        doc: choice.doc,
        container: choice.container.clone(),
        field: choice.field.clone(),
        act: name.to_owned(),
        chose,
        change,
        actor: by.actor.clone(),
        post: by.post.as_str().to_owned(),
        at: now,
        undone: None,
    })?;
    let action =
        if name == "take" { "conflict.settle".to_owned() } else { format!("conflict.{name}") };
    let object = format!("{} {}.{} {change}", choice.doc, choice.container, choice.field);
    audit::note(s, now, &by.actor, &action, &object)?;
    Ok(id)
}

fn find<'c>(
    conflicts: &'c [Conflict],
    container: &str,
    field: &str,
) -> Result<&'c Conflict, ReviewError> {
    let same = |c: &&Conflict| c.container == container && c.field == field;
    conflicts.iter().find(same).ok_or(ReviewError::Settled)
}

/// The edit that writes a person's own value.
fn own(
    app: &App,
    record: &Record,
    choice: &Choice,
    text: &str,
    post: Role,
    now: UtcMillis,
) -> Result<Edit, ReviewError> {
    if !takes_own(record, &choice.container, &choice.field) {
        return Err(ReviewError::Closed);
    }
    if !screen_text(text).is_empty() {
        return Err(ReviewError::Personal);
    }
    let name = choice.field.clone();
    match record {
        Record::Place(_) => {
            let field = FactField::find(&name).ok_or(ReviewError::Value)?;
            let value = field.parse(text).map_err(|_| ReviewError::Value)?;
            let set = vec![(name, value)];
            Ok(Edit::Place(PlaceEdit::Facts { set, by_role: post, observed_at: now }))
        }
        Record::Visit(visit) => {
            let content = app.checklists.get();
            let list = content.list(&visit.list).ok_or(ReviewError::Closed)?;
            let item = content.item(list, &name).ok_or(ReviewError::Closed)?;
            let value: Scalar = parse_answer(item, text).map_err(|_| ReviewError::Value)?;
            let put = vec![(name, value)];
            Ok(Edit::Visit(VisitEdit::Answers { put, remove: Vec::new() }))
        }
        _ => Err(ReviewError::Closed),
    }
}

/// Takes a decision back: the values that were not chosen stand beside the chosen one again.
///
/// # Errors
/// [`ReviewError::Settled`] when it was taken back before.
pub fn undo(s: &dyn Session, app: &App, id: u64, by: &By) -> Result<DecisionRow, ReviewError> {
    let now = app.clock.now();
    let decision = s.decision(id)?.filter(|d| d.act != "undo").ok_or(ReviewError::Settled)?;
    if !s.decision_undone(id, &by.actor, now)? {
        return Err(ReviewError::Settled);
    }
    let row = s.doc(&decision.doc)?.ok_or(ReviewError::Settled)?;
    let past = shelf::load(s, &row)?.before(&decision.change).ok_or(ReviewError::Settled)?;
    let conflicts = past.read().conflicts;
    let conflict = find(&conflicts, &decision.container, &decision.field)?;
    for value in conflict.values.iter().filter(|v| Some(v.change) != decision.chose) {
        let settle = Settle {
            container: decision.container.clone(),
            field: decision.field.clone(),
            choose: value.change,
        };
        let (mut beside, author) = (past.clone(), app.identity.authorship(&*app.entropy));
        let made = beside.edit(&Edit::Settle(settle), &author, now);
        let made = made.ok().flatten().ok_or(ReviewError::Settled)?;
        let row: DocRow = s.doc(&decision.doc)?.ok_or(ReviewError::Settled)?;
        let change = lifecycle::commit_own(s, app, &row, made, &author)?;
        s.decision_put(&DecisionRow {
            id: 0,
            act: "undo".to_owned(),
            chose: Some(value.change),
            change,
            actor: by.actor.clone(),
            post: by.post.as_str().to_owned(),
            at: now,
            undone: None,
            ..decision.clone()
        })?;
    }
    let object = format!("{} {}.{} {id}", decision.doc, decision.container, decision.field);
    audit::note(s, now, &by.actor, "conflict.undo", &object)?;
    Ok(decision)
}
