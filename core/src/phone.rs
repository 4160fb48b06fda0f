//! Everything an app can do with no network: places, visits, findings, photos, tasks, today's list.
//!
//! Joins the store with the pure floors. One call, one answer; when a call that
//! changes something returns, it is on disk. All calls take `&self` and may come
//! from any thread; one runs at a time and none waits for a network.
//!
//! Several people may use one phone: each has an own folder and key, so opening
//! one person's store never touches another's outbox.
//!
//! Must not know HTML, sockets of the sync (its driver is a guest in this room)
//! or uniffi. Reads no clock and no entropy but those handed in.

mod apply;
mod conflict;
mod content;
mod direct;
mod due;
mod enrol;
mod error;
mod finding;
mod invitation;
mod key;
mod lists;
mod mend;
mod notice;
mod outbox;
mod pass;
mod photo;
mod place;
mod prepare;
mod rebase;
mod record;
mod rescue;
mod settled;
mod show;
mod status;
pub mod sync;
mod task;
mod today;
pub mod transport;
mod verify;
mod visit;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use zeroize::Zeroizing;

pub use apply::{Applied, Incoming};
pub use conflict::ConflictWords;
pub use direct::RecordedVisit;
pub use enrol::{EnrolWith, Enrolled, Enrolment};
pub use error::PhoneError;
pub use finding::FindingRow;
pub use invitation::Invitation;
pub use key::Keystore;
pub use lists::ChecklistRow;
pub use notice::{NoticeRecord, NoticeRow};
pub use outbox::{Outgoing, Receipt};
pub use photo::{PhotoBudget, PhotoProgress, PhotoReport, PhotoRow};
pub use place::{NewPlace, PlaceRow, PlaceView, VisitRow};
pub use rescue::Rescued;
pub use settled::Settled;
pub use show::{ConflictValueView, ConflictView};
pub use status::{PartStatus, Status};
pub use task::{TaskRow, TaskView};
pub use today::TodayRow;
pub use verify::{Problem, VerifyReport};
pub use visit::VisitView;

pub use crate::checklist::{ItemType, Question, QuestionChoice, Suggestion};
pub use crate::store::salvage::Salvaged;
pub use crate::sync::key::KeyError;

use crate::checklist::Content;
use crate::ground::{Clock, Entropy};
use crate::model::{Author, GridCode, InstallId, PersonId, Pid, Role, UtcMillis};
use crate::rules::{Act, may};
use crate::store::salvage;
use crate::store::{Owner, Store, meta, part};
use content::Contents;
use record::Records;

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// The person's folder.
    pub dir: PathBuf,
    /// The store's key, from the platform's key store. Never written anywhere.
    pub key: [u8; 32],
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Checklists to install, as YAML; `None` keeps those installed, or the product's own.
    pub content: Option<String>,
    /// The phone's hardware, where it shall hold the device's key; `None`: the encrypted store holds it.
    pub keystore: Option<Arc<dyn Keystore>>,
}

/// A person's phone, open.
pub struct Phone {
    inner: Mutex<Inner>,
    /// Held while waiting for `inner`: who comes back at once (the sync, between two slices) queues
    /// behind who was waiting, so that an answer waits for one slice at the most.
    next: Mutex<()>,
}

struct Inner {
    /// `None` only after a failed recovery: the next call tries to open again.
    store: Option<Store>,
    records: Records,
    contents: Contents,
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keystore: Option<Arc<dyn Keystore>>,
    owner: Owner,
    recovered: Option<Salvaged>,
}

impl Phone {
    /// Sets a phone up for a person in an empty folder; works with no server.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] when there is a store already or the post may not use a phone,
    /// [`PhoneError::Content`] when the checklists to install are not right.
    pub fn init(
        options: OpenOptions,
        person: PersonId,
        role: Role,
        grids: &[GridCode],
    ) -> Result<Self, PhoneError> {
        if !may(role, Act::Read, "place", "facts") {
            return Err(not_yours());
        }
        let contents = Contents::install(options.content.as_deref())?;
        let owner = Owner {
            install_id: InstallId(options.entropy.sixteen()),
            person,
            role,
            author: Author(options.entropy.sixteen()),
            grids: grids.to_vec(),
        };
        let key = Zeroizing::new(options.key);
        let mut store = Store::create(&options.dir, key.clone(), &owner, options.entropy.clone())?;
        store.write(|db| {
            for grid in grids {
                part::serve(db, &Pid::Grid(grid.clone()).to_string())?;
            }
            contents.write(db)
        })?;
        Ok(Self::of(options, key, owner, store, contents, None))
    }

