//! Takes out of a record what the server will never take, and does again what was built on it (protocol 4.5, 4.9).
//!
//! Nothing is dropped: every change taken out is set aside with its bytes, for rescue files. Must not know
//! why the server did not take it.

use std::collections::{HashMap, HashSet};

use crate::document::{Authorship, Document, Intent, Redone, parse_change};
use crate::ground::Entropy;
use crate::model::{Author, ChangeHash, DocId};
use crate::store::archive::ArchiveRow;
use crate::store::document::{self, ChangeRow, Status};
use crate::store::{Db, archive, outbox};

use super::content::Contents;
use super::{PhoneError, mend};

/// A change that must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Out {
    /// The change.
    pub(super) hash: ChangeHash,
    /// Whether it was good in itself and is done again, too.
    pub(super) again: bool,
}

/// What it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rebased {
    /// Changes done again; they wait to be sent.
    pub(super) again: usize,
    /// Changes that no longer fit; they are set aside only.
    pub(super) unfit: usize,
    /// The record itself was not taken: it stays as it is, and nothing of it is sent any more.
    pub(super) whole: bool,
}

/// Who does it again.
pub(super) struct Hand<'a> {
    pub(super) author: Author,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) contents: &'a Contents,
}

/// Takes changes out of a record, with all that leans on them; the server has none of these. What was not
/// sent yet is done again under a fresh actor. What waits for review is not: it was handed in, and whoever
/// accepts it later brings it back. The caller's transaction; the record in memory is stale afterwards.
/// `None`: they are not here, or the record must be mended first.
pub(super) fn rebase(
    db: &Db,
    id: DocId,
    out: &[Out],
    hand: &Hand<'_>,
) -> Result<Option<Rebased>, PhoneError> {
    let rows = document::changes(db, id, 0)?;
    let Some(row) = document::find(db, id)? else { return Ok(None) };
    let Some(leaving) = leaning(&rows, out) else { return Ok(None) };
    if leaving.is_empty() || leaving.iter().any(|c| c.status == Status::Acked) {
        return Ok(None);
    }
    if leaving.len() == rows.len() {
        return without_birth(db, id, &leaving).map(Some);
    }
    let Ok(full) = Document::from_changes(id, rows.iter().map(|c| &c.raw[..])) else {
        return Ok(None);
    };
    let gone: HashSet<ChangeHash> = leaving.iter().map(|c| c.hash).collect();
    let kept = rows.iter().filter(|c| !gone.contains(&c.hash)).map(|c| &c.raw[..]);
    let Ok(mut base) = Document::from_changes(id, kept) else { return Ok(None) };
    let (intents, mut done) = set_aside(db, id, &full, &leaving, out)?;
    document::drop_snapshot(db, row.n)?;
    let by = Authorship { author: hand.author, actor: hand.entropy.sixteen() };
    let mut k = document::last_k(db, id)?;
    for intent in &intents {
        match base.redo(intent, &by) {
            Redone::Made(made) => {
                k += 1;
                document::add_change(db, id, k, &made.hash, &made.raw, Status::Pending)?;
                done.again += 1;
            }
            Redone::Same => {}
            Redone::Unfit => done.unfit += 1,
        }
    }
    outbox::recount(db, id)?;
    mend::put_back(db, id, hand.contents)?;
    Ok(Some(done))
}

