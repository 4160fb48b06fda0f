//! A small world led by hand: a server and a few phones on a clean line, each step told by a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::model::{ChangeHash, DocId, PlaceId, PlaceKind};
use ironfeet_core::phone::sync::{SyncError, SyncReport, Unwatched, Watch};
use ironfeet_core::phone::{EnrolWith, NewPlace, OpenOptions, Phone};

use super::upset::copy;
use super::world::{BEGIN, GRIDS, KEY, grid};
use super::{Line, SeededEntropy, Server, VirtualClock};

/// Rounds after which nothing may move any more.
const ROUNDS_MAX: usize = 8;

/// Runs a story to its end.
///
/// # Panics
/// When the system gives no runtime.
pub fn block<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(story)
}

/// A dwelling in the first grid.
#[must_use]
pub fn house(n: usize) -> NewPlace {
    NewPlace {
        kind: PlaceKind::Dwelling,
        address: format!("平川路 {n} 号"),
        lat: Some(33.5),
        lon: Some(119.1),
        grid: Some(grid(GRIDS[0])),
        facts: Vec::new(),
    }
}

struct Held {
    dir: PathBuf,
    phone: Option<Phone>,
    line: Arc<Line>,
}

/// The world.
pub struct Hand {
    dir: PathBuf,
    /// Its server.
    pub server: Server,
    phones: Vec<Held>,
    clock: Arc<VirtualClock>,
    salt: u64,
}

impl Hand {
    /// Opens what lies in a folder: a server, and so many phones that were enrolled there before.
    #[must_use]
    pub fn open(dir: &Path, phones: usize, salt: u64) -> Self {
        let clock = Arc::new(VirtualClock::at(BEGIN));
        let entropy = Arc::new(SeededEntropy::new(salt));
        let server = Server::start(&dir.join("server"), clock.clone(), entropy);
        let mut hand = Self { dir: dir.to_owned(), server, phones: Vec::new(), clock, salt };
        for n in 0..phones {
            let dir = hand.folder(n);
            hand.phones.push(Held { dir, phone: None, line: Line::new(n as u64) });
            hand.open_phone(n);
        }
        hand.connect();
        hand
    }

    /// The same world once more, on a copy of its folder. Nothing of it may be open.
    #[must_use]
    pub fn copy_of(base: &Path, to: &Path, phones: usize, salt: u64) -> Self {
        copy(base, to);
        Self::open(to, phones, salt)
    }

    fn folder(&self, n: usize) -> PathBuf {
        self.dir.join(format!("phone-{n}"))
    }

    fn options(&mut self, dir: &Path) -> OpenOptions {
        self.salt += 1_000;
        OpenOptions {
            dir: dir.to_owned(),
            key: KEY,
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(self.salt)),
            content: None,
            keystore: None,
        }
    }

    fn open_phone(&mut self, n: usize) {
        let dir = self.phones[n].dir.clone();
        let options = self.options(&dir);
        self.phones[n].phone = Some(Phone::open(options).expect("a whole store"));
    }

    fn connect(&self) {
        self.phones.iter().for_each(|held| held.line.connect(Some(self.server.router())));
    }

    /// One more phone, of one more person.
    ///
    /// # Panics
    /// When the code is not taken.
    pub async fn enrol(&mut self) {
        let n = self.phones.len();
        let code = self.code(n);
        let (dir, line) = (self.folder(n), Line::new(n as u64));
        line.connect(Some(self.server.router()));
        let with = EnrolWith { url: "http://server", code: &code, ca: None, app: "hand" };
        let options = self.options(&dir);
        let (phone, _) = Phone::enrol_new(options, &*line, with).await.expect("the code is good");
        self.phones.push(Held { dir, phone: Some(phone), line });
    }

    /// A code that enrols one more person.
    ///
    /// # Panics
    /// Never: the name is made here.
    #[must_use]
    pub fn code(&self, n: usize) -> String {
        let person = format!("p{n}").parse().expect("a person id");
        self.server.code(&person, &GRIDS.map(grid))
    }

    /// The clock of everybody.
    #[must_use]
    pub fn clock(&self) -> Arc<VirtualClock> {
        self.clock.clone()
    }

    /// How many phones there are.
    #[must_use]
    pub fn phones(&self) -> usize {
        self.phones.len()
    }

    /// A phone.
    ///
    /// # Panics
    /// When there is no such phone.
    #[must_use]
    pub fn phone(&self, n: usize) -> &Phone {
        self.phones[n].phone.as_ref().expect("open")
    }

    /// A phone's line to the server.
    ///
    /// # Panics
    /// When there is no such phone.
    #[must_use]
    pub fn line(&self, n: usize) -> &Line {
        &self.phones[n].line
    }

    /// One sync of a phone.
    ///
    /// # Errors
    /// Of the sync.
    pub async fn sync(&self, n: usize) -> Result<SyncReport, SyncError> {
        self.clock.pass(61_000);
        self.phone(n).sync(&*self.phones[n].line, "hand", &Unwatched).await
    }

    /// One sync of a phone that somebody watches.
    ///
    /// # Errors
    /// Of the sync.
    pub async fn sync_watched(&self, n: usize, watch: &dyn Watch) -> Result<SyncReport, SyncError> {
        self.clock.pass(61_000);
        self.phone(n).sync(&*self.phones[n].line, "hand", watch).await
    }

    /// All processes end without a word and begin anew on the same files.
    pub fn revive(&mut self) {
        self.phones.iter().for_each(|held| held.line.connect(None));
        self.phones.iter_mut().for_each(|held| held.phone = None);
        self.server.restart();
        (0..self.phones.len()).for_each(|n| self.open_phone(n));
        self.connect();
    }

    /// Syncs all phones, in this order, until nothing moves.
    ///
    /// # Errors
    /// What fails or does not come to rest, in words.
    pub async fn rest(&self, order: &[usize]) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            let mut moved = 0;
            for n in order {
                let done = self.sync(*n).await.map_err(|e| format!("phone {n}: {e:?}"))?;
                moved += done.pushed + done.pulled + u64::from(done.unfinished);
            }
            if moved == 0 {
                return Ok(());
            }
        }
        Err(format!("no rest after {ROUNDS_MAX} rounds"))
    }

    /// Every end is whole, holds what was acknowledged, and nothing waits.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn whole(&self, acknowledged: &[(DocId, ChangeHash)]) -> Result<(), String> {
        let problems = self.server.problems();
        if !problems.is_empty() {
            return Err(format!("server: {problems:?}"));
        }
        if let Some(lost) = acknowledged.iter().find(|(doc, hash)| !self.server.has(*doc, *hash)) {
            return Err(format!("acknowledged and nowhere: {lost:?}"));
        }
        for n in 0..self.phones.len() {
            let verified = self.phone(n).verify().map_err(|e| e.to_string())?;
            let status = self.phone(n).status().map_err(|e| e.to_string())?;
            if !verified.ok || status.pending > 0 || status.set_aside > 0 {
                return Err(format!("phone {n}: {:?}, {status:?}", verified.problems));
            }
        }
        Ok(())
    }

    /// What a phone shows of a place.
    ///
    /// # Errors
    /// What the phone says instead, in words.
    pub fn shown(&self, n: usize, place: PlaceId) -> Result<serde_json::Value, String> {
        let view = self.phone(n).place_show(place).map_err(|e| format!("phone {n}: {e:?}"))?;
        let visits = view.visits.len();
        Ok(serde_json::json!({
            "grid": view.grid, "facts": view.facts, "remarks": view.remarks,
            "conflicts": view.conflicts, "visits": visits,
        }))
    }
}
