//! What phone and server say to each other. Plain values; [`super::frame`] alone knows their bytes.
//!
//! Numeric keys are for ever; new ones are added at the end and unknown ones are
//! skipped. Source: protocol page 4.8.

mod answer;
mod compare;
mod rights;

use minicbor::{Decode, Encode};

use crate::model::{ChangeHash, DeviceId, DocId, InstallId, Pid, UtcMillis};

pub use answer::Answer;
pub use compare::{
    Checkpoint, Cursor, HealDoc, HealItem, HealRequest, HealResponse, LocateRequest,
    LocateResponse, Offer, Since,
};
pub use rights::{Notice, Term};

/// The protocol this version speaks.
pub const PROTO: u16 = 1;
/// The newest schema of documents this version writes.
pub const SCHEMA: u32 = 1;

/// `POST /v1/sync`: first what I have for you, then what I lack.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map, context_bound = "super::row::InRow")]
pub struct SyncRequest {
    /// Protocol version.
    #[n(0)]
    pub proto: u16,
    /// App version, for the list of phones.
    #[n(1)]
    pub app: String,
    /// Newest document schema the app reads.
    #[n(2)]
    pub schema: u32,
    /// The installation; another one with the same key is a copy (protocol I3).
    #[n(3)]
    pub install: InstallId,
    /// The device whose key signs.
    #[n(4)]
    pub device: DeviceId,
    /// Highest manifest counter this installation has used.
    #[n(5)]
    pub counter: u64,
    /// Signed pushes, in causal order per document.
    #[n(6)]
    pub push: Vec<Manifest>,
    /// Where I stand in each partition.
    #[n(7)]
    pub cursors: Vec<Cursor>,
    /// How much I can take, and what first.
    #[n(8)]
    pub want: Want,
    /// Log entries a restored server has lost, proven by its own stamp.
    #[n(9)]
    pub offers: Vec<Offer>,
    /// Changes that could not be applied here, for the operator.
    #[n(10)]
    pub apply_failed: Vec<DocChange>,
    /// Changes the server said it has and no log has shown: does it still have them?
    #[cbor(n(11), skip_if = "Vec::is_empty", default)]
    pub claims: Vec<DocChange>,
    /// The tag of the answer kept last: where nothing changed since, it is not said again.
    #[cbor(n(12), skip_if = "Option::is_none", with = "minicbor::bytes")]
    pub etag: Option<[u8; 8]>,
}

/// How much a phone can take in one response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Want {
    /// Bytes of entries.
    #[n(0)]
    pub max_bytes: u32,
    /// Partitions to serve first.
    #[n(1)]
    pub priority: Vec<Pid>,
}

/// A document and one of its changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct DocChange {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// The change.
    #[n(1)]
    pub hash: ChangeHash,
}

/// A list of changes signed by their author's device.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map, context_bound = "super::row::InRow")]
pub struct Manifest {
    /// The author's device; the courier may be another.
    #[n(0)]
    pub device: DeviceId,
    /// Grows with every manifest of the device.
    #[n(1)]
    pub counter: u64,
    /// The lease under which the changes were made; 0 when none was given yet.
    #[n(2)]
    pub lease: u64,
    /// Device time of signing.
    #[n(3)]
    pub made_at: UtcMillis,
    /// The changes, with their bytes.
    #[n(4)]
    pub items: Vec<PushItem>,
    /// Signature over [`super::manifest::signed_bytes`].
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub sig: Vec<u8>,
}

/// One change on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array, context_bound = "super::row::InRow")]
pub struct PushItem {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// The partition the author believes it lies in.
    #[n(1)]
    pub pid: Pid,
    /// How often it had moved when the author wrote.
    #[n(2)]
    pub move_gen: u32,
    /// The change without the parts its hash proves ([`super::chunk`]).
    #[n(3)]
    #[cbor(with = "super::row")]
    pub body: Vec<u8>,
}

/// The answer to [`SyncRequest`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map, context_bound = "super::row::InRow")]
pub struct SyncResponse {
    /// The server's time.
    #[n(0)]
    pub server_time: UtcMillis,
    /// The server's history.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub history: [u8; 16],
    /// Highest manifest counter the server has from this device (protocol I4).
    #[n(2)]
    pub peer_counter: u64,
    /// One receipt for each change pushed, in the order pushed.
    #[n(3)]
    pub push: Vec<Receipt>,
    /// What each partition has for the phone.
    #[n(4)]
    pub parts: Vec<Part>,
    /// Decisions on work that waited for review.
    #[n(5)]
    pub notices: Vec<Notice>,
    /// When to ask again, in seconds.
    #[n(6)]
    pub next_poll_s: u32,
    /// Partitions this phone may read, in order; those not named any more are to be left.
    #[n(7)]
    pub grants: Vec<Pid>,
    /// The checklists published last, by the first half of the file's SHA-256.
    #[n(8)]
    #[cbor(with = "minicbor::bytes")]
    pub checklists: Option<[u8; 16]>,
    /// The lease to work under from now on; `None`: none is given, the one held stays.
    #[n(9)]
    pub lease: Option<Term>,
    /// Of the claims, those the server does not have: to be sent again.
    #[cbor(n(10), skip_if = "Vec::is_empty", default)]
    pub lost: Vec<DocChange>,
    /// The post of the phone's person, by its name: edits are checked by it from now on. `None`: unchanged.
    #[n(11)]
    pub role: Option<String>,
    /// With an answer that brings nothing new: by what to name it from now on.
    #[cbor(n(12), skip_if = "Option::is_none", with = "minicbor::bytes")]
    pub etag: Option<[u8; 8]>,
}

