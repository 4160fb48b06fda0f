//! How partitions hold their documents, and the entries that were read.
//!
//! Knows numbers, hashes and bytes; what an entry says is another room's.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::document::{Status, doc_id, join_heads, split_heads};
use crate::model::{ChangeHash, DocId};

/// A document as a partition holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The document.
    pub doc: DocId,
    /// Heads of the changes read from this partition, sorted.
    pub heads: Vec<ChangeHash>,
    /// Takes no more changes.
    pub frozen: bool,
    /// How often it moved.
    pub move_gen: u32,
}

/// The document as the partition holds it, if it does.
///
/// # Errors
/// When the file cannot be read.
pub fn find(db: &Connection, pid: &str, doc: DocId) -> Result<Option<MemberRow>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT heads, frozen, move_gen FROM member WHERE pid = ?1 AND doc_id = ?2",
    )?;
    Ok(find
        .query_row(params![pid, &doc.0[..]], |row| {
            let heads: Vec<u8> = row.get(0)?;
            Ok(MemberRow {
                doc,
                heads: split_heads(&heads),
                frozen: row.get(1)?,
                move_gen: row.get(2)?,
            })
        })
        .optional()?)
}

/// Every document of a partition.
///
/// # Errors
/// When the file cannot be read.
pub fn list(db: &Connection, pid: &str) -> Result<Vec<MemberRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT doc_id, heads, frozen, move_gen FROM member WHERE pid = ?1 ORDER BY doc_id",
    )?;
    let mut rows = list.query([pid])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(MemberRow {
            doc: doc_id(&row.get::<_, Vec<u8>>(0)?)?,
            heads: split_heads(&row.get::<_, Vec<u8>>(1)?),
            frozen: row.get(2)?,
            move_gen: row.get(3)?,
        });
    }
    Ok(members)
}

/// States how a partition holds a document; `None`: it left.
///
/// # Errors
/// When the file cannot be written.
pub fn put(
    db: &Connection,
    pid: &str,
    doc: DocId,
    member: Option<&MemberRow>,
) -> Result<(), StoreError> {
    match member {
        Some(member) => db
            .prepare_cached("INSERT OR REPLACE INTO member (pid, doc_id, heads, frozen, move_gen) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![pid, &doc.0[..], join_heads(&member.heads), member.frozen, member.move_gen])?,
        None => db
            .prepare_cached("DELETE FROM member WHERE pid = ?1 AND doc_id = ?2")?
            .execute(params![pid, &doc.0[..]])?,
    };
    Ok(())
}

/// Forgets every document of a partition.
///
/// # Errors
/// When the file cannot be written.
pub fn clear(db: &Connection, pid: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM member WHERE pid = ?1")?.execute([pid])?;
    Ok(())
}

/// Documents whose home was this partition, that no partition holds now and that the server once had.
///
/// # Errors
/// When the file cannot be read.
pub fn strays(db: &Connection, limit: usize) -> Result<Vec<DocId>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT doc_id FROM doc WHERE state = 'left' AND unsent = 0
         AND NOT EXISTS (SELECT 1 FROM member m WHERE m.doc_id = doc.doc_id)
         AND NOT EXISTS (SELECT 1 FROM change c WHERE c.doc_id = doc.doc_id AND c.status = ?2)
         AND NOT EXISTS (SELECT 1 FROM archive a WHERE a.doc_id = doc.doc_id AND a.status = ?2)
         LIMIT ?1",
    )?;
    // What waits for review stays in its author's sight until somebody has decided.
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = list.query(params![limit, Status::Quarantined.code()])?;
    let mut docs = Vec::new();
    while let Some(row) = rows.next()? {
        docs.push(doc_id(&row.get::<_, Vec<u8>>(0)?)?);
    }
    Ok(docs)
}

/// Says where a document lived when it left.
///
/// # Errors
/// When the file cannot be written.
pub fn set_left(db: &Connection, doc: DocId, pid: &str, move_gen: u32) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET pid = ?2, move_gen = ?3, state = 'left' WHERE doc_id = ?1")?
        .execute(params![&doc.0[..], pid, move_gen])?;
    Ok(())
}

/// States how a partition holds a document, and where its home is by that: where it moved to most often, a
/// grid before an inbox. Held nowhere any more, it has left; its home stays, so that unsent work finds its way.
/// What a document once moved to says nothing: a restored server may have undone it.
///
/// # Errors
/// When the file cannot be written.
pub fn hold(
    db: &Connection,
    pid: &str,
    doc: DocId,
    member: Option<&MemberRow>,
) -> Result<(), StoreError> {
    put(db, pid, doc, member)?;
    if let Some(member) = member
        && is_home(db, pid, member)?
    {
        return Ok(());
    }
    find_home(db, doc)
}

/// Whether a document's row says of its home what a partition says.
fn is_home(db: &Connection, pid: &str, member: &MemberRow) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM doc WHERE doc_id = ?1 AND pid = ?2 AND move_gen = ?3 AND state = ?4)",
    )?;
    let state = if member.frozen { "frozen" } else { "live" };
    Ok(find.query_row(params![&member.doc.0[..], pid, member.move_gen, state], |row| row.get(0))?)
}

/// Sets a document's home to where the partitions hold it now, or says that it left.
///
/// # Errors
/// When the file cannot be written.
pub fn find_home(db: &Connection, doc: DocId) -> Result<(), StoreError> {
    let held = db
        .prepare_cached(
            "UPDATE doc SET (pid, move_gen, state) =
                 (SELECT pid, move_gen, iif(frozen, 'frozen', 'live') FROM member
                  WHERE doc_id = ?1 ORDER BY move_gen DESC, pid DESC LIMIT 1)
             WHERE doc_id = ?1 AND EXISTS (SELECT 1 FROM member WHERE doc_id = ?1)",
        )?
        .execute([&doc.0[..]])?;
    if held == 0 {
        db.prepare_cached("UPDATE doc SET state = 'left' WHERE doc_id = ?1")?
            .execute([&doc.0[..]])?;
    }
    Ok(())
}

/// Points a document at the partition it moved to, unless it was pointed elsewhere already.
///
/// # Errors
/// When the file cannot be written.
pub fn redirect(db: &Connection, doc: DocId, from: &str, to: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET pid = ?3 WHERE doc_id = ?1 AND pid = ?2")?
        .execute(params![&doc.0[..], from, to])?;
    Ok(())
}

/// Takes a document out of sight. Its views must be empty already; its changes are kept
/// until a backup holds them ([`super::kept`]), and what the server did not take stays set aside.
///
/// # Errors
/// When the file cannot be written.
pub fn forget(db: &Connection, n: i64, doc: DocId) -> Result<(), StoreError> {
    super::kept::keep(db, doc)?;
    db.prepare_cached("DELETE FROM change WHERE doc_id = ?1")?.execute([&doc.0[..]])?;
    super::archive::forget(db, doc)?;
    db.prepare_cached("DELETE FROM snapshot WHERE n = ?1")?.execute([n])?;
    db.prepare_cached("DELETE FROM doc WHERE n = ?1")?.execute([n])?;
    Ok(())
}
