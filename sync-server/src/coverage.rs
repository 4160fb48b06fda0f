//! How every grid stands. Reckoned for the grids whose places changed only, in steps that let the intake through.

use ironfeet_core::model::UtcMillis;

use crate::store::desk::GridLine;
use crate::store::{self, Store, StoreError};

/// A place not visited for so many days is overdue for a look.
pub const STALE_DAYS: i64 = 180;
/// Grids reckoned in one transaction.
const STEP: usize = 100;

/// Every grid of a scope, as it stands now.
///
/// # Errors
/// Of the store.
pub fn grids(
    store: &dyn Store,
    scope: &[String],
    now: UtcMillis,
) -> Result<Vec<GridLine>, StoreError> {
    reckon(store, now)?;
    store::view(store, |s| s.grids(scope))
}

/// Brings the kept lines up to date; without anything to do it writes nothing.
///
/// # Errors
/// Of the store.
pub fn reckon(store: &dyn Store, now: UtcMillis) -> Result<(), StoreError> {
    let since = now.plus_days(-STALE_DAYS);
    loop {
        let due = store::view(store, |s| s.grids_due(since, STEP))?;
        if due.is_empty() {
            return Ok(());
        }
        store::transact(store, |s| due.iter().try_for_each(|grid| s.grid_reckon(grid, since)))?;
    }
}
