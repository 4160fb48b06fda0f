//! A change as bytes and what stands in its head. The first look at anything a stranger sent.

use automerge as am;

use crate::limits;
use crate::model::{Author, ChangeHash, UtcMillis};

use super::admit::AdmitError;
use super::convert;

/// Who makes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorship {
    /// The pseudonym of the person on this device.
    pub author: Author,
    /// Fresh random bytes, per document and process session; never persisted (protocol 4.5, I1).
    pub actor: [u8; limits::ACTOR_BYTES],
}

/// A change just made, ready for its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeChange {
    /// Its address within the document.
    pub hash: ChangeHash,
    /// The changes it leans on: the heads before it.
    pub deps: Vec<ChangeHash>,
    /// The uncompressed chunk.
    pub raw: Vec<u8>,
    /// Who wrote it, in this session.
    pub actor: [u8; limits::ACTOR_BYTES],
    /// Its number among the actor's changes, from 1.
    pub seq: u64,
    /// Number of its first operation.
    pub start_op: u64,
    /// Number of its last operation; also the highest in its history.
    pub max_op: u64,
}

/// What stands in the head of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeParts {
    /// Its address within the document.
    pub hash: ChangeHash,
    /// The changes it leans on.
    pub deps: Vec<ChangeHash>,
    /// Who wrote it, in one session.
    pub actor: [u8; limits::ACTOR_BYTES],
    /// Its number among the actor's changes, from 1.
    pub seq: u64,
    /// Number of its first operation.
    pub start_op: u64,
    /// Number of its last operation.
    pub max_op: u64,
    /// How many operations it has.
    pub ops: u64,
    /// The writer's clock (may be wrong).
    pub at: UtcMillis,
    /// The author, said on an actor's first change only.
    pub author: Option<Author>,
    /// Other actors whose operations it mentions.
    pub other_actors: Vec<[u8; limits::ACTOR_BYTES]>,
    /// The uncompressed chunk.
    pub raw: Vec<u8>,
}

impl ChangeParts {
    /// Reads the head of a change of our own document.
    pub(super) fn of(change: &am::Change) -> Result<Self, AdmitError> {
        let author = match change.author() {
            Some(author) => Some(convert::author(&author).ok_or(AdmitError::Author)?),
            None => None,
        };
        // Nothing that no reader sees: no message, no bytes but the author's footer.
        let footer = if author.is_some() { FOOTER_BYTES } else { 0 };
        if change.message().is_some() || change.extra_bytes().len() != footer {
            return Err(AdmitError::Extra);
        }
        let others = change.other_actor_ids().iter();
        Ok(Self {
            hash: convert::hash(&change.hash()),
            deps: change.deps().iter().map(convert::hash).collect(),
            actor: convert::actor(change.actor_id()).ok_or(AdmitError::ActorLength)?,
            seq: change.seq(),
            start_op: change.start_op().get(),
            max_op: change.start_op().get().saturating_add(change.len() as u64).saturating_sub(1),
            ops: change.len() as u64,
            at: convert::time(change.timestamp()),
            author,
            other_actors: others
                .map(|actor| convert::actor(actor).ok_or(AdmitError::ActorLength))
                .collect::<Result<_, _>>()?,
            raw: change.raw_bytes().to_vec(),
        })
    }
}

impl From<ChangeParts> for MadeChange {
    fn from(parts: ChangeParts) -> Self {
        let ChangeParts { hash, deps, raw, actor, seq, start_op, max_op, .. } = parts;
        Self { hash, deps, raw, actor, seq, start_op, max_op }
    }
}

/// Reads the head of a change from its bytes and checks what needs no history: kind of chunk,
/// size, checksum, length of actors.
///
/// # Errors
/// A stable code of [`AdmitError`]; nothing was applied anywhere.
pub fn parse_change(raw: &[u8]) -> Result<ChangeParts, AdmitError> {
    ChangeParts::of(&parse(raw)?)
}

/// The author's footer: a tag, a length, sixteen bytes.
const FOOTER_BYTES: usize = 18;
/// Magic bytes of every chunk of the engine.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Chunk type of an uncompressed change; a compressed one could inflate without bound.
const CHANGE_CHUNK: u8 = 1;

pub(super) fn parse(raw: &[u8]) -> Result<am::Change, AdmitError> {
    if raw.len() > limits::CHANGE_BYTES_MAX {
        return Err(AdmitError::Size);
    }
    let (Some(magic), Some(checksum), Some(kind)) = (raw.get(..4), raw.get(4..8), raw.get(8))
    else {
        return Err(AdmitError::Parse);
    };
    if magic != MAGIC {
        return Err(AdmitError::Parse);
    }
    if *kind != CHANGE_CHUNK {
        return Err(AdmitError::Type);
    }
    let change = super::guard::quietly(|| am::Change::try_from(raw))
        .map_err(|_| AdmitError::Parse)?
        .map_err(|_| AdmitError::Parse)?;
    // The engine accepts any checksum.
    if change.hash().0.get(..4) != Some(checksum) {
        return Err(AdmitError::Checksum);
    }
    Ok(change)
}
