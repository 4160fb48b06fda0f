//! Changes from elsewhere: into the record, its rows and its views, by the same way as our own.

use std::collections::HashSet;

use crate::document::{ChangeParts, change_head, parse_change};
use crate::model::{Author, ChangeHash, DocId};
use crate::store::document::{self, DocRow, Status};
use crate::store::views::{self, Views};
use crate::store::{Db, StoreError, archive, kept, outbox};

use super::content::Contents;
use super::outbox::{Receipt, lean, note};
use super::prepare::Prepared;
use super::rebase::{Hand, Out, rebase};
use super::record::{Entry, Records};
use super::settled::{Settled, Watched};
use super::{Inner, Phone, PhoneError};

/// Records that are worth a commit of their own, though somebody waits.
const RECORDS_MIN: usize = 2;

/// Changes of one record, as they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The record.
    pub doc: DocId,
    /// Its home partition.
    pub pid: String,
    /// Their bytes, in any order, repeats allowed.
    pub raws: Vec<Vec<u8>>,
    /// Where they stand from now on: [`Status::Acked`] from the server; a rescue file brings the others.
    pub status: Status,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// Changes that were new here.
    pub changes: usize,
    /// Records they went into.
    pub documents: usize,
    /// Changes that could not be applied here; they are set aside with their bytes.
    pub set_aside: Vec<(DocId, ChangeHash)>,
    /// Fields that held a value of ours beside another one, and hold one now.
    pub settled: Vec<Settled>,
}

impl Phone {
    /// Takes changes in, all in one transaction.
    ///
    /// # Errors
    /// [`PhoneError::StorageFull`]: nothing was taken in; the same call may be made again.
    pub fn apply(&self, incoming: &[Incoming]) -> Result<Applied, PhoneError> {
        self.with(|inner| inner.apply(incoming, Vec::new(), |_| Ok(())))
    }
}

impl Inner {
    /// Takes changes in, and in the same transaction what else belongs to them, such as a cursor.
    /// `prepared` may hold, place by place, what was made ready already.
    pub(super) fn apply(
        &mut self,
        incoming: &[Incoming],
        prepared: Vec<Option<Prepared>>,
        and: impl FnOnce(&Db) -> Result<(), PhoneError>,
    ) -> Result<Applied, PhoneError> {
        let mut prepared = prepared.into_iter();
        let done = self.apply_until(incoming, &mut prepared, &|| false, |db, _| and(db));
        done.map(|(applied, _)| applied)
    }

    /// As [`Inner::apply`], for records that need not come in together: with some of them in, it ends at once
    /// when it shall `stop`. Gives how many records were taken in; `and` hears it, too.
    pub(super) fn apply_until(
        &mut self,
        incoming: &[Incoming],
        prepared: &mut impl Iterator<Item = Option<Prepared>>,
        stop: &dyn Fn() -> bool,
        and: impl FnOnce(&Db, usize) -> Result<(), PhoneError>,
    ) -> Result<(Applied, usize), PhoneError> {
        let done = self.try_apply(incoming, prepared, stop, and);
        if done.is_err() {
            for one in incoming {
                self.records.drop(one.doc);
            }
        }
        done
    }

    fn try_apply(
        &mut self,
        incoming: &[Incoming],
        prepared: &mut impl Iterator<Item = Option<Prepared>>,
        stop: &dyn Fn() -> bool,
        and: impl FnOnce(&Db, usize) -> Result<(), PhoneError>,
    ) -> Result<(Applied, usize), PhoneError> {
        self.store()?;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let (tx, changed) = store.begin_fresh()?;
        if changed {
            self.records.clear();
        }
        let (author, entropy) = (self.owner.author, self.entropy.as_ref());
        let hand = Hand { author, entropy, contents: &self.contents };
        let mut applied = Applied::default();
        let (mut taken, own, now) = (0, self.owner.author, self.clock.now());
        for one in incoming {
            if taken >= RECORDS_MIN && stop() {
                break;
            }
            let ready = prepared.next().flatten();
            take_in(&tx, one, ready, own, &mut self.records, &hand, &mut applied)?;
            taken += 1;
        }
        applied.settled.iter().try_for_each(|settled| settled.tell(&tx, now))?;
        and(&tx, taken)?;
        tx.commit().map_err(StoreError::from)?;
        Ok((applied, taken))
    }
}

