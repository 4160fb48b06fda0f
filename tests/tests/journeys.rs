//! What users of other products suffered, gone through with real programs: a clock that is days off, a supervisor's
//! decision against an edit made without network, a refusal nobody was told of.

use std::path::Path;
use std::sync::Arc;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{PlaceId, PlaceKind, UtcMillis};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{EnrolWith, NewPlace, OpenOptions, Phone};
use ironfeet_tests::bench::watch::{SystemClock, SystemEntropy};
use ironfeet_tests::served::{PageForm, Served, Supervisor, forms};
use ironfeet_tests::terminal::{Terminal, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
const DAY_MS: i64 = 86_400_000;

/// A clock that is days off.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> UtcMillis {
        SystemClock.now().plus_ms(self.0 * DAY_MS)
    }
}

struct Worker {
    phone: Phone,
    http: Http,
    runtime: tokio::runtime::Runtime,
}

impl Worker {
    fn enrol(server: &Served, dir: &Path, person: &str, days: i64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (runtime, url) = (runtime.expect("a runtime"), server.url());
        let http = Http::new(&url, None).expect("a plain address");
        let mut key = [0; 32];
        SystemEntropy.fill(&mut key);
        let options = OpenOptions {
            dir: dir.join(person),
            key,
            clock: Arc::new(Off(days)),
            entropy: Arc::new(SystemEntropy),
            content: None,
            keystore: None,
        };
        let code = server.enrol_code(person, GRID);
        let with = EnrolWith { url: &url, code: &code, ca: None, app: "journeys" };
        let enrolled = runtime.block_on(Phone::enrol_new(options, &http, with));
        Self { phone: enrolled.expect("the code is good").0, http, runtime }
    }

    fn sync(&self) {
        let done = self.runtime.block_on(self.phone.sync(&self.http, "journeys", &Unwatched));
        assert!(!done.expect("the server answers").unfinished);
    }

    fn storeys(&self, place: PlaceId) -> String {
        let shown = self.phone.place_show(place).expect("it is here");
        assert!(shown.conflicts.is_empty(), "{:?}", shown.conflicts);
        format!("{:?}", shown.facts["storeys"].value)
    }
}

#[test]
fn clocks_three_days_off_order_nothing_and_the_server_shows_both_times() {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let ahead = Worker::enrol(&server, dirs.path(), "li.ming", 3);
    let behind = Worker::enrol(&server, dirs.path(), "wang.fang", -3);
    let place = ahead.phone.place_add(&NewPlace {
        kind: PlaceKind::Dwelling,
        address: "平川路 8 号".to_owned(),
        lat: Some(33.61),
        lon: Some(119.02),
        grid: None,
        facts: Vec::new(),
    });
    let place = place.expect("a place that fits");
    ahead.phone.place_set(place, "storeys", "3").expect("a fact that fits");
    ahead.sync();
    behind.sync();
    // The later writer's clock is six days earlier: its word stands, on both phones.
    behind.phone.place_set(place, "storeys", "5").expect("a fact that fits");
    behind.sync();
    ahead.sync();
    assert_eq!(ahead.storeys(place), behind.storeys(place));
    assert!(ahead.storeys(place).contains('5'));
    // And the other way round.
    ahead.phone.place_set(place, "storeys", "6").expect("a fact that fits");
    ahead.sync();
    behind.sync();
    assert!(behind.storeys(place).contains('6'));
    for worker in [&ahead, &behind] {
        assert_eq!(worker.phone.status().expect("a status").pending, 0);
        assert!(worker.phone.verify().expect("readable").ok);
    }
    assert_eq!(server.json(&["verify"])["ok"], true);

    let shown = Supervisor::sign_in(&server).page(&format!("/console/places/{place}"));
    let day = |days: i64| {
        let at = jiff::Timestamp::from_millisecond(Off(days).now().0).expect("a time of today");
        at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%Y-%m-%d").to_string()
    };
    // The device's days and the day on which the server received it all.
    for days in [3, -3, 0] {
        assert!(shown.contains(&day(days)), "{} is not on the page", day(days));
    }
}

