//! What is typed in a terminal: arguments in, a report out. `main` prints and ends the process.
//!
//! Every command but `serve` opens the same store that a running server uses; SQLite lets
//! them stand side by side. Must not know clocks, the environment or the screen.

mod access;
mod admin;
mod check;
mod checklists;
mod files;
mod place;
mod quarantine;
mod register;

use std::fs::{DirBuilder, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::Lang;

use crate::app::App;
use crate::config::Config;
use crate::enrol::{self, CONSOLE_CODE as CODE};
use crate::store::sqlite::Sqlite;
use crate::store::{self, Store, StoreError};
use crate::{account, audit};

pub use access::{ApiToken, Login};
pub use admin::{Admin, Device, Person};
pub use check::AuditCommand;
pub use files::ImportWhat;
pub use place::Place;
pub use quarantine::Quarantine;
pub use register::{Entry, Post, RoleAct};

/// The database's file in the data folder.
pub const DATABASE: &str = "ironfeet.db";
/// Held by a serving process.
const LOCK: &str = "serve.lock";

/// The sync server of Ironfeet.
#[derive(Debug, Parser)]
#[command(name = "ironfeet-server", version, about, propagate_version = true)]
pub struct Cli {
    /// One JSON value on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages.
    #[arg(long, global = true, value_enum, default_value_t = Tongue::En)]
    pub lang: Tongue,
    /// Settings (TOML).
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
    /// Folder of the database.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tongue {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl From<Tongue> for Lang {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Zh => Self::Zh,
            Tongue::En => Self::En,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Listen for phones and supervisors.
    Serve {
        /// Address to listen on.
        #[arg(long)]
        listen: Option<std::net::SocketAddr>,
    },
    /// People, enrolment, phones, places.
    Admin {
        /// What to do.
        #[command(subcommand)]
        act: Admin,
    },
    /// Changes that wait for a decision.
    Quarantine {
        /// What to do.
        #[command(subcommand)]
        act: Quarantine,
    },
    /// Bring a city's own data in.
    Import {
        /// What to bring in.
        #[command(subcommand)]
        what: ImportWhat,
    },
    /// Print the checklists in use (YAML).
    Checklists,
    /// Write a consistent copy of the database, beside a running server.
    Backup {
        /// The file to write; must not exist.
        file: PathBuf,
        /// The copy is kept off this host: phones may drop what is in it.
        #[arg(long)]
        durable: bool,
    },
    /// Put a copy back; the server must not run.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// Begin a new epoch, after the database was put back by other means than `restore`; the server must not run.
    BumpEpoch,
    /// Check that everything is whole.
    Verify,
    /// The trail of decisions.
    Audit {
        /// What to do.
        #[command(subcommand)]
        act: AuditCommand,
    },
    /// Make the rows for screens again from the changes.
    RebuildProjections,
}

/// What a command says at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// For programs.
    pub json: Value,
    /// For people.
    pub text: String,
    /// 0 done, 1 failed, 3 refused, 4 store damaged.
    pub exit: u8,
}

impl Report {
    fn done(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), exit: 0 }
    }
}

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An ordinary "no": stable code and text.
    #[error("{1}")]
    Refused(String, String),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
}

impl CommandError {
    fn refused(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Refused(code.into(), text.into())
    }

    /// The report of a failure.
    #[must_use]
    pub fn report(&self) -> Report {
        let text = self.to_string();
        match self {
            Self::Refused(code, text) => {
                let json = json!({ "refused": { "code": code, "text": text } });
                Report { json, text: text.clone(), exit: 3 }
            }
            Self::Store(StoreError::Damaged(_) | StoreError::Newer { .. }) => {
                Report { json: json!({ "failed": text }), text, exit: 4 }
            }
            Self::Store(error) => {
                let source = std::error::Error::source(error).map(ToString::to_string);
                let text = source.map_or(text.clone(), |source| format!("{text}: {source}"));
                Report { json: json!({ "failed": text }), text, exit: 1 }
            }
            Self::File(..) => Report { json: json!({ "failed": text }), text, exit: 1 },
        }
    }
}

