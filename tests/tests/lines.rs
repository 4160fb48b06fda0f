//! Bad lines between real programs: whatever byte a line is cut at, the next sync heals it, and nothing arrives twice.

use std::path::Path;

use ironfeet_tests::proxy::{Habit, Proxy};
use ironfeet_tests::served::Served;
use ironfeet_tests::terminal::{Terminal, text};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
/// Places along a line at which it is cut.
const CUTS: u64 = 14;

struct World {
    _dirs: tempfile::TempDir,
    server: Served,
    line: Proxy,
    li: Terminal,
    wang: Terminal,
    place: String,
}

/// Li's line is bad, Wang's is not.
fn world() -> World {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let line = Proxy::to(server.address());
    let at = |name: &str| dirs.path().join(name);
    let li = enrolled(&server, &line.url(), &at("li"), ("li.ming", 1));
    let wang = enrolled(&server, &server.url(), &at("wang"), ("wang.fang", 2));
    let kind = ["place", "add", "--kind", "dwelling", "--address", "Peace Road 8"];
    let place = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    let _ = li.json(&["sync"]);
    World { _dirs: dirs, server, line, li, wang, place }
}

fn enrolled(server: &Served, url: &str, dir: &Path, (person, key): (&str, u8)) -> Terminal {
    let phone = Terminal::new(PROGRAM, dir, key, "en");
    let code = server.enrol_code(person, GRID);
    let _ = phone.json(&["enrol", url, &code]);
    phone
}

impl World {
    fn note(&self, phone: &Terminal, text: &str) {
        let _ = phone.json(&["place", "note", &self.place, text]);
    }

    /// Both write; Wang's comes to the server at once.
    fn both(&self, text: &str) -> [String; 2] {
        let notes = [format!("li {text}"), format!("wang {text}")];
        self.note(&self.li, &notes[0]);
        self.note(&self.wang, &notes[1]);
        let _ = self.wang.json(&["sync"]);
        notes
    }

    /// Changes and log entries the server holds.
    fn held(&self) -> (u64, u64) {
        let report = self.server.json(&["verify"]);
        assert_eq!(report["ok"], true);
        (
            report["changes"].as_u64().expect("a number"),
            report["entries"].as_u64().expect("a number"),
        )
    }

    fn notes(&self, phone: &Terminal) -> Vec<String> {
        let shown = phone.json(&["place", "show", &self.place]);
        let rows = shown["remarks"].as_array().expect("a list").clone();
        let mut notes: Vec<String> = rows.iter().map(|r| text(&r["text"]).to_owned()).collect();
        notes.sort();
        notes
    }

    /// A sync over the line as it is now; whether it said that all is well.
    fn tried(&self) -> bool {
        let ran = self.li.run(&["--json", "sync"]);
        let told = !ran.err.is_empty() || !ran.out.is_empty();
        assert!(told && matches!(ran.code, Some(0 | 1)), "{ran:?}");
        ran.code == Some(0)
    }
}

/// Cuts Li's line at places along one whole sync, up or down; each time new work of both goes over it.
fn cut_everywhere(habit: fn(u64) -> Habit, pick: fn((u64, u64, u64)) -> u64) {
    let world = world();
    let mut written: Vec<String> = Vec::new();
    let _ = world.wang.json(&["sync"]);
    world.line.set(Habit::Clean);
    written.extend(world.both("whole"));
    assert!(world.tried());
    let whole = pick(world.line.passed());
    assert!(whole > CUTS, "{whole} bytes");
    let mut failed = 0;
    for cut in 0..CUTS {
        let at = whole * cut / CUTS;
        written.extend(world.both(&format!("cut {cut}")));
        world.line.set(habit(at));
        failed += u64::from(!world.tried());
        let status = world.li.json(&["status"]);
        world.line.set(Habit::Clean);
        assert!(world.tried(), "at {at} of {whole}: the next sync heals");
        let healed = world.li.json(&["status"]);
        assert_eq!(healed["pending"], 0, "at {at} of {whole}: {status}");
        assert_eq!(healed["last_failure"], Value::Null, "at {at} of {whole}");
        let (changes, entries) = world.held();
        assert_eq!(changes, 1 + written.len() as u64, "at {at} of {whole}: none lost, none twice");
        assert_eq!(entries, changes, "at {at} of {whole}: an entry a change");
    }
    assert!(failed * 2 > CUTS, "only {failed} of {CUTS} cuts were felt");
    let _ = world.wang.json(&["sync"]);
    written.sort();
    assert_eq!(world.notes(&world.li), written);
    assert_eq!(world.notes(&world.wang), written);
    assert_eq!(world.li.json(&["verify"])["ok"], true);
}

#[test]
fn a_line_cut_on_the_way_up_loses_nothing() {
    cut_everywhere(Habit::CutUp, |(up, ..)| up);
}

#[test]
fn an_answer_lost_after_the_server_did_its_work_is_no_second_push() {
    cut_everywhere(Habit::CutDown, |(_, down, _)| down);
}

#[test]
fn a_dribbling_line_is_slow_and_nothing_else() {
    let world = world();
    world.note(&world.li, "byte by byte");
    world.line.set(Habit::Dribble);
    assert!(world.tried());
    assert_eq!(world.li.json(&["status"])["pending"], 0);
    let (up, down, connections) = world.line.passed();
    assert!(up > 500 && down > 100 && connections > 0, "{up} {down} {connections}");
}

#[test]
fn without_a_line_the_phone_says_so_in_words_and_keeps_its_work() {
    let world = world();
    world.note(&world.li, "kept");
    world.line.set(Habit::Dead);
    assert!(!world.tried());
    let status = world.li.json(&["status"]);
    assert_eq!(status["pending"], 1);
    assert!(!status["last_failure"].is_null(), "{status}");
    let told = world.li.text(&["status"]);
    assert!(told.contains("1"), "{told}");
    world.line.set(Habit::Clean);
    assert!(world.tried());
    assert_eq!(world.li.json(&["status"])["pending"], 0);
}
