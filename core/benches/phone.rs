//! What the phone's store costs: an answer saved durably beside a bare insert on the same disk in
//! the same run, opening with today's list, searching, loading, memory, bytes.
//!
//! `cargo bench -p ironfeet-core --features phone --bench phone` (with SQLCipher: `--features
//! sqlcipher`). Figures in `docs/benchmarks/phone.md`. Needs a quiet disk and machine to mean
//! anything; the CPU column needs neither.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use ironfeet_core::document::{Authorship, Birth, Document, PlaceBirth};
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{Author, DocId, GridCode, PlaceId, Role, Scalar, UtcMillis, VisitId};
use ironfeet_core::phone::{Incoming, NewPlace, OpenOptions, Phone};
use ironfeet_core::store::document::Status;
use sha2::{Digest, Sha256};

const MORNING: i64 = 1_795_395_600_000;
const GRID: &str = "329901001012001";
const PLACES: usize = 5_000;

struct BenchClock(AtomicI64);

impl Clock for BenchClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct BenchEntropy(AtomicU64);

impl Entropy for BenchEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(n.to_be_bytes())[..chunk.len()]);
        }
    }
}

fn options(dir: &Path, seed: u64) -> OpenOptions {
    OpenOptions {
        dir: dir.to_owned(),
        key: [7; 32],
        clock: Arc::new(BenchClock(AtomicI64::new(MORNING))),
        entropy: Arc::new(BenchEntropy(AtomicU64::new(seed << 32))),
        content: None,
        keystore: None,
    }
}

fn grid() -> GridCode {
    GRID.parse().expect("a grid code")
}

fn init(dir: &Path) -> Phone {
    let person = "bench".parse().expect("a person id");
    Phone::init(options(dir, 1), person, Role::Inspector, &[grid()]).expect("a fresh folder")
}

/// Whether a part was asked for; all are when none is named.
fn wanted(part: &str) -> bool {
    let named: Vec<String> = std::env::args().filter(|a| a == "answers" || a == "large").collect();
    named.is_empty() || named.iter().any(|a| a == part)
}

/// Nanoseconds this thread spent on a CPU; 0 where the system does not tell.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// Resident memory in bytes; 0 where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Times of single calls.
#[derive(Default)]
struct Times {
    us: Vec<f64>,
    cpu_us: f64,
}

impl Times {
    fn take<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let cpu = cpu_ns();
        let at = Instant::now();
        let done = black_box(call());
        self.us.push(at.elapsed().as_secs_f64() * 1e6);
        self.cpu_us += (cpu_ns() - cpu) as f64 / 1e3;
        done
    }

    fn at(&mut self, share: f64) -> f64 {
        self.us.sort_by(f64::total_cmp);
        self.us[((self.us.len() - 1) as f64 * share) as usize]
    }

    fn rate(&self) -> f64 {
        self.us.len() as f64 * 1e6 / self.us.iter().sum::<f64>()
    }

    fn line(&mut self, what: &str) {
        println!(
            "{what:<28} {:>7.0}/s   p50 {:>7.0} us   p95 {:>7.0} us   p99 {:>7.0} us   cpu {:>6.0} us",
            self.rate(),
            self.at(0.5),
            self.at(0.95),
            self.at(0.99),
            self.cpu_us / self.us.len() as f64
        );
    }
}

/// Visits ready to be answered, and the items that take `ok` and `unseen`.
fn visits(phone: &Phone, n: usize) -> (Vec<VisitId>, Vec<String>) {
    let place = NewPlace {
        kind: ironfeet_core::model::PlaceKind::Dwelling,
        address: "幸福路12号".into(),
        lat: Some(33.6),
        lon: Some(119.0),
        grid: None,
        facts: Vec::new(),
    };
    let place = phone.place_add(&place).expect("a place");
    let visits: Vec<VisitId> =
        (0..n).map(|_| phone.visit_start(place, "household", false).expect("a visit")).collect();
    for visit in &visits {
        for (item, answer) in [("V-01", "routine"), ("V-02", "entered"), ("V-03", "true")] {
            phone.visit_answer(*visit, item, answer).expect("an answer");
        }
    }
    let questions = phone.visit_questions(visits[0]).expect("questions");
    let checks = questions.iter().filter(|q| q.choices.iter().any(|c| c.code == "unseen"));
    (visits, checks.map(|q| q.item.clone()).collect())
}

