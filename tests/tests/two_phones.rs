//! Two terminals and one server: the same field edited offline on both, both values seen everywhere,
//! one chosen on the console's page, and everything whole whatever is killed.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;
use std::time::Duration;

use ironfeet_tests::served::{Served, Supervisor, forms};
use ironfeet_tests::terminal::{Inspector, Terminal, text};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";

struct World {
    _dirs: tempfile::TempDir,
    server: Served,
    li: Terminal,
    wang: Terminal,
    place: String,
}

/// Li set up and recorded a place before there was a server; Wang begins with a code alone.
fn world() -> World {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    let wang = Terminal::new(PROGRAM, &dirs.path().join("wang"), 2, "zh");
    let _ = li.json(&["init", "--person", "li.ming", "--grid", GRID]);
    let place = li.id(&[
        "place",
        "add",
        "--kind",
        "dwelling",
        "--address",
        "和平路 8 号",
        "--lat",
        "33.61",
        "--lon",
        "119.02",
    ]);
    for (phone, person) in [(&li, "li.ming"), (&wang, "wang.fang")] {
        let code = server.enrol_code(person, GRID);
        let enrolled = phone.json(&["enrol", &server.url(), &code]);
        assert_eq!(text(&enrolled["device_id"]).len(), 32);
        assert_eq!(enrolled["grids"], serde_json::json!([GRID]));
        let _ = phone.json(&["sync"]);
    }
    World { _dirs: dirs, server, li, wang, place }
}

impl World {
    fn whole(&self) {
        for phone in [&self.li, &self.wang] {
            assert_eq!(phone.json(&["verify"])["ok"], true);
        }
        assert_eq!(self.server.json(&["verify"])["ok"], true);
    }

    fn sync_twice(&self) {
        for phone in [&self.li, &self.wang, &self.li, &self.wang] {
            let _ = phone.json(&["sync"]);
        }
    }

    /// What both show of the place; it must be the same.
    fn agreed(&self) -> Value {
        let (a, b) = (
            self.li.json(&["place", "show", &self.place]),
            self.wang.json(&["place", "show", &self.place]),
        );
        for part in ["facts", "conflicts", "visits", "findings", "remarks"] {
            assert_eq!(a[part], b[part], "{part}");
        }
        a
    }
}

#[test]
fn both_values_of_a_conflict_are_seen_until_the_console_takes_one() {
    let world = world();
    // Offline on both: nothing of this can reach the other.
    let _ = world.li.json(&["place", "set", &world.place, "building_type", "塔楼"]);
    let _ = world.wang.json(&["place", "set", &world.place, "building_type", "板楼"]);
    world.sync_twice();
    let shown = world.agreed();
    let conflict = &shown["conflicts"][0];
    assert_eq!(conflict["field"], "building_type");
    let mut values: Vec<&str> =
        conflict["values"].as_array().unwrap().iter().map(|v| text(&v["value"])).collect();
    values.sort_unstable();
    assert_eq!(values, ["塔楼", "板楼"]);
    assert_eq!(world.li.json(&["conflicts"]), world.wang.json(&["conflicts"]));
    world.whole();

    let mut supervisor = Supervisor::sign_in(&world.server);
    let page = supervisor.page("/console/review");
    let choices = forms(&page, "/console/review/decide");
    assert_eq!(choices.len(), 2, "{page}");
    supervisor.send(choices.iter().find(|form| form.row.contains("板楼")).unwrap());
    assert!(forms(&supervisor.page("/console/review"), "/console/review/decide").is_empty());

    world.sync_twice();
    let shown = world.agreed();
    assert_eq!(shown["facts"]["building_type"]["value"], "板楼");
    // Both who wrote it hear the end, in the words of their phone.
    for (phone, ours) in [(&world.li, false), (&world.wang, true)] {
        let told = phone.json(&["notices"]);
        let told: Vec<&str> =
            told.as_array().unwrap().iter().map(|n| text(&n["words"]["zh"])).collect();
        let whose = if ours { "采用了您写的" } else { "采用了别的写法" };
        assert_eq!(told, [format!("“建筑类型”两人写得不同，现已定下：{whose}")]);
    }
    assert_eq!(shown["conflicts"], serde_json::json!([]));
    assert_eq!(world.li.json(&["status"])["pending"], 0);
    world.whole();
}

