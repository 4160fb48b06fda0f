//! A phone in a terminal as the journeys hold it: starts the real program, reads its JSON and its exit codes.
//!
//! Must not know how the program works inside; only `commands.md` binds it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// One phone: a program, a folder, a key, a language.
#[derive(Clone, Debug)]
pub struct Terminal {
    program: PathBuf,
    dir: PathBuf,
    key: String,
    lang: &'static str,
}

/// How one command ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Terminal {
    /// A phone whose store lies in `dir` under a key made of one repeated byte.
    #[must_use]
    pub fn new(program: &str, dir: &Path, key: u8, lang: &'static str) -> Self {
        Self {
            program: PathBuf::from(program),
            dir: dir.to_owned(),
            key: hex::encode([key; 32]),
            lang,
        }
    }

    /// The folder of the store.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The same phone with another key or language.
    #[must_use]
    pub fn with(&self, key: u8, lang: &'static str) -> Self {
        Self { key: hex::encode([key; 32]), lang, ..self.clone() }
    }

    /// The command, not yet started.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.dir).args(["--lang", self.lang]).args(args);
        command.env_clear().env("IRONFEET_KEY", &self.key);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Ran {
        ended(&self.command(args).output().expect("the program starts"))
    }

    /// Runs a command that reads `input`.
    #[must_use]
    pub fn feed(&self, args: &[&str], input: &str) -> Ran {
        let mut child =
            self.command(args).stdin(Stdio::piped()).spawn().expect("the program starts");
        // A program that ends early closes the pipe; its exit code tells the rest.
        let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
        ended(&child.wait_with_output().expect("the program ends"))
    }

    /// What a command that must succeed says to people.
    #[must_use]
    #[track_caller]
    pub fn text(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// What a command that must succeed says to scripts.
    #[must_use]
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], args].concat());
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
        ran.json()
    }

    /// The refusal of a command that must be refused: `{"code","text"}`.
    #[must_use]
    #[track_caller]
    pub fn refused(&self, args: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], args].concat());
        assert_eq!(ran.code, Some(3), "{args:?}: {}{}", ran.out, ran.err);
        ran.json()["refused"].clone()
    }

    /// The id in what a command says.
    #[must_use]
    #[track_caller]
    pub fn id(&self, args: &[&str]) -> String {
        let json = self.json(args);
        json["id"].as_str().expect("the command answers with an id").to_owned()
    }

    /// Answers what is asked until nothing required is open.
    #[track_caller]
    pub fn answer_all(&self, visit: &str, inspector: &mut Inspector) {
        for _ in 0..40 {
            let asked = self.json(&["visit", "questions", visit]);
            let lines: String = asked
                .as_array()
                .expect("questions are a list")
                .iter()
                .filter(|q| q["answer"].is_null() && q["required"] == true)
                .map(|q| format!("{} {}\n", text(&q["item"]), inspector.answer(q)))
                .collect();
            if lines.is_empty() {
                return;
            }
            // An answer may hide a question that was open before it: that line is refused, no harm.
            let ran = self.feed(&["--json", "visit", "fill", visit], &lines);
            assert!(matches!(ran.code, Some(0 | 3)), "{}{}", ran.out, ran.err);
        }
        panic!("the questions never end");
    }
}

impl Ran {
    /// The one JSON value on standard output.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("stdout is one JSON value")
    }
}

fn ended(output: &std::process::Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A JSON text, or nothing.
#[must_use]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Someone who goes in and answers by seed.
#[derive(Clone, Debug)]
pub struct Inspector {
    rng: ChaCha8Rng,
    /// How often a check shows a hazard, 0 to 1.
    hazards: f64,
}

impl Inspector {
    /// The same seed gives the same answers to the same questions.
    #[must_use]
    pub fn new(seed: u64, hazards: f64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), hazards }
    }

    /// An answer that fits a question of `visit questions`.
    pub fn answer(&mut self, question: &Value) -> String {
        // Whoever does not go in has nothing to answer.
        if question["item"] == "V-02" {
            return "entered".to_owned();
        }
        let codes: Vec<&str> = question["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| text(&c["code"]))
            .collect();
        match text(&question["type"]) {
            "check" if self.rng.random_bool(self.hazards) => "hazard".to_owned(),
            "check" => "ok".to_owned(),
            "int" => self.rng.random_range(1..12).to_string(),
            "decimal" => "12.5".to_owned(),
            "date" => "2026-01-15".to_owned(),
            "notice" => "yes".to_owned(),
            "text" => "走廊尽头有杂物 boxes at the end of the corridor".to_owned(),
            _ => codes[self.rng.random_range(0..codes.len())].to_owned(),
        }
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.rng.next_u64() % end.max(1)
    }
}
