//! `ironfeet-bench beside`: what an answer costs while a large first download runs on the same phone, or while it
//! reads a long log on.

use std::path::PathBuf;
use std::sync::Arc;

use ironfeet_core::model::{DocId, GridCode, PlaceId, PlaceKind, UtcMillis, VisitId};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{NewPlace, Phone, RecordedVisit};
use serde_json::{Value, json};

use super::serve;
use super::station::{GRID, StationError};
use super::watch::{SystemClock, epoch_ms};
use crate::demo::clock::CityClock;
use crate::demo::tally::percentile;
use crate::demo::town::Town;

const APP: &str = "beside";
/// Answers that tell what is usual.
const USUAL: usize = 400;
/// Answers that a visit gets before the next visit is taken, about as many as a checklist asks for.
const ANSWERS_OF_VISIT: usize = 40;
/// Visits that are answered.
const VISITS: usize = 200;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct BesideSetting {
    /// Visits on the server that the phone has to take in.
    pub records: usize,
    /// Whether they come as entries of a log that the phone had begun to read.
    pub log: bool,
    /// An empty folder.
    pub data: PathBuf,
    /// This program, which serves in a process of its own.
    pub program: PathBuf,
}

fn grid() -> GridCode {
    GRID.parse().expect("fifteen digits")
}

fn enrol(town: &Town, setting: &BesideSetting, name: &str) -> Result<(Phone, Http), StationError> {
    let person = name.parse().expect("a word of letters");
    let code = serve::code(&town.app, &person, &[grid()])?;
    town.let_in(setting.data.join(name), &code, Arc::new(SystemClock), APP)
}

/// Syncs until the server has no more; gives what came.
fn sync(town: &Town, phone: &Phone, http: &Http) -> Result<u64, StationError> {
    let mut pulled = 0;
    loop {
        let report = town.runtime.block_on(phone.sync(http, APP, &Unwatched))?;
        pulled += report.pulled;
        if !report.unfinished {
            return Ok(pulled);
        }
    }
}

fn fill(phone: &Phone, records: usize) -> Result<(), StationError> {
    for number in 0..records {
        let text = |n: usize| {
            (format!("V-0{n}"), format!("记录 {number} 的第 {n} 个回答").as_str().into())
        };
        phone.visit_import(RecordedVisit {
            place: PlaceId(DocId([(number % 250) as u8; 16])),
            grid: Some(grid()),
            list: "household".to_owned(),
            list_version: 3,
            started_at: UtcMillis(0),
            answers: (2..9).map(text).collect(),
        })?;
    }
    Ok(())
}

/// Milliseconds of the `n`-th durable answer.
fn answer(phone: &Phone, visits: &[VisitId], n: usize) -> Result<f64, StationError> {
    let visit = visits[n / ANSWERS_OF_VISIT % visits.len()];
    let start = epoch_ms();
    phone.visit_answer(visit, "V-05", &format!("第 {n} 次"))?;
    Ok(epoch_ms() - start)
}

/// Measures, telling progress.
///
/// # Errors
/// When the server or a phone fails.
pub fn run(setting: &BesideSetting, say: &mut dyn FnMut(&str)) -> Result<Value, StationError> {
    let clock = Arc::new(CityClock::new(UtcMillis(epoch_ms() as i64)));
    clock.run_on();
    let town = Town::start_apart(setting.data.join("server"), &setting.program, clock)?;
    let (writer, writers) = enrol(&town, setting, "writer")?;
    let (phone, http) = enrol(&town, setting, "reader")?;
    if setting.log {
        fill(&writer, 1)?;
        sync(&town, &writer, &writers)?;
        sync(&town, &phone, &http)?;
    }
    fill(&writer, setting.records)?;
    sync(&town, &writer, &writers)?;
    say(&format!("服务器 {} · records on the server", setting.records));
    let place = phone.place_add(&NewPlace {
        kind: PlaceKind::Dwelling,
        address: "平川路1号".to_owned(),
        lat: Some(33.5),
        lon: Some(119.1),
        grid: Some(grid()),
        facts: Vec::new(),
    })?;
    let visits = (0..VISITS)
        .map(|_| phone.visit_start(place, "household", false))
        .collect::<Result<Vec<_>, _>>()?;
    let usual: Vec<f64> =
        (0..USUAL).map(|n| answer(&phone, &visits, n)).collect::<Result<_, _>>()?;
    let start = epoch_ms();
    let (beside, pulled) = std::thread::scope(|scope| {
        let download = scope.spawn(|| sync(&town, &phone, &http));
        let mut beside = Vec::new();
        while !download.is_finished() {
            beside.push(answer(&phone, &visits, USUAL + beside.len())?);
        }
        let pulled = download
            .join()
            .map_err(|_| StationError::Setting("the download panicked".to_owned()))??;
        Ok::<_, StationError>((beside, pulled))
    })?;
    let took_s = (epoch_ms() - start) / 1000.0;
    town.stop()?;
    let whole = phone.verify()?.ok;
    let ms = |values: &[f64]| {
        json!({
            "answers": values.len(), "p50": percentile(values, 0.5), "p95": percentile(values, 0.95),
            "p99": percentile(values, 0.99), "max": percentile(values, 1.0),
        })
    };
    let ratio = |share: f64| percentile(&beside, share) / percentile(&usual, share).max(0.001);
    Ok(json!({
        "records": setting.records, "pulled": pulled, "download_s": took_s,
        "usual_ms": ms(&usual), "beside_ms": ms(&beside),
        "ratio": { "p50": ratio(0.5), "p95": ratio(0.95), "p99": ratio(0.99) }, "well": whole,
    }))
}
