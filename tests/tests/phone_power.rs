//! The power goes at any moment: what was acknowledged is on the disk, and the store is whole.
//!
//! The disk is a model (`ironfeet_tests::power`): of what was not synced, any sector may be missing.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::model::{ChangeHash, DocId, PlaceKind, Role, VisitId};
use ironfeet_core::phone::{NewPlace, OpenOptions, Phone};
use ironfeet_tests::power::{Recording, record};
use ironfeet_tests::simulation::{SeededEntropy, VirtualClock};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEEDS: u64 = 25;
const CUTS: usize = 4;
const ACTS: usize = 40;
const GRID: &str = "329901001012001";
/// 2026-11-23 09:00 in China.
const MORNING: i64 = 1_795_395_600_000;

fn options(dir: &Path, seed: u64) -> OpenOptions {
    OpenOptions {
        dir: dir.to_owned(),
        key: [7; 32],
        clock: Arc::new(VirtualClock::at(MORNING)),
        entropy: Arc::new(SeededEntropy::new(seed)),
        content: None,
        keystore: None,
    }
}

fn new_place(n: u64) -> NewPlace {
    NewPlace {
        kind: PlaceKind::Dwelling,
        address: format!("幸福路{n}号"),
        lat: Some(33.6),
        lon: Some(119.0),
        grid: None,
        facts: Vec::new(),
    }
}

/// What the phone said was saved, and when.
enum Ack {
    Record(DocId),
    Change(DocId, ChangeHash),
}

/// One thing a person does.
fn act(phone: &Phone, visit: &mut VisitId, chance: &mut ChaCha8Rng, n: u64) -> Ack {
    match chance.random_range(0..20) {
        0 => Ack::Record(phone.place_add(&new_place(n)).unwrap().0),
        1 => {
            let place = phone.visit_show(*visit).unwrap().place;
            Ack::Change(
                place.0,
                phone.place_set(place, "storeys", &(n % 200 + 1).to_string()).unwrap(),
            )
        }
        2 => {
            let place = phone.visit_show(*visit).unwrap().place;
            *visit = phone.visit_start(place, "household", false).unwrap();
            Ack::Change(visit.0, phone.visit_answer(*visit, "V-02", "entered").unwrap())
        }
        3 => {
            // As an app does when it goes to the background.
            phone.tend().unwrap();
            Ack::Record(visit.0)
        }
        4 => Ack::Change(visit.0, phone.visit_note(*visit, &format!("第 {n} 次")).unwrap()),
        _ => {
            let (item, value) = match chance.random_range(0..4) {
                0 => ("V-02", "entered".to_owned()),
                _ => ("V-05", format!("answer {n}")),
            };
            Ack::Change(visit.0, phone.visit_answer(*visit, item, &value).unwrap())
        }
    }
}

/// Works for a while on a watched disk; gives what was acknowledged, and at which moment.
fn work(
    dir: &Path,
    seed: u64,
    visit: &mut VisitId,
    chance: &mut ChaCha8Rng,
) -> (Recording, Vec<(usize, Ack)>) {
    let recording = record(dir).unwrap();
    let phone = Phone::open(options(dir, seed)).unwrap();
    let mut acks = Vec::new();
    for n in 0..ACTS {
        let ack = act(&phone, visit, chance, seed * 1_000 + n as u64);
        acks.push((recording.moment(), ack));
    }
    if chance.random_bool(0.5) {
        drop(phone);
    } else {
        // The power goes while the store is open: its files are not tidied up.
        std::mem::forget(phone);
    }
    (recording, acks)
}

/// Everything acknowledged is there, nothing was damaged, and the phone goes on.
fn check(dir: &Path, seed: u64, kept: &BTreeSet<(DocId, Option<ChangeHash>)>, about: &str) {
    let phone = Phone::open(options(dir, seed)).unwrap_or_else(|e| panic!("{about}: {e:?}"));
    assert_eq!(phone.recovered(), None, "{about}");
    let report = phone.verify().unwrap();
    assert!(report.ok, "{about}: {:?}", report.problems);
    let pending = phone.pending(100_000).unwrap();
    let there: BTreeSet<(DocId, Option<ChangeHash>)> =
        pending.iter().flat_map(|p| [(p.doc, None), (p.doc, Some(p.hash))]).collect();
    let lost = kept.difference(&there).count();
    assert_eq!(lost, 0, "{about}: acknowledged and lost, of {}", kept.len());
}

fn begin(dir: &Path, seed: u64) -> VisitId {
    let person = "li.ming".parse().unwrap();
    let grids = [GRID.parse().unwrap()];
    let phone = Phone::init(options(dir, seed), person, Role::Inspector, &grids).unwrap();
    let place = phone.place_add(&new_place(0)).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    phone.visit_answer(visit, "V-02", "entered").unwrap();
    visit
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    for seed in 0..SEEDS {
        let folder = tempfile::tempdir().unwrap();
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut dir = folder.path().join("0");
        let mut visit = begin(&dir, seed);
        let mut kept = BTreeSet::from([(visit.0, None)]);
        for cut in 1..=CUTS as u64 {
            let about = format!("seed {seed}, cut {cut}");
            let before = visit;
            let (disk, acks) = work(&dir, seed * 100 + cut, &mut visit, &mut chance);
            // As often right after something was acknowledged as anywhere else.
            let moment = match chance.random_bool(0.5) {
                true => acks[chance.random_range(0..acks.len())].0,
                false => chance.random_range(0..=disk.moment()),
            };
            let next: PathBuf = folder.path().join(cut.to_string());
            std::fs::create_dir(&next).unwrap();
            disk.image(moment, &mut chance, &next).unwrap();
            kept.extend(acks.iter().filter(|(at, _)| *at <= moment).map(|(_, ack)| match ack {
                Ack::Record(doc) => (*doc, None),
                Ack::Change(doc, hash) => (*doc, Some(*hash)),
            }));
            check(&next, seed * 100 + cut + 50, &kept, &about);
            if !kept.contains(&(visit.0, None)) {
                visit = before;
            }
            dir = next;
        }
    }
}

/// Rows that a bare database lost after it said they were saved, over many cuts.
fn lost_by_a_bare_database(synchronous: &str) -> i64 {
    let mut lost = 0;
    for seed in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let (dir, image) = (folder.path().join("0"), folder.path().join("1"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::create_dir(&image).unwrap();
        let disk = record(&dir).unwrap();
        let db = rusqlite::Connection::open(dir.join("bare.db")).unwrap();
        db.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER);
             PRAGMA synchronous = {synchronous};"
        ))
        .unwrap();
        for n in 0..50 {
            db.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
        }
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        disk.image(disk.moment(), &mut chance, &image).unwrap();
        let after = rusqlite::Connection::open(image.join("bare.db")).unwrap();
        lost += 50 - after.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap();
    }
    lost
}

#[test]
fn the_disk_of_these_tests_loses_what_was_not_synced_and_only_that() {
    assert_eq!(lost_by_a_bare_database("FULL"), 0);
    assert!(lost_by_a_bare_database("NORMAL") > 50);
}
