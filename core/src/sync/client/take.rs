//! Whether an answer may be believed, and what it means for the disk.
//!
//! The chain over all entries is computed first; only then is anything handed
//! out, in slices small enough that an edit never waits for them.

use std::collections::BTreeMap;

use crate::document::change_deps;
use crate::faults::{self, Guard};
use crate::model::{ChangeHash, DocId, Pid};
use crate::sync::bundle::{BundleChunk, BundleHeader};
use crate::sync::chain;
use crate::sync::chunk;
use crate::sync::digest::{Digest, DocState, heads_after};
use crate::sync::message::{Body, Entry, EntryKind, HealDoc, LeaveReason, Part, PartStatus};

use super::standing::{Held, Member, Standing};

/// Changes in causal order, each with its stored bytes.
pub type Changes = Vec<(ChangeHash, Vec<u8>)>;

/// Entries per slice: about 20 ms of writing.
const SLICE_ENTRIES: usize = 50;

/// Why an answer is not believed. Nothing of it is used; the next sync asks again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// An entry carries something that is no change.
    #[error("entry {seq} of {pid} is not a whole change")]
    Entry {
        /// The partition.
        pid: Pid,
        /// The entry.
        seq: u64,
    },
    /// An echo of something this request did not carry.
    #[error("entry {seq} of {pid} is an echo of nothing that was sent")]
    Echo {
        /// The partition.
        pid: Pid,
        /// The entry.
        seq: u64,
    },
    /// The numbers do not add up.
    #[error("the entries of {pid} are not numbered without gaps")]
    Gap {
        /// The partition.
        pid: Pid,
    },
    /// The entries do not lead from our chain to the server's.
    #[error("the chain of {pid} is not what its entries come to")]
    Chain {
        /// The partition.
        pid: Pid,
    },
    /// A bundle of another partition, or whose sum is not its header's.
    #[error("the bundle of {pid} is not what its header says")]
    Bundle {
        /// The partition.
        pid: Pid,
    },
}

/// One entry, understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A change with its stored bytes (also an echo: the bytes are here already).
    Change {
        /// The document.
        doc: DocId,
        /// The change.
        hash: ChangeHash,
        /// Its stored bytes.
        raw: Vec<u8>,
    },
    /// The document is now held with these changes.
    Enter {
        /// The document.
        doc: DocId,
        /// How often it had moved.
        move_gen: u32,
        /// All its changes in causal order, stored bytes.
        changes: Changes,
    },
    /// The document left.
    Leave {
        /// The document.
        doc: DocId,
        /// Why.
        reason: LeaveReason,
        /// How often it had moved.
        move_gen: u32,
    },
    /// The document takes no more changes.
    Freeze {
        /// The document.
        doc: DocId,
        /// How often it had moved.
        move_gen: u32,
    },
    /// A word to readers.
    Note(String),
}

/// Some entries and the standing after them: one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The standing after these entries.
    pub standing: Standing,
    /// The entries with their numbers.
    pub steps: Vec<(u64, Step)>,
    /// Documents as the partition holds them after these entries; `None`: left.
    pub members: Vec<(DocId, Option<Member>)>,
}

/// What a part means.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Slices in order.
    pub slices: Vec<Slice>,
    /// The partition's end was reached and its digest is not ours.
    pub differs: bool,
}

struct Taking<'a> {
    standing: Standing,
    held: &'a dyn Held,
    overlay: BTreeMap<DocId, Option<Member>>,
    touched: Vec<DocId>,
    steps: Vec<(u64, Step)>,
}

/// Checks a part of an answer against the standing it was asked with and cuts it into slices.
///
/// # Errors
/// [`Distrust`]; nothing of the part may be used then.
pub fn take_part(
    part: &Part,
    standing: &Standing,
    history: &[u8; 16],
    held: &dyn Held,
    pushed: &BTreeMap<ChangeHash, Vec<u8>>,
) -> Result<Taken, Distrust> {
    let standing = standing.clone().begun(history);
    if standing.seq + part.entries.len() as u64 != part.seq {
        return Err(Distrust::Gap { pid: part.pid.clone() });
    }
    let mut taking =
        Taking { standing, held, overlay: BTreeMap::new(), touched: Vec::new(), steps: Vec::new() };
    let mut slices = Vec::new();
    for entry in &part.entries {
        taking.entry(entry, pushed)?;
        if taking.steps.len() >= SLICE_ENTRIES {
            slices.push(taking.slice());
        }
    }
    if chain::cut(&taking.standing.chain) != part.chain && !faults::is_off(Guard::ChainCheck) {
        return Err(Distrust::Chain { pid: part.pid.clone() });
    }
    let stale =
        taking.standing.durable_seq != part.durable_seq || taking.standing.stamp != part.stamp;
    taking.standing.durable_seq = part.durable_seq;
    taking.standing.stamp = part.stamp;
    let at_end = part.status == PartStatus::Ok;
    let differs = at_end
        && (taking.standing.digest.cut() != part.digest || taking.standing.count != part.count);
    if !taking.steps.is_empty() || (stale && slices.is_empty()) {
        slices.push(taking.slice());
    } else if let Some(last) = slices.last_mut() {
        last.standing = taking.standing;
    }
    Ok(Taken { slices, differs })
}

