//! The server's real store with moments at which others come between, or the disk says no.
//!
//! A request of one phone can be held after any look at the store while another phone's whole sync
//! runs: what two requests do to each other, the same way each time.

use std::path::Path;
use std::sync::Mutex;

use ironfeet_server::store::sqlite::Sqlite;
use ironfeet_server::store::{Store, StoreError, Work};

/// What comes between.
pub type Between = Box<dyn FnOnce() + Send>;

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was written: the disk is full.
    Full,
    /// All was written and nobody was told: the process died after the commit.
    Unknown,
}

/// The real store, watched.
pub struct Watched {
    inner: Sqlite,
    between: Mutex<Option<(u32, Between)>>,
    failing: Mutex<Option<(u32, Failure)>>,
}

impl Watched {
    /// Opens the database.
    ///
    /// # Panics
    /// When it is not whole.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let inner = Sqlite::open(path).expect("a whole database");
        Self { inner, between: Mutex::default(), failing: Mutex::default() }
    }

    /// Runs `between` after so many more looks at the store.
    pub fn hold(&self, looks: u32, between: Between) {
        *self.between.lock().expect("not poisoned") = Some((looks, between));
    }

    /// Forgets what would come between; whether it was still to come.
    pub fn release(&self) -> bool {
        self.between.lock().expect("not poisoned").take().is_some()
    }

    /// Lets the write after `writes` more fail.
    pub fn fail(&self, writes: u32, how: Failure) {
        *self.failing.lock().expect("not poisoned") = Some((writes, how));
    }

    /// Lets every write pass again.
    pub fn pass(&self) {
        *self.failing.lock().expect("not poisoned") = None;
    }

    fn looked(&self) {
        let due = count_down(&self.between);
        if let Some(between) = due {
            between();
        }
    }
}

fn count_down<T>(slot: &Mutex<Option<(u32, T)>>) -> Option<T> {
    let mut slot = slot.lock().expect("not poisoned");
    match slot.take() {
        Some((0, due)) => Some(due),
        Some((n, later)) => {
            *slot = Some((n - 1, later));
            None
        }
        None => None,
    }
}

impl Store for Watched {
    fn view(&self, work: Work<'_>) -> Result<(), StoreError> {
        let done = self.inner.view(work);
        self.looked();
        done
    }

    fn transact(&self, work: Work<'_>) -> Result<(), StoreError> {
        match count_down(&self.failing) {
            None => self.inner.transact(work),
            Some(Failure::Full) => Err(StoreError::Full),
            Some(Failure::Unknown) => {
                self.inner.transact(work)?;
                Err(StoreError::Engine("the commit was not told".into()))
            }
        }
    }

    fn outside_writes(&self) -> Result<i64, StoreError> {
        self.inner.outside_writes()
    }

    fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.inner.copy_to(file)
    }
}
