//! What the server said about this phone's work: receipts, outcomes of reviews, and what follows for the record.
//!
//! One transaction for all of an answer. What the server will never take goes out of its record and is kept
//! aside; later work is done again (`rebase`). Must not know how an answer travels.

use std::collections::BTreeMap;

use crate::document::parse_change;
use crate::model::{ChangeHash, DocId, Pid, Role, UtcMillis};
use crate::phone::apply::Incoming;
use crate::phone::outbox::{Receipt, note};
use crate::phone::rebase::{Hand, Out, Rebased, rebase, redo_lost};
use crate::phone::{Inner, Phone, PhoneError};
use crate::store::document::{self, Status};
use crate::store::{Db, StoreError, archive, claim, entry, inbox, lease, part};
use crate::sync::client::{Batch, LEANS_ON_DISCARDED};
use crate::sync::message::{self, DocChange, Entry, EntryKind, Notice, PushStatus};
use crate::sync::{chunk, frame};

/// Refusals of a whole delivery, whatever is in it: the work itself is not judged.
const OF_THE_SENDER: [&str; 3] = ["unknown_device", "signature", "unknown_person"];

/// What must go out of which record.
type Leaving = BTreeMap<DocId, Vec<Out>>;

impl Phone {
    /// Takes receipts and outcomes down; says whether work was done again for them and is to be sent.
    pub(super) fn land_receipts(&self, batch: &Batch, now: UtcMillis) -> Result<bool, PhoneError> {
        self.with(|inner| {
            inner.take_post(batch.role.as_deref(), now)?;
            let (rebased, again) = inner.receive(batch, now)?;
            // What could not be applied beside a change that is gone now fits, perhaps.
            let beside =
                |doc| Incoming { doc, pid: String::new(), raws: Vec::new(), status: Status::Acked };
            if !rebased.is_empty() {
                let incoming: Vec<Incoming> = rebased.into_iter().map(beside).collect();
                inner.apply(&incoming, Vec::new(), |_| Ok(()))?;
            }
            Ok(again)
        })
    }
}

impl Inner {
    /// The post that the person holds now, by the server's word. A name that this version does not know changes
    /// nothing: the server judges anyway.
    fn take_post(&mut self, told: Option<&str>, now: UtcMillis) -> Result<(), PhoneError> {
        let known = told.and_then(|name| name.parse::<Role>().ok());
        let other = |role: &Role| ![Role::Server, self.owner.role].contains(role);
        let Some(role) = known.filter(other) else { return Ok(()) };
        let tell = |db: &Db| inbox::add(db, None, "post_changed", role.as_str(), now.0);
        self.store()?.change_post(role, tell)?;
        self.owner.role = role;
        Ok(())
    }

    /// Takes an answer's word on this phone's work down; gives the records that were rebased, and whether
    /// something was done again.
    fn receive(&mut self, batch: &Batch, now: UtcMillis) -> Result<(Vec<DocId>, bool), PhoneError> {
        let (author, entropy) = (self.owner.author, self.entropy.clone());
        let hand = Hand { author, entropy: &*entropy, contents: &self.contents };
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let parts = part::list(store.db())?;
        let served = |pid: &String| parts.iter().any(|part| part.pid == *pid);
        let new: Vec<String> =
            batch.grants.iter().map(Pid::to_string).filter(|pid| !served(pid)).collect();
        let held = batch.lease.map(|term| lease::LeaseRow {
            id: term.id,
            not_before: term.not_before,
            not_after: term.not_after,
            hand_in_by: term.hand_in_by,
        });
        let held = if held == lease::current(store.db())? { None } else { held };
        let idle = batch.receipts.is_empty() && batch.notices.is_empty();
        if idle && new.is_empty() && held.is_none() {
            return Ok((Vec::new(), false));
        }
        let done = store.write(|db| {
            new.iter().try_for_each(|pid| part::serve(db, pid))?;
            let mut leaving = Leaving::new();
            for receipt in &batch.receipts {
                receipt_for(db, receipt, &mut leaving, now)?;
                if !is_shown(db, receipt, &parts)? {
                    claim::put(db, receipt.doc, &receipt.hash)?;
                }
            }
            // What was not taken first: an accepted change may stand in its place.
            for notice in batch.notices.iter().filter(|notice| !notice.accepted) {
                discarded(db, notice, &mut leaving, now)?;
            }
            held.iter().try_for_each(|lease| lease::hold(db, lease))?;
            let (mut rebased, mut again) = (Vec::new(), false);
            for (doc, out) in &leaving {
                if let Some(done) = rebase(db, *doc, out, &hand)? {
                    tell(db, *doc, done, now)?;
                    again |= done.again > 0;
                    rebased.push(*doc);
                }
            }
            for notice in batch.notices.iter().filter(|notice| notice.accepted) {
                accepted(db, notice, now)?;
            }
            Ok::<_, PhoneError>((rebased, again))
        })?;
        for doc in batch.notices.iter().map(|notice| &notice.doc).chain(&done.0) {
            self.records.drop(*doc);
        }
        batch.receipts.iter().try_for_each(|receipt| self.note_unsent(receipt.doc))?;
        Ok(done)
    }
}

