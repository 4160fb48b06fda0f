//! What the server keeps, named by need. All SQL is below, in a backend's own room.
//!
//! Must not know HTTP, frames or Automerge: changes are bytes here. Semantics fit row
//! locks (protocol 4.3): [`Store::transact`] is one serialisable transaction,
//! [`Logs::partitions_lock`] takes the locks in the order of the partitions' names,
//! and nothing that a transaction wrote is seen by others before it ends well.
//! Every backend runs [`conformance`].

use std::path::Path;

mod account;
pub mod conformance;
pub mod desk;
mod document;
mod lease;
mod log;
mod people;
mod photo;
mod projection;
mod review;
pub mod sqlite;

pub use account::{Accounts, ApiTokenRow, LoginRow, Register, RegisterRow};
pub use desk::Desk;
pub use document::{ChangeRow, DocRow, DocState, Documents, ManifestRow};
pub use lease::Leases;
pub use log::{BundleRow, EntryRow, Logs, PartitionRow};
pub use people::{CodeRow, DeviceRow, DeviceStatus, People, PersonRow, prefix};
pub use photo::{FileRow, PhotoRow, Photos, UploadRow};
pub use projection::{
    ConflictRow, DocumentRows, FindingRow, PlaceRow, Projections, TaskRow, VisitRow,
};
pub use review::{AuditRow, Decision, Review, TicketRow};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer holds the store; try again.
    #[error("the store is busy")]
    Busy,
    /// The disk is full; nothing was written.
    #[error("the disk is full")]
    Full,
    /// The database was written by a newer version of this program.
    #[error("the database is of version {found}, this program knows up to {known}")]
    Newer {
        /// The database's version.
        found: u32,
        /// The newest one this program knows.
        known: u32,
    },
    /// What is stored cannot be understood; run `verify`.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// The caller gave the transaction up.
    #[error("the transaction was given up")]
    GivenUp,
    /// The database engine failed.
    #[error("the database failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What can be done inside one transaction. A view refuses to write.
pub trait Session:
    Meta + People + Leases + Accounts + Logs + Documents + Review + Projections + Photos + Desk
{
}

impl<T> Session for T where
    T: Meta + People + Leases + Accounts + Logs + Documents + Review + Projections + Photos + Desk
{
}

/// Work inside a transaction.
pub type Work<'w> = &'w mut dyn FnMut(&dyn Session) -> Result<(), StoreError>;

/// A place that keeps everything.
pub trait Store: Send + Sync {
    /// Runs `work` on one consistent state, without writing.
    ///
    /// # Errors
    /// Of `work` or of the store.
    fn view(&self, work: Work<'_>) -> Result<(), StoreError>;

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, none otherwise.
    ///
    /// # Errors
    /// Of `work` or of the store; nothing was written then.
    fn transact(&self, work: Work<'_>) -> Result<(), StoreError>;

    /// A number that changes when another process wrote.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn outside_writes(&self) -> Result<i64, StoreError>;

    /// Writes a consistent copy to a file that does not exist yet, beside running work.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Engine`].
    fn copy_to(&self, file: &Path) -> Result<(), StoreError>;
}

/// Single values of the server itself, and parts of a transaction.
pub trait Meta {
    /// A value by name.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets a value.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn meta_put(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Runs `part` so that its failure undoes only what it wrote itself.
    ///
    /// # Errors
    /// Of `part`; the transaction goes on.
    fn part(&self, part: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError>;
}

/// [`Store::view`] with a result.
///
/// # Errors
/// Of `work` or of the store.
pub fn view<T, E: From<StoreError>>(
    store: &dyn Store,
    mut work: impl FnMut(&dyn Session) -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome = None;
    let done = store.view(&mut |session| {
        outcome = Some(work(session));
        Ok(())
    });
    finish(outcome, done)
}

/// [`Store::transact`] with a result; an error of `work` undoes everything.
///
/// # Errors
/// Of `work` or of the store.
pub fn transact<T, E: From<StoreError>>(
    store: &dyn Store,
    mut work: impl FnMut(&dyn Session) -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome = None;
    let done = store.transact(&mut |session| {
        let result = work(session);
        let kept = result.is_ok();
        outcome = Some(result);
        if kept { Ok(()) } else { Err(StoreError::GivenUp) }
    });
    finish(outcome, done)
}

fn finish<T, E: From<StoreError>>(
    outcome: Option<Result<T, E>>,
    done: Result<(), StoreError>,
) -> Result<T, E> {
    match (outcome, done) {
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(error.into()),
        (Some(Ok(value)), Ok(())) => Ok(value),
        (None, Ok(())) => Err(StoreError::Damaged("the store did not run the work").into()),
    }
}
