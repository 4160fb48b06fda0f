//! When history or result differ: back to the last common entry, and comparing document by document.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::document::parse_change;
use crate::model::{Author, ChangeHash, DocId, Pid};
use crate::phone::{Phone, PhoneError};
use crate::store::document::Status;
use crate::store::entry::OfferRow;
use crate::store::{StoreError, claim, document, entry, kept, member, part, stamped};
use crate::sync::client::{self, Member, Standing, take_chunk};
use crate::sync::digest::{Digest, heads_after};
use crate::sync::message::HealResponse;
use crate::sync::{bundle::BundleChunk, chain, frame};

use super::ahead::Portion;
use super::bundle::Pace;
use super::gather::standing_of;
use super::land::write_standing;
use super::offer::forget_after;
use super::{Run, SyncError, of_row};

impl Run<'_> {
    /// Asks the server which documents differ; `None` when the partition moved on meanwhile.
    pub(super) async fn compare(
        &self,
        pid: &Pid,
        seq: u64,
    ) -> Result<Option<HealResponse>, SyncError> {
        let members: Vec<(DocId, Member)> = self.phone.with(|inner| {
            let rows = member::list(inner.store()?.db(), &pid.to_string())?;
            Ok(rows.iter().map(|row| (row.doc, of_row(row))).collect())
        })?;
        let request = client::heal_request(pid, seq, &members);
        let frame = frame::encode(&request);
        let answer = self.transport.post_frame("/v1/heal", &self.pass, frame).await?;
        let answer: HealResponse = frame::decode(&answer)?;
        Ok((answer.seq == seq).then_some(answer))
    }
}

impl Phone {
    /// Takes the server's documents where ours differ and sums up anew.
    pub(super) fn mend_partition(&self, pid: &Pid, answer: &HealResponse) -> Result<(), SyncError> {
        let docs = take_chunk(pid, &BundleChunk { docs: answer.take.clone() })?;
        self.land_docs(pid, Portion::of(pid, docs), None, &mut Pace::default())?;
        let name = pid.to_string();
        self.with(|inner| {
            inner.store()?.write(|db| {
                answer.drop.iter().try_for_each(|doc| member::hold(db, &name, *doc, None))?;
                sum_up(db, &name)
            })?;
            Ok(())
        })?;
        Ok(())
    }

    /// Sets the cursor back to a common entry and offers what was read after it.
    pub(super) fn rewind(&self, pid: &Pid, seq: u64) -> Result<(), PhoneError> {
        self.with(|inner| {
            let author = inner.owner.author;
            inner.store()?.write(|db| {
                let name = pid.to_string();
                let Some(now) = standing_of(db, &name)? else { return Ok(()) };
                // Only what leads to a stamp can be proven.
                let proven = stamped::list(db, &name, seq + 1, now.seq)?;
                if !go_back(db, now, seq, &author)? {
                    return Ok(());
                }
                match proven.last() {
                    Some(last) => {
                        let (pid, after, upto) = (name, seq, last.seq);
                        entry::put_offer(db, &OfferRow { pid, after, upto })
                    }
                    None => forget_after(db, &name, seq),
                }
            })?;
            Ok(())
        })
    }

