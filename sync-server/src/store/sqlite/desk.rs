//! The console's questions in SQLite. One statement each; filters become conditions with bound values.

mod grid;
mod place;
mod queue;
mod visit;

use rusqlite::{Row, params};

use ironfeet_core::model::{ChangeHash, DeviceId, DocId, GridCode, Pid, UtcMillis};

use super::Session;
use super::convert as from;
use super::review::{AUDIT, audit};
use crate::store::StoreError;
use crate::store::desk::{
    AuditFilter, ChecklistRow, ConflictFilter, ConflictKey, Counts, DecisionRow, Desk,
    FindingFilter, FindingLine, GridLine, PlaceFilter, PlaceLine, Queued, TicketFilter, Twin,
    VisitFilter, Waiting,
};
use crate::store::{AuditRow, VisitRow};

/// Conditions and their values, put together piece by piece.
#[derive(Default)]
pub(super) struct Query {
    sql: String,
    values: Vec<rusqlite::types::Value>,
}

impl Query {
    fn new(select: &str) -> Self {
        Self { sql: format!("{select} WHERE 1"), values: Vec::new() }
    }

    /// `piece` holds one `?` per value.
    fn and(
        &mut self,
        piece: &str,
        values: impl IntoIterator<Item = rusqlite::types::Value>,
    ) -> &mut Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(piece);
        self.values.extend(values);
        self
    }

    /// Only partitions of these grids; an empty prefix is everything.
    fn scope(&mut self, column: &str, scope: &[String]) -> &mut Self {
        if scope.iter().any(String::is_empty) {
            return self;
        }
        let each = vec![format!("({column} >= ? AND {column} < ?)"); scope.len()];
        let any = if each.is_empty() { "0".to_owned() } else { each.join(" OR ") };
        let bounds = scope.iter().flat_map(|prefix| {
            // Digits only, so `:` ends every prefix; a whole grid code is inside it too.
            [format!("g{prefix}").into(), format!("g{prefix}:").into()]
        });
        self.and(&format!("({any})"), bounds.collect::<Vec<_>>())
    }

    /// As [`Query::scope`] for lists ordered by time: an area is looked for along the time, where
    /// the page ends early; only whole grids are read by their own index, which is ordered by time.
    fn scope_by_time(&mut self, column: &str, scope: &[String]) -> &mut Self {
        let whole = scope.len() == 1 && scope.iter().all(|prefix| prefix.len() == 15);
        if whole { self.grid(column, &scope[0]) } else { self.scope(&format!("+{column}"), scope) }
    }

    fn grid(&mut self, column: &str, grid: &str) -> &mut Self {
        self.and(&format!("{column} = ?"), [format!("g{grid}").into()])
    }

    fn equal(&mut self, column: &str, value: Option<&String>) -> &mut Self {
        match value {
            Some(value) => self.and(&format!("{column} = ?"), [value.clone().into()]),
            None => self,
        }
    }

    fn end(mut self, order: &str, limit: usize) -> (String, Vec<rusqlite::types::Value>) {
        self.sql.push_str(&format!(" ORDER BY {order} LIMIT ?"));
        self.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        (self.sql, self.values)
    }
}

impl Session<'_> {
    fn listed<T>(
        &self,
        (sql, values): (String, Vec<rusqlite::types::Value>),
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.all(&sql, rusqlite::params_from_iter(values), read)
    }
}

const CHECKLIST: &str =
    "SELECT n, version, sha256, yaml, actor, published_at FROM checklist ORDER BY n DESC";

fn checklist(row: &Row<'_>) -> rusqlite::Result<ChecklistRow> {
    Ok(ChecklistRow {
        n: from::count(row, 0)?,
        version: row.get(1)?,
        sha256: from::bytes(row, 2)?,
        yaml: row.get(3)?,
        actor: row.get(4)?,
        at: from::time(row, 5)?,
    })
}

