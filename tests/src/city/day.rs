//! A day in the city: who goes where, what comes of it, who meets whom, who has no network.
//!
//! Plans only; the same for the same seed, day and person, whatever else was asked before.

use ironfeet_core::model::{PlaceKind, Severity};
use jiff::civil::Date;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::City;
use super::differ;
use super::people::{Job, Person};
use super::rates::{self, NOT_ENTERED, Outcome, Rates, STREAMS, Stream};
use super::seed::{in_grid, pick, poisson, stream, weighted};

/// One person's day.
#[derive(Clone, Debug, PartialEq)]
pub struct Outing {
    /// Number of the person in the city.
    pub person: usize,
    /// Visits in order of time.
    pub visits: Vec<PlannedVisit>,
    /// How wrong the phone's clock is, in milliseconds.
    pub skew_ms: i64,
    /// Whether the phone finds no network the whole week.
    pub silent: bool,
}

/// One visit that will be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedVisit {
    /// Minutes after midnight at which it begins.
    pub at_minute: u32,
    /// Minutes it takes.
    pub minutes: u32,
    /// Number of the grid.
    pub grid: usize,
    /// Number of the place within the grid.
    pub place: u32,
    /// Why it is visited.
    pub stream: Stream,
    /// What comes of it.
    pub outcome: Outcome,
    /// How grave the findings are that will be made.
    pub findings: Vec<Severity>,
    /// Whether there is no network at the place.
    pub offline: bool,
    /// Somebody else goes there on the same day.
    pub joint: Option<Joint>,
}

impl PlannedVisit {
    /// Minutes after midnight at which it ends.
    #[must_use]
    pub fn end_minute(&self) -> u32 {
        self.at_minute + self.minutes
    }
}

/// Two people at one place on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// The other person's number.
    pub with: usize,
    /// What both write without knowing of each other.
    pub both: Both,
}

/// What two people at one place do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Both {
    /// Each their own visit; of two of the same post the second one's is a quick re-visit.
    Visit,
    /// State this fact of the place, each otherwise.
    State(&'static str),
    /// Find a shop beside it that no register knows, and add it.
    Add,
}

/// A meeting as the grid plans it.
struct Meeting {
    place: u32,
    people: [usize; 2],
    both: Both,
}

impl City {
    /// Everybody's day, one person at a time; nobody on days that are not worked.
    pub fn day<'a>(&'a self, rates: &'a Rates, day: Date) -> impl Iterator<Item = Outing> + 'a {
        let people = if rates::is_working_day(day) { self.field_count() } else { 0 };
        (0..people).filter_map(move |person| self.outing(rates, day, person))
    }

    /// One person's day; `None` for people without a phone.
    #[must_use]
    pub fn outing(&self, rates: &Rates, day: Date, person: usize) -> Option<Outing> {
        let who = self.person(person).filter(|p| !p.grids.is_empty())?;
        let mut rng = stream(self.seed(), &format!("outing {day}"), person as u64);
        let mut visits: Vec<PlannedVisit> = (0..visit_count(&mut rng, rates, who.job, day))
            .filter_map(|_| self.visit(&mut rng, rates, &who))
            .collect();
        self.join(&mut rng, rates, day, &who, &mut visits);
        spread(&mut rng, &mut visits);
        let (skew_ms, silent) = self.phone(rates, day, person);
        Some(Outing { person, visits, skew_ms, silent })
    }

    /// What is wrong with a person's phone: clock skew (always the same) and silence (by week).
    fn phone(&self, rates: &Rates, day: Date, person: usize) -> (i64, bool) {
        let mut rng = stream(self.seed(), "clock", person as u64);
        let skewed = rng.random_bool(rates.skewed);
        let skew = rng.random_range(-rates.skew_ms_max..=rates.skew_ms_max);
        let week = day.iso_week_date();
        let purpose = format!("silent {} {}", week.year(), week.week());
        let silent = stream(self.seed(), &purpose, person as u64).random_bool(rates.silent);
        (if skewed { skew } else { 0 }, silent)
    }