#[test]
fn a_decision_of_a_supervisor_against_an_edit_without_network_is_a_conflict_and_both_hear_the_end()
{
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let enrol = |name: &str, key: u8| {
        let phone = Terminal::new(PROGRAM, &dirs.path().join(name), key, "zh");
        let _ = phone.json(&["enrol", &server.url(), &server.enrol_code(name, GRID)]);
        phone
    };
    let (li, wang) = (enrol("li.ming", 1), enrol("wang.fang", 2));
    let kind = ["place", "add", "--kind", "dwelling", "--address", "平川路 8 号"];
    let place = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    let all_sync = || [&li, &wang, &li].iter().for_each(|phone| drop(phone.json(&["sync"])));
    all_sync();
    let _ = li.json(&["place", "set", &place, "building_type", "塔楼"]);
    let _ = wang.json(&["place", "set", &place, "building_type", "板楼"]);
    all_sync();

    let mut supervisor = Supervisor::sign_in(&server);
    let choose = |supervisor: &Supervisor, value: &str| -> PageForm {
        let choices = forms(&supervisor.page("/console/review"), "/console/review/decide");
        assert_eq!(choices.len(), 2, "both values are shown");
        choices.into_iter().find(|form| form.row.contains(value)).expect("the value is shown")
    };
    let board = choose(&supervisor, "板楼");
    // Without network, meanwhile: Li states a third value.
    let _ = li.json(&["place", "set", &place, "building_type", "钢结构"]);
    supervisor.send(&board);
    assert!(forms(&supervisor.page("/console/review"), "/console/review/decide").is_empty());
    all_sync();
    // Neither is lost: it is open again, the decision beside the edit.
    let shown = wang.json(&["place", "show", &place]);
    let values: Vec<&str> = shown["conflicts"][0]["values"]
        .as_array()
        .expect("a conflict")
        .iter()
        .map(|v| text(&v["value"]))
        .collect();
    assert!(values.contains(&"板楼") && values.contains(&"钢结构"), "{values:?}");
    let steel = choose(&supervisor, "钢结构");
    supervisor.send(&steel);
    all_sync();
    for phone in [&li, &wang] {
        let shown = phone.json(&["place", "show", &place]);
        assert_eq!(shown["facts"]["building_type"]["value"], "钢结构");
        assert_eq!(shown["conflicts"], serde_json::json!([]));
        assert_eq!(phone.json(&["verify"])["ok"], true);
    }
    assert_eq!(server.json(&["verify"])["ok"], true);
}

#[test]
fn work_that_the_server_did_not_take_is_told_and_stays_until_it_did() {
    let dirs = tempfile::tempdir().expect("a folder");
    let mut server = Served::start(SERVER, &dirs.path().join("server"));
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    let enrolled = li.json(&["enrol", &server.url(), &server.enrol_code("li.ming", GRID)]);
    let kind = ["place", "add", "--kind", "dwelling", "--address", "Peace Road 8"];
    let _ = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    server.kill();
    assert_eq!(li.run(&["sync"]).code, Some(1));
    let told = li.text(&["status"]);
    let status = li.json(&["status"]);
    assert_eq!(status["pending"], 1);
    let (zh, en) = text(&status["last_failure"]).split_once(" / ").expect("in both languages");
    assert!(told.contains(en) && !told.contains(zh), "{told} does not tell {en} alone");
    server.up();
    // Kept for review is told, too, and it is not counted as sent and forgotten.
    let _ = server.json(&["admin", "device", "revoke", text(&enrolled["device_id"])]);
    let _ = li.run(&["sync"]);
    let waits = li.json(&["status"]);
    assert_eq!(
        waits["pending"].as_u64().unwrap_or(0) + waits["waiting_for_review"].as_u64().unwrap_or(0),
        1,
        "{waits}"
    );
    let told = li.text(&["status"]);
    assert!(told.contains("review"), "{told}");
    assert_eq!(li.json(&["verify"])["ok"], true);
}
