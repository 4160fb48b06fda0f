//! A push: verify, judge each document, commit, answer.
//!
//! Nothing is answered before it is durable, and a bad document stops no other.
//! Runs off the async threads; the commit itself is the writer's. Must not know
//! HTTP or frames.

pub(crate) mod commit;
pub(crate) mod judge;
mod leans;
mod sender;

use std::collections::HashMap;
use std::sync::Arc;

use ironfeet_core::document::{AdmitError, ChangeParts, parse_change};
use ironfeet_core::limits;
use ironfeet_core::model::{ChangeHash, DocId, Pid};
use ironfeet_core::sync::chunk;
use ironfeet_core::sync::manifest as signed;
use ironfeet_core::sync::message::{Manifest, PushItem, PushStatus, Receipt};

use crate::app::App;
use crate::config;
use crate::lease;
use crate::store::{self, Session, StoreError};
use commit::Ready;
use judge::{From, Verdict};
pub(crate) use sender::Sender;

/// One pushed change.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The document.
    pub(crate) doc: DocId,
    /// The change.
    pub(crate) hash: ChangeHash,
    /// Its stored bytes.
    pub(crate) raw: Vec<u8>,
    /// The partition its author meant.
    pub(crate) hint: Pid,
    /// How often the document had moved for its author.
    pub(crate) move_gen: u32,
    /// Its head, or why it has none.
    pub(crate) parts: Result<ChangeParts, AdmitError>,
    /// Which sender.
    pub(crate) sender: usize,
}

impl Item {
    /// A change from its wire form.
    fn new(item: &PushItem, sender: usize) -> Self {
        let (raw, hash) = chunk::rebuild(&item.body);
        let (hint, move_gen) = (item.pid.clone(), item.move_gen);
        Self { doc: item.doc, hash, parts: parse_change(&raw), raw, hint, move_gen, sender }
    }

    /// A change from its stored bytes.
    pub(crate) fn stored(doc: DocId, raw: Vec<u8>, hint: Pid, hash: ChangeHash) -> Self {
        let parts = parse_change(&raw);
        Self { doc, hash, raw, hint, move_gen: 0, parts, sender: 0 }
    }
}

/// The limit that a push breaks, if any; such a push is not looked at.
#[must_use]
pub fn beyond(manifests: &[Manifest]) -> Option<&'static str> {
    let items = || manifests.iter().flat_map(|manifest| &manifest.items);
    if manifests.iter().any(|manifest| manifest.items.len() > limits::MANIFEST_ITEMS_MAX) {
        Some("manifest_items")
    } else if items().count() > limits::PUSH_CHANGES_MAX {
        Some("push_changes")
    } else if items().map(|item| item.body.len()).sum::<usize>() > limits::PUSH_BYTES_MAX {
        Some("push_bytes")
    } else {
        None
    }
}

/// Takes what a phone pushed, within the limits of [`beyond`]. One receipt per change, in the order pushed.
///
/// # Errors
/// Of the store; nothing was committed then, and the phone tries again.
pub fn push(app: &Arc<App>, manifests: &[Manifest]) -> Result<Vec<Receipt>, StoreError> {
    let now = app.clock.now();
    let mut batch = Batch::default();
    store::view(&*app.store, |s| {
        batch = Batch::default();
        let settings = &app.config.sync;
        manifests.iter().try_for_each(|manifest| batch.read(s, settings, manifest, now))
    })?;
    let counters = batch.counters(manifests);
    let ready = store::view(&*app.store, |s| batch.judge(s, app))?;
    let Batch { senders, items, mut receipts, .. } = batch;
    if !ready.is_empty() || !counters.is_empty() {
        let ready = Ready { senders, documents: ready, counters };
        for (slot, status) in commit::run(app, ready)? {
            if let Some(receipt) = receipts.get_mut(slot) {
                receipt.status = status;
            }
        }
    }
    app.metrics.pushed(&receipts);
    drop(items);
    Ok(receipts)
}

/// Everything of one request.
#[derive(Default)]
struct Batch {
    senders: Vec<Sender>,
    /// Changes by document in the order of appearance, each with the place of its receipt.
    items: Vec<(DocId, Vec<(usize, Item)>)>,
    at: HashMap<DocId, usize>,
    receipts: Vec<Receipt>,
}

