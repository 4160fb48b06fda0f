//! What departments are shown: places with their visits and tasks in an inbox, beside their home.

use std::collections::BTreeSet;

use ironfeet_core::model::{ChangeHash, DepartmentCode, DocId, Pid, UtcMillis};
use ironfeet_core::sync::message::LeaveReason;

use super::LifeError;
use crate::app::App;
use crate::audit;
use crate::log::{self, Body, Logs};
use crate::people;
use crate::store::{self, DocRow, DocState, Session, StoreError};

/// The inboxes in which a record appears.
pub(crate) fn inboxes(s: &dyn Session, id: Option<&DocId>) -> Result<Vec<Pid>, StoreError> {
    let here = id.map_or(Ok(Vec::new()), |id| s.presence(id))?;
    Ok(here.into_iter().filter(|pid| matches!(pid, Pid::Inbox(..))).collect())
}

/// Shows a place to a department, its visits and tasks with it, or no longer; their home is not touched. Gives the
/// number of the place's entry in the inbox and how many records it was.
///
/// # Errors
/// [`LifeError`]; nothing was written then.
pub fn share_place(
    s: &dyn Session,
    app: &App,
    id: &DocId,
    inbox: &Pid,
    here: bool,
    now: UtcMillis,
) -> Result<(u64, u64), LifeError> {
    let row = s.doc(id)?.filter(|row| row.state == DocState::Live).ok_or(LifeError::Unknown)?;
    if row.kind != "place" {
        return Err(LifeError::NotAPlace);
    }
    if here {
        is_inbox(s, app, inbox)?;
        if !lies_in(&row.pid, inbox) {
            return Err(LifeError::Outside);
        }
    }
    let mut rows = vec![row];
    for about in s.docs_about(id)? {
        rows.extend(s.doc(&about)?.filter(|row| row.state == DocState::Live));
    }
    let mut logs = Logs::lock(s, &app.identity, std::slice::from_ref(inbox))?;
    let (mut first, mut count) = (0, 0);
    for row in rows {
        if s.presence(&row.id)?.contains(inbox) == here {
            continue;
        }
        let seq = appear(s, &mut logs, &row, inbox, here)?;
        first = if count == 0 { seq } else { first };
        count += 1;
    }
    if count == 0 {
        return Err(if here { LifeError::SameGrid } else { LifeError::NotThere });
    }
    logs.close()?;
    let act = if here { "place.share" } else { "place.unshare" };
    audit::note(s, now, "admin", act, &format!("{id} {inbox}"))?;
    Ok((first, count))
}

/// An inbox of a department that there is: nobody would ever read another one.
fn is_inbox(s: &dyn Session, app: &App, inbox: &Pid) -> Result<(), LifeError> {
    let Pid::Inbox(department, _) = inbox else { return Err(LifeError::Outside) };
    is_department(&people::departments(s, &app.checklists.get())?, department)
}

/// A department that there is; else those there are are named.
pub(crate) fn is_department(
    known: &BTreeSet<String>,
    department: &DepartmentCode,
) -> Result<(), LifeError> {
    if known.contains(department.as_str()) {
        return Ok(());
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(LifeError::Department(known.join(" ")))
}

/// Whether a home lies in the area of an inbox.
fn lies_in(home: &Pid, inbox: &Pid) -> bool {
    match (home, inbox) {
        (Pid::Grid(grid), Pid::Inbox(_, area)) => grid.as_str().starts_with(store::prefix(area)),
        _ => false,
    }
}

/// One document appears in an inbox that is locked, or no longer; the number of its entry.
pub(crate) fn appear(
    s: &dyn Session,
    logs: &mut Logs<'_>,
    row: &DocRow,
    inbox: &Pid,
    here: bool,
) -> Result<u64, StoreError> {
    let item = log::item(row);
    let move_gen = log::wire_gen(row.move_gen);
    let seq = if here {
        let hashes: Vec<ChangeHash> =
            s.changes(&row.id, 0)?.into_iter().map(|change| change.hash).collect();
        logs.share(inbox, None, Some(item))?;
        logs.append(inbox, &row.id, &Body::Enter { move_gen, changes: row.changes }, &hashes)?
    } else {
        logs.share(inbox, Some(item), None)?;
        logs.append(inbox, &row.id, &Body::Leave(LeaveReason::Removed, move_gen), &[])?
    };
    s.presence_set(inbox, &row.id, here)?;
    Ok(seq)
}
