//! The real server over its real store, in this process: started, killed, restored from old backups.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{DocId, GridCode, PersonId};
use ironfeet_server::app::App;
use ironfeet_server::config::Config;
use ironfeet_server::store::sqlite::Sqlite;
use ironfeet_server::store::{self, Store, StoreError};
use ironfeet_server::{enrol, http, lifecycle, verify};

use super::VirtualClock;

/// The server of a world.
pub struct Server {
    dir: PathBuf,
    clock: Arc<VirtualClock>,
    entropy: Arc<dyn Entropy>,
    app: Option<Arc<App>>,
    backups: usize,
}

impl Server {
    /// A server on an empty folder, running.
    #[must_use]
    pub fn start(dir: &Path, clock: Arc<VirtualClock>, entropy: Arc<dyn Entropy>) -> Self {
        std::fs::create_dir_all(dir).expect("a temporary folder");
        let mut server = Self { dir: dir.to_owned(), clock, entropy, app: None, backups: 0 };
        server.restart();
        server
    }

    fn db(&self) -> PathBuf {
        self.dir.join("server.db")
    }

    /// Ends the process and begins a new one on the same files.
    pub fn restart(&mut self) {
        self.app = None;
        let mut config = Config { data: self.dir.clone(), ..Config::default() };
        config.console.enabled = false;
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&self.db()).expect("a whole database"));
        let clock: Arc<dyn Clock> = self.clock.clone();
        let app =
            App::new(config, store, clock, self.entropy.clone(), true).expect("the server starts");
        self.app = Some(Arc::new(app));
    }

    fn app(&self) -> &Arc<App> {
        self.app.as_ref().expect("running")
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

    /// Moves a place to another grid.
    pub fn move_place(&self, id: DocId, to: &GridCode) -> bool {
        let app = self.app();
        let now = app.clock.now();
        store::transact(&*app.store, |s| lifecycle::move_place(s, app, &id, to, now)).is_ok()
    }

    /// Copies the database aside, as the backup command does.
    pub fn back_up(&mut self) {
        self.backups += 1;
        let file = self.dir.join(format!("backup-{}.db", self.backups));
        self.app().note().expect("the witness is written");
        self.app().store.copy_to(&file).expect("a copy");
    }

    /// Ends the process and goes on from an older backup, if there is one.
    pub fn restore(&mut self, n: usize) -> bool {
        if self.backups == 0 {
            return false;
        }
        self.app().note().expect("the witness is written");
        self.app = None;
        let file = self.dir.join(format!("backup-{}.db", n % self.backups + 1));
        for end in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(self.dir.join(format!("server.db{end}")));
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
}
