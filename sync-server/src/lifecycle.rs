//! Documents entering and leaving partitions: moves, archive, deletion, inboxes.
//!
//! Each act is one transaction with both partitions locked. Changes are never touched.

mod inbox;

use std::borrow::Cow;

use ironfeet_core::document::{Authorship, Document, Edit, MadeChange, PlaceEdit};
use ironfeet_core::model::{ChangeHash, DocId, GridCode, Lang, Pid, Remark, Role, UtcMillis};
use ironfeet_core::sync::message::LeaveReason;

use crate::app::App;
use crate::audit;
use crate::intake::{Sender, commit};
use crate::log::{self, Body, Logs};
use crate::shelf;
use crate::store::{self, DocRow, DocState, DocumentRows, Session, StoreError};
use crate::words;

pub use inbox::share_place;
pub(crate) use inbox::{appear, inboxes, is_department};

/// Why a document does not go where it was sent.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// There is no such document, or it is not live.
    #[error("no such live record")]
    Unknown,
    /// It is not a place.
    #[error("the record is no place")]
    NotAPlace,
    /// It is there already.
    #[error("it is there already")]
    SameGrid,
    /// It is not there.
    #[error("it is not there")]
    NotThere,
    /// It lies outside the area of that inbox.
    #[error("the place lies outside the area of that inbox")]
    Outside,
    /// There is no such department; names those there are.
    #[error("there is no such department; there are {0}")]
    Department(String),
    /// The store failed; nothing was written.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl LifeError {
    /// The same in Chinese.
    #[must_use]
    pub fn zh(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unknown => "没有这条在用的记录",
            Self::NotAPlace => "这条记录不是场所",
            Self::SameGrid => "已经在那里",
            Self::NotThere => "不在那里",
            Self::Outside => "场所不在该部门收件箱的区域内",
            Self::Department(known) => return format!("没有这个部门；现有部门：{known}").into(),
            Self::Store(_) => "存储出错",
        })
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_record",
            Self::NotAPlace => "not_a_place",
            Self::SameGrid => "same_grid",
            Self::NotThere => "not_there",
            Self::Outside => "outside",
            Self::Department(_) => "unknown_department",
            Self::Store(_) => "store",
        }
    }
}

/// Moves a place to another grid, and its visits and tasks with it. Gives the number of the
/// place's entry there and how many records moved.
///
/// # Errors
/// [`LifeError`]; nothing moved then.
pub fn move_place(
    s: &dyn Session,
    app: &App,
    id: &DocId,
    to: &GridCode,
    now: UtcMillis,
) -> Result<(u64, u64), LifeError> {
    let row = s.doc(id)?.filter(|row| row.state == DocState::Live).ok_or(LifeError::Unknown)?;
    if row.kind != "place" {
        return Err(LifeError::NotAPlace);
    }
    let to = Pid::Grid(to.clone());
    if row.pid == to {
        return Err(LifeError::SameGrid);
    }
    let mut rows = vec![row];
    for about in s.docs_about(id)? {
        rows.extend(s.doc(&about)?.filter(|row| row.pid != to));
    }
    let mut pids = vec![to.clone()];
    for row in &rows {
        pids.push(row.pid.clone());
        pids.extend(s.presence(&row.id)?);
    }
    let mut logs = Logs::lock(s, &app.identity, &pids)?;
    let moved = rows.len() as u64;
    let mut first = 0;
    for row in rows {
        let move_gen = row.move_gen + 1;
        let seq = relocate(s, &mut logs, row, &to, move_gen)?;
        first = if first == 0 { seq } else { first };
    }
    logs.close()?;
    audit::note(s, now, "admin", "place.move", &format!("{id} {to}"))?;
    Ok((first, moved))
}

