//! `ironfeet-bench city`: how much of a city one machine carries. The demo's days, with the server in a
//! process of its own, then a storm and, if asked, shorter ones until waiting breaks; prints one JSON value with what it measured.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::station::StationError;
use super::watch::epoch_ms;
use crate::city::Scale;
use crate::demo::apart::Used;
use crate::demo::ramp::Step;
use crate::demo::storm::Storm;
use crate::demo::tally::percentile;
use crate::demo::{FIRST_DAY, Life, Show};
use ironfeet_server::bundle::Bundles;
use ironfeet_server::store;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct CitySetting {
    /// Size of the city.
    pub scale: Scale,
    /// Working days to live with network as usual.
    pub days: u32,
    /// Seed of the city.
    pub seed: u64,
    /// Phones at most.
    pub phones_max: usize,
    /// Real seconds within which all phones come after a day without network.
    pub storm_s: f64,
    /// Shorter and shorter windows, tried until waiting breaks; each has a day without network before it.
    pub ramp_s: Vec<f64>,
    /// An empty folder on the disk to be measured.
    pub data: PathBuf,
    /// This program, which serves in a process of its own.
    pub program: PathBuf,
}

/// Grids whose bundle is built to see how long that takes.
const BUNDLES: usize = 50;

/// Measures, telling progress.
///
/// # Errors
/// When the server or a phone fails, or something does not agree at the end.
pub fn run(setting: &CitySetting, say: &mut dyn FnMut(&str)) -> Result<Value, StationError> {
    let show = Show {
        scale: setting.scale,
        days: setting.days,
        seed: setting.seed,
        first_day: FIRST_DAY,
        listen: ([127, 0, 0, 1], 0).into(),
        data: setting.data.clone(),
        apart: Some(setting.program.clone()),
        phones_max: setting.phones_max,
        weeks: 0,
        story: false,
    };
    let server = setting.data.join("server");
    let mut life = Life::begin(&show, say)?;
    let empty = bytes(&server);
    let (before, start) = (life.town.used(), epoch_ms());
    life.live(setting.days, say)?;
    let days = Span { from: before, to: life.town.used(), took_s: (epoch_ms() - start) / 1000.0 };
    let storm = life.storm(setting.storm_s, say)?;
    say(&format!("风暴 storm: p95 {} ms", percentile(&storm.due_ms, 0.95)));
    let grown = bytes(&server).saturating_sub(empty) / u64::from(setting.days + 1);
    let ramp = ramp(&mut life, &setting.ramp_s, say)?;
    let bundles = bundles(&life)?;
    let setup_s = life.setup_s;
    let (town, _doors, summary) = life.end(&show)?;
    town.stop()?;
    let lived = summary.json();
    let pushes = summary.tally.pushes;
    Ok(json!({
        "machine": machine(),
        "city": lived,
        "import": { "places": summary.places, "s": round(setup_s.0), "places_per_s": rate(summary.places, setup_s.0) },
        "enrol": { "phones": summary.phones, "s": round(setup_s.1) },
        "days": {
            "s": round(days.took_s), "server_cpu_s": round(days.cpu_s()),
            "changes": pushes, "changes_per_s": rate(pushes, days.took_s),
            "server_cpu_ms_per_change": round(days.cpu_s() * 1000.0 / (pushes.max(1) as f64)),
        },
        "storm": told(&storm), "ramp": ramp.iter().map(step).collect::<Vec<_>>(),
        "database": { "bytes_after_import": empty, "bytes_per_day": grown },
        "bundle_ms": { "built": bundles.len(), "p50": percentile(&bundles, 0.5), "p95": percentile(&bundles, 0.95) },
        "server_rss_max": storm.used.rss_max,
        "well": summary.is_well() && storm.failures.is_empty() && ramp.iter().all(is_well),
    }))
}

/// Waiting has broken when one request in twenty is answered later than this.
const BROKEN_MS: f64 = 1_000.0;

fn waits_long(step: &Step) -> bool {
    percentile(&step.due_ms, 0.95) > BROKEN_MS
}

/// A machine past its end may leave a request without an answer: that is what the step was to find. Before
/// that none may fail.
fn is_well(step: &Step) -> bool {
    step.failures.is_empty() || waits_long(step)
}

