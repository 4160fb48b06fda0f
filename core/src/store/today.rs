//! What waits to be done, from the views alone: open findings, re-visits, tasks, first visits.

use rusqlite::{Connection, Row, params};

use super::StoreError;
use super::document::doc_id;
use crate::model::DocId;

/// Why a place is on today's list, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A finding is open there.
    OpenFinding,
    /// A re-visit should have been before today.
    Overdue,
    /// A re-visit is due today.
    Due,
    /// A task is open there and due by today.
    Task,
    /// Nobody has been there yet.
    FirstVisit,
}

impl Why {
    /// The stable name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenFinding => "open_finding",
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Task => "task",
            Self::FirstVisit => "first_visit",
        }
    }
}

/// One place to go to.
#[derive(Clone, Debug, PartialEq)]
pub struct TodayLine {
    /// The place.
    pub place: DocId,
    /// Its address, empty where the place is not on this phone.
    pub address: String,
    /// Why.
    pub why: Why,
    /// When it is due, ms; `None` without a date.
    pub due: Option<i64>,
    /// The gravest open finding there, 1 to 4.
    pub severity: Option<i64>,
}

/// Days until a checklist's next visit: usual, and while a grave finding is open.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundDays {
    /// Checklist id.
    pub list: String,
    /// Usual.
    pub days: i64,
    /// While an S1 or S2 finding is open.
    pub days_grave: i64,
}

/// The parts of a day, ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Its first moment.
    pub from: i64,
    /// The first moment of the next.
    pub to: i64,
}

const PLACE: &str = "LEFT JOIN doc pd ON pd.doc_id = x.place LEFT JOIN v_place p ON p.n = pd.n";

/// One line per reason, strongest first within each reason; a place may stand on several.
///
/// # Errors
/// When the file cannot be read.
pub fn lines(
    db: &Connection,
    day: Day,
    rounds: &[RoundDays],
    limit: usize,
) -> Result<Vec<TodayLine>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut all = findings(db, limit)?;
    let mut revisits = Vec::new();
    for round in rounds {
        revisits.extend(due_rounds(db, day, round, limit)?);
    }
    revisits.sort_by_key(|line| (line.why, line.due, line.place));
    all.append(&mut revisits);
    all.append(&mut tasks(db, day, limit)?);
    all.append(&mut never_visited(db, limit)?);
    Ok(all)
}

fn line(row: &Row<'_>, why: Why) -> Result<TodayLine, StoreError> {
    Ok(TodayLine {
        place: doc_id(&row.get::<_, Vec<u8>>(0)?)?,
        address: row.get(1)?,
        why,
        due: row.get(2)?,
        severity: row.get(3)?,
    })
}

fn findings(db: &Connection, limit: i64) -> Result<Vec<TodayLine>, StoreError> {
    let mut list = db.prepare_cached(&format!(
        "SELECT x.place, coalesce(p.address, ''), x.due, x.severity FROM
             (SELECT place, min(due_at) AS due, min(severity) AS severity
              FROM v_finding WHERE open = 1 GROUP BY place) x {PLACE}
         ORDER BY x.severity, x.due IS NULL, x.due, x.place LIMIT ?1"
    ))?;
    let mut rows = list.query([limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(line(row, Why::OpenFinding)?);
    }
    Ok(lines)
}

fn due_rounds(
    db: &Connection,
    day: Day,
    round: &RoundDays,
    limit: i64,
) -> Result<Vec<TodayLine>, StoreError> {
    let mut list = db.prepare_cached(&format!(
        "SELECT x.place, coalesce(p.address, ''), x.due, NULL FROM
             (SELECT place, last_at + 86400000 * CASE WHEN grave > 0 THEN ?3 ELSE ?2 END AS due
              FROM v_round WHERE list = ?1) x {PLACE}
         WHERE x.due < ?4 ORDER BY x.due, x.place LIMIT ?5"
    ))?;
    let mut rows = list.query(params![round.list, round.days, round.days_grave, day.to, limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let mut line = line(row, Why::Due)?;
        if line.due.is_some_and(|due| due < day.from) {
            line.why = Why::Overdue;
        }
        lines.push(line);
    }
    Ok(lines)
}

fn tasks(db: &Connection, day: Day, limit: i64) -> Result<Vec<TodayLine>, StoreError> {
    let mut list = db.prepare_cached(&format!(
        "SELECT x.place, coalesce(p.address, ''), x.due_at, NULL FROM v_task x {PLACE}
         WHERE x.status = 'open' AND (x.due_at IS NULL OR x.due_at < ?1)
         ORDER BY x.due_at IS NULL, x.due_at, x.n LIMIT ?2"
    ))?;
    let mut rows = list.query(params![day.to, limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(line(row, Why::Task)?);
    }
    Ok(lines)
}

fn never_visited(db: &Connection, limit: i64) -> Result<Vec<TodayLine>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT d.doc_id, p.address, NULL, NULL FROM v_place p JOIN doc d ON d.n = p.n
         WHERE NOT EXISTS (SELECT 1 FROM v_round r WHERE r.place = d.doc_id)
         ORDER BY p.n LIMIT ?1",
    )?;
    let mut rows = list.query([limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(line(row, Why::FirstVisit)?);
    }
    Ok(lines)
}