fn take_in(
    db: &Db,
    one: &Incoming,
    prepared: Option<Prepared>,
    own: Author,
    records: &mut Records,
    hand: &Hand<'_>,
    applied: &mut Applied,
) -> Result<(), PhoneError> {
    let contents = hand.contents;
    if let Some(prepared) = prepared
        && one.status == Status::Acked
        && archive::of(db, one.doc)?.is_empty()
        && !kept::has(db, one.doc)?
        && let Some(entry) = begin(db, one, prepared, contents, applied)?
    {
        records.put(one.doc, entry);
        return Ok(());
    }
    let row = document::find(db, one.doc)?;
    let held = row.is_some();
    let mut entry = match &row {
        None => Entry::empty(document::add(db, one.doc, &one.pid, "")?, one.doc),
        Some(row) => records.hear(db, row, contents)?,
    };
    let row = row.unwrap_or_else(|| DocRow::begun(entry.n, one.doc, one.pid.clone()));
    let (ready, aside) = sort_out(db, &entry, one)?;
    if one.status == Status::Acked && !ready.known.is_empty() {
        // What is here already and came from the server is acked now.
        let receipt = |hash| Receipt { doc: one.doc, hash, status: Status::Acked };
        note(db, &ready.known.iter().copied().map(receipt).collect::<Vec<_>>())?;
    }
    for (hash, raw, status, reason) in aside {
        archive::add(db, one.doc, &hash, &raw, status, reason)?;
        applied.set_aside.push((one.doc, hash));
    }
    // What only the server had moves nothing in the outbox, nor in the row but what is written below.
    let plain = one.status == Status::Acked && ready.known.is_empty() && !ready.archived;
    let unsent = row.unsent;
    if !ready.fresh.is_empty() {
        let rivals = rivals(db, &row, one, &ready.fresh)?;
        if !rivals.is_empty() {
            rebase(db, one.doc, &rivals, hand)?;
            records.drop(one.doc);
            let row = document::find(db, one.doc)?;
            entry =
                records.hear(db, &row.ok_or(PhoneError::NotFound { what: "record" })?, contents)?;
        }
        let row = match plain && rivals.is_empty() {
            true => row,
            false => document::find(db, one.doc)?.unwrap_or(row),
        };
        let watched = held.then(|| Watched::of(&entry.reading, &ready.fresh, own));
        write(db, (one.doc, &mut entry), row, ready, contents, applied)?;
        if let Some(watched) = watched {
            applied.settled.extend(watched.settled(db, one.doc, &entry.reading)?);
        }
    }
    entry.unsent = match plain && !entry.unsent {
        true => unsent,
        false => document::find(db, one.doc)?.is_some_and(|row| row.unsent),
    };
    records.put(one.doc, entry);
    Ok(())
}

/// Writes a whole record that comes from the server, if it is new here: nothing of it waits to be sent.
fn begin(
    db: &Db,
    one: &Incoming,
    prepared: Prepared,
    contents: &Contents,
    applied: &mut Applied,
) -> Result<Option<Entry>, PhoneError> {
    let Prepared { changes, heads, kind, reading, document } = prepared;
    let kind = kind.map_or("", |kind| kind.as_str());
    let k = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let Some(n) = document::begin(db, one.doc, (&one.pid, kind), (k, &heads))? else {
        return Ok(None);
    };
    for (k, parts) in (1..).zip(&changes) {
        document::add_change(db, one.doc, k, &parts.hash, &parts.raw, Status::Acked)?;
    }
    let entry = Entry::read_as(n, document, reading, k, contents);
    views::put(db, n, Some(&Views::default()), &entry.views)?;
    applied.changes += changes.len();
    applied.documents += 1;
    Ok(Some(entry))
}

