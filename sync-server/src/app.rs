//! Everything a running server has at hand, made once and shared by all requests.
//!
//! Clock and entropy are handed in; nothing here reads the system.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::DeviceId;

use crate::audit;
use crate::bundle::Bundles;
use crate::checklists::Checklists;
use crate::config::Config;
use crate::contact::Contacts;
use crate::http::session::Sessions;
use crate::identity::{Identity, WITNESS};
use crate::import::job::Jobs;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::nudge::Nudge;
use crate::pass::Passes;
use crate::photo::Photos;
use crate::shelf::Shelf;
use crate::store::{Store, StoreError};
use crate::tail::Tails;
use crate::writer::Writer;

/// The server's parts.
pub struct App {
    /// Settings.
    pub config: Config,
    /// Everything kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The server's own names and keys.
    pub identity: Identity,
    /// Group commit; only in a serving process.
    pub writer: Option<Writer>,
    /// Recently used documents.
    pub shelf: Shelf,
    /// The newest entries of logs.
    pub tails: Tails,
    /// Bundles on disk.
    pub bundles: Bundles,
    /// Photos on disk.
    pub photos: Photos,
    /// Who waits for news.
    pub nudge: Nudge,
    /// Phones heard since the last note.
    pub contacts: Contacts,
    /// Counters for the operator.
    pub metrics: Metrics,
    /// Tokens and proofs of phones.
    pub passes: Passes,
    /// How often one phone may ask.
    pub per_device: Limiter<DeviceId>,
    /// How often one address may ask.
    pub per_address: Limiter<IpAddr>,
    /// Supervisors signed in.
    pub sessions: Sessions,
    /// The newest import of places.
    pub imports: Jobs,
    /// Checklists in use.
    pub checklists: Checklists,
    /// Rings when the server is told to stop.
    pub stopping: tokio::sync::Notify,
    /// How many requests are judged at the same time.
    pub gate: Semaphore,
}

impl App {
    /// Puts the parts together. `serving`: with the writing thread and the witness.
    ///
    /// # Errors
    /// Of the store, or when the system gives no thread.
    pub fn new(
        config: Config,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        serving: bool,
    ) -> Result<Self, StoreError> {
        let mut identity = Identity::open(&*store, &*entropy)?;
        if serving && identity.check_witness(&*store, &config.data.join(WITNESS))? {
            tracing::warn!(epoch = identity.epoch, "the database is older than the witness says");
            audit::witness::begin_anew(
                &*store,
                &config.data.join(audit::witness::FILE),
                clock.now(),
            )?;
        }
        let writer = serving
            .then(|| Writer::start(store.clone(), config.sync.group_max))
            .transpose()
            .map_err(|e| StoreError::Engine(Box::new(e)))?;
        Ok(Self {
            shelf: Shelf::new(config.sync.document_cache_bytes),
            tails: Tails::new(config.sync.tail_cache_bytes),
            bundles: Bundles::new(config.data.join("bundles")),
            photos: Photos::open(&config.data.join("photos"), &config.s3)?,
            stopping: tokio::sync::Notify::new(),
            gate: Semaphore::new(config.sync.workers.max(1)),
            nudge: Nudge::default(),
            contacts: Contacts::default(),
            metrics: Metrics::new(),
            passes: Passes::new(&identity.stamp_key, &*entropy, clock.now()),
            per_device: Limiter::new(config.limits.device_per_minute),
            per_address: Limiter::new(config.limits.address_per_minute),
            sessions: Sessions::default(),
            imports: Jobs::default(),
            checklists: Checklists::open(&*store)?,
            identity,
            writer,
            config,
            store,
            clock,
            entropy,
        })
    }

    /// Where the witness lies.
    #[must_use]
    pub fn witness(&self) -> PathBuf {
        self.config.data.join(WITNESS)
    }

    /// Where the witness of the trail lies.
    #[must_use]
    pub fn audit_witness(&self) -> PathBuf {
        self.config.data.join(audit::witness::FILE)
    }

    /// Writes what must not be lost at the end: contacts and the witnesses.
    ///
    /// # Errors
    /// Of the store.
    pub fn note(&self) -> Result<(), StoreError> {
        self.contacts.flush(&*self.store)?;
        if !audit::witness::advance(&*self.store, &self.audit_witness())? {
            tracing::error!("the trail of decisions does not hold what its witness saw");
        }
        let total = crate::store::view(&*self.store, |s| s.entries_total())?;
        self.identity.write_witness(total, &self.witness())
    }
}
