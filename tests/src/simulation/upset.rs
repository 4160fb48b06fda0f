//! What happens to phones and server besides work: ends, restores, copies, moves, an adversary.

use std::path::Path;
use std::sync::Arc;

use ironfeet_core::model::{ChangeHash, DocId};
use ironfeet_server::store::DocState;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::World;
use super::watched::Failure;
use super::world::{GRIDS, SimPhone, grid, inbox};
use super::{Line, VirtualClock};

/// Phones in a world at most, copies included and a department's not.
const PHONES_MAX: usize = 4;

impl World {
    /// One upset by the dice of [`World::live`].
    pub(super) async fn upset(&mut self, n: usize, dice: i32) {
        match dice {
            71..75 => self.reopen(n),
            75..78 => self.restart_server(),
            78..82 => {
                let durable = self.rng.random_bool(0.3);
                self.server.back_up(durable);
            }
            82..85 => self.restore_server(),
            85..88 if self.plan.department && self.rng.random_bool(0.7) => self.share(),
            85..88 => self.move_place(),
            88..90 => self.withdraw(),
            90..92 => self.copy_phone(n).await,
            92..94 => self.restore_phone(n),
            94..95 => self.clone_phone(n),
            95..96 => self.jump(n),
            96..97 => self.fail_write(),
            97..98 => self.settle_at_desk(),
            _ => self.attack().await,
        }
    }

    /// The process ends at any moment between two calls and begins anew: fresh actors.
    fn reopen(&mut self, n: usize) {
        self.report.upsets += 1;
        self.phones[n].phone = None;
        self.open(n);
    }

    fn restart_server(&mut self) {
        self.report.upsets += 1;
        self.hang_up();
        self.server.restart();
        self.reconnect();
    }

    fn restore_server(&mut self) {
        self.hang_up();
        let n = self.rng.random_range(0..100);
        let witness = self.rng.random_bool(0.5);
        if self.server.restore(n, witness) {
            self.report.upsets += 1;
            self.report.restores += 1;
            self.let_go();
        }
        self.reconnect();
    }

    /// The bound of the promise: thrown back on every end, in whatever order, a change is nowhere.
    fn let_go(&mut self) {
        let gone: Vec<_> = self.frail.iter().copied().filter(|one| !self.is_held(*one)).collect();
        self.accepted.retain(|one| !gone.contains(one));
    }

    fn move_place(&mut self) {
        let Some(id) = self.places.choose(&mut self.rng).copied() else { return };
        let to = grid(GRIDS[self.rng.random_range(0..2)]);
        self.server.move_place(id.0, &to);
    }

    /// A place is shown to the department, or taken back.
    fn share(&mut self) {
        let Some(id) = self.places.choose(&mut self.rng).copied() else { return };
        let here = self.rng.random_bool(0.7);
        self.report.shown += usize::from(self.server.share(id.0, &inbox(), here));
    }

    /// A place or a visit leaves all phones, whatever they still hold of it.
    fn withdraw(&mut self) {
        let mut all: Vec<_> = self.places.iter().map(|id| id.0).collect();
        all.extend(self.visits.iter().map(|id| id.0));
        let Some(id) = all.choose(&mut self.rng).copied() else { return };
        let archived = self.rng.random_bool(0.5);
        self.server.withdraw(id, if archived { DocState::Archived } else { DocState::Deleted });
    }

    /// A phone whose work is all sent is copied aside, to be gone back to later.
    async fn copy_phone(&mut self, n: usize) {
        self.phones[n].line.set_faults(0);
        self.sync(n).await;
        self.phones[n].line.set_faults(self.plan.faults_percent);
        if self.unsent(n) > 0 {
            return;
        }
        let to = self.folder.path().join(format!("copy-{n}-{}", self.report.upsets));
        self.phones[n].phone = None;
        copy(&self.phones[n].dir, &to);
        self.open(n);
        self.phones[n].saved = Some(to);
        self.report.upsets += 1;
    }

    fn unsent(&self, n: usize) -> i64 {
        self.phone(n).status().expect("a status").pending
    }

    /// The phone is thrown back to an older copy of itself. What it has not sent is lost with the
    /// phone, so this happens only when nothing waits.
    fn restore_phone(&mut self, n: usize) {
        if self.phones[n].saved.is_none() || self.unsent(n) > 0 {
            return;
        }
        let Some(saved) = self.phones[n].saved.take() else { return };
        self.phones[n].phone = None;
        std::fs::remove_dir_all(&self.phones[n].dir).expect("the phone's folder");
        copy(&saved, &self.phones[n].dir);
        self.open(n);
        let frail: Vec<_> =
            self.accepted.iter().copied().filter(|one| !self.is_on_a_phone(*one)).collect();
        self.frail.extend(frail);
        self.let_go();
        self.report.upsets += 1;
    }

    fn is_on_a_phone(&self, (doc, hash): (DocId, ChangeHash)) -> bool {
        let holds = |n| self.phone(n).holds(doc, hash).expect("the store can be read");
        (0..self.phones.len()).any(holds)
    }

    fn is_held(&self, one: (DocId, ChangeHash)) -> bool {
        self.server.has(one.0, one.1) || self.is_on_a_phone(one)
    }

    /// From now on there are two living copies of a phone, unsent work included.
    fn clone_phone(&mut self, n: usize) {
        if self.phones.len() >= PHONES_MAX + usize::from(self.plan.department) {
            return;
        }
        let dir = self.folder.path().join(format!("clone-{n}"));
        self.phones[n].phone = None;
        copy(&self.phones[n].dir, &dir);
        self.open(n);
        let line = Line::new(self.seed ^ 200);
        line.connect(Some(self.server.router()));
        line.set_faults(self.plan.faults_percent);
        let clock =
            Arc::new(VirtualClock::at(self.clock.0.load(std::sync::atomic::Ordering::Relaxed)));
        self.phones.push(SimPhone { dir, phone: None, line, clock, saved: None });
        let last = self.phones.len() - 1;
        self.open(last);
        self.report.upsets += 1;
    }

    /// A phone's clock jumps by years, forwards or backwards.
    fn jump(&mut self, n: usize) {
        let years = self.rng.random_range(-10..10_i64);
        self.phones[n].clock.pass(years * 365 * 86_400_000);
    }

    /// One of the next writes of the server fails, before or after it is on disk.
    fn fail_write(&mut self) {
        let how = if self.rng.random_bool(0.5) { Failure::Full } else { Failure::Unknown };
        let writes = self.rng.random_range(0..2);
        self.server.store().fail(writes, how);
        self.writes_failed = true;
        self.report.upsets += 1;
    }

    /// A supervisor takes one value of a conflict.
    fn settle_at_desk(&mut self) {
        let pick = self.rng.random_range(0..8);
        self.server.settle(pick);
    }

    async fn attack(&mut self) {
        let Some(adversary) = &mut self.adversary else { return };
        let Some(place) = self.places.choose(&mut self.rng).copied() else { return };
        let Some((_, home, _)) = self.server.record(place.0) else { return };
        let Some(document) = self.server.document(place.0) else { return };
        self.report.mutants += adversary.push(&document, &home).await;
    }
}

/// Copies a folder with everything in it.
///
/// # Panics
/// When one cannot be read or the other not be written.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}
