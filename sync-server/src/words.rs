//! Words of the domain in both languages, for pages and the terminal. Times are told in China's zone.

mod codes;
mod fields;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use ironfeet_core::model::{Lang, Role, UtcMillis};

pub use codes::{
    action, advice, grid, kind, list, outcome, reason, record, route, severity, status,
};
pub use fields::{field, label, purpose, value};

/// The zone of the places.
const CHINA: Offset = jiff::tz::offset(8);

/// One of two texts.
#[must_use]
pub fn pick<'t>(lang: Lang, zh: &'t str, en: &'t str) -> &'t str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// A post.
#[must_use]
pub fn post(role: Role, lang: Lang) -> &'static str {
    role.title(lang)
}

fn civil(at: UtcMillis) -> DateTime {
    jiff::Timestamp::from_millisecond(at.0).map_or(DateTime::ZERO, |t| CHINA.to_datetime(t))
}

/// The day in China's zone.
#[must_use]
pub fn civil_day(at: UtcMillis) -> Date {
    civil(at).date()
}

/// The first moment of a day in China's zone.
#[must_use]
pub fn day_begins(day: Date) -> UtcMillis {
    let zoned = day.at(0, 0, 0, 0).to_zoned(TimeZone::fixed(CHINA));
    UtcMillis(zoned.map_or(0, |z| z.timestamp().as_millisecond()))
}

/// A point in time as `2026-11-23 16:34`.
#[must_use]
pub fn time(at: UtcMillis) -> String {
    civil(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The end of a time limit: midnight is the 24:00 of the day that ends.
#[must_use]
pub fn until(at: UtcMillis) -> String {
    let told = time(at);
    if !told.ends_with(" 00:00") {
        return told;
    }
    civil(at.plus_ms(-1)).strftime("%Y-%m-%d 24:00").to_string()
}

/// From one point in time to another; the day once where it is one.
#[must_use]
pub fn from_to(from: UtcMillis, to: UtcMillis) -> String {
    let (from, to) = (time(from), time(to));
    match (from.rsplit_once(' '), to.rsplit_once(' ')) {
        _ if from == to => from,
        (Some((day, _)), Some((same, clock))) if day == same => format!("{from}–{clock}"),
        _ => format!("{from} – {to}"),
    }
}

/// A point in time as machines read it, with the zone.
#[must_use]
pub fn machine(at: UtcMillis) -> String {
    civil(at).strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// How long ago, in the largest unit that says it well.
#[must_use]
pub fn ago(at: UtcMillis, now: UtcMillis, lang: Lang) -> String {
    let minutes = (now.0 - at.0).max(0) / 60_000;
    match (minutes, lang) {
        (0, _) => pick(lang, "刚刚", "just now").to_owned(),
        (m @ 1..60, Lang::Zh) => format!("{m} 分钟前"),
        (m @ 1..60, Lang::En) => format!("{m} min ago"),
        (m @ 60..2_880, Lang::Zh) => format!("{} 小时前", m / 60),
        (m @ 60..2_880, Lang::En) => format!("{} h ago", m / 60),
        (m, Lang::Zh) => format!("{} 天前", m / 1_440),
        (m, Lang::En) => format!("{} days ago", m / 1_440),
    }
}

/// A span of time in words.
#[must_use]
pub fn span(ms: i64, lang: Lang) -> String {
    let minutes = ms.abs() / 60_000;
    match (minutes, lang) {
        (m @ 0..120, Lang::Zh) => format!("{m} 分钟"),
        (m @ 0..120, Lang::En) => format!("{m} min"),
        (m @ 120..2_880, Lang::Zh) => format!("{} 小时", m / 60),
        (m @ 120..2_880, Lang::En) => format!("{} h", m / 60),
        (m, Lang::Zh) => format!("{} 天", m / 1_440),
        (m, Lang::En) => format!("{} days", m / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_where_the_places_are() {
        for (ms, told) in [
            (0, "1970-01-01 08:00"),
            (1_795_422_896_000, "2026-11-23 16:34"),
            (951_782_400_000, "2000-02-29 08:00"),
            (-1, "1970-01-01 07:59"),
        ] {
            assert_eq!(time(UtcMillis(ms)), told);
        }
        let noted = UtcMillis(1_795_422_896_000);
        let midnight = day_begins(civil_day(noted));
        assert_eq!((until(noted), until(midnight)), (time(noted), "2026-11-22 24:00".to_owned()));
        assert_eq!(from_to(noted, noted), "2026-11-23 16:34");
        assert_eq!(from_to(noted, noted.plus_ms(3_600_000)), "2026-11-23 16:34–17:34");
        assert_eq!(
            from_to(midnight.plus_ms(-60_000), midnight),
            "2026-11-22 23:59 – 2026-11-23 00:00"
        );
        let day = civil_day(UtcMillis(1_795_422_896_000));
        assert_eq!(time(day_begins(day)), "2026-11-23 00:00");
    }

    #[test]
    fn spans_are_told_in_the_unit_that_says_it_well() {
        let hour = 3_600_000;
        for (ms, zh, en) in [
            (0, "刚刚", "just now"),
            (59 * 60_000, "59 分钟前", "59 min ago"),
            (30 * hour, "30 小时前", "30 h ago"),
            (72 * hour, "3 天前", "3 days ago"),
        ] {
            let now = UtcMillis(1_795_422_896_000);
            assert_eq!(ago(UtcMillis(now.0 - ms), now, Lang::Zh), zh);
            assert_eq!(ago(UtcMillis(now.0 - ms), now, Lang::En), en);
        }
        assert_eq!(span(-3 * 24 * hour, Lang::En), "3 days");
    }
}
