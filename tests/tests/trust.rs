//! A phone revoked with unsent work, a phone copied whole, a place moved under offline edits, a server put back
//! to an older backup, a trail tampered with: nobody gets in, and nothing that was written is lost.

use ironfeet_tests::served::Served;
use ironfeet_tests::simulation::copy;
use ironfeet_tests::terminal::{Terminal, text};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
const OTHER: &str = "329901001012002";

struct World {
    dirs: tempfile::TempDir,
    server: Served,
}

impl World {
    fn new() -> Self {
        let dirs = tempfile::tempdir().expect("a folder");
        let server = Served::start(SERVER, &dirs.path().join("server"));
        Self { dirs, server }
    }

    fn phone(&self, person: &str, key: u8) -> Terminal {
        let phone = Terminal::new(PROGRAM, &self.dirs.path().join(person), key, "en");
        let code = self.server.json(&[
            "admin",
            "enrol-code",
            "--person",
            person,
            "--grid",
            GRID,
            "--grid",
            OTHER,
        ]);
        let _ = phone.json(&["enrol", &self.server.url(), text(&code["code"])]);
        let _ = phone.json(&["sync"]);
        phone
    }

    fn devices(&self) -> Vec<Value> {
        self.server.json(&["admin", "device", "list"]).as_array().expect("a list").clone()
    }

    fn whole(&self, phones: &[&Terminal]) {
        for phone in phones {
            assert_eq!(phone.json(&["verify"])["ok"], true);
        }
        assert_eq!(self.server.json(&["verify"])["ok"], true);
        assert_eq!(self.server.json(&["audit", "verify"])["ok"], true);
    }
}

fn place(phone: &Terminal, address: &str) -> String {
    phone.id(&[
        "place",
        "add",
        "--kind",
        "dwelling",
        "--address",
        address,
        "--lat",
        "33.6",
        "--lon",
        "119",
        "--grid",
        GRID,
    ])
}

fn facts(phone: &Terminal, place: &str) -> Value {
    phone.json(&["place", "show", place])["facts"].clone()
}

/// Code, how often, and in how many records: as `notices` shows them, newest first.
fn notices(phone: &Terminal, more: &[&str]) -> Vec<(String, i64, usize)> {
    let shown = phone.json(&[&["notices"], more].concat());
    let one = |row: &Value| {
        let records = row["records"].as_array().map_or(0, Vec::len);
        (text(&row["code"]).to_owned(), row["count"].as_i64().expect("a number"), records)
    };
    shown.as_array().expect("a list").iter().map(one).collect()
}

#[test]
fn thirty_unsent_edits_of_a_revoked_phone_wait_for_a_person_and_none_is_lost() {
    let world = World::new();
    let (li, wang) = (world.phone("li", 1), world.phone("wang", 2));
    let places: Vec<String> = (0..30).map(|n| place(&li, &format!("平川路 {n} 号"))).collect();
    let _ = li.json(&["sync"]);
    for id in &places {
        let _ = li.json(&["place", "set", id, "storeys", "7"]);
    }
    assert_eq!(li.json(&["status"])["pending"], 30);
    let device = world.devices().into_iter().find(|d| d["person"] == "li").expect("enrolled");
    let _ = world.server.json(&["admin", "device", "revoke", text(&device["id"])]);
    let report = li.json(&["sync"]);
    assert_eq!(report["quarantined"], 30, "{report}");
    // Losing rights takes nothing away that waits.
    assert_eq!(li.json(&["status"])["waiting_for_review"], 30);
    assert!(places.iter().all(|id| facts(&li, id)["storeys"]["value"] == 7));
    let tickets = world.server.json(&["quarantine", "list"]);
    let tickets = tickets.as_array().expect("a list");
    assert_eq!(tickets.len(), 30);
    assert!(tickets.iter().all(|t| t["reason"] == "revoked"));
    for (n, ticket) in tickets.iter().enumerate() {
        let act = if n % 2 == 0 { "accept" } else { "discard" };
        let _ = world.server.json(&["quarantine", act, &ticket["ticket"].to_string()]);
    }
    assert_eq!(world.server.json(&["quarantine", "list"]), serde_json::json!([]));
    // The worker hears the outcome of each.
    let _ = li.json(&["sync"]);
    let status = li.json(&["status"]);
    assert_eq!((&status["pending"], &status["waiting_for_review"]), (&0.into(), &0.into()));
    assert_eq!(status["refused"], 15, "{status}");
    // What is said of each is shown once, with how many; that they wait is not said any more.
    let told = notices(&li, &[]);
    let outcome = |code: &str| (code.to_owned(), 15, 15);
    assert_eq!(told, [outcome("review_accepted"), outcome("review_discarded")]);
    assert_eq!(status["notices"], 2);
    let all = notices(&li, &["--all"]);
    assert!(all.contains(&("waiting_for_review".to_owned(), 30, 30)), "all of it is kept: {all:?}");
    let words = li.text(&["notices"]);
    assert!(words.contains("took 15 of your changes") && words.contains("(15 records)"), "{words}");
    // The records leave a phone that was revoked; what was not taken stays, to be carried away.
    assert_eq!(li.run(&["place", "show", &places[0]]).code, Some(1));
    let away = world.dirs.path().join("away");
    let carried = li.json(&["rescue", "export", away.to_str().expect("a path")]);
    assert_eq!(carried["changes"], 15, "{carried}");
    // The others have the half that was taken.
    let _ = wang.json(&["sync"]);
    let taken = places.iter().filter(|id| facts(&wang, id)["storeys"]["value"] == 7).count();
    assert_eq!(taken, 15);
    world.whole(&[&li, &wang]);
}

