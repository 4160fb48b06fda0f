//! The phone's half: what to send, what to believe of the answer, what to do next.
//!
//! Pure: [`Client::step`] takes what happened and gives effects; the driver
//! runs them and comes back with the outcome. Nothing of an answer is applied
//! before its chain and digest hold, and each slice goes to disk together with
//! the cursor that stands for it.

mod send;
mod standing;
mod take;

pub use standing::{Held, Member, Outgoing, Standing};
pub use take::{
    Changes, Distrust, Slice, Step, Taken, WholeDoc, take_bundle_header, take_chunk, take_part,
};

use std::collections::BTreeMap;

use crate::model::{ChangeHash, DeviceId, DocId, InstallId, Pid, UtcMillis};

use super::chain;
use super::message::{
    BundleRef, Checkpoint, DocChange, HealItem, HealRequest, HealResponse, LocateRequest, Notice,
    Offer, Part, PartStatus, PushStatus, Receipt, SyncRequest, SyncResponse, Term,
};

/// Rounds without progress after which a sync gives up until the next time (invariant 11).
const IDLE_ROUNDS_MAX: u32 = 3;

/// The code of a refusal of what leans on a change that was not taken; its text names these changes.
pub const LEANS_ON_DISCARDED: &str = "leans_on_discarded";

/// Who syncs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// App version.
    pub app: String,
    /// The installation.
    pub install: InstallId,
    /// The device.
    pub device: DeviceId,
    /// Partitions to serve first.
    pub priority: Vec<Pid>,
}

/// What happened.
pub enum Input<'a> {
    /// A sync is wanted.
    Start,
    /// What the store holds, as [`Effect::Gather`] asked.
    Gathered {
        /// Highest manifest counter used.
        counter: u64,
        /// Where each partition stands.
        standings: Vec<Standing>,
        /// Changes to send, in causal order per document.
        outgoing: Vec<Outgoing>,
        /// Entries to offer a restored server.
        offers: Vec<Offer>,
        /// More is to be offered after these: nothing else goes with them.
        offering: bool,
        /// Changes the server said it has and no log has shown.
        claims: Vec<DocChange>,
    },
    /// The server answered the sync.
    Answered(SyncResponse, &'a dyn Held),
    /// The server named the last common entry.
    Located(Pid, u64),
    /// The server answered the comparison; `None` when it could not.
    Healed(Pid, HealResponse),
    /// What [`Effect::Apply`] or [`Effect::Bundle`] asked is on disk.
    Applied,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Read counter, standings, outgoing changes and offers from the store.
    Gather,
    /// Sign the manifests and post to `/v1/sync`.
    Sync(Box<SyncRequest>),
    /// Write to disk: receipts and notices, then each slice in one transaction with its cursor.
    Apply(Box<Batch>),
    /// Post to `/v1/locate`; the store adds the checkpoints.
    Locate(Pid),
    /// Set the cursor back to a common entry; entries after it are offered from now on.
    Rewind(Pid, u64),
    /// Load a bundle, chunk by chunk, and set the cursor with the last.
    Bundle(Pid, BundleRef),
    /// Post to `/v1/heal`; the store adds the documents.
    Heal(Pid, u64),
    /// Write healed documents to disk.
    Mend(Pid, HealResponse),
    /// Stop reading partitions that are not granted; unsent work stays.
    Leave(Vec<Pid>),
    /// The push counter on the server is ahead: this data was restored or copied (protocol I4).
    Reinstall,
    /// Finished.
    Done(Outcome),
}

/// What an answer means for the disk.
#[derive(Debug, Default, PartialEq)]
pub struct Batch {
    /// Receipts for what was pushed.
    pub receipts: Vec<Receipt>,
    /// Outcomes of reviews.
    pub notices: Vec<Notice>,
    /// Partitions granted.
    pub grants: Vec<Pid>,
    /// Slices of partitions, in order.
    pub slices: Vec<Slice>,
    /// The server's time.
    pub server_time: UtcMillis,
    /// The lease to work under from now on.
    pub lease: Option<Term>,
    /// The post of the phone's person from now on.
    pub role: Option<String>,
    /// What the server said it had and has no more: to be sent again.
    pub lost: Vec<DocChange>,
    /// A partition and an entry after the end of its log, as the receipts were given: a backup that reaches it
    /// holds what they speak of.
    pub end: Option<(Pid, u64)>,
}

