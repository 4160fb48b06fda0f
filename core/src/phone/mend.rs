//! Mends records whose rows are torn, and rebuilds the views of all of them.
//!
//! Nothing is dropped: a change that cannot be applied here is set aside with
//! its bytes, and taken back when what it leans on arrives.

use std::collections::{HashMap, HashSet};

use crate::document::{ChangeParts, Document, parse_change};
use crate::model::{ChangeHash, DocId};
use crate::store::document::{self, ChangeRow, DocRow, Status};
use crate::store::{Db, StoreError, archive, inbox, meta, outbox, views};

use super::content::Contents;
use super::record::Entry;
use super::{Inner, PhoneError};

/// Records looked at in one go.
const PAGE: usize = 500;

/// What mending a record took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// Changes whose bytes came back from the snapshot.
    pub(super) healed: usize,
    /// Changes set aside.
    pub(super) set_aside: usize,
}

impl Inner {
    /// Mends one record so that it loads, and tells the person.
    pub(super) fn mend(&mut self, id: DocId) -> Result<Mended, PhoneError> {
        self.records.drop(id);
        let at = self.now().0;
        let contents = &self.contents;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        store.write(|db| {
            let mended = mend(db, id)?;
            put_back(db, id, contents)?;
            if mended.set_aside > 0 {
                let text = format!("{{\"set_aside\":{}}}", mended.set_aside);
                inbox::add(db, Some((id, None)), "record_mended", &text, at)?;
            }
            Ok(mended)
        })
    }

    /// Rebuilds every view from the changes, in one transaction; mends what does not load.
    pub(super) fn rebuild_views(&mut self, after_recovery: bool) -> Result<(), PhoneError> {
        self.records.clear();
        let at = self.now().0;
        let contents = &self.contents;
        let told = self.recovered.clone();
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        store.write(|db| {
            rebuild(db, contents)?;
            contents.write(db)?;
            meta::remove(db, "rebuild")?;
            if after_recovery {
                let text = told.map(|t| serde_json::to_string(&t)).transpose();
                let text = text.ok().flatten().unwrap_or_else(|| "{}".to_owned());
                inbox::add(db, None, "store_recovered", &text, at)?;
            }
            Ok(())
        })
    }
}