/// Gives a document another home; the number of its entry there (0 when it is on no phone).
pub(crate) fn relocate(
    s: &dyn Session,
    logs: &mut Logs<'_>,
    mut row: DocRow,
    to: &Pid,
    move_gen: u64,
) -> Result<u64, StoreError> {
    let old = log::item(&row);
    let home = std::mem::replace(&mut row.pid, to.clone());
    row.move_gen = move_gen;
    row.generation += 1;
    let new = log::item(&row);
    let mut seq = 0;
    let here = s.presence(&row.id)?;
    if row.state == DocState::Live {
        let hashes: Vec<ChangeHash> =
            s.changes(&row.id, 0)?.into_iter().map(|change| change.hash).collect();
        let gen32 = log::wire_gen(move_gen);
        let enter = Body::Enter { move_gen: gen32, changes: row.changes };
        for pid in here.iter().filter(|pid| **pid != home && *pid != to) {
            // Where it only appears, readers take it again with its new generation.
            logs.append(pid, &row.id, &enter, &hashes)?;
            logs.share(pid, Some(old), Some(new))?;
        }
        // After a restore a record can be born where it had moved to: it is there already.
        if home != *to && here.contains(&home) {
            let leave = Body::Leave(LeaveReason::Moved(to.clone()), gen32);
            logs.append(&home, &row.id, &leave, &[])?;
            logs.share(&home, Some(old), None)?;
            s.presence_set(&home, &row.id, false)?;
        }
        seq = logs.append(to, &row.id, &enter, &hashes)?;
        logs.share(to, here.contains(to).then_some(old), Some(new))?;
        s.presence_set(to, &row.id, true)?;
    }
    s.doc_put(&row)?;
    let rows = at_home(s.rows(&row.id)?, to);
    s.rows_put(&row.id, &rows)?;
    Ok(seq)
}

/// The same rows at another home.
fn at_home(mut rows: DocumentRows, home: &Pid) -> DocumentRows {
    rows.place.iter_mut().for_each(|row| row.pid = home.clone());
    rows.visit.iter_mut().for_each(|row| row.pid = home.clone());
    rows.task.iter_mut().for_each(|row| row.pid = home.clone());
    rows.findings.iter_mut().for_each(|row| row.pid = home.clone());
    rows.conflicts.iter_mut().for_each(|row| row.pid = home.clone());
    rows
}

/// Takes a document from all phones: archived, or deleted and frozen for ever.
///
/// # Errors
/// [`LifeError::Unknown`] when it is not live.
pub fn withdraw(s: &dyn Session, app: &App, id: &DocId, state: DocState) -> Result<(), LifeError> {
    let mut row = s.doc(id)?.filter(|row| row.state == DocState::Live).ok_or(LifeError::Unknown)?;
    let here = s.presence(id)?;
    let mut logs = Logs::lock(s, &app.identity, &here)?;
    let old = log::item(&row);
    let reason = match state {
        DocState::Archived => LeaveReason::Archived,
        DocState::Live | DocState::Deleted => LeaveReason::Deleted,
    };
    for pid in &here {
        let leave = Body::Leave(reason.clone(), log::wire_gen(row.move_gen));
        logs.append(pid, id, &leave, &[])?;
        logs.share(pid, Some(old), None)?;
        s.presence_set(pid, id, false)?;
    }
    logs.close()?;
    row.state = state;
    row.generation += 1;
    s.doc_put(&row)?;
    if state == DocState::Deleted {
        // Lists and grids do not count it any more.
        s.rows_put(id, &s.rows(id)?)?;
    }
    Ok(())
}

/// Gives a withdrawn document back to the phones, as it was and with what was added since.
///
/// # Errors
/// [`LifeError::Unknown`] when it was not withdrawn.
pub fn bring_back(s: &dyn Session, app: &App, id: &DocId) -> Result<(), LifeError> {
    let row = s.doc(id)?.filter(|row| row.state != DocState::Live).ok_or(LifeError::Unknown)?;
    let (home, move_gen) = (row.pid.clone(), row.move_gen + 1);
    let mut logs = Logs::lock(s, &app.identity, std::slice::from_ref(&home))?;
    relocate(s, &mut logs, DocRow { state: DocState::Live, ..row }, &home, move_gen)?;
    logs.close()?;
    Ok(())
}

