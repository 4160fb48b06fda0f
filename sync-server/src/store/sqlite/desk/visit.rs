//! Visits and findings in SQLite, and what places learn from them.

use rusqlite::{Row, params};

use ironfeet_core::model::{DocId, UtcMillis};

use super::super::Session;
use super::super::convert as from;
use super::super::projection::{FINDING_COLUMNS, VISIT_COLUMNS, finding, visit};
use super::Query;
use crate::store::desk::{FindingFilter, FindingLine, VisitFilter};
use crate::store::{StoreError, VisitRow};

/// Columns of one table of a join.
fn of(table: &str, columns: &str) -> String {
    columns.split(',').map(|name| format!("{table}.{}", name.trim())).collect::<Vec<_>>().join(", ")
}

fn findings() -> String {
    format!(
        "SELECT {}, f.open, coalesce(p.address, '') FROM finding_row f
         LEFT JOIN place_row p ON p.doc_id = f.place_id",
        of("f", FINDING_COLUMNS)
    )
}

fn finding_line(row: &Row<'_>) -> rusqlite::Result<FindingLine> {
    let width = FINDING_COLUMNS.split(',').count();
    Ok(FindingLine { finding: finding(row)?, open: row.get(width)?, address: row.get(width + 1)? })
}

/// The conditions of a filter of visits.
fn filtered(filter: &VisitFilter) -> Query {
    let mut query = Query::new(&format!(
        "SELECT {}, coalesce(p.address, ''), v.updated_at FROM visit_row v
         LEFT JOIN place_row p ON p.doc_id = v.place_id",
        of("v", VISIT_COLUMNS)
    ));
    query.scope_by_time("v.pid", &filter.scope);
    if let Some(grid) = &filter.grid {
        query.scope_by_time("v.pid", std::slice::from_ref(grid));
    }
    query.equal("v.list", filter.list.as_ref()).equal("v.status", filter.status.as_ref());
    if let Some(since) = filter.since {
        query.and("v.started_at >= ?", [since.0.into()]);
    }
    if filter.found {
        query.and("v.findings > 0", []);
    }
    if filter.missing {
        query.and("v.doc_id IN (SELECT doc_id FROM photo_row WHERE here = 0)", []);
    }
    query.places("v.place_id", &filter.places);
    query
}

impl Session<'_> {
    pub(super) fn visit_lines(
        &self,
        filter: &VisitFilter,
        after: Option<(UtcMillis, DocId)>,
        limit: usize,
    ) -> Result<Vec<(VisitRow, String)>, StoreError> {
        let mut query = filtered(filter);
        if let Some((at, doc)) = after {
            query.and(
                "v.started_at <= ? AND (v.started_at < ? OR v.doc_id > ?)",
                [at.0.into(), at.0.into(), doc.0.to_vec().into()],
            );
        }
        let width = VISIT_COLUMNS.split(',').count();
        self.listed(query.end("v.started_at DESC, v.doc_id", limit), |row| {
            Ok((visit(row)?, row.get(width)?))
        })
    }

    pub(super) fn visit_changes(
        &self,
        filter: &VisitFilter,
        (at, doc): (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(VisitRow, String, UtcMillis)>, StoreError> {
        let mut query = filtered(filter);
        let key = [at.0.into(), at.0.into(), doc.0.to_vec().into()];
        query.and("v.updated_at >= ? AND (v.updated_at, v.doc_id) > (?, ?)", key);
        let width = VISIT_COLUMNS.split(',').count();
        self.listed(query.end("v.updated_at, v.doc_id", limit), |row| {
            Ok((visit(row)?, row.get(width)?, from::time(row, width + 1)?))
        })
    }

    pub(super) fn findings_of_visit(&self, id: &DocId) -> Result<Vec<FindingLine>, StoreError> {
        let mut query = Query::new(&findings());
        query.and("f.doc_id = ?", [id.0.to_vec().into()]);
        self.listed(query.end("f.code", 1_000), finding_line)
    }

    pub(super) fn finding_lines(
        &self,
        filter: &FindingFilter,
        after: Option<&(UtcMillis, DocId, String)>,
        limit: usize,
    ) -> Result<Vec<FindingLine>, StoreError> {
        let mut query = Query::new(&findings());
        query.scope_by_time("f.pid", &filter.scope);
        if let Some(grid) = &filter.grid {
            query.scope_by_time("f.pid", std::slice::from_ref(grid));
        }
        query.equal("f.severity", filter.severity.as_ref()).equal("f.lead", filter.lead.as_ref());
        if let Some(category) = &filter.category {
            let both = [category.clone().into(), category.clone().into()];
            query.and("substr(f.category, 1, length(?)) = ?", both);
        }
        if filter.open {
            query.and("f.open = 1", []);
        }
        if let Some(due) = filter.due_before {
            query.and("f.due_at < ?", [due.0.into()]);
        }
        query.equal("f.route", filter.route.as_ref()).places("f.place_id", &filter.places);
        if let Some((at, doc, code)) = after {
            query.and(
                "f.raised_at <= ? AND (f.raised_at < ? OR (f.doc_id, f.code) > (?, ?))",
                [at.0.into(), at.0.into(), doc.0.to_vec().into(), code.clone().into()],
            );
        }
        self.listed(query.end("f.raised_at DESC, f.doc_id, f.code", limit), finding_line)
    }

    /// A finding is open while no later finished visit of the same place and list raised it again
    /// or found it gone. Ties in time are broken by identity, so the order of arrival plays no part.
    /// Places that were merged are one place here.
    pub(in super::super) fn place_learns(&self, place: &DocId) -> Result<(), StoreError> {
        let all = self.one_place(place)?;
        let kept = all.first().unwrap_or(place);
        let these = match &all[..] {
            [_] => "= ?1".to_owned(),
            more => {
                let each: Vec<String> =
                    more.iter().map(|id| format!("x'{}'", hex::encode(id.0))).collect();
                format!("IN ({})", each.join(","))
            }
        };
        let visited =
            format!("SELECT 1 FROM visit_row WHERE place_id {these} OR ?1 IS NULL LIMIT 1");
        if self.first(&visited, [kept.0], |_| Ok(()))?.is_none() {
            return Ok(());
        }
        self.run(
            &format!(
                "UPDATE finding_row AS f SET open = f.route <> 'self_fixed' AND NOT EXISTS (
                   SELECT 1 FROM visit_row v
                   WHERE v.place_id {these} AND v.list = f.list AND v.status = 'finished'
                     AND (v.finished_at, v.doc_id) > (f.raised_at, f.doc_id)
                     AND (instr(v.cleared, ',' || f.code || ',') > 0
                       OR EXISTS (SELECT 1 FROM finding_row g
                                  WHERE g.doc_id = v.doc_id AND g.code = f.code)))
                 WHERE f.place_id {these} AND ?1 IS NOT NULL"
            ),
            [kept.0],
        )?;
        self.run(
            &format!(
                "UPDATE place_row SET
                   last_visit = (SELECT max(finished_at) FROM visit_row
                                 WHERE place_id {these} AND status = 'finished'),
                   open = (SELECT count(*) FROM finding_row WHERE place_id {these} AND open = 1),
                   worst = coalesce((SELECT min(CAST(substr(severity, 2) AS INTEGER))
                                     FROM finding_row WHERE place_id {these} AND open = 1), 9)
                 WHERE doc_id = ?1"
            ),
            params![kept.0],
        )?;
        Ok(())
    }
}
