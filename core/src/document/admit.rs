//! Admission: nothing a stranger sent reaches a document before it passed here (protocol 5.6).
//!
//! [`check_structure`] compares the head of a change with what the rows know of its
//! document; the dry run then tries it on a copy.

use crate::limits;
use crate::model::{Author, ChangeHash};

use super::change::ChangeParts;

/// Why a change is not admitted. Codes are stable; phone and server show the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// The bytes are no change.
    #[error("the bytes are no change")]
    Parse,
    /// The chunk is larger than a change may be.
    #[error("the change is larger than {} bytes", limits::CHANGE_BYTES_MAX)]
    Size,
    /// The chunk is of another type (a document, or a compressed change).
    #[error("the chunk is no uncompressed change")]
    Type,
    /// The checksum does not fit the content.
    #[error("the checksum does not fit")]
    Checksum,
    /// An actor is not exactly 16 bytes.
    #[error("an actor is not {} bytes", limits::ACTOR_BYTES)]
    ActorLength,
    /// More dependencies than a change may have, or the same twice.
    #[error("too many dependencies, or one twice")]
    Deps,
    /// Dependencies are not stored for this document.
    #[error("{} changes it leans on are not stored", .0.len())]
    MissingDeps(Vec<ChangeHash>),
    /// The number among the actor's changes leaves a gap, or its last change is not in its past.
    #[error("the number among its actor's changes is wrong")]
    Seq,
    /// The actor has another change of this number.
    #[error("the actor has another change of this number")]
    DuplicateSeq,
    /// The first operation's number is not one above the highest in its past.
    #[error("the number of its first operation is wrong")]
    StartOp,
    /// No operations, or more than a change may have.
    #[error("no operations, or too many")]
    Ops,
    /// It mentions an actor that has no change in this document.
    #[error("it mentions an unknown actor")]
    OtherActor,
    /// The author is missing on an actor's first change, stands on a later one, or is another's.
    #[error("the author is missing, misplaced or not the sender")]
    Author,
    /// The document has as many changes, actors or bytes as it may have.
    #[error("the document is full")]
    Full,
    /// The first change of a document does not lay out a kind of record.
    #[error("the document does not begin with a birth change")]
    Birth,
    /// The document engine panicked on it.
    #[error("the document engine cannot digest it")]
    DryRunPanic,
    /// The document engine refused it.
    #[error("the document engine refused it")]
    DryRun,
    /// The document engine gives it back in other bytes.
    #[error("it does not come back as it was sent")]
    Reencode,
    /// The document with it cannot be loaded again.
    #[error("the document cannot be loaded with it")]
    Load,
}

impl AdmitError {
    /// The stable code, as receipts and inboxes carry it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Size => "size",
            Self::Type => "type",
            Self::Checksum => "checksum",
            Self::ActorLength => "actor_length",
            Self::Deps => "deps",
            Self::MissingDeps(_) => "missing_deps",
            Self::Seq => "seq",
            Self::DuplicateSeq => "duplicate_seq",
            Self::StartOp => "start_op",
            Self::Ops => "ops",
            Self::OtherActor => "other_actor",
            Self::Author => "author",
            Self::Full => "full",
            Self::Birth => "birth",
            Self::DryRunPanic => "dry_run_panic",
            Self::DryRun => "dry_run",
            Self::Reencode => "reencode",
            Self::Load => "load",
        }
    }
}

/// What the rows know of one document's changes; asked by [`check_structure`].
pub trait History {
    /// How many changes are stored.
    fn changes(&self) -> u64;
    /// How many actors have changes.
    fn actors(&self) -> u64;
    /// Whether a change is stored.
    fn has(&self, hash: &ChangeHash) -> bool;
    /// The highest operation number in a stored change and its past; `None` if not stored.
    fn cum_max_op(&self, hash: &ChangeHash) -> Option<u64>;
    /// An actor's last number and change; `None` if it has none.
    fn actor(&self, actor: &[u8; limits::ACTOR_BYTES]) -> Option<(u64, ChangeHash)>;
    /// Whether `old` is in the past of any of `of`, or one of them. All are stored.
    fn in_past(&self, old: &ChangeHash, of: &[ChangeHash]) -> bool;
}

/// Checks the head of a change against its document's history (protocol 5.6). `author` is the
/// one its manifest is signed for; `None` skips that comparison (changes from the log).
///
/// # Errors
/// The first rule it breaks. [`AdmitError::MissingDeps`] names what must be sent first.
pub fn check_structure(
    parts: &ChangeParts,
    history: &dyn History,
    author: Option<&Author>,
) -> Result<(), AdmitError> {
    check_deps(parts, history)?;
    check_seq(parts, history)?;
    let past_max = parts.deps.iter().filter_map(|dep| history.cum_max_op(dep)).max().unwrap_or(0);
    if parts.ops == 0 || parts.ops > limits::CHANGE_OPS_MAX as u64 {
        return Err(AdmitError::Ops);
    }
    if parts.start_op != past_max + 1 || parts.max_op > u64::from(u32::MAX) {
        return Err(AdmitError::StartOp);
    }
    let known = |actor: &[u8; 16]| history.actor(actor).is_some();
    if !parts.other_actors.iter().all(known) {
        return Err(AdmitError::OtherActor);
    }
    check_author(parts, author)?;
    check_room(parts, history)
}

fn check_deps(parts: &ChangeParts, history: &dyn History) -> Result<(), AdmitError> {
    let mut sorted = parts.deps.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if parts.deps.len() > limits::CHANGE_DEPS_MAX || sorted.len() != parts.deps.len() {
        return Err(AdmitError::Deps);
    }
    let missing: Vec<ChangeHash> = sorted.into_iter().filter(|dep| !history.has(dep)).collect();
    if !missing.is_empty() {
        return Err(AdmitError::MissingDeps(missing));
    }
    // A second root would lay the document out twice.
    if parts.deps.is_empty() && history.changes() > 0 { Err(AdmitError::Birth) } else { Ok(()) }
}

fn check_seq(parts: &ChangeParts, history: &dyn History) -> Result<(), AdmitError> {
    match history.actor(&parts.actor) {
        None if parts.seq == 1 => Ok(()),
        None => Err(AdmitError::Seq),
        Some((last, _)) if parts.seq <= last => Err(AdmitError::DuplicateSeq),
        Some((last, hash)) if parts.seq == last + 1 && history.in_past(&hash, &parts.deps) => {
            Ok(())
        }
        Some(_) => Err(AdmitError::Seq),
    }
}

fn check_author(parts: &ChangeParts, author: Option<&Author>) -> Result<(), AdmitError> {
    let fits = match (parts.seq, &parts.author) {
        (1, Some(said)) => author.is_none_or(|author| author == said),
        (1, None) | (_, Some(_)) => false,
        (_, None) => true,
    };
    if fits { Ok(()) } else { Err(AdmitError::Author) }
}

fn check_room(parts: &ChangeParts, history: &dyn History) -> Result<(), AdmitError> {
    let full = history.changes() >= limits::DOCUMENT_CHANGES_MAX as u64
        || (parts.seq == 1 && history.actors() >= limits::DOCUMENT_ACTORS_MAX as u64);
    if full { Err(AdmitError::Full) } else { Ok(()) }
}
