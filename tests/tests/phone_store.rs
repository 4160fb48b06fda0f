//! Journeys of a phone in trouble: wrong key, damaged file, personal numbers in a note, a phone that broke.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use ironfeet_tests::picture::noise;
use ironfeet_tests::terminal::{Inspector, Terminal, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const GRID: &str = "329901001012001";

/// A phone with one place and one finished visit.
fn phone(dir: &std::path::Path, key: u8) -> (Terminal, String, String) {
    let phone = Terminal::new(PROGRAM, dir, key, "zh");
    let _ = phone.json(&["init", "--person", "li.ming", "--grid", GRID]);
    let place = phone.id(&[
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
    let visit = phone.id(&["visit", "start", &place, "household"]);
    phone.answer_all(&visit, &mut Inspector::new(5, 0.3));
    let _ = phone.json(&["visit", "finish", &visit]);
    (phone, place, visit)
}

#[test]
fn without_its_key_the_store_stays_shut_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, place, _) = phone(dir.path(), 1);
    let file = dir.path().join("phone.db");
    let before = std::fs::read(&file).unwrap();

    let wrong = phone.with(2, "en").run(&["place", "show", &place]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.err);
    assert!(wrong.err.contains("key"), "{}", wrong.err);
    let mut none = phone.command(&["status"]);
    none.env_remove("IRONFEET_KEY");
    let none = none.output().unwrap();
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("IRONFEET_KEY"));
    let mut short = phone.command(&["status"]);
    short.env("IRONFEET_KEY", "abc");
    assert_eq!(short.output().unwrap().status.code(), Some(2));

    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(phone.json(&["verify"])["ok"], true);
}

#[test]
fn a_damaged_store_is_moved_aside_and_its_work_saved() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, _, _) = phone(dir.path(), 1);
    let file = dir.path().join("phone.db");
    // Fold the journal in, then spoil a page in the second half.
    let _ = phone.json(&["verify"]);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[at..at + 4096].fill(0x5a);
    std::fs::write(&file, &bytes).unwrap();

    let ran = phone.run(&["verify"]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.out, ran.err);
    assert!(!ran.err.is_empty());
    let kept = files_with(dir.path(), &bytes[at..at + 4096]);
    assert!(kept, "the damaged file was not kept");
    // Work goes on with what was saved.
    assert_eq!(phone.json(&["verify"])["ok"], true);
    let again = phone.id(&[
        "place",
        "add",
        "--kind",
        "dwelling",
        "--address",
        "和平路 9 号",
        "--lat",
        "33.61",
        "--lon",
        "119.02",
    ]);
    assert_eq!(phone.json(&["place", "show", &again])["facts"]["kind"]["value"], "dwelling");
}

#[test]
fn a_damaged_first_page_is_damage_and_not_a_wrong_key() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, _, _) = phone(dir.path(), 1);
    let file = dir.path().join("phone.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..4096].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(
        phone.with(2, "en").run(&["status"]).code,
        Some(1),
        "a wrong key is still a wrong key"
    );
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let ran = phone.run(&["status"]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.out, ran.err);
    assert!(files_with(dir.path(), &bytes[4096..8192]), "the damaged file was not kept");
}

#[test]
fn two_people_share_a_phone_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (li, place, _) = phone(&dir.path().join("li"), 1);
    let (wang, _, _) = phone(&dir.path().join("wang"), 2);
    let before = li.json(&["status"])["pending"].clone();
    let _ = wang.text(&[
        "place",
        "add",
        "--kind",
        "workshop",
        "--address",
        "x",
        "--lat",
        "33",
        "--lon",
        "119",
    ]);
    assert_eq!(li.json(&["status"])["pending"], before);
    assert_eq!(wang.run(&["place", "show", &place]).code, Some(1));
    assert_eq!(
        li.with(2, "zh").run(&["today"]).code,
        Some(1),
        "wang's key does not open li's store"
    );
    let twice = li.refused(&["init", "--person", "wang.fang", "--grid", GRID]);
    assert_eq!(twice["code"], "store_exists");
}