/// How a sync ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Changes accepted.
    pub pushed: u64,
    /// Entries taken.
    pub pulled: u64,
    /// Changes refused.
    pub refused: u64,
    /// Changes that wait for review.
    pub quarantined: u64,
    /// Seconds until the next sync.
    pub next_poll_s: u32,
    /// Something is left that needed more rounds than are allowed without progress.
    pub unfinished: bool,
}

/// The phone's half of one sync.
#[derive(Debug)]
pub struct Client {
    identity: Identity,
    outcome: Outcome,
    standings: BTreeMap<Pid, Standing>,
    pushed: BTreeMap<ChangeHash, Vec<u8>>,
    /// Partitions being healed: at most once each in a sync.
    healed: Vec<Pid>,
    more_to_send: bool,
    /// There is more to offer.
    offering: bool,
    /// Partitions asked for in this round of pages; 0 between rounds.
    asked: usize,
    again: bool,
    idle_rounds: u32,
}

impl Client {
    /// A client that has not begun.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            outcome: Outcome::default(),
            standings: BTreeMap::new(),
            pushed: BTreeMap::new(),
            healed: Vec::new(),
            more_to_send: false,
            offering: false,
            asked: 0,
            again: false,
            idle_rounds: 0,
        }
    }

    /// The same, counting on from what an earlier run of the same sync did.
    #[must_use]
    pub fn after(self, earlier: Outcome) -> Self {
        Self { outcome: earlier, ..self }
    }

    /// How far it has come.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Takes what happened and says what to do, in this order.
    ///
    /// # Errors
    /// [`Distrust`] when an answer does not hold together; nothing of it may be used.
    pub fn step(&mut self, now: UtcMillis, input: Input<'_>) -> Result<Vec<Effect>, Distrust> {
        Ok(match input {
            Input::Start => vec![Effect::Gather],
            Input::Gathered { counter, offers, offering: true, .. } => {
                self.offering = true;
                let request = self.request(now, counter, Vec::new(), Vec::new());
                vec![Effect::Sync(Box::new(SyncRequest { offers, ..request }))]
            }
            Input::Gathered { counter, standings, outgoing, offers, claims, .. } => {
                let request = self.request(now, counter, standings, outgoing);
                vec![Effect::Sync(Box::new(SyncRequest { offers, claims, ..request }))]
            }
            Input::Answered(response, held) => self.answered(response, held)?,
            Input::Located(pid, seq) => {
                self.again = true;
                vec![Effect::Rewind(pid, seq)]
            }
            Input::Healed(pid, response) => {
                self.again |= response.more;
                vec![Effect::Mend(pid, response)]
            }
            Input::Applied => self.applied(),
        })
    }

    fn answered(
        &mut self,
        response: SyncResponse,
        held: &dyn Held,
    ) -> Result<Vec<Effect>, Distrust> {
        let offering = std::mem::take(&mut self.offering);
        let mut progress = self.count(&response.push) | offering;
        self.again |= offering;
        self.outcome.next_poll_s = response.next_poll_s;
        let more_to_ask = self.asked > 0;
        self.again = more_to_ask || (self.more_to_send && progress);
        progress |= more_to_ask;
        let mut batch = Batch {
            receipts: response.push,
            notices: response.notices,
            grants: response.grants,
            slices: Vec::new(),
            server_time: response.server_time,
            lease: response.lease,
            role: response.role,
            end: end(&response.parts),
            lost: response.lost,
        };
        // A partition that was just granted is asked for at once.
        self.again |= batch.grants.iter().any(|pid| !self.standings.contains_key(pid));
        self.again |= !batch.lost.is_empty();
        progress |= !batch.lost.is_empty();
        let mut follow = Vec::new();
        let mut gone = Vec::new();
        for part in response.parts {
            match part.status {
                PartStatus::Ok | PartStatus::More => {
                    match self.take(&part, &response.history, held, &mut batch) {
                        // Nothing of it is used: where the two histories part is to be found first.
                        Err(Distrust::Chain { pid }) => follow.push(Effect::Locate(pid)),
                        taken => {
                            progress |= !part.entries.is_empty();
                            follow.extend(taken?);
                        }
                    }
                }
                PartStatus::Reset => {
                    follow.extend(part.bundle.map(|b| Effect::Bundle(part.pid, b)));
                }
                PartStatus::Diverged => follow.push(Effect::Locate(part.pid)),
                PartStatus::Forbidden | PartStatus::Gone => gone.push(part.pid),
            }
        }
        self.again |= !follow.is_empty();
        self.idle_rounds = if progress { 0 } else { self.idle_rounds + 1 };
        let mut effects = vec![Effect::Apply(Box::new(batch))];
        if !gone.is_empty() {
            effects.push(Effect::Leave(gone));
        }
        effects.extend(follow);
        Ok(effects)
    }

    /// Adds receipts to the outcome; says whether any was more than "try later".
    fn count(&mut self, receipts: &[Receipt]) -> bool {
        for receipt in receipts {
            match receipt.status {
                PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..) => {
                    self.outcome.pushed += 1;
                }
                // It is done again on another base, and offered so.
                PushStatus::Rejected(ref code, _) if code == LEANS_ON_DISCARDED => {}
                PushStatus::Rejected(..) | PushStatus::Gone => self.outcome.refused += 1,
                PushStatus::Quarantined(..) => self.outcome.quarantined += 1,
                PushStatus::MissingDeps(_) | PushStatus::TryLater => {}
            }
        }
        receipts
            .iter()
            .any(|r| !matches!(r.status, PushStatus::TryLater | PushStatus::MissingDeps(_)))
    }

    fn take(
        &mut self,
        part: &Part,
        history: &[u8; 16],
        held: &dyn Held,
        batch: &mut Batch,
    ) -> Result<Option<Effect>, Distrust> {
        let Some(standing) = self.standings.get(&part.pid) else { return Ok(None) };
        let taken = take_part(part, standing, history, held, &self.pushed)?;
        self.outcome.pulled += part.entries.len() as u64;
        self.again |= part.status == PartStatus::More;
        let heal = taken.differs && !self.healed.contains(&part.pid);
        batch.slices.extend(taken.slices);
        if heal {
            self.healed.push(part.pid.clone());
            return Ok(Some(Effect::Heal(part.pid.clone(), part.seq)));
        }
        Ok(None)
    }

    /// There is something to send that was not there when this round was gathered.
    pub fn go_on(&mut self) {
        self.again = true;
    }

    fn applied(&mut self) -> Vec<Effect> {
        if self.again && self.idle_rounds < IDLE_ROUNDS_MAX {
            self.again = false;
            return vec![Effect::Gather];
        }
        self.outcome.unfinished = self.again;
        vec![Effect::Done(self.outcome.clone())]
    }
}

