//! What the phone's half needs to know of the store, as plain values.

use crate::model::{ChangeHash, DocId, Pid};
use crate::sync::chain::{self, Chain};
use crate::sync::digest::{self, Digest, DocState};
use crate::sync::message::Cursor;

/// Where a phone stands in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The partition.
    pub pid: Pid,
    /// The history read; zeros before the first sync.
    pub history: [u8; 16],
    /// Last entry taken.
    pub seq: u64,
    /// Chain there.
    pub chain: Chain,
    /// Digest over the documents held.
    pub digest: Digest,
    /// How many they are.
    pub count: u32,
    /// Everything up to here is in an off-host backup.
    pub durable_seq: u64,
    /// The server's stamp at `seq`; zeros before the first.
    pub stamp: [u8; 16],
}

impl Standing {
    /// The cursor as it goes on the wire.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            pid: self.pid.clone(),
            history: self.history,
            seq: self.seq,
            chain: chain::cut(&self.chain),
            digest: self.digest.cut(),
            count: self.count,
        }
    }

    /// Before the first sync.
    #[must_use]
    pub fn new(pid: Pid) -> Self {
        Self {
            pid,
            history: [0; 16],
            seq: 0,
            chain: [0; 32],
            digest: Digest::default(),
            count: 0,
            durable_seq: 0,
            stamp: [0; 16],
        }
    }

    /// The same at the beginning of a history: its chain is known then.
    #[must_use]
    pub fn begun(mut self, history: &[u8; 16]) -> Self {
        if self.seq == 0 {
            self.chain = chain::origin(history, &self.pid);
        }
        self.history = *history;
        self
    }
}

/// A document as a partition holds it: what the digest is made of. Only acknowledged changes count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Heads of the changes read from this partition's log, sorted.
    pub heads: Vec<ChangeHash>,
    /// Live or frozen.
    pub state: DocState,
    /// How often it moved.
    pub move_gen: u32,
}

impl Member {
    /// Its share of the digest.
    #[must_use]
    pub fn item(&self, doc: &DocId) -> [u8; 32] {
        digest::item(doc, &self.heads, self.state, self.move_gen)
    }
}

/// Looks up what the store holds.
pub trait Held {
    /// The document as this partition holds it, if it does.
    fn member(&self, pid: &Pid, doc: &DocId) -> Option<Member>;
}

/// A change that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The document.
    pub doc: DocId,
    /// Its home as the phone knows it.
    pub pid: Pid,
    /// How often it moved, as the phone knows.
    pub move_gen: u32,
    /// The change.
    pub hash: ChangeHash,
    /// Its stored bytes.
    pub raw: Vec<u8>,
    /// The lease it was made under; 0: none.
    pub lease: u64,
}
