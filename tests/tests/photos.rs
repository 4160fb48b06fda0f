//! Photos between two terminals over one server: they arrive, are seen, and are never in the way of the data.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ironfeet_tests::picture::noise;
use ironfeet_tests::served::Served;
use ironfeet_tests::terminal::{Terminal, text};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const SERVER: &str = env!("CARGO_BIN_EXE_ironfeet-server-here");
const GRID: &str = "329901001012001";

struct World {
    dirs: tempfile::TempDir,
    server: Served,
    li: Terminal,
    wang: Terminal,
    visit: String,
}

fn world() -> World {
    let dirs = tempfile::tempdir().expect("a folder");
    let server = Served::start(SERVER, &dirs.path().join("server"));
    let li = Terminal::new(PROGRAM, &dirs.path().join("li"), 1, "en");
    let wang = Terminal::new(PROGRAM, &dirs.path().join("wang"), 2, "zh");
    for (phone, person) in [(&li, "li.ming"), (&wang, "wang.fang")] {
        let code = server.enrol_code(person, GRID);
        let _ = phone.json(&["enrol", &server.url(), &code]);
    }
    let kind = ["place", "add", "--kind", "dwelling", "--address", "Peace Road 8"];
    let place = li.id(&[&kind[..], &["--lat", "33.61", "--lon", "119.02"]].concat());
    let visit = li.id(&["visit", "start", &place, "household"]);
    World { dirs, server, li, wang, visit }
}

impl World {
    fn file(&self, name: &str) -> PathBuf {
        self.dirs.path().join(name)
    }

    /// Takes a photo; gives its hash.
    fn take(&self, phone: &Terminal, side: u32, seed: u64) -> String {
        let file = self.file("taken.png");
        std::fs::write(&file, noise(side, seed)).expect("a file");
        let added = phone.json(&["photo", "add", &self.visit, path(&file)]);
        text(&added["sha256"]).to_owned()
    }

    fn get(&self, phone: &Terminal, photo: &str, name: &str, more: &[&str]) -> Vec<u8> {
        let file = self.file(name);
        let got = phone.json(&[&["photo", "get", photo, path(&file)], more].concat());
        let bytes = std::fs::read(&file).expect("the program wrote it");
        assert_eq!(got["bytes"], bytes.len());
        bytes
    }
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a plain name")
}

fn photo_of(list: &Value, sha256: &str) -> Value {
    let rows = list.as_array().expect("a list");
    rows.iter().find(|row| row["sha256"] == sha256).expect("the photo is listed").clone()
}

#[test]
fn a_photo_of_one_phone_is_seen_on_the_other() {
    let world = world();
    let photo = world.take(&world.li, 700, 1);
    let made = world.get(&world.li, &photo, "here.jpg", &[]);
    assert!(made.starts_with(&[0xff, 0xd8, 0xff]) && made.len() > 512 * 1024);
    let report = world.li.json(&["sync", "--no-photos"]);
    assert_eq!(report.get("photos"), None);
    let _ = world.wang.json(&["sync"]);
    // The visit is there before its photo, and says so.
    let shown = world.wang.json(&["visit", "show", &world.visit]);
    assert_eq!(shown["photos"][0]["sha256"], photo.as_str());
    assert_eq!(text(&shown["photos"][0]["original"]).len(), 64);
    let early = world.wang.run(&["photo", "get", &photo, path(&world.file("early.jpg"))]);
    assert_eq!(early.code, Some(1), "{}", early.err);
    assert!(early.err.contains("还没有传到服务器"), "{}", early.err);

    let report = world.li.json(&["sync"]);
    assert_eq!((&report["photos"]["sent"], &report["photos"]["waiting"]), (&1.into(), &0.into()));
    assert_eq!(report["photos"]["bytes_up"], made.len());
    assert_eq!(world.get(&world.wang, &photo, "there.jpg", &[]), made);
    let small = world.get(&world.wang, &photo, "small.jpg", &["--thumb"]);
    assert!(small.starts_with(&[0xff, 0xd8, 0xff]) && small.len() < made.len() / 4);
    // A file that is there is never written over.
    let again = world.wang.run(&["photo", "get", &photo, path(&world.file("there.jpg"))]);
    assert_eq!(again.code, Some(1));
}

