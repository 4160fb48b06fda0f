//! Findings over time: which of them are open, and when a place was last visited by a checklist.
//!
//! A finding is open while no later finished visit of the same place and list
//! raised it again or found it gone. Ties in time are broken by identity, so
//! every device agrees whatever the order in which visits arrive.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::StoreError;
use super::views::{FindingLine, Views};
use crate::model::DocId;

/// A place and a checklist.
type Round = (Vec<u8>, String);

/// Writes what visit `n` raised, and what follows from its outcome.
pub(super) fn put(db: &Connection, n: i64, now: &Views) -> Result<(), StoreError> {
    let mut rounds = rounds_of(db, n)?;
    db.prepare_cached("DELETE FROM v_finding WHERE n = ?1")?.execute([n])?;
    for line in &now.findings {
        add(db, n, line)?;
        rounds.insert((line.place.0.to_vec(), line.list.clone()));
    }
    if let Some(visit) = &now.visit {
        rounds.insert((visit.place.0.to_vec(), visit.list.clone()));
    }
    for (place, list) in &rounds {
        settle_open(db, place, list)?;
        settle_round(db, place, list)?;
    }
    Ok(())
}

/// Where the visit counted so far.
fn rounds_of(db: &Connection, n: i64) -> Result<BTreeSet<Round>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT place, list FROM v_visit WHERE n = ?1
         UNION SELECT place, list FROM v_finding WHERE n = ?1",
    )?;
    let rows = list.query_map([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn add(db: &Connection, n: i64, line: &FindingLine) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO v_finding (n, code, place, list, at, severity, category, route,
             lead, due_at, title_zh, title_en)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        n,
        line.code,
        &line.place.0[..],
        line.list,
        line.at,
        line.severity,
        line.category,
        line.route,
        line.lead,
        line.due_at,
        line.title_zh,
        line.title_en
    ])?;
    Ok(())
}

/// Sets `open` on the findings of a place and list.
fn settle_open(db: &Connection, place: &[u8], list: &str) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE v_finding AS f SET open = NOT EXISTS (
             SELECT 1 FROM v_visit v
             WHERE v.place = ?1 AND v.list = ?2 AND v.status = 'finished' AND v.n <> f.n
                 AND (v.finished_at, (SELECT doc_id FROM doc WHERE n = v.n))
                     > (f.at, (SELECT doc_id FROM doc WHERE n = f.n))
                 AND (instr(v.cleared, ',' || f.code || ',') > 0
                     OR EXISTS (SELECT 1 FROM v_finding g WHERE g.n = v.n AND g.code = f.code)))
         WHERE f.place = ?1 AND f.list = ?2",
    )?
    .execute(params![place, list])?;
    Ok(())
}

/// States the newest finished visit of a place by a list, and how many grave findings are open there.
fn settle_round(db: &Connection, place: &[u8], list: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM v_round WHERE place = ?1 AND list = ?2")?
        .execute(params![place, list])?;
    db.prepare_cached(
        "INSERT INTO v_round (place, list, n, last_at, grave)
         SELECT v.place, v.list, v.n, v.finished_at,
             (SELECT count(*) FROM v_finding f WHERE f.place = ?1 AND f.list = ?2
                 AND f.open = 1 AND f.severity <= 2)
         FROM v_visit v JOIN doc d ON d.n = v.n
         WHERE v.place = ?1 AND v.list = ?2 AND v.status = 'finished'
             AND v.finished_at IS NOT NULL
         ORDER BY v.finished_at DESC, d.doc_id DESC LIMIT 1",
    )?
    .execute(params![place, list])?;
    Ok(())
}

/// A finding as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// The visit.
    pub visit: DocId,
    /// The place.
    pub place: DocId,
    /// Its address, empty where the place is not on this phone.
    pub address: String,
    /// What it is.
    pub line: FindingLine,
    /// Whether it is still open.
    pub open: bool,
}

const FINDING: &str = "SELECT d.doc_id, f.place, coalesce(p.address, ''), f.code, f.list, f.at,
     f.severity, f.category, f.route, f.lead, f.due_at, f.title_zh, f.title_en, f.open
     FROM v_finding f JOIN doc d ON d.n = f.n
     LEFT JOIN doc pd ON pd.doc_id = f.place LEFT JOIN v_place p ON p.n = pd.n";

/// Findings, open ones by severity and deadline first; only those when `open_only`.
///
/// # Errors
/// When the file cannot be read.
pub fn list(
    db: &Connection,
    place: Option<DocId>,
    open_only: bool,
    limit: usize,
) -> Result<Vec<FindingRow>, StoreError> {
    let which = match (place, open_only) {
        (None, false) => "?1 IS NULL",
        (None, true) => "f.open = 1 AND ?1 IS NULL",
        (Some(_), false) => "f.place = ?1",
        (Some(_), true) => "f.open = 1 AND f.place = ?1",
    };
    let mut list = db.prepare_cached(&format!(
        "{FINDING} WHERE {which}
         ORDER BY f.open DESC, f.severity, f.due_at IS NULL, f.due_at, d.doc_id, f.code LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = list.query(params![place.map(|p| p.0.to_vec()), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(finding_row(row)?);
    }
    Ok(found)
}

/// One finding of a visit.
///
/// # Errors
/// When the file cannot be read.
pub fn find(db: &Connection, visit: DocId, code: &str) -> Result<Option<FindingRow>, StoreError> {
    let mut find = db.prepare_cached(&format!("{FINDING} WHERE d.doc_id = ?1 AND f.code = ?2"))?;
    let mut rows = find.query(params![&visit.0[..], code])?;
    rows.next()?.map(finding_row).transpose()
}

fn finding_row(row: &rusqlite::Row<'_>) -> Result<FindingRow, StoreError> {
    let place = super::document::doc_id(&row.get::<_, Vec<u8>>(1)?)?;
    Ok(FindingRow {
        visit: super::document::doc_id(&row.get::<_, Vec<u8>>(0)?)?,
        place,
        address: row.get(2)?,
        line: FindingLine {
            code: row.get(3)?,
            place,
            list: row.get(4)?,
            at: row.get(5)?,
            severity: row.get(6)?,
            category: row.get(7)?,
            route: row.get(8)?,
            lead: row.get(9)?,
            due_at: row.get(10)?,
            title_zh: row.get(11)?,
            title_en: row.get(12)?,
        },
        open: row.get(13)?,
    })
}

/// Codes of the findings open at a place.
///
/// # Errors
/// When the file cannot be read.
pub fn open_codes(db: &Connection, place: DocId, list: &str) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT code FROM v_finding WHERE place = ?1 AND list = ?2 AND open = 1 ORDER BY code",
    )?;
    let rows = find.query_map(params![&place.0[..], list], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