    fn visit(&self, rng: &mut ChaCha8Rng, rates: &Rates, who: &Person) -> Option<PlannedVisit> {
        let here = |kind| who.grids.iter().any(|g| self.grids()[*g].count(kind) > 0);
        let weights = STREAMS.map(|s| if here(s.kind) { s.visits_per_year } else { 0.0 });
        let stream = STREAMS[weighted(rng, &weights)?].stream;
        let kind = match stream {
            Stream::Patrol if rng.random_bool(0.25) && here(PlaceKind::PublicFacility) => {
                PlaceKind::PublicFacility
            }
            _ => stream.rates().kind,
        };
        let counts: Vec<f64> =
            who.grids.iter().map(|g| f64::from(self.grids()[*g].count(kind))).collect();
        let grid = who.grids[weighted(rng, &counts)?];
        let at = &self.grids()[grid];
        let place = at.first(kind) + self.own_share(rng, who, grid, at.count(kind));
        Some(self.outcome(rng, rates, stream, grid, place))
    }

    /// The people of a grid divide its places among them; they meet by plan, rarely by chance.
    fn own_share(&self, rng: &mut ChaCha8Rng, who: &Person, grid: usize, count: u32) -> u32 {
        let workers = self.workers_of(grid);
        let n = u32::try_from(workers.len()).unwrap_or(1).max(1);
        let at = workers.iter().position(|w| self.same(*w, who)).unwrap_or(0);
        let mine = (count + n - 1).saturating_sub(at as u32) / n;
        if mine == 0 {
            return rng.random_range(0..count);
        }
        rng.random_range(0..mine) * n + at as u32
    }

    fn outcome(
        &self,
        rng: &mut ChaCha8Rng,
        rates: &Rates,
        stream: Stream,
        grid: usize,
        place: u32,
    ) -> PlannedVisit {
        let r = stream.rates();
        let outcome = if rng.random_bool(r.entered) {
            Outcome::Entered
        } else {
            let weights = NOT_ENTERED.map(|(_, w)| w);
            weighted(rng, &weights).map_or(Outcome::NoAnswer, |i| NOT_ENTERED[i].0)
        };
        let n = if outcome == Outcome::Entered { poisson(rng, r.findings_per_entered) } else { 0 };
        let mix = rates::severity_mix(stream);
        let weights =
            mix.map(|(severity, w)| if severity == Severity::S1 { w * rates.imminent } else { w });
        let findings = (0..n).filter_map(|_| weighted(rng, &weights)).map(|i| mix[i].0).collect();
        let minutes = rng.random_range(5..14) + if outcome == Outcome::Entered { 2 } else { 0 };
        PlannedVisit {
            at_minute: 0,
            minutes,
            grid,
            place,
            stream,
            outcome,
            findings,
            offline: rng.random_bool(rates.no_network),
            joint: None,
        }
    }

    /// Puts the day's meetings of the person's grids into the plan, each instead of an own visit.
    fn join(
        &self,
        rng: &mut ChaCha8Rng,
        rates: &Rates,
        day: Date,
        who: &Person,
        visits: &mut Vec<PlannedVisit>,
    ) {
        let me = |m: &Meeting| m.people.iter().position(|p| self.same(*p, who));
        for grid in &who.grids {
            let Some(meeting) = self.meeting(rates, day, *grid) else { continue };
            let Some(at) = me(&meeting) else { continue };
            let (kind, _) =
                self.grids()[*grid].kind_of(meeting.place).unwrap_or((PlaceKind::Dwelling, 0));
            let stream = stream_of(kind);
            let mut visit = self.outcome(rng, rates, stream, *grid, meeting.place);
            visit.joint = Some(Joint { with: meeting.people[1 - at], both: meeting.both });
            visit.offline |= meeting.both != Both::Visit;
            visits.retain(|v| (v.grid, v.place) != (*grid, meeting.place));
            if visits.len() > 1 {
                visits.pop();
            }
            visits.insert(0, visit);
        }
    }

    fn same(&self, number: usize, who: &Person) -> bool {
        self.person(number).is_some_and(|p| p.id == who.id)
    }

