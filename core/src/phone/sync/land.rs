//! An answer onto the disk: receipts and notices first, then slices, each with the cursor that stands for it. What
//! receipts and notices mean is in `receive`.

use rusqlite::Connection;

use crate::document::change_deps;
use crate::faults::{self, Guard};
use crate::model::{ChangeHash, DocId, Pid};
use crate::phone::prepare::{Prepared, prepare};
use crate::phone::{Incoming, Inner, Phone, PhoneError};
use crate::store::document::{self, Status};
use crate::store::{StoreError, claim, entry, kept, member, part, stamped};
use crate::sync::client::{Batch, Slice, Standing, Step};
use crate::sync::message::{self, DocChange, Entry, EntryKind, LeaveReason};
use crate::sync::{checkpoint, chunk, frame};

use super::{Run, SyncError, to_row};

impl Run<'_> {
    /// Writes an answer to disk, slice by slice; others may use the store between slices. Says whether something
    /// was done again and is to be sent.
    pub(super) async fn land(&mut self, batch: Batch) -> Result<bool, SyncError> {
        let now = self.now()?;
        let again = self.phone.land_receipts(&batch, now)?;
        self.phone.take_back(&batch.lost)?;
        let total: u64 = batch.slices.iter().map(|s| s.steps.len() as u64).sum();
        self.progress.documents_total += total;
        for slice in &batch.slices {
            self.check_stop()?;
            self.phone.land_slice(slice)?;
            self.progress.documents_done += slice.steps.len() as u64;
            self.progress.bytes_done = self.transport.traffic().bytes_down;
            self.progress.bytes_total = self.progress.bytes_total.max(self.progress.bytes_done);
            self.watch.progress(self.progress);
            tokio::task::yield_now().await;
        }
        self.phone.stand_claims(batch.end.as_ref())?;
        Ok(again)
    }
}

impl Phone {
    /// From the end of this log on a backup holds what is claimed.
    fn stand_claims(&self, end: Option<&(Pid, u64)>) -> Result<(), PhoneError> {
        let Some((pid, seq)) = end else { return Ok(()) };
        self.with(|inner| {
            let store = inner.store()?;
            if claim::is_open(store.db())? {
                store.write(|db| claim::stand(db, &pid.to_string(), *seq))?;
            }
            Ok(())
        })
    }

    /// What the server said it had and has no more waits to be sent again; a record that had left comes back
    /// for it until then.
    pub(super) fn take_back(&self, lost: &[DocChange]) -> Result<(), PhoneError> {
        if lost.is_empty() {
            return Ok(());
        }
        self.with(|inner| {
            let mut back: Vec<(Incoming, u32)> = Vec::new();
            for DocChange { doc, hash } in lost {
                inner.records.drop(*doc);
                let rows = kept::of(inner.store()?.db(), *doc)?;
                let Some(row) = rows.into_iter().find(|row| row.hash == *hash) else { continue };
                match back.iter_mut().find(|(one, _)| one.doc == *doc) {
                    Some((one, _)) => one.raws.push(row.raw),
                    None => {
                        let (raws, status) = (vec![row.raw], Status::Pending);
                        back.push((
                            Incoming { doc: *doc, pid: row.pid, raws, status },
                            row.move_gen,
                        ));
                    }
                }
            }
            let (incoming, gens): (Vec<Incoming>, Vec<u32>) = back.into_iter().unzip();
            inner.apply(&incoming, Vec::new(), |db| {
                for (one, move_gen) in incoming.iter().zip(gens) {
                    member::set_left(db, one.doc, &one.pid, move_gen)?;
                }
                for DocChange { doc, hash } in lost {
                    document::send_again(db, *doc, &[*hash])?;
                    claim::drop(db, *doc, hash)?;
                }
                Ok(())
            })?;
            inner.redo_lost(lost)
        })
    }

    /// One slice in one transaction, unless an answer waits meanwhile: it goes between any two records. The cursor
    /// moves with the last of them; a cut in between takes the entries again. None waits for the disk: the end of
    /// the sync is durable with all before it.
    pub(super) fn land_slice(&self, slice: &Slice) -> Result<(), PhoneError> {
        self.land_slice_beside(slice, &|| self.is_awaited())
    }

    fn land_slice_beside(&self, slice: &Slice, waits: &dyn Fn() -> bool) -> Result<(), PhoneError> {
        let pid = slice.standing.pid.to_string();
        let incoming = incoming(&pid, slice);
        let mut prepared = incoming.iter().map(born).collect::<Vec<_>>().into_iter();
        let mut landed = 0;
        loop {
            landed += self.with(|inner| {
                let rest = &incoming[landed..];
                let and = |db: &Connection, taken| match landed + taken == incoming.len() {
                    true => write_slice(db, &pid, slice),
                    false => Ok(()),
                };
                let done =
                    inner.undelayed(|inner| inner.apply_until(rest, &mut prepared, waits, and));
                Ok(done?.1)
            })?;
            if landed == incoming.len() {
                return Ok(());
            }
        }
    }
}

impl Inner {
    /// Writes what may be lost in a power cut, as it comes again: no commit of it waits for the disk.
    pub(super) fn undelayed<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, PhoneError>,
    ) -> Result<T, PhoneError> {
        self.store()?.set_durable(false)?;
        let done = write(self);
        if let Err(error) = self.store()?.set_durable(true) {
            // Opened anew, it is durable again.
            self.store = None;
            return Err(error.into());
        }
        done
    }
}

/// What a slice says beside the changes of its records.
fn write_slice(db: &Connection, pid: &str, slice: &Slice) -> Result<(), PhoneError> {
    write_steps(db, pid, slice)?;
    shown(db, &slice.steps)?;
    for (doc, held) in &slice.members {
        let row = held.as_ref().map(|m| to_row(*doc, m));
        member::hold(db, pid, *doc, row.as_ref())?;
    }
    Ok(write_standing(db, &slice.standing)?)
}

