//! The real server over its real store, in this process: started, killed, restored from old backups.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use ironfeet_core::document::Document;
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{ChangeHash, DocId, GridCode, PersonId, Pid, Role, Scalar};
use ironfeet_server::app::App;
use ironfeet_server::config::Config;
use ironfeet_server::identity::WITNESS;
use ironfeet_server::review::decide::{Act, By, Choice, decide};
use ironfeet_server::store::{self, DocState, PartitionRow, PersonRow, Session, Store, StoreError};
use ironfeet_server::{enrol, http, lifecycle, review, shelf, verify};

use super::VirtualClock;
use super::watched::Watched;

/// The server of a world.
pub struct Server {
    dir: PathBuf,
    clock: Arc<VirtualClock>,
    entropy: Arc<dyn Entropy>,
    running: Option<(Arc<App>, Arc<Watched>)>,
    backups: Vec<PathBuf>,
    made: usize,
}

impl Server {
    /// A server on an empty folder, running.
    #[must_use]
    pub fn start(dir: &Path, clock: Arc<VirtualClock>, entropy: Arc<dyn Entropy>) -> Self {
        std::fs::create_dir_all(dir).expect("a temporary folder");
        let mut server = Self {
            dir: dir.to_owned(),
            clock,
            entropy,
            running: None,
            backups: Vec::new(),
            made: 0,
        };
        server.restart();
        server
    }

    fn db(&self) -> PathBuf {
        self.dir.join("server.db")
    }

    /// Ends the process without a word.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Ends the process and begins a new one on the same files.
    pub fn restart(&mut self) {
        self.running = None;
        let mut config = Config { data: self.dir.clone(), ..Config::default() };
        config.console.enabled = false;
        let watched = Arc::new(Watched::open(&self.db()));
        let store: Arc<dyn Store> = watched.clone();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let app =
            App::new(config, store, clock, self.entropy.clone(), true).expect("the server starts");
        self.running = Some((Arc::new(app), watched));
    }

