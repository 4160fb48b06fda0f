//! A partition's log: numbers, chain and digest, all in the transaction that holds the lock.
//!
//! Entries are only appended. Must not know who pushes or reads; what an entry
//! carries beside a change is written and read here ([`Body`]).

use std::collections::BTreeMap;

use ironfeet_core::model::{ChangeHash, DocId, Pid};
use ironfeet_core::sync::chain::{self, Chain};
use ironfeet_core::sync::digest::{self, Digest};
use ironfeet_core::sync::message::LeaveReason;

use crate::identity::Identity;
use crate::store::{DocRow, DocState, EntryRow, PartitionRow, Session, StoreError};

/// What an entry says, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// One more change.
    Change(ChangeHash),
    /// The document appears with its first `changes` changes.
    Enter {
        /// How often it had moved.
        move_gen: u32,
        /// How many changes it had.
        changes: u64,
    },
    /// The document left.
    Leave(LeaveReason, u32),
    /// The document takes no more changes.
    Freeze(u32),
}

impl Body {
    /// The kind number and the stored body.
    fn to_row(&self) -> (u8, Option<Vec<u8>>) {
        match self {
            Self::Change(_) => (chain::CHANGE, None),
            Self::Enter { move_gen, changes } => {
                let mut body = move_gen.to_be_bytes().to_vec();
                body.extend_from_slice(&changes.to_be_bytes());
                (chain::ENTER, Some(body))
            }
            Self::Leave(reason, move_gen) => {
                let word = match reason {
                    LeaveReason::Archived => "archived".to_owned(),
                    LeaveReason::Moved(to) => format!("moved {to}"),
                    LeaveReason::Deleted => "deleted".to_owned(),
                    LeaveReason::Removed => "removed".to_owned(),
                };
                let mut body = move_gen.to_be_bytes().to_vec();
                body.extend_from_slice(word.as_bytes());
                (chain::LEAVE, Some(body))
            }
            Self::Freeze(move_gen) => (chain::FREEZE, Some(move_gen.to_be_bytes().to_vec())),
        }
    }

    /// What a stored entry says.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it says nothing we know.
    pub fn of(row: &EntryRow) -> Result<Self, StoreError> {
        let bad = || StoreError::Damaged("an entry of the log cannot be understood");
        if row.kind == chain::CHANGE {
            return Ok(Self::Change(ChangeHash(row.body_hash)));
        }
        let body = row.body.as_deref().ok_or_else(bad)?;
        let (head, rest) = body.split_first_chunk::<4>().ok_or_else(bad)?;
        let move_gen = u32::from_be_bytes(*head);
        match row.kind {
            chain::ENTER => {
                let changes = u64::from_be_bytes(rest.try_into().map_err(|_| bad())?);
                Ok(Self::Enter { move_gen, changes })
            }
            chain::LEAVE => {
                let word = std::str::from_utf8(rest).map_err(|_| bad())?;
                let reason = match word {
                    "archived" => LeaveReason::Archived,
                    "deleted" => LeaveReason::Deleted,
                    "removed" => LeaveReason::Removed,
                    moved => {
                        let to = moved.strip_prefix("moved ").and_then(|pid| pid.parse().ok());
                        LeaveReason::Moved(to.ok_or_else(bad)?)
                    }
                };
                Ok(Self::Leave(reason, move_gen))
            }
            chain::FREEZE => Ok(Self::Freeze(move_gen)),
            _ => Err(bad()),
        }
    }
}

/// The partitions a transaction has locked, with what it appends to them.
pub struct Logs<'s> {
    session: &'s dyn Session,
    rows: BTreeMap<Pid, PartitionRow>,
}

impl<'s> Logs<'s> {
    /// Locks partitions, in the order of their names; new ones begin at the server's origin.
    ///
    /// # Errors
    /// Of the store.
    pub fn lock(
        session: &'s dyn Session,
        identity: &Identity,
        pids: &[Pid],
    ) -> Result<Self, StoreError> {
        let mut rows: BTreeMap<Pid, PartitionRow> =
            session.partitions_lock(pids)?.into_iter().map(|row| (row.pid.clone(), row)).collect();
        for pid in pids {
            rows.entry(pid.clone()).or_insert_with(|| new_partition(identity, pid));
        }
        Ok(Self { session, rows })
    }