/// What these entries show is claimed no more.
fn shown(db: &Connection, steps: &[(u64, Step)]) -> Result<(), StoreError> {
    if !claim::any(db)? {
        return Ok(());
    }
    for (_, step) in steps {
        match step {
            Step::Change { doc, hash, .. } => claim::drop(db, *doc, hash)?,
            Step::Enter { doc, changes, .. } => claims_shown(db, *doc, changes)?,
            Step::Leave { .. } | Step::Freeze { .. } | Step::Note(_) => {}
        }
    }
    Ok(())
}

/// A whole record came: nothing of it is claimed any more.
fn claims_shown(
    db: &Connection,
    doc: DocId,
    changes: &[(ChangeHash, Vec<u8>)],
) -> Result<(), StoreError> {
    changes.iter().try_for_each(|(hash, _)| claim::drop(db, doc, hash))
}

/// The changes of a slice, gathered by record in the order of their first entry.
fn incoming(pid: &str, slice: &Slice) -> Vec<Incoming> {
    let mut all: Vec<Incoming> = Vec::new();
    let mut add = |doc: DocId, raw: &[u8]| match all.iter_mut().find(|one| one.doc == doc) {
        Some(one) => one.raws.push(raw.to_vec()),
        None => all.push(Incoming {
            doc,
            pid: pid.to_owned(),
            raws: vec![raw.to_vec()],
            status: Status::Acked,
        }),
    };
    for (_, step) in &slice.steps {
        match step {
            Step::Change { doc, raw, .. } => add(*doc, raw),
            Step::Enter { doc, changes, .. } => changes.iter().for_each(|(_, raw)| add(*doc, raw)),
            Step::Leave { .. } | Step::Freeze { .. } | Step::Note(_) => {}
        }
    }
    all
}

/// A record whose birth came is most often new here: it is made ready before the store is held.
fn born(one: &Incoming) -> Option<Prepared> {
    let is_birth = |raw: &Vec<u8>| change_deps(raw).is_some_and(|deps| deps.is_empty());
    one.raws.iter().any(is_birth).then(|| prepare(one)).flatten()
}

/// Keeps the entries, each as it came: offered to a restored server, they must be what it once wrote.
fn write_steps(db: &Connection, pid: &str, slice: &Slice) -> Result<(), StoreError> {
    for (seq, step) in &slice.steps {
        let (doc, hash, what) = match step {
            Step::Change { doc, hash, .. } => (*doc, Some(*hash), None),
            Step::Enter { doc, move_gen, changes } => (*doc, None, Some(enter(*move_gen, changes))),
            Step::Leave { doc, reason, move_gen } => {
                if let LeaveReason::Moved(to) = reason {
                    // Unsent work goes on to where the record lives now.
                    member::redirect(db, *doc, pid, &to.to_string())?;
                }
                (*doc, None, Some(EntryKind::Leave(reason.clone(), *move_gen)))
            }
            Step::Freeze { doc, move_gen } => (*doc, None, Some(EntryKind::Freeze(*move_gen))),
            Step::Note(text) => (DocId([0; 16]), None, Some(EntryKind::Note(text.clone()))),
        };
        if *seq > slice.standing.durable_seq {
            let body = what.map(|what| frame::encode(&Entry { doc, what }));
            entry::put(db, pid, &entry::EntryRow { seq: *seq, doc, hash, body })?;
        }
    }
    Ok(())
}

fn enter(move_gen: u32, changes: &[(ChangeHash, Vec<u8>)]) -> EntryKind {
    let body = |raw: &[u8]| message::Body(chunk::body(raw).unwrap_or_default().to_vec());
    EntryKind::Enter(move_gen, changes.iter().map(|(_, raw)| body(raw)).collect())
}

/// The cursor after a slice, its checkpoint, and entries that need not be kept any longer.
pub(super) fn write_standing(db: &Connection, standing: &Standing) -> Result<(), StoreError> {
    let pid = standing.pid.to_string();
    part::put(
        db,
        &part::PartRow {
            pid: pid.clone(),
            history_id: standing.history.to_vec(),
            seq: i64::try_from(standing.seq).unwrap_or(i64::MAX),
            chain: standing.chain.to_vec(),
            digest: standing.digest.to_bytes().to_vec(),
            count: i64::from(standing.count),
            durable_seq: i64::try_from(standing.durable_seq).unwrap_or(i64::MAX),
            stamp: standing.stamp.to_vec(),
        },
    )?;
    if standing.seq > 0 {
        part::add_checkpoint(db, &pid, standing.seq, &standing.chain)?;
        let Standing { seq, chain, stamp, .. } = *standing;
        if stamp != [0; 16] {
            stamped::put(db, &pid, &stamped::StampedRow { seq, chain, stamp })?;
        }
        let known: Vec<u64> = {
            let mut seqs: Vec<u64> =
                part::checkpoints(db, &pid)?.into_iter().map(|(s, _)| s).collect();
            seqs.sort_unstable();
            seqs
        };
        let kept = checkpoint::thin(&known, standing.seq);
        for seq in known.iter().filter(|s| !kept.contains(s)) {
            part::drop_checkpoint(db, &pid, *seq)?;
        }
    }
    let durable =
        if faults::is_off(Guard::DurableSeq) { standing.seq } else { standing.durable_seq };
    if durable > 0 {
        let forgotten = entry::forget_upto(db, &pid, durable)?;
        if forgotten > 0 {
            stamped::forget_before(db, &pid, durable)?;
        }
        if forgotten + claim::settle_upto(db, &pid, durable)? > 0 {
            kept::drop_durable(db)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
