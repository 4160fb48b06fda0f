//! The phone as an app uses it, on a real folder, with a clock and entropy of the test's own.

mod damage;
mod day;
mod direct;
mod elsewhere;
mod lease;
mod photo;
mod published;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::*;
use crate::checklist::{ItemType, Question};
use crate::model::{PlaceId, PlaceKind, VisitId};

/// 2026-11-23 09:00 in China, a Monday.
const MORNING: i64 = 1_795_395_600_000;
const DAY: i64 = 86_400_000;
const KEY: [u8; 32] = [7; 32];
const GRID: &str = "329901001012001";

/// A clock the test moves; every look at it is a millisecond later.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Bytes from a seed and a counter.
struct TestEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl Entropy for TestEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let n = self.drawn.fetch_add(1, Ordering::Relaxed);
            let hash =
                Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(n.to_be_bytes());
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
        }
    }
}

/// A person's phone in a test: folder, clock, and how to open it again.
struct World {
    dir: tempfile::TempDir,
    clock: Arc<TestClock>,
    seed: AtomicU64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(TestClock(AtomicI64::new(MORNING))),
            seed: AtomicU64::new(seed),
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn options(&self, key: [u8; 32]) -> OpenOptions {
        // Another process draws other bytes.
        let seed = self.seed.fetch_add(1_000, Ordering::Relaxed);
        OpenOptions {
            dir: self.path().join("store"),
            key,
            clock: self.clock.clone(),
            entropy: Arc::new(TestEntropy { seed, drawn: AtomicU64::new(0) }),
            content: None,
            keystore: None,
        }
    }

    fn init(&self) -> Phone {
        let person = "wang.wei".parse().unwrap();
        Phone::init(self.options(KEY), person, Role::Inspector, &[GRID.parse().unwrap()]).unwrap()
    }

    fn open(&self) -> Phone {
        Phone::open(self.options(KEY)).unwrap()
    }

    fn later(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }
}

fn new_place(address: &str) -> NewPlace {
    NewPlace {
        kind: PlaceKind::Dwelling,
        address: address.to_owned(),
        lat: Some(33.6),
        lon: Some(119.0),
        grid: None,
        facts: Vec::new(),
    }
}

/// Answers that fit a question; for a visit that finds something, the hazardous one first.
fn answers(question: &Question, hazard: bool) -> Vec<String> {
    let codes = || question.choices.iter().map(|c| c.code.clone()).collect();
    let one = |text: &str| vec![text.to_owned()];
    match question.kind {
        ItemType::Check if hazard => one("hazard"),
        ItemType::Int => one("1"),
        ItemType::Decimal => one("1.5"),
        ItemType::Date => one("2026-11-01"),
        ItemType::Text => one("正常"),
        ItemType::Notice => one("true"),
        _ => codes(),
    }
}

/// Answers every required question until none is open, and finishes. Without `hazard`, chooses what
/// raises no finding.
fn run_through(phone: &Phone, visit: VisitId, hazard: bool) -> VisitView {
    for _ in 0..200 {
        let questions = phone.visit_questions(visit).unwrap();
        let Some(open) = questions.iter().find(|q| q.required && q.answer.is_none()) else {
            return phone.visit_finish(visit).unwrap();
        };
        for answer in answers(open, hazard) {
            phone.visit_answer(visit, &open.item, &answer).unwrap();
            if hazard || phone.visit_show(visit).unwrap().findings.is_empty() {
                break;
            }
        }
    }
    panic!("the visit never came to its end");
}

fn visited(phone: &Phone, place: PlaceId, list: &str, hazard: bool) -> VisitView {
    let visit = phone.visit_start(place, list, false).unwrap();
    run_through(phone, visit, hazard)
}
