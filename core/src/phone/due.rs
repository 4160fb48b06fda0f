//! When a deadline ends, on the four clocks of the domain page (1.7).
//!
//! Pure. Civil time is China Standard Time, UTC+8 without summer time. Working
//! days are Monday to Friday; legal holidays and make-up days come with the
//! calendar of the case workflow, which decides on the server - this is what the
//! phone shows meanwhile.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};

use crate::model::{ClockKind, Deadline, UtcMillis};

const CHINA: Offset = jiff::tz::offset(8);
/// Working periods of a day, hours (domain page 1.7).
const PERIODS: [(i8, i8); 2] = [(8, 12), (14, 18)];
/// No deadline looks further ahead, days.
const DAYS_MAX: u32 = 3_660;

/// The civil time here at a moment.
pub(super) fn civil(at: UtcMillis) -> DateTime {
    jiff::Timestamp::from_millisecond(at.0).map_or(DateTime::ZERO, |t| CHINA.to_datetime(t))
}

/// The civil date here at a moment.
pub(super) fn date(at: UtcMillis) -> Date {
    civil(at).date()
}

fn moment(civil: DateTime) -> UtcMillis {
    let zoned = civil.to_zoned(TimeZone::fixed(CHINA));
    UtcMillis(zoned.map_or(i64::MAX, |z| z.timestamp().as_millisecond()))
}

/// The first moment of the day that holds a moment, and of the day after.
pub(super) fn day(at: UtcMillis) -> (UtcMillis, UtcMillis) {
    let today = date(at);
    let tomorrow = today.saturating_add(1.day());
    (moment(today.at(0, 0, 0, 0)), moment(tomorrow.at(0, 0, 0, 0)))
}

/// The last moment of a deadline that began at `from`.
pub(super) fn ends(from: UtcMillis, deadline: Deadline) -> UtcMillis {
    let n = deadline.value.min(DAYS_MAX);
    match deadline.kind {
        ClockKind::UrgentHour => from.plus_ms(i64::from(n) * 3_600_000),
        ClockKind::NaturalDay => {
            let last = date(from).saturating_add(i64::from(n).days());
            moment(last.saturating_add(1.day()).at(0, 0, 0, 0))
        }
        ClockKind::WorkDay => {
            let mut day = date(from);
            for _ in 0..n {
                day = next_working(day);
            }
            moment(day.at(PERIODS[1].1, 0, 0, 0))
        }
        ClockKind::WorkHour => moment(work_hours(civil(from), n)),
    }
}

fn working(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn next_working(day: Date) -> Date {
    let mut next = day.saturating_add(1.day());
    while !working(next) {
        next = next.saturating_add(1.day());
    }
    next
}

fn work_hours(from: DateTime, hours: u32) -> DateTime {
    let mut left = i64::from(hours) * 3_600;
    let mut day = from.date();
    if !working(day) {
        day = next_working(day);
    }
    loop {
        for (opens, closes) in PERIODS {
            let begin = day.at(opens, 0, 0, 0).max(from);
            let end = day.at(closes, 0, 0, 0);
            let open = (end - begin).total(jiff::Unit::Second).map_or(0, |s| s as i64).max(0);
            if left <= open {
                return begin.saturating_add(left.seconds());
            }
            left -= open;
        }
        day = next_working(day);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        moment(text.parse().unwrap())
    }

    #[test]
    fn each_clock_ends_where_the_domain_page_says() {
        // 2026-11-20 is a Friday.
        let cases = [
            ("2026-11-20T17:30:00", ClockKind::UrgentHour, 2, "2026-11-20T19:30:00"),
            ("2026-11-20T23:30:00", ClockKind::UrgentHour, 24, "2026-11-21T23:30:00"),
            ("2026-11-20T10:00:00", ClockKind::NaturalDay, 15, "2026-12-06T00:00:00"),
            ("2026-11-20T10:00:00", ClockKind::WorkDay, 3, "2026-11-25T18:00:00"),
            ("2026-11-21T10:00:00", ClockKind::WorkDay, 1, "2026-11-23T18:00:00"),
            ("2026-11-20T11:00:00", ClockKind::WorkHour, 2, "2026-11-20T15:00:00"),
            ("2026-11-20T17:00:00", ClockKind::WorkHour, 2, "2026-11-23T09:00:00"),
            ("2026-11-21T09:00:00", ClockKind::WorkHour, 4, "2026-11-23T12:00:00"),
            ("2026-11-20T13:00:00", ClockKind::WorkHour, 4, "2026-11-20T18:00:00"),
        ];
        for (from, kind, value, until) in cases {
            let ends = ends(at(from), Deadline { kind, value });
            assert_eq!(civil(ends), until.parse().unwrap(), "{from} {kind:?} {value}");
        }
    }

    #[test]
    fn a_day_is_a_day_here() {
        let (from, to) = day(at("2026-11-23T07:59:00"));
        assert_eq!(civil(from), "2026-11-23T00:00:00".parse().unwrap());
        assert_eq!(to.0 - from.0, 86_400_000);
    }

    #[test]
    fn no_moment_is_too_strange() {
        for ms in [i64::MIN, -1, 0, i64::MAX] {
            for kind in [
                ClockKind::UrgentHour,
                ClockKind::NaturalDay,
                ClockKind::WorkDay,
                ClockKind::WorkHour,
            ] {
                ends(UtcMillis(ms), Deadline { kind, value: u32::MAX });
            }
        }
    }
}
