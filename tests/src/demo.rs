//! A city in one command: a real server, real phones over real HTTP, working days in compressed time.
//!
//! The city says who goes where; the phones do it with the core that an app uses. At the end
//! server and phones are verified and compared.

pub mod apart;
pub mod clock;
pub mod doors;
mod earlier;
pub mod pocket;
pub mod ramp;
pub mod storm;
pub mod tally;
pub mod town;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ironfeet_core::model::Severity;
use jiff::civil::Date;

use crate::bench::station::StationError;
use crate::bench::watch::epoch_ms;
use crate::city::{City, Job, Outcome, Outing, PlannedVisit, Rates, Scale, Stream};
use clock::{CityClock, before, next};
use doors::Doors;
use pocket::{Errand, Pocket};
use tally::{Summary, Tally, percentile};
use town::Town;

/// What is to be shown.
#[derive(Clone, Debug)]
pub struct Show {
    /// Size of the city.
    pub scale: Scale,
    /// Working days to live.
    pub days: u32,
    /// Seed of the city.
    pub seed: u64,
    /// The first day, or a weekend before it.
    pub first_day: Date,
    /// Weeks before it whose visits are brought in.
    pub weeks: u32,
    /// Where the server listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of server and phones; must be empty or new.
    pub data: PathBuf,
    /// A program that serves in a process of its own; none: the server is in this process.
    pub apart: Option<PathBuf>,
    /// Phones at most, spread evenly over the city; the others' holders stay at home.
    pub phones_max: usize,
    /// A demonstration: more happens than on an average day. Where figures are taken: the city's own rates.
    pub story: bool,
}

pub use clock::first_day;

/// A Monday in the heating season: the first day wherever figures are compared.
pub const FIRST_DAY: Date = jiff::civil::date(2026, 11, 16);
/// Minutes of a day's slots: within one, phones work side by side; from one to the next time passes.
const SLOT_MINUTES: u32 = 30;
const SHIFT_START: u32 = 8 * 60;
const SHIFT_END: u32 = 18 * 60 + 30;
/// The day before the first one, at four: phones are handed out.
const HANDED_OUT: u32 = 16 * 60;
/// A small city has few meetings; the demo shows more of what supervisors decide than an average day.
const MEETINGS: f64 = 3.0;
const DISPUTES: f64 = 20.0;
const TWINS: f64 = 12.0;
const SKEWED: f64 = 6.0;
/// A clock that somebody set by hand: wrong by up to so many times as much.
const SET_BY_HAND: i64 = 8;
const IMMINENT: f64 = 4.0;
/// Conflicts that the supervisor decides in an evening.
const DECIDED: usize = 1;

/// A city with its server and phones.
pub struct Life {
    /// The server.
    pub town: Town,
    /// Logins of its console.
    pub doors: Doors,
    city: City,
    rates: Rates,
    pockets: Vec<Mutex<Pocket>>,
    total: Tally,
    places: u64,
    /// Real seconds that the import and the enrolments took.
    pub setup_s: (f64, f64),
    began_ms: f64,
    /// The day to live next, or a weekend before it.
    next_day: Date,
    days: u32,
    /// Number of the person whose phone is revoked on the last day.
    revoked: Option<usize>,
    /// Number of the person whose phone nobody hears from after the first download.
    away: Option<usize>,
    story: bool,
}

