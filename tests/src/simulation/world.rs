//! Phones and a server living through random days, and what must hold when the dust has settled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::model::{GridCode, PlaceId, PlaceKind};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::{EnrolWith, NewPlace, OpenOptions, Phone};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Line, SeededEntropy, Server, VirtualClock};

const KEY: [u8; 32] = [7; 32];
const GRIDS: [&str; 2] = ["329901001012001", "329901001012002"];
/// Rounds in which a quiet world must come to rest (invariant 11).
const QUIET_ROUNDS_MAX: usize = 14;

/// What a course of events came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Edits that were acknowledged.
    pub edits: usize,
    /// Syncs that came to their end, and those that did not.
    pub syncs: (usize, usize),
    /// Restarts, restores and copies of phones and server.
    pub upsets: usize,
    /// Fields in conflict at the end.
    pub conflicts: usize,
    /// Places at the end.
    pub places: usize,
}

struct SimPhone {
    dir: PathBuf,
    phone: Option<Phone>,
    line: Arc<Line>,
    clock: Arc<VirtualClock>,
    saved: Option<PathBuf>,
}

/// A world on one seed.
pub struct World {
    seed: u64,
    rng: ChaCha8Rng,
    folder: tempfile::TempDir,
    server: Server,
    phones: Vec<SimPhone>,
    clock: Arc<VirtualClock>,
    places: Vec<PlaceId>,
    /// Remarks that were acknowledged: each must be on every phone in the end.
    remarks: BTreeSet<String>,
    report: Report,
}