impl Inner {
    /// What waited for review, was set aside here with what it leaned on, and is lost at the server is done again.
    pub(super) fn redo_lost(&mut self, lost: &[DocChange]) -> Result<(), PhoneError> {
        let mut by_doc: BTreeMap<DocId, Vec<ChangeHash>> = BTreeMap::new();
        for one in lost {
            by_doc.entry(one.doc).or_default().push(one.hash);
        }
        let (author, entropy, now) = (self.owner.author, self.entropy.clone(), self.now());
        let hand = Hand { author, entropy: &*entropy, contents: &self.contents };
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        store.write(|db| {
            for (doc, hashes) in &by_doc {
                let again = redo_lost(db, *doc, hashes, &hand)?;
                tell(db, *doc, Rebased { again, ..Rebased::default() }, now)?;
            }
            Ok::<_, PhoneError>(())
        })?;
        by_doc.keys().for_each(|doc| self.records.drop(*doc));
        by_doc.keys().try_for_each(|doc| self.note_unsent(*doc))
    }
}

/// Whether a log has shown already what a receipt says the server has; else it is asked about until one does.
fn is_shown(
    db: &Db,
    receipt: &message::Receipt,
    parts: &[part::PartRow],
) -> Result<bool, StoreError> {
    let (pid, seq) = match &receipt.status {
        PushStatus::Dup(seq) => (document::find(db, receipt.doc)?.map(|row| row.pid), *seq),
        PushStatus::Moved(seq, pid) => (Some(pid.to_string()), *seq),
        PushStatus::Accepted(_) | PushStatus::Quarantined(..) => return Ok(false),
        PushStatus::Rejected(..)
        | PushStatus::Gone
        | PushStatus::MissingDeps(_)
        | PushStatus::TryLater => return Ok(true),
    };
    // Number 0: it rests with a record that is in no log any more.
    let (Some(pid), 1..) = (pid, seq) else { return Ok(false) };
    let Some(part) = parts.iter().find(|part| part.pid == pid) else { return Ok(false) };
    let upto = |n: i64| u64::try_from(n).is_ok_and(|n| seq <= n);
    // A cursor beyond the number is not enough: the server may have been put back, and begun another history there.
    Ok(upto(part.seq) && (upto(part.durable_seq) || is_entry(db, &pid, seq, receipt)?))
}

/// Whether that entry, as it was read here, is this change, or the record with it.
fn is_entry(db: &Db, pid: &str, seq: u64, receipt: &message::Receipt) -> Result<bool, StoreError> {
    let Some(row) = entry::list(db, pid, seq - 1, seq, 1)?.pop() else { return Ok(false) };
    let brings = |body: &message::Body| chunk::rebuild(&body.0).1 == receipt.hash;
    Ok(row.doc == receipt.doc
        && match (row.hash, row.body.and_then(|body| frame::decode::<Entry>(&body).ok())) {
            (Some(hash), _) => hash == receipt.hash,
            (None, Some(Entry { what: EntryKind::Enter(_, bodies), .. })) => {
                bodies.iter().any(brings)
            }
            (None, _) => false,
        })
}