#[test]
fn a_visit_of_one_phone_is_whole_on_the_other() {
    let world = world();
    let visit = world.li.id(&["visit", "start", &world.place, "household"]);
    world.li.answer_all(&visit, &mut Inspector::new(21, 0.4));
    let made = world.li.json(&["visit", "finish", &visit]);
    let _ = world.li.json(&["visit", "note", &visit, "楼道灯不亮"]);
    world.sync_twice();
    let got = world.wang.json(&["visit", "show", &visit]);
    for part in ["answers", "findings", "status", "list", "finished_at"] {
        assert_eq!(made[part], got[part], "{part}");
    }
    assert_eq!(got["notes"][0]["text"], "楼道灯不亮");
    // The other goes back quickly and asks about what was found.
    let again = world.wang.id(&["visit", "start", &world.place, "household", "--quick"]);
    world.wang.answer_all(&again, &mut Inspector::new(22, 0.0));
    let second = world.wang.json(&["visit", "finish", &again]);
    world.sync_twice();
    let open = world.li.json(&["findings", "--open"]);
    assert_eq!(open, world.wang.json(&["findings", "--open"]));
    // What the second visit looked at again and did not find is open no more.
    let still: Vec<&str> =
        second["findings"].as_array().unwrap().iter().map(|f| text(&f["code"])).collect();
    let looked = second["answers"].as_object().unwrap();
    for row in open.as_array().unwrap() {
        let item = text(&row["code"]).rsplit_once('-').unwrap().0;
        assert!(still.contains(&text(&row["code"])) || !looked.contains_key(item), "{row}");
    }
    world.agreed();
    world.whole();
}

#[test]
fn a_sync_with_nothing_new_is_one_small_request() {
    let world = world();
    world.sync_twice();
    let quiet = world.li.json(&["sync"]);
    assert_eq!(quiet["requests"], 1, "{quiet}");
    assert_eq!((&quiet["pushed"], &quiet["pulled"]), (&Value::from(0), &Value::from(0)));
    let bytes = quiet["bytes_up"].as_u64().unwrap() + quiet["bytes_down"].as_u64().unwrap();
    assert!(bytes < 1024, "{bytes} bytes");
}

#[test]
fn without_a_server_work_goes_on_and_nothing_is_lost() {
    let mut world = world();
    world.server.kill();
    let visit = world.li.id(&["visit", "start", &world.place, "household"]);
    let failed = world.li.run(&["sync"]);
    assert_eq!(failed.code, Some(1));
    assert!(!failed.err.is_empty());
    world.li.answer_all(&visit, &mut Inspector::new(5, 0.2));
    let pending = world.li.json(&["status"])["pending"].as_u64().unwrap();
    assert!(pending > 10);
    assert!(!text(&world.li.json(&["status"])["last_failure"]).is_empty());
    world.server.up();
    assert_eq!(world.li.json(&["sync"])["pushed"], pending);
    world.sync_twice();
    assert_eq!(
        world.wang.json(&["visit", "show", &visit])["answers"],
        world.li.json(&["visit", "show", &visit])["answers"]
    );
    world.whole();
}

