//! Documents, changes and presence in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{ChangeHash, DocId, Pid, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{ChangeRow, DocRow, DocState, Documents, ManifestRow, StoreError};

const DOC: &str = "SELECT d.doc_id, d.pid, d.move_gen, d.kind, d.state, d.gen, d.heads, d.changes,
    d.about, d.closed_at FROM doc d";
const CHANGE: &str = "SELECT hash, actor, seq, max_op, author, raw, manifest_id, log_pid, log_seq,
    received_at FROM change";

fn doc(row: &Row<'_>) -> rusqlite::Result<DocRow> {
    Ok(DocRow {
        id: from::doc(row, 0)?,
        pid: from::parsed(row, 1)?,
        move_gen: from::count(row, 2)?,
        kind: row.get(3)?,
        state: from::named(row, 4, DocState::find)?,
        generation: from::count(row, 5)?,
        heads: from::heads(row, 6)?,
        changes: from::count(row, 7)?,
        about: from::bytes_or_none(row, 8)?.map(DocId),
        closed_at: from::time_or_none(row, 9)?,
    })
}

fn change(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    Ok(ChangeRow {
        hash: from::hash(row, 0)?,
        actor: from::bytes(row, 1)?,
        seq: from::count(row, 2)?,
        max_op: from::count(row, 3)?,
        author: from::bytes_or_none(row, 4)?.map(ironfeet_core::model::Author),
        raw: row.get(5)?,
        manifest: from::bytes_or_none(row, 6)?,
        log_pid: from::parsed(row, 7)?,
        log_seq: from::count(row, 8)?,
        received_at: from::time(row, 9)?,
    })
}

fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Everything is after nothing.
fn after_blob(after: Option<&DocId>) -> Vec<u8> {
    after.map(|id| id.0.to_vec()).unwrap_or_default()
}

