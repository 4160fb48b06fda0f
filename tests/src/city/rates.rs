//! How the city behaves: visits, outcomes, findings, networks, seasons (domain page 3.3).
//!
//! Rates only; who uses them is in `day.rs` and `answers.rs`. What the page does not fix is
//! marked "own choice".

use ironfeet_core::model::{PlaceKind, Severity};
use jiff::civil::{Date, Weekday};

use super::seed;

/// A stream of visits over the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Households, two attempts per dwelling and year.
    Household,
    /// Small premises, four a year.
    SmallPremises,
    /// Rentals, four a year.
    Rental,
    /// Workshops, six a year.
    Workshop,
    /// Construction sites, every second week.
    Site,
    /// Patrol of shared areas and facilities; places without a checklist get a remark.
    Patrol,
    /// Re-checks of open findings, as quick re-visits.
    Recheck,
}

/// What the page says of a stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamRates {
    /// Which stream.
    pub stream: Stream,
    /// The kind of place visited; re-checks go where findings are open.
    pub kind: PlaceKind,
    /// Visits per year in the full city.
    pub visits_per_year: f64,
    /// Share of visits in which the place is entered.
    pub entered: f64,
    /// Findings per entered visit.
    pub findings_per_entered: f64,
}

/// Every stream with a field visit.
pub const STREAMS: [StreamRates; 7] = [
    rates(Stream::Household, PlaceKind::Dwelling, 3_820_000.0, 0.62, 0.56),
    rates(Stream::SmallPremises, PlaceKind::SmallPremises, 520_000.0, 0.93, 0.25 / 0.93),
    rates(Stream::Rental, PlaceKind::Rental, 840_000.0, 0.70, 0.18 / 0.70),
    rates(Stream::Workshop, PlaceKind::Workshop, 57_000.0, 0.90, 0.50 / 0.90),
    rates(Stream::Site, PlaceKind::ConstructionSite, 78_000.0, 0.96, 0.60 / 0.96),
    rates(Stream::Patrol, PlaceKind::SharedArea, 2_600_000.0, 1.0, 0.15),
    rates(Stream::Recheck, PlaceKind::Dwelling, 600_000.0, 0.90, 0.0),
];

const fn rates(
    stream: Stream,
    kind: PlaceKind,
    visits_per_year: f64,
    entered: f64,
    findings_per_entered: f64,
) -> StreamRates {
    StreamRates { stream, kind, visits_per_year, entered, findings_per_entered }
}

impl Stream {
    /// The rates of this stream.
    #[must_use]
    pub fn rates(self) -> &'static StreamRates {
        STREAMS.iter().find(|r| r.stream == self).expect("every stream has a row")
    }
}

/// What came of going to a place; the codes are those of checklist item V-02.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Entered and looked at.
    Entered,
    /// Seen from outside only.
    Outside,
    /// Nobody answered.
    NoAnswer,
    /// Entry declined; never a finding.
    Declined,
    /// Vacant.
    Vacant,
}

impl Outcome {
    /// The choice code of item V-02.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Outside => "outside",
            Self::NoAnswer => "no_answer",
            Self::Declined => "declined",
            Self::Vacant => "vacant",
        }
    }
}

/// Why a place was not entered, with weights: 25 no answer, 5 declined, 4 vacant, 4 outside only.
pub const NOT_ENTERED: [(Outcome, f64); 4] = [
    (Outcome::NoAnswer, 25.0),
    (Outcome::Declined, 5.0),
    (Outcome::Vacant, 4.0),
    (Outcome::Outside, 4.0),
];

/// How grave findings are. Together, weighted by the streams, 1.2 / 21 / 70 / 7.8 per cent.
///
/// Households carry the advice (S4 exists there and in rentals only) and few grave findings: 0.06 of 0.56
/// findings per entered household become cases. The split between the two rows is an own choice.
#[must_use]
pub fn severity_mix(stream: Stream) -> [(Severity, f64); 4] {
    match stream {
        Stream::Household => {
            [(Severity::S1, 0.7), (Severity::S2, 10.0), (Severity::S3, 77.3), (Severity::S4, 12.0)]
        }
        _ => [(Severity::S1, 2.1), (Severity::S2, 40.2), (Severity::S3, 57.7), (Severity::S4, 0.0)],
    }
}

