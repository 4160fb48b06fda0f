//! Real time and entropy for benches and the demo; product code is handed them instead.

use std::time::{SystemTime, UNIX_EPOCH};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::UtcMillis;

/// Milliseconds since 1970, with fractions.
#[expect(clippy::disallowed_methods, reason = "the bench measures real time")]
#[must_use]
pub fn epoch_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(epoch_ms() as i64)
    }
}

/// The system's random bytes.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "a bin's own entropy")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the system gives random bytes");
    }
}