impl Life {
    /// Starts the server, imports the register, enrols every field worker's phone.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn begin(show: &Show, say: &mut dyn FnMut(&str)) -> Result<Self, StationError> {
        let began_ms = epoch_ms();
        let city = City::new(show.scale, show.seed);
        let (people, grids) = (city.profile().population, city.grids().len());
        let phones = city.field_count().min(show.phones_max);
        say(&format!(
            "平川市 ({}): {people} 人, {grids} 网格, {phones} 手机 · {people} people, {grids} grids, {phones} phones",
            show.scale.as_str(),
        ));
        std::fs::create_dir_all(&show.data)?;
        let opened = show.first_day.saturating_sub(jiff::Span::new().weeks(show.weeks));
        let clock = Arc::new(CityClock::new(clock::at(before(opened), HANDED_OUT - 30)));
        let folder = show.data.join("server");
        let town = match &show.apart {
            None => Town::start(folder, show.listen, clock)?,
            Some(program) => Town::start_apart(folder, program, clock)?,
        };
        town.hire(&city)?;
        let start = epoch_ms();
        let places = town.import(&city, |_| {})?.added;
        town.name(&city)?;
        town.draw(&city)?;
        let doors = Doors::open(&town, &city)?;
        let import_s = (epoch_ms() - start) / 1000.0;
        say(&format!("场所导入 {places} · {places} places imported  [{import_s:.1} s]"));
        if show.weeks > 0 {
            let start = epoch_ms();
            let n = earlier::bring(&city, &town, opened, show.first_day)?;
            let (weeks, s) = (show.weeks, (epoch_ms() - start) / 1000.0);
            say(&format!(
                "此前 {weeks} 周走访 {n} · {n} visits of {weeks} weeks before  [{s:.1} s]"
            ));
        }
        town.clock.set(clock::at(before(show.first_day), HANDED_OUT));
        let start = epoch_ms();
        let pockets = enrol(&city, &town, show)?;
        let enrol_s = (epoch_ms() - start) / 1000.0;
        let phones = pockets.len();
        say(&format!("手机注册 {phones} · {phones} phones enrolled  [{enrol_s:.1} s]"));
        let away = pockets.last().filter(|_| show.story).map(|last| lock(last).number);
        Ok(Self {
            town,
            doors,
            rates: if show.story { lively() } else { Rates::default() },
            city,
            pockets,
            total: Tally::default(),
            places,
            setup_s: (import_s, enrol_s),
            began_ms,
            next_day: show.first_day,
            days: 0,
            revoked: None,
            away,
            story: show.story,
        })
    }

    /// Lives one working day after the other.
    ///
    /// # Errors
    /// When the server fails; what goes wrong on phones is counted.
    pub fn live(&mut self, days: u32, say: &mut dyn FnMut(&str)) -> Result<(), StationError> {
        for n in 1..=days {
            let day = clock::working_day(self.next_day);
            let line = self.day(day, n == days)?;
            say(&line);
            self.days = n;
            self.next_day = next(day);
        }
        Ok(())
    }

    fn day(&mut self, day: Date, last: bool) -> Result<String, StationError> {
        let start = epoch_ms();
        let mut outings = self.outings(day);
        let revoked = if last { busy_part_timer(&self.city, &outings) } else { None };
        if last && self.story {
            alarm(&mut outings, [revoked, self.away]);
        }
        self.town.clock.set(clock::at(day, SHIFT_START));
        self.each(|pocket| self.rest(pocket, day, SHIFT_START, &outings, revoked));
        for slot in (SHIFT_START..SHIFT_END).step_by(SLOT_MINUTES as usize) {
            // What ends within the slot is handed in at its end: then phone and server read the same time.
            let end = slot + SLOT_MINUTES;
            self.town.clock.set(clock::at(day, end));
            self.each(|pocket| {
                let Some(outing) = outings.get(pocket.number).and_then(Option::as_ref) else {
                    return;
                };
                let errand = self.errand(day, outing, revoked == Some(pocket.number));
                let now = |v: &&crate::city::PlannedVisit| {
                    (slot..end).contains(&v.end_minute())
                        || (end >= SHIFT_END && v.end_minute() >= SHIFT_END)
                };
                outing.visits.iter().filter(now).for_each(|visit| pocket.go(&errand, visit));
            });
        }
        if let Some(number) = revoked {
            let person = self.city.person(number).map(|p| p.id);
            person.map_or(Ok(()), |id| self.town.revoke(&id))?;
            self.revoked = revoked;
        }
        self.town.clock.set(clock::at(day, SHIFT_END + 60));
        self.each(|pocket| self.rest(pocket, day, SHIFT_END + 60, &outings, None));
        if self.story {
            self.town.decide(self.doors.supervisor(), DECIDED)?;
        }
        let mut today = Tally::default();
        for pocket in &self.pockets {
            today.take(&mut lock(pocket).tally);
        }
        let line = self.line(day, &today, (epoch_ms() - start) / 1000.0)?;
        self.total.take(&mut today);
        Ok(line)
    }

    /// What everybody with a phone does on a day, by the person's number.
    fn outings(&self, day: Date) -> Vec<Option<Outing>> {
        let mut all = vec![None; self.city.field_count()];
        for pocket in &self.pockets {
            let number = lock(pocket).number;
            all[number] = self.city.outing(&self.rates, day, number);
        }
        all
    }

    /// Before and after the shift: phones that have a network sync.
    fn rest(
        &self,
        pocket: &mut Pocket,
        day: Date,
        minute: u32,
        outings: &[Option<Outing>],
        silent: Option<usize>,
    ) {
        let Some(outing) = outings.get(pocket.number).and_then(Option::as_ref) else { return };
        pocket.set_clock(clock::at(day, minute), outing.skew_ms);
        if !outing.silent && ![silent, self.away].contains(&Some(pocket.number)) {
            pocket.hand_in(&self.town);
        }
    }

    fn line(&self, day: Date, t: &Tally, seconds: f64) -> Result<String, StationError> {
        let conflicts = self.town.conflicts()?;
        Ok(format!(
            "{day}  走访 visits {:>5}  入户 entered {:>5}  隐患 findings {:>4}  无网 offline {:>4}  \
             冲突 conflicts {conflicts:>3}  待审 review {:>3}  照片 photos {:>3}  上行 up {:>7} B  下行 down {:>8} B  \
             同步 sync p50 {} p95 {} ms  [{seconds:.1} s]",
            t.visits,
            t.entered,
            t.findings,
            t.offline,
            t.quarantined,
            t.photos,
            t.bytes_up,
            t.bytes_down,
            percentile(&t.sync_ms, 0.5),
            percentile(&t.sync_ms, 0.95),
        ))
    }

    fn errand(&self, day: Date, outing: &Outing, silent: bool) -> Errand<'_> {
        let silent = outing.silent || silent || self.away == Some(outing.person);
        Errand { city: &self.city, town: &self.town, day, skew_ms: outing.skew_ms, silent }
    }

    /// Runs something on every phone.
    fn each(&self, act: impl Fn(&mut Pocket) + Sync) {
        side_by_side(&self.pockets, |_, pocket| act(pocket));
    }

    /// Everybody comes back into the network; then server and phones are verified and compared.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub fn end(mut self, show: &Show) -> Result<(Town, Doors, Summary), StationError> {
        let ready_s = (epoch_ms() - self.began_ms) / 1000.0;
        // Twice: what the last one brings, the first one must hear of.
        for _ in 0..2 {
            self.each(|pocket| {
                if ![self.revoked, self.away].contains(&Some(pocket.number)) {
                    pocket.hand_in(&self.town);
                }
            });
        }
        let wrong = Mutex::new(self.town.verify()?);
        self.each(|pocket| {
            if self.revoked == Some(pocket.number) {
                return;
            }
            let agrees = self.away != Some(pocket.number);
            let found = pocket.check(&self.town, agrees).unwrap_or_else(|e| vec![e.to_string()]);
            wrong.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        });
        for pocket in &self.pockets {
            self.total.take(&mut lock(pocket).tally);
        }
        let summary = Summary {
            tally: self.total,
            city: show.scale.as_str(),
            days: self.days,
            phones: self.pockets.len(),
            phones_of_city: self.city.field_count(),
            away: usize::from(self.away.is_some()),
            places: self.places,
            conflicts: self.town.conflicts()?,
            ready_s,
            disagreements: wrong.into_inner().unwrap_or_else(PoisonError::into_inner),
        };
        Ok((self.town, self.doors, summary))
    }
}

