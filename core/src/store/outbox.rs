//! What waits to be sent. The outbox is not a second copy: it is the changes whose status says so.
//!
//! A document with such changes carries `unsent = 1`, so that an empty outbox
//! is seen without reading a change.

use rusqlite::{Connection, params};

use super::document::{ChangeRow, Status, change_row, doc_id};
use super::{StoreError, archive};
use crate::model::{ChangeHash, DocId};

/// A change that waits, with its document.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The document.
    pub doc: DocId,
    /// Its home partition as this phone knows it.
    pub pid: String,
    /// How often it moved, as this phone knows.
    pub move_gen: i64,
    /// The change.
    pub change: ChangeRow,
    /// The lease it was made under; 0: none.
    pub lease: u64,
}

/// How many changes stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pending or sent without answer.
    pub pending: i64,
    /// Refused.
    pub refused: i64,
    /// Waiting for review.
    pub quarantined: i64,
}

/// Changes that wait to be sent (pending, or sent without an answer): document by document in order
/// of birth on this phone, within a document each after those it leans on.
///
/// # Errors
/// When the file cannot be read.
pub fn pending(db: &Connection, limit: usize) -> Result<Vec<Waiting>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT c.k, c.hash, c.raw, c.status, d.doc_id, d.pid, d.move_gen,
           c.lease
         FROM doc d JOIN change c ON c.doc_id = d.doc_id
         WHERE d.unsent = 1 AND c.status <= 1 ORDER BY d.n, c.k LIMIT ?1",
    )?;
    let mut rows = list.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut waiting = Vec::new();
    while let Some(row) = rows.next()? {
        waiting.push(Waiting {
            change: change_row(row)?,
            doc: doc_id(&row.get::<_, Vec<u8>>(4)?)?,
            pid: row.get(5)?,
            move_gen: row.get(6)?,
            lease: row.get::<_, i64>(7)?.unsigned_abs(),
        });
    }
    Ok(waiting)
}

/// Says that a document has something to send.
///
/// # Errors
/// When the file cannot be written.
pub fn raise(db: &Connection, n: i64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE doc SET unsent = 1 WHERE n = ?1 AND unsent = 0")?.execute([n])?;
    Ok(())
}

/// Sets where a change stands. Unknown changes are left alone; says whether it was found.
///
/// # Errors
/// When the file cannot be written.
pub fn mark(
    db: &Connection,
    doc: DocId,
    hash: &ChangeHash,
    status: Status,
) -> Result<bool, StoreError> {
    let marked = db
        .prepare_cached("UPDATE change SET status = ?3 WHERE doc_id = ?1 AND hash = ?2")?
        .execute(params![&doc.0[..], &hash.0[..], status.code()])?;
    recount(db, doc)?;
    Ok(marked > 0)
}

/// Says anew whether a document has something to send.
///
/// # Errors
/// When the file cannot be written.
pub fn recount(db: &Connection, doc: DocId) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE doc SET unsent = EXISTS
             (SELECT 1 FROM change c WHERE c.doc_id = doc.doc_id AND c.status <= 1)
         WHERE doc_id = ?1",
    )?
    .execute([&doc.0[..]])?;
    Ok(())
}

/// How many changes stand where.
///
/// # Errors
/// When the file cannot be read.
pub fn counts(db: &Connection) -> Result<Counts, StoreError> {
    let pending = db
        .prepare_cached(
            "SELECT count(*) FROM doc d JOIN change c ON c.doc_id = d.doc_id
             WHERE d.unsent = 1 AND c.status <= 1",
        )?
        .query_row([], |row| row.get(0))?;
    let mut held =
        db.prepare_cached("SELECT count(*) FROM change WHERE status >= 3 AND status = ?1")?;
    let mut stand = |status: Status| held.query_row([status.code()], |row| row.get::<_, i64>(0));
    let (refused, quarantined) = (stand(Status::Refused)?, stand(Status::Quarantined)?);
    let (not_taken, waiting) = archive::over(db)?;
    Ok(Counts { pending, refused: refused + not_taken, quarantined: quarantined + waiting })
}
