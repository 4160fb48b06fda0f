//! What people do with phones, and the dice that decide what happens next.

use ironfeet_core::model::PlaceId;
use ironfeet_core::phone::NewPlace;
use ironfeet_core::phone::sync::Unwatched;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::world::{GRIDS, grid};
use super::{World, house};

impl World {
    /// Lives through the events of the plan, some of them upsets.
    pub async fn live(&mut self) {
        for phone in &self.phones {
            phone.line.set_faults(self.plan.faults_percent);
        }
        for _ in 0..self.plan.events {
            self.clock.pass(60_000);
            let n = self.rng.random_range(0..self.phones.len());
            self.phones[n].clock.pass(61_000);
            let dice = match self.rng.random_range(0..100) {
                0..10 if self.plan.rush && !self.places.is_empty() => 30,
                60..100 if self.plan.rush => 72,
                dice => dice,
            };
            let ends: Vec<_> = self.server.logs().iter().map(|log| (log.1, log.2)).collect();
            self.trace.push(format!("phone {n} dice {dice}, logs {ends:?}"));
            match dice {
                0..50 if self.is_handler(n) => self.remark(n),
                0..10 => self.add_place(n),
                10..26 => self.set_fact(n),
                26..40 => self.remark(n),
                40..43 => self.start_visit(n),
                43..48 => self.write_visit(n),
                48..50 => self.settle_conflict(n),
                50..71 => self.sync(n).await,
                71..75 => self.sync_in_the_middle(n).await,
                dice => self.upset(n, dice).await,
            }
        }
    }

    fn add_place(&mut self, n: usize) {
        let home = Some(grid(GRIDS[self.rng.random_range(0..2)]));
        let new = NewPlace { grid: home, ..house(self.places.len() + 1) };
        let id = self.phone(n).place_add(&new).expect("a place that fits");
        for hash in self.phone(n).heads(id.0).expect("it is here") {
            self.accepted.push((id.0, hash));
        }
        self.places.push(id);
        self.report.edits += 1;
    }

    /// A place this phone has.
    fn some_place(&mut self, n: usize) -> Option<PlaceId> {
        let known: Vec<PlaceId> = self
            .places
            .iter()
            .copied()
            .filter(|id| self.phone(n).place_show(*id).is_ok())
            .collect();
        known.choose(&mut self.rng).copied()
    }

    fn set_fact(&mut self, n: usize) {
        let Some(id) = self.some_place(n) else { return };
        let field = ["building_type", "storeys", "use"][self.rng.random_range(0..3)];
        let value = self.rng.random_range(1..40).to_string();
        let hash = self.phone(n).place_set(id, field, &value).expect("a fact that fits");
        self.accepted.push((id.0, hash));
        self.report.edits += 1;
    }

    fn remark(&mut self, n: usize) {
        let Some(id) = self.some_place(n) else { return };
        let text = format!("备注 {}-{}", self.seed % 1_000, self.report.edits);
        let hash = self.phone(n).place_remark(id, &text).expect("a remark that fits");
        self.accepted.push((id.0, hash));
        self.report.edits += 1;
        self.report.handled += usize::from(self.is_handler(n));
    }

    fn start_visit(&mut self, n: usize) {
        let Some(place) = self.some_place(n) else { return };
        let id = self.phone(n).visit_start(place, "household", false).expect("a visit begins");
        for hash in self.phone(n).heads(id.0).expect("it is here") {
            self.accepted.push((id.0, hash));
        }
        self.visits.push(id);
        self.report.edits += 1;
    }

    fn write_visit(&mut self, n: usize) {
        let known: Vec<_> = self
            .visits
            .iter()
            .copied()
            .filter(|id| self.phone(n).visit_show(*id).is_ok())
            .collect();
        let Some(id) = known.choose(&mut self.rng).copied() else { return };
        let text = format!("说明 {}", self.report.edits);
        let hash = if self.rng.random_bool(0.5) {
            self.phone(n).visit_note(id, &text).expect("a note that fits")
        } else {
            self.phone(n).visit_answer(id, "V-05", &text).expect("an answer that fits")
        };
        self.accepted.push((id.0, hash));
        self.report.edits += 1;
    }

    /// A worker takes one value of a conflict on the phone.
    fn settle_conflict(&mut self, n: usize) {
        let open = self.phone(n).conflicts().expect("the store can be read");
        let Some(conflict) = open.choose(&mut self.rng) else { return };
        let pick = self.rng.random_range(0..conflict.values.len());
        let change = conflict.values[pick].change;
        let settled =
            self.phone(n).settle(conflict.doc, &conflict.container, &conflict.field, change);
        if let Ok(hash) = settled {
            self.accepted.push((conflict.doc, hash));
            self.report.edits += 1;
        }
    }

    /// While the server is in the middle of one phone's request, another phone's whole sync happens.
    async fn sync_in_the_middle(&mut self, n: usize) {
        let other = (n + 1) % self.phones.len();
        let phone = self.phones[other].phone.clone().expect("open");
        let line = self.phones[other].line.clone();
        // The third look is the one that judges.
        let looks = if self.plan.rush { 2 } else { self.rng.random_range(0..9) };
        self.server.store().hold(
            looks,
            Box::new(move || {
                let other = std::thread::spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let runtime = runtime.expect("a runtime");
                    // What becomes of it shows in the end; a fault of the line is no surprise.
                    let _ = runtime.block_on(phone.sync(&*line, "sim", &Unwatched));
                });
                other.join().expect("the other sync does not panic");
            }),
        );
        self.sync(n).await;
        if !self.server.store().release() {
            self.report.met += 1;
        }
    }
}