impl Taking<'_> {
    fn entry(
        &mut self,
        entry: &Entry,
        pushed: &BTreeMap<ChangeHash, Vec<u8>>,
    ) -> Result<(), Distrust> {
        let seq = self.standing.seq + 1;
        let pid = self.standing.pid.clone();
        let step = match &entry.what {
            EntryKind::Change(body) => self.change(entry.doc, seq, body)?,
            EntryKind::Echo(hash) => {
                let body = pushed.get(hash).ok_or(Distrust::Echo { pid, seq })?;
                self.change(entry.doc, seq, body)?
            }
            EntryKind::Enter(move_gen, bodies) => {
                let (member, changes) = whole(&pid, seq, *move_gen, DocState::Live, bodies)?;
                self.put(entry.doc, Some(member));
                Step::Enter { doc: entry.doc, move_gen: *move_gen, changes }
            }
            EntryKind::Leave(reason, move_gen) => {
                self.put(entry.doc, None);
                Step::Leave { doc: entry.doc, reason: reason.clone(), move_gen: *move_gen }
            }
            EntryKind::Freeze(move_gen) => {
                let frozen =
                    self.member(&entry.doc).map(|m| Member { state: DocState::Frozen, ..m });
                self.put(entry.doc, frozen);
                Step::Freeze { doc: entry.doc, move_gen: *move_gen }
            }
            EntryKind::Note(text) => Step::Note(text.clone()),
        };
        self.standing.chain = chain::over(&self.standing.chain, seq, entry);
        self.standing.seq = seq;
        // Known where the answer ends.
        self.standing.stamp = [0; 16];
        self.steps.push((seq, step));
        Ok(())
    }

    fn change(&mut self, doc: DocId, seq: u64, body: &[u8]) -> Result<Step, Distrust> {
        let (raw, hash) = chunk::rebuild(body);
        let bad = || Distrust::Entry { pid: self.standing.pid.clone(), seq };
        let deps = change_deps(&raw).ok_or_else(bad)?;
        let member = match self.member(&doc) {
            Some(member) => Member { heads: heads_after(&member.heads, &deps, hash), ..member },
            None => Member { heads: vec![hash], state: DocState::Live, move_gen: 0 },
        };
        self.put(doc, Some(member));
        Ok(Step::Change { doc, hash, raw })
    }

    fn member(&self, doc: &DocId) -> Option<Member> {
        match self.overlay.get(doc) {
            Some(member) => member.clone(),
            None => self.held.member(&self.standing.pid, doc),
        }
    }

    fn put(&mut self, doc: DocId, after: Option<Member>) {
        let before = self.member(&doc);
        if let Some(before) = &before {
            self.standing.digest.remove(&before.item(&doc));
        }
        if let Some(after) = &after {
            self.standing.digest.add(&after.item(&doc));
        }
        self.standing.count = match (before.is_some(), after.is_some()) {
            (false, true) => self.standing.count + 1,
            (true, false) => self.standing.count.saturating_sub(1),
            _ => self.standing.count,
        };
        self.overlay.insert(doc, after);
        self.touched.push(doc);
    }

    fn slice(&mut self) -> Slice {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let members = touched.into_iter().map(|doc| (doc, self.member(&doc))).collect();
        Slice { standing: self.standing.clone(), steps: std::mem::take(&mut self.steps), members }
    }
}

/// A document given whole: its member and its stored changes.
fn whole(
    pid: &Pid,
    seq: u64,
    move_gen: u32,
    state: DocState,
    bodies: &[Body],
) -> Result<(Member, Changes), Distrust> {
    let mut heads: Vec<ChangeHash> = Vec::new();
    let mut changes = Vec::new();
    for body in bodies {
        let (raw, hash) = chunk::rebuild(&body.0);
        let deps = change_deps(&raw).ok_or_else(|| Distrust::Entry { pid: pid.clone(), seq })?;
        heads = heads_after(&heads, &deps, hash);
        changes.push((hash, raw));
    }
    Ok((Member { heads, state, move_gen }, changes))
}

