//! Acts on conflicts: decide one, take a decision back, decide many where all wrote the same.

use axum::extract::Form;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::DocId;

use super::super::error::Error;
use super::conflicts::{key_text, some};
use super::frame::{Desk, Refusal, inside, link};
use super::rights::Right;
use crate::review::decide::{self, Act, Choice};
use crate::review::{self, ReviewError};
use crate::store;
use crate::store::desk::{ConflictFilter, Queued};

/// Conflicts looked at for one decision about many.
const MANY: usize = 200;

/// What the form of a decision sends.
#[derive(Deserialize)]
pub(super) struct Decision {
    csrf: String,
    doc: String,
    container: String,
    field: String,
    rivals: String,
    act: String,
    #[serde(default)]
    choose: String,
    #[serde(default)]
    text: String,
    here: String,
    next: String,
}

fn back(path: &str, more: &str) -> Response {
    let path = inside(path);
    let join = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{join}{more}")).into_response()
}

/// Decides one conflict and goes on to the next.
pub(super) async fn decide(desk: Desk, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let choose = || form.choose.parse().map_err(|_| Error::Parameter);
    let act = match form.act.as_str() {
        "take" => Act::Take(choose()?),
        "both" => Act::Both(choose()?, form.text.clone()),
        "own" => Act::Own(form.text.clone()),
        _ => return Err(Error::Parameter.into()),
    };
    let choice = Choice {
        doc: form.doc.parse().map_err(|_| Error::Parameter)?,
        container: form.container.clone(),
        field: form.field.clone(),
        rivals: form.rivals.clone(),
        act,
    };
    let (by, scope, doc) = (desk.by.clone(), desk.scope.clone(), choice.doc);
    let done = super::act(&desk.app, move |s, app| {
        within(s, &scope, &choice.doc)?;
        let id = decide::decide(s, app, &choice, &by)?;
        Ok((id, s.presence(&choice.doc)?))
    })
    .await?;
    match done {
        Ok((id, pids)) => {
            desk.app.nudge.wake(&pids);
            tracing::info!(%doc, "a conflict was decided");
            Ok(back(&form.next, &format!("said=decided&undo={id}")))
        }
        Err(error) => Ok(back(&form.here, &format!("said={}", error.code()))),
    }
}

/// A record outside of the scope is as if it were not there.
pub(super) fn within(
    s: &dyn store::Session,
    scope: &[String],
    doc: &DocId,
) -> Result<(), ReviewError> {
    let pid = s.doc(doc)?.ok_or(ReviewError::Settled)?.pid.to_string();
    let grid = pid.strip_prefix('g').unwrap_or_default();
    let inside = scope.iter().any(|prefix| prefix.is_empty() || grid.starts_with(prefix));
    if inside { Ok(()) } else { Err(ReviewError::Settled) }
}

/// What the form of taking back sends.
#[derive(Deserialize)]
pub(super) struct Undo {
    csrf: String,
    id: u64,
}

/// Takes a decision back and shows the conflict again.
pub(super) async fn undo(desk: Desk, Form(form): Form<Undo>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let (by, scope) = (desk.by.clone(), desk.scope.clone());
    let done = super::act(&desk.app, move |s, app| {
        let row = s.decision(form.id)?.ok_or(ReviewError::Settled)?;
        within(s, &scope, &row.doc)?;
        decide::undo(s, app, form.id, &by)?;
        let again = s.rows(&row.doc)?.conflicts.into_iter();
        let again =
            again.into_iter().find(|c| c.container == row.container && c.field == row.field);
        Ok((s.presence(&row.doc)?, again))
    })
    .await?;
    let Ok((pids, again)) = done else {
        return Ok(back("/console/review", "said=settled"));
    };
    desk.app.nudge.wake(&pids);
    let at = again.map(|row| key_text(&Queued { row, address: String::new() }));
    let path = link("/console/review", &[("at", at.as_deref().unwrap_or_default())]);
    Ok(back(&path, "said=undone"))
}

/// What the form for many sends.
#[derive(Deserialize)]
pub(super) struct Same {
    csrf: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    field: String,
}

/// Decides every conflict of the filter in which all wrote the same: safe, whoever wrote first.
pub(super) async fn same(desk: Desk, Form(form): Form<Same>) -> Result<Response, Refusal> {
    desk.may_act(Right::Review, &form.csrf)?;
    let filter = ConflictFilter {
        scope: desk.scope.clone(),
        kind: some(&form.kind),
        field: some(&form.field),
    };
    let by = desk.by.clone();
    let done = super::act(&desk.app, move |s, app| {
        let mut pids = Vec::new();
        let mut n = 0_u64;
        for row in s.conflicts_page(&filter, None, MANY)? {
            let Some(open) = review::look(s, app, &row.row)? else { continue };
            let Some(first) = open.sides.first() else { continue };
            if open.sides.iter().any(|side| side.value != first.value) {
                continue;
            }
            let choice = Choice {
                doc: open.doc,
                container: open.container.clone(),
                field: open.field.clone(),
                rivals: open.rivals.clone(),
                act: Act::Take(first.change),
            };
            decide::decide(s, app, &choice, &by)?;
            pids.extend(s.presence(&open.doc)?);
            n += 1;
        }
        Ok((n, pids))
    })
    .await?;
    let path = link("/console/review", &[("kind", &form.kind), ("field", &form.field)]);
    match done {
        Ok((n, pids)) => {
            desk.app.nudge.wake(&pids);
            Ok(back(&path, &format!("said=many&n={n}")))
        }
        Err(error) => Ok(back(&path, &format!("said={}", error.code()))),
    }
}
