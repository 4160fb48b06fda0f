//! Projections in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{DocId, Pid};

use super::Session;
use super::convert as from;
use crate::store::{
    ConflictRow, DocumentRows, FindingRow, PlaceRow, Projections, StoreError, TaskRow, VisitRow,
};

const TABLES: [&str; 5] = ["place_row", "visit_row", "finding_row", "task_row", "conflict_row"];
const CONFLICT: &str =
    "SELECT doc_id, container, field, pid, kind, rivals, newest_at FROM conflict_row";

fn place(row: &Row<'_>) -> rusqlite::Result<PlaceRow> {
    let (lat, lon): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
    Ok(PlaceRow {
        doc: from::doc(row, 0)?,
        pid: from::parsed(row, 1)?,
        kind: row.get(2)?,
        address: row.get(3)?,
        name: row.get(4)?,
        position: lat.zip(lon),
        generation: from::count(row, 7)?,
    })
}

fn visit(row: &Row<'_>) -> rusqlite::Result<VisitRow> {
    Ok(VisitRow {
        doc: from::doc(row, 0)?,
        pid: from::parsed(row, 1)?,
        place: from::doc(row, 2)?,
        list: row.get(3)?,
        status: row.get(4)?,
        started_at: from::time(row, 5)?,
        finished_at: from::time_or_none(row, 6)?,
        findings: from::count(row, 7)?,
        generation: from::count(row, 8)?,
    })
}

fn finding(row: &Row<'_>) -> rusqlite::Result<FindingRow> {
    Ok(FindingRow {
        doc: from::doc(row, 0)?,
        code: row.get(1)?,
        place: from::doc(row, 2)?,
        pid: from::parsed(row, 3)?,
        severity: row.get(4)?,
        category: row.get(5)?,
        lead: row.get(6)?,
        raised_at: from::time(row, 7)?,
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

fn conflict(row: &Row<'_>) -> rusqlite::Result<ConflictRow> {
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
        self.run(
            "INSERT INTO place_row (doc_id, pid, kind, address, name, lat, lon, gen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.doc.0,
                row.pid.to_string(),
                row.kind,
                row.address,
                row.name,
                row.position.map(|p| p.0),
                row.position.map(|p| p.1),
                from::signed(row.generation)
            ],
        )?;
        Ok(())
    }

    fn visit_row_put(&self, row: &VisitRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO visit_row (doc_id, pid, place_id, list, status, started_at, finished_at,
               findings, gen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                row.doc.0,
                row.pid.to_string(),
                row.place.0,
                row.list,
                row.status,
                row.started_at.0,
                row.finished_at.map(|at| at.0),
                from::signed(row.findings),
                from::signed(row.generation)
            ],
        )?;
        Ok(())
    }

    fn finding_row_put(&self, row: &FindingRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO finding_row (doc_id, code, place_id, pid, severity, category, lead,
               raised_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.doc.0,
                row.code,
                row.place.0,
                row.pid.to_string(),
                row.severity,
                row.category,
                row.lead,
                row.raised_at.0
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
        rows.conflicts.iter().try_for_each(|row| self.conflict_row_put(row))
    }

    fn rows(&self, doc: &DocId) -> Result<DocumentRows, StoreError> {
        Ok(DocumentRows {
            place: self.first(
                "SELECT doc_id, pid, kind, address, name, lat, lon, gen FROM place_row
                 WHERE doc_id = ?1",
                [doc.0],
                place,
            )?,
            visit: self.first(
                "SELECT doc_id, pid, place_id, list, status, started_at, finished_at, findings, gen
                 FROM visit_row WHERE doc_id = ?1",
                [doc.0],
                visit,
            )?,
            task: self.first(
                "SELECT doc_id, pid, place_id, status, due_at, gen FROM task_row WHERE doc_id = ?1",
                [doc.0],
                task,
            )?,
            findings: self.all(
                "SELECT doc_id, code, place_id, pid, severity, category, lead, raised_at
                 FROM finding_row WHERE doc_id = ?1 ORDER BY code",
                [doc.0],
                finding,
            )?,
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
