//! Pairs of records that may be one, and what people said of them, in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{DocId, UtcMillis};

use super::super::Session;
use super::super::convert as from;
use super::Query;
use crate::store::desk::{Desk as _, Twin, TwinDecision};
use crate::store::{StoreError, VisitRow};

/// Merges upon merges that are followed; more do not happen.
const DEEP: usize = 16;
/// Whole visits of one place, by one post and checklist, begun within this are perhaps one.
const VISITS_MS: i64 = 86_400_000;
const DECISION: &str = "SELECT a, b, kept, took, actor, at FROM twin_decision";
/// Pairs that wait: both still there, nothing said.
pub(super) const WAITS: &str = "d.state = 'live' AND e.state = 'live'
    AND NOT EXISTS (SELECT 1 FROM twin_decision s WHERE s.a = t.a AND s.b = t.b)";
pub(super) const PAIRS: &str =
    "FROM twin_row t JOIN doc d ON d.doc_id = t.a JOIN doc e ON e.doc_id = t.b";

fn decision(row: &Row<'_>) -> rusqlite::Result<TwinDecision> {
    let kept: Option<[u8; 16]> = from::bytes_or_none(row, 2)?;
    let took: String = row.get(3)?;
    Ok(TwinDecision {
        a: from::doc(row, 0)?,
        b: from::doc(row, 1)?,
        kept: kept.map(DocId),
        took: took.split(',').filter_map(|id| id.parse().ok()).collect(),
        actor: row.get(4)?,
        at: from::time(row, 5)?,
    })
}

fn twin(row: &Row<'_>) -> rusqlite::Result<Twin> {
    Ok(Twin {
        a: from::doc(row, 0)?,
        b: from::doc(row, 1)?,
        pid: from::parsed(row, 2)?,
        kind: row.get(3)?,
    })
}

impl Session<'_> {
    pub(super) fn twin_pairs(
        &self,
        scope: &[String],
        after: Option<(DocId, DocId)>,
        limit: usize,
    ) -> Result<Vec<Twin>, StoreError> {
        let mut query = Query::new(&format!("SELECT t.a, t.b, t.pid, d.kind {PAIRS}"));
        query.scope("t.pid", scope).and(WAITS, []);
        if let Some((a, b)) = after {
            query.and("(t.a, t.b) > (?, ?)", [a.0.to_vec().into(), b.0.to_vec().into()]);
        }
        self.listed(query.end("t.a, t.b", limit), twin)
    }

    pub(super) fn pairs_of(&self, place: &DocId) -> Result<Vec<Twin>, StoreError> {
        let mut query = Query::new(&format!("SELECT t.a, t.b, t.pid, d.kind {PAIRS}"));
        let id = || place.0.to_vec().into();
        query.and(WAITS, []).and("(t.a = ? OR t.b = ?)", [id(), id()]);
        self.listed(query.end("t.a, t.b", 8), twin)
    }

    pub(super) fn decide_twin(
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

    pub(super) fn took_with_twin(
        &self,
        a: &DocId,
        b: &DocId,
        took: &[DocId],
    ) -> Result<(), StoreError> {
        let took: Vec<String> = took.iter().map(DocId::to_string).collect();
        let sql = "UPDATE twin_decision SET took = ?3 WHERE a = ?1 AND b = ?2";
        self.run(sql, params![a.0, b.0, took.join(",")]).map(|_| ())
    }

    pub(super) fn decision_of_twin(
        &self,
        a: &DocId,
        b: &DocId,
    ) -> Result<Option<TwinDecision>, StoreError> {
        self.first(&format!("{DECISION} WHERE a = ?1 AND b = ?2"), params![a.0, b.0], decision)
    }

    pub(super) fn decisions_of_twins(&self, limit: usize) -> Result<Vec<TwinDecision>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(&format!("{DECISION} ORDER BY at DESC, a, b LIMIT ?1"), [limit], decision)
    }

    /// The places that are one by what people said: the one that stays, then those merged into it.
    pub(in super::super) fn one_place(&self, place: &DocId) -> Result<Vec<DocId>, StoreError> {
        let mut kept = *place;
        for _ in 0..DEEP {
            let Some(next) = self.merged_away(&kept)? else { break };
            kept = next;
        }
        let (mut all, mut n) = (vec![kept], 0);
        while let Some(one) = all.get(n).copied().filter(|_| n < DEEP * DEEP) {
            all.extend(self.merged_into(&one)?);
            n += 1;
        }
        Ok(all)
    }

    /// Notes which other visits may be this one, written twice. Another post's is a joint visit, a quick one was made
    /// on purpose: neither is suggested.
    pub(in super::super) fn twins_of_visit(&self, row: &VisitRow) -> Result<(), StoreError> {
        self.run("DELETE FROM twin_row WHERE a = ?1 OR b = ?1", [row.doc.0])?;
        if row.quick {
            return Ok(());
        }
        self.run(
            "INSERT INTO twin_row (a, b, pid)
             SELECT min(doc_id, ?1), max(doc_id, ?1), pid FROM visit_row
             WHERE place_id = ?2 AND started_at BETWEEN ?3 - ?5 AND ?3 + ?5 AND list = ?4
               AND by_role = ?6 AND quick = 0 AND doc_id <> ?1 LIMIT 8",
            params![row.doc.0, row.place.0, row.started_at.0, row.list, VISITS_MS, row.by_role],
        )?;
        Ok(())
    }
}