impl World {
    /// Three phones of three people, two grids, one server.
    pub async fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(VirtualClock::at(1_795_000_000_000));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let server = Server::start(&folder.path().join("server"), clock.clone(), entropy);
        let rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let mut world = Self {
            seed,
            rng,
            folder,
            server,
            phones: Vec::new(),
            clock,
            places: Vec::new(),
            remarks: BTreeSet::new(),
            report: Report::default(),
        };
        for n in 0..3 {
            world.enrol(n).await;
        }
        world
    }

    fn options(&self, dir: &Path, clock: &Arc<VirtualClock>, salt: u64) -> OpenOptions {
        OpenOptions {
            dir: dir.to_owned(),
            key: KEY,
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(self.seed.wrapping_mul(31) ^ salt)),
            content: None,
        }
    }

    async fn enrol(&mut self, n: usize) {
        let dir = self.folder.path().join(format!("phone-{n}"));
        let person = format!("p{n}").parse().expect("a person id");
        let code = self.server.code(&person, &GRIDS.map(grid));
        // Clocks of phones may be years off; nothing may depend on them.
        let skew = [0, 3 * 86_400_000, -5 * 31_536_000_000][n % 3];
        let clock = Arc::new(VirtualClock::at(1_795_000_000_000 + skew));
        let line = Line::new(self.seed ^ (n as u64 + 100));
        line.connect(Some(self.server.router()));
        let options = self.options(&dir, &clock, n as u64 + 1);
        let with = EnrolWith { url: "http://server", code: &code, ca: None, app: "sim" };
        let (phone, _) = Phone::enrol_new(options, &*line, with).await.expect("the code is good");
        self.phones.push(SimPhone { dir, phone: Some(phone), line, clock, saved: None });
    }

    /// Lives through some events, some of them upsets.
    pub async fn live(&mut self, events: usize, faults_percent: u32) {
        for phone in &self.phones {
            phone.line.set_faults(faults_percent);
        }
        for _ in 0..events {
            self.clock.pass(60_000);
            let n = self.rng.random_range(0..self.phones.len());
            self.phones[n].clock.pass(61_000);
            match self.rng.random_range(0..100) {
                0..12 => self.add_place(n),
                12..34 => self.set_fact(n),
                34..56 => self.remark(n),
                56..86 => self.sync(n).await,
                86..90 => self.reopen(n),
                90..93 => self.restart_server(),
                93..95 => self.server.back_up(),
                95..96 => self.restore_server(),
                96..98 => self.move_place(),
                98..99 => self.copy_phone(n).await,
                _ => self.restore_phone(n),
            }
        }
    }

    fn phone(&self, n: usize) -> &Phone {
        self.phones[n].phone.as_ref().expect("open")
    }

    fn add_place(&mut self, n: usize) {
        let new = NewPlace {
            kind: PlaceKind::Dwelling,
            address: format!("平川路 {} 号", self.places.len() + 1),
            lat: Some(33.5),
            lon: Some(119.1),
            grid: Some(grid(GRIDS[self.rng.random_range(0..2)])),
            facts: Vec::new(),
        };
        if let Ok(id) = self.phone(n).place_add(&new) {
            self.places.push(id);
            self.report.edits += 1;
        }
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
        self.phone(n).place_set(id, field, &value).expect("a fact that fits");
        self.report.edits += 1;
    }

    fn remark(&mut self, n: usize) {
        let Some(id) = self.some_place(n) else { return };
        let text = format!("备注 {}-{}", self.seed % 1_000, self.report.edits);
        self.phone(n).place_remark(id, &text).expect("a remark that fits");
        self.remarks.insert(text);
        self.report.edits += 1;
    }

    async fn sync(&mut self, n: usize) {
        let done = self.phone(n).sync(&*self.phones[n].line, "sim", &Unwatched).await;
        match done {
            Ok(_) => self.report.syncs.0 += 1,
            Err(_) => self.report.syncs.1 += 1,
        }
    }

    /// The process ends at any moment between two calls and begins anew: fresh actors.
    fn reopen(&mut self, n: usize) {
        self.report.upsets += 1;
        self.phones[n].phone = None;
        self.open(n);
    }

    fn open(&mut self, n: usize) {
        let salt = self.rng.random();
        let options = self.options(&self.phones[n].dir, &self.phones[n].clock, salt);
        self.phones[n].phone = Some(Phone::open(options).expect("a whole store"));
    }

    fn reconnect(&mut self) {
        let router = self.server.router();
        for phone in &self.phones {
            phone.line.connect(Some(router.clone()));
        }
    }

    fn hang_up(&self) {
        for phone in &self.phones {
            phone.line.connect(None);
        }
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
        if self.server.restore(n) {
            self.report.upsets += 1;
        }
        self.reconnect();
    }

    fn move_place(&mut self) {
        let Some(id) = self.places.choose(&mut self.rng).copied() else { return };
        let to = grid(GRIDS[self.rng.random_range(0..2)]);
        self.server.move_place(id.0, &to);
    }

    /// A phone whose work is all sent is copied aside, to be gone back to later.
    async fn copy_phone(&mut self, n: usize) {
        self.phones[n].line.set_faults(0);
        self.sync(n).await;
        self.phones[n].line.set_faults(15);
        if self.phone(n).status().expect("a status").pending > 0 {
            return;
        }
        let to = self.folder.path().join(format!("copy-{n}-{}", self.report.edits));
        self.phones[n].phone = None;
        copy(&self.phones[n].dir, &to);
        self.open(n);
        self.phones[n].saved = Some(to);
        self.report.upsets += 1;
    }

    /// The phone is thrown back to an older copy of itself. What it has not sent is lost with the
    /// phone, so this happens only when nothing waits.
    fn restore_phone(&mut self, n: usize) {
        let Some(saved) = self.phones[n].saved.take() else { return };
        if self.phone(n).status().expect("a status").pending > 0 {
            return;
        }
        self.phones[n].phone = None;
        std::fs::remove_dir_all(&self.phones[n].dir).expect("the phone's folder");
        copy(&saved, &self.phones[n].dir);
        self.open(n);
        self.report.upsets += 1;
    }

    /// No more faults, no more edits: everything must come to rest, whole and equal.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub async fn settle(&mut self) -> Result<Report, String> {
        for phone in &self.phones {
            phone.line.set_faults(0);
        }
        self.rest().await?;
        let problems = self.server.problems();
        if !problems.is_empty() {
            return Err(format!("server: {problems:?}"));
        }
        for n in 0..self.phones.len() {
            let verified = self.phone(n).verify().map_err(|e| e.to_string())?;
            if !verified.ok {
                return Err(format!("phone {n}: {:?}", verified.problems));
            }
        }
        self.compare()?;
        Ok(self.report.clone())
    }

    async fn rest(&mut self) -> Result<(), String> {
        for round in 0..QUIET_ROUNDS_MAX {
            let mut moved = 0;
            for n in 0..self.phones.len() {
                let done = self.phone(n).sync(&*self.phones[n].line, "sim", &Unwatched).await;
                let report = done.map_err(|e| format!("phone {n}, quiet round {round}: {e:?}"))?;
                moved += report.pushed + report.pulled + u64::from(report.unfinished);
            }
            if moved == 0 {
                return Ok(());
            }
        }
        Err(format!("no rest after {QUIET_ROUNDS_MAX} rounds"))
    }

    /// Every phone shows the same places with the same facts, conflicts and remarks, and every
    /// remark that was acknowledged is there.
    fn compare(&mut self) -> Result<(), String> {
        let shown = |n: usize| -> Vec<(PlaceId, String)> {
            let mut all = Vec::new();
            for id in &self.places {
                if let Ok(view) = self.phone(n).place_show(*id) {
                    let json = serde_json::json!([view.facts, view.remarks, view.conflicts]);
                    all.push((*id, json.to_string()));
                }
            }
            all
        };
        let first = shown(0);
        for n in 1..self.phones.len() {
            let other = shown(n);
            if other != first {
                let differ: Vec<_> =
                    first.iter().filter(|p| !other.contains(p)).map(|p| p.0).collect();
                let more: Vec<_> =
                    other.iter().filter(|p| !first.contains(p)).map(|p| p.0).collect();
                return Err(format!("phone {n} differs: {differ:?} / {more:?}"));
            }
        }
        let all: String = first.iter().map(|(_, json)| json.as_str()).collect();
        let lost: Vec<_> =
            self.remarks.iter().filter(|r| !all.contains(&format!("\"{r}\""))).collect();
        if !lost.is_empty() {
            return Err(format!("acknowledged and nowhere: {lost:?}"));
        }
        if first.len() != self.places.len() {
            return Err(format!("{} of {} places", first.len(), self.places.len()));
        }
        self.report.places = first.len();
        self.report.conflicts = self.phone(0).conflicts().map_err(|e| e.to_string())?.len();
        Ok(())
    }
}

fn grid(code: &str) -> GridCode {
    code.parse().expect("a grid code")
}

fn copy(from: &Path, to: &Path) {
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
