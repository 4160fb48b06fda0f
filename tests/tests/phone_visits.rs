//! Journeys of a phone with the network unplugged: every checklist to its end, in both languages, and what follows from it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of a test are a test")]

use ironfeet_tests::terminal::{Inspector, Terminal, text};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const GRID: &str = "329901001012001";

/// Kind of place, checklist.
const LISTS: [(&str, &str); 5] = [
    ("dwelling", "household"),
    ("small_premises", "small_premises"),
    ("rental", "rental"),
    ("workshop", "workshop"),
    ("construction_site", "construction"),
];

fn phone(dir: &tempfile::TempDir, lang: &'static str) -> Terminal {
    let phone = Terminal::new(PROGRAM, dir.path(), 7, lang);
    let made = phone.json(&["init", "--person", "li.ming", "--grid", GRID]);
    assert_eq!(text(&made["install_id"]).len(), 32);
    phone
}

fn place(phone: &Terminal, kind: &str, address: &str) -> String {
    phone.id(&[
        "place",
        "add",
        "--kind",
        kind,
        "--address",
        address,
        "--lat",
        "33.61",
        "--lon",
        "119.02",
    ])
}

fn finished_visit(phone: &Terminal, place: &str, list: &str, seed: u64, hazards: f64) -> Value {
    println!("{list}: seed {seed}");
    let visit = phone.id(&["visit", "start", place, list]);
    phone.answer_all(&visit, &mut Inspector::new(seed, hazards));
    phone.json(&["visit", "finish", &visit])
}

/// Every list, all hazards: answered, finished, shown, found again; `verify` says that all is whole.
fn every_list(lang: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(&dir, lang);
    for (seed, (kind, list)) in (1..).zip(LISTS) {
        let place = place(&phone, kind, &format!("和平路 {seed} 号 Peace Road"));
        let visit = finished_visit(&phone, &place, list, seed, 0.5);
        assert_eq!(visit["status"], "finished", "{list}");
        let findings = visit["findings"].as_array().unwrap();
        assert!(findings.len() > 3, "{list}: {} findings", findings.len());
        for finding in findings {
            assert!(matches!(text(&finding["severity"]), "S1" | "S2" | "S3" | "S4"));
            assert_eq!(finding["list"], *list);
            assert!(!text(&finding["title"][lang]).is_empty());
        }
        let screen = phone.text(&["visit", "show", text(&visit["id"])]);
        let gravest = &findings[0];
        assert!(screen.contains(text(&gravest["title"][lang])), "{screen}");
    }
    let open = phone.json(&["findings", "--open"]);
    assert!(open.as_array().unwrap().len() > 15);
    assert_eq!(phone.json(&["conflicts"]), serde_json::json!([]));
    let whole = phone.json(&["verify"]);
    assert_eq!(whole["ok"], true);
    assert_eq!(whole["documents"], 10);
    assert!(phone.json(&["status"])["pending"].as_u64().unwrap() > 100);
}

#[test]
fn every_list_to_the_end_in_chinese() {
    every_list("zh");
}

#[test]
fn every_list_to_the_end_in_english() {
    every_list("en");
}

#[test]
fn a_revisit_asks_the_quick_items_and_what_was_found() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(&dir, "zh");
    let place = place(&phone, "dwelling", "胜利街 5 号");
    let first = finished_visit(&phone, &place, "household", 11, 0.2);
    let found: Vec<&str> =
        first["findings"].as_array().unwrap().iter().map(|f| text(&f["item"])).collect();
    let full = first["answers"].as_object().unwrap().len();

    let again = phone.id(&["visit", "start", &place, "household", "--quick"]);
    let asked = phone.json(&["visit", "questions", &again]);
    let asked = asked.as_array().unwrap();
    let required: Vec<&str> = asked
        .iter()
        .filter(|q| q["required"] == true && q["answer"].is_null())
        .map(|q| text(&q["item"]))
        .collect();
    assert!(required.len() < full, "{} of {full} asked again", required.len());
    phone.answer_all(&again, &mut Inspector::new(12, 0.0));
    let asked: Vec<Value> = phone.json(&["visit", "questions", &again]).as_array().unwrap().clone();
    for item in found {
        assert!(asked.iter().any(|q| q["item"] == item), "{item} was found and is not asked again");
    }
    let second = phone.json(&["visit", "finish", &again]);
    assert_eq!(second["quick"], true);
    // What was answered then is still known now, with its date.
    assert!(!second["carried"].as_object().unwrap().is_empty());
    assert_eq!(phone.json(&["verify"])["ok"], true);
}

