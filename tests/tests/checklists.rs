//! Checklists that the city publishes reach phones: new visits ask by them, a visit begun before goes on by its own.

use ironfeet_core::checklist::DEFAULT_YAML;
use ironfeet_tests::served::{PageForm, Served, Supervisor};
use ironfeet_tests::terminal::{Inspector, Terminal, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";
const OLD: &str = "补充说明（不写姓名、电话、证件号，不写个人情况）";
const NEW: &str = "本次补充说明";

/// The product's file with a question asked otherwise, and higher versions.
fn another(version: &str) -> String {
    let yaml = DEFAULT_YAML.replacen(
        "content_version: '2026.1'",
        &format!("content_version: '{version}'"),
        1,
    );
    let yaml = yaml.replacen(OLD, NEW, 1);
    // It is a question of all lists.
    yaml.replace("\n  version: 1\n", "\n  version: 2\n")
}

fn publish(supervisor: &mut Supervisor, yaml: String) {
    let page = supervisor.page("/console/checklists");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).expect("a form").split('"').next();
    let field = |name: &str, value: String| (name.to_owned(), value);
    supervisor.send(&PageForm {
        action: "/console/checklists/propose".to_owned(),
        fields: vec![
            field("csrf", csrf.expect("a value").to_owned()),
            field("act", "publish".to_owned()),
            field("yaml", yaml),
        ],
        row: String::new(),
    });
}

fn asked(phone: &Terminal, visit: &str) -> String {
    let _ = phone.json(&["visit", "answer", visit, "V-02", "no_answer"]);
    phone.json(&["visit", "questions", visit]).to_string()
}

#[test]
fn new_visits_ask_what_was_published_and_older_ones_what_they_began_with() {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let mut supervisor = Supervisor::sign_in(&server);
    let enrol = |name: &str, key: u8| {
        let phone = Terminal::new(PROGRAM, &dirs.path().join(name), key, "zh");
        let _ = phone.json(&["enrol", &server.url(), &server.enrol_code(name, GRID)]);
        phone
    };
    let (li, wang) = (enrol("li.ming", 1), enrol("wang.fang", 2));
    let kind = ["place", "add", "--kind", "dwelling", "--address", "平川路 8 号"];
    let place = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    let before = li.id(&["visit", "start", &place, "household"]);
    assert!(asked(&li, &before).contains(OLD));
    let _ = li.json(&["sync"]);

    publish(&mut supervisor, another("2026.2"));
    let _ = li.json(&["sync"]);
    assert_eq!(li.json(&["status"])["content"], "2026.2");
    let after = li.id(&["visit", "start", &place, "household"]);
    assert!(asked(&li, &after).contains(NEW));
    let still = asked(&li, &before);
    assert!(still.contains(OLD) && !still.contains(NEW), "{still}");
    assert_eq!(li.json(&["visit", "show", &after])["list_version"], 2);
    for visit in [&before, &after] {
        li.answer_all(visit, &mut Inspector::new(5, 0.3));
        let _ = li.json(&["visit", "finish", visit]);
    }
    let _ = li.json(&["sync"]);
    // Who hears of both at once shows each visit by its own questions.
    let _ = wang.json(&["sync"]);
    assert_eq!(wang.json(&["status"])["content"], "2026.2");
    for (visit, version) in [(&before, 1), (&after, 2)] {
        let shown = wang.json(&["visit", "show", visit]);
        assert_eq!((&shown["list_version"], text(&shown["status"])), (&version.into(), "finished"));
    }
    for phone in [&li, &wang] {
        assert_eq!(phone.json(&["verify"])["ok"], true);
        assert_eq!(phone.json(&["sync"])["requests"], 1, "the file is fetched once");
    }
    assert_eq!(server.json(&["verify"])["ok"], true);
}
