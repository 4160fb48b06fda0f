//! Whole records made ready before they are written, outside the store's lock. Read from their changes; the
//! engine is asked where that is not sure.
//!
//! Only what needs no store: a record that turns out to be here already is taken in the slow way.

use crate::document::{ChangeParts, Document, Kind, Reading, Replay, parse_change};
use crate::model::ChangeHash;

use super::apply::{Incoming, in_order};

/// A record as it will be after all its changes.
pub(super) struct Prepared {
    /// Its changes, each after those it leans on.
    pub(super) changes: Vec<ChangeParts>,
    pub(super) heads: Vec<ChangeHash>,
    pub(super) kind: Option<Kind>,
    pub(super) reading: Reading,
    /// The document, where the engine had to be asked.
    pub(super) document: Option<Document>,
}

/// The record, or nothing: to be taken in the slow way.
pub(super) fn prepare(one: &Incoming) -> Option<Prepared> {
    replayed(one).or_else(|| built(one))
}

fn replayed(one: &Incoming) -> Option<Prepared> {
    let (replay, changes) = Replay::whole(one.doc, &one.raws)?;
    let (heads, kind) = (replay.heads().to_vec(), replay.kind());
    let reading = replay.read()?;
    debug_assert!(
        built(one).is_none_or(|engine| engine.reading == reading && engine.heads == heads)
    );
    Some(Prepared { changes, heads, kind, reading, document: None })
}

fn built(one: &Incoming) -> Option<Prepared> {
    let parsed =
        one.raws.iter().map(|raw| parse_change(raw)).collect::<Result<Vec<_>, _>>().ok()?;
    let (changes, waiting) = in_order(parsed, |parts| parts, |_| false);
    if !waiting.is_empty() {
        return None;
    }
    let document = Document::from_changes(one.doc, changes.iter().map(|p| &p.raw[..])).ok()?;
    let (heads, kind, reading) = (document.heads(), document.kind(), document.read());
    Some(Prepared { changes, heads, kind, reading, document: Some(document) })
}