/// Does again what was handed in and set aside here, where the server lost it with a restore: nobody else has it.
/// Says how many changes wait to be sent for it. The caller's transaction; the record in memory is stale afterwards.
pub(super) fn redo_lost(
    db: &Db,
    id: DocId,
    lost: &[ChangeHash],
    hand: &Hand<'_>,
) -> Result<usize, PhoneError> {
    let waits = |row: &&ArchiveRow| {
        row.status == Status::Quarantined
            && row.reason == archive::REBASED
            && lost.contains(&row.hash)
    };
    let aside = archive::of(db, id)?;
    let mut waiting: Vec<_> =
        aside.iter().filter(waits).filter_map(|row| parse_change(&row.raw).ok()).collect();
    let (Some(row), false) = (document::find(db, id)?, waiting.is_empty()) else { return Ok(0) };
    // Each after those it leans on.
    waiting.sort_by_key(|parts| parts.max_op);
    let rows = document::changes(db, id, 0)?;
    let Ok(mut base) = Document::from_changes(id, rows.iter().map(|c| &c.raw[..])) else {
        return Ok(0);
    };
    let mut known: HashMap<ChangeHash, &[u8]> =
        aside.iter().map(|row| (row.hash, &row.raw[..])).collect();
    known.extend(rows.iter().map(|row| (row.hash, &row.raw[..])));
    let by = Authorship { author: hand.author, actor: hand.entropy.sixteen() };
    let (mut k, mut again) = (document::last_k(db, id)?, 0);
    for parts in &waiting {
        let Some(intent) = meant(id, parts.hash, &known) else { continue };
        match base.redo(&intent, &by) {
            Redone::Made(made) => {
                k += 1;
                document::add_change(db, id, k, &made.hash, &made.raw, Status::Pending)?;
                again += 1;
            }
            Redone::Same => {}
            // It stays as it is, to be carried away.
            Redone::Unfit => continue,
        }
        archive::mark(db, id, &parts.hash, Status::Refused)?;
    }
    document::drop_snapshot(db, row.n)?;
    outbox::recount(db, id)?;
    mend::put_back(db, id, hand.contents)?;
    Ok(again)
}

/// What a change meant, from its own past alone.
fn meant(id: DocId, hash: ChangeHash, known: &HashMap<ChangeHash, &[u8]>) -> Option<Intent> {
    let (mut past, mut next) = (HashMap::new(), vec![hash]);
    while let Some(hash) = next.pop() {
        let raw = *known.get(&hash)?;
        if past.insert(hash, raw).is_none() {
            next.extend(parse_change(raw).ok()?.deps);
        }
    }
    Document::from_changes(id, past.into_values()).ok()?.intent(&hash)
}

/// The changes to be taken out, each after those it leans on; `None` where one cannot be read.
fn leaning(rows: &[ChangeRow], out: &[Out]) -> Option<Vec<ChangeRow>> {
    let mut gone: HashSet<ChangeHash> = out.iter().map(|out| out.hash).collect();
    let mut leaving = Vec::new();
    for row in rows {
        let deps = parse_change(&row.raw).ok()?.deps;
        if gone.contains(&row.hash) || deps.iter().any(|dep| gone.contains(dep)) {
            gone.insert(row.hash);
            leaving.push(row.clone());
        }
    }
    Some(leaving)
}

/// Nobody else will ever have the record: it stays to be read and carried away, not to be sent.
fn without_birth(db: &Db, id: DocId, leaving: &[ChangeRow]) -> Result<Rebased, PhoneError> {
    for change in leaving.iter().filter(|c| c.status != Status::Quarantined) {
        outbox::mark(db, id, &change.hash, Status::Refused)?;
    }
    Ok(Rebased { whole: true, ..Rebased::default() })
}

/// Moves rows into the archive; gives what they meant where it is to be done again.
fn set_aside(
    db: &Db,
    id: DocId,
    full: &Document,
    leaving: &[ChangeRow],
    out: &[Out],
) -> Result<(Vec<Intent>, Rebased), PhoneError> {
    let mut intents = Vec::new();
    let mut done = Rebased::default();
    for change in leaving {
        let named = out.iter().find(|out| out.hash == change.hash);
        let waits = change.status == Status::Quarantined && named.is_none();
        let again = named.map_or(!waits && change.status != Status::Refused, |out| out.again);
        if again {
            match full.intent(&change.hash) {
                Some(intent) => intents.push(intent),
                None => done.unfit += 1,
            }
        }
        let status = if waits { Status::Quarantined } else { Status::Refused };
        let not_taken = named.is_some_and(|out| !out.again);
        let reason = if not_taken { archive::NOT_TAKEN } else { archive::REBASED };
        archive::add(db, id, &change.hash, &change.raw, status, reason)?;
        document::remove_change(db, id, change.k)?;
    }
    Ok((intents, done))
}