impl Batch {
    fn read(
        &mut self,
        s: &dyn Session,
        settings: &config::Sync,
        manifest: &Manifest,
        now: ironfeet_core::model::UtcMillis,
    ) -> Result<(), StoreError> {
        let sender = self.sender(s, settings, manifest, now)?;
        for item in &manifest.items {
            let change = Item::new(item, self.senders.len().saturating_sub(1));
            let status = match &sender {
                Err((code, text)) => PushStatus::Rejected((*code).to_owned(), (*text).to_owned()),
                Ok(()) => PushStatus::TryLater,
            };
            let slot = self.receipts.len();
            self.receipts.push(Receipt { doc: change.doc, hash: change.hash, status });
            if sender.is_ok() {
                self.add(slot, change);
            }
        }
        Ok(())
    }

    fn add(&mut self, slot: usize, item: Item) {
        let at = *self.at.entry(item.doc).or_insert_with(|| {
            self.items.push((item.doc, Vec::new()));
            self.items.len() - 1
        });
        if let Some((_, items)) = self.items.get_mut(at) {
            items.push((slot, item));
        }
    }

    /// Verifies the author of a manifest; the inner error refuses all of its changes.
    fn sender(
        &mut self,
        s: &dyn Session,
        settings: &config::Sync,
        manifest: &Manifest,
        now: ironfeet_core::model::UtcMillis,
    ) -> Result<Result<(), (&'static str, &'static str)>, StoreError> {
        let Some(device) = s.device(&manifest.device)? else {
            return Ok(Err(("unknown_device", "the device is not enrolled here")));
        };
        if !signed::is_signed(manifest, &device.public_key) {
            return Ok(Err(("signature", "the signature does not fit")));
        }
        let Some(person) = s.person(&device.person)? else {
            return Ok(Err(("unknown_person", "the account is gone")));
        };
        let row = commit::manifest_row(manifest, now);
        let asked = (manifest.device, manifest.lease, manifest.counter);
        let lease = lease::named(s, settings, asked, now)?;
        self.senders.push(Sender::of(&device, &person, row, lease));
        Ok(Ok(()))
    }

    /// What is noted of each phone that signed: its counter, and its clock when it signed.
    fn counters(&self, manifests: &[Manifest]) -> Vec<commit::Heard> {
        let signed = |m: &&Manifest| {
            let known = self.senders.iter().filter_map(|sender| sender.manifest.as_ref());
            known.clone().any(|row| row.device == m.device && row.counter == m.counter)
        };
        let heard = |m: &Manifest| commit::Heard {
            device: m.device,
            counter: m.counter,
            made_at: m.made_at,
        };
        manifests.iter().filter(signed).map(heard).collect()
    }

    fn judge(&mut self, s: &dyn Session, app: &App) -> Result<Vec<commit::Document>, StoreError> {
        let mut ready = Vec::new();
        for (doc, slotted) in &self.items {
            let (slots, items): (Vec<usize>, Vec<Item>) = slotted.iter().cloned().unzip();
            let judged = match judge::judge(s, From::View(app), &self.senders, *doc, &items) {
                Ok(judged) => judged,
                // A document that cannot be loaded stops no other; its changes come again.
                Err(StoreError::Damaged(what)) => {
                    tracing::error!(%doc, what, "a document could not be judged");
                    continue;
                }
                Err(error) => return Err(error),
            };
            ready.push(commit::Document { slots, items, judged });
        }
        Ok(ready)
    }
}

/// What a manifest is kept under: the hash of what was signed.
pub(crate) fn manifest_id(manifest: &Manifest) -> [u8; 16] {
    commit::manifest_row(manifest, ironfeet_core::model::UtcMillis(0)).id
}

/// What a verdict is for the phone, where nothing must be written for it.
pub(crate) fn status(verdict: &Verdict, home: &Pid, hint: &Pid) -> PushStatus {
    match verdict {
        Verdict::Known(pid, seq) if home == hint || pid == hint => PushStatus::Dup(*seq),
        Verdict::Known(_, seq) => PushStatus::Moved(*seq, home.clone()),
        Verdict::Missing(deps) => PushStatus::MissingDeps(deps.clone()),
        Verdict::Refused(code, text) => PushStatus::Rejected(code.clone(), text.clone()),
        Verdict::Waiting(ticket, reason) => PushStatus::Quarantined(*ticket, reason.clone()),
        Verdict::Accepted | Verdict::Quarantine(_) => PushStatus::TryLater,
    }
}
