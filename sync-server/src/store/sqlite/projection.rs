//! Projections in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{DocId, Pid, Text};

use super::Session;
use super::convert as from;
use crate::store::{
    ConflictRow, DocumentRows, FindingRow, PlaceRow, Projections, StoreError, TaskRow, VisitRow,
};

const TABLES: [&str; 6] =
    ["place_row", "visit_row", "finding_row", "task_row", "photo_row", "conflict_row"];
const PLACE_COLUMNS: &str = "doc_id, pid, kind, address, name, lat, lon, gen";
pub(super) const VISIT_COLUMNS: &str = "doc_id, pid, place_id, list, list_version, by_role, status,
    started_at, finished_at, findings, cleared, gen, quick";
pub(super) const FINDING_COLUMNS: &str = "doc_id, code, place_id, pid, severity, category, lead,
    raised_at, list, route, title_zh, title_en, due_at";
/// When the newest change of document `?1` came.
const NEWEST: &str = "coalesce((SELECT received_at FROM change WHERE doc_id = ?1
    ORDER BY n DESC LIMIT 1), 0)";
const CONFLICT: &str =
    "SELECT doc_id, container, field, pid, kind, rivals, newest_at FROM conflict_row";

/// A place from its columns, the first of them the `n`-th.
pub(super) fn place(row: &Row<'_>, n: usize) -> rusqlite::Result<PlaceRow> {
    let (lat, lon): (Option<f64>, Option<f64>) = (row.get(n + 5)?, row.get(n + 6)?);
    Ok(PlaceRow {
        doc: from::doc(row, n)?,
        pid: from::parsed(row, n + 1)?,
        kind: row.get(n + 2)?,
        address: row.get(n + 3)?,
        name: row.get(n + 4)?,
        position: lat.zip(lon),
        generation: from::count(row, n + 7)?,
    })
}

pub(super) fn visit(row: &Row<'_>) -> rusqlite::Result<VisitRow> {
    Ok(VisitRow {
        doc: from::doc(row, 0)?,
        pid: from::parsed(row, 1)?,
        place: from::doc(row, 2)?,
        list: row.get(3)?,
        list_version: row.get(4)?,
        by_role: row.get(5)?,
        status: row.get(6)?,
        started_at: from::time(row, 7)?,
        finished_at: from::time_or_none(row, 8)?,
        findings: from::count(row, 9)?,
        cleared: row.get(10)?,
        generation: from::count(row, 11)?,
        quick: row.get(12)?,
    })
}

pub(super) fn finding(row: &Row<'_>) -> rusqlite::Result<FindingRow> {
    Ok(FindingRow {
        doc: from::doc(row, 0)?,
        code: row.get(1)?,
        place: from::doc(row, 2)?,
        pid: from::parsed(row, 3)?,
        severity: row.get(4)?,
        category: row.get(5)?,
        lead: row.get(6)?,
        raised_at: from::time(row, 7)?,
        list: row.get(8)?,
        route: row.get(9)?,
        title: Text { zh: row.get(10)?, en: row.get(11)? },
        due_at: from::time_or_none(row, 12)?,
    })
}

fn task(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    Ok(TaskRow {
        doc: from::doc(row, 0)?,
        pid: from::parsed(row, 1)?,
        place: from::doc(row, 2)?,
        status: row.get(3)?,
        due_at: from::time_or_none(row, 4)?,
        generation: from::count(row, 5)?,
    })
}

pub(super) fn conflict(row: &Row<'_>) -> rusqlite::Result<ConflictRow> {
    Ok(ConflictRow {
        doc: from::doc(row, 0)?,
        container: row.get(1)?,
        field: row.get(2)?,
        pid: from::parsed(row, 3)?,
        kind: row.get(4)?,
        rivals: row.get(5)?,
        newest_at: from::time(row, 6)?,
    })
}