fn lock(pocket: &Mutex<Pocket>) -> std::sync::MutexGuard<'_, Pocket> {
    pocket.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The city's rates, with more of what people decide about.
fn lively() -> Rates {
    let usual = Rates::default();
    Rates {
        joint: usual.joint * MEETINGS,
        conflict: usual.conflict * DISPUTES,
        twin: usual.twin * TWINS,
        skewed: usual.skewed * SKEWED,
        skew_ms_max: usual.skew_ms_max * SET_BY_HAND,
        imminent: usual.imminent * IMMINENT,
        ..usual
    }
}

fn enrol(city: &City, town: &Town, show: &Show) -> Result<Vec<Mutex<Pocket>>, StationError> {
    let (dir, now) = (show.data.join("phones"), clock::at(before(show.first_day), HANDED_OUT));
    let all = city.field_count();
    let count = all.min(show.phones_max);
    let made: Vec<_> = (0..count).map(|_| Mutex::new(None)).collect();
    side_by_side(&made, |n, slot| {
        let number = n * all / count;
        let dir = dir.join(format!("{number:05}"));
        *slot = Some(Pocket::enrol(city, town, number, dir, now));
    });
    let missing = || StationError::Setting("a phone was not enrolled".to_owned());
    made.into_iter()
        .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
        .map(|made| made.ok_or_else(missing)?.map(Mutex::new))
        .collect()
}

/// Does something with each, on as many threads as the machine has processors.
fn side_by_side<T: Send>(all: &[Mutex<T>], act: impl Fn(usize, &mut T) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(n) else { break };
                    act(n, &mut one.lock().unwrap_or_else(PoisonError::into_inner));
                }
            });
        }
    });
}

/// On the last day two people find what is imminent, so that somebody must act: each at their first visit inside.
fn alarm(outings: &mut [Option<Outing>], out_of_reach: [Option<usize>; 2]) {
    let heard =
        |outing: &&mut Outing| !outing.silent && !out_of_reach.contains(&Some(outing.person));
    let inside = |outing: &mut Outing| {
        let inside = |v: &&mut PlannedVisit| {
            let asks = matches!(v.stream, Stream::Household | Stream::SmallPremises);
            asks && v.outcome == Outcome::Entered && v.joint.is_none()
        };
        outing.visits.iter_mut().find(inside).map(|v| v.findings = vec![Severity::S1])
    };
    let found = outings.iter_mut().flatten().filter(heard).filter_map(inside);
    found.take(2).for_each(drop);
}

/// A part-time worker with visits today: their phone is taken out of the network and then revoked.
fn busy_part_timer(city: &City, outings: &[Option<Outing>]) -> Option<usize> {
    let busy = |outing: &&Outing| {
        outing.visits.len() > 1
            && city.person(outing.person).is_some_and(|p| p.job == Job::PartTime)
    };
    outings.iter().flatten().find(busy).map(|outing| outing.person)
}
