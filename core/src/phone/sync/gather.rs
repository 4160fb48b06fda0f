//! What the store holds, as the protocol's half wants to know it.

use crate::model::{DocId, Pid};
use crate::store::{StoreError, claim, meta, outbox, part};
use crate::sync::client::{self, Input, Outgoing, Standing};
use crate::sync::digest::Digest;
use crate::sync::message::{DocChange, LocateRequest};
use crate::{limits, phone::Phone, phone::PhoneError};
use rusqlite::Connection;

use super::offer;

impl Phone {
    /// Counter, standings, changes to send and offers, in one look at the store.
    pub(super) fn gather(&self) -> Result<Input<'static>, PhoneError> {
        self.with(|inner| {
            let from = DocId(inner.entropy.sixteen());
            let store = inner.store()?;
            let offering = offer::next(store)?;
            let db = store.db();
            let outgoing = outbox::pending(db, limits::PUSH_CHANGES_MAX + 1)?
                .into_iter()
                .filter_map(|w| {
                    Some(Outgoing {
                        doc: w.doc,
                        pid: w.pid.parse().ok()?,
                        move_gen: u32::try_from(w.move_gen).unwrap_or(0),
                        hash: w.change.hash,
                        raw: w.change.raw,
                        lease: w.lease,
                    })
                })
                .collect();
            Ok(Input::Gathered {
                counter: counter(db)?,
                standings: part::list(db)?.into_iter().filter_map(|row| standing(&row)).collect(),
                outgoing,
                offers: offering.offers,
                offering: offering.more,
                claims: claims(db, from)?,
            })
        })
    }

    /// Keeps the highest push counter seen, here or on the server.
    pub(super) fn note_counter(&self, counter: u64) -> Result<(), PhoneError> {
        self.with(|inner| {
            let store = inner.store()?;
            if self::counter(store.db())? < counter {
                let text = counter.to_string();
                store.write(|db| meta::put(db, "push_counter", text.as_bytes()))?;
            }
            Ok(())
        })
    }

    /// The counter the server has of this key. Beyond ours: another copy of this data used it (protocol I4).
    pub(super) fn heard_counter(&self, counter: u64) -> Result<(), PhoneError> {
        let ahead = self.with(|inner| Ok(self::counter(inner.store()?.db())? < counter))?;
        if ahead {
            self.note_counter(counter)?;
            self.note_copied()?;
        }
        Ok(())
    }

    /// The checkpoints of a partition, its cursor first.
    pub(super) fn locate_request(&self, pid: &Pid) -> Result<LocateRequest, PhoneError> {
        self.with(|inner| {
            let db = inner.store()?.db();
            Ok(client::locate_request(pid, part::checkpoints(db, &pid.to_string())?))
        })
    }
}

fn counter(db: &Connection) -> Result<u64, StoreError> {
    Ok(meta::text(db, "push_counter")?.and_then(|t| t.parse().ok()).unwrap_or(0))
}

/// A partition's row as a standing; a row never synced is a beginning.
pub(super) fn standing(row: &part::PartRow) -> Option<Standing> {
    let begin = Standing::new(row.pid.parse().ok()?);
    let (Ok(history), Ok(chain), Ok(digest)) = (
        row.history_id.as_slice().try_into(),
        row.chain.as_slice().try_into(),
        <&[u8; 32]>::try_from(row.digest.as_slice()),
    ) else {
        return Some(begin);
    };
    Some(Standing {
        history,
        seq: u64::try_from(row.seq).ok()?,
        chain,
        digest: Digest::from_bytes(digest),
        count: u32::try_from(row.count).ok()?,
        durable_seq: u64::try_from(row.durable_seq).ok()?,
        stamp: row.stamp.as_slice().try_into().unwrap_or_default(),
        ..begin
    })
}

/// How a partition stands, if it is served.
pub(super) fn standing_of(db: &Connection, pid: &str) -> Result<Option<Standing>, StoreError> {
    Ok(part::list(db)?.iter().find(|row| row.pid == pid).and_then(standing))
}

/// What to ask about, from a record on: where there is more than one request may hold, all have their turn.
fn claims(db: &Connection, from: DocId) -> Result<Vec<DocChange>, StoreError> {
    let claims = claim::list(db, from, limits::CLAIMS_MAX)?.into_iter();
    Ok(claims.map(|(doc, hash)| DocChange { doc, hash }).collect())
}