/// One answer saved durably beside a bare insert of 1 kB, in turns, on the same disk.
fn answers() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let phone = init(&dir.path().join("store"));
    let (visits, items) = visits(&phone, 50);
    println!("\n{} visits, {} items answered in turn", visits.len(), items.len());
    let bare = rusqlite::Connection::open(dir.path().join("bare.db")).expect("a file");
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB);",
    )
    .expect("a table");
    let kilo = [42_u8; 1000];
    let mut ratios = Vec::new();
    for round in 0..5 {
        let (mut ours, mut theirs) = (Times::default(), Times::default());
        for n in 0..800 {
            theirs.take(|| {
                bare.prepare_cached("INSERT INTO t (b) VALUES (?1)")
                    .and_then(|mut add| add.execute([&kilo[..]]))
                    .expect("an insert")
            });
            let at = round * 800 + n;
            let (visit, item) = (visits[at / items.len() % visits.len()], &items[at % items.len()]);
            let value =
                if (at / (items.len() * visits.len())).is_multiple_of(2) { "ok" } else { "unseen" };
            ours.take(|| phone.visit_answer(visit, item, value).expect("an answer"));
        }
        theirs.line("bare 1 kB insert, FULL");
        ours.line("answer saved");
        ratios.push(ours.rate() / theirs.rate());
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio of rates, median of 5: {:.2}", ratios[2]);
}

fn fill(phone: &Phone) {
    let streets = ["幸福路", "建设路", "人民南路", "解放东路", "Garden Road", "淮海中路", "桃园巷"];
    let by = |n: usize| Authorship {
        author: Author([1; 16]),
        actor: Sha256::digest(n.to_be_bytes())[..16].try_into().expect("16 of 32 bytes"),
    };
    let places: Vec<Incoming> = (0..PLACES)
        .map(|n| {
            let address =
                format!("{}{}号{}栋{}室", streets[n % 7], n / 7 % 300 + 1, n % 13 + 1, n % 1800);
            let facts = vec![
                ("kind".to_owned(), Scalar::from("dwelling")),
                ("address".to_owned(), Scalar::from(address)),
                ("building_type".to_owned(), Scalar::from("砖混")),
                ("lat".to_owned(), Scalar::from(33.5 + (n % 100) as f64 * 1e-3)),
                ("lon".to_owned(), Scalar::from(119.0 + (n / 100) as f64 * 1e-3)),
            ];
            let id = DocId::new(UtcMillis(MORNING + n as i64), by(n).actor);
            let birth = Birth::Place(PlaceBirth { facts, by_role: Role::Inspector });
            let (_, made) =
                Document::birth(id, &birth, &by(n), UtcMillis(MORNING)).expect("a birth");
            Incoming {
                doc: id,
                pid: format!("g{GRID}"),
                raws: vec![made.raw],
                status: Status::Acked,
            }
        })
        .collect();
    for some in places.chunks(500) {
        phone.apply(some).expect("births");
    }
    for place in places.iter().step_by(25) {
        let visit = phone.visit_start(PlaceId(place.doc), "household", false).expect("a visit");
        for (item, answer) in [("V-01", "routine"), ("V-02", "entered"), ("V-03", "true")] {
            phone.visit_answer(visit, item, answer).expect("an answer");
        }
        for _ in 0..60 {
            let questions = phone.visit_questions(visit).expect("questions");
            let Some(open) = questions.iter().find(|q| q.required && q.answer.is_none()) else {
                break;
            };
            let code = |code: &str| open.choices.iter().any(|c| c.code == code);
            let value = match open.choices.first() {
                _ if code("hazard") => "hazard",
                Some(first) => &first.code,
                None => "1",
            };
            if phone.visit_answer(visit, &open.item, value).is_err() {
                phone.visit_answer(visit, &open.item, "2026-11-01").expect("a date");
            }
        }
        phone.visit_finish(visit).expect("an end");
    }
}