    /// Stops reading partitions. Records with unsent work stay until it is settled.
    pub(super) fn leave(&self, pids: &[Pid]) -> Result<(), PhoneError> {
        self.with(|inner| {
            inner.store()?.write(|db| {
                for pid in pids {
                    let name = pid.to_string();
                    let members = member::list(db, &name)?;
                    member::clear(db, &name)?;
                    part::stop(db, &name)?;
                    for row in members {
                        member::find_home(db, row.doc)?;
                    }
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(())
        })
    }
}

/// Sets the cursor back to an entry of which the chain is known; says whether it was.
fn go_back(db: &Connection, now: Standing, seq: u64, author: &Author) -> Result<bool, StoreError> {
    let name = now.pid.to_string();
    let chain = match seq {
        0 => Some(chain::origin(&now.history, &now.pid)),
        _ => part::checkpoints(db, &name)?.into_iter().find(|(s, _)| *s == seq).map(|(_, c)| c),
    };
    let (Some(chain), true) = (chain, seq < now.seq) else { return Ok(false) };
    // Own work is offered again under an own signature; an answer "dup" costs nothing.
    unread(db, &name, (seq, now.seq), author)?;
    claim::unstand(db, &name, seq)?;
    part::drop_checkpoints_after(db, &name, seq)?;
    let durable_seq = now.durable_seq.min(seq);
    write_standing(db, &Standing { seq, chain, stamp: [0; 16], durable_seq, ..now })?;
    sum_up(db, &name)?;
    Ok(true)
}

/// Reads a log again after an entry: what is kept of it is not what came.
pub(in crate::phone) fn read_again(
    db: &Connection,
    pid: &str,
    after: u64,
    author: &Author,
) -> Result<(), StoreError> {
    let Some(now) = standing_of(db, pid)? else { return Ok(()) };
    if go_back(db, now, after, author)? { forget_after(db, pid, after) } else { Ok(()) }
}

/// Members as they were before the entries `after..=upto`: without the changes these brought. Of these the own
/// ones are sent again; those of a record that left are asked about first.
fn unread(
    db: &Connection,
    pid: &str,
    (after, upto): (u64, u64),
    author: &Author,
) -> Result<(), StoreError> {
    let mut brought: BTreeMap<DocId, BTreeSet<ChangeHash>> = BTreeMap::new();
    for row in entry::list(db, pid, after, upto, usize::MAX)? {
        let hashes = brought.entry(row.doc).or_default();
        hashes.extend(row.hash);
    }
    for (doc, hashes) in brought {
        let Some(held) = member::find(db, pid, doc)? else {
            for hash in own(&raws_of(db, doc)?, author).intersection(&hashes) {
                claim::put(db, doc, hash)?;
            }
            continue;
        };
        let mut heads: Vec<ChangeHash> = Vec::new();
        for change in document::changes(db, doc, 0)? {
            if change.status != Status::Acked || hashes.contains(&change.hash) {
                continue;
            }
            let deps = parse_change(&change.raw).map(|p| p.deps).unwrap_or_default();
            heads = heads_after(&heads, &deps, change.hash);
        }
        let before = (!heads.is_empty()).then_some(member::MemberRow { heads, ..held });
        member::put(db, pid, doc, before.as_ref())?;
        let own: Vec<ChangeHash> =
            own(&raws_of(db, doc)?, author).intersection(&hashes).copied().collect();
        document::send_again(db, doc, &own)?;
    }
    Ok(())
}

/// The changes of a record that are here, in sight or kept.
fn raws_of(db: &Connection, doc: DocId) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut raws: Vec<Vec<u8>> =
        document::changes(db, doc, 0)?.into_iter().map(|change| change.raw).collect();
    raws.extend(kept::of(db, doc)?.into_iter().map(|row| row.raw));
    Ok(raws)
}

/// The changes of one author: an actor names its author in its first change.
fn own(raws: &[Vec<u8>], author: &Author) -> BTreeSet<ChangeHash> {
    let parsed: Vec<_> = raws.iter().filter_map(|raw| parse_change(raw).ok()).collect();
    let of_author = parsed.iter().filter(|parts| parts.author.as_ref() == Some(author));
    let actors: BTreeSet<_> = of_author.map(|parts| parts.actor).collect();
    parsed.iter().filter(|parts| actors.contains(&parts.actor)).map(|parts| parts.hash).collect()
}

/// Digest and count anew from the members.
fn sum_up(db: &Connection, pid: &str) -> Result<(), StoreError> {
    let members = member::list(db, pid)?;
    let mut digest = Digest::default();
    for row in &members {
        digest.add(&of_row(row).item(&row.doc));
    }
    let Some(now) = standing_of(db, pid)? else { return Ok(()) };
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    write_standing(db, &Standing { digest, count, ..now })
}
