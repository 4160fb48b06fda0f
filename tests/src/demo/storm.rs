//! A shift's start after a day without network: every phone brings its day, all within minutes.
//!
//! Phones come at times drawn beforehand and are late when the server is slow; a sync counts from
//! the moment at which it was due, so that waiting in line is not hidden.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::apart::Used;
use super::tally::Tally;
use super::{Life, SHIFT_END, clock, lock, next};
use crate::bench::station::StationError;
use crate::bench::watch::epoch_ms;

/// Phones that sync at the same moment at most; more wait, and their waiting counts.
const AT_ONCE: usize = 64;

/// What a storm did to the server.
#[derive(Clone, Debug, Default)]
pub struct Storm {
    /// Phones that came.
    pub phones: usize,
    /// Real seconds within which they were due.
    pub window_s: f64,
    /// Real seconds until the last one was done.
    pub took_s: f64,
    /// Visits made without network before it.
    pub visits: u64,
    /// Changes the server took.
    pub pushes: u64,
    /// Bytes of bodies sent and received.
    pub bytes: (u64, u64),
    /// Milliseconds from the moment a sync was due to its end.
    pub due_ms: Vec<f64>,
    /// Milliseconds of the sync itself.
    pub sync_ms: Vec<f64>,
    /// What the server's process used meanwhile; its peak of memory is of its whole life.
    pub used: Used,
    /// What went wrong, in words.
    pub failures: Vec<String>,
}

/// Returns at a moment, or at once when it is past.
pub(super) fn wait_until(due_ms: f64) {
    let early = || Some(due_ms - epoch_ms()).filter(|ms| *ms > 0.0);
    while let Some(ms) = early() {
        std::thread::park_timeout(Duration::from_secs_f64(ms / 1000.0));
    }
}

impl Life {
    /// Lives one more working day without any network, then lets all phones come within `window_s`.
    ///
    /// # Errors
    /// When the server's process cannot be asked.
    pub fn storm(
        &mut self,
        window_s: f64,
        say: &mut dyn FnMut(&str),
    ) -> Result<Storm, StationError> {
        let day = clock::working_day(self.next_day);
        self.next_day = next(day);
        let visits = self.dark_day(day);
        say(&format!("无网一天 a day without network: {visits} visits"));
        self.town.clock.set(clock::at(day, SHIFT_END + 60));
        let due = self.dues(window_s);
        let (before, start) = (self.town.used(), epoch_ms());
        let (first, waits) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(due.len()) {
                scope.spawn(|| {
                    while let Some((at, number)) = due.get(first.fetch_add(1, Ordering::Relaxed)) {
                        let wait = self.comes(*number, start + at * 1000.0);
                        waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
                    }
                });
            }
        });
        let took_s = (epoch_ms() - start) / 1000.0;
        let after = self.town.used();
        let mut t = Tally::default();
        for pocket in &self.pockets {
            t.take(&mut lock(pocket).tally);
        }
        Ok(Storm {
            phones: due.len(),
            window_s,
            took_s,
            visits,
            pushes: t.pushes,
            bytes: (t.bytes_up, t.bytes_down),
            due_ms: waits.into_inner().unwrap_or_else(PoisonError::into_inner),
            sync_ms: t.sync_ms,
            used: Used { cpu_s: after.cpu_s - before.cpu_s, rss_max: after.rss_max },
            failures: t.failures,
        })
    }

    /// Everybody's visits of a day, nobody syncs. Gives how many.
    pub(super) fn dark_day(&mut self, day: Date) -> u64 {
        let outings = self.outings(day);
        self.each(|pocket| {
            // Whose phone was revoked has no grids any more.
            let here = self.revoked != Some(pocket.number);
            let outing = outings.get(pocket.number).and_then(Option::as_ref);
            let Some(outing) = outing.filter(|_| here) else { return };
            let mut errand = self.errand(day, outing, true);
            errand.silent = true;
            outing.visits.iter().for_each(|visit| pocket.go(&errand, visit));
        });
        let mut t = Tally::default();
        for pocket in &self.pockets {
            t.take(&mut lock(pocket).tally);
        }
        let visits = t.visits;
        self.total.take(&mut t);
        visits
    }

    /// When each phone comes, in seconds from the start, earliest first.
    fn dues(&self, window_s: f64) -> Vec<(f64, usize)> {
        let mut random = ChaCha8Rng::seed_from_u64(self.city.seed());
        let mut dues: Vec<(f64, usize)> = (0..self.pockets.len())
            .filter(|n| self.revoked != Some(lock(&self.pockets[*n]).number))
            .map(|n| (random.random_range(0.0..window_s), n))
            .collect();
        dues.sort_by(|a, b| a.0.total_cmp(&b.0));
        dues
    }

    /// The phone at this place of the list syncs at its moment. Gives milliseconds from then to its end.
    fn comes(&self, number: usize, due_ms: f64) -> f64 {
        wait_until(due_ms);
        let mut pocket = lock(&self.pockets[number]);
        if let Err(error) = pocket.sync(&self.town) {
            let line = format!("{} sync: {error}", pocket.person.id);
            pocket.tally.failures.push(line);
        }
        epoch_ms() - due_ms
    }
}