impl Documents for Session<'_> {
    fn doc(&self, id: &DocId) -> Result<Option<DocRow>, StoreError> {
        self.first(&format!("{DOC} WHERE d.doc_id = ?1"), [id.0], doc)
    }

    fn doc_put(&self, row: &DocRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO doc (doc_id, pid, move_gen, kind, state, gen, heads, changes, about, closed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (doc_id) DO UPDATE SET pid = excluded.pid, move_gen = excluded.move_gen,
               kind = excluded.kind, state = excluded.state, gen = excluded.gen,
               heads = excluded.heads, changes = excluded.changes, about = excluded.about,
               closed_at = excluded.closed_at",
            params![
                row.id.0,
                row.pid.to_string(),
                from::signed(row.move_gen),
                row.kind,
                row.state.as_str(),
                from::signed(row.generation),
                from::join(&row.heads),
                from::signed(row.changes),
                row.about.map(|id| id.0),
                row.closed_at.map(|at| at.0)
            ],
        )?;
        Ok(())
    }

    fn doc_ids(&self, after: Option<&DocId>, limit: usize) -> Result<Vec<DocId>, StoreError> {
        self.all(
            "SELECT doc_id FROM doc WHERE doc_id > ?1 ORDER BY doc_id LIMIT ?2",
            params![after_blob(after), limited(limit)],
            |row| from::doc(row, 0),
        )
    }

    fn docs_about(&self, place: &DocId) -> Result<Vec<DocId>, StoreError> {
        let sql = "SELECT doc_id FROM doc WHERE about = ?1 ORDER BY doc_id";
        self.all(sql, [place.0], |row| from::doc(row, 0))
    }

    fn docs_closed(&self, before: UtcMillis, limit: usize) -> Result<Vec<DocId>, StoreError> {
        self.all(
            "SELECT doc_id FROM doc WHERE closed_at IS NOT NULL AND state = 'live'
             AND closed_at < ?1 ORDER BY closed_at, doc_id LIMIT ?2",
            params![before.0, limited(limit)],
            |row| from::doc(row, 0),
        )
    }

    fn changes(&self, id: &DocId, from_n: u64) -> Result<Vec<ChangeRow>, StoreError> {
        self.all(
            &format!("{CHANGE} WHERE doc_id = ?1 AND n >= ?2 ORDER BY n"),
            params![id.0, from::signed(from_n)],
            change,
        )
    }

    fn change(&self, id: &DocId, hash: &ChangeHash) -> Result<Option<ChangeRow>, StoreError> {
        self.first(
            &format!("{CHANGE} WHERE doc_id = ?1 AND hash = ?2"),
            params![id.0, hash.0],
            change,
        )
    }

    fn change_put(&self, id: &DocId, n: u64, row: &ChangeRow) -> Result<bool, StoreError> {
        let added = self.run(
            "INSERT INTO change (doc_id, n, hash, actor, seq, max_op, author, raw, manifest_id,
               log_pid, log_seq, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (doc_id, hash) DO NOTHING",
            params![
                id.0,
                from::signed(n),
                row.hash.0,
                row.actor,
                from::signed(row.seq),
                from::signed(row.max_op),
                row.author.map(|a| a.0),
                row.raw,
                row.manifest,
                row.log_pid.to_string(),
                from::signed(row.log_seq),
                row.received_at.0
            ],
        )?;
        Ok(added == 1)
    }

    fn snapshot(&self, id: &DocId) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        self.first("SELECT changes, bytes FROM snapshot WHERE doc_id = ?1", [id.0], |row| {
            Ok((from::count(row, 0)?, row.get(1)?))
        })
    }

    fn snapshot_put(&self, id: &DocId, changes: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO snapshot (doc_id, changes, bytes) VALUES (?1, ?2, ?3)",
            params![id.0, from::signed(changes), bytes],
        )?;
        Ok(())
    }

    fn presence(&self, id: &DocId) -> Result<Vec<Pid>, StoreError> {
        let sql = "SELECT pid FROM presence WHERE doc_id = ?1 ORDER BY pid";
        self.all(sql, [id.0], |row| from::parsed(row, 0))
    }

    fn present(
        &self,
        pid: &Pid,
        after: Option<&DocId>,
        limit: usize,
    ) -> Result<Vec<DocRow>, StoreError> {
        self.all(
            &format!(
                "{DOC} JOIN presence p ON p.doc_id = d.doc_id
                 WHERE p.pid = ?1 AND p.doc_id > ?2 ORDER BY p.doc_id LIMIT ?3"
            ),
            params![pid.to_string(), after_blob(after), limited(limit)],
            doc,
        )
    }

    fn presence_set(&self, pid: &Pid, id: &DocId, here: bool) -> Result<(), StoreError> {
        let sql = if here {
            "INSERT OR IGNORE INTO presence (pid, doc_id) VALUES (?1, ?2)"
        } else {
            "DELETE FROM presence WHERE pid = ?1 AND doc_id = ?2"
        };
        self.run(sql, params![pid.to_string(), id.0])?;
        Ok(())
    }

    fn manifest_put(&self, row: &ManifestRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO manifest (manifest_id, device_id, counter, bytes, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![row.id, row.device.0, from::signed(row.counter), row.bytes, row.received_at.0],
        )?;
        Ok(())
    }

    fn manifest_known(&self, id: &[u8; 16]) -> Result<bool, StoreError> {
        let found =
            self.first("SELECT 1 FROM manifest WHERE manifest_id = ?1", [id], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn import_key(&self, name: &str) -> Result<Option<(DocId, [u8; 32])>, StoreError> {
        self.first("SELECT doc_id, row_hash FROM import_key WHERE name = ?1", [name], |row| {
            Ok((from::doc(row, 0)?, from::bytes(row, 1)?))
        })
    }

    fn import_key_put(
        &self,
        name: &str,
        id: &DocId,
        row_hash: &[u8; 32],
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO import_key (name, doc_id, row_hash) VALUES (?1, ?2, ?3)",
            params![name, id.0, row_hash],
        )?;
        Ok(())
    }
}
