//! Two places or two visits that may be one: a person says whether, and may take it back. Nothing is merged by itself.
//!
//! What was merged away leaves the phones; the server keeps it whole, counts it to the one that stays, and can give it back.

use ironfeet_core::document::{Edit, PlaceEdit, Record};
use ironfeet_core::model::{DocId, Place, Remark, Scalar, UtcMillis};

use super::ReviewError;
use super::decide::By;
use crate::app::App;
use crate::lifecycle::{self, LifeError};
use crate::store::{DocRow, DocState, Session, StoreError};
use crate::{audit, shelf};

/// Facts that each record of a place has for itself.
const OWN: [&str; 4] = ["kind", "address", "lat", "lon"];
/// A remark is cut after so many characters.
const REMARK_CHARS: usize = 450;

/// Says that two records are not one; the pair is not suggested again.
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

/// Keeps one of two records. The other leaves the phones, a place with its visits and tasks; the server keeps them and
/// counts them to the one that stays. A kept place takes over facts that only the other one had.
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
    let live = |id: &DocId| {
        let row = s.doc(id)?.filter(|row| row.state == DocState::Live);
        row.ok_or(ReviewError::Settled)
    };
    let (row, other) = (live(keep)?, live(gone)?);
    if row.kind != other.kind {
        return Err(ReviewError::Settled);
    }
    let mut took = vec![*gone];
    if row.kind == "place" {
        take_over(s, app, &row, &other, by, now)?;
        for about in s.docs_about(gone)? {
            if leave(s, app, &about, DocState::Archived)? {
                took.push(about);
            }
        }
        leave(s, app, gone, DocState::Deleted)?;
    } else {
        leave(s, app, gone, DocState::Archived)?;
    }
    s.twin_took(a, b, &took)?;
    audit::note(s, now, &by.actor, "twin.same", &format!("{keep} {gone}"))?;
    Ok(())
}

/// In one change: a remark says that there was another record, and facts that only that one had are stated here as well,
/// as seen then.
fn take_over(
    s: &dyn Session,
    app: &App,
    row: &DocRow,
    other: &DocRow,
    by: &By,
    now: UtcMillis,
) -> Result<(), ReviewError> {
    let mut document = shelf::load(s, row)?;
    let (Record::Place(kept), Record::Place(gone)) =
        (document.read().record, shelf::load(s, other)?.read().record)
    else {
        return Ok(());
    };
    let text =
        format!("合并了一条重复记录 A duplicate was merged into this one: {}", gone.address());
    let text = text.trim_end_matches([':', ' ']).chars().take(REMARK_CHARS).collect();
    let remark = Remark { at: now, by_role: by.post, text };
    let (set, observed_at) = lacking(&kept, &gone);
    let edit = if set.is_empty() {
        PlaceEdit::Remark(remark)
    } else {
        PlaceEdit::FactsWith { set, by_role: by.post, observed_at, remark }
    };
    lifecycle::own_edit(s, app, &mut document, row, &Edit::Place(edit), now)?;
    Ok(())
}

/// What only the other record says, and when the oldest of it was seen.
fn lacking(kept: &Place, gone: &Place) -> (Vec<(String, Scalar)>, UtcMillis) {
    let only = gone.facts.iter().filter(|(name, fact)| {
        !OWN.contains(&&***name) && fact.value != Scalar::Null && !kept.facts.contains_key(*name)
    });
    let observed_at = only.clone().map(|(_, fact)| fact.observed_at).min().unwrap_or_default();
    (only.map(|(name, fact)| (name.clone(), fact.value.clone())).collect(), observed_at)
}

/// Takes back what was said of a pair: it waits again, and what left the phones comes back. Facts that were taken over
/// stay where they are; they were seen.
///
/// # Errors
/// [`ReviewError::Settled`] when nothing was said, or it was taken back.
pub fn undo(s: &dyn Session, app: &App, a: &DocId, b: &DocId, by: &By) -> Result<(), ReviewError> {
    let decision = s.twin_decision(a, b)?.ok_or(ReviewError::Settled)?;
    s.twin_forget(a, b)?;
    for id in &decision.took {
        match lifecycle::bring_back(s, app, id) {
            Ok(()) | Err(LifeError::Unknown) => {}
            Err(LifeError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(ReviewError::Refused(other.code().to_owned())),
        }
    }
    alone(s, [a, b])?;
    audit::note(s, app.clock.now(), &by.actor, "twin.undo", &format!("{a} {b}"))?;
    Ok(())
}

/// Each of two records counts for itself again.
fn alone(s: &dyn Session, both: [&DocId; 2]) -> Result<(), StoreError> {
    both.into_iter().try_for_each(|id| s.rows_put(id, &s.rows(id)?))
}

/// Phones that remember more than this server say that a record was given back: it is not merged any more.
pub(crate) fn came_back(s: &dyn Session, doc: &DocId) -> Result<(), StoreError> {
    let Some(kept) = s.merged_away(doc)? else { return Ok(()) };
    s.twin_forget(doc.min(&kept), doc.max(&kept))?;
    alone(s, [doc, &kept])
}

/// Takes a record from the phones; whether it was on any.
fn leave(s: &dyn Session, app: &App, doc: &DocId, state: DocState) -> Result<bool, ReviewError> {
    match lifecycle::withdraw(s, app, doc, state) {
        Ok(()) => Ok(true),
        Err(LifeError::Unknown) => Ok(false),
        Err(LifeError::Store(error)) => Err(error.into()),
        Err(other) => Err(ReviewError::Refused(other.code().to_owned())),
    }
}