    fn row(&mut self, pid: &Pid) -> Result<&mut PartitionRow, StoreError> {
        self.rows.get_mut(pid).ok_or(StoreError::Damaged("a partition was not locked"))
    }

    /// Appends an entry and gives its number. `hashes`: for an ENTER, its changes in order.
    ///
    /// # Errors
    /// Of the store.
    pub fn append(
        &mut self,
        pid: &Pid,
        doc: &DocId,
        what: &Body,
        hashes: &[ChangeHash],
    ) -> Result<u64, StoreError> {
        let session = self.session;
        let body_hash = match what {
            Body::Change(hash) => hash.0,
            Body::Enter { move_gen, .. } => chain::enter_hash(*move_gen, hashes),
            Body::Leave(reason, move_gen) => chain::leave_hash(reason, *move_gen),
            Body::Freeze(move_gen) => {
                use ironfeet_core::sync::message::EntryKind;
                chain::link(&EntryKind::Freeze(*move_gen)).1
            }
        };
        let (kind, body) = what.to_row();
        let row = self.row(pid)?;
        let seq = row.next_seq;
        row.chain = chain::next(&row.chain, seq, kind, doc, &body_hash);
        row.next_seq = seq + 1;
        let entry = EntryRow { seq, kind, doc: *doc, body_hash, body, chain: row.chain, raw: None };
        session.entry_put(pid, &entry)?;
        Ok(seq)
    }

    /// Takes a document's old share out of the partition's digest and puts the new one in.
    ///
    /// # Errors
    /// When the partition is not locked.
    pub fn share(
        &mut self,
        pid: &Pid,
        old: Option<[u8; 32]>,
        new: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let row = self.row(pid)?;
        let mut digest = Digest::from_bytes(&row.digest);
        if let Some(item) = &old {
            digest.remove(item);
            row.count = row.count.saturating_sub(1);
        }
        if let Some(item) = &new {
            digest.add(item);
            row.count += 1;
        }
        row.digest = digest.to_bytes();
        Ok(())
    }

    /// Writes the partitions; the transaction may end.
    ///
    /// # Errors
    /// Of the store.
    pub fn close(self) -> Result<Vec<Pid>, StoreError> {
        for row in self.rows.values() {
            self.session.partition_put(row)?;
        }
        Ok(self.rows.into_keys().collect())
    }
}

/// A partition before its first entry.
#[must_use]
pub fn new_partition(identity: &Identity, pid: &Pid) -> PartitionRow {
    PartitionRow {
        pid: pid.clone(),
        next_seq: 1,
        floor_seq: 1,
        durable_seq: 0,
        chain: chain::origin(&identity.origin, pid),
        digest: Digest::default().to_bytes(),
        count: 0,
    }
}

/// A document's share of the digest.
#[must_use]
pub fn item(doc: &DocRow) -> [u8; 32] {
    let state = match doc.state {
        DocState::Live => digest::DocState::Live,
        DocState::Archived | DocState::Deleted => digest::DocState::Frozen,
    };
    digest::item(&doc.id, &doc.heads, state, wire_gen(doc.move_gen))
}

/// The chain after an entry; entry 0 is the beginning.
///
/// # Errors
/// Of the store.
pub fn chain_at(
    session: &dyn Session,
    identity: &Identity,
    pid: &Pid,
    seq: u64,
) -> Result<Option<Chain>, StoreError> {
    if seq == 0 {
        Ok(Some(chain::origin(&identity.origin, pid)))
    } else {
        session.chain_at(pid, seq)
    }
}

/// Move generations are small; the wire gives them four bytes.
#[must_use]
pub fn wire_gen(move_gen: u64) -> u32 {
    u32::try_from(move_gen).unwrap_or(u32::MAX)
}