    /// At most one meeting a day in a grid; as likely as the rates and the city's visits per grid say.
    fn meeting(&self, rates: &Rates, day: Date, grid: usize) -> Option<Meeting> {
        let mut rng = stream(self.seed(), &format!("meeting {day}"), grid as u64);
        let per_grid = self.visits_per_day(rates, day) / self.grids().len() as f64;
        if !rng.random_bool((per_grid * rates.joint).clamp(0.0, 1.0)) {
            return None;
        }
        let workers = self.workers_of(grid);
        if workers.len() < 2 {
            return None;
        }
        let first = rng.random_range(0..workers.len());
        let second = (first + rng.random_range(1..workers.len())) % workers.len();
        let place = rng.random_range(0..self.grids()[grid].places().max(1));
        let (kind, _) = self.grids()[grid].kind_of(place).unwrap_or((PlaceKind::Dwelling, 0));
        let weights = [rates.conflict, rates.twin, rates.joint - rates.conflict - rates.twin];
        let both = match weighted(&mut rng, &weights) {
            Some(0) => Both::State(pick::<&str>(&mut rng, differ::fields(kind))),
            Some(1) => Both::Add,
            _ => Both::Visit,
        };
        Some(Meeting { place, people: [workers[first], workers[second]], both })
    }

    /// Visits the whole city makes on such a day, on average.
    #[must_use]
    pub fn visits_per_day(&self, rates: &Rates, day: Date) -> f64 {
        let p = self.profile();
        let part = PART_TIME_PRESENT;
        rates::volume(day)
            * (p.full_time as f64 * rates.full_time.0
                + p.part_time as f64 * rates.part_time.0 * part
                + p.police as f64 * rates.police.0 * part)
    }
}

/// Part-time workers and police make visits on 220 of 250 working days.
const PART_TIME_PRESENT: f64 = 220.0 / 250.0;

fn visit_count(rng: &mut ChaCha8Rng, rates: &Rates, job: Job, day: Date) -> u32 {
    let ((mean, least, most), present) = match job {
        Job::FullTime => (rates.full_time, 1.0),
        Job::PartTime => (rates.part_time, PART_TIME_PRESENT),
        Job::Police => (rates.police, PART_TIME_PRESENT),
        _ => return 0,
    };
    if !rng.random_bool(present) {
        return 0;
    }
    let usual = (least + poisson(rng, mean - f64::from(least))).min(most);
    let exact = f64::from(usual) * rates::volume(day);
    // The part after the point is the chance of one more.
    exact.trunc() as u32 + u32::from(rng.random_bool(exact.fract()))
}

/// Nobody is visited between half past eleven and two.
const NOON: u32 = 11 * 60 + 30;
const AFTERNOON: u32 = 14 * 60;

/// One after the other with ways between, from half past eight on; who has few goes in the morning or in the
/// afternoon.
fn spread(rng: &mut ChaCha8Rng, visits: &mut [PlannedVisit]) {
    let few = visits.len() < 5;
    let start = if few && rng.random_bool(0.5) { AFTERNOON } else { 8 * 60 + 30 };
    let mut minute = start + rng.random_range(0..30);
    let gap_max = (400 / (visits.len() as u32 + 1)).clamp(4, 50);
    for visit in visits {
        if minute < AFTERNOON && minute + visit.minutes > NOON {
            minute = AFTERNOON + rng.random_range(0..15);
        }
        visit.at_minute = minute;
        minute += visit.minutes + rng.random_range(2..gap_max);
    }
}

fn stream_of(kind: PlaceKind) -> Stream {
    match kind {
        PlaceKind::Dwelling => Stream::Household,
        PlaceKind::SmallPremises => Stream::SmallPremises,
        PlaceKind::Rental => Stream::Rental,
        PlaceKind::Workshop => Stream::Workshop,
        PlaceKind::ConstructionSite => Stream::Site,
        PlaceKind::SharedArea | PlaceKind::PublicFacility => Stream::Patrol,
    }
}

/// A number for anything else that is drawn about a planned visit, so that answers are the same every time.
#[must_use]
pub fn visit_key(visit: &PlannedVisit) -> u64 {
    in_grid(visit.grid, visit.place)
}
