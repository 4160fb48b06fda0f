//! Writes what was judged: log entries, changes, rows, receipts - one transaction, perhaps with others'.
//!
//! A document that changed since it was judged is judged again under the lock.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use ironfeet_core::faults::{self, Guard};
use ironfeet_core::model::{ChangeHash, DeviceId, DocId, Pid, UtcMillis};
use ironfeet_core::sync::lease::Admission;
use ironfeet_core::sync::manifest as signed;
use ironfeet_core::sync::message::{Manifest, PushStatus};

use super::judge::{self, After, From, Judged, Verdict};
use super::{Item, Sender, status};
use crate::app::App;
use crate::audit;
use crate::lifecycle;
use crate::log::{self, Body, Logs};
use crate::shelf::{Held, SNAPSHOT_EVERY};
use crate::store::{ChangeRow, DocRow, DocState, ManifestRow, Session, StoreError, TicketRow};

/// Everything of a request that is to be written.
pub(crate) struct Ready {
    /// Who sent.
    pub(crate) senders: Vec<Sender>,
    /// What, by document.
    pub(crate) documents: Vec<Document>,
    /// What is noted of the devices that signed.
    pub(crate) counters: Vec<Heard>,
}

/// A device that signed: its push counter, and what its clock showed then.
pub(crate) struct Heard {
    pub(crate) device: DeviceId,
    pub(crate) counter: u64,
    pub(crate) made_at: UtcMillis,
}

/// The changes of one document and their verdicts.
pub(crate) struct Document {
    /// The places of the receipts.
    pub(crate) slots: Vec<usize>,
    /// The changes.
    pub(crate) items: Vec<Item>,
    /// What becomes of them.
    pub(crate) judged: Judged,
}

/// What a committed request leaves behind.
struct Done {
    statuses: Vec<(usize, PushStatus)>,
    shelf: Vec<Held>,
    pids: Vec<Pid>,
}

/// Commits a request and waits until it is durable.
pub(crate) fn run(app: &Arc<App>, ready: Ready) -> Result<Vec<(usize, PushStatus)>, StoreError> {
    let Some(writer) = app.writer.as_ref() else { return Err(StoreError::Busy) };
    let inner = app.clone();
    let mut ready = ready;
    let done = writer.run(move |s| write(s, &inner, &mut ready))?;
    after(app, done.shelf, &done.pids);
    Ok(done.statuses)
}

/// What others see once it is durable.
fn after(app: &App, shelf: Vec<Held>, pids: &[Pid]) {
    for held in shelf {
        app.shelf.put(Arc::new(held));
    }
    app.nudge.wake(pids);
}

/// Commits inside a transaction of the caller's: for acts that write more than documents.
pub(crate) fn within(
    s: &dyn Session,
    app: &App,
    mut ready: Ready,
) -> Result<Vec<(usize, PushStatus)>, StoreError> {
    write(s, app, &mut ready).map(|done| done.statuses)
}

/// Whether everything was taken: what the server writes itself must be, or its act is not done.
pub(crate) fn is_taken(statuses: &[(usize, PushStatus)]) -> bool {
    statuses.iter().all(|(_, status)| {
        matches!(status, PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..))
    })
}

fn write(s: &dyn Session, app: &App, ready: &mut Ready) -> Result<Done, StoreError> {
    let now = app.clock.now();
    let mut pids = Vec::new();
    for document in &mut ready.documents {
        let row = s.doc(&document.judged.doc)?;
        let seen = |row: Option<&DocRow>| row.map(|row| row.generation);
        let same = seen(row.as_ref()) == seen(document.judged.row.as_ref());
        if !same && !faults::is_off(Guard::RowLock) {
            let doc = document.judged.doc;
            document.judged =
                judge::judge(s, From::Transaction(app), &ready.senders, doc, &document.items)?;
        }
        if let Some(after) = &document.judged.after {
            pids.push(document.judged.home.clone());
            pids.extend(s.presence(&document.judged.doc)?);
            pids.extend(lifecycle::inboxes(s, after.said.about.as_ref())?);
        }
    }
    let mut logs = Logs::lock(s, &app.identity, &pids)?;
    let mut done = Done { statuses: Vec::new(), shelf: Vec::new(), pids: Vec::new() };
    let mut used = vec![false; ready.senders.len()];
    for document in &mut ready.documents {
        write_document(s, &mut logs, document, &ready.senders, now, &mut used, &mut done)?;
    }
    done.pids = logs.close()?;
    for (sender, _) in ready.senders.iter().zip(used).filter(|(_, used)| *used) {
        sender.manifest.iter().try_for_each(|row| s.manifest_put(row))?;
    }
    for Heard { device, counter, made_at } in &ready.counters {
        let app_version = s.device(device)?.map(|row| row.app).unwrap_or_default();
        s.device_seen(device, now, *counter, &app_version)?;
        s.clock_seen(device, made_at.0.saturating_sub(now.0), now)?;
    }
    Ok(done)
}

