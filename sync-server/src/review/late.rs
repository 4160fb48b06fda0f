//! An edit of a record that is gone: deleted, or merged into another one. Whoever accepts it wants it to count.
//!
//! A deleted record comes back with the edit. What was written on a merged one goes on to the record that stays.

use ironfeet_core::document::{self, Edit, PlaceEdit, Record, Touch, Verdict};
use ironfeet_core::model::{DocId, Remark, Role, Scalar, UtcMillis};

use super::ReviewError;
use crate::app::App;
use crate::lifecycle::{self, LifeError};
use crate::store::{DocState, Session, TicketRow};
use crate::{projection, shelf};

/// Makes room for an accepted edit, or carries it to where it belongs. Does nothing when the record is there.
///
/// # Errors
/// [`ReviewError`]; nothing was written then.
pub(super) fn receive(
    s: &dyn Session,
    app: &App,
    ticket: &TicketRow,
    now: UtcMillis,
) -> Result<(), ReviewError> {
    let gone = s.doc(&ticket.doc)?.is_some_and(|row| row.state == DocState::Deleted);
    if !gone {
        return Ok(());
    }
    if s.merged_away(&ticket.doc)?.is_some() {
        let kept = s.merged_all(&ticket.doc)?;
        return carry(s, app, ticket, kept.first().unwrap_or(&ticket.doc), now);
    }
    match lifecycle::bring_back(s, app, &ticket.doc) {
        Ok(()) => Ok(()),
        Err(LifeError::Store(error)) => Err(error.into()),
        Err(other) => Err(ReviewError::Refused(other.code().to_owned())),
    }
}

/// States on the place that stays what the edit states on the one that is gone.
fn carry(
    s: &dyn Session,
    app: &App,
    ticket: &TicketRow,
    kept: &DocId,
    now: UtcMillis,
) -> Result<(), ReviewError> {
    let parts = document::parse_change(&ticket.raw)
        .map_err(|error| ReviewError::Refused(error.code().to_owned()))?;
    let (at, gone) = (parts.at.min(now), s.doc(&ticket.doc)?.ok_or(ReviewError::Settled)?);
    let held = app.shelf.look(s, gone)?;
    let tried = document::admit(
        Some(&held.document),
        ticket.doc,
        &[parts],
        &held.ledger,
        Some(&ticket.author),
    );
    let Some(Verdict::Accepted(touched)) = tried.verdicts.first() else {
        return Err(ReviewError::Leans);
    };
    let mut set: Vec<(String, Scalar)> = Vec::new();
    let mut remarks: Vec<String> = Vec::new();
    for patch in &touched.patches {
        match (&*patch.container, &patch.touch) {
            ("facts", Touch::Put(value)) => set.push((patch.key.clone(), value.clone())),
            ("remarks", Touch::Append(entry)) => remarks.extend(projection::remark(entry)),
            _ => {}
        }
    }
    let by_role = author_post(s, ticket)?;
    let mut edits: Vec<Edit> = remarks
        .into_iter()
        .map(|text| Edit::Place(PlaceEdit::Remark(Remark { at, by_role, text })))
        .collect();
    if !set.is_empty() {
        edits.push(Edit::Place(PlaceEdit::Facts { set, by_role, observed_at: at }));
    }
    for edit in edits {
        let row = s.doc(kept)?.filter(|row| row.state == DocState::Live);
        let row = row.ok_or(ReviewError::Settled)?;
        let mut document = shelf::load(s, &row)?;
        if matches!(document.read().record, Record::Place(_)) {
            lifecycle::own_edit(s, app, &mut document, &row, &edit, now)?;
        }
    }
    Ok(())
}

fn author_post(s: &dyn Session, ticket: &TicketRow) -> Result<Role, ReviewError> {
    let device = s.device(&ticket.device)?;
    let person = device.map(|device| s.person(&device.person)).transpose()?.flatten();
    Ok(person.map_or(Role::Server, |person| person.post))
}
