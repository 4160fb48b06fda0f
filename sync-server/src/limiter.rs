//! How often one phone or one address may ask: a bucket each that fills with time.
//!
//! In memory and bounded: what was quiet for a while is forgotten. Must not know HTTP.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use ironfeet_core::model::UtcMillis;

/// Buckets kept before full ones are forgotten.
const KEPT: usize = 65_536;
const MINUTE_MS: i64 = 60_000;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Millionths of a minute's allowance are too fine; this is requests times a minute in ms.
    left: i64,
    at: UtcMillis,
}

/// Buckets by key; each holds a minute's worth of requests.
pub struct Limiter<K> {
    per_minute: i64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Limiter<K> {
    /// So many requests a minute; 0: as many as they like.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: i64::from(per_minute), buckets: Mutex::default() }
    }

    /// Takes one request from a bucket.
    ///
    /// # Errors
    /// Seconds until there is one again.
    pub fn take(&self, key: K, now: UtcMillis) -> Result<(), u64> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let full = self.per_minute * MINUTE_MS;
        let filled = |bucket: &Bucket| {
            let passed = now.0.saturating_sub(bucket.at.0).clamp(0, MINUTE_MS);
            (bucket.left + passed * self.per_minute).min(full)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT {
            buckets.retain(|_, bucket| filled(bucket) < full);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: full, at: now });
        let left = filled(bucket);
        if left < MINUTE_MS {
            let wait_ms = (MINUTE_MS - left).div_euclid(self.per_minute) + 1;
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000).max(1));
        }
        *bucket = Bucket { left: left - MINUTE_MS, at: now };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_limit_is_taken_and_one_over_waits() {
        let limiter = Limiter::new(60);
        let at = |ms: i64| UtcMillis(1_795_000_000_000 + ms);
        for n in 0..60 {
            assert_eq!(limiter.take("a", at(0)), Ok(()), "{n}");
        }
        assert_eq!(limiter.take("a", at(0)), Err(2), "one over");
        assert_eq!(limiter.take("b", at(0)), Ok(()), "others are not held up");
        assert_eq!(limiter.take("a", at(1_000)), Ok(()), "a second brings one");
        assert!(limiter.take("a", at(1_000)).is_err());
        assert!(limiter.take("a", at(-500)).is_err(), "a clock put back brings none");
        let none = Limiter::new(0);
        assert!((0..1_000).all(|_| none.take("a", at(0)).is_ok()));
    }

    #[test]
    fn quiet_keys_are_forgotten() {
        let limiter = Limiter::new(1);
        for n in 0..KEPT {
            limiter.take(n, UtcMillis(0)).unwrap();
        }
        limiter.take(KEPT, UtcMillis(MINUTE_MS)).unwrap();
        assert_eq!(limiter.buckets.lock().unwrap().len(), 1);
    }
}