/// Where the log of some partition ends, and one further.
fn end(parts: &[Part]) -> Option<(Pid, u64)> {
    let readable = |part: &&Part| matches!(part.status, PartStatus::Ok | PartStatus::More);
    parts.iter().find(readable).map(|part| (part.pid.clone(), part.last_seq + 1))
}

/// A comparison request from what the store holds of a partition.
#[must_use]
pub fn heal_request(pid: &Pid, seq: u64, members: &[(DocId, Member)]) -> HealRequest {
    let items = members
        .iter()
        .map(|(doc, member)| {
            let mut item = [0; 8];
            item.copy_from_slice(&member.item(doc)[..8]);
            HealItem { doc: *doc, item }
        })
        .collect();
    HealRequest { pid: pid.clone(), seq, items }
}

/// A locate request from the checkpoints the store holds, newest first.
#[must_use]
pub fn locate_request(pid: &Pid, mut known: Vec<(u64, chain::Chain)>) -> LocateRequest {
    known.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    known.truncate(super::checkpoint::CHECKPOINTS_MAX);
    let checkpoints =
        known.into_iter().map(|(seq, c)| Checkpoint { seq, chain: chain::cut(&c) }).collect();
    LocateRequest { pid: pid.clone(), checkpoints }
}

/// Milliseconds to wait after the n-th failure in a row (from 1): doubling from 2 s to 5 min, with up
/// to half of it taken off by `random`, so that 20,000 phones do not come back together.
#[must_use]
pub fn backoff_ms(failures: u32, random: u64) -> u64 {
    let full = 2_000u64.saturating_mul(1 << failures.clamp(1, 12).saturating_sub(1)).min(300_000);
    full - random % (full / 2 + 1)
}
