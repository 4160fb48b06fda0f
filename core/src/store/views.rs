//! The rows that screens read, written in the same transaction as the change that moved them.
//!
//! What a document shows is handed in as [`Views`]; only rows that differ are
//! touched. The same documents give the same rows, in whatever order they came.

use rusqlite::{Connection, params};

use sha2::{Digest, Sha256};

use super::{StoreError, finding, near, search};
use crate::model::DocId;

/// Everything one document shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views {
    /// If it is a place.
    pub place: Option<PlaceLine>,
    /// If it is a visit.
    pub visit: Option<VisitLine>,
    /// If it is a task.
    pub task: Option<TaskLine>,
    /// What a finished visit raised, sorted by code.
    pub findings: Vec<FindingLine>,
    /// Fields with more than one value, in the order of the document.
    pub conflicts: Vec<ConflictLine>,
    /// Text to be found: part (empty, or a finding's code) and body.
    pub texts: Vec<(String, String)>,
}

/// A place as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceLine {
    /// Kind, or empty.
    pub kind: String,
    /// Address, or empty.
    pub address: String,
    /// Signboard or building name, or empty.
    pub name: String,
    /// Latitude and longitude, degrees WGS 84.
    pub position: Option<(f64, f64)>,
    /// When its first fact asks for a re-check, ms.
    pub stale_at: Option<i64>,
}

/// A visit as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitLine {
    /// The place.
    pub place: DocId,
    /// Checklist.
    pub list: String,
    /// Its version.
    pub list_version: u32,
    /// Quick re-visit.
    pub quick: bool,
    /// `draft` or `finished`.
    pub status: String,
    /// Begun, ms.
    pub started_at: i64,
    /// Finished, ms.
    pub finished_at: Option<i64>,
    /// Number of answers.
    pub answered: i64,
    /// Number of photos.
    pub photos: i64,
    /// Codes of findings that the finished visit found gone: `,A,B,`, or empty.
    pub cleared: String,
}

/// A task as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskLine {
    /// The place.
    pub place: DocId,
    /// What is to be done.
    pub title: String,
    /// The finding it re-checks.
    pub finding: Option<String>,
    /// `open`, `done`, `dropped`.
    pub status: String,
    /// Due, ms.
    pub due_at: Option<i64>,
}

/// A finding that a visit raised.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingLine {
    /// Code in the checklist.
    pub code: String,
    /// The place.
    pub place: DocId,
    /// Checklist.
    pub list: String,
    /// When the visit was finished, ms.
    pub at: i64,
    /// 1 to 4.
    pub severity: i64,
    /// Category.
    pub category: String,
    /// `case`, `advice`, `self_fixed`.
    pub route: String,
    /// Lead department.
    pub lead: String,
    /// Deadline, ms.
    pub due_at: Option<i64>,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
}

/// A field with more than one value.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictLine {
    /// Part of the record.
    pub container: String,
    /// The field.
    pub field: String,
    /// The values as JSON, as screens show them.
    pub candidates: String,
}

/// Writes what document `n` shows now. `before` is what it showed, where the caller knows;
/// `None` replaces whatever is there.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, n: i64, before: Option<&Views>, now: &Views) -> Result<(), StoreError> {
    if before == Some(now) {
        return Ok(());
    }
    if before.is_none_or(|b| b.place != now.place) {
        put_place(db, n, now.place.as_ref())?;
    }
    match before.map(|b| (b.visit.as_ref(), now.visit.as_ref())) {
        Some((was, is)) if was == is => {}
        Some((Some(was), Some(is)))
            if VisitLine { answered: is.answered, ..was.clone() } == *is =>
        {
            put_answered(db, n, is.answered)?;
        }
        _ => put_visit(db, n, now.visit.as_ref())?,
    }
    if before.is_none_or(|b| b.task != now.task) {
        put_task(db, n, now.task.as_ref())?;
    }
    if before.is_none_or(|b| b.conflicts != now.conflicts) {
        put_conflicts(db, n, &now.conflicts)?;
    }
    if before.is_none_or(|b| b.texts != now.texts) {
        search::put(db, n, &now.texts)?;
    }
    // A draft raises and clears nothing: nothing follows from it for its place.
    let outcome = |v: &Views| {
        let finished = v.visit.as_ref().filter(|v| v.status == "finished");
        finished.map(|v| (v.place, v.list.clone(), v.finished_at, v.cleared.clone()))
    };
    if before.is_none_or(|b| b.findings != now.findings || outcome(b) != outcome(now)) {
        finding::put(db, n, now)?;
    }
    Ok(())
}

