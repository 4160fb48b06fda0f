//! Until when: four clocks over a calendar of working periods, holidays and make-up days (domain page 1.7).
//!
//! Pure: the zone of the place and the moment are handed in. The day on which a period begins is not
//! counted in days, as the Civil Code counts (Art. 201).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;
use serde::Deserialize;

use super::yaml;
use crate::model::{ClockKind, Deadline, Text, UtcMillis};

/// The working time that comes with the product.
pub const CALENDAR_YAML: &str = include_str!("../../content/calendar.yaml");

static DEFAULT: LazyLock<Calendar> = LazyLock::new(|| {
    Calendar::load(CALENDAR_YAML).expect("the default calendar is loaded by a test of this room")
});

/// Days without any working time in a row before a search ends: a calendar cannot be that empty.
const IDLE_DAYS_MAX: u32 = 400;

/// Why a calendar is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The file is not of the right shape; names the line.
    #[error("calendar: {0}")]
    Shape(String),
    /// The working periods overlap, run backwards, or there are none.
    #[error("calendar: periods must be at least one, in order, each from before to (HH:MM)")]
    Periods,
    /// A span of days is impossible or lies outside its year.
    #[error("calendar: holidays and make-up days of {0} must lie in that year, from before to")]
    Days(i16),
    /// A day is both free and worked.
    #[error("calendar: {0} is both a holiday and a make-up day")]
    Both(Date),
}

/// When people work.
#[derive(Clone, Debug)]
pub struct Calendar {
    version: String,
    /// Minutes of the day, ordered: `from..to`.
    periods: Vec<(u16, u16)>,
    weekdays: Vec<Weekday>,
    holidays: BTreeSet<Date>,
    makeup: BTreeSet<Date>,
    years: Vec<(i16, Certainty)>,
}

/// How sure a year's holidays are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// From the yearly notice.
    Announced,
    /// Fixed days of the regulation only; moved days are missing.
    Statutory,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalendar {
    version: String,
    periods: Vec<RawPeriod>,
    weekdays: Vec<RawWeekday>,
    years: Vec<RawYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeriod {
    from: String,
    to: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawWeekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: i16,
    certainty: Certainty,
    #[expect(dead_code, reason = "told to readers of the file; both languages are required")]
    source: Text,
    holidays: Vec<RawHoliday>,
    makeup_days: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHoliday {
    #[expect(dead_code, reason = "told to readers of the file; both languages are required")]
    name: Text,
    from: String,
    to: String,
}

impl Calendar {
    /// Reads a calendar file.
    ///
    /// # Errors
    /// What is wrong with it, the first thing only.
    pub fn load(text: &str) -> Result<Self, CalendarError> {
        let raw: RawCalendar = yaml::read(text).map_err(|e| CalendarError::Shape(e.to_string()))?;
        let mut calendar = Self {
            version: raw.version,
            periods: periods(&raw.periods).ok_or(CalendarError::Periods)?,
            weekdays: raw.weekdays.iter().map(|d| weekday(*d)).collect(),
            holidays: BTreeSet::new(),
            makeup: BTreeSet::new(),
            years: Vec::new(),
        };
        for year in &raw.years {
            calendar.years.push((year.year, year.certainty));
            calendar.days(year).ok_or(CalendarError::Days(year.year))?;
        }
        match calendar.holidays.intersection(&calendar.makeup).next() {
            Some(both) => Err(CalendarError::Both(*both)),
            None => Ok(calendar),
        }
    }

    fn days(&mut self, raw: &RawYear) -> Option<()> {
        for holiday in &raw.holidays {
            let (mut day, to) = (day_of(&holiday.from, raw.year)?, day_of(&holiday.to, raw.year)?);
            if day > to {
                return None;
            }
            while day <= to {
                self.holidays.insert(day);
                day = day.tomorrow().ok()?;
            }
        }
        for text in &raw.makeup_days {
            self.makeup.insert(day_of(text, raw.year)?);
        }
        Some(())
    }

    /// The working time that comes with the product.
    #[must_use]
    pub fn default_calendar() -> &'static Self {
        &DEFAULT
    }

    /// The version of the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How sure the holidays of a year are; `None`: only weekends are known.
    #[must_use]
    pub fn certainty(&self, year: i16) -> Option<Certainty> {
        self.years.iter().find(|(y, _)| *y == year).map(|(_, c)| *c)
    }

    /// Whether people work on this day.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        let free = self.holidays.contains(&day) || !self.weekdays.contains(&day.weekday());
        self.makeup.contains(&day) || !free
    }

    /// When a time limit ends. Urgent hours run on through nights and holidays; working hours
    /// inside the working periods only; working days end at closing time of the last one, calendar days at
    /// 24:00 of the last one, the day of raising not counted. `offset` is the local time of the place.
    #[must_use]
    pub fn due_at(&self, deadline: Deadline, raised_at: UtcMillis, offset: Offset) -> UtcMillis {
        let hours = i64::from(deadline.value) * 3_600_000;
        let due = match deadline.kind {
            ClockKind::UrgentHour => Some(raised_at.plus_ms(hours)),
            ClockKind::WorkHour => self.after_work_ms(raised_at, hours, offset),
            ClockKind::WorkDay => self.closing(raised_at, deadline.value, offset),
            ClockKind::NaturalDay => midnight_after(raised_at, deadline.value, offset),
        };
        // Past the end of the calendar there is nothing better than running on.
        due.unwrap_or_else(|| raised_at.plus_ms(hours))
    }

    fn after_work_ms(&self, from: UtcMillis, mut left: i64, offset: Offset) -> Option<UtcMillis> {
        let start = local(from, offset)?;
        let mut day = start.date();
        let mut now = ms_of_day(start.time());
        let mut idle = 0;
        while left > 0 {
            let works = self.is_working_day(day);
            for (opens, closes) in self.periods.iter().filter(|_| works) {
                let opens = i64::from(*opens) * 60_000;
                let closes = i64::from(*closes) * 60_000;
                let worked = (closes - now.max(opens)).max(0);
                if worked >= left {
                    return utc(day, now.max(opens) + left, offset);
                }
                left -= worked;
            }
            idle = if works { 0 } else { idle + 1 };
            if idle > IDLE_DAYS_MAX {
                return None;
            }
            day = day.tomorrow().ok()?;
            now = 0;
        }
        Some(from)
    }

    fn closing(&self, from: UtcMillis, days: u32, offset: Offset) -> Option<UtcMillis> {
        let mut day = local(from, offset)?.date();
        let (mut counted, mut idle) = (0, 0);
        while counted < days {
            day = day.tomorrow().ok()?;
            let works = self.is_working_day(day);
            counted += u32::from(works);
            idle = if works { 0 } else { idle + 1 };
            if idle > IDLE_DAYS_MAX {
                return None;
            }
        }
        let closes = self.periods.last().map(|(_, closes)| i64::from(*closes))?;
        utc(day, closes * 60_000, offset)
    }

    /// A moment as people of the place read it, to the minute; midnight is 24:00 of the day before.
    pub(super) fn local_words(&self, at: UtcMillis, offset: Offset) -> Option<String> {
        let moment = local(at, offset)?;
        let (day, time) = (moment.date(), moment.time());
        if time == Time::midnight() {
            return Some(format!("{} 24:00", day.yesterday().ok()?));
        }
        Some(format!("{day} {:02}:{:02}", time.hour(), time.minute()))
    }
}

