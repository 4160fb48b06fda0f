//! What waits for a person, in SQLite: conflicts, tickets, pairs of places, decisions.

use rusqlite::{Row, params};

use ironfeet_core::model::{DeviceId, DocId};

use super::super::Session;
use super::super::convert as from;
use super::super::projection::conflict;
use super::Query;
use crate::store::StoreError;
use crate::store::desk::{ConflictFilter, ConflictKey, DecisionRow, Queued, TicketFilter, Waiting};

pub(super) const DECISION: &str = "SELECT id, doc_id, container, field, act, chose, change, actor,
    post, at, undone_by, undone_at FROM decision";

pub(super) fn decision(row: &Row<'_>) -> rusqlite::Result<DecisionRow> {
    let undone_by: Option<String> = row.get(10)?;
    Ok(DecisionRow {
        id: from::count(row, 0)?,
        doc: from::doc(row, 1)?,
        container: row.get(2)?,
        field: row.get(3)?,
        act: row.get(4)?,
        chose: from::bytes_or_none(row, 5)?.map(ironfeet_core::model::ChangeHash),
        change: from::hash(row, 6)?,
        actor: row.get(7)?,
        post: row.get(8)?,
        at: from::time(row, 9)?,
        undone: undone_by.zip(from::time_or_none(row, 11)?),
    })
}

const QUEUE: &str = "SELECT c.doc_id, c.container, c.field, c.pid, c.kind, c.rivals, c.newest_at,
    coalesce(p.address, '')
    FROM conflict_row c LEFT JOIN doc d ON d.doc_id = c.doc_id
    LEFT JOIN place_row p ON p.doc_id = coalesce(d.about, c.doc_id)";

/// The conditions of a filter of open tickets.
fn tickets(select: &str, filter: &TicketFilter) -> Query {
    let mut query = Query::new(&format!("{select} FROM quarantine"));
    query.and("decision IS NULL", []);
    query.scope("pid", &filter.scope).equal("reason", filter.reason.as_ref());
    if let Some(device) = &filter.device {
        query.and("device_id = ?", [device.0.to_vec().into()]);
    }
    query
}

impl Session<'_> {
    pub(super) fn put_decision(&self, row: &DecisionRow) -> Result<u64, StoreError> {
        self.run(
            "INSERT INTO decision (doc_id, container, field, act, chose, change, actor, post, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                row.doc.0,
                row.container,
                row.field,
                row.act,
                row.chose.map(|hash| hash.0),
                row.change.0,
                row.actor,
                row.post,
                row.at.0
            ],
        )?;
        let id = self.first("SELECT max(id) FROM decision", [], |row| from::count(row, 0))?;
        id.ok_or(StoreError::Damaged("a decision was not kept"))
    }

    pub(super) fn queue(
        &self,
        filter: &ConflictFilter,
        after: Option<&ConflictKey>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        let mut query = Query::new(QUEUE);
        query.scope("c.pid", &filter.scope);
        query.equal("c.kind", filter.kind.as_ref()).equal("c.field", filter.field.as_ref());
        if let Some((at, doc, container, field)) = after {
            query.and(
                "c.newest_at <= ? AND (c.newest_at < ? OR (c.doc_id, c.container, c.field) > (?, ?, ?))",
                [
                    at.0.into(),
                    at.0.into(),
                    doc.0.to_vec().into(),
                    container.clone().into(),
                    field.clone().into(),
                ],
            );
        }
        let order = "c.newest_at DESC, c.doc_id, c.container, c.field";
        self.listed(query.end(order, limit), |row| {
            Ok(Queued { row: conflict(row)?, address: row.get(7)? })
        })
    }

    pub(super) fn queue_fields(
        &self,
        scope: &[String],
    ) -> Result<Vec<(String, String, u64)>, StoreError> {
        let mut query = Query::new("SELECT kind, field, count(*) AS n FROM conflict_row");
        query.scope("pid", scope);
        query.sql.push_str(" GROUP BY kind, field");
        self.listed(query.end("n DESC, kind, field", 24), |row| {
            Ok((row.get(0)?, row.get(1)?, from::count(row, 2)?))
        })
    }

    pub(super) fn ticket_numbers(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let mut query = tickets("SELECT ticket", filter);
        query.and("ticket > ?", [from::signed(after).into()]);
        self.listed(query.end("ticket", limit), |row| from::count(row, 0))
    }

    pub(super) fn ticket_records(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(DocId, DeviceId, u64)>, StoreError> {
        let mut query = tickets("SELECT doc_id, device_id, min(ticket) AS first", filter);
        query.sql.push_str(" GROUP BY doc_id, device_id HAVING first > ?");
        query.values.push(from::signed(after).into());
        self.listed(query.end("first", limit), |row| {
            Ok((from::doc(row, 0)?, from::device(row, 1)?, from::count(row, 2)?))
        })
    }

    pub(super) fn ticket_groups(&self, scope: &[String]) -> Result<Vec<Waiting>, StoreError> {
        let mut query =
            Query::new("SELECT device_id, reason, count(*) AS n, min(received_at) FROM quarantine");
        query.and("decision IS NULL", []).scope("pid", scope);
        query.sql.push_str(" GROUP BY device_id, reason");
        self.listed(query.end("n DESC, device_id, reason", 200), |row| {
            Ok(Waiting {
                device: from::device(row, 0)?,
                reason: row.get(1)?,
                count: from::count(row, 2)?,
                oldest: from::time(row, 3)?,
            })
        })
    }

    /// Notes which other places of the grid have the same address.
    pub(in super::super) fn twins_of(
        &self,
        doc: &DocId,
        pid: &str,
        twin: &str,
    ) -> Result<(), StoreError> {
        self.run("DELETE FROM twin_row WHERE a = ?1 OR b = ?1", [doc.0])?;
        if twin.is_empty() {
            return Ok(());
        }
        self.run(
            "INSERT INTO twin_row (a, b, pid)
             SELECT min(doc_id, ?1), max(doc_id, ?1), pid FROM place_row
             WHERE pid = ?2 AND twin = ?3 AND twin <> '' AND doc_id <> ?1 LIMIT 8",
            params![doc.0, pid, twin],
        )?;
        Ok(())
    }
}