#[test]
fn work_built_on_a_change_that_was_not_taken_is_done_again_and_the_worker_hears_of_both() {
    let world = World::new();
    let (li, wang) = (world.phone("li", 1), world.phone("wang", 2));
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    let post = |post: &str| {
        let add = ["admin", "person", "add", "--id", "li", "--post", post, "--area", GRID];
        let _ = world.server.json(&add);
    };
    post("evaluator");
    let _ = li.json(&["place", "set", &here, "storeys", "7"]);
    assert_eq!(li.json(&["sync"])["quarantined"], 1);
    post("inspector");
    // The phone hears of its post with a sync.
    assert_eq!(li.refused(&["place", "set", &here, "dwellings", "12"])["code"], "not_your_right");
    let _ = li.json(&["sync"]);
    // Handed in, and waiting for the first; and not yet handed in.
    let _ = li.json(&["place", "set", &here, "dwellings", "12"]);
    assert_eq!(li.json(&["sync"])["quarantined"], 1);
    let _ = li.json(&["place", "note", &here, "门牌换了"]);
    let tickets = world.server.json(&["quarantine", "list"]);
    assert_eq!(tickets[1]["reason"], "leans_on_quarantined");
    let done = world.server.json(&["quarantine", "discard", &tickets[0]["ticket"].to_string()]);
    assert_eq!(done["followed"], 1);
    let report = li.json(&["sync"]);
    assert_eq!((&report["refused"], &report["pushed"]), (&0.into(), &1.into()), "{report}");
    let _ = wang.json(&["sync"]);
    for phone in [&li, &wang] {
        let shown = phone.json(&["place", "show", &here]);
        assert!(shown["facts"].get("storeys").is_none(), "{shown}");
        assert_eq!(shown["facts"]["dwellings"]["value"], 12);
        assert_eq!(shown["remarks"].as_array().expect("remarks").len(), 1, "{shown}");
    }
    let status = li.json(&["status"]);
    assert_eq!((&status["pending"], &status["waiting_for_review"]), (&0.into(), &0.into()));
    let told = li.text(&["notices"]);
    assert!(told.contains("did not take your change") && told.contains("sent again"), "{told}");
    world.whole(&[&li, &wang]);
}