impl SyncResponse {
    /// Whether it brings nothing and asks for nothing: all partitions stand where the phone does.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let rests = |part: &Part| part.status == PartStatus::Ok && part.entries.is_empty();
        self.push.is_empty()
            && self.notices.is_empty()
            && self.lost.is_empty()
            && self.parts.iter().all(rests)
    }
}

/// What became of one pushed change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// The change.
    #[n(1)]
    pub hash: ChangeHash,
    /// What became of it.
    #[n(2)]
    pub status: PushStatus,
}

/// What became of a pushed change. Everything but `TryLater` is on the server's disk.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PushStatus {
    /// Committed at this number of its home partition.
    #[n(0)]
    Accepted(#[n(0)] u64),
    /// Was there already.
    #[n(1)]
    Dup(#[n(0)] u64),
    /// The server lacks these; send them first.
    #[n(2)]
    MissingDeps(#[n(0)] Vec<ChangeHash>),
    /// Never acceptable: a stable code and a text for people.
    #[n(3)]
    Rejected(#[n(0)] String, #[n(1)] String),
    /// Kept whole, waits for a supervisor under this ticket: ticket, reason code.
    #[n(4)]
    Quarantined(#[n(0)] u64, #[n(1)] String),
    /// Committed; the document lives in another partition now.
    #[n(5)]
    Moved(#[n(0)] u64, #[n(1)] Pid),
    /// Not looked at; try again.
    #[n(6)]
    TryLater,
    /// The document was erased for ever.
    #[n(7)]
    Gone,
}

/// How a partition answers a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PartStatus {
    /// Everything is here.
    #[n(0)]
    Ok,
    /// There is more; ask again at once.
    #[n(1)]
    More,
    /// The cursor is too old, or none: take the bundle first.
    #[n(2)]
    Reset,
    /// The chain does not match: find the last common entry by `/v1/locate`.
    #[n(3)]
    Diverged,
    /// Not yours to read any more.
    #[n(4)]
    Forbidden,
    /// No such partition.
    #[n(5)]
    Gone,
}

/// What a partition has for the phone.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map, context_bound = "super::row::InRow")]
pub struct Part {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// How to read the rest.
    #[n(1)]
    pub status: PartStatus,
    /// Entries after the cursor, in order, gapless.
    #[n(2)]
    pub entries: Vec<Entry>,
    /// Number of the last entry sent (the cursor's own when none).
    #[n(3)]
    pub seq: u64,
    /// Digest at the partition's end; only comparable when `status` is `Ok`.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub digest: [u8; 16],
    /// Documents at the partition's end.
    #[n(5)]
    pub count: u32,
    /// Everything up to here is in an off-host backup.
    #[n(6)]
    pub durable_seq: u64,
    /// The server's own proof of the chain at `seq` ([`super::stamp`]).
    #[cbor(n(7), with = "minicbor::bytes")]
    pub stamp: [u8; 16],
    /// The bundle to take, with `Reset`.
    #[n(8)]
    pub bundle: Option<BundleRef>,
    /// Last number of the partition, for progress.
    #[n(9)]
    pub last_seq: u64,
    /// The chain at `seq`, cut: what the phone must come to from its cursor over the entries.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub chain: [u8; 16],
}

/// One numbered entry of a partition's log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array, context_bound = "super::row::InRow")]
pub struct Entry {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// What happened.
    #[n(1)]
    pub what: EntryKind,
}

/// What an entry says of its document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(context_bound = "super::row::InRow")]
pub enum EntryKind {
    /// One more change; a document is born by its first.
    #[n(0)]
    Change(
        #[n(0)]
        #[cbor(with = "super::row")]
        Vec<u8>,
    ),
    /// A change whose bytes this very request carried: its hash.
    #[n(1)]
    Echo(#[n(0)] ChangeHash),
    /// The document entered this partition with all its changes: kind, move_gen, bodies.
    #[n(2)]
    Enter(#[n(0)] u32, #[n(1)] Vec<Body>),
    /// The document left this partition.
    #[n(3)]
    Leave(#[n(0)] LeaveReason, #[n(1)] u32),
    /// The document takes no more changes.
    #[n(4)]
    Freeze(#[n(0)] u32),
    /// A word to readers, such as the least schema they need.
    #[n(5)]
    Note(#[n(0)] String),
}

/// The bytes of one change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent, context_bound = "super::row::InRow")]
pub struct Body(
    #[n(0)]
    #[cbor(with = "super::row")]
    pub Vec<u8>,
);

/// Why a document left a partition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum LeaveReason {
    /// Closed long ago; the server keeps it.
    #[n(0)]
    Archived,
    /// Lives in another partition now.
    #[n(1)]
    Moved(#[n(0)] Pid),
    /// Deleted and frozen.
    #[n(2)]
    Deleted,
    /// Does not concern this partition any more (an inbox).
    #[n(3)]
    Removed,
}

/// Where a bundle lies.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundleRef {
    /// Number of the bundle: `GET /v1/bundle/{pid}/{n}`.
    #[n(0)]
    pub n: u64,
    /// The log position it stands for.
    #[n(1)]
    pub upto_seq: u64,
    /// Bytes on the wire.
    #[n(2)]
    pub bytes: u64,
    /// Documents inside.
    #[n(3)]
    pub count: u32,
    /// SHA-256 of the whole file.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
}
