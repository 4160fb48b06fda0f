//! What waits to be sent, and what the server said about it. The sync driver calls these.

use super::{Phone, PhoneError};
use crate::document::parse_change;
use crate::model::{ChangeHash, DocId};
use crate::store::document::{self, Status};
use crate::store::{Db, StoreError, outbox};

/// A change to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The record.
    pub doc: DocId,
    /// Its home partition as this phone knows it.
    pub pid: String,
    /// How often it moved, as this phone knows.
    pub move_gen: i64,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes as they were made.
    pub raw: Vec<u8>,
}

/// What the server said about a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receipt {
    /// The record.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// Where it stands now.
    pub status: Status,
}

impl Phone {
    /// Changes that wait to be sent: within a record each after those it leans on.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn pending(&self, limit: usize) -> Result<Vec<Outgoing>, PhoneError> {
        self.with(|inner| {
            let waiting = outbox::pending(inner.store()?.db(), limit)?;
            let one = |w: outbox::Waiting| Outgoing {
                doc: w.doc,
                pid: w.pid,
                move_gen: w.move_gen,
                hash: w.change.hash,
                raw: w.change.raw,
            };
            Ok(waiting.into_iter().map(one).collect())
        })
    }

    /// Takes down what the server said, all in one transaction. What it does not know here is skipped.
    ///
    /// # Errors
    /// [`PhoneError::StorageFull`]: nothing was taken down; the server may be asked again.
    pub fn receive(&self, receipts: &[Receipt]) -> Result<(), PhoneError> {
        self.with(|inner| {
            for receipt in receipts {
                // What memory says about the outbox is stale after this.
                inner.records.drop(receipt.doc);
            }
            inner.store()?.write(|db| Ok(note(db, receipts)?))
        })
    }
}

/// Takes receipts down, in the order of the changes, so that the acked heads come out right.
pub(super) fn note(db: &Db, receipts: &[Receipt]) -> Result<(), StoreError> {
    let mut known = Vec::new();
    for receipt in receipts {
        if let Some((k, status)) = document::status_of(db, receipt.doc, &receipt.hash)?
            && status != receipt.status
        {
            known.push((receipt.doc, k, receipt));
        }
    }
    known.sort_by_key(|(doc, k, _)| (*doc, *k));
    known.dedup_by_key(|(doc, k, _)| (*doc, *k));
    for (doc, _, receipt) in known {
        outbox::mark(db, doc, &receipt.hash, receipt.status)?;
        if receipt.status == Status::Acked {
            acked(db, doc, &receipt.hash)?;
        }
    }
    Ok(())
}

/// heads' = heads without what the change leans on, and the change (protocol 4.7).
fn acked(db: &Db, doc: DocId, hash: &ChangeHash) -> Result<(), StoreError> {
    let Some(row) = document::find(db, doc)? else { return Ok(()) };
    let Some(raw) = document::raw_of(db, doc, hash)? else { return Ok(()) };
    let deps = parse_change(&raw).map(|p| p.deps).unwrap_or_default();
    let heads = lean(row.acked_heads, &deps, *hash);
    document::set_acked_heads(db, row.n, &heads)
}

/// The heads after a change that leans on `deps` joined them.
pub(super) fn lean(
    mut heads: Vec<ChangeHash>,
    deps: &[ChangeHash],
    hash: ChangeHash,
) -> Vec<ChangeHash> {
    heads.retain(|head| !deps.contains(head) && *head != hash);
    heads.push(hash);
    heads.sort_unstable();
    heads
}