#[test]
fn a_phone_hears_of_another_post_and_what_was_written_before_is_judged_by_the_former_one() {
    let world = World::new();
    let (li, wang) = (world.phone("li", 1), world.phone("wang", 2));
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    let post = |post: &str| {
        let add = ["admin", "person", "add", "--id", "li", "--post", post, "--area", GRID];
        let _ = world.server.json(&add);
    };
    // Written without network, before anybody said so.
    let _ = li.json(&["place", "set", &here, "storeys", "7"]);
    post("evaluator");
    let _ = li.json(&["place", "note", &here, "门牌换了"]);
    let report = li.json(&["sync"]);
    assert_eq!((&report["quarantined"], &report["refused"]), (&2.into(), &0.into()), "{report}");
    let status = li.json(&["status"]);
    assert_eq!((&status["role"], &status["pending"]), (&"evaluator".into(), &0.into()));
    let told = li.text(&["notices"]);
    assert!(told.contains("another post: evaluator"), "{told}");
    for edit in [["place", "set", &here, "storeys", "8"], ["place", "set", &here, "dwellings", "3"]]
    {
        assert_eq!(li.refused(&edit)["code"], "not_your_right");
    }
    let tickets = world.server.json(&["quarantine", "list"]);
    let first = &tickets[0];
    assert_eq!((&first["reason"], &first["advice"]), (&"role_ended".into(), &"accept".into()));
    for ticket in tickets.as_array().expect("a list") {
        let _ = world.server.json(&["quarantine", "accept", &ticket["ticket"].to_string()]);
    }
    let _ = wang.json(&["sync"]);
    let shown = wang.json(&["place", "show", &here]);
    assert_eq!(shown["facts"]["storeys"]["value"], 7);
    assert_eq!(shown["remarks"][0]["text"], "门牌换了");
    // The post comes back, and with it the right.
    post("inspector");
    let _ = li.json(&["sync"]);
    let _ = li.json(&["place", "set", &here, "dwellings", "3"]);
    let report = li.json(&["sync"]);
    assert_eq!((&report["pushed"], &report["quarantined"]), (&1.into(), &0.into()), "{report}");
    world.whole(&[&li, &wang]);
}

#[test]
fn whoever_was_replaced_while_a_second_phone_was_offline_still_hands_in() {
    let world = World::new();
    let (li, second) = (world.phone("li", 1), world.phone("li-2", 2));
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    let _ = second.json(&["sync"]);
    assert!(second.json(&["status"])["offline_until"].is_i64(), "a lease came with the sync");
    let _ = second.json(&["place", "set", &here, "storeys", "7"]);
    let _ = world.server.json(&["admin", "person", "retire", "--id", "li-2"]);
    let report = second.json(&["sync"]);
    assert_eq!((&report["quarantined"], &report["refused"]), (&1.into(), &0.into()), "{report}");
    let tickets = world.server.json(&["quarantine", "list"]);
    assert_eq!(
        (&tickets[0]["reason"], &tickets[0]["advice"]),
        (&"revoked".into(), &"accept".into())
    );
    let _ = world.server.json(&["quarantine", "accept", &tickets[0]["ticket"].to_string()]);
    let _ = li.json(&["sync"]);
    assert_eq!(facts(&li, &here)["storeys"]["value"], 7);
    world.whole(&[&li, &second]);
}

#[test]
fn a_copied_phone_and_its_copy_both_go_on_and_nothing_is_lost() {
    let world = World::new();
    let li = world.phone("li", 1);
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    copy(&world.dirs.path().join("li"), &world.dirs.path().join("copy"));
    let copy = Terminal::new(PROGRAM, &world.dirs.path().join("copy"), 1, "en");
    for round in 0..3 {
        for (phone, field) in [(&li, "storeys"), (&copy, "dwellings")] {
            let _ = phone.json(&["place", "set", &here, field, &(round + 2).to_string()]);
            let _ = phone.json(&["place", "note", &here, &format!("{field} {round}")]);
        }
        // Both push under the same counter: whoever comes second goes on under a key of its own.
        for (phone, sent) in [(&li, 2), (&copy, 2), (&li, 0), (&copy, 0)] {
            assert_eq!(phone.json(&["sync"])["pushed"], sent, "round {round}");
        }
    }
    let _ = li.json(&["sync"]);
    assert_eq!(world.devices().len(), 2, "the copy has a key of its own, and only one");
    for phone in [&li, &copy] {
        let shown = phone.json(&["place", "show", &here]);
        assert_eq!(shown["facts"]["storeys"]["value"], 4);
        assert_eq!(shown["remarks"].as_array().expect("remarks").len(), 6, "{shown}");
        assert_eq!(phone.json(&["status"])["pending"], 0);
    }
    let trail = world.server.json(&["audit", "export"]).to_string();
    assert_eq!(trail.matches("device.renew").count(), 1);
    world.whole(&[&li, &copy]);
}