/// What people type: whole addresses, and the one or two characters that no trigram holds.
const SEARCHES: [(&str, &[&str]); 6] = [
    ("search zh, 3 and more", &["幸福路12号", "桃园巷30", "人民南路", "淮海中路7号"]),
    ("search zh, two", &["幸福", "桃园", "南路", "栋7"]),
    ("search zh, one", &["路", "幸", "栋", "龘"]),
    ("search en, 3 and more", &["garden road 12", "Garden", "road", "zzz"]),
    ("search en, one and two", &["ga", "rd", "g", "12"]),
    ("search, long and short", &["栋 12", "3栋 7室", "桃园巷 30", "garden 5"]),
];

/// What a process of its own measured.
struct Opened {
    ms: f64,
    resident: u64,
}

/// Set for the process that only opens: the folder.
const OPEN_ONLY: &str = "IRONFEET_BENCH_OPEN";

/// Opens the store and lists today in a process of its own, as an app's start does.
fn open_apart(store: &Path) -> Opened {
    let this = std::env::current_exe().expect("this program");
    let out = std::process::Command::new(this).env(OPEN_ONLY, store).output().expect("a process");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let mut next = || numbers.next().expect("two numbers");
    Opened { ms: next(), resident: next() as u64 }
}

/// The other side of [`open_apart`].
fn open_only(store: &Path) {
    let at = Instant::now();
    let phone = Phone::open(options(store, u64::from(std::process::id()))).expect("a store");
    let today = black_box(phone.today().expect("a list"));
    println!("{} {}", at.elapsed().as_secs_f64() * 1e3, resident());
    assert!(!today.is_empty());
}

/// Opening 5,000 documents with today's list, searching them, loading one.
fn large() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let store = dir.path().join("store");
    let phone = init(&store);
    fill(&phone);
    println!("\n{:?}", phone.status().expect("a status"));
    drop(phone);
    let size = std::fs::metadata(store.join("phone.db")).map_or(0, |m| m.len());
    println!("file {} kB, {} documents", size / 1024, PLACES + PLACES / 25);
    let mut opened: Vec<Opened> = (0..15).map(|_| open_apart(&store)).collect();
    opened.sort_by(|a, b| a.ms.total_cmp(&b.ms));
    let most = opened.iter().map(|o| o.resident).max().unwrap_or(0);
    println!(
        "a fresh process opens and lists today: median {:.1} ms, worst {:.1} ms, resident {} kB",
        opened[opened.len() / 2].ms,
        opened[opened.len() - 1].ms,
        most / 1024
    );
    let phone = Phone::open(options(&store, 999)).expect("a store");
    for (what, queries) in SEARCHES {
        let mut searching = Times::default();
        for n in 0..300 {
            let query = queries[n % queries.len()];
            searching.take(|| phone.place_search(query, 50).expect("a list"));
        }
        searching.line(what);
    }
    let mut near = Times::default();
    for n in 0..500 {
        near.take(|| phone.place_near(33.5 + n as f64 * 1e-4, 119.02, 20).expect("a list"));
    }
    near.line("near");
    let mut today = Times::default();
    for _ in 0..200 {
        today.take(|| phone.today().expect("a list"));
    }
    today.line("today");
    let rows = phone.places(PLACES).expect("places");
    let mut showing = Times::default();
    for row in &rows {
        showing.take(|| phone.place_show(row.id).expect("a place"));
    }
    showing.line("show a place, cold");
    println!("resident {} kB after showing {} places", resident() / 1024, rows.len());
}

fn main() {
    if let Some(store) = std::env::var_os(OPEN_ONLY) {
        return open_only(Path::new(&store));
    }
    if wanted("answers") {
        answers();
    }
    if wanted("large") {
        large();
    }
}
