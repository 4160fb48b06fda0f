//! Admission: nothing a stranger sent reaches a document before it passed here (protocol 5.6).
//!
//! [`check_structure`] compares the head of a change with what the rows know of its
//! document; the dry run then tries it on a copy.

use std::collections::HashMap;

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
    #[error("more than {} dependencies, or one twice", limits::CHANGE_DEPS_MAX)]
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
    #[error("no operations, or more than {}", limits::CHANGE_OPS_MAX)]
    Ops,
    /// It mentions an actor that has no change in this document.
    #[error("it mentions an unknown actor")]
    OtherActor,
    /// The author is missing on an actor's first change, stands on a later one, or is another's.
    #[error("the author is missing, misplaced or not the sender")]
    Author,
    /// It carries bytes beside its operations: a message, or more than the author's footer.
    #[error("it carries more than operations")]
    Extra,
    /// The document has as many changes, actors or bytes as it may have.
    #[error(
        "the document is full ({} changes, {} actors, {} bytes)",
        limits::DOCUMENT_CHANGES_MAX,
        limits::DOCUMENT_ACTORS_MAX,
        limits::DOCUMENT_BYTES_MAX
    )]
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
            Self::Extra => "extra",
            Self::Full => "full",
            Self::Birth => "birth",
            Self::DryRunPanic => "dry_run_panic",
            Self::DryRun => "dry_run",
            Self::Reencode => "reencode",
            Self::Load => "load",
        }
    }
}

/// What the rows know of one actor in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorState {
    /// Number of its last change.
    pub seq: u64,
    /// Its last change.
    pub last: ChangeHash,
    /// The author its first change names.
    pub author: Option<Author>,
}

/// What the rows know of one document's changes; asked by [`check_structure`].
pub trait History {
    /// How many changes are stored.
    fn changes(&self) -> u64;
    /// How many actors have changes.
    fn actors(&self) -> u64;
    /// The highest operation number in a stored change and its past; `None` if it is not stored.
    fn cum_max_op(&self, hash: &ChangeHash) -> Option<u64>;
    /// What is known of an actor; `None` if it has no change here.
    fn actor(&self, actor: &[u8; limits::ACTOR_BYTES]) -> Option<ActorState>;

    /// Whether a change is stored.
    fn has(&self, hash: &ChangeHash) -> bool {
        self.cum_max_op(hash).is_some()
    }
}

/// Checks the head of a change against its document's history (protocol 5.6). `author` is the
/// one its manifest is signed for; `None` skips that comparison (changes from the log).
///
/// A change that is stored already is not asked about here: look with [`History::has`] first.
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
    if parts.ops == 0 || parts.ops > limits::CHANGE_OPS_MAX as u64 {
        return Err(AdmitError::Ops);
    }
    let past_max = parts.deps.iter().filter_map(|dep| history.cum_max_op(dep)).max().unwrap_or(0);
    if parts.start_op != past_max + 1 || parts.max_op > u64::from(u32::MAX) {
        return Err(AdmitError::StartOp);
    }
    if !parts.other_actors.iter().all(|actor| history.actor(actor).is_some()) {
        return Err(AdmitError::OtherActor);
    }
    check_author(parts, history, author)?;
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

/// Numbers leave no gap, and an actor's change leans directly on its last one: the engine
/// always writes it so, and nobody has to walk the past.
fn check_seq(parts: &ChangeParts, history: &dyn History) -> Result<(), AdmitError> {
    match history.actor(&parts.actor) {
        None if parts.seq == 1 => Ok(()),
        None => Err(AdmitError::Seq),
        Some(state) if parts.seq <= state.seq => Err(AdmitError::DuplicateSeq),
        Some(state) if parts.seq == state.seq + 1 && parts.deps.contains(&state.last) => Ok(()),
        Some(_) => Err(AdmitError::Seq),
    }
}

/// An actor names its author in its first change, and stays that author's.
fn check_author(
    parts: &ChangeParts,
    history: &dyn History,
    sender: Option<&Author>,
) -> Result<(), AdmitError> {
    let fits = |author: &Author| sender.is_none_or(|sender| sender == author);
    let right = match (parts.seq, &parts.author) {
        (1, Some(said)) => fits(said),
        (1, None) | (_, Some(_)) => false,
        (_, None) => {
            history.actor(&parts.actor).and_then(|state| state.author).is_none_or(|a| fits(&a))
        }
    };
    if right { Ok(()) } else { Err(AdmitError::Author) }
}

fn check_room(parts: &ChangeParts, history: &dyn History) -> Result<(), AdmitError> {
    let full = history.changes() >= limits::DOCUMENT_CHANGES_MAX as u64
        || (parts.seq == 1 && history.actors() >= limits::DOCUMENT_ACTORS_MAX as u64);
    if full { Err(AdmitError::Full) } else { Ok(()) }
}

/// A history in memory: of a whole document, or what a batch adds to another one.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    cum_max_ops: HashMap<ChangeHash, u64>,
    actors: HashMap<[u8; limits::ACTOR_BYTES], ActorState>,
}

impl Ledger {
    /// The history of changes, each after those it leans on.
    #[must_use]
    pub fn of(changes: &[ChangeParts]) -> Self {
        let mut ledger = Self::default();
        for parts in changes {
            ledger.add(parts);
        }
        ledger
    }

    /// Adds a change that passed [`check_structure`] against this history.
    pub fn add(&mut self, parts: &ChangeParts) {
        // Exactly one above its past, so its own last operation is the highest.
        self.cum_max_ops.insert(parts.hash, parts.max_op);
        let state = self.actors.entry(parts.actor).or_insert_with(|| ActorState {
            seq: parts.seq,
            last: parts.hash,
            author: parts.author,
        });
        state.seq = parts.seq;
        state.last = parts.hash;
    }
}

impl History for Ledger {
    fn changes(&self) -> u64 {
        self.cum_max_ops.len() as u64
    }

    fn actors(&self) -> u64 {
        self.actors.len() as u64
    }

    fn cum_max_op(&self, hash: &ChangeHash) -> Option<u64> {
        self.cum_max_ops.get(hash).copied()
    }

    fn actor(&self, actor: &[u8; limits::ACTOR_BYTES]) -> Option<ActorState> {
        self.actors.get(actor).cloned()
    }
}

/// What a batch adds on top of stored rows.
pub(super) struct Overlay<'h> {
    rows: &'h dyn History,
    added: Ledger,
    new_actors: u64,
}

impl<'h> Overlay<'h> {
    pub(super) fn new(rows: &'h dyn History) -> Self {
        Self { rows, added: Ledger::default(), new_actors: 0 }
    }

    pub(super) fn add(&mut self, parts: &ChangeParts) {
        let stored = self.rows.actor(&parts.actor);
        if stored.is_none() && parts.seq == 1 {
            self.new_actors += 1;
        }
        self.added.add(parts);
        if let (Some(stored), Some(state)) = (stored, self.added.actors.get_mut(&parts.actor)) {
            state.author = stored.author;
        }
    }
}

impl History for Overlay<'_> {
    fn changes(&self) -> u64 {
        self.rows.changes() + self.added.changes()
    }

    fn actors(&self) -> u64 {
        self.rows.actors() + self.new_actors
    }

    fn cum_max_op(&self, hash: &ChangeHash) -> Option<u64> {
        self.added.cum_max_op(hash).or_else(|| self.rows.cum_max_op(hash))
    }

    fn actor(&self, actor: &[u8; limits::ACTOR_BYTES]) -> Option<ActorState> {
        self.added.actor(actor).or_else(|| self.rows.actor(actor))
    }
}
