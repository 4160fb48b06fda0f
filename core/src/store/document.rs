//! Documents as rows: one row a document, one row a change, a snapshot as cache.
//!
//! To this room a change is a hash and bytes.

mod status;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use crate::model::{ChangeHash, DocId};
pub use status::Status;

/// A document's row.
#[derive(Clone, Debug, PartialEq)]
pub struct DocRow {
    /// Its number in this file.
    pub n: i64,
    /// Identity.
    pub id: DocId,
    /// Home partition.
    pub pid: String,
    /// How often it moved between partitions.
    pub move_gen: i64,
    /// Kind, as the document says; empty where it does not.
    pub kind: String,
    /// `live`, `archived`, `erased`.
    pub state: String,
    /// Whether some change of it waits to be sent.
    pub unsent: bool,
    /// Heads of what the server has, sorted.
    pub acked_heads: Vec<ChangeHash>,
    /// Heads of everything here, sorted.
    pub local_heads: Vec<ChangeHash>,
    /// The change after which heads were last written down; behind the last one by edits made here.
    pub heads_k: i64,
}

impl DocRow {
    /// The row of a document just added, without changes.
    #[must_use]
    pub fn begun(n: i64, id: DocId, pid: String) -> Self {
        Self {
            n,
            id,
            pid,
            move_gen: 0,
            kind: String::new(),
            state: "live".to_owned(),
            unsent: false,
            acked_heads: Vec::new(),
            local_heads: Vec::new(),
            heads_k: 0,
        }
    }
}

/// A change's row.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    /// The order in which this phone learned it, within the document, from 1.
    pub k: i64,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Where it stands.
    pub status: Status,
}

/// Hashes end to end, 32 bytes each.
#[must_use]
pub fn join_heads(heads: &[ChangeHash]) -> Vec<u8> {
    heads.iter().flat_map(|h| h.0).collect()
}

/// The hashes of a joined row; a broken tail is dropped (the heads are then rebuilt from rows).
#[must_use]
pub fn split_heads(bytes: &[u8]) -> Vec<ChangeHash> {
    bytes.as_chunks::<32>().0.iter().map(|h| ChangeHash(*h)).collect()
}

pub(super) fn doc_id(bytes: &[u8]) -> Result<DocId, StoreError> {
    bytes.try_into().map(DocId).map_err(|_| StoreError::Damaged)
}

const DOC: &str = "SELECT n, doc_id, pid, move_gen, kind, state, unsent, acked_heads, local_heads,
     heads_k FROM doc";

fn doc_row(db: &Connection, row: &Row<'_>) -> Result<DocRow, StoreError> {
    let id = doc_id(&row.get::<_, Vec<u8>>(1)?)?;
    let heads_k = row.get(9)?;
    let local_heads = match last_change(db, id)? {
        Some((k, hash)) if k > heads_k => vec![hash],
        _ => split_heads(&row.get::<_, Vec<u8>>(8)?),
    };
    Ok(DocRow {
        n: row.get(0)?,
        id,
        pid: row.get(2)?,
        move_gen: row.get(3)?,
        kind: row.get(4)?,
        state: row.get(5)?,
        unsent: row.get(6)?,
        acked_heads: split_heads(&row.get::<_, Vec<u8>>(7)?),
        local_heads,
        heads_k,
    })
}

fn last_change(db: &Connection, id: DocId) -> Result<Option<(i64, ChangeHash)>, StoreError> {
    let mut find =
        db.prepare_cached("SELECT k, hash FROM change WHERE doc_id = ?1 ORDER BY k DESC LIMIT 1")?;
    let mut rows = find.query([&id.0[..]])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(0)?, change_hash(&row.get::<_, Vec<u8>>(1)?)?)))
}

fn change_hash(bytes: &[u8]) -> Result<ChangeHash, StoreError> {
    bytes.try_into().map(ChangeHash).map_err(|_| StoreError::Damaged)
}

/// A document's row by identity.
///
/// # Errors
/// When the file cannot be read.
pub fn find(db: &Connection, id: DocId) -> Result<Option<DocRow>, StoreError> {
    let mut find = db.prepare_cached(&format!("{DOC} WHERE doc_id = ?1"))?;
    let mut rows = find.query([&id.0[..]])?;
    rows.next()?.map(|row| doc_row(db, row)).transpose()
}

