//! Visits, tasks and conflicts as rows.

use rusqlite::{Connection, Row, params};

use super::StoreError;
use super::document::doc_id;
use super::views::{TaskLine, VisitLine};
use crate::model::DocId;

fn visit_row(row: &Row<'_>) -> Result<(DocId, VisitLine), StoreError> {
    let line = VisitLine {
        place: doc_id(&row.get::<_, Vec<u8>>(1)?)?,
        list: row.get(2)?,
        list_version: row.get(3)?,
        quick: row.get(4)?,
        status: row.get(5)?,
        started_at: row.get(6)?,
        finished_at: row.get(7)?,
        answered: row.get(8)?,
        photos: row.get(9)?,
        cleared: row.get(10)?,
    };
    Ok((doc_id(&row.get::<_, Vec<u8>>(0)?)?, line))
}

const VISIT: &str = "SELECT d.doc_id, v.place, v.list, v.list_version, v.quick, v.status,
     v.started_at, v.finished_at, v.answered, v.photos, v.cleared FROM v_visit v JOIN doc d ON d.n = v.n";

/// The visits of a place, newest first.
///
/// # Errors
/// When the file cannot be read.
pub fn of_place(
    db: &Connection,
    place: DocId,
    limit: usize,
) -> Result<Vec<(DocId, VisitLine)>, StoreError> {
    let sql =
        format!("{VISIT} WHERE v.place = ?1 ORDER BY v.started_at DESC, d.doc_id DESC LIMIT ?2");
    let mut list = db.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = list.query(params![&place.0[..], limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(visit_row(row)?);
    }
    Ok(found)
}

/// The visits that are not finished, oldest first.
///
/// # Errors
/// When the file cannot be read.
pub fn drafts(db: &Connection) -> Result<Vec<(DocId, VisitLine)>, StoreError> {
    let sql = format!("{VISIT} WHERE v.status = 'draft' ORDER BY v.n");
    let mut list = db.prepare_cached(&sql)?;
    let mut rows = list.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(visit_row(row)?);
    }
    Ok(found)
}

/// Visits with photos, newest first.
///
/// # Errors
/// When the file cannot be read.
pub fn with_photos(db: &Connection) -> Result<Vec<DocId>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT d.doc_id FROM v_visit v JOIN doc d ON d.n = v.n WHERE v.photos > 0
         ORDER BY v.started_at DESC",
    )?;
    let mut rows = list.query([])?;
    let mut visits = Vec::new();
    while let Some(row) = rows.next()? {
        visits.push(doc_id(&row.get::<_, Vec<u8>>(0)?)?);
    }
    Ok(visits)
}

/// The newest finished visit of a place by a checklist.
///
/// # Errors
/// When the file cannot be read.
pub fn last_round(db: &Connection, place: DocId, list: &str) -> Result<Option<DocId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT d.doc_id FROM v_round r JOIN doc d ON d.n = r.n WHERE r.place = ?1 AND r.list = ?2",
    )?;
    let mut rows = find.query(params![&place.0[..], list])?;
    rows.next()?.map(|row| doc_id(&row.get::<_, Vec<u8>>(0)?)).transpose()
}

/// The tasks of a place, or all; those that are open first, by due time.
///
/// # Errors
/// When the file cannot be read.
pub fn tasks(
    db: &Connection,
    place: Option<DocId>,
    open_only: bool,
) -> Result<Vec<(DocId, TaskLine)>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT d.doc_id, t.place, t.title, t.finding, t.status, t.due_at
         FROM v_task t JOIN doc d ON d.n = t.n
         WHERE (?1 IS NULL OR t.place = ?1) AND (?2 = 0 OR t.status = 'open')
         ORDER BY t.status <> 'open', t.due_at IS NULL, t.due_at, t.n",
    )?;
    let mut rows = list.query(params![place.map(|p| p.0.to_vec()), open_only])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let line = TaskLine {
            place: doc_id(&row.get::<_, Vec<u8>>(1)?)?,
            title: row.get(2)?,
            finding: row.get(3)?,
            status: row.get(4)?,
            due_at: row.get(5)?,
        };
        found.push((doc_id(&row.get::<_, Vec<u8>>(0)?)?, line));
    }
    Ok(found)
}

/// Every conflict: document and the values as JSON, in the order this phone learned the documents.
///
/// # Errors
/// When the file cannot be read.
pub fn conflicts(db: &Connection) -> Result<Vec<(DocId, String)>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT d.doc_id, c.candidates FROM v_conflict c JOIN doc d ON d.n = c.n
         ORDER BY c.n, c.container, c.field",
    )?;
    let mut rows = list.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((doc_id(&row.get::<_, Vec<u8>>(0)?)?, row.get(1)?));
    }
    Ok(found)
}
