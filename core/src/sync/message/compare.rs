//! What is said when histories or results differ: offers, the last common entry, comparing documents.

use minicbor::{Decode, Encode};

use crate::model::{DocId, Pid};

use super::{Body, Entry};

/// Where a phone stands in a partition; hashes cut to 16 bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cursor {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// The history it was read from.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub history: [u8; 16],
    /// Last entry taken; 0 before the first.
    #[n(2)]
    pub seq: u64,
    /// Chain at that entry.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub chain: [u8; 16],
    /// Digest over the documents held.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: [u8; 16],
    /// Number of documents held.
    #[n(5)]
    pub count: u32,
}

/// Log entries that a restored server has lost, offered by whoever still holds them.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map, context_bound = "crate::sync::row::InRow")]
pub struct Offer {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// The entry that the offered ones follow: the last common one, or the last one of the portion before.
    #[n(1)]
    pub after: u64,
    /// The entries as they were received.
    #[n(2)]
    pub entries: Vec<Entry>,
    /// The stamp received with the last of them.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub stamp: [u8; 16],
    /// What is proven of the entry that they follow; where an answer did not end there, the server's own log tells.
    #[n(4)]
    pub since: Option<Since>,
}

/// The chain at an entry, and the stamp received with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Since {
    /// The whole chain.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub chain: [u8; 32],
    /// The server's stamp of it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub stamp: [u8; 16],
}

/// `POST /v1/locate`: my chain at these numbers, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LocateRequest {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// Sparse checkpoints (number, chain cut to 16 bytes), at most 64.
    #[n(1)]
    pub checkpoints: Vec<Checkpoint>,
}

/// A number and the chain there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Checkpoint {
    /// Number of the entry.
    #[n(0)]
    pub seq: u64,
    /// Chain there, cut.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub chain: [u8; 16],
}

/// The answer to [`LocateRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LocateResponse {
    /// The highest common number; 0 when only the beginning is common.
    #[n(0)]
    pub seq: u64,
}

/// `POST /v1/heal`: what I hold of a partition whose digest differs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HealRequest {
    /// The partition.
    #[n(0)]
    pub pid: Pid,
    /// Where I stand.
    #[n(1)]
    pub seq: u64,
    /// Every document with the first 8 bytes of its digest item.
    #[n(2)]
    pub items: Vec<HealItem>,
}

/// A document and the first 8 bytes of its digest item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HealItem {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// First 8 bytes of the item.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub item: [u8; 8],
}

/// The answer to [`HealRequest`]: documents as the server holds them at `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map, context_bound = "crate::sync::row::InRow")]
pub struct HealResponse {
    /// The log position this is true for; differs when the partition moved on (sync first, then heal).
    #[n(0)]
    pub seq: u64,
    /// Documents to take whole.
    #[n(1)]
    pub take: Vec<HealDoc>,
    /// Documents the partition does not hold; drop what has no unsent work.
    #[n(2)]
    pub drop: Vec<DocId>,
    /// Whether there is more to heal; ask again.
    #[n(3)]
    pub more: bool,
}

/// A document as the server holds it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map, context_bound = "crate::sync::row::InRow")]
pub struct HealDoc {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// How often it moved.
    #[n(1)]
    pub move_gen: u32,
    /// `live`, `frozen`.
    #[n(2)]
    pub frozen: bool,
    /// All its changes in causal order.
    #[n(3)]
    pub bodies: Vec<Body>,
}
