//! Two places that may be one: a person says whether. Nothing is merged by itself.

use ironfeet_core::document::{Edit, PlaceEdit};
use ironfeet_core::model::{DocId, Remark};

use super::ReviewError;
use super::decide::By;
use crate::app::App;
use crate::lifecycle::{self, LifeError};
use crate::store::{DocState, Session};
use crate::{audit, shelf};

/// Says that two places are not one; the pair is not suggested again.
///
/// # Errors
/// [`ReviewError::Settled`] when somebody decided about the pair.
pub fn different(
    s: &dyn Session,
    app: &App,
    a: &DocId,
    b: &DocId,
    by: &By,
) -> Result<(), ReviewError> {
    let now = app.clock.now();
    if !s.twin_decide(a, b, None, &by.actor, now)? {
        return Err(ReviewError::Settled);
    }
    audit::note(s, now, &by.actor, "twin.different", &format!("{a} {b}"))?;
    Ok(())
}

/// Keeps one of two places. The other leaves the phones with its visits and tasks; the server keeps
/// them, and the kept place gets a remark and their history.
///
/// # Errors
/// [`ReviewError::Settled`] when somebody decided about the pair, or one is gone.
pub fn same(
    s: &dyn Session,
    app: &App,
    a: &DocId,
    b: &DocId,
    keep: &DocId,
    by: &By,
) -> Result<(), ReviewError> {
    let now = app.clock.now();
    if keep != a && keep != b || !s.twin_decide(a, b, Some(keep), &by.actor, now)? {
        return Err(ReviewError::Settled);
    }
    let gone = if keep == a { b } else { a };
    let row = s.doc(keep)?.filter(|row| row.state == DocState::Live).ok_or(ReviewError::Settled)?;
    let mut document = shelf::load(s, &row)?;
    let text = format!("与另一条重复记录合并 merged with a duplicate: {gone}");
    let edit = Edit::Place(PlaceEdit::Remark(Remark { at: now, by_role: by.post, text }));
    lifecycle::own_edit(s, app, &mut document, &row, &edit, now)?;
    for about in s.docs_about(gone)? {
        leave(s, app, &about, DocState::Archived)?;
    }
    leave(s, app, gone, DocState::Deleted)?;
    audit::note(s, now, &by.actor, "twin.same", &format!("{keep} {gone}"))?;
    Ok(())
}

fn leave(s: &dyn Session, app: &App, doc: &DocId, state: DocState) -> Result<(), ReviewError> {
    match lifecycle::withdraw(s, app, doc, state) {
        Ok(()) | Err(LifeError::Unknown) => Ok(()),
        Err(LifeError::Store(error)) => Err(error.into()),
        Err(other) => Err(ReviewError::Refused(other.code().to_owned())),
    }
}