/// Rates of people, networks and devices. The defaults are the domain page's.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Visits of a full-time worker's day; the mean, and the least and most.
    pub full_time: (f64, u32, u32),
    /// Of a part-time worker's day.
    pub part_time: (f64, u32, u32),
    /// Of a community police officer's day.
    pub police: (f64, u32, u32),
    /// Share of visits without network.
    pub no_network: f64,
    /// Share of the places touched on a day that two people touch.
    pub joint: f64,
    /// Share of the places touched on a day at which both write the same field without knowing.
    pub conflict: f64,
    /// Share of the places touched on a day that are new and added by two people (own choice).
    pub twin: f64,
    /// Share of phones whose clock is wrong.
    pub skewed: f64,
    /// By how much at most, in milliseconds, either way.
    pub skew_ms_max: i64,
    /// Share of phones that are silent for more than three days.
    pub silent: f64,
    /// How many times as many findings are imminent (S1) as the page says.
    pub imminent: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            full_time: (12.0, 8, 20),
            part_time: (2.0, 0, 6),
            police: (3.0, 0, 8),
            no_network: 0.20,
            joint: 0.03,
            conflict: 0.002,
            twin: 0.000_5,
            skewed: 0.02,
            skew_ms_max: 5 * 60 * 1000,
            silent: 0.005,
            imminent: 1.0,
        }
    }
}

/// Spring Festival days; outside these years there is no dip.
const SPRING_FESTIVAL: [Date; 8] = [
    jiff::civil::date(2024, 2, 10),
    jiff::civil::date(2025, 1, 29),
    jiff::civil::date(2026, 2, 17),
    jiff::civil::date(2027, 2, 6),
    jiff::civil::date(2028, 1, 26),
    jiff::civil::date(2029, 2, 13),
    jiff::civil::date(2030, 2, 3),
    jiff::civil::date(2031, 1, 23),
];

/// Whether the day is worked. Weekends are not; public holidays other than Spring Festival are left out (own choice).
#[must_use]
pub fn is_working_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// How much is done on a day against an ordinary one: 0.4 around Spring Festival, then 2 for the two weeks of the campaign.
#[must_use]
pub fn volume(day: Date) -> f64 {
    let since = |festival: &Date| days_between(*festival, day);
    match SPRING_FESTIVAL.iter().map(since).find(|d| (-7..22).contains(d)) {
        Some(d) if d < 8 => 0.4,
        Some(_) => 2.0,
        None => 1.0,
    }
}

/// How much likelier than usual a finding of this category is on a day: gas in winter, e-bikes in summer,
/// flooding and falling objects in typhoon weeks.
#[must_use]
pub fn season(seed: u64, category: &str, day: Date) -> f64 {
    let month = day.month();
    if category.starts_with("GAS") && matches!(month, 11 | 12 | 1 | 2) {
        2.0
    } else if category == "FIR08" && (6..=9).contains(&month) {
        1.5
    } else if matches!(category, "EMG04" | "BLD03" | "BLD05" | "BLD06")
        && is_typhoon_week(seed, day)
    {
        4.0
    } else {
        1.0
    }
}

/// Two weeks between July and September, other ones every year and seed.
fn is_typhoon_week(seed: u64, day: Date) -> bool {
    use rand::RngExt;
    let mut rng = seed::stream(seed, "typhoon", u64::from(day.year().unsigned_abs()));
    let first = jiff::civil::date(day.year(), 7, 1);
    let n = days_between(first, day);
    (0..2).any(|_| {
        let start = rng.random_range(0..84);
        (start..start + 7).contains(&n)
    })
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}
