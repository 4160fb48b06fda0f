//! What the store holds, as the protocol's half wants to know it.

use crate::model::{ChangeHash, DocId, Pid};
use crate::store::{StoreError, claim, document, entry, kept, meta, outbox, part};
use crate::sync::client::{self, Input, Outgoing, Standing};
use crate::sync::digest::Digest;
use crate::sync::message::{DocChange, Entry, EntryKind, LocateRequest, Offer};
use crate::sync::{chain, chunk, frame};
use crate::{limits, phone::Phone, phone::PhoneError};
use rusqlite::Connection;

/// Entries offered in one request.
const OFFER_ENTRIES_MAX: usize = 4_000;
/// Entries looked at in one go.
const LOG_PAGE: usize = 500;

impl Phone {
    /// Counter, standings, changes to send and offers, in one look at the store.
    pub(super) fn gather(&self) -> Result<Input<'static>, PhoneError> {
        self.with(|inner| {
            let from = DocId(inner.entropy.sixteen());
            let db = inner.store()?.db();
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
                offers: offers(db)?,
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

    /// The server has looked at these offers; what it kept of them comes back as entries.
    pub(super) fn offers_made(&self, offers: &[Offer]) -> Result<(), PhoneError> {
        if offers.is_empty() {
            return Ok(());
        }
        self.with(|inner| {
            inner.store()?.write(|db| {
                for offer in offers {
                    let pid = offer.pid.to_string();
                    entry::drop_offer(db, &pid)?;
                    entry::forget_after(db, &pid, offer.after)?;
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(())
        })
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

/// Where the entries kept of a log begin, when they do not lead to where the cursor stands: a restored server
/// would take none of them.
pub(in crate::phone) fn torn_log(
    db: &Connection,
    row: &part::PartRow,
) -> Result<Option<u64>, StoreError> {
    let Some(now) = standing(row) else { return Ok(None) };
    let Some(first) = entry::list(db, &row.pid, 0, now.seq, 1)?.first().map(|row| row.seq) else {
        return Ok(None);
    };
    let mut known = part::checkpoints(db, &row.pid)?;
    known.push((0, chain::origin(&now.history, &now.pid)));
    let from = known.into_iter().filter(|(seq, _)| seq + 1 >= first).min_by_key(|(seq, _)| *seq);
    let Some((after, mut at)) = from else { return Ok(None) };
    let mut seq = after;
    while seq < now.seq {
        let page = entry::list(db, &row.pid, seq, now.seq, LOG_PAGE)?;
        for kept in &page {
            seq += 1;
            let Some(entry) = as_it_came(db, kept)?.filter(|_| kept.seq == seq) else {
                return Ok(Some(after));
            };
            let (kind, body_hash) = chain::link(&entry.what);
            at = chain::next(&at, seq, kind, &entry.doc, &body_hash);
        }
        if page.is_empty() {
            return Ok(Some(after));
        }
    }
    Ok((at != now.chain).then_some(after))
}

/// Offers to a restored server. What cannot be offered whole is offered as far as it goes: own work
/// is in the outbox anyway.
fn offers(db: &Connection) -> Result<Vec<Offer>, StoreError> {
    let mut offers = Vec::new();
    for row in entry::offers(db)? {
        let Ok(pid) = row.pid.parse::<Pid>() else { continue };
        let rows = entry::list(db, &row.pid, row.after, row.upto, OFFER_ENTRIES_MAX + 1)?;
        let whole = rows.len() as u64 == row.upto - row.after;
        let entries: Option<Vec<Entry>> = rows
            .iter()
            .map(|r| as_it_came(db, r).transpose())
            .map(Option::transpose)
            .collect::<Result<_, _>>()?;
        if let (true, Some(entries)) = (whole, entries) {
            offers.push(Offer { pid, after: row.after, entries, stamp: row.stamp });
        }
    }
    Ok(offers)
}

/// What to ask about, from a record on: where there is more than one request may hold, all have their turn.
fn claims(db: &Connection, from: DocId) -> Result<Vec<DocChange>, StoreError> {
    let claims = claim::list(db, from, limits::CLAIMS_MAX)?.into_iter();
    Ok(claims.map(|(doc, hash)| DocChange { doc, hash }).collect())
}

/// An entry as it came: a change from its row, anything else from its own body.
fn as_it_came(db: &Connection, row: &entry::EntryRow) -> Result<Option<Entry>, StoreError> {
    let what = match (&row.hash, &row.body) {
        (Some(hash), _) => change(db, row.doc, hash)?.map(EntryKind::Change),
        (None, Some(body)) => frame::decode::<Entry>(body).ok().map(|e| e.what),
        (None, None) => None,
    };
    Ok(what.map(|what| Entry { doc: row.doc, what }))
}

fn change(db: &Connection, doc: DocId, hash: &ChangeHash) -> Result<Option<Vec<u8>>, StoreError> {
    let raw = match document::raw_of(db, doc, hash)? {
        None => kept::raw_of(db, doc, hash)?,
        here => here,
    };
    Ok(raw.and_then(|raw| chunk::body(&raw).map(<[u8]>::to_vec)))
}