/// The rows of all documents after number `after`, at most `limit`.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection, after: i64, limit: usize) -> Result<Vec<DocRow>, StoreError> {
    let mut list = db.prepare_cached(&format!("{DOC} WHERE n > ?1 ORDER BY n LIMIT ?2"))?;
    let mut rows = list.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut docs = Vec::new();
    while let Some(row) = rows.next()? {
        docs.push(doc_row(db, row)?);
    }
    Ok(docs)
}

/// Adds a document without changes; gives its number.
///
/// # Errors
/// When the file cannot be written.
pub fn add(db: &Connection, id: DocId, pid: &str, kind: &str) -> Result<i64, StoreError> {
    db.prepare_cached("INSERT INTO doc (doc_id, pid, kind, local_heads) VALUES (?1, ?2, ?3, x'')")?
        .execute(params![&id.0[..], pid, kind])?;
    Ok(db.last_insert_rowid())
}

/// Adds a document that comes whole from the server, with its kind and its heads after change `k`; gives its
/// number, or nothing when it is here already.
///
/// # Errors
/// When the file cannot be written.
pub fn begin(
    db: &Connection,
    id: DocId,
    (pid, kind): (&str, &str),
    (k, heads): (i64, &[ChangeHash]),
) -> Result<Option<i64>, StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO doc (doc_id, pid, kind, heads_k, local_heads, acked_heads)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (doc_id) DO NOTHING",
    )?;
    let added = add.execute(params![&id.0[..], pid, kind, k, join_heads(heads)])?;
    Ok((added == 1).then(|| db.last_insert_rowid()))
}

/// States kind, heads after change `k`, and the heads of what the server has.
///
/// # Errors
/// When the file cannot be written.
pub fn settle(
    db: &Connection,
    n: i64,
    kind: &str,
    (k, heads): (i64, &[ChangeHash]),
    acked: &[ChangeHash],
) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE doc SET kind = ?2, heads_k = ?3, local_heads = ?4, acked_heads = ?5 WHERE n = ?1",
    )?
    .execute(params![n, kind, k, join_heads(heads), join_heads(acked)])?;
    Ok(())
}

/// States the heads of a document after change `k`. Not needed after a change that leans on all of
/// them, as one made here does.
///
/// # Errors
/// When the file cannot be written.
pub fn set_heads(db: &Connection, n: i64, k: i64, heads: &[ChangeHash]) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET local_heads = ?2, heads_k = ?3 WHERE n = ?1")?
        .execute(params![n, join_heads(heads), k])?;
    Ok(())
}

/// States the kind of a document.
///
/// # Errors
/// When the file cannot be written.
pub fn set_kind(db: &Connection, n: i64, kind: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET kind = ?2 WHERE n = ?1")?.execute(params![n, kind])?;
    Ok(())
}

/// States the heads of what the server has.
///
/// # Errors
/// When the file cannot be written.
pub fn set_acked_heads(db: &Connection, n: i64, heads: &[ChangeHash]) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET acked_heads = ?2 WHERE n = ?1")?
        .execute(params![n, join_heads(heads)])?;
    Ok(())
}

/// Adds a change as number `k` of its document.
///
/// # Errors
/// When the file cannot be written.
pub fn add_change(
    db: &Connection,
    id: DocId,
    k: i64,
    hash: &ChangeHash,
    raw: &[u8],
    status: Status,
) -> Result<(), StoreError> {
    let sql = match status {
        Status::Pending => {
            "INSERT INTO change (doc_id, k, hash, raw, status, lease) VALUES
               (?1, ?2, ?3, ?4, ?5, coalesce((SELECT id FROM lease WHERE current = 1), 0))"
        }
        _ => "INSERT INTO change (doc_id, k, hash, raw, status) VALUES (?1, ?2, ?3, ?4, ?5)",
    };
    db.prepare_cached(sql)?.execute(params![&id.0[..], k, &hash.0[..], raw, status.code()])?;
    Ok(())
}

/// Gives a change its bytes back.
///
/// # Errors
/// When the file cannot be written.
pub fn put_raw(db: &Connection, id: DocId, k: i64, raw: &[u8]) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE change SET raw = ?3 WHERE doc_id = ?1 AND k = ?2")?
        .execute(params![&id.0[..], k, raw])?;
    Ok(())
}

