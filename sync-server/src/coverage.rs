//! How every grid stands, reckoned at most once a minute: the one question that reads every place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ironfeet_core::model::UtcMillis;

use crate::store::desk::GridLine;
use crate::store::{self, Store, StoreError};

/// What was reckoned serves this long.
const FRESH_MS: i64 = 60_000;
/// Scopes kept; beyond it all are forgotten.
const SCOPES_MAX: usize = 64;

type Reckoned = (UtcMillis, Arc<Vec<GridLine>>);

/// Grids by scope.
#[derive(Default)]
pub struct Coverage(Mutex<HashMap<Vec<String>, Reckoned>>);

impl Coverage {
    /// Every grid of a scope; `since`: what counts as fresh.
    ///
    /// # Errors
    /// Of the store.
    pub fn grids(
        &self,
        store: &dyn Store,
        scope: &[String],
        since: UtcMillis,
        now: UtcMillis,
    ) -> Result<Arc<Vec<GridLine>>, StoreError> {
        // Held while it is reckoned: who comes meanwhile waits for the same answer.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, grids)) = known.get(scope)
            && (0..FRESH_MS).contains(&(now.0 - at.0))
        {
            return Ok(grids.clone());
        }
        let grids = Arc::new(store::view(store, |s| s.grids(scope, since))?);
        if known.len() >= SCOPES_MAX {
            known.clear();
        }
        known.insert(scope.to_vec(), (now, grids.clone()));
        Ok(grids)
    }
}