impl Desk for Session<'_> {
    fn decision_put(&self, row: &DecisionRow) -> Result<u64, StoreError> {
        self.put_decision(row)
    }

    fn decision(&self, id: u64) -> Result<Option<DecisionRow>, StoreError> {
        let sql = format!("{} WHERE id = ?1", queue::DECISION);
        self.first(&sql, [from::signed(id)], queue::decision)
    }

    fn decision_last(
        &self,
        doc: &DocId,
        container: &str,
        field: &str,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let sql = format!(
            "{} WHERE doc_id = ?1 AND container = ?2 AND field = ?3 ORDER BY id DESC LIMIT 1",
            queue::DECISION
        );
        self.first(&sql, params![doc.0, container, field], queue::decision)
    }

    fn decision_of(
        &self,
        doc: &DocId,
        change: &ChangeHash,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let sql = format!("{} WHERE doc_id = ?1 AND change = ?2", queue::DECISION);
        self.first(&sql, params![doc.0, change.0], queue::decision)
    }

    fn decisions(&self, before: Option<u64>, limit: usize) -> Result<Vec<DecisionRow>, StoreError> {
        let sql = format!("{} WHERE id < ?1 ORDER BY id DESC LIMIT ?2", queue::DECISION);
        let before = before.map_or(i64::MAX, from::signed);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(&sql, [before, limit], queue::decision)
    }

    fn decision_undone(&self, id: u64, by: &str, at: UtcMillis) -> Result<bool, StoreError> {
        let done = self.run(
            "UPDATE decision SET undone_by = ?2, undone_at = ?3
             WHERE id = ?1 AND undone_by IS NULL",
            params![from::signed(id), by, at.0],
        )?;
        Ok(done == 1)
    }

    fn conflicts_page(
        &self,
        filter: &ConflictFilter,
        after: Option<&ConflictKey>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        self.queue(filter, after, limit)
    }

    fn conflicts_by_field(
        &self,
        scope: &[String],
    ) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.queue_fields(scope)
    }

    fn tickets_page(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.ticket_numbers(filter, after, limit)
    }

    fn tickets_by_device(&self, scope: &[String]) -> Result<Vec<Waiting>, StoreError> {
        self.ticket_groups(scope)
    }

    fn twins_page(
        &self,
        scope: &[String],
        after: Option<(DocId, DocId)>,
        limit: usize,
    ) -> Result<Vec<Twin>, StoreError> {
        self.twin_pairs(scope, after, limit)
    }

    fn twin_decide(
        &self,
        a: &DocId,
        b: &DocId,
        kept: Option<&DocId>,
        by: &str,
        at: UtcMillis,
    ) -> Result<bool, StoreError> {
        let decision = if kept.is_some() { "same" } else { "different" };
        let done = self.run(
            "INSERT INTO twin_decision (a, b, decision, kept, actor, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (a, b) DO NOTHING",
            params![a.0, b.0, decision, kept.map(|k| k.0), by, at.0],
        )?;
        Ok(done == 1)
    }

    fn merged_into(&self, kept: &DocId) -> Result<Vec<DocId>, StoreError> {
        self.all(
            "SELECT CASE WHEN a = kept THEN b ELSE a END FROM twin_decision WHERE kept = ?1",
            [kept.0],
            |row| from::doc(row, 0),
        )
    }

    fn places_page(
        &self,
        filter: &PlaceFilter,
        after: Option<&(String, String, DocId)>,
        limit: usize,
    ) -> Result<Vec<PlaceLine>, StoreError> {
        self.place_lines(filter, after, limit)
    }

    fn place_line(&self, place: &DocId) -> Result<Option<PlaceLine>, StoreError> {
        let sql = format!("{} WHERE p.doc_id = ?1", place::LINE);
        self.first(&sql, [place.0], place::line)
    }

    fn visits_page(
        &self,
        filter: &VisitFilter,
        after: Option<(UtcMillis, DocId)>,
        limit: usize,
    ) -> Result<Vec<(VisitRow, String)>, StoreError> {
        self.visit_lines(filter, after, limit)
    }

    fn findings_page(
        &self,
        filter: &FindingFilter,
        after: Option<&(UtcMillis, DocId, String)>,
        limit: usize,
    ) -> Result<Vec<FindingLine>, StoreError> {
        self.finding_lines(filter, after, limit)
    }

    fn grids(&self, scope: &[String]) -> Result<Vec<GridLine>, StoreError> {
        self.grid_lines(scope)
    }

    fn grids_due(&self, since: UtcMillis, limit: usize) -> Result<Vec<Pid>, StoreError> {
        self.grids_to_reckon(since, limit)
    }

    fn grid_reckon(&self, grid: &Pid, since: UtcMillis) -> Result<(), StoreError> {
        self.reckon_grid(grid, since)
    }

    fn border_put(&self, grid: &GridCode, outline: &str) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO border (grid, outline) VALUES (?1, ?2)";
        self.run(sql, params![grid.as_str(), outline]).map(|_| ())
    }

    fn border(&self, grid: &GridCode) -> Result<Option<String>, StoreError> {
        let sql = "SELECT outline FROM border WHERE grid = ?1";
        self.first(sql, [grid.as_str()], |row| row.get(0))
    }

    fn counts(
        &self,
        scope: &[String],
        now: UtcMillis,
        day: UtcMillis,
        heard: UtcMillis,
    ) -> Result<Counts, StoreError> {
        self.first_page(scope, now, day, heard)
    }

    fn waiting(&self, scope: &[String]) -> Result<u64, StoreError> {
        self.waits(scope).map(|waits| waits.into_iter().sum())
    }

    fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut query = Query::new(AUDIT);
        query.equal("actor", filter.actor.as_ref());
        if let Some(action) = &filter.action {
            query.and(
                "substr(action, 1, length(?)) = ?",
                [action.clone().into(), action.clone().into()],
            );
        }
        if let Some(object) = &filter.object {
            query.and("instr(object, ?) > 0", [object.clone().into()]);
        }
        if let Some(before) = before {
            query.and("n < ?", [from::signed(before).into()]);
        }
        self.listed(query.end("n DESC", limit), audit)
    }

    fn places_changed(
        &self,
        filter: &PlaceFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(PlaceLine, UtcMillis)>, StoreError> {
        self.place_changes(filter, after, limit)
    }

    fn visits_changed(
        &self,
        filter: &VisitFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(VisitRow, String, UtcMillis)>, StoreError> {
        self.visit_changes(filter, after, limit)
    }

    fn findings_of(&self, visit: &DocId) -> Result<Vec<FindingLine>, StoreError> {
        self.findings_of_visit(visit)
    }

    fn tickets_count(&self, device: &DeviceId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM quarantine WHERE device_id = ?1 AND decision IS NULL";
        Ok(self.first(sql, [device.0], |row| from::count(row, 0))?.unwrap_or(0))
    }

    fn checklist_put(&self, row: &ChecklistRow) -> Result<u64, StoreError> {
        self.run(
            "INSERT INTO checklist (version, sha256, yaml, actor, published_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![row.version, row.sha256, row.yaml, row.actor, row.at.0],
        )?;
        let n = self.first("SELECT max(n) FROM checklist", [], |row| from::count(row, 0))?;
        Ok(n.unwrap_or(0))
    }

    fn checklists(&self) -> Result<Vec<ChecklistRow>, StoreError> {
        self.all(CHECKLIST, [], checklist)
    }
}
