//! The console's questions in SQLite. One statement each; filters become conditions with bound values.

mod clock;
mod grid;
mod merge;
mod place;
mod query;
mod queue;
mod visit;

use rusqlite::{Row, params};

use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, GridCode, Pid, UtcMillis};

use self::query::Query;
use super::Session;
use super::convert as from;
use super::review::{AUDIT, audit};
use crate::store::StoreError;
use crate::store::desk::{
    AuditFilter, ChecklistRow, ClockRow, ConflictFilter, ConflictKey, Counts, DecisionRow, Desk,
    FindingFilter, FindingLine, GridLine, PlaceFilter, PlaceLine, Queued, TicketFilter, Trail,
    Twin, TwinDecision, VisitFilter, Waiting,
};
use crate::store::{AuditRow, VisitRow};

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

    fn tickets_by_record(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(DocId, DeviceId, u64)>, StoreError> {
        self.ticket_records(filter, after, limit)
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
        self.decide_twin(a, b, kept, by, at)
    }

    fn twins_of_place(&self, place: &DocId) -> Result<Vec<Twin>, StoreError> {
        self.pairs_of(place)
    }

    fn twin_took(&self, a: &DocId, b: &DocId, took: &[DocId]) -> Result<(), StoreError> {
        self.took_with_twin(a, b, took)
    }

    fn twin_decision(&self, a: &DocId, b: &DocId) -> Result<Option<TwinDecision>, StoreError> {
        self.decision_of_twin(a, b)
    }

    fn twin_forget(&self, a: &DocId, b: &DocId) -> Result<(), StoreError> {
        let sql = "DELETE FROM twin_decision WHERE a = ?1 AND b = ?2";
        self.run(sql, params![a.0, b.0]).map(|_| ())
    }

    fn twin_decisions(&self, limit: usize) -> Result<Vec<TwinDecision>, StoreError> {
        self.decisions_of_twins(limit)
    }

    fn merged_into(&self, kept: &DocId) -> Result<Vec<DocId>, StoreError> {
        self.all(
            "SELECT CASE WHEN a = kept THEN b ELSE a END FROM twin_decision WHERE kept = ?1",
            [kept.0],
            |row| from::doc(row, 0),
        )
    }

    fn merged_away(&self, gone: &DocId) -> Result<Option<DocId>, StoreError> {
        let sql = "SELECT kept FROM twin_decision
             WHERE (a = ?1 OR b = ?1) AND kept IS NOT NULL AND kept <> ?1 LIMIT 1";
        self.first(sql, [gone.0], |row| from::doc(row, 0))
    }

    fn merged_all(&self, one: &DocId) -> Result<Vec<DocId>, StoreError> {
        self.one_place(one)
    }

    fn clock_seen(
        &self,
        device: &DeviceId,
        ahead_ms: i64,
        at: UtcMillis,
    ) -> Result<(), StoreError> {
        self.see_clock(device, ahead_ms, at)
    }

    fn clocks(&self) -> Result<Vec<ClockRow>, StoreError> {
        self.clocks_off()
    }

    fn clock_noted(&self, device: &DeviceId) -> Result<bool, StoreError> {
        let sql = "UPDATE device_clock SET noted_ms = ahead_ms WHERE device_id = ?1";
        Ok(self.run(sql, [device.0])? == 1)
    }

    fn photos_awaited(&self) -> Result<Vec<(Author, u64)>, StoreError> {
        self.awaited_photos()
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

    fn waiting(&self, scope: &[String]) -> Result<[u64; 4], StoreError> {
        self.waits(scope)
    }

    fn findings_led(
        &self,
        scope: &[String],
        lead: &str,
        now: UtcMillis,
    ) -> Result<[u64; 2], StoreError> {
        self.led(scope, lead, now)
    }

    fn audit_since(&self, at: UtcMillis) -> Result<Trail, StoreError> {
        let sql = "SELECT count(*), coalesce(sum(success = 0), 0) FROM audit WHERE at >= ?1";
        let read =
            |row: &Row<'_>| Ok(Trail { rows: from::count(row, 0)?, refused: from::count(row, 1)? });
        Ok(self.first(sql, [at.0], read)?.unwrap_or_default())
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
        if filter.refused {
            query.and("success = 0", []);
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
