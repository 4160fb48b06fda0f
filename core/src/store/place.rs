//! Places as rows, and the counters that the first screen shows.

use rusqlite::{Connection, params};

use super::StoreError;
use super::near::PlaceRow;
use crate::model::DocId;

/// A place's row.
///
/// # Errors
/// When the file cannot be read.
pub fn find(db: &Connection, id: DocId) -> Result<Option<PlaceRow>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT d.doc_id, p.kind, p.address, p.name, p.lat, p.lon
         FROM doc d JOIN v_place p ON p.n = d.n WHERE d.doc_id = ?1",
    )?;
    let mut rows = find.query([&id.0[..]])?;
    rows.next()?.map(PlaceRow::of).transpose()
}

/// Places in the order this phone learned them, after document number `after`.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection, after: i64, limit: usize) -> Result<Vec<PlaceRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT d.doc_id, p.kind, p.address, p.name, p.lat, p.lon
         FROM v_place p JOIN doc d ON d.n = p.n WHERE p.n > ?1 ORDER BY p.n LIMIT ?2",
    )?;
    let mut rows = list.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PlaceRow::of(row)?);
    }
    Ok(found)
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Places.
    pub places: i64,
    /// Visits.
    pub visits: i64,
    /// Visits not finished.
    pub drafts: i64,
    /// Findings that are open.
    pub open_findings: i64,
    /// Tasks that are open.
    pub open_tasks: i64,
    /// Fields with more than one value.
    pub conflicts: i64,
}

/// Counts everything.
///
/// # Errors
/// When the file cannot be read.
pub fn tally(db: &Connection) -> Result<Tally, StoreError> {
    let mut count = db.prepare_cached(
        "SELECT (SELECT count(*) FROM v_place), (SELECT count(*) FROM v_visit),
             (SELECT count(*) FROM v_visit WHERE status = 'draft'),
             (SELECT count(*) FROM v_finding WHERE open = 1),
             (SELECT count(*) FROM v_task WHERE status = 'open'),
             (SELECT count(*) FROM v_conflict)",
    )?;
    Ok(count.query_row([], |row| {
        Ok(Tally {
            places: row.get(0)?,
            visits: row.get(1)?,
            drafts: row.get(2)?,
            open_findings: row.get(3)?,
            open_tasks: row.get(4)?,
            conflicts: row.get(5)?,
        })
    })?)
}
