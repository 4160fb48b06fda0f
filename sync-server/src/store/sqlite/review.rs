//! Quarantine and audit in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{ChangeHash, DeviceId, DocId, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{AuditRow, Decision, Review, StoreError, TicketRow};

const TICKET: &str =
    "SELECT ticket, doc_id, hash, raw, pid, device_id, author, manifest_id, reason,
    received_at, decision FROM quarantine";
pub(super) const AUDIT: &str =
    "SELECT n, at, actor, action, object, prev, hash, success FROM audit";

fn ticket(row: &Row<'_>) -> rusqlite::Result<TicketRow> {
    Ok(TicketRow {
        ticket: from::count(row, 0)?,
        doc: from::doc(row, 1)?,
        hash: from::hash(row, 2)?,
        raw: row.get(3)?,
        pid: from::parsed(row, 4)?,
        device: from::device(row, 5)?,
        author: from::author(row, 6)?,
        manifest: from::bytes(row, 7)?,
        reason: row.get(8)?,
        received_at: from::time(row, 9)?,
        decision: row.get::<_, Option<String>>(10)?.and_then(|name| Decision::find(&name)),
    })
}

pub(super) fn audit(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        n: from::count(row, 0)?,
        at: from::time(row, 1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        object: row.get(4)?,
        prev: from::bytes(row, 5)?,
        hash: from::bytes(row, 6)?,
        success: row.get(7)?,
    })
}

impl Review for Session<'_> {
    fn ticket_open(&self, row: &TicketRow) -> Result<u64, StoreError> {
        self.run(
            "INSERT INTO quarantine (doc_id, hash, raw, pid, device_id, author, manifest_id, reason,
               received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (doc_id, hash) DO NOTHING",
            params![
                row.doc.0,
                row.hash.0,
                row.raw,
                row.pid.to_string(),
                row.device.0,
                row.author.0,
                row.manifest,
                row.reason,
                row.received_at.0
            ],
        )?;
        let kept = self.ticket_of(&row.doc, &row.hash)?;
        kept.map(|row| row.ticket).ok_or(StoreError::Damaged("a ticket was not kept"))
    }

    fn ticket(&self, n: u64) -> Result<Option<TicketRow>, StoreError> {
        self.first(&format!("{TICKET} WHERE ticket = ?1"), [from::signed(n)], ticket)
    }

    fn ticket_of(&self, doc: &DocId, hash: &ChangeHash) -> Result<Option<TicketRow>, StoreError> {
        let sql = format!("{TICKET} WHERE doc_id = ?1 AND hash = ?2");
        self.first(&sql, params![doc.0, hash.0], ticket)
    }

    fn tickets_open(&self) -> Result<Vec<TicketRow>, StoreError> {
        self.all(&format!("{TICKET} WHERE decision IS NULL ORDER BY ticket"), [], ticket)
    }

    fn tickets_on(&self, doc: &DocId) -> Result<Vec<TicketRow>, StoreError> {
        let sql = format!("{TICKET} WHERE doc_id = ?1 AND decision IS NULL ORDER BY ticket");
        self.all(&sql, [doc.0], ticket)
    }

    fn ticket_reason(&self, ticket: u64, reason: &str) -> Result<(), StoreError> {
        let sql = "UPDATE quarantine SET reason = ?2 WHERE ticket = ?1 AND decision IS NULL";
        self.run(sql, params![from::signed(ticket), reason])?;
        Ok(())
    }

    fn ticket_decide(
        &self,
        ticket: u64,
        decision: Decision,
        by: &str,
        at: UtcMillis,
    ) -> Result<bool, StoreError> {
        let decided = self.run(
            "UPDATE quarantine SET decision = ?2, decided_by = ?3, decided_at = ?4
             WHERE ticket = ?1 AND decision IS NULL",
            params![from::signed(ticket), decision.as_str(), by, at.0],
        )?;
        Ok(decided == 1)
    }

    fn tickets_untold(&self, device: &DeviceId) -> Result<Vec<TicketRow>, StoreError> {
        self.all(
            &format!(
                "{TICKET} WHERE device_id = ?1 AND decision IS NOT NULL AND told < 3
                 ORDER BY ticket"
            ),
            [device.0],
            ticket,
        )
    }

    fn ticket_told(&self, ticket: u64) -> Result<(), StoreError> {
        let sql = "UPDATE quarantine SET told = told + 1 WHERE ticket = ?1";
        self.run(sql, [from::signed(ticket)])?;
        Ok(())
    }

    fn audit_last(&self) -> Result<Option<AuditRow>, StoreError> {
        self.first(&format!("{AUDIT} ORDER BY n DESC LIMIT 1"), [], audit)
    }

    fn audit_put(&self, row: &AuditRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO audit (n, at, actor, action, object, prev, hash, success)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                from::signed(row.n),
                row.at.0,
                row.actor,
                row.action,
                row.object,
                row.prev,
                row.hash,
                row.success
            ],
        )?;
        Ok(())
    }

    fn audit_after(&self, n: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(
            &format!("{AUDIT} WHERE n > ?1 ORDER BY n LIMIT ?2"),
            params![from::signed(n), limit],
            audit,
        )
    }
}