/// Checks the header of a bundle against the partition it was asked for; gives the standing after it.
///
/// # Errors
/// [`Distrust::Bundle`] when it belongs to another partition.
pub fn take_bundle_header(pid: &Pid, header: &BundleHeader) -> Result<Standing, Distrust> {
    if header.pid != *pid {
        return Err(Distrust::Bundle { pid: pid.clone() });
    }
    Ok(Standing {
        pid: pid.clone(),
        history: header.history,
        seq: header.upto_seq,
        chain: header.chain,
        digest: Digest::from_bytes(&header.digest),
        count: header.count,
        durable_seq: header.durable_seq,
        stamp: header.stamp,
    })
}

/// A document of a bundle or a comparison, with its member and stored changes.
pub type WholeDoc = (DocId, Member, Changes);

/// The documents of a chunk, understood.
///
/// # Errors
/// [`Distrust::Entry`] when one of them is no document.
pub fn take_chunk(pid: &Pid, chunk: &BundleChunk) -> Result<Vec<WholeDoc>, Distrust> {
    chunk.docs.iter().map(|doc| take_doc(pid, doc)).collect()
}

fn take_doc(pid: &Pid, doc: &HealDoc) -> Result<WholeDoc, Distrust> {
    let state = if doc.frozen { DocState::Frozen } else { DocState::Live };
    let (member, changes) = whole(pid, 0, doc.move_gen, state, &doc.bodies)?;
    Ok((doc.doc, member, changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceId, InstallId, UtcMillis};
    use crate::sync::client::{Client, Effect, Identity, Input};
    use crate::sync::message::SyncResponse;

    struct Nothing;

    impl Held for Nothing {
        fn member(&self, _: &Pid, _: &DocId) -> Option<Member> {
            None
        }
    }

    /// What a phone that begins does with one note under this chain.
    fn effects_of(told: impl FnOnce([u8; 16]) -> [u8; 16]) -> Vec<Effect> {
        let pid: Pid = "g329901001012001".parse().unwrap();
        let history = [3; 16];
        let entry = Entry { doc: DocId([0; 16]), what: EntryKind::Note("停电".to_owned()) };
        let honest = chain::over(&chain::origin(&history, &pid), 1, &entry);
        let part = Part {
            pid: pid.clone(),
            status: PartStatus::Ok,
            entries: vec![entry],
            seq: 1,
            digest: Digest::default().cut(),
            count: 0,
            durable_seq: 0,
            stamp: [1; 16],
            bundle: None,
            last_seq: 1,
            chain: told(chain::cut(&honest)),
        };
        let mut client = Client::new(Identity {
            app: "test".to_owned(),
            install: InstallId([1; 16]),
            device: DeviceId([2; 16]),
            priority: Vec::new(),
        });
        let standings = vec![Standing::new(pid.clone())];
        let gathered = Input::Gathered {
            counter: 0,
            standings,
            outgoing: Vec::new(),
            offers: Vec::new(),
            offering: false,
            claims: Vec::new(),
        };
        let _request = client.step(UtcMillis(0), gathered).unwrap();
        let answer = SyncResponse {
            server_time: UtcMillis(0),
            history,
            peer_counter: 0,
            push: Vec::new(),
            parts: vec![part],
            notices: Vec::new(),
            checklists: None,
            next_poll_s: 60,
            grants: vec![pid],
            lease: None,
            lost: Vec::new(),
            role: None,
            etag: None,
        };
        client.step(UtcMillis(0), Input::Answered(answer, &Nothing)).unwrap()
    }

    fn slices(effects: &[Effect]) -> usize {
        let of = |effect: &Effect| match effect {
            Effect::Apply(batch) => batch.slices.len(),
            _ => 0,
        };
        effects.iter().map(of).sum()
    }

    #[test]
    fn entries_are_taken_when_they_lead_to_the_chain_told() {
        let effects = effects_of(|chain| chain);
        assert_eq!((slices(&effects), effects.len()), (1, 1));
    }

    #[test]
    fn entries_under_another_chain_are_not_taken_and_the_common_entry_is_asked_for() {
        let effects = effects_of(|chain| chain.map(|byte| byte ^ 1));
        assert_eq!(slices(&effects), 0);
        assert!(matches!(effects.last(), Some(Effect::Locate(_))), "{effects:?}");
    }
}
