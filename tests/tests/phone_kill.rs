//! kill -9 at any moment: what was acknowledged is there, the rest is as if never typed, and all is whole.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ironfeet_tests::picture::noise;
use ironfeet_tests::terminal::{Inspector, Terminal, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ironfeet-phone");
const GRID: &str = "329901001012001";
const SEED: u64 = 20_261_123;

fn phone(dir: &std::path::Path) -> (Terminal, String) {
    let phone = Terminal::new(PROGRAM, dir, 3, "en");
    let _ = phone.json(&["init", "--person", "li.ming", "--grid", GRID]);
    let place = phone.id(&[
        "place",
        "add",
        "--kind",
        "dwelling",
        "--address",
        "Peace Road 8",
        "--lat",
        "33.61",
        "--lon",
        "119.02",
    ]);
    let visit = phone.id(&["visit", "start", &place, "household"]);
    (phone, visit)
}

fn whole(phone: &Terminal) {
    let verify = phone.json(&["verify"]);
    assert_eq!(verify["ok"], true, "{verify}");
}

/// Waits for the child's output to end, at most this long.
fn ends_within(child: &mut Child, limit: Duration) -> bool {
    let (tell, told) = mpsc::channel();
    let mut out = child.stdout.take().expect("stdout is piped");
    std::thread::spawn(move || {
        let _ = out.read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    told.recv_timeout(limit).is_ok()
}

#[test]
fn killed_between_answers_nothing_acknowledged_is_lost() {
    println!("seed {SEED}");
    let dir = tempfile::tempdir().unwrap();
    let (phone, visit) = phone(dir.path());
    let mut chance = Inspector::new(SEED, 0.0);
    let mut before = String::new();
    for round in 0..12 {
        let mut child = phone
            .command(&["--json", "visit", "fill", &visit])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let lines: String = (0..400).map(|n| format!("V-05 round {round} answer {n}\n")).collect();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let kept = 1 + chance.below(40);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut acknowledged = 0;
        let mut line = String::new();
        while acknowledged < kept && out.read_line(&mut line).unwrap() > 0 {
            acknowledged += u64::from(line.contains("\"change\""));
            line.clear();
        }
        child.kill().unwrap();
        // What was acknowledged between our decision and the blow counts as well.
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        acknowledged += rest.matches("\"change\":\"").count() as u64;
        child.wait().unwrap();

        let now = text(&phone.json(&["visit", "show", &visit])["answers"]["V-05"]).to_owned();
        let last: u64 = now
            .strip_prefix(&format!("round {round} answer "))
            .unwrap_or_else(|| panic!("round {round}: {now:?} after {before:?}"))
            .parse()
            .unwrap();
        // Saved but not yet acknowledged is fine; acknowledged but not saved is not.
        assert!(
            (acknowledged - 1..=acknowledged).contains(&last),
            "{acknowledged} acknowledged, {now:?}"
        );
        whole(&phone);
        before = now;
    }
}

#[test]
fn killed_at_any_moment_of_one_answer_it_is_there_or_it_is_not() {
    println!("seed {SEED}");
    let dir = tempfile::tempdir().unwrap();
    let (phone, visit) = phone(dir.path());
    let mut chance = Inspector::new(SEED, 0.0);
    let mut value = "before".to_owned();
    let _ = phone.json(&["visit", "answer", &visit, "V-05", &value]);
    for round in 0..40 {
        let next = format!("round {round}");
        let mut child =
            phone.command(&["--json", "visit", "answer", &visit, "V-05", &next]).spawn().unwrap();
        // From the very start to somewhere behind the end of a usual run.
        let done = ends_within(&mut child, Duration::from_micros(chance.below(60_000)));
        let _ = child.kill();
        let code = child.wait().unwrap().code();
        let now = text(&phone.json(&["visit", "show", &visit])["answers"]["V-05"]).to_owned();
        assert!(now == value || now == next, "{now:?} is neither {value:?} nor {next:?}");
        if code == Some(0) {
            assert!(done || now == next);
            assert_eq!(now, next, "acknowledged and lost");
        }
        whole(&phone);
        value = now;
    }
}

#[test]
fn killed_at_any_moment_of_a_photo_it_is_there_whole_or_it_is_not() {
    println!("seed {SEED}");
    let dir = tempfile::tempdir().unwrap();
    let (phone, visit) = phone(dir.path());
    let mut chance = Inspector::new(SEED, 0.0);
    let mut rows = 0;
    for round in 0..25 {
        let file = dir.path().join(format!("{round}.png"));
        std::fs::write(&file, noise(120, round)).unwrap();
        let file = file.to_str().unwrap();
        let mut child = phone.command(&["--json", "photo", "add", &visit, file]).spawn().unwrap();
        let _done = ends_within(&mut child, Duration::from_micros(chance.below(80_000)));
        let _ = child.kill();
        let code = child.wait().unwrap().code();
        // The row, the file it names and the visit's entry stand and fall together.
        whole(&phone);
        let now = phone.json(&["photo", "list"]).as_array().unwrap().len();
        let shown = phone.json(&["visit", "show", &visit])["photos"].as_array().unwrap().len();
        assert_eq!(now, shown, "round {round}");
        assert!(now == rows || now == rows + 1, "round {round}: {rows} and then {now}");
        if code == Some(0) {
            assert_eq!(now, rows + 1, "acknowledged and lost");
        }
        rows = now;
    }
    assert!((1..25).contains(&rows), "{rows} of 25: nothing was killed, or everything");
}

/// A `visit fill` that is held open: one line in, one acknowledgement out.
struct Open {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Open {
    fn begin(phone: &Terminal, visit: &str) -> Self {
        let mut child = phone
            .command(&["--json", "visit", "fill", visit])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, out }
    }

    fn answer(&mut self, line: &str) -> String {
        let pipe = self.child.stdin.as_mut().expect("stdin is piped");
        writeln!(pipe, "{line}").expect("the program listens");
        let mut said = String::new();
        while !said.contains("}") {
            assert!(self.out.read_line(&mut said).expect("the program answers") > 0, "it ended");
        }
        said
    }

    fn end(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("the program ends");
        self.child.wait().expect("the program ends").code()
    }
}

#[test]
fn two_windows_on_one_store_see_each_others_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, visit) = phone(dir.path());
    let (mut left, mut right) = (Open::begin(&phone, &visit), Open::begin(&phone, &visit));
    for round in 0..5 {
        assert!(left.answer(&format!("V-05 left {round}")).contains("change"));
        assert!(right.answer("V-02 entered").contains("change"));
        assert!(right.answer(&format!("V-05 right {round}")).contains("change"));
        // HH-A3 is asked only because the other window just answered HH-A2.
        assert!(left.answer("HH-A2 piped").contains("change"));
        assert!(right.answer("HH-A3 none").contains("change"));
        assert!(right.answer("HH-A2 elec").contains("change"));
        assert!(left.answer("HH-A3 none").contains("refused"));
    }
    assert_eq!((left.end(), right.end()), (Some(3), Some(0)));
    let shown = phone.json(&["visit", "show", &visit]);
    assert_eq!(shown["answers"]["V-05"], "right 4");
    assert_eq!(shown["conflicts"], serde_json::json!([]), "one after the other is no conflict");
    whole(&phone);
}