    /// Opens a person's store. A damaged one is moved aside and what can be read of it saved into a
    /// new one: [`Phone::recovered`] then tells what.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`], [`PhoneError::WrongKey`], [`PhoneError::NewerThanApp`]: nothing was
    /// touched. [`PhoneError::Damaged`] when nothing could be saved; the file stands as it was.
    pub fn open(options: OpenOptions) -> Result<Self, PhoneError> {
        let key = Zeroizing::new(options.key);
        let open = || {
            let store = Store::open(&options.dir, key.clone(), options.entropy.clone())?;
            let (contents, moved) = Contents::open(store.db(), options.content.as_deref())?;
            Ok((store, contents, moved))
        };
        let mut saved = None;
        let (store, contents, moved) = match open() {
            Err(PhoneError::Damaged { moved_to: None, .. }) => {
                let at = options.clock.now().0;
                let entropy = options.entropy.as_ref();
                saved = Some(salvage::salvage(&options.dir, &key, at, entropy, None)?);
                open()?
            }
            other => other?,
        };
        let owner = store.owner().clone();
        let phone = Self::of(options, key, owner, store, contents, saved);
        phone.with(|inner| inner.begin(moved))?;
        Ok(phone)
    }

    fn of(
        options: OpenOptions,
        key: Zeroizing<[u8; 32]>,
        owner: Owner,
        store: Store,
        contents: Contents,
        recovered: Option<Salvaged>,
    ) -> Self {
        let inner = Inner {
            store: Some(store),
            records: Records::default(),
            contents,
            dir: options.dir,
            key,
            clock: options.clock,
            entropy: options.entropy,
            keystore: options.keystore,
            owner,
            recovered,
        };
        Self { inner: Mutex::new(inner), next: Mutex::new(()) }
    }

    /// Runs one call. A damaged file met on the way is exchanged at once, see [`PhoneError::Damaged`].
    fn with<T>(
        &self,
        call: impl FnOnce(&mut Inner) -> Result<T, PhoneError>,
    ) -> Result<T, PhoneError> {
        let turn = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inner = self.inner.lock().unwrap_or_else(|poisoned| {
            // A call panicked half-way: what is in memory may not be what is on disk, and the file may still be
            // told not to wait for the disk. It is opened anew.
            let mut inner = PoisonError::into_inner(poisoned);
            inner.records.clear();
            inner.store = None;
            inner
        });
        drop(turn);
        match call(&mut inner) {
            Err(PhoneError::Damaged { moved_to: None, .. }) => Err(inner.recover()),
            done => done,
        }
    }

    /// Whether another call waits for the one that runs.
    fn is_awaited(&self) -> bool {
        matches!(self.next.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// What was saved when this opening, or a call since, met a damaged file.
    #[must_use]
    pub fn recovered(&self) -> Option<Salvaged> {
        self.with(|inner| Ok(inner.recovered.clone())).ok().flatten()
    }

    /// The checklists in use, with departments and categories, for the words of screens.
    #[must_use]
    pub fn content(&self) -> Arc<Content> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.contents.get()
    }

    /// How many documents stay in memory between calls (600 unless set).
    pub fn keep_in_memory(&self, documents: usize) {
        let _infallible = self.with(|inner| {
            inner.records.keep(documents);
            Ok(())
        });
    }

    /// Moves the write-ahead log into the database. For quiet moments; never needed for safety.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn tend(&self) -> Result<(), PhoneError> {
        self.with(|inner| Ok(inner.store()?.tend()?))
    }
}

impl Phone {
    /// As [`Phone::tend`], beside everything else.
    fn tend_beside(&self) -> Result<(), PhoneError> {
        self.with(|inner| {
            inner.store()?.tend_beside();
            Ok(())
        })
    }
}

impl Inner {
    fn store(&mut self) -> Result<&mut Store, PhoneError> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.dir, self.key.clone(), self.entropy.clone())?);
        }
        self.store.as_mut().ok_or(PhoneError::Busy)
    }

    fn now(&self) -> UtcMillis {
        self.clock.now()
    }

    /// Refuses what the table of rights does not give this post.
    fn allow(&self, act: Act, kind: &str, container: &str) -> Result<(), PhoneError> {
        if may(self.owner.role, act, kind, container) { Ok(()) } else { Err(not_yours()) }
    }

    /// What is left to do when a file was opened: views after a recovery or new checklists.
    fn begin(&mut self, contents_moved: bool) -> Result<(), PhoneError> {
        let rebuild = meta::get(self.store()?.db(), "rebuild")?.is_some();
        if rebuild || contents_moved {
            self.rebuild_views(rebuild)?;
        }
        Ok(())
    }

    /// Exchanges the damaged file for a new one with everything that can be read, and says so.
    fn recover(&mut self) -> PhoneError {
        self.records.clear();
        self.store = None;
        match self.exchange() {
            Ok(saved) => {
                self.recovered = Some(saved.clone());
                PhoneError::Damaged {
                    moved_to: Some(saved.moved_to.clone()),
                    salvaged: Some(Box::new(saved)),
                }
            }
            Err(error) => error,
        }
    }

    fn exchange(&mut self) -> Result<Salvaged, PhoneError> {
        let at = self.now().0;
        let entropy = self.entropy.clone();
        let saved =
            salvage::salvage(&self.dir, &self.key, at, entropy.as_ref(), Some(&self.owner))?;
        self.recovered = Some(saved.clone());
        self.begin(false)?;
        Ok(saved)
    }
}

fn not_yours() -> PhoneError {
    PhoneError::refused(
        "not_your_right",
        "您的岗位没有此项权限",
        "your post does not give you this right",
    )
}

#[cfg(test)]
mod tests;