    /// The running server.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.running.as_ref().expect("running").0
    }

    /// Its store, to hold requests and to let writes fail.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn store(&self) -> &Arc<Watched> {
        &self.running.as_ref().expect("running").1
    }

    /// Its routes.
    pub fn router(&self) -> Router {
        http::routes(self.app())
    }

    /// A one-time code for a person's phone.
    #[must_use]
    pub fn code(&self, person: &PersonId, grids: &[GridCode]) -> String {
        let app = self.app();
        let now = app.clock.now();
        store::transact(&*app.store, |s| enrol::code(s, &*app.entropy, person, grids, now))
            .map(|(code, _)| code)
            .map_err(|e: StoreError| e)
            .expect("the store takes a code")
    }

    /// A one-time code for somebody who handles what an inbox is shown.
    ///
    /// # Panics
    /// When it is no inbox.
    #[must_use]
    pub fn handler_code(&self, inbox: &Pid) -> String {
        let Pid::Inbox(department, area) = inbox else { panic!("{inbox} is no inbox") };
        let person = PersonRow {
            id: "h1".parse().expect("a person id"),
            post: Role::Handler,
            areas: vec![area.clone()],
            department: Some(department.clone()),
            added_at: self.app().clock.now(),
        };
        store::transact(&*self.app().store, |s| s.person_put(&person))
            .map_err(|e: StoreError| e)
            .expect("the store takes a person");
        self.code(&person.id, &[])
    }

    /// Shows a place in an inbox, or no longer.
    pub fn share(&self, id: DocId, inbox: &Pid, here: bool) -> bool {
        let app = self.app();
        let now = app.clock.now();
        let act = |s: &dyn Session| lifecycle::share_place(s, app, &id, inbox, here, now);
        store::transact(&*app.store, act).is_ok()
    }

    /// Whether a record appears in a partition.
    #[must_use]
    pub fn appears(&self, id: DocId, pid: &Pid) -> bool {
        self.read(|s| Ok(s.presence(&id)?.contains(pid)))
    }

    /// Moves a place to another grid.
    pub fn move_place(&self, id: DocId, to: &GridCode) -> bool {
        let app = self.app();
        let now = app.clock.now();
        store::transact(&*app.store, |s| lifecycle::move_place(s, app, &id, to, now)).is_ok()
    }

    /// Takes a record out of all partitions.
    pub fn withdraw(&self, id: DocId, state: DocState) -> bool {
        let app = self.app();
        store::transact(&*app.store, |s| lifecycle::withdraw(s, app, &id, state)).is_ok()
    }

    /// A supervisor takes one value of one conflict.
    pub fn settle(&self, pick: usize) -> bool {
        let app = self.app();
        let open = review::conflicts(app, 10).expect("the store can be read");
        let Some(conflict) = open.get(pick % open.len().max(1)) else { return false };
        let side = &conflict.sides[pick % conflict.sides.len()];
        self.choose(conflict, side.change)
    }

    /// A supervisor takes this value of a field in conflict.
    pub fn settle_field(&self, field: &str, value: &Scalar) -> bool {
        let app = self.app();
        let open = review::conflicts(app, 10).expect("the store can be read");
        let Some(conflict) = open.iter().find(|conflict| conflict.field == field) else {
            return false;
        };
        let Some(side) = conflict.sides.iter().find(|side| side.value == *value) else {
            return false;
        };
        self.choose(conflict, side.change)
    }

    fn choose(&self, conflict: &review::Open, change: ChangeHash) -> bool {
        let app = self.app();
        let choice = Choice {
            doc: conflict.doc,
            container: conflict.container.clone(),
            field: conflict.field.clone(),
            rivals: conflict.rivals.clone(),
            act: Act::Take(change),
        };
        let by = By { actor: "sim".to_owned(), post: Role::Supervisor };
        store::transact(&*app.store, |s| decide(s, app, &choice, &by)).is_ok()
    }

    /// Copies the database aside, as the backup command does. A backup that is called durable is
    /// never lost again: phones may forget what it holds.
    pub fn back_up(&mut self, durable: bool) {
        self.made += 1;
        self.store().pass();
        let file = self.dir.join(format!("backup-{}.db", self.made));
        let app = self.app().clone();
        app.note().expect("the witness is written");
        app.store.copy_to(&file).expect("a copy");
        if durable {
            store::transact(&*app.store, |s| {
                s.partitions()?.into_iter().try_for_each(|row| {
                    let durable_seq = row.durable_seq.max(row.last_seq());
                    s.partition_put(&PartitionRow { durable_seq, ..row })
                })
            })
            .map_err(|e: StoreError| e)
            .expect("the store takes the mark");
            self.backups.clear();
        }
        self.backups.push(file);
    }

    /// Ends the process and goes on from an older backup, if there is one; with or without the
    /// witness that would notice.
    pub fn restore(&mut self, n: usize, witness: bool) -> bool {
        if self.backups.is_empty() {
            return false;
        }
        self.store().pass();
        self.app().note().expect("the witness is written");
        self.running = None;
        let file = &self.backups[n % self.backups.len()];
        for end in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(self.dir.join(format!("server.db{end}")));
        }
        if !witness {
            let _absent = std::fs::remove_file(self.dir.join(WITNESS));
        }
        std::fs::copy(file, self.db()).expect("a backup can be copied");
        self.restart();
        true
    }

    /// Everything that is not whole.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let app = self.app();
        let found = verify::verify(&*app.store, &app.identity).expect("the store can be read");
        if found.ok { Vec::new() } else { found.problems }
    }

    /// Reads something of the store.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read<T>(&self, look: impl FnMut(&dyn Session) -> Result<T, StoreError>) -> T {
        store::view(&*self.app().store, look).expect("the store can be read")
    }

    /// A record's state, home and heads; `None` when it is not here.
    #[must_use]
    pub fn record(&self, id: DocId) -> Option<(DocState, Pid, Vec<ChangeHash>)> {
        self.read(|s| Ok(s.doc(&id)?.map(|row| (row.state, row.pid, row.heads))))
    }

    /// A record itself.
    #[must_use]
    pub fn document(&self, id: DocId) -> Option<Document> {
        self.read(|s| s.doc(&id)?.map(|row| shelf::load(s, &row)).transpose())
    }

    /// Whether an accepted change is stored, or waits for a person.
    #[must_use]
    pub fn has(&self, id: DocId, hash: ChangeHash) -> bool {
        self.read(|s| Ok(s.change(&id, &hash)?.is_some() || s.ticket_of(&id, &hash)?.is_some()))
    }

    /// Partition, last entry and documents of each log.
    #[must_use]
    pub fn logs(&self) -> Vec<(String, u64, u64, [u8; 32])> {
        self.read(|s| {
            let row =
                |row: PartitionRow| (row.pid.to_string(), row.last_seq(), row.count, row.chain);
            Ok(s.partitions()?.into_iter().map(row).collect())
        })
    }
}
