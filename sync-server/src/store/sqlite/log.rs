//! Partitions, logs and bundles in SQLite. The database's one writer is the lock.

use rusqlite::{Row, params};

use ironfeet_core::model::{DocId, Pid, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{BundleRow, EntryRow, Logs, PartitionRow, StoreError};

const PARTITION: &str =
    "SELECT pid, next_seq, floor_seq, durable_seq, chain, digest, doc_count FROM partition";
const BUNDLE: &str = "SELECT pid, n, upto_seq, bytes, documents, file, sha256, made_at FROM bundle";

fn partition(row: &Row<'_>) -> rusqlite::Result<PartitionRow> {
    Ok(PartitionRow {
        pid: from::parsed(row, 0)?,
        next_seq: from::count(row, 1)?,
        floor_seq: from::count(row, 2)?,
        durable_seq: from::count(row, 3)?,
        chain: from::bytes(row, 4)?,
        digest: from::bytes(row, 5)?,
        count: from::count(row, 6)?,
    })
}

fn bundle(row: &Row<'_>) -> rusqlite::Result<BundleRow> {
    Ok(BundleRow {
        pid: from::parsed(row, 0)?,
        n: from::count(row, 1)?,
        upto_seq: from::count(row, 2)?,
        bytes: from::count(row, 3)?,
        documents: from::count(row, 4)?,
        file: row.get(5)?,
        sha256: from::bytes(row, 6)?,
        made_at: UtcMillis(row.get(7)?),
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        seq: from::count(row, 0)?,
        kind: row.get(1)?,
        doc: from::doc(row, 2)?,
        body_hash: from::bytes(row, 3)?,
        body: row.get(4)?,
        chain: from::bytes(row, 5)?,
        raw: row.get(6)?,
    })
}

impl Logs for Session<'_> {
    fn partitions_lock(&self, pids: &[Pid]) -> Result<Vec<PartitionRow>, StoreError> {
        let mut sorted: Vec<&Pid> = pids.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut rows = Vec::with_capacity(sorted.len());
        for pid in sorted {
            rows.extend(self.partition(pid)?);
        }
        Ok(rows)
    }

    fn partition(&self, pid: &Pid) -> Result<Option<PartitionRow>, StoreError> {
        self.first(&format!("{PARTITION} WHERE pid = ?1"), [pid.to_string()], partition)
    }

    fn partitions(&self) -> Result<Vec<PartitionRow>, StoreError> {
        self.all(&format!("{PARTITION} ORDER BY pid"), [], partition)
    }

    fn partition_put(&self, row: &PartitionRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO partition (pid, next_seq, floor_seq, durable_seq, chain, digest, doc_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (pid) DO UPDATE SET next_seq = excluded.next_seq,
               floor_seq = excluded.floor_seq, durable_seq = excluded.durable_seq,
               chain = excluded.chain, digest = excluded.digest, doc_count = excluded.doc_count",
            params![
                row.pid.to_string(),
                from::signed(row.next_seq),
                from::signed(row.floor_seq),
                from::signed(row.durable_seq),
                row.chain,
                row.digest,
                from::signed(row.count)
            ],
        )?;
        Ok(())
    }

    fn entry_put(&self, pid: &Pid, entry: &EntryRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO plog (pid, seq, kind, doc_id, body_hash, body, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                pid.to_string(),
                from::signed(entry.seq),
                entry.kind,
                entry.doc.0,
                entry.body_hash,
                entry.body,
                entry.chain
            ],
        )?;
        Ok(())
    }

    fn entries(
        &self,
        pid: &Pid,
        from_seq: u64,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached(
                "SELECT l.seq, l.kind, l.doc_id, l.body_hash, l.body, l.chain, c.raw
                 FROM plog l LEFT JOIN change c ON c.doc_id = l.doc_id AND c.hash = l.body_hash
                 WHERE l.pid = ?1 AND l.seq >= ?2 ORDER BY l.seq LIMIT ?3",
            )
            .map_err(super::engine)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement
            .query(params![pid.to_string(), from::signed(from_seq), limit])
            .map_err(super::engine)?;
        let mut entries = Vec::new();
        let mut sum = 0;
        while let Some(row) = rows.next().map_err(super::engine)? {
            let entry = entry(row).map_err(super::engine)?;
            sum += entry.raw.as_ref().or(entry.body.as_ref()).map_or(0, Vec::len);
            if sum > bytes && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn chain_at(&self, pid: &Pid, seq: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.first(
            "SELECT chain FROM plog WHERE pid = ?1 AND seq = ?2",
            params![pid.to_string(), from::signed(seq)],
            |row| from::bytes(row, 0),
        )
    }

    fn entry_about(&self, pid: &Pid, doc: &DocId) -> Result<bool, StoreError> {
        let found = self.first(
            "SELECT 1 FROM plog WHERE pid = ?1 AND doc_id = ?2 LIMIT 1",
            params![pid.to_string(), doc.0],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn entries_total(&self) -> Result<u64, StoreError> {
        let sum = "SELECT coalesce(sum(next_seq - 1), 0) FROM partition";
        Ok(self.first(sum, [], |row| from::count(row, 0))?.unwrap_or(0))
    }

    fn bundle(&self, pid: &Pid) -> Result<Option<BundleRow>, StoreError> {
        self.first(&format!("{BUNDLE} WHERE pid = ?1"), [pid.to_string()], bundle)
    }

    fn bundles(&self) -> Result<Vec<BundleRow>, StoreError> {
        self.all(&format!("{BUNDLE} ORDER BY pid"), [], bundle)
    }

    fn bundle_put(&self, row: &BundleRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO bundle
               (pid, n, upto_seq, bytes, documents, file, sha256, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.pid.to_string(),
                from::signed(row.n),
                from::signed(row.upto_seq),
                from::signed(row.bytes),
                from::signed(row.documents),
                row.file,
                row.sha256,
                row.made_at.0
            ],
        )?;
        Ok(())
    }

    fn bundles_clear(&self) -> Result<(), StoreError> {
        self.run("DELETE FROM bundle", [])?;
        Ok(())
    }
}
