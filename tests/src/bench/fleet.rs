//! `ironfeet-bench fleet`: many phones against one server in a process of its own. All enrol, record without
//! network, come within some seconds, take in what their neighbours wrote, and come once more for nothing.
//!
//! Phones share threads: as many sync at one moment as there are threads, and waiting for one counts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ironfeet_core::model::{GridCode, PlaceKind};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{NewPlace, Phone};
use serde_json::{Value, json};

use super::serve;
use super::station::StationError;
use super::watch::{SystemClock, epoch_ms};
use crate::demo::clock::CityClock;
use crate::demo::tally::percentile;
use crate::demo::town::Town;

/// Phones of a grid.
const NEIGHBOURS: usize = 8;
/// Phones that sync at one moment at most.
const AT_ONCE: usize = 64;
/// A phone that is refused comes again so often.
const TRIES: usize = 5;
/// Phones whose whole store is verified at the end.
const VERIFIED: usize = 25;
const APP: &str = "fleet";
const NOTES: usize = 4;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct FleetSetting {
    /// Phones.
    pub phones: usize,
    /// Real seconds within which all of them come.
    pub seconds: f64,
    /// An empty folder.
    pub data: PathBuf,
    /// This program, which serves in a process of its own.
    pub program: PathBuf,
}

struct Member {
    phone: Phone,
    http: Http,
}

/// What one round of syncs came to.
#[derive(Default)]
struct Round {
    took_s: f64,
    due_ms: Vec<f64>,
    requests: u64,
    pushed: u64,
    pulled: u64,
    bytes: u64,
    /// Tries that did not end well, by what was said; each of these phones came again.
    again: Vec<String>,
    /// Phones that did not come through.
    failed: Vec<String>,
}

fn grid(number: usize) -> GridCode {
    let block = number / NEIGHBOURS;
    let code =
        format!("329901{:03}{:03}{:03}", 1 + block / 100, 1 + block / 10 % 10, 1 + block % 10);
    code.parse().expect("fifteen digits")
}

fn enrol(town: &Town, setting: &FleetSetting, number: usize) -> Result<Member, StationError> {
    let person = format!("w{number:05}").parse().expect("a word of letters and digits");
    let code = serve::code(&town.app, &person, &[grid(number)])?;
    let dir = setting.data.join("phones").join(format!("{number:05}"));
    let (phone, http) = town.let_in(dir, &code, Arc::new(SystemClock), APP)?;
    phone.keep_in_memory(4);
    Ok(Member { phone, http })
}

/// A place, a visit and some answers, without network.
fn record(member: &Member, number: usize) -> Result<(), StationError> {
    let place = member.phone.place_add(&NewPlace {
        kind: PlaceKind::Dwelling,
        address: format!("平川路 {number} 号"),
        lat: Some(33.5),
        lon: Some(119.1),
        grid: Some(grid(number)),
        facts: Vec::new(),
    })?;
    let visit = member.phone.visit_start(place, "household", false)?;
    member.phone.visit_answer(visit, "V-02", "entered")?;
    for note in 0..NOTES {
        member.phone.visit_note(visit, &format!("第 {note} 条"))?;
    }
    Ok(())
}

/// Syncs one phone until the server has no more for it.
fn sync(town: &Town, member: &Member, round: &mut Round) -> Result<(), StationError> {
    loop {
        let done = member.phone.sync(&member.http, APP, &Unwatched);
        let report = town.runtime.block_on(done)?;
        round.requests += report.requests;
        round.pushed += report.pushed;
        round.pulled += report.pulled;
        round.bytes += report.bytes_up + report.bytes_down;
        if !report.unfinished {
            return Ok(());
        }
    }
}

/// All phones come, evenly over so many seconds, in an order that mixes the grids.
fn round(town: &Town, fleet: &[Mutex<Member>], seconds: f64) -> Round {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Round::default()));
    let (count, start) = (fleet.len(), epoch_ms());
    // A step without a common divisor visits everybody once.
    let step = (1..).map(|n| count / 3 + n).find(|step| gcd(*step, count) == 1).unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= count {
                        return;
                    }
                    let due = start + seconds * 1000.0 * turn as f64 / count as f64;
                    comes(town, &fleet[turn * step % count], due, &all);
                }
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.took_s = (epoch_ms() - start) / 1000.0;
    all
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn comes(town: &Town, member: &Mutex<Member>, due: f64, all: &Mutex<Round>) {
    let early = || Some(due - epoch_ms()).filter(|ms| *ms > 0.0);
    while let Some(ms) = early() {
        std::thread::park_timeout(Duration::from_secs_f64(ms / 1000.0));
    }
    let member = member.lock().unwrap_or_else(PoisonError::into_inner);
    let mut mine = Round::default();
    let mut through = false;
    for _ in 0..TRIES {
        match sync(town, &member, &mut mine) {
            Ok(()) => {
                through = true;
                break;
            }
            Err(error) => mine.again.push(error.to_string()),
        }
    }
    let waited = epoch_ms() - due;
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.due_ms.push(waited);
    all.requests += mine.requests;
    all.pushed += mine.pushed;
    all.pulled += mine.pulled;
    all.bytes += mine.bytes;
    if !through {
        all.failed.extend(mine.again.pop());
    }
    all.again.append(&mut mine.again);
}

