//! The city's time: days that pass in seconds, and each phone's own idea of it.

use std::sync::atomic::{AtomicI64, Ordering};

use ironfeet_core::ground::Clock;
use ironfeet_core::model::UtcMillis;
use jiff::civil::Date;

use crate::bench::watch::epoch_ms;
use crate::city::is_working_day;

/// China is eight hours ahead of UTC.
const ZONE_MS: i64 = 8 * 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// The time at a minute of a day in the city.
#[must_use]
pub fn at(day: Date, minute: u32) -> UtcMillis {
    let days = jiff::civil::date(1970, 1, 1).until(day).map_or(0, |span| span.get_days());
    UtcMillis(i64::from(days) * 86_400_000 + i64::from(minute) * MINUTE_MS - ZONE_MS)
}

/// A minute of the day that a time falls on.
#[must_use]
pub fn evening(now: UtcMillis, minute: u32) -> UtcMillis {
    let day_ms = 86_400_000;
    let midnight = (now.0 + ZONE_MS).div_euclid(day_ms) * day_ms - ZONE_MS;
    UtcMillis(midnight + i64::from(minute) * MINUTE_MS)
}

/// The day before a time, as the city counts days.
#[must_use]
pub fn yesterday(now_ms: f64) -> Date {
    let days = (now_ms as i64 + ZONE_MS).div_euclid(86_400_000) - 1;
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}

/// The day on which to begin so that the last of so many working days is this day or the nearest before it.
#[must_use]
pub fn first_day(last: Date, days: u32) -> Date {
    let mut day = last;
    let mut left = days.max(1);
    loop {
        left -= u32::from(is_working_day(day));
        if left == 0 {
            return day;
        }
        day = before(day);
    }
}

/// A day, or the first working day after it.
#[must_use]
pub(super) fn working_day(mut day: Date) -> Date {
    while !is_working_day(day) {
        day = next(day);
    }
    day
}

/// The day after.
#[must_use]
pub(super) fn next(day: Date) -> Date {
    day.saturating_add(jiff::Span::new().days(1))
}

/// The day before.
#[must_use]
pub(super) fn before(day: Date) -> Date {
    day.saturating_sub(jiff::Span::new().days(1))
}

/// The server's clock: set by the demo while days are lived, running on by itself afterwards.
pub struct CityClock {
    now_ms: AtomicI64,
    /// Real time at which it was let go; 0 while it is held.
    released_ms: AtomicI64,
}

impl CityClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn new(now: UtcMillis) -> Self {
        Self { now_ms: AtomicI64::new(now.0), released_ms: AtomicI64::new(0) }
    }

    /// Sets the time; it never goes back.
    pub fn set(&self, now: UtcMillis) {
        self.now_ms.fetch_max(now.0, Ordering::Relaxed);
    }

    /// From now on it runs as fast as real time.
    pub fn run_on(&self) {
        self.released_ms.store(epoch_ms() as i64, Ordering::Relaxed);
    }
}

impl Clock for CityClock {
    fn now(&self) -> UtcMillis {
        let released = self.released_ms.load(Ordering::Relaxed);
        let since = if released == 0 { 0 } else { epoch_ms() as i64 - released };
        UtcMillis(self.now_ms.load(Ordering::Relaxed) + since)
    }
}

/// A phone's clock, wrong by its skew; every look at it is a little later.
#[derive(Default)]
pub struct PhoneClock {
    now_ms: AtomicI64,
    skew_ms: AtomicI64,
}

impl PhoneClock {
    /// Sets the time as this phone believes it.
    pub fn set(&self, now: UtcMillis, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
        self.now_ms.store(now.0 + skew_ms, Ordering::Relaxed);
    }

    /// Time passed until now, also for a phone that lay in a drawer; its skew stays, and it never goes back.
    pub fn catch_up(&self, now: UtcMillis) {
        let skewed = now.0 + self.skew_ms.load(Ordering::Relaxed);
        self.now_ms.fetch_max(skewed, Ordering::Relaxed);
    }

    /// Somebody took this long for an answer.
    pub fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for PhoneClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.now_ms.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_days_before_a_day_leave_out_weekends() {
        assert_eq!(first_day(date(2026, 11, 20), 3), date(2026, 11, 18));
        assert_eq!(first_day(date(2026, 11, 22), 3), date(2026, 11, 18), "a Sunday");
        assert_eq!(first_day(date(2026, 11, 23), 2), date(2026, 11, 20), "a Monday");
    }

    #[test]
    fn a_phone_that_lay_in_a_drawer_reads_the_time_wrong_by_its_skew() {
        let clock = PhoneClock::default();
        clock.set(UtcMillis(1_000), -30);
        clock.catch_up(UtcMillis(9_000));
        assert_eq!(clock.now(), UtcMillis(8_970));
        clock.catch_up(UtcMillis(5_000));
        assert_eq!(clock.now(), UtcMillis(8_971), "it never goes back");
    }

    #[test]
    fn a_morning_in_the_city_is_a_night_in_utc() {
        let morning = at(date(2026, 11, 23), 9 * 60);
        assert_eq!(evening(morning, 19 * 60), at(date(2026, 11, 23), 19 * 60));
        assert_eq!(morning, UtcMillis(1_795_395_600_000));
        let clock = CityClock::new(morning);
        assert_eq!(yesterday(1_795_395_600_000.0), date(2026, 11, 22));
        clock.set(UtcMillis(5));
        assert_eq!(clock.now(), morning, "the server's time never goes back");
    }
}