fn ramp(
    life: &mut Life,
    windows: &[f64],
    say: &mut dyn FnMut(&str),
) -> Result<Vec<Step>, StationError> {
    let mut steps = Vec::new();
    for window_s in windows {
        let step = life.step(*window_s)?;
        let p95 = percentile(&step.due_ms, 0.95);
        let (requests, failed) = (step.requests, step.failures.len());
        say(&format!(
            "{requests} 个请求 requests in {window_s} s: p95 {p95} ms, {failed} 个失败 failed"
        ));
        let broken = waits_long(&step);
        steps.push(step);
        if broken {
            break;
        }
    }
    Ok(steps)
}

fn step(step: &Step) -> Value {
    let ms = |share: f64| percentile(&step.due_ms, share);
    json!({
        "window_s": step.window_s, "took_s": round(step.took_s), "requests": step.requests,
        "changes": step.changes, "changes_per_s": rate(step.changes, step.took_s),
        "due_ms": { "p50": ms(0.5), "p95": ms(0.95), "p99": ms(0.99), "max": ms(1.0) },
        "server_cpu_s": round(step.cpu_s), "server_cores": round(step.cpu_s / step.took_s.max(0.001)),
        "holds": step.failures.is_empty() && !waits_long(step), "failures": step.failures,
    })
}

struct Span {
    from: Used,
    to: Used,
    took_s: f64,
}

impl Span {
    fn cpu_s(&self) -> f64 {
        self.to.cpu_s - self.from.cpu_s
    }
}

fn told(storm: &Storm) -> Value {
    let ms = |values: &[f64]| {
        json!({
            "p50": percentile(values, 0.5), "p95": percentile(values, 0.95),
            "p99": percentile(values, 0.99), "max": percentile(values, 1.0),
        })
    };
    json!({
        "phones": storm.phones, "window_s": storm.window_s, "took_s": round(storm.took_s),
        "visits": storm.visits, "changes": storm.pushes,
        "bytes": { "up": storm.bytes.0, "down": storm.bytes.1 },
        "due_ms": ms(&storm.due_ms), "sync_ms": ms(&storm.sync_ms),
        "server_cpu_s": round(storm.used.cpu_s),
        "server_cpu_ms_per_change": round(storm.used.cpu_s * 1000.0 / (storm.pushes.max(1) as f64)),
        "failures": storm.failures,
    })
}

/// Milliseconds that each of some grids' bundles takes to build anew.
fn bundles(life: &Life) -> Result<Vec<f64>, StationError> {
    let folder = tempfile::tempdir()?;
    let built = Bundles::new(folder.path().to_owned());
    let app = &life.town.app;
    let wrong = |e: store::StoreError| StationError::Setting(format!("server: {e}"));
    let all = store::view(&*app.store, |s| s.partitions()).map_err(wrong)?;
    let step = (all.len() / BUNDLES).max(1);
    let mut took = Vec::new();
    for row in all.iter().step_by(step).take(BUNDLES) {
        let start = epoch_ms();
        built.fresh(app, &row.pid).map_err(wrong)?;
        took.push(epoch_ms() - start);
    }
    Ok(took)
}

/// Bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path()),
        Ok(meta) => meta.len(),
        // A file that has just been taken away.
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Processors and memory, in words.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    format!("{cores} cores, {} GiB", kib / 1024 / 1024)
}

fn rate(count: u64, seconds: f64) -> f64 {
    round(count as f64 / seconds.max(0.001))
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(p95_ms: f64, failures: &[&str]) -> Step {
        let failures = failures.iter().map(|f| (*f).to_owned()).collect();
        Step {
            window_s: 4.0,
            took_s: 4.0,
            requests: 1,
            changes: 1,
            due_ms: vec![p95_ms],
            cpu_s: 1.0,
            failures,
        }
    }

    #[test]
    fn a_failure_counts_until_the_machine_has_come_to_its_end() {
        assert!(is_well(&found(900.0, &[])) && step(&found(900.0, &[]))["holds"] == true);
        let refused = found(900.0, &["refused"]);
        assert!(!is_well(&refused) && step(&refused)["holds"] == false);
        let past_its_end = found(1_100.0, &["cannot be reached"]);
        assert!(is_well(&past_its_end) && step(&past_its_end)["holds"] == false);
    }
}
