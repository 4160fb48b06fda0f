//! Phones and a server on one seed: who is there and what was accepted so far.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::model::{ChangeHash, DocId, GridCode, PersonId, Pid, PlaceId, Role, VisitId};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::{EnrolWith, OpenOptions, Phone};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::adversary::Adversary;
use super::{Line, SeededEntropy, Server, VirtualClock};

pub(super) const KEY: [u8; 32] = [7; 32];
/// The grids that every phone carries.
pub(super) const GRIDS: [&str; 2] = ["329901001012001", "329901001012002"];
/// The phone of the department, where there is one.
const HANDLER: usize = 3;
/// When a world begins: 2026-11-18.
pub(super) const BEGIN: i64 = 1_795_000_000_000;
const DAY: i64 = 86_400_000;

/// How a world is built and what happens in it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Events before everything must come to rest.
    pub events: usize,
    /// Requests of a hundred that meet a fault.
    pub faults_percent: u32,
    /// Whether somebody sends what no app would.
    pub adversary: bool,
    /// Whether all work is on one place and syncs meet between judging and writing.
    pub rush: bool,
    /// Whether a department has a phone, and places are shown to it and taken back.
    pub department: bool,
}

impl Plan {
    /// Nothing but people at work on one place whose syncs meet.
    #[must_use]
    pub fn rush() -> Self {
        Self { events: 40, faults_percent: 0, adversary: false, rush: true, department: false }
    }

    /// The plan of a seed: every fourth has a clean line, every third an adversary.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self {
            events: 40,
            faults_percent: if seed.is_multiple_of(4) { 0 } else { 20 },
            adversary: seed.is_multiple_of(3),
            rush: false,
            department: false,
        }
    }

    /// The plan of a seed, with a department's phone beside the others.
    #[must_use]
    pub fn with_department(seed: u64) -> Self {
        Self { department: true, ..Self::of(seed) }
    }
}

/// What a course of events came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Edits that were acknowledged.
    pub edits: usize,
    /// Syncs that came to their end, and those that did not.
    pub syncs: (usize, usize),
    /// Syncs that met another in the middle of a request.
    pub met: usize,
    /// Restarts, restores and copies of phones and server.
    pub upsets: usize,
    /// Restores of the server among them.
    pub restores: usize,
    /// Changes that no app would make.
    pub mutants: usize,
    /// Times a place was shown to the department, or taken back.
    pub shown: usize,
    /// Remarks of the department's among the edits.
    pub handled: usize,
    /// Changes that waited for a person in the end.
    pub waiting: usize,
    /// Fields in conflict at the end.
    pub conflicts: usize,
    /// Places at the end.
    pub places: usize,
    /// Where the logs ended: equal only when two courses were.
    pub chains: Vec<[u8; 32]>,
}

impl Report {
    /// Adds another's figures.
    pub fn add(&mut self, other: &Self) {
        self.edits += other.edits;
        self.syncs.0 += other.syncs.0;
        self.syncs.1 += other.syncs.1;
        self.met += other.met;
        self.upsets += other.upsets;
        self.restores += other.restores;
        self.mutants += other.mutants;
        self.shown += other.shown;
        self.handled += other.handled;
        self.waiting += other.waiting;
        self.conflicts += other.conflicts;
        self.places += other.places;
    }
}

pub(super) struct SimPhone {
    pub(super) dir: PathBuf,
    pub(super) phone: Option<Arc<Phone>>,
    pub(super) line: Arc<Line>,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) saved: Option<PathBuf>,
}

/// A world on one seed.
pub struct World {
    pub(super) seed: u64,
    pub(super) plan: Plan,
    pub(super) rng: ChaCha8Rng,
    pub(super) folder: tempfile::TempDir,
    pub(super) server: Server,
    pub(super) phones: Vec<SimPhone>,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) places: Vec<PlaceId>,
    pub(super) visits: Vec<VisitId>,
    /// Changes that were acknowledged to a person: each must be somewhere in the end.
    pub(super) accepted: Vec<(DocId, ChangeHash)>,
    /// Of these: what no phone held any more once a phone was thrown back; the server alone has it.
    pub(super) frail: BTreeSet<(DocId, ChangeHash)>,
    /// Whether a write of the server was ever made to fail.
    pub(super) writes_failed: bool,
    pub(super) adversary: Option<Adversary>,
    pub(super) report: Report,
    /// Phone, dice and where the logs stand, per event: told when the seed fails.
    pub(super) trace: Vec<String>,
}

