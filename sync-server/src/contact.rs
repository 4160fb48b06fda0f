//! When which phone was last heard and how far it has read: gathered in memory, written now and then.
//!
//! Observation only: a poll without news must not cost a write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ironfeet_core::model::{DeviceId, Pid, UtcMillis};

use crate::store::{self, Store, StoreError};

/// What was heard of a phone.
#[derive(Clone, Debug, Default)]
struct Heard {
    at: UtcMillis,
    app: String,
    cursors: HashMap<Pid, u64>,
}

/// Phones heard since the last note.
#[derive(Default)]
pub struct Contacts {
    heard: Mutex<HashMap<DeviceId, Heard>>,
}

impl Contacts {
    /// A phone was heard.
    pub fn hear(
        &self,
        device: DeviceId,
        at: UtcMillis,
        app: &str,
        cursors: impl Iterator<Item = (Pid, u64)>,
    ) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heard.entry(device).or_default();
        known.at = at;
        known.app = app.chars().take(40).collect();
        known.cursors.extend(cursors);
    }

    /// Writes what was heard.
    ///
    /// # Errors
    /// Of the store; it is tried again the next time.
    pub fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let heard = {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *heard)
        };
        if heard.is_empty() {
            return Ok(());
        }
        let written = store::transact(store, |s| {
            for (device, known) in &heard {
                s.device_seen(device, known.at, 0, &known.app)?;
                for (pid, seq) in &known.cursors {
                    s.cursor_seen(device, pid, *seq, known.at)?;
                }
            }
            Ok(())
        });
        if written.is_err() {
            let mut newer = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            for (device, known) in heard {
                newer.entry(device).or_insert(known);
            }
        }
        written
    }
}
