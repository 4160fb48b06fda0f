//! Who made the changes of a manifest, and what that allows: the rights at receipt and those of the lease.
//!
//! Decides nothing itself: it asks the table of [`ironfeet_core::sync::lease`].

use ironfeet_core::model::{Author, GridCode, Pid, Role};
use ironfeet_core::sync::lease::{self, Admission, AuthorState, Lease, Right, Validity};

use super::Item;
use crate::store::{self, DeviceRow, DeviceStatus, DocRow, DocState, ManifestRow, PersonRow};

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
    /// Areas of the post.
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
            areas: person.areas.iter().map(|area| store::prefix(area).to_owned()).collect(),
            trusted: false,
            follows: false,
            manifest: Some(manifest),
        }
    }

    /// Whether its post or its phone covers a partition.
    pub(crate) fn may_write(&self, pid: &Pid) -> bool {
        match pid {
            Pid::Grid(grid) => {
                self.grids.contains(grid)
                    || self.areas.iter().any(|area| grid.as_str().starts_with(area.as_str()))
            }
            Pid::Inbox(..) => false,
        }
    }

    /// What becomes of a change, by where it was made.
    pub(super) fn admit(&self, row: Option<&DocRow>, home: &Pid, item: &Item) -> Admission {
        if self.trusted {
            return Admission::Accept;
        }
        // Written before the author could know of a move: what counts is where it was then.
        let before_move = row.is_some_and(|row| u64::from(item.move_gen) < row.move_gen);
        let either = |may: &dyn Fn(&Pid) -> bool| may(home) || (before_move && may(&item.hint));
        let scope = Right {
            now: either(&|pid| self.may_write(pid)),
            then: self.lease.as_ref().is_some_and(|lease| either(&|pid| lease.covers(pid))),
        };
        let decided = lease::decide(self.state, self.validity, scope);
        let deleted = row.is_some_and(|row| row.state == DocState::Deleted);
        match decided {
            Admission::Accept | Admission::Flag(_) if deleted => Admission::Quarantine("deleted"),
            decided => decided,
        }
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
