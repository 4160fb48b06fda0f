//! The hash chain over a partition's log: proves *same history* (protocol 4.6).

use sha2::{Digest, Sha256};

use crate::model::{ChangeHash, DocId, Pid};

use super::chunk;
use super::message::{Entry, EntryKind, LeaveReason};

/// The chain at one entry.
pub type Chain = [u8; 32];

/// The chain before the first entry of a partition. A history id is twelve random bytes, drawn when the
/// server was born, and the restore epoch (u32, big-endian); the chain begins at the first twelve, so
/// that a restore starts no new chain.
#[must_use]
pub fn origin(history: &[u8; 16], pid: &Pid) -> Chain {
    let mut hasher = Sha256::new();
    hasher.update(b"ironfeet plog 1");
    hasher.update(&history[..12]);
    hasher.update(pid.to_string().as_bytes());
    hasher.finalize().into()
}

/// The chain at an entry: over the chain before it, its number, kind, document and body hash.
#[must_use]
pub fn next(before: &Chain, seq: u64, kind: u8, doc: &DocId, body_hash: &[u8; 32]) -> Chain {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(seq.to_be_bytes());
    hasher.update([kind]);
    hasher.update(doc.0);
    hasher.update(body_hash);
    hasher.finalize().into()
}

/// The chain at an entry as it goes on the wire.
#[must_use]
pub fn over(before: &Chain, seq: u64, entry: &Entry) -> Chain {
    let (kind, body_hash) = link(&entry.what);
    next(before, seq, kind, &entry.doc, &body_hash)
}

/// The first 16 bytes, as they go on the wire.
#[must_use]
pub fn cut(chain: &Chain) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&chain[..16]);
    out
}

/// Kind number of a change in the chain.
pub const CHANGE: u8 = 0;
/// Kind number of an ENTER.
pub const ENTER: u8 = 1;
/// Kind number of a LEAVE.
pub const LEAVE: u8 = 2;
/// Kind number of a FREEZE.
pub const FREEZE: u8 = 3;
/// Kind number of a NOTE.
pub const NOTE: u8 = 4;

/// Kind number and body hash of an entry. A change counts the same whether its bytes or its echo came.
#[must_use]
pub fn link(what: &EntryKind) -> (u8, [u8; 32]) {
    match what {
        EntryKind::Change(body) => (CHANGE, chunk::rebuild(body).1.0),
        EntryKind::Echo(hash) => (CHANGE, hash.0),
        EntryKind::Enter(move_gen, bodies) => {
            let hashes: Vec<ChangeHash> = bodies.iter().map(|b| chunk::rebuild(&b.0).1).collect();
            (ENTER, enter_hash(*move_gen, &hashes))
        }
        EntryKind::Leave(reason, move_gen) => (LEAVE, leave_hash(reason, *move_gen)),
        EntryKind::Freeze(move_gen) => (FREEZE, hash(&[&move_gen.to_be_bytes()])),
        EntryKind::Note(text) => (NOTE, hash(&[text.as_bytes()])),
    }
}

/// Body hash of an ENTER: over the move generation and the hashes of its changes in order.
#[must_use]
pub fn enter_hash(move_gen: u32, hashes: &[ChangeHash]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(move_gen.to_be_bytes());
    for hash in hashes {
        hasher.update(hash.0);
    }
    hasher.finalize().into()
}

/// Body hash of a LEAVE.
#[must_use]
pub fn leave_hash(reason: &LeaveReason, move_gen: u32) -> [u8; 32] {
    let word = match reason {
        LeaveReason::Archived => "archived".to_owned(),
        LeaveReason::Moved(to) => format!("moved {to}"),
        LeaveReason::Deleted => "deleted".to_owned(),
        LeaveReason::Removed => "removed".to_owned(),
    };
    hash(&[&move_gen.to_be_bytes(), word.as_bytes()])
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
