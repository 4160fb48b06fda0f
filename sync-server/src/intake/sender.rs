//! Who made the changes of a manifest, and what that allows: the rights at receipt and those of the lease.
//!
//! Decides nothing itself: it asks the table of [`ironfeet_core::sync::lease`].

use ironfeet_core::model::{Author, GridCode, Pid, Role};
use ironfeet_core::sync::lease::{self, Admission, AuthorState, Lease, Right, Validity};

use super::Item;
use crate::lifecycle;
use crate::store::{
    DeviceRow, DeviceStatus, DocRow, DocState, ManifestRow, PersonRow, Session, StoreError,
};

/// Who made the changes of a manifest, and what that allows.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// The pseudonym its changes must name; `None`: not asked (the log's own entries).
    pub(crate) author: Option<Author>,
    /// The post.
    pub(crate) post: Role,
    /// How it stands at receipt.
    pub(crate) state: AuthorState,
    /// The lease its manifest names.
    pub(crate) lease: Option<Lease>,
    /// What that is worth at receipt.
    pub(crate) validity: Validity,
    /// The grids the phone carries.
    pub(crate) grids: Vec<GridCode>,
    /// What the post reaches.
    pub(crate) areas: Vec<String>,
    /// Whether scope and quarantine are passed over: the server's own changes and decisions.
    pub(crate) trusted: bool,
    /// Whether its work waited for other work only, and is judged now that this was decided on.
    pub(crate) follows: bool,
    /// What was signed.
    pub(crate) manifest: Option<ManifestRow>,
}

impl Sender {
    /// The server itself, or a log entry it knows again.
    pub(crate) fn trusted(author: Option<Author>) -> Self {
        Self {
            author,
            post: Role::Server,
            state: AuthorState::Active,
            lease: None,
            validity: Validity::Unknown,
            grids: Vec::new(),
            areas: Vec::new(),
            trusted: true,
            follows: false,
            manifest: None,
        }
    }

    pub(crate) fn of(
        device: &DeviceRow,
        person: &PersonRow,
        manifest: ManifestRow,
        (lease, validity): (Option<Lease>, Validity),
    ) -> Self {
        Self {
            author: Some(device.author),
            post: person.post,
            state: match device.status {
                DeviceStatus::Active => AuthorState::Active,
                DeviceStatus::Revoked => AuthorState::Ended,
                DeviceStatus::Stolen => AuthorState::Stolen,
            },
            lease,
            validity,
            grids: device.grids.clone(),
            areas: person.reach(),
            trusted: false,
            follows: false,
            manifest: Some(manifest),
        }
    }

    /// Whether its post or its phone covers a partition.
    pub(crate) fn may_write(&self, pid: &Pid) -> bool {
        lease::covers(&self.grids, &self.areas, pid)
    }

    /// What becomes of a change, by where it was made.
    pub(super) fn admit(
        &self,
        s: &dyn Session,
        row: Option<&DocRow>,
        home: &Pid,
        item: &Item,
    ) -> Result<Admission, StoreError> {
        if self.trusted {
            return Ok(Admission::Accept);
        }
        let decided = lease::decide(self.state, self.validity, self.scope(s, row, home, item)?);
        let deleted = row.is_some_and(|row| row.state == DocState::Deleted);
        Ok(match decided {
            Admission::Accept | Admission::Flag(_) if deleted => Admission::Quarantine("deleted"),
            decided => decided,
        })
    }

    /// Whether the author may write where the record is: in its home, or in an inbox where it is shown.
    fn scope(
        &self,
        s: &dyn Session,
        row: Option<&DocRow>,
        home: &Pid,
        item: &Item,
    ) -> Result<Right, StoreError> {
        if self.may_write(home) {
            // What was then is not asked.
            return Ok(Right { now: true, then: false });
        }
        let then = |pid: &Pid| self.lease.as_ref().is_some_and(|lease| lease.covers(pid));
        let mut places = lifecycle::inboxes(s, row.map(|row| &row.id))?;
        let mut formerly = Vec::new();
        match (row, &item.hint) {
            // Written before the author could know of a move: what counts is where it was then.
            (Some(row), hint @ Pid::Grid(_)) if u64::from(item.move_gen) < row.move_gen => {
                places.push(hint.clone());
            }
            // Written while it was shown there, or before it left all phones.
            (Some(row), hint @ Pid::Inbox(..))
                if (self.may_write(hint) || then(hint)) && s.entry_about(hint, &row.id)? =>
            {
                let live = row.state == DocState::Live;
                if live { &mut formerly } else { &mut places }.push(hint.clone());
            }
            _ => {}
        }
        Ok(Right {
            now: places.iter().any(|pid| self.may_write(pid)),
            then: then(home) || places.iter().chain(&formerly).any(then),
        })
    }

    /// Why a change must wait for what it does; `may` asks the rules for a post.
    pub(super) fn refuses(&self, may: &dyn Fn(Role) -> bool) -> Option<&'static str> {
        let then = self.lease.as_ref().is_some_and(|lease| may(lease.role));
        match lease::decide_act(self.validity, Right { now: may(self.post), then }) {
            Admission::Quarantine(reason) => Some(reason),
            Admission::Accept | Admission::Flag(_) => None,
        }
    }
}
