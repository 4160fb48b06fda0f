//! A small world on one seed: real phones, a real server, a line that loses, repeats and cuts.
//!
//! Both halves are the product's own code over their own SQLite files; only
//! time, randomness and the line are ours. One seed is one course of events:
//! to see it again, run it again.

mod line;
mod server;
mod world;

pub use line::{Fault, Line};
pub use server::Server;
pub use world::{Report, World};

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::UtcMillis;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Time that passes only when told; each phone may believe another.
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock at a time.
    #[must_use]
    pub fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Lets time pass, or run backwards.
    pub fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::Relaxed))
    }
}

/// Random bytes from a seed.
pub struct SeededEntropy(Mutex<ChaCha8Rng>);

impl SeededEntropy {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().expect("no one panics while filling").fill_bytes(out);
    }
}
