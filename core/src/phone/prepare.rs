//! Whole records made ready before they are written: parsing and merging cost more than writing, so they
//! happen on a thread of their own, outside the store's lock, while earlier ones are written.
//!
//! Only what needs no store: a record that turns out to be here already is taken in the slow way.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::document::{ChangeParts, Document, Reading, parse_change};

use super::apply::{Incoming, in_order};

/// Slices made ready ahead of the writer at most; what waits takes memory.
const AHEAD: usize = 2;

/// A record as it will be after all its changes.
pub(super) struct Prepared {
    /// Its changes, each after those it leans on.
    pub(super) changes: Vec<ChangeParts>,
    pub(super) document: Document,
    pub(super) reading: Reading,
}

/// For each record of a slice: ready, or to be taken in the slow way.
pub(super) type Slice = Vec<Option<Prepared>>;

/// Makes slices ready in their order. Whoever stops listening stops it.
pub(super) fn ahead(slices: Arc<Vec<Vec<Incoming>>>) -> Receiver<Slice> {
    let (send, receive) = sync_channel(AHEAD);
    let work = move || {
        for slice in slices.iter() {
            if send.send(slice.iter().map(prepare).collect()).is_err() {
                break;
            }
        }
    };
    // Without a thread nothing comes, and everything goes the slow way.
    let _started = std::thread::Builder::new().name("prepare".to_owned()).spawn(work);
    receive
}

fn prepare(one: &Incoming) -> Option<Prepared> {
    let parsed =
        one.raws.iter().map(|raw| parse_change(raw)).collect::<Result<Vec<_>, _>>().ok()?;
    let (changes, waiting) = in_order(parsed, |parts| parts, |_| false);
    if !waiting.is_empty() {
        return None;
    }
    let document = Document::from_changes(one.doc, changes.iter().map(|p| &p.raw[..])).ok()?;
    let reading = document.read();
    Some(Prepared { changes, document, reading })
}