/// Archives what was closed long ago, at most `limit` records; their places keep a line about each visit.
///
/// # Errors
/// Of the store; what was archived before stays archived.
pub fn archive(app: &App, limit: usize) -> Result<u64, StoreError> {
    let days = i64::from(app.config.archive.after_days);
    if days == 0 {
        return Ok(0);
    }
    let now = app.clock.now();
    let before = now.plus_days(-days);
    let ids = store::view(&*app.store, |s| s.docs_closed(before, limit))?;
    for id in &ids {
        store::transact(&*app.store, |s| archive_one(s, app, id, now)).or_else(|e| match e {
            // Somebody else archived or deleted it meanwhile.
            LifeError::Store(error) => Err(error),
            _ => Ok(()),
        })?;
    }
    Ok(ids.len() as u64)
}

fn archive_one(s: &dyn Session, app: &App, id: &DocId, now: UtcMillis) -> Result<(), LifeError> {
    if let Some(visit) = s.rows(id)?.visit {
        summarise(s, app, &visit, now)?;
    }
    withdraw(s, app, id, DocState::Archived)?;
    audit::note(s, now, "server", "record.archive", &id.to_string())?;
    Ok(())
}

/// A remark of the server's own on the place: when, which checklist, how much was found.
fn summarise(
    s: &dyn Session,
    app: &App,
    visit: &store::VisitRow,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let Some(row) = s.doc(&visit.place)?.filter(|row| row.state == DocState::Live) else {
        return Ok(());
    };
    let mut document = shelf::load(s, &row)?;
    let at = visit.finished_at.unwrap_or(visit.started_at);
    let findings = s.rows(&visit.doc)?.findings;
    let content = app.checklists.of(&visit.list, visit.list_version);
    let told = |lang: Lang, head: &str, nothing: &str| {
        let all: Vec<String> =
            findings.iter().map(|f| format!("{} {}", f.severity, f.title.get(lang))).collect();
        let found = if all.is_empty() { nothing.to_owned() } else { all.join("; ") };
        format!("{head}: {}: {found}", words::list(&content, &visit.list, lang))
    };
    let (zh, en) = (
        told(Lang::Zh, "走访已归档", "没有发现隐患"),
        told(Lang::En, "Visit archived", "nothing found"),
    );
    let text = format!("{zh} · {en}").chars().take(500).collect();
    let remark = Remark { at, by_role: Role::Server, text };
    let edit = Edit::Place(PlaceEdit::Remark(remark));
    own_edit(s, app, &mut document, &row, &edit, now).map(|_| ())
}

/// Makes one edit as the server's own and commits it within this transaction; `None`: nothing changed.
pub(crate) fn own_edit(
    s: &dyn Session,
    app: &App,
    document: &mut Document,
    row: &DocRow,
    edit: &Edit,
    now: UtcMillis,
) -> Result<Option<ChangeHash>, StoreError> {
    let by: Authorship = app.identity.authorship(&*app.entropy);
    let made = match document.edit(edit, &by, now) {
        Ok(Some(made)) => made,
        Ok(None) => return Ok(None),
        Err(error) => {
            tracing::warn!(doc = %row.id, %error, "an own edit was not possible");
            return Ok(None);
        }
    };
    commit_own(s, app, row, made, &by).map(Some)
}

/// Commits a change that the server made itself, within this transaction.
pub(crate) fn commit_own(
    s: &dyn Session,
    app: &App,
    row: &DocRow,
    made: MadeChange,
    by: &Authorship,
) -> Result<ChangeHash, StoreError> {
    let hash = made.hash;
    let sender = Sender::trusted(Some(by.author));
    let ready = commit::own(s, app, row.id, &row.pid, vec![(hash, made.raw)], sender)?;
    let statuses = commit::within(s, app, ready)?;
    if commit::is_taken(&statuses) { Ok(hash) } else { Err(StoreError::GivenUp) }
}