/// A change and where it stands.
pub(super) type Standing = (ChangeParts, Status);
/// A change that cannot be applied: hash, bytes, where it stands, why.
type Aside = (ChangeHash, Vec<u8>, Status, &'static str);

struct Ready {
    /// Not here yet; each after those it leans on.
    fresh: Vec<Standing>,
    /// Here already.
    known: Vec<ChangeHash>,
    /// Whether something of the record was set aside earlier, or kept when it left.
    archived: bool,
}

/// Parses, sorts by what leans on what, and joins what was set aside or kept earlier and fits now.
fn sort_out(db: &Db, entry: &Entry, one: &Incoming) -> Result<(Ready, Vec<Aside>), StoreError> {
    let mut aside = Vec::new();
    let mut waiting: Vec<Standing> = Vec::new();
    let mut known = Vec::new();
    let mut seen = HashSet::new();
    let archive = archive::of(db, one.doc)?;
    // Only the server brings back what it was done with; a rescue file does not.
    let over = |hash: &ChangeHash| {
        one.status != Status::Acked && archive.iter().any(|row| row.hash == *hash && row.is_over())
    };
    for raw in &one.raws {
        match change_head(raw) {
            Ok(parts) if entry.has(&parts.hash) => known.push(parts.hash),
            Ok(parts) if over(&parts.hash) => {}
            Ok(parts) if seen.insert(parts.hash) => waiting.push((parts, one.status)),
            Ok(_) => {}
            Err(_) => aside.push((unparsed(raw), raw.clone(), one.status, "damaged")),
        }
    }
    let kept = kept::of(db, one.doc)?;
    let archived = !archive.is_empty() || !kept.is_empty();
    let aside_rows = archive.into_iter().filter(|row| !row.is_over());
    let aside_rows = aside_rows.map(|row| (row.hash, row.raw, row.status));
    let kept_rows = kept.into_iter().map(|row| (row.hash, row.raw, row.status));
    for (hash, raw, status) in aside_rows.chain(kept_rows) {
        if let Ok(parts) = parse_change(&raw)
            && parts.hash == hash
            && seen.insert(hash)
        {
            waiting.push((parts, status));
        }
    }
    let (fresh, waiting) = in_order(waiting, |(parts, _)| parts, |hash| entry.has(hash));
    aside.extend(waiting.into_iter().map(|(p, status)| (p.hash, p.raw, status, "missing")));
    Ok((Ready { fresh, known, archived }, aside))
}

/// Sorts so that each change stands after those it leans on, `here` being there already. Gives the
/// sorted ones, and those that lean on something missing.
pub(super) fn in_order<T>(
    mut waiting: Vec<T>,
    parts: impl Fn(&T) -> &ChangeParts,
    here: impl Fn(&ChangeHash) -> bool,
) -> (Vec<T>, Vec<T>) {
    let mut sorted = Vec::with_capacity(waiting.len());
    let mut there = HashSet::new();
    loop {
        let before = waiting.len();
        let (ready, later): (Vec<T>, Vec<T>) = waiting
            .into_iter()
            .partition(|one| parts(one).deps.iter().all(|d| there.contains(d) || here(d)));
        there.extend(ready.iter().map(|one| parts(one).hash));
        sorted.extend(ready);
        waiting = later;
        if waiting.is_empty() || waiting.len() == before {
            return (sorted, waiting);
        }
    }
}

/// Bytes that are no change are kept under their own hash.
fn unparsed(raw: &[u8]) -> ChangeHash {
    use sha2::{Digest, Sha256};
    ChangeHash(Sha256::digest(raw).into())
}

/// Own changes that stand in the way of the server's: made under the same actor and number by another copy of
/// this phone, before actors were drawn anew for each session. The server's stay, these are done again.
fn rivals(
    db: &Db,
    row: &DocRow,
    one: &Incoming,
    fresh: &[Standing],
) -> Result<Vec<Out>, StoreError> {
    if one.status != Status::Acked || row.acked_heads == row.local_heads {
        return Ok(Vec::new());
    }
    let taken: HashSet<_> = fresh.iter().map(|(parts, _)| (parts.actor, parts.seq)).collect();
    let own = document::changes(db, one.doc, 0)?.into_iter().filter(|c| c.status != Status::Acked);
    let rivals = own.filter(|change| {
        parse_change(&change.raw).is_ok_and(|parts| taken.contains(&(parts.actor, parts.seq)))
    });
    Ok(rivals.map(|change| Out { hash: change.hash, again: true }).collect())
}

/// Writes changes that are new here: rows, heads, views.
fn write(
    db: &Db,
    (id, entry): (DocId, &mut Entry),
    row: DocRow,
    ready: Ready,
    contents: &Contents,
    applied: &mut Applied,
) -> Result<(), PhoneError> {
    let Ready { mut fresh, archived, .. } = ready;
    let raws: Vec<&[u8]> = fresh.iter().map(|(parts, _)| &parts.raw[..]).collect();
    if !entry.grow(db, id, &raws)? {
        // Admitted by the server, and yet this app cannot apply them: one by one, so that the good ones are taken.
        let mut good = Vec::new();
        for (parts, status) in fresh {
            if entry.grow(db, id, &[&parts.raw[..]])? {
                good.push((parts, status));
                continue;
            }
            archive::add(db, id, &parts.hash, &parts.raw, Status::ApplyFailed, "not_applicable")?;
            applied.set_aside.push((id, parts.hash));
        }
        fresh = good;
        if fresh.is_empty() {
            return Ok(());
        }
    }
    let mut acked = row.acked_heads;
    if archived {
        kept::remove(db, id)?;
    }
    for (parts, status) in &fresh {
        entry.k += 1;
        document::add_change(db, id, entry.k, &parts.hash, &parts.raw, *status)?;
        if archived {
            archive::remove(db, id, &parts.hash)?;
        }
        match status {
            Status::Acked => acked = lean(acked, &parts.deps, parts.hash),
            Status::Pending | Status::Sent => outbox::raise(db, entry.n)?,
            _ => {}
        }
    }
    let kind = entry.kind().map_or(row.kind, |kind| kind.as_str().to_owned());
    document::settle(db, entry.n, &kind, (entry.k, &entry.heads()), &acked)?;
    entry.put_views(db, contents)?;
    applied.changes += fresh.len();
    applied.documents += 1;
    Ok(())
}