#[test]
fn a_code_works_once_and_only_for_its_person() {
    let world = world();
    let code = world.server.enrol_code("zhang.wei", GRID);
    let no = world.li.refused(&["enrol", &world.server.url(), &code]);
    assert!(!text(&no["code"]).is_empty());
    let dir = tempfile::tempdir().unwrap();
    let used = Terminal::new(PROGRAM, dir.path(), 9, "en");
    let wrong = used.refused(&["enrol", &world.server.url(), "AAAA-BBBB-CCCC-DDDD"]);
    assert!(!text(&wrong["code"]).is_empty() && !text(&wrong["text"]).is_empty());
    // A refused enrolment leaves nothing behind.
    assert_eq!(used.run(&["status"]).code, Some(1));
    let not_yet = Terminal::new(PROGRAM, &dir.path().join("fresh"), 9, "en");
    let _ = not_yet.json(&["init", "--person", "zhang.wei", "--grid", GRID]);
    assert_eq!(not_yet.refused(&["sync"])["code"], "not_enrolled");
}

/// Lets a sync run for a while; then kills it, or the server under it.
fn cut(world: &mut World, sync_of: &Terminal, after: Duration, server_dies: bool) {
    let mut child = sync_of.command(&["--json", "sync"]).spawn().expect("the program starts");
    let mut out = child.stdout.take().expect("stdout is piped");
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = out.read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    let _ended = told.recv_timeout(after).is_ok();
    if server_dies {
        world.server.kill();
        world.server.up();
    } else {
        // It may have ended by itself.
        let _ = child.kill();
    }
    child.wait().expect("the program ends");
}

#[test]
fn whatever_is_killed_during_syncs_all_agree_in_the_end() {
    const SEED: u64 = 3;
    println!("seed {SEED}");
    let mut world = world();
    let mut chance = Inspector::new(SEED, 0.0);
    let visit = world.li.id(&["visit", "start", &world.place, "household"]);
    let (li, wang) = (world.li.clone(), world.wang.clone());
    let mut written: Vec<String> = Vec::new();
    for round in 0..8 {
        let note = format!("round {round}");
        let _ = li.json(&["place", "note", &world.place, &format!("li {note}")]);
        let _ = wang.json(&["place", "note", &world.place, &format!("wang {note}")]);
        let _ = li.json(&["place", "set", &world.place, "storeys", &(round + 1).to_string()]);
        let _ = li.json(&["visit", "answer", &visit, "V-05", &note]);
        written.extend([format!("li {note}"), format!("wang {note}")]);
        for phone in [&li, &wang] {
            let after = Duration::from_micros(chance.below(150_000));
            cut(&mut world, phone, after, chance.below(3) == 0);
        }
    }
    world.sync_twice();
    world.sync_twice();
    let shown = world.agreed();
    let mut notes: Vec<&str> =
        shown["remarks"].as_array().unwrap().iter().map(|r| text(&r["text"])).collect();
    notes.sort_unstable();
    written.sort();
    assert_eq!(notes, written, "each note once, none lost");
    assert_eq!(shown["facts"]["storeys"]["value"], 8);
    assert_eq!(shown["conflicts"], serde_json::json!([]));
    assert_eq!(wang.json(&["visit", "show", &visit])["answers"]["V-05"], "round 7");
    assert_eq!(li.json(&["status"])["pending"], 0);
    world.whole();
}

#[test]
fn a_watching_phone_takes_in_and_sends_without_being_asked() {
    let world = world();
    let mut child = world.wang.command(&["--json", "sync", "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |part: &str, least: u64| {
        let enough = |line: std::io::Result<String>| {
            let report: Value = serde_json::from_str(&line.unwrap()).unwrap();
            report[part].as_u64().unwrap() >= least
        };
        assert!(lines.any(enough), "the watch ended");
    };
    until("requests", 1);
    // Li saves and syncs: the server nudges Wang.
    let _ = world.li.json(&["place", "set", &world.place, "storeys", "6"]);
    let _ = world.li.json(&["sync"]);
    until("pulled", 1);
    assert_eq!(world.wang.json(&["place", "show", &world.place])["facts"]["storeys"]["value"], 6);
    // Wang saves in another window: the watch sends it.
    let _ = world.wang.json(&["place", "note", &world.place, "铁门朝北"]);
    until("pushed", 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let _ = world.li.json(&["sync"]);
    assert_eq!(world.agreed()["remarks"][0]["text"], "铁门朝北");
    world.whole();
}