fn write_document(
    s: &dyn Session,
    logs: &mut Logs<'_>,
    document: &mut Document,
    senders: &[Sender],
    now: UtcMillis,
    used: &mut [bool],
    done: &mut Done,
) -> Result<(), StoreError> {
    let Document { slots, items, judged } = document;
    let mut place = Placing::of(s, judged, now)?;
    let mut flagged = false;
    for ((item, verdict), slot) in items.iter().zip(&judged.verdicts).zip(slots.iter()) {
        let sender = senders.get(item.sender).ok_or(StoreError::Damaged("no sender"))?;
        let written = match verdict {
            Verdict::Accepted => {
                let status = place.change(s, logs, item, sender)?;
                let admitted = sender.admit(s, judged.row.as_ref(), &judged.home, item)?;
                if let (Admission::Flag(code), false) = (admitted, flagged) {
                    flag(s, sender, &item.doc, code, now)?;
                    flagged = true;
                }
                Some(status)
            }
            Verdict::Quarantine(reason) => quarantine(s, item, sender, reason, now)?,
            _ => None,
        };
        if let (Some(_), Some(used)) = (&written, used.get_mut(item.sender)) {
            *used = true;
        }
        let status = written.unwrap_or_else(|| status(verdict, &judged.home, &item.hint));
        done.statuses.push((*slot, status));
    }
    if let Some(after) = judged.after.take() {
        done.shelf.push(place.close(s, logs, after)?);
    }
    Ok(())
}

/// Notes in the trail, once per record and push, that work was taken by the grace of a lease.
fn flag(
    s: &dyn Session,
    sender: &Sender,
    doc: &DocId,
    code: &str,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let Some(manifest) = &sender.manifest else { return Ok(()) };
    audit::note(s, now, &manifest.device.to_string(), "work.flagged", &format!("{code} {doc}"))?;
    Ok(())
}

fn quarantine(
    s: &dyn Session,
    item: &Item,
    sender: &Sender,
    reason: &str,
    now: UtcMillis,
) -> Result<Option<PushStatus>, StoreError> {
    let (Some(author), Some(manifest)) = (sender.author, &sender.manifest) else { return Ok(None) };
    let ticket = s.ticket_open(&TicketRow {
        ticket: 0,
        doc: item.doc,
        hash: item.hash,
        raw: item.raw.clone(),
        pid: item.hint.clone(),
        device: manifest.device,
        author,
        manifest: manifest.id,
        reason: reason.to_owned(),
        received_at: now,
        decision: None,
    })?;
    Ok(Some(PushStatus::Quarantined(ticket, reason.to_owned())))
}

/// A document on its way into the logs of the partitions it appears in.
struct Placing {
    row: DocRow,
    pids: Vec<Pid>,
    before: Option<[u8; 32]>,
    born: bool,
    now: UtcMillis,
}

impl Placing {
    fn of(s: &dyn Session, judged: &Judged, now: UtcMillis) -> Result<Self, StoreError> {
        let born = judged.row.is_none();
        let row = judged.row.clone().unwrap_or_else(|| DocRow {
            id: judged.doc,
            pid: judged.home.clone(),
            move_gen: 0,
            kind: String::new(),
            state: DocState::Live,
            generation: 0,
            heads: Vec::new(),
            changes: 0,
            about: None,
            closed_at: None,
        });
        let pids = if born {
            // Where its place was shown to a department, so is what is begun there.
            let about = judged.after.as_ref().and_then(|after| after.said.about);
            let mut pids = lifecycle::inboxes(s, about.as_ref())?;
            pids.push(row.pid.clone());
            pids
        } else {
            s.presence(&row.id)?
        };
        let before = (!born).then(|| log::item(&row));
        Ok(Self { row, pids, before, born, now })
    }

