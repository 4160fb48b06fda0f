//! Wakes who waits for a partition to grow. A nudge only: whoever wakes looks for himself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use ironfeet_core::model::Pid;

/// Partitions somebody waited for.
#[derive(Default)]
pub struct Nudge {
    waiting: Mutex<HashMap<Pid, Arc<Notify>>>,
}

impl Nudge {
    /// What to wait on for a partition.
    #[must_use]
    pub fn of(&self, pid: &Pid) -> Arc<Notify> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(pid.clone()).or_default().clone()
    }

    /// Wakes who waits for these partitions.
    pub fn wake(&self, pids: &[Pid]) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for notify in pids.iter().filter_map(|pid| waiting.get(pid)) {
            notify.notify_waiters();
        }
    }

    /// Forgets partitions that nobody waits for any more.
    pub fn forget(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, notify| Arc::strong_count(notify) > 1);
    }
}