fn periods(raw: &[RawPeriod]) -> Option<Vec<(u16, u16)>> {
    let read: Option<Vec<(u16, u16)>> =
        raw.iter().map(|p| Some((minute(&p.from)?, minute(&p.to)?))).collect();
    let read = read.filter(|r| !r.is_empty())?;
    let forward = read.iter().all(|(from, to)| from < to);
    let ordered = read.windows(2).all(|w| w[0].1 <= w[1].0);
    (forward && ordered).then_some(read)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
}

fn weekday(raw: RawWeekday) -> Weekday {
    match raw {
        RawWeekday::Mon => Weekday::Monday,
        RawWeekday::Tue => Weekday::Tuesday,
        RawWeekday::Wed => Weekday::Wednesday,
        RawWeekday::Thu => Weekday::Thursday,
        RawWeekday::Fri => Weekday::Friday,
        RawWeekday::Sat => Weekday::Saturday,
        RawWeekday::Sun => Weekday::Sunday,
    }
}

fn day_of(text: &str, year: i16) -> Option<Date> {
    text.parse::<Date>().ok().filter(|d| d.year() == year)
}

fn local(at: UtcMillis, offset: Offset) -> Option<DateTime> {
    Timestamp::from_millisecond(at.0).ok().map(|t| offset.to_datetime(t))
}

fn ms_of_day(time: Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60;
    (seconds + i64::from(time.second())) * 1_000 + i64::from(time.millisecond())
}

fn utc(day: Date, ms: i64, offset: Offset) -> Option<UtcMillis> {
    let midnight = offset.to_timestamp(day.to_datetime(Time::midnight())).ok()?;
    Some(UtcMillis(midnight.as_millisecond().checked_add(ms)?))
}

fn midnight_after(from: UtcMillis, days: u32, offset: Offset) -> Option<UtcMillis> {
    let last = jiff::Span::new().try_days(i64::from(days) + 1).ok()?;
    utc(local(from, offset)?.date().checked_add(last).ok()?, 0, offset)
}