    /// Appends one change everywhere the document appears.
    fn change(
        &mut self,
        s: &dyn Session,
        logs: &mut Logs<'_>,
        item: &Item,
        sender: &Sender,
    ) -> Result<PushStatus, StoreError> {
        if let Some(stored) = s.change(&item.doc, &item.hash)? {
            let known = Verdict::Known(stored.log_pid, stored.log_seq);
            return Ok(status(&known, &self.row.pid, &item.hint));
        }
        let parts =
            item.parts.as_ref().map_err(|_| StoreError::Damaged("an unparsed change passed"))?;
        // An archived document is on no phone: its change rests in the rows only.
        let mut seq = 0;
        for pid in &self.pids {
            let n = logs.append(pid, &item.doc, &Body::Change(item.hash), &[])?;
            if *pid == self.row.pid {
                seq = n;
            }
        }
        let row = ChangeRow {
            hash: item.hash,
            actor: parts.actor,
            seq: parts.seq,
            max_op: parts.max_op,
            author: parts.author,
            raw: item.raw.clone(),
            manifest: sender.manifest.as_ref().map(|manifest| manifest.id),
            log_pid: self.row.pid.clone(),
            log_seq: seq,
            received_at: self.now,
        };
        s.change_put(&item.doc, self.row.changes, &row)?;
        self.row.changes += 1;
        Ok(if self.row.pid == item.hint {
            PushStatus::Accepted(seq)
        } else {
            PushStatus::Moved(seq, self.row.pid.clone())
        })
    }

    /// Writes the rows that follow from the changes.
    fn close(
        mut self,
        s: &dyn Session,
        logs: &mut Logs<'_>,
        after: After,
    ) -> Result<Held, StoreError> {
        self.row.generation += 1;
        self.row.heads = after.document.heads();
        self.row.kind.clone_from(&after.said.kind);
        self.row.about = after.said.about;
        self.row.closed_at = after.said.closed_at.map(|at| at.min(self.now));
        s.doc_put(&self.row)?;
        if self.born {
            self.pids.iter().try_for_each(|pid| s.presence_set(pid, &self.row.id, true))?;
        }
        let item = log::item(&self.row);
        for pid in &self.pids {
            logs.share(pid, self.before, Some(item))?;
        }
        s.rows_put(&self.row.id, &after.said.rows)?;
        if self.row.changes.is_multiple_of(SNAPSHOT_EVERY) {
            s.snapshot_put(&self.row.id, self.row.changes, &after.snapshot)?;
        }
        let After { document, ledger, bytes, .. } = after;
        Ok(Held { row: self.row, document, ledger, bytes })
    }
}

/// A manifest as it is kept: what was signed, and the signature.
pub(crate) fn manifest_row(manifest: &Manifest, now: UtcMillis) -> ManifestRow {
    let mut bytes = signed::signed_bytes(manifest);
    bytes.extend_from_slice(&manifest.sig);
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    ManifestRow { id, device: manifest.device, counter: manifest.counter, bytes, received_at: now }
}

/// Changes of the server's own, ready to be written.
pub(crate) fn own(
    s: &dyn Session,
    app: &App,
    doc: ironfeet_core::model::DocId,
    home: &Pid,
    changes: Vec<(ChangeHash, Vec<u8>)>,
    sender: Sender,
) -> Result<Ready, StoreError> {
    let items: Vec<Item> =
        changes.into_iter().map(|(hash, raw)| Item::stored(doc, raw, home.clone(), hash)).collect();
    let senders = vec![sender];
    let judged = judge::judge(s, From::Transaction(app), &senders, doc, &items)?;
    let slots = (0..items.len()).collect();
    let documents = vec![Document { slots, items, judged }];
    Ok(Ready { senders, documents, counters: Vec::new() })
}
