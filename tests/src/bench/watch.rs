//! The bench's own clock; product code is handed its time instead.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, with fractions.
#[expect(clippy::disallowed_methods, reason = "the bench measures real time")]
#[must_use]
pub fn epoch_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
}