/// What `main` hands to a command.
pub struct Ground {
    /// The settings, with what the command line says on top.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Language of messages.
    pub lang: Lang,
    /// Hears how many are done, where somebody watches.
    pub progress: Box<dyn Fn(u64)>,
}

impl Ground {
    /// A text in the language asked for.
    fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn database(&self) -> PathBuf {
        self.config.data.join(DATABASE)
    }

    /// Opens the store, and makes the folder where there is none.
    ///
    /// # Errors
    /// [`CommandError::File`], of the store.
    pub fn store(&self) -> Result<Arc<dyn Store>, CommandError> {
        make_folder(&self.config.data)?;
        Ok(Arc::new(Sqlite::open(&self.database())?))
    }

    /// The parts of a command that acts like the server, without serving.
    fn app(&self) -> Result<App, CommandError> {
        let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
        Ok(App::new(self.config.clone(), self.store()?, clock, entropy, false)?)
    }

    /// The parts of a serving process, and its lock, which must be kept.
    ///
    /// # Errors
    /// [`CommandError::Refused`] when another process serves this folder; of the store.
    pub fn serving(&self) -> Result<(App, File), CommandError> {
        make_folder(&self.config.data)?;
        let lock = self.lock()?;
        let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
        Ok((App::new(self.config.clone(), self.store()?, clock, entropy, true)?, lock))
    }

    fn lock(&self) -> Result<File, CommandError> {
        let path = self.config.data.join(LOCK);
        let file = File::create(&path).map_err(|e| CommandError::File(path, e))?;
        let running =
            self.say("另一个服务进程正在使用这个数据目录", "a server runs on this folder");
        file.try_lock().map_err(|_| CommandError::refused("running", running))?;
        Ok(file)
    }
}

fn make_folder(path: &Path) -> Result<(), CommandError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| CommandError::File(path.to_owned(), e))
}

/// The first one-time code of the console, where there never was one.
///
/// # Errors
/// Of the store.
pub fn first_code(app: &App) -> Result<Option<String>, StoreError> {
    let code = enrol::secret(&*app.entropy);
    store::transact(&*app.store, |s| {
        if s.meta(CODE)?.is_some() {
            return Ok(None);
        }
        s.meta_put(CODE, &enrol::code_hash(&code))?;
        Ok(Some(code.clone()))
    })
}

/// The first administrator's account and one-time password, where nobody can sign in yet: told once.
///
/// # Errors
/// Of the store.
pub fn first_administrator(app: &App) -> Result<Option<(&'static str, String)>, StoreError> {
    let now = app.clock.now();
    let password = store::transact(&*app.store, |s| account::first(s, &*app.entropy, now))?;
    Ok(password.map(|password| (account::FIRST, password)))
}

/// Runs any command but `serve`.
///
/// # Errors
/// [`CommandError`].
pub fn run(ground: &Ground, command: Command) -> Result<Report, CommandError> {
    let told = act(ground, command)?;
    // What was done here is in the trail: its witness moves on. A trail that does not hold what the
    // witness saw is told by `audit verify`, and the witness stays.
    let witness = ground.config.data.join(audit::witness::FILE);
    if ground.database().is_file() {
        audit::witness::advance(&*ground.store()?, &witness)?;
    }
    Ok(told)
}

fn act(ground: &Ground, command: Command) -> Result<Report, CommandError> {
    match command {
        Command::Serve { .. } => Err(CommandError::refused("serve", "serve is run by main")),
        Command::Admin { act } => admin::run(ground, act),
        Command::Quarantine { act } => quarantine::run(ground, &act),
        Command::Checklists => checklists::show(ground),
        Command::Import { what } => files::import(ground, &what),
        Command::Backup { file, durable } => files::backup(ground, &file, durable),
        Command::Restore { file } => files::restore(ground, &file),
        Command::BumpEpoch => files::bump_epoch(ground),
        Command::Verify => check::verify(ground),
        Command::Audit { act } => check::audit(ground, &act),
        Command::RebuildProjections => check::rebuild(ground),
    }
}