/// Empties the views and fills them again from the changes of every record.
pub(super) fn rebuild(db: &Db, contents: &Contents) -> Result<(), PhoneError> {
    views::clear(db)?;
    let mut after = 0;
    loop {
        let page = document::list(db, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.n;
        for row in &page {
            if whole(db, row.id)?.is_none() {
                mend(db, row.id)?;
            }
            put_back(db, row.id, contents)?;
        }
    }
}

/// The record from its change rows alone, if they are whole.
pub(super) fn whole(db: &Db, id: DocId) -> Result<Option<Document>, StoreError> {
    let rows = document::changes(db, id, 0)?;
    Ok(Document::from_changes(id, rows.iter().map(|r| &r.raw[..])).ok())
}

/// States what the changes say: kind, heads, views.
pub(super) fn put_back(db: &Db, id: DocId, contents: &Contents) -> Result<(), PhoneError> {
    let row = document::find(db, id)?.ok_or(PhoneError::NotFound { what: "record" })?;
    let document = whole(db, id)?.ok_or(PhoneError::NotFound { what: "record" })?;
    let heads = document.heads();
    let k = document::last_k(db, id)?;
    if heads != row.local_heads || row.heads_k > k {
        document::set_heads(db, row.n, k, &heads)?;
    }
    offer_again(db, &row)?;
    if let Some(kind) = document.kind()
        && kind.as_str() != row.kind
    {
        document::set_kind(db, row.n, kind.as_str())?;
    }
    let entry = Entry::of(row.n, document, 0, 0, row.unsent, contents);
    views::put(db, row.n, None, &entry.views)?;
    Ok(())
}

/// Whether every change that the server is said to have is one of these heads or lies before them.
pub(super) fn acked_are_past(changes: &[ChangeRow], heads: &[ChangeHash]) -> bool {
    let mut acked = changes.iter().filter(|c| c.status == Status::Acked).peekable();
    if acked.peek().is_none() {
        return true;
    }
    let deps: HashMap<ChangeHash, Vec<ChangeHash>> = changes
        .iter()
        .map(|c| (c.hash, parse_change(&c.raw).map(|p| p.deps).unwrap_or_default()))
        .collect();
    let mut past: HashSet<ChangeHash> = HashSet::new();
    let mut next: Vec<ChangeHash> = heads.to_vec();
    while let Some(hash) = next.pop() {
        if past.insert(hash) {
            next.extend(deps.get(&hash).into_iter().flatten());
        }
    }
    acked.all(|change| past.contains(&change.hash))
}

/// Where rows and heads disagree about what the server has, neither is trusted: all of the record is
/// offered again, and the server answers "known" to what it has.
fn offer_again(db: &Db, row: &DocRow) -> Result<(), StoreError> {
    let changes = document::changes(db, row.id, 0)?;
    if acked_are_past(&changes, &row.acked_heads) {
        return Ok(());
    }
    document::set_acked_heads(db, row.n, &[])?;
    for change in changes.iter().filter(|c| c.status == Status::Acked) {
        outbox::mark(db, row.id, &change.hash, Status::Pending)?;
    }
    Ok(())
}

/// Makes the rows of a record whole: bytes from the snapshot where a row's are damaged, aside what
/// cannot be applied.
fn mend(db: &Db, id: DocId) -> Result<Mended, StoreError> {
    let Some(row) = document::find(db, id)? else { return Ok(Mended::default()) };
    let good = from_snapshot(db, row.n, id)?;
    document::drop_snapshot(db, row.n)?;
    let mut mended = Mended::default();
    let mut sound = Vec::new();
    for change in document::changes(db, id, 0)? {
        let parts = parse_change(&change.raw).ok().filter(|p| p.hash == change.hash);
        let parts = match (parts, good.get(&change.hash)) {
            (Some(parts), _) => parts,
            (None, Some(parts)) => {
                document::put_raw(db, id, change.k, &parts.raw)?;
                mended.healed += 1;
                parts.clone()
            }
            (None, None) => {
                set_aside(db, id, &change, "damaged")?;
                mended.set_aside += 1;
                continue;
            }
        };
        sound.push((change, parts));
    }
    for change in orphans(sound) {
        set_aside(db, id, &change, "missing")?;
        mended.set_aside += 1;
    }
    if whole(db, id)?.is_none() {
        // Each change is sound and so are its bonds, yet together they do not apply.
        for change in document::changes(db, id, 0)? {
            set_aside(db, id, &change, "not_applicable")?;
            mended.set_aside += 1;
        }
    }
    Ok(mended)
}

fn from_snapshot(
    db: &Db,
    n: i64,
    id: DocId,
) -> Result<HashMap<ChangeHash, ChangeParts>, StoreError> {
    let saved = document::snapshot(db, n)?;
    let document = saved.and_then(|(_, bytes)| Document::load(id, &bytes).ok());
    let changes = document.map(|d| d.changes()).unwrap_or_default();
    Ok(changes.into_iter().map(|parts| (parts.hash, parts)).collect())
}

/// The changes that lean on something that is not there, directly or through others.
fn orphans(sound: Vec<(ChangeRow, ChangeParts)>) -> Vec<ChangeRow> {
    let mut there: HashSet<ChangeHash> = HashSet::new();
    let mut waiting = sound;
    loop {
        let before = waiting.len();
        waiting.retain(|(_, parts)| {
            let rooted = parts.deps.iter().all(|dep| there.contains(dep));
            if rooted {
                there.insert(parts.hash);
            }
            !rooted
        });
        if waiting.len() == before {
            return waiting.into_iter().map(|(row, _)| row).collect();
        }
    }
}

fn set_aside(db: &Db, id: DocId, change: &ChangeRow, reason: &str) -> Result<(), StoreError> {
    archive::add(db, id, &change.hash, &change.raw, change.status, reason)?;
    document::remove_change(db, id, change.k)
}