#[test]
fn a_place_moved_under_two_offline_phones_leaves_no_orphan() {
    let world = World::new();
    let (li, wang) = (world.phone("li", 1), world.phone("wang", 2));
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    let _ = wang.json(&["sync"]);
    let _ = li.json(&["place", "set", &here, "storeys", "7"]);
    let _ = wang.json(&["place", "note", &here, "门牌换了"]);
    let visit = wang.id(&["visit", "start", &here, "household"]);
    let _ = world.server.json(&["admin", "place", "move", &here, "--to", OTHER]);
    for phone in [&li, &wang, &li, &wang] {
        let report = phone.json(&["sync"]);
        assert_eq!(
            (report["refused"].as_i64(), report["quarantined"].as_i64()),
            (Some(0), Some(0))
        );
    }
    for phone in [&li, &wang] {
        let shown = phone.json(&["place", "show", &here]);
        assert_eq!(shown["grid"], OTHER);
        assert_eq!(shown["facts"]["storeys"]["value"], 7);
        assert_eq!(shown["remarks"].as_array().expect("remarks").len(), 1);
        let _ = phone.json(&["visit", "show", &visit]);
    }
    world.whole(&[&li, &wang]);
}

#[test]
fn a_server_put_back_gets_the_work_again_even_from_a_phone_it_does_not_know_any_more() {
    let mut world = World::new();
    let li = world.phone("li", 1);
    let here = place(&li, "平川路 1 号");
    let _ = li.json(&["sync"]);
    let backup = world.dirs.path().join("backup.db");
    let _ = world.server.json(&["backup", backup.to_str().expect("a path")]);
    // After the backup: a copy comes to life, and both work on.
    copy(&world.dirs.path().join("li"), &world.dirs.path().join("copy"));
    let copy = Terminal::new(PROGRAM, &world.dirs.path().join("copy"), 1, "en");
    for (phone, field) in [(&li, "storeys"), (&copy, "dwellings")] {
        let _ = phone.json(&["place", "set", &here, field, "9"]);
        let _ = phone.json(&["sync"]);
        let _ = phone.json(&["sync"]);
    }
    assert_eq!(world.devices().len(), 2);
    world.server.kill();
    let _ = world.server.json(&["restore", backup.to_str().expect("a path")]);
    world.server.up();
    assert_eq!(world.devices().len(), 1, "the restored server never met the copy");
    for phone in [&copy, &li, &copy, &li] {
        let _ = phone.json(&["sync"]);
    }
    assert_eq!(world.devices().len(), 2, "the copy is known again");
    for phone in [&li, &copy] {
        let shown = facts(phone, &here);
        assert_eq!(
            (&shown["storeys"]["value"], &shown["dwellings"]["value"]),
            (&9.into(), &9.into())
        );
    }
    world.whole(&[&li, &copy]);
}

#[test]
fn a_changed_row_of_the_trail_is_found_by_whoever_looks() {
    let mut world = World::new();
    let li = world.phone("li", 1);
    let device = world.devices().into_iter().find(|d| d["person"] == "li").expect("enrolled");
    let _ = world.server.json(&["admin", "device", "revoke", text(&device["id"])]);
    let _ = li.json(&["sync"]);
    assert_eq!(world.server.json(&["audit", "verify"])["ok"], true);
    // Somebody with the host's disk lets the revocation of a phone be that of another.
    world.server.kill();
    let file = world.dirs.path().join("backup.db");
    let path = file.to_str().expect("a path");
    let _ = world.server.json(&["backup", path]);
    let mut bytes = std::fs::read(&file).expect("a backup");
    let id = text(&device["id"]).as_bytes();
    let row = [b"device.revoke".as_slice(), id].concat();
    let at = bytes.windows(row.len()).position(|part| part == row).expect("the row is there");
    bytes[at + row.len() - 1] ^= 1;
    std::fs::write(&file, &bytes).expect("a file");
    let _ = world.server.ended(&["restore", path]);
    let (code, told) = world.server.ended(&["audit", "verify"]);
    assert_eq!((code, &told["ok"]), (Some(4), &false.into()), "{told}");
}