/// A receipt onto the row of its change, and a notice where a person must know.
fn receipt_for(
    db: &Db,
    receipt: &message::Receipt,
    leaving: &mut Leaving,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let (doc, hash) = (receipt.doc, receipt.hash);
    let mut out = |hash, again| leaving.entry(doc).or_default().push(Out { hash, again });
    let (status, told) = match &receipt.status {
        PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..) => {
            (Status::Acked, None)
        }
        PushStatus::Rejected(code, text) if code == LEANS_ON_DISCARDED => {
            text.split_whitespace().filter_map(|t| t.parse().ok()).for_each(|dep| out(dep, false));
            return Ok(());
        }
        PushStatus::Rejected(code, text) => {
            if !OF_THE_SENDER.contains(&&**code) {
                out(hash, false);
            }
            (Status::Refused, Some(("refused", format!("{code}: {text}"))))
        }
        PushStatus::Gone => (Status::Refused, Some(("refused", "gone".to_owned()))),
        PushStatus::Quarantined(ticket, reason) => {
            if reason == "equivocation" {
                out(hash, true);
            }
            (Status::Quarantined, Some(("waiting_for_review", format!("{ticket} {reason}"))))
        }
        PushStatus::MissingDeps(_) | PushStatus::TryLater => return Ok(()),
    };
    note(db, &[Receipt { doc, hash, status }])?;
    told.map_or(Ok(()), |(code, text)| say(db, (doc, hash), code, &text, now))
}

/// A review did not take a change.
fn discarded(
    db: &Db,
    notice: &Notice,
    leaving: &mut Leaving,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let (doc, hash) = (notice.doc, notice.hash);
    let aside = archive::of(db, doc)?.into_iter().find(|row| row.hash == hash);
    if aside.is_some_and(|row| row.reason == archive::REBASED && row.status == Status::Refused) {
        // What it meant was done again long since.
        return Ok(());
    }
    note(db, &[Receipt { doc, hash, status: Status::Refused }])?;
    archive::mark(db, doc, &hash, Status::Refused)?;
    claim::drop(db, doc, &hash)?;
    leaving.entry(doc).or_default().push(Out { hash, again: false });
    decided(db, notice, "review_discarded", now)
}

/// A review took a change. Where it was set aside here, or what it leans on was not taken, its like comes with the log.
fn accepted(db: &Db, notice: &Notice, now: UtcMillis) -> Result<(), StoreError> {
    let (doc, hash) = (notice.doc, notice.hash);
    if !archive::mark(db, doc, &hash, Status::Acked)? && stands_on_acked(db, doc, &hash)? {
        note(db, &[Receipt { doc, hash, status: Status::Acked }])?;
    }
    decided(db, notice, "review_accepted", now)
}

/// The outcome of a review: the change does not wait any more.
fn decided(db: &Db, notice: &Notice, code: &str, now: UtcMillis) -> Result<(), StoreError> {
    let about = (notice.doc, notice.hash);
    inbox::supersede(db, (notice.doc, &notice.hash), "waiting_for_review", now.0)?;
    say(db, about, code, &format!("{} {}", notice.ticket, notice.reason), now)
}

fn stands_on_acked(db: &Db, doc: DocId, hash: &ChangeHash) -> Result<bool, StoreError> {
    let Some(raw) = document::raw_of(db, doc, hash)? else { return Ok(false) };
    for dep in parse_change(&raw).map(|parts| parts.deps).unwrap_or_default() {
        let found = document::status_of(db, doc, &dep)?;
        if found.is_none_or(|(_, status)| status != Status::Acked) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A notice, once: the server repeats itself, because answers get lost.
fn say(
    db: &Db,
    (doc, hash): (DocId, ChangeHash),
    code: &str,
    text: &str,
    now: UtcMillis,
) -> Result<(), StoreError> {
    if inbox::has(db, doc, &hash, code)? {
        return Ok(());
    }
    inbox::add(db, Some((doc, Some(hash))), code, text, now.0)
}

/// What became of the record, where there is more to tell than that a change was not taken.
fn tell(db: &Db, doc: DocId, done: Rebased, now: UtcMillis) -> Result<(), StoreError> {
    let text = format!("{} {}", done.again, done.unfit);
    let told = match done {
        Rebased { whole: true, .. } => "record_not_taken",
        Rebased { unfit: 1.., .. } => "rebased_in_part",
        Rebased { again: 1.., .. } => "rebased",
        _ => return Ok(()),
    };
    inbox::add(db, Some((doc, None)), told, &text, now.0)
}

#[cfg(test)]
mod tests;