impl Round {
    fn told(&self, phones: usize) -> Value {
        let ms = |share: f64| percentile(&self.due_ms, share);
        json!({
            "s": (self.took_s * 10.0).round() / 10.0, "requests": self.requests,
            "pushed": self.pushed, "pulled": self.pulled,
            "bytes_per_phone": self.bytes / phones.max(1) as u64,
            "due_ms": { "p50": ms(0.5), "p95": ms(0.95), "p99": ms(0.99), "max": ms(1.0) },
            "came_again": self.again.len(), "failed": self.failed,
        })
    }
}

/// Where phone and server do not stand the same.
fn disagreements(town: &Town, fleet: &[Mutex<Member>]) -> Result<Vec<String>, StationError> {
    let mut wrong = town.verify()?;
    let every = (fleet.len() / VERIFIED).max(1);
    for (number, member) in fleet.iter().enumerate() {
        let member = member.lock().unwrap_or_else(PoisonError::into_inner);
        let status = member.phone.status()?;
        if status.pending > 0 {
            wrong.push(format!("phone {number}: {} changes wait", status.pending));
        }
        for part in &status.cursors {
            let Ok(pid) = part.pid.parse() else { continue };
            let (seq, count) = town.standing(&pid)?;
            if (u64::try_from(part.seq), u64::try_from(part.documents)) != (Ok(seq), Ok(count)) {
                wrong.push(format!("phone {number}: {pid} stands elsewhere than the server"));
            }
        }
        if number % every == 0 {
            let report = member.phone.verify()?;
            wrong.extend(report.problems.iter().map(|p| format!("phone {number}: {}", p.what)));
        }
    }
    Ok(wrong)
}

/// Measures, telling progress.
///
/// # Errors
/// When the server or a phone fails otherwise than by a refused sync.
pub fn run(setting: &FleetSetting, say: &mut dyn FnMut(&str)) -> Result<Value, StationError> {
    let clock = Arc::new(CityClock::new(ironfeet_core::model::UtcMillis(epoch_ms() as i64)));
    clock.run_on();
    let town = Town::start_apart(setting.data.join("server"), &setting.program, clock)?;
    let start = epoch_ms();
    let mut fleet = Vec::new();
    for number in 0..setting.phones {
        fleet.push(Mutex::new(enrol(&town, setting, number)?));
    }
    let enrol_s = (epoch_ms() - start) / 1000.0;
    say(&format!("手机注册 {} · phones enrolled  [{enrol_s:.1} s]", fleet.len()));
    for (number, member) in fleet.iter().enumerate() {
        record(&member.lock().unwrap_or_else(PoisonError::into_inner), number)?;
    }
    let before = town.used();
    let push = round(&town, &fleet, setting.seconds);
    let used = town.used();
    say(&format!("上报 {} · changes pushed  [{:.1} s]", push.pushed, push.took_s));
    let pull = round(&town, &fleet, setting.seconds);
    say(&format!("接收 {} · entries taken in  [{:.1} s]", pull.pulled, pull.took_s));
    let quiet_before = town.used();
    let quiet = round(&town, &fleet, setting.seconds);
    let quiet_cpu = town.used().cpu_s - quiet_before.cpu_s;
    let wrong = disagreements(&town, &fleet)?;
    let rss_max = town.used().rss_max;
    town.stop()?;
    let cpu = used.cpu_s - before.cpu_s;
    let well = wrong.is_empty() && [&push, &pull, &quiet].iter().all(|r| r.failed.is_empty());
    Ok(json!({
        "phones": setting.phones, "window_s": setting.seconds,
        "enrol": { "s": enrol_s, "per_phone_ms": enrol_s * 1000.0 / setting.phones.max(1) as f64 },
        "push": push.told(setting.phones), "pull": pull.told(setting.phones), "quiet": quiet.told(setting.phones),
        "server": {
            "cpu_ms_per_change": cpu * 1000.0 / push.pushed.max(1) as f64,
            "cpu_ms_per_quiet_sync": quiet_cpu * 1000.0 / setting.phones.max(1) as f64,
            "rss_max": rss_max,
        },
        "disagreements": wrong, "well": well,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_grid_and_every_phone_has_its_turn() {
        assert_eq!(grid(0), grid(7));
        assert_ne!(grid(7), grid(8));
        let codes: std::collections::BTreeSet<_> =
            (0..1_000).map(|n| grid(n).to_string()).collect();
        assert_eq!(codes.len(), 125);
        assert_eq!((gcd(12, 18), gcd(7, 1)), (6, 1));
    }
}
