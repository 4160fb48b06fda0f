//! The phone in a terminal: reads a command line, asks `core::phone`, answers in JSON or in words.
//!
//! No rule of the domain lives here, and nothing reads clock, environment or
//! entropy: `main` hands them in as a [`World`]. One file per group of commands.

pub mod args;
mod ask;
mod errors;
mod names;
mod online;
pub mod outcome;
mod photos;
mod places;
mod records;
mod rescue;
mod show;
mod visits;
pub mod words;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use ironfeet_core::checklist::Content;
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::Lang;
use ironfeet_core::phone::{OpenOptions, Phone};

use args::{Cli, Command};
use names::Names;
use outcome::{Answer, Failure, say};

/// What the program stands on.
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The store's key as it was given: 64 hex digits.
    pub key: Option<String>,
    /// The key of rescue files, where it is not the store's.
    pub rescue_key: Option<String>,
    /// Whether a person sits there.
    pub terminal: bool,
    /// Shows progress to them, on a line of its own.
    pub progress: fn(&str),
}

/// Where text comes from and goes to.
pub struct Lines<'a> {
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

/// One command at work.
struct Desk<'a> {
    world: &'a World,
    dir: PathBuf,
    lang: Lang,
    json: bool,
}

/// Runs one command line; gives the exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>, world: &World, lines: &mut Lines<'_>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let _ = write!(lines.err, "{error}");
            return 2;
        }
        Err(help) => return u8::from(write!(lines.out, "{help}").is_err()),
    };
    let lang = cli.lang.into();
    let ended = cli
        .data
        .clone()
        .ok_or_else(|| {
            Failure::Usage(
                say(
                    lang,
                    "请用 --data 指定数据目录",
                    "name the folder of the store with --data DIR",
                )
                .to_owned(),
            )
        })
        .and_then(|dir| Desk { world, dir, lang, json: cli.json }.perform(&cli.command, lines));
    finish(ended, lang, cli.json, lines)
}

/// Says how it ended; gives the exit code.
fn finish(ended: Result<Answer, Failure>, lang: Lang, json: bool, lines: &mut Lines<'_>) -> u8 {
    let (out, code) = match ended {
        Ok(answer) if json => (answer.json.map(|v| v.to_string()), 0),
        Ok(answer) => (Some(answer.text).filter(|t| !t.is_empty()), 0),
        Err(failure) => {
            let _ = writeln!(lines.err, "{}", failure.text(lang));
            (failure.json().filter(|_| json).map(|v| v.to_string()), failure.exit_code())
        }
    };
    let written = out
        .is_none_or(|text| writeln!(lines.out, "{text}").and_then(|()| lines.out.flush()).is_ok());
    // Done, but nobody could be told: that is not done.
    if written || code != 0 { code } else { 1 }
}

impl Desk<'_> {
    fn perform(&self, command: &Command, lines: &mut Lines<'_>) -> Result<Answer, Failure> {
        match command {
            Command::Init(init) => self.init(init),
            Command::Enrol(enrol) => self.enrol(enrol),
            Command::Sync { watch, no_photos } => self.sync(*watch, !no_photos, lines),
            Command::Place(place) => self.place(place),
            Command::Today => self.today(),
            Command::Visit(visit) => self.visit(visit, lines),
            Command::Findings { open } => self.findings(*open),
            Command::Conflicts => self.conflicts(),
            Command::Settle { doc, field, change } => self.settle(*doc, field, *change),
            Command::Photo(photo) => self.photo(photo),
            Command::Notices { all } => self.notices(*all),
            Command::Status => self.status(),
            Command::Verify => self.verify(),
            Command::Rescue(rescue) => self.rescue(rescue),
        }
    }

    fn init(&self, init: &args::Init) -> Result<Answer, Failure> {
        let content = init.content.as_ref().map(|file| self.read_text(file)).transpose()?;
        let options = OpenOptions { content, ..self.options()? };
        let phone = Phone::init(options, init.person.clone(), init.role, &init.grid)
            .map_err(|e| self.failure(&e))?;
        let id = phone.status().map_err(|e| self.failure(&e))?.install_id.to_string();
        let done = say(self.lang, "已建立，可离线使用。", "Ready, works with no network.");
        Ok(Answer::new(serde_json::json!({"install_id": id}), format!("{done}\n{id}")))
    }

    fn names<'a>(&self, content: &'a Content) -> Names<'a> {
        Names { content, lang: self.lang }
    }

    fn open(&self) -> Result<Phone, Failure> {
        let phone = Phone::open(self.options()?).map_err(|e| self.failure(&e))?;
        match phone.recovered() {
            // Say it before anything else is done; the same command may then be given again.
            Some(saved) => Err(self.recovered(&saved)),
            None => Ok(phone),
        }
    }

    fn options(&self) -> Result<OpenOptions, Failure> {
        Ok(OpenOptions {
            dir: self.dir.clone(),
            key: self.key(self.world.key.as_deref(), "IRONFEET_KEY")?,
            clock: Arc::clone(&self.world.clock),
            entropy: Arc::clone(&self.world.entropy),
            content: None,
            keystore: None,
        })
    }

    /// A key of 32 bytes from 64 hex digits. The error never repeats what was given.
    fn key(&self, text: Option<&str>, name: &str) -> Result<[u8; 32], Failure> {
        let mut key = [0; 32];
        let given = text.ok_or_else(|| {
            let zh = format!("请在环境变量 {name} 中给出密钥（64 位十六进制）");
            let en = format!("the key is missing: set {name} to 64 hex digits");
            Failure::Usage(say(self.lang, &zh, &en).to_owned())
        })?;
        hex::decode_to_slice(given.trim(), &mut key).map_err(|_| {
            let zh = format!("{name} 不是 64 位十六进制数");
            let en = format!("{name} is not 64 hex digits");
            Failure::Usage(say(self.lang, &zh, &en).to_owned())
        })?;
        Ok(key)
    }
}