#[test]
fn what_is_known_is_found_by_words_by_distance_and_by_what_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(&dir, "en");
    let near = place(&phone, "dwelling", "幸福小区8栋2单元301");
    let far = phone.id(&[
        "place",
        "add",
        "--kind",
        "workshop",
        "--address",
        "Harbour Lane 4",
        "--lat",
        "33.70",
        "--lon",
        "119.20",
    ]);
    for (words, expected) in
        [("幸福小区", &near), ("8栋2单元", &near), ("harbour", &far), ("Lane 4", &far)]
    {
        let rows = phone.json(&["place", "search", words]);
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 1, "{words}");
        assert_eq!(&rows[0]["id"], expected.as_str(), "{words}");
    }
    let rows = phone.json(&["place", "near", "33.611,119.021", "--limit", "5"]);
    assert_eq!(rows[0]["id"], near.as_str());
    assert!(rows[0]["metres"].as_f64().unwrap() < 250.0);

    assert_eq!(
        phone.json(&["place", "set", &near, "building_type", "板楼"])["change"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    let shown = phone.json(&["place", "show", &near]);
    assert_eq!(shown["facts"]["building_type"]["value"], "板楼");
    assert_eq!(shown["facts"]["building_type"]["by_role"], "inspector");
    assert_eq!(shown["conflicts"], serde_json::json!([]));

    let _ = finished_visit(&phone, &near, "household", 3, 0.9);
    let today = phone.json(&["today"]);
    assert!(today.as_array().unwrap().iter().any(|row| row["place"] == near.as_str()), "{today}");
}

#[test]
fn an_imminent_danger_shows_what_to_do_before_anything_else() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(&dir, "en");
    let place = place(&phone, "dwelling", "Peace Road 8");
    let visit = phone.id(&["visit", "start", &place, "household"]);
    for (item, value) in [("V-01", "routine"), ("V-02", "1"), ("V-03", "yes"), ("HH-A2", "1,2")] {
        let _ = phone.text(&["visit", "answer", &visit, item, value]);
    }
    let screen = phone.text(&["visit", "answer", &visit, "HH-A3", "unvent"]);
    assert!(screen.contains("S1 imminent danger"), "{screen}");
    assert!(screen.contains("Stop using, ventilate."), "{screen}");
    assert!(screen.contains("within 4 hours"), "{screen}");
    let screen = phone.with(7, "zh").text(&["visit", "show", &visit]);
    assert!(screen.contains("立即停用，开窗通风。"), "{screen}");
}

#[test]
fn an_answer_that_cannot_be_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(&dir, "en");
    let place = place(&phone, "dwelling", "Peace Road 8");
    let visit = phone.id(&["visit", "start", &place, "household"]);
    let answers = [("V-01", "holiday"), ("V-01", "9"), ("HH-Z9", "ok"), ("HH-A3", "none")];
    for (item, value) in answers {
        let no = phone.refused(&["visit", "answer", &visit, item, value]);
        assert!(!text(&no["code"]).is_empty() && !text(&no["text"]).is_empty(), "{item} {value}");
    }
    // Required questions are open: it cannot be finished, and it says which.
    let no = phone.refused(&["visit", "finish", &visit]);
    assert!(text(&no["text"]).contains("V-01"), "{no}");
    let _ = phone.refused(&["place", "set", &place, "storeys", "many"]);
    let _ = phone.refused(&["place", "set", &place, "religion", "x"]);
    let usage = phone.run(&["visit", "answer", "not-an-id", "V-01", "routine"]);
    assert_eq!(usage.code, Some(2));
}
