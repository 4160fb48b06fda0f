//! How often one phone or one address may ask: a bucket each that fills with time.
//!
//! In memory and bounded: what was quiet for a while is forgotten, and under a flood of strangers whoever
//! was heard longest ago. Must not know HTTP.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use ironfeet_core::model::UtcMillis;

/// Buckets kept at most: about 4 MB.
const KEPT: usize = 65_536;
const MINUTE_MS: i64 = 60_000;

/// Whom an address stands for: itself in IPv4, its /64 in IPv6, where a customer has a whole one.
#[must_use]
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Millionths of a minute's allowance are too fine; this is requests times a minute in ms.
    left: i64,
    at: UtcMillis,
}

/// Buckets by key; each holds a minute's worth of requests.
pub struct Limiter<K> {
    per_minute: i64,
    kept: usize,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    /// So many requests a minute; 0: as many as they like.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self::keeping(per_minute, KEPT)
    }

    /// As [`Limiter::new`], with room for so many buckets.
    #[must_use]
    pub fn keeping(per_minute: u32, kept: usize) -> Self {
        Self { per_minute: i64::from(per_minute), kept: kept.max(8), buckets: Mutex::default() }
    }

    /// How many buckets are kept now.
    pub fn buckets(&self) -> usize {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).len()
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
        if buckets.len() >= self.kept && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| filled(bucket) < full);
            make_room(&mut buckets, self.kept - self.kept / 8);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: full, at: now });
        let left = filled(bucket);
        // A clock put back brings nothing; who is refused was heard, too.
        *bucket = Bucket { left, at: bucket.at.max(now) };
        if left < MINUTE_MS {
            let wait_ms = (MINUTE_MS - left).div_euclid(self.per_minute) + 1;
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000).max(1));
        }
        bucket.left -= MINUTE_MS;
        Ok(())
    }
}

/// Forgets whoever was heard longest ago, an eighth at once, so that a stranger costs little on average.
fn make_room<K: Eq + Hash + Clone>(buckets: &mut HashMap<K, Bucket>, most: usize) {
    let Some(over) = buckets.len().checked_sub(most).filter(|over| *over > 0) else { return };
    let mut heard: Vec<(UtcMillis, K)> =
        buckets.iter().map(|(key, bucket)| (bucket.at, key.clone())).collect();
    heard.select_nth_unstable_by_key(over - 1, |(at, _)| *at);
    for (_, key) in heard.drain(..over) {
        buckets.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn memory_is_bounded_and_nobody_gets_more_than_a_minute_s_worth(
            asked in proptest::collection::vec((0_u16..400, 0_i64..3_000), 1..2_000),
            per_minute in 1_u32..20,
        ) {
            let limiter = Limiter::keeping(per_minute, 100);
            let exact = Limiter::new(per_minute);
            let mut now = 0;
            for (key, later) in asked {
                now += later;
                let answer = limiter.take(key, UtcMillis(now));
                prop_assert!(limiter.buckets() <= 100);
                // Whoever is forgotten may ask again at once; nobody ever waits for being remembered.
                let strict = exact.take(key, UtcMillis(now));
                prop_assert!(strict.is_err() || answer.is_ok());
                if let Err(seconds) = answer {
                    prop_assert!((1..=60).contains(&seconds));
                    let after = UtcMillis(now + i64::try_from(seconds).unwrap() * 1_000);
                    prop_assert!(limiter.take(key, after).is_ok(), "Retry-After is kept");
                    exact.take(key, after).ok();
                    now = after.0;
                }
            }
        }

        #[test]
        fn what_was_just_heard_is_not_forgotten_for_strangers(strangers in 0_u32..2_000) {
            let limiter = Limiter::keeping(1, 64);
            limiter.take(u32::MAX, UtcMillis(0)).unwrap();
            for n in 0..strangers {
                limiter.take(n, UtcMillis(i64::from(n))).unwrap();
                prop_assert!(limiter.take(u32::MAX, UtcMillis(i64::from(n))).is_err(), "{n}");
            }
        }
    }

    #[test]
    fn an_address_stands_for_its_network() {
        let same = |a: &str, b: &str| {
            neighbourhood(a.parse().unwrap()) == neighbourhood(b.parse().unwrap())
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

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
        assert_eq!(limiter.buckets(), 1);
    }
}
