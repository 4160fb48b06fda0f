//! How fast requests may come before waiting for the server breaks. Real phones make their syncs ready beforehand;
//! at their moment hands send them that do nothing else, so that the phones' own work does not slow the server
//! on the machine they share. Afterwards every phone syncs as usual and hears that its work has arrived.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ironfeet_core::phone::transport::{
    Headers, Http, Later, Pass, Pieces, Reply, Traffic, Transport, TransportError,
};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::storm::wait_until;
use super::tally::Tally;
use super::{Life, SHIFT_END, clock, lock, next};
use crate::bench::station::StationError;
use crate::bench::watch::epoch_ms;

/// Requests on their way at the same moment at most.
const AT_ONCE: usize = 128;
const SYNC: &str = "/v1/sync";

/// A sync's first request, ready to be sent.
pub struct Ready {
    pass: Pass,
    frame: Vec<u8>,
}

/// A line that keeps a sync's request instead of sending it; everything else goes through.
pub struct Holding<'h> {
    line: &'h Http,
    kept: Mutex<Option<Ready>>,
}

impl<'h> Holding<'h> {
    /// In front of this line.
    #[must_use]
    pub fn new(line: &'h Http) -> Self {
        Self { line, kept: Mutex::default() }
    }

    /// What was kept.
    #[must_use]
    pub fn kept(self) -> Option<Ready> {
        self.kept.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Holding<'_> {
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>> {
        if path != SYNC {
            return self.line.post_frame(path, pass, frame);
        }
        let ready = Ready { pass: pass.clone(), frame };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(ready);
        Box::pin(std::future::ready(Err(TransportError::Offline)))
    }

    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String> {
        self.line.post_json(path, json)
    }

    fn open<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        from_byte: u64,
    ) -> Later<'a, Box<dyn Pieces>> {
        self.line.open(path, pass, from_byte)
    }

    fn call<'a>(
        &'a self,
        method: &'static str,
        path: &'a str,
        pass: &'a Pass,
        headers: Headers,
        body: Vec<u8>,
    ) -> Later<'a, Reply> {
        self.line.call(method, path, pass, headers, body)
    }

    fn traffic(&self) -> Traffic {
        self.line.traffic()
    }
}

/// What one window came to.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Requests sent.
    pub requests: usize,
    /// Real seconds within which they were due.
    pub window_s: f64,
    /// Real seconds until the last one was answered.
    pub took_s: f64,
    /// Changes that the phones learnt to have arrived, afterwards.
    pub changes: u64,
    /// Milliseconds from the moment a request was due to its answer.
    pub due_ms: Vec<f64>,
    /// Processor seconds of the server.
    pub cpu_s: f64,
    /// What was not answered with a success, in words.
    pub failures: Vec<String>,
}

impl Life {
    /// Lives one more day without any network, then sends what all phones have ready within `window_s`: a minute
    /// and a half at most, for phones' clocks stand still meanwhile and a proof is taken for two.
    ///
    /// # Errors
    /// When a phone fails.
    pub fn step(&mut self, window_s: f64) -> Result<Step, StationError> {
        let day = clock::working_day(self.next_day);
        self.next_day = next(day);
        self.dark_day(day);
        self.town.clock.set(clock::at(day, SHIFT_END + 60));
        let ready = Mutex::new(Vec::new());
        self.each(|pocket| {
            if self.revoked != Some(pocket.number)
                && let Some(request) = pocket.hold(&self.town)
            {
                ready.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        });
        let mut step =
            self.send(ready.into_inner().unwrap_or_else(PoisonError::into_inner), window_s)?;
        self.each(|pocket| {
            if self.revoked != Some(pocket.number) {
                pocket.hand_in(&self.town);
            }
        });
        let mut t = Tally::default();
        for pocket in &self.pockets {
            t.take(&mut lock(pocket).tally);
        }
        step.changes = t.pushes;
        step.failures.append(&mut t.failures);
        Ok(step)
    }

    /// Sends every request at a moment of the window drawn beforehand.
    fn send(&self, ready: Vec<Ready>, window_s: f64) -> Result<Step, StationError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.city.seed());
        let mut due: Vec<(f64, Ready)> =
            ready.into_iter().map(|r| (random.random_range(0.0..window_s) * 1000.0, r)).collect();
        due.sort_by(|a, b| a.0.total_cmp(&b.0));
        let http = Http::new(&format!("http://{}", self.town.address), None)
            .map_err(|e| StationError::Setting(e.to_string()))?;
        let (first, told) = (AtomicUsize::new(0), Mutex::new(Step::default()));
        let (before, start) = (self.town.used(), epoch_ms());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(due.len()) {
                scope.spawn(|| {
                    while let Some((at, ready)) = due.get(first.fetch_add(1, Ordering::Relaxed)) {
                        wait_until(start + at);
                        let sent = http.post_frame(SYNC, &ready.pass, ready.frame.clone());
                        let answer = self.town.runtime.block_on(sent);
                        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                        told.due_ms.push(epoch_ms() - start - at);
                        told.failures.extend(answer.err().map(|e| e.to_string()));
                    }
                });
            }
        });
        let step = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Step {
            requests: due.len(),
            window_s,
            took_s: (epoch_ms() - start) / 1000.0,
            cpu_s: self.town.used().cpu_s - before.cpu_s,
            ..step
        })
    }
}