/// Empties every view. The caller then puts each document again, in one transaction.
///
/// # Errors
/// When the file cannot be written.
pub fn clear(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch(
        "DELETE FROM v_place; DELETE FROM v_visit; DELETE FROM v_task; DELETE FROM v_finding;
         DELETE FROM v_round; DELETE FROM v_conflict; DELETE FROM near; DELETE FROM v_text;",
    )?;
    Ok(())
}

fn put_place(db: &Connection, n: i64, line: Option<&PlaceLine>) -> Result<(), StoreError> {
    near::put(db, n, line.and_then(|l| l.position))?;
    let Some(line) = line else {
        db.prepare_cached("DELETE FROM v_place WHERE n = ?1")?.execute([n])?;
        return Ok(());
    };
    db.prepare_cached("INSERT OR REPLACE INTO v_place VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            n,
            line.kind,
            line.address,
            line.name,
            line.position.map(|p| p.0),
            line.position.map(|p| p.1),
            line.stale_at
        ])?;
    Ok(())
}

fn put_visit(db: &Connection, n: i64, line: Option<&VisitLine>) -> Result<(), StoreError> {
    let Some(line) = line else {
        db.prepare_cached("DELETE FROM v_visit WHERE n = ?1")?.execute([n])?;
        return Ok(());
    };
    // An upsert leaves the indexes alone where their columns stay the same.
    db.prepare_cached(
        "INSERT INTO v_visit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (n) DO UPDATE SET place = ?2, list = ?3, list_version = ?4, quick = ?5,
             status = ?6, started_at = ?7, finished_at = ?8, answered = ?9, photos = ?10,
             cleared = ?11",
    )?
    .execute(params![
        n,
        &line.place.0[..],
        line.list,
        line.list_version,
        line.quick,
        line.status,
        line.started_at,
        line.finished_at,
        line.answered,
        line.photos,
        line.cleared
    ])?;
    Ok(())
}

/// What an answer moves, and nothing else.
fn put_answered(db: &Connection, n: i64, answered: i64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE v_visit SET answered = ?2 WHERE n = ?1")?.execute((n, answered))?;
    Ok(())
}

fn put_task(db: &Connection, n: i64, line: Option<&TaskLine>) -> Result<(), StoreError> {
    let Some(line) = line else {
        db.prepare_cached("DELETE FROM v_task WHERE n = ?1")?.execute([n])?;
        return Ok(());
    };
    db.prepare_cached("INSERT OR REPLACE INTO v_task VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(
        params![n, &line.place.0[..], line.title, line.finding, line.status, line.due_at],
    )?;
    Ok(())
}

fn put_conflicts(db: &Connection, n: i64, lines: &[ConflictLine]) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM v_conflict WHERE n = ?1")?.execute([n])?;
    let mut add = db.prepare_cached("INSERT INTO v_conflict VALUES (?1, ?2, ?3, ?4)")?;
    for line in lines {
        add.execute(params![n, line.container, line.field, line.candidates])?;
    }
    Ok(())
}

/// A digest over every row of every view; equal when they show the same.
///
/// # Errors
/// When the file cannot be read.
pub fn fingerprint(db: &Connection) -> Result<[u8; 32], StoreError> {
    let mut hash = Sha256::new();
    for sql in [
        "SELECT * FROM v_place ORDER BY n",
        "SELECT * FROM v_visit ORDER BY n",
        "SELECT * FROM v_task ORDER BY n",
        "SELECT * FROM v_finding ORDER BY n, code",
        "SELECT * FROM v_round ORDER BY place, list",
        "SELECT * FROM v_conflict ORDER BY n, container, field",
        "SELECT n, part, body FROM v_text ORDER BY n, part",
        "SELECT * FROM near ORDER BY n",
    ] {
        hash.update(sql);
        let mut list = db.prepare(sql)?;
        let columns = list.column_count();
        let mut rows = list.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                hash.update(format!("{:?}|", row.get::<_, rusqlite::types::Value>(column)?));
            }
        }
    }
    Ok(hash.finalize().into())
}

/// Whether the search index says what the texts say.
///
/// # Errors
/// When the file cannot be read.
pub fn search_is_whole(db: &Connection) -> Result<bool, StoreError> {
    match db.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", []) {
        Ok(_) => Ok(true),
        Err(error) => match StoreError::from(error) {
            StoreError::Damaged => Ok(false),
            error => Err(error),
        },
    }
}

/// Builds the search index anew from the texts.
///
/// # Errors
/// When the file cannot be written.
pub fn rebuild_search(db: &Connection) -> Result<(), StoreError> {
    db.execute("INSERT INTO search (search) VALUES ('rebuild')", [])?;
    Ok(())
}
