//! Chunks of a bundle understood and made ready on a thread of their own, while earlier ones are written and
//! later ones come in.
//!
//! Writes nothing: it knows bytes and records. Must not know the store.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::model::{ChangeHash, DocId, Pid};
use crate::phone::prepare::{self, Prepared};
use crate::phone::{Incoming, PhoneError};
use crate::store::document::Status;
use crate::sync::bundle::BundleChunk;
use crate::sync::client::{Member, WholeDoc, take_chunk};
use crate::sync::frame;

use super::SyncError;

/// Chunks handed over and not yet written at most: one is written while the next is made ready.
const CHUNKS_MAX: usize = 2;
/// Records of a chunk that are made ready, and written, at a time.
const PORTION_DOCS: usize = 250;
/// Portions ready before their turn at most; what waits takes memory.
const READY_MAX: usize = 2;

/// A record as the partition holds it, and the changes that came with it.
pub(super) struct Landing {
    pub(super) doc: DocId,
    pub(super) member: Member,
    pub(super) changes: Vec<ChangeHash>,
}

/// Records ready to be written.
pub(super) struct Portion {
    pub(super) landing: Vec<Landing>,
    /// One for each of `landing`.
    pub(super) incoming: Vec<Incoming>,
    /// One for each of `landing`, or none where nothing was made ready.
    pub(super) prepared: Vec<Option<Prepared>>,
    /// The byte of the bundle after the chunk, with the last portion of it.
    pub(super) end: Option<u64>,
}

impl Portion {
    /// Whole records of a partition, nothing of them made ready.
    pub(super) fn of(pid: &Pid, docs: Vec<WholeDoc>) -> Self {
        let name = pid.to_string();
        let (mut landing, mut incoming) = (Vec::new(), Vec::new());
        for (doc, member, changes) in docs {
            let (changes, raws) = changes.into_iter().unzip();
            landing.push(Landing { doc, member, changes });
            incoming.push(Incoming { doc, pid: name.clone(), raws, status: Status::Acked });
        }
        Self { landing, incoming, prepared: Vec::new(), end: None }
    }
}

/// Chunks on their way to the writer. Who lets go of it stops the thread.
pub(super) struct Ahead {
    chunks: Sender<(Vec<u8>, u64)>,
    ready: Receiver<Result<Portion, SyncError>>,
    waiting: usize,
}

impl Ahead {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn begin(pid: &Pid) -> Result<Self, PhoneError> {
        let (chunks, come) = channel();
        let (send, ready) = sync_channel(READY_MAX);
        let pid = pid.clone();
        std::thread::Builder::new()
            .name("ahead".to_owned())
            .spawn(move || make_ready(&pid, &come, &send))
            .map_err(|error| PhoneError::Internal { what: "thread", source: Some(error.into()) })?;
        Ok(Self { chunks, ready, waiting: 0 })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting >= CHUNKS_MAX
    }

    /// Hands a chunk over; `end` is the byte of the bundle after it.
    pub(super) fn push(&mut self, chunk: Vec<u8>, end: u64) {
        self.waiting += 1;
        // A thread that ended said why: whoever takes the next portion hears it.
        let _ended = self.chunks.send((chunk, end));
    }

    /// Waits for the next portion of what was handed over.
    ///
    /// # Errors
    /// When a chunk cannot be understood; what follows it is lost with it.
    pub(super) fn next(&mut self) -> Result<Portion, SyncError> {
        let ended = |_| PhoneError::Internal { what: "thread", source: None };
        let portion = self.ready.recv().map_err(ended)??;
        self.waiting -= usize::from(portion.end.is_some());
        Ok(portion)
    }
}

fn make_ready(
    pid: &Pid,
    chunks: &Receiver<(Vec<u8>, u64)>,
    out: &SyncSender<Result<Portion, SyncError>>,
) {
    while let Ok((chunk, end)) = chunks.recv() {
        let mut docs = match understand(pid, &chunk) {
            Ok(docs) => docs,
            Err(error) => {
                let _nobody_listens = out.send(Err(error));
                return;
            }
        };
        loop {
            let later = docs.split_off(docs.len().min(PORTION_DOCS));
            let mut portion = Portion::of(pid, std::mem::replace(&mut docs, later));
            portion.prepared = portion.incoming.iter().map(prepare::prepare).collect();
            portion.end = docs.is_empty().then_some(end);
            if out.send(Ok(portion)).is_err() {
                return;
            }
            if docs.is_empty() {
                break;
            }
        }
    }
}

fn understand(pid: &Pid, chunk: &[u8]) -> Result<Vec<WholeDoc>, SyncError> {
    Ok(take_chunk(pid, &frame::decode::<BundleChunk>(chunk)?)?)
}