impl Session<'_> {
    fn place_row_put(&self, row: &PlaceRow) -> Result<(), StoreError> {
        let (pid, twin) = (row.pid.to_string(), folded(&row.address));
        self.run(
            &format!(
                "INSERT INTO place_row ({PLACE_COLUMNS}, twin, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {NEWEST})"
            ),
            params![
                row.doc.0,
                pid,
                row.kind,
                row.address,
                row.name,
                row.position.map(|p| p.0),
                row.position.map(|p| p.1),
                from::signed(row.generation),
                twin
            ],
        )?;
        self.twins_of(&row.doc, &pid, &twin)?;
        self.place_learns(&row.doc)
    }

    fn visit_row_put(&self, row: &VisitRow) -> Result<(), StoreError> {
        self.run(
            &format!(
                "INSERT INTO visit_row ({VISIT_COLUMNS}, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, {NEWEST})"
            ),
            params![
                row.doc.0,
                row.pid.to_string(),
                row.place.0,
                row.list,
                row.list_version,
                row.by_role,
                row.status,
                row.started_at.0,
                row.finished_at.map(|at| at.0),
                from::signed(row.findings),
                row.cleared,
                from::signed(row.generation),
                row.quick
            ],
        )?;
        self.twins_of_visit(row)
    }

    fn finding_row_put(&self, row: &FindingRow) -> Result<(), StoreError> {
        self.run(
            &format!(
                "INSERT INTO finding_row ({FINDING_COLUMNS})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
            ),
            params![
                row.doc.0,
                row.code,
                row.place.0,
                row.pid.to_string(),
                row.severity,
                row.category,
                row.lead,
                row.raised_at.0,
                row.list,
                row.route,
                row.title.zh,
                row.title.en,
                row.due_at.map(|at| at.0)
            ],
        )?;
        Ok(())
    }

    fn task_row_put(&self, row: &TaskRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO task_row (doc_id, pid, place_id, status, due_at, gen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.doc.0,
                row.pid.to_string(),
                row.place.0,
                row.status,
                row.due_at.map(|at| at.0),
                from::signed(row.generation)
            ],
        )?;
        Ok(())
    }

    fn conflict_row_put(&self, row: &ConflictRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO conflict_row (doc_id, container, field, pid, kind, rivals, newest_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                row.doc.0,
                row.container,
                row.field,
                row.pid.to_string(),
                row.kind,
                row.rivals,
                row.newest_at.0
            ],
        )?;
        Ok(())
    }
}

impl Projections for Session<'_> {
    fn rows_put(&self, doc: &DocId, rows: &DocumentRows) -> Result<(), StoreError> {
        for table in TABLES {
            self.run(&format!("DELETE FROM {table} WHERE doc_id = ?1"), [doc.0])?;
        }
        rows.place.iter().try_for_each(|row| self.place_row_put(row))?;
        rows.visit.iter().try_for_each(|row| self.visit_row_put(row))?;
        rows.task.iter().try_for_each(|row| self.task_row_put(row))?;
        rows.findings.iter().try_for_each(|row| self.finding_row_put(row))?;
        rows.photos.iter().try_for_each(|row| self.photo_row_put(row))?;
        if let Some(visit) = rows.visit.as_ref().filter(|visit| visit.status == "finished") {
            self.place_learns(&visit.place)?;
        }
        rows.conflicts.iter().try_for_each(|row| self.conflict_row_put(row))
    }

    fn rows(&self, doc: &DocId) -> Result<DocumentRows, StoreError> {
        Ok(DocumentRows {
            place: self.first(
                &format!("SELECT {PLACE_COLUMNS} FROM place_row WHERE doc_id = ?1"),
                [doc.0],
                |row| place(row, 0),
            )?,
            visit: self.first(
                &format!("SELECT {VISIT_COLUMNS} FROM visit_row WHERE doc_id = ?1"),
                [doc.0],
                visit,
            )?,
            task: self.first(
                "SELECT doc_id, pid, place_id, status, due_at, gen FROM task_row WHERE doc_id = ?1",
                [doc.0],
                task,
            )?,
            findings: self.all(
                &format!(
                    "SELECT {FINDING_COLUMNS} FROM finding_row WHERE doc_id = ?1 ORDER BY code"
                ),
                [doc.0],
                finding,
            )?,
            photos: self.photo_rows(doc)?,
            conflicts: self.all(
                &format!("{CONFLICT} WHERE doc_id = ?1 ORDER BY container, field"),
                [doc.0],
                conflict,
            )?,
        })
    }

    fn rows_clear(&self) -> Result<(), StoreError> {
        for table in TABLES {
            self.run(&format!("DELETE FROM {table}"), [])?;
        }
        self.run("DELETE FROM twin_row", [])?;
        Ok(())
    }

    fn conflicts(&self, limit: usize) -> Result<Vec<ConflictRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(
            &format!("{CONFLICT} ORDER BY newest_at DESC, doc_id, container, field LIMIT ?1"),
            [limit],
            conflict,
        )
    }

    fn conflict_count(&self) -> Result<u64, StoreError> {
        Ok(self
            .first("SELECT count(*) FROM conflict_row", [], |row| from::count(row, 0))?
            .unwrap_or(0))
    }

    fn place_at(&self, pid: &Pid, address: &str) -> Result<Option<DocId>, StoreError> {
        self.first(
            "SELECT doc_id FROM place_row WHERE pid = ?1 AND address = ?2 ORDER BY doc_id LIMIT 1",
            params![pid.to_string(), address],
            |row| from::doc(row, 0),
        )
    }
}

/// An address without what people write differently: spaces, width, case, some marks.
fn folded(address: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let kept = address.chars().map(narrow).filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn one_address_written_two_ways_is_one() {
        assert_eq!(folded("平川路１号 Ａ座"), folded("平川路1号a座"));
        assert_eq!(folded("平川路1号-2室"), folded("平川路1号 - 2室"));
        assert_ne!(folded("平川路1号"), folded("平川路2号"));
    }
}