/// Takes a change's row away; only after it was set aside elsewhere.
///
/// # Errors
/// When the file cannot be written.
pub fn remove_change(db: &Connection, id: DocId, k: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM change WHERE doc_id = ?1 AND k = ?2")?
        .execute(params![&id.0[..], k])?;
    Ok(())
}

/// How many changes a document has here (the largest `k`).
///
/// # Errors
/// When the file cannot be read.
pub fn last_k(db: &Connection, id: DocId) -> Result<i64, StoreError> {
    let mut find = db.prepare_cached("SELECT max(k) FROM change WHERE doc_id = ?1")?;
    Ok(find.query_row([&id.0[..]], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}

/// The changes of a document after number `after`, in order.
///
/// # Errors
/// When the file cannot be read.
pub fn changes(db: &Connection, id: DocId, after: i64) -> Result<Vec<ChangeRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT k, hash, raw, status FROM change WHERE doc_id = ?1 AND k > ?2 ORDER BY k",
    )?;
    let mut rows = list.query(params![&id.0[..], after])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(change_row(row)?);
    }
    Ok(changes)
}

pub(super) fn change_row(row: &Row<'_>) -> Result<ChangeRow, StoreError> {
    let hash: Vec<u8> = row.get(1)?;
    Ok(ChangeRow {
        k: row.get(0)?,
        hash: change_hash(&hash)?,
        raw: row.get(2)?,
        status: Status::of(row.get(3)?),
    })
}

/// The snapshot of a document and how many changes it holds, if there is one.
///
/// # Errors
/// When the file cannot be read.
pub fn snapshot(db: &Connection, n: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let mut find = db.prepare_cached("SELECT through, bytes FROM snapshot WHERE n = ?1")?;
    Ok(find.query_row([n], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Stores a snapshot over the first `through` changes.
///
/// # Errors
/// When the file cannot be written.
pub fn put_snapshot(db: &Connection, n: i64, through: i64, bytes: &[u8]) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO snapshot (n, through, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![n, through, bytes])?;
    Ok(())
}

/// Drops a snapshot; the changes remain.
///
/// # Errors
/// When the file cannot be written.
pub fn drop_snapshot(db: &Connection, n: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM snapshot WHERE n = ?1")?.execute([n])?;
    Ok(())
}

/// Its number in the document and where a change stands, if it is here.
///
/// # Errors
/// When the file cannot be read.
pub fn status_of(
    db: &Connection,
    id: DocId,
    hash: &ChangeHash,
) -> Result<Option<(i64, Status)>, StoreError> {
    let mut find =
        db.prepare_cached("SELECT k, status FROM change WHERE doc_id = ?1 AND hash = ?2")?;
    let row = find
        .query_row(params![&id.0[..], &hash.0[..]], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map(|(k, code)| (k, Status::of(code))))
}

/// The bytes of a change, if it is here.
///
/// # Errors
/// When the file cannot be read.
pub fn raw_of(
    db: &Connection,
    id: DocId,
    hash: &ChangeHash,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut find = db.prepare_cached("SELECT raw FROM change WHERE doc_id = ?1 AND hash = ?2")?;
    Ok(find.query_row(params![&id.0[..], &hash.0[..]], |row| row.get(0)).optional()?)
}

/// Marks changes that the server had and lost, or kept for review and lost, as waiting to be sent.
///
/// # Errors
/// When the file cannot be written.
pub fn send_again(db: &Connection, doc: DocId, hashes: &[ChangeHash]) -> Result<(), StoreError> {
    let mut mark = db.prepare_cached(
        "UPDATE change SET status = 0 WHERE doc_id = ?1 AND hash = ?2 AND status IN (2, 4)",
    )?;
    for hash in hashes {
        mark.execute(params![&doc.0[..], &hash.0[..]])?;
    }
    db.prepare_cached(
        "UPDATE doc SET unsent = EXISTS
             (SELECT 1 FROM change c WHERE c.doc_id = doc.doc_id AND c.status <= 1)
         WHERE doc_id = ?1",
    )?
    .execute([&doc.0[..]])?;
    Ok(())
}
