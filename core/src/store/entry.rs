//! Entries read from logs, offers to a restored server, bundles half taken: rows of the sync.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::document::doc_id;
use crate::model::{ChangeHash, DocId};

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number.
    pub seq: u64,
    /// The document.
    pub doc: DocId,
    /// The change it carried, whose bytes are in their own row.
    pub hash: Option<ChangeHash>,
    /// Otherwise the entry as it came.
    pub body: Option<Vec<u8>>,
}

/// A count as a row holds it; none of ours is negative.
pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

pub(super) fn sql(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Keeps an entry.
///
/// # Errors
/// When the file cannot be written.
pub fn put(db: &Connection, pid: &str, entry: &EntryRow) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO entry (pid, seq, doc_id, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        pid,
        sql(entry.seq),
        &entry.doc.0[..],
        entry.hash.map(|h| h.0.to_vec()),
        entry.body
    ])?;
    Ok(())
}

/// Entries after `after` up to `upto`, in order, at most `limit`.
///
/// # Errors
/// When the file cannot be read.
pub fn list(
    db: &Connection,
    pid: &str,
    after: u64,
    upto: u64,
    limit: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT seq, doc_id, hash, body FROM entry WHERE pid = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
    )?;
    let mut rows = list.query(params![pid, sql(after), sql(upto), sql(limit as u64)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let hash: Option<Vec<u8>> = row.get(2)?;
        let hash =
            hash.map(|h| h.as_slice().try_into().map(ChangeHash).map_err(|_| StoreError::Damaged));
        entries.push(EntryRow {
            seq: unsigned(row.get(0)?),
            doc: doc_id(&row.get::<_, Vec<u8>>(1)?)?,
            hash: hash.transpose()?,
            body: row.get(3)?,
        });
    }
    Ok(entries)
}

/// Forgets entries up to a number: they are in an off-host backup of the server. Says how many there were.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_upto(db: &Connection, pid: &str, seq: u64) -> Result<usize, StoreError> {
    let mut forget = db.prepare_cached("DELETE FROM entry WHERE pid = ?1 AND seq <= ?2")?;
    Ok(forget.execute(params![pid, sql(seq)])?)
}

/// Forgets entries after a number: another history goes on from there.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_after(db: &Connection, pid: &str, seq: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM entry WHERE pid = ?1 AND seq > ?2")?
        .execute(params![pid, sql(seq)])?;
    Ok(())
}

/// An offer to a restored server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// The partition.
    pub pid: String,
    /// Last entry in common, or offered already.
    pub after: u64,
    /// Last entry to offer.
    pub upto: u64,
}

/// Notes an offer.
///
/// # Errors
/// When the file cannot be written.
pub fn put_offer(db: &Connection, offer: &OfferRow) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO offer (pid, after, upto) VALUES (?1, ?2, ?3)")?
        .execute(params![offer.pid, sql(offer.after), sql(offer.upto)])?;
    Ok(())
}

/// Offers still to be made.
///
/// # Errors
/// When the file cannot be read.
pub fn offers(db: &Connection) -> Result<Vec<OfferRow>, StoreError> {
    let mut list = db.prepare_cached("SELECT pid, after, upto FROM offer ORDER BY pid")?;
    let mut rows = list.query([])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        let (after, upto) = (unsigned(row.get(1)?), unsigned(row.get(2)?));
        offers.push(OfferRow { pid: row.get(0)?, after, upto });
    }
    Ok(offers)
}

/// An offer was made up to an entry.
///
/// # Errors
/// When the file cannot be written.
pub fn offer_from(db: &Connection, pid: &str, after: u64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE offer SET after = ?2 WHERE pid = ?1")?
        .execute(params![pid, sql(after)])?;
    Ok(())
}

/// An offer was made.
///
/// # Errors
/// When the file cannot be written.
pub fn drop_offer(db: &Connection, pid: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM offer WHERE pid = ?1")?.execute([pid])?;
    Ok(())
}

/// A bundle half taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// Its number on the server.
    pub n: u64,
    /// Its header, as it came; empty before it came.
    pub header: Vec<u8>,
    /// The byte where its next frame begins.
    pub byte: u64,
}

/// The bundle half taken of a partition.
///
/// # Errors
/// When the file cannot be read.
pub fn bundle(db: &Connection, pid: &str) -> Result<Option<BundleRow>, StoreError> {
    let mut find = db.prepare_cached("SELECT n, header, byte FROM bundle WHERE pid = ?1")?;
    Ok(find
        .query_row([pid], |row| {
            Ok(BundleRow {
                n: unsigned(row.get(0)?),
                header: row.get(1)?,
                byte: unsigned(row.get(2)?),
            })
        })
        .optional()?)
}

/// Notes how far a bundle was taken; `None`: it is done.
///
/// # Errors
/// When the file cannot be written.
pub fn put_bundle(
    db: &Connection,
    pid: &str,
    bundle: Option<&BundleRow>,
) -> Result<(), StoreError> {
    match bundle {
        Some(b) => db
            .prepare_cached(
                "INSERT OR REPLACE INTO bundle (pid, n, header, byte) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![pid, sql(b.n), b.header, sql(b.byte)])?,
        None => db.prepare_cached("DELETE FROM bundle WHERE pid = ?1")?.execute([pid])?,
    };
    Ok(())
}