#[test]
fn the_same_picture_of_two_phones_is_sent_once() {
    let world = world();
    let photo = world.take(&world.li, 300, 2);
    let _ = world.li.json(&["sync"]);
    let _ = world.wang.json(&["sync"]);
    assert_eq!(world.take(&world.wang, 300, 2), photo);
    let report = world.wang.json(&["sync"]);
    assert_eq!((&report["photos"]["sent"], &report["photos"]["bytes_up"]), (&1.into(), &0.into()));
}

#[test]
fn a_photo_that_always_fails_never_blocks_data() {
    let world = world();
    // The file of the first one is lost on the phone: it can never be sent.
    let bad = world.take(&world.li, 64, 3);
    std::fs::remove_file(world.li.dir().join("blobs").join(&bad)).expect("the sealed file");
    let good = world.take(&world.li, 64, 4);
    for round in 0..3 {
        let _ =
            world.li.json(&["visit", "answer", &world.visit, "V-05", &format!("round {round}")]);
        let report = world.li.json(&["sync"]);
        assert!(report["pushed"].as_u64() > Some(0), "{report}");
        let _ = world.wang.json(&["sync"]);
        let shown = world.wang.json(&["visit", "show", &world.visit]);
        assert_eq!(shown["answers"]["V-05"], format!("round {round}"));
        if round == 1 {
            // Also when a person asks for it again and again.
            let _ = world.li.json(&["photo", "retry"]);
        }
    }
    let list = world.li.json(&["photo", "list"]);
    assert_eq!(photo_of(&list, &good)["state"], "sent");
    let failed = photo_of(&list, &bad);
    assert_eq!(failed["state"], "failed");
    assert!(text(&failed["reason"]["zh"]).contains("损坏"), "{failed}");
    let status = world.li.json(&["status"]);
    assert_eq!((&status["pending"], &status["photos_failed"]), (&0.into(), &1.into()));
    assert!(world.li.text(&["status"]).contains("damaged"), "the reason is told in words");
}

#[test]
fn a_phone_that_watches_sends_photos_taken_meanwhile() {
    let world = world();
    let mut watch =
        world.li.command(&["--json", "sync", "--watch"]).spawn().expect("the program starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    lines.read_line(&mut first).expect("the first sync is told");
    let photo = world.take(&world.li, 400, 5);
    let mut line = String::new();
    while !line.contains("\"sent\":1") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a sync is told") > 0, "it ended");
    }
    assert_eq!(photo_of(&world.li.json(&["photo", "list"]), &photo)["state"], "sent");
    watch.kill().expect("it still runs");
    watch.wait().expect("it ends");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("what was left");
}

#[test]
fn killed_while_a_photo_is_sent_it_goes_on_and_arrives_whole() {
    let world = world();
    let photo = world.take(&world.li, 1_400, 6);
    let made = world.get(&world.li, &photo, "made.jpg", &[]);
    let _ = world.li.json(&["sync", "--no-photos"]);
    let mut rounds = 0;
    let mut before = 0;
    while before < made.len() as u64 && rounds < 40 {
        let mut child = world.li.command(&["--json", "sync"]).spawn().expect("the program starts");
        // Until one more piece has been written down; then the blow.
        let mut now = before;
        while now == before && child.try_wait().expect("a child").is_none() {
            now =
                photo_of(&world.li.json(&["photo", "list"]), &photo)["sent"].as_u64().unwrap_or(0);
        }
        let _ = child.kill();
        child.wait().expect("it ends");
        assert!(now >= before, "{before} and then {now}");
        before = photo_of(&world.li.json(&["photo", "list"]), &photo)["sent"].as_u64().unwrap_or(0);
        rounds += 1;
    }
    let _ = world.li.json(&["sync"]);
    assert_eq!(photo_of(&world.li.json(&["photo", "list"]), &photo)["state"], "sent");
    let _ = world.wang.json(&["sync"]);
    assert_eq!(world.get(&world.wang, &photo, "arrived.jpg", &[]), made);
    assert_eq!(world.server.json(&["verify"])["ok"], true);
}