/// A folder in memory where the system has one: nothing here survives the test anyway.
#[must_use]
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new().prefix("ironfeet-sim-").tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

impl World {
    /// Three phones of three people, two grids, one server.
    pub async fn new(seed: u64, plan: Plan) -> Self {
        let folder = folder();
        let clock = Arc::new(VirtualClock::at(BEGIN));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let server = Server::start(&folder.path().join("server"), clock.clone(), entropy);
        let rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let mut world = Self {
            seed,
            plan,
            rng,
            folder,
            server,
            phones: Vec::new(),
            clock,
            places: Vec::new(),
            visits: Vec::new(),
            accepted: Vec::new(),
            frail: BTreeSet::new(),
            writes_failed: false,
            adversary: None,
            report: Report::default(),
            trace: Vec::new(),
        };
        for n in 0..3 {
            let code = world.code(&format!("p{n}"));
            world.enrol(n, &code).await;
        }
        if plan.department {
            let code = world.server.handler_code(&inbox());
            world.enrol(HANDLER, &code).await;
        }
        if plan.adversary {
            let (code, clock) = (world.code("p9"), world.clock.clone());
            world.adversary =
                Some(Adversary::enrol(world.server.router(), &code, seed, clock).await);
        }
        world
    }

    /// What happened, one event a line.
    #[must_use]
    pub fn told(&self) -> String {
        self.trace.join("\n")
    }

    fn code(&self, person: &str) -> String {
        let person: PersonId = person.parse().expect("a person id");
        self.server.code(&person, &GRIDS.map(grid))
    }

    fn options(&self, dir: &Path, clock: &Arc<VirtualClock>, salt: u64) -> OpenOptions {
        OpenOptions {
            dir: dir.to_owned(),
            key: KEY,
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(self.seed.wrapping_mul(31) ^ salt)),
            content: None,
            keystore: None,
        }
    }

    async fn enrol(&mut self, n: usize, code: &str) {
        let dir = self.folder.path().join(format!("phone-{n}"));
        // Clocks of phones may be years off; nothing may depend on them.
        let skew = [0, 3 * DAY, -5 * 365 * DAY][n % 3];
        let clock = Arc::new(VirtualClock::at(BEGIN + skew));
        let line = Line::new(self.seed ^ (n as u64 + 100));
        line.connect(Some(self.server.router()));
        let options = self.options(&dir, &clock, n as u64 + 1);
        let with = EnrolWith { url: "http://server", code, ca: None, app: "sim" };
        let (phone, _) = Phone::enrol_new(options, &*line, with).await.expect("the code is good");
        let phone = Some(Arc::new(phone));
        self.phones.push(SimPhone { dir, phone, line, clock, saved: None });
    }

    pub(super) fn phone(&self, n: usize) -> &Phone {
        self.phones[n].phone.as_ref().expect("open")
    }

    /// Whether a phone is the department's: it reads the inbox alone, and may add remarks.
    pub(super) fn is_handler(&self, n: usize) -> bool {
        self.plan.department && self.phone(n).status().expect("a status").role == Role::Handler
    }

    pub(super) fn open(&mut self, n: usize) {
        let salt = self.rng.random();
        let options = self.options(&self.phones[n].dir, &self.phones[n].clock, salt);
        let phone = Phone::open(options).expect("a whole store");
        self.phones[n].phone = Some(Arc::new(phone));
    }

    pub(super) fn reconnect(&mut self) {
        let router = self.server.router();
        for phone in &self.phones {
            phone.line.connect(Some(router.clone()));
        }
        if let Some(adversary) = &self.adversary {
            adversary.connect(Some(router));
        }
    }

    pub(super) fn hang_up(&self) {
        for phone in &self.phones {
            phone.line.connect(None);
        }
        if let Some(adversary) = &self.adversary {
            adversary.connect(None);
        }
    }

    pub(super) async fn sync(&mut self, n: usize) {
        let done = self.phone(n).sync(&*self.phones[n].line, "sim", &Unwatched).await;
        match done {
            Ok(_) => self.report.syncs.0 += 1,
            Err(_) => self.report.syncs.1 += 1,
        }
    }
}

/// The department's inbox: all grids lie in its area.
pub(super) fn inbox() -> Pid {
    "dFIRE@329901".parse().expect("an inbox")
}

pub(super) fn grid(code: &str) -> GridCode {
    code.parse().expect("a grid code")
}