#[test]
fn a_checklist_file_that_is_not_right_is_named_by_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let yaml =
        std::fs::read_to_string(ironfeet_tests::tidy::root().join("core/content/checklists.yaml"))
            .unwrap();
    let file = dir.path().join("city.yaml");
    let phone = Terminal::new(PROGRAM, &dir.path().join("store"), 1, "en");
    let init = |text: &str| {
        std::fs::write(&file, text).unwrap();
        phone.run(&[
            "init",
            "--person",
            "li.ming",
            "--grid",
            GRID,
            "--content",
            file.to_str().unwrap(),
        ])
    };
    let bad = init(&yaml.replacen("category: GAS03", "category: GAS98", 1));
    assert_eq!(bad.code, Some(1));
    assert!(bad.err.contains("GAS98") && bad.err.contains("line"), "{}", bad.err);
    assert_eq!(init(&yaml.replacen("房屋类型", "房子类型", 1)).code, Some(0));
    let place = phone.id(&[
        "place",
        "add",
        "--kind",
        "dwelling",
        "--address",
        "x",
        "--lat",
        "33.61",
        "--lon",
        "119.02",
    ]);
    let visit = phone.id(&["visit", "start", &place, "household"]);
    let _ = phone.text(&["visit", "answer", &visit, "V-02", "entered"]);
    assert!(phone.with(1, "zh").text(&["visit", "questions", &visit]).contains("房子类型"));
}

/// Whether some file in or under the folder still holds these bytes.
fn files_with(dir: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return files_with(&path, bytes);
        }
        std::fs::read(&path).is_ok_and(|b| b.windows(bytes.len()).any(|w| w == bytes))
    })
}

#[test]
fn numbers_of_people_are_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, place, _) = phone(dir.path(), 1);
    let visit = phone.id(&["visit", "start", &place, "household"]);
    let number = "13912345678";
    let note = format!("联系房东 {number}");
    let attempts: [&[&str]; 4] = [
        &["visit", "note", &visit, &note],
        &["visit", "answer", &visit, "V-05", &note],
        &["place", "note", &place, &note],
        &["place", "set", &place, "access_note", &note],
    ];
    for args in attempts {
        let no = phone.refused(args);
        assert_eq!(no["code"], "personal_text", "{args:?}");
        assert!(!text(&no["text"]).contains(number), "the refusal repeats the number");
    }
    let shown = phone.json(&["visit", "show", &visit]).to_string()
        + &phone.json(&["place", "show", &place]).to_string();
    assert!(!shown.contains(number));
    assert!(!phone.json(&["visit", "note", &visit, "三楼走廊堆放纸箱，约2米"])["change"].is_null());
}

#[test]
fn the_work_of_a_broken_phone_goes_on_in_another() {
    let (old_dir, new_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (old, place, visit) = phone(old_dir.path(), 1);
    let file = old_dir.path().join("rescue.bin");
    let file = file.to_str().unwrap();
    let out = old.json(&["rescue", "export", file]);
    assert!(out["changes"].as_u64().unwrap() > 20);

    let new = Terminal::new(PROGRAM, new_dir.path(), 1, "en");
    let _ = new.json(&["init", "--person", "li.ming", "--grid", GRID]);
    assert_eq!(new.json(&["rescue", "import", file])["changes"], out["changes"]);
    // Twice does no harm.
    assert_eq!(new.json(&["rescue", "import", file])["changes"], 0);
    for args in [["place", "show", place.as_str()], ["visit", "show", visit.as_str()]] {
        let (a, b) = (old.json(&args), new.json(&args));
        for part in ["facts", "answers", "findings", "status"] {
            assert_eq!(a[part], b[part], "{args:?} {part}");
        }
    }
    assert_eq!(new.json(&["verify"])["ok"], true);
    // Sealed: another key does not open it, and nothing of it can be read.
    let stranger_dir = tempfile::tempdir().unwrap();
    let stranger = Terminal::new(PROGRAM, stranger_dir.path(), 9, "en");
    let _ = stranger.json(&["init", "--person", "x", "--grid", GRID]);
    assert_eq!(stranger.refused(&["rescue", "import", file])["code"], "invalid");
    let sealed = std::fs::read(file).unwrap();
    assert!(!sealed.windows(9).any(|w| w == "和平路".as_bytes()));
}

#[test]
fn a_photo_or_a_reason_and_never_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, place, _) = phone(dir.path(), 1);
    let visit = phone.id(&["visit", "start", &place, "household"]);
    let file = dir.path().join("hazard.png");
    std::fs::write(&file, noise(64, 7)).unwrap();
    let added = phone.json(&["photo", "add", &visit, file.to_str().unwrap()]);
    let list = phone.json(&["photo", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["sha256"], added["sha256"]);
    for key in ["sha256", "bytes", "sent", "state", "reason"] {
        assert!(list[0].get(key).is_some(), "{key} is missing");
    }
    assert!(phone.json(&["photo", "retry"]).is_array());
    assert_eq!(phone.json(&["verify"])["ok"], true);
}
