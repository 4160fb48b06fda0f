//! The program: the only reader of clock, environment and entropy, and the only one that prints.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 store damaged.

use std::io::{IsTerminal as _, Write as _};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{Lang, UtcMillis};
use ironfeet_server::command::{self, Cli, Command, CommandError, Ground, Report};
use ironfeet_server::config::Config;

/// Variables of other programs of this system.
const OTHERS: &[&str] = &["KEY", "RESCUE_KEY", "BENCH", "LOG", "DEMO"];

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    fn now(&self) -> UtcMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UtcMillis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place where entropy enters")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the system gives entropy, or nothing can be safe");
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let outcome = act(cli);
    let report = outcome.unwrap_or_else(|error| error.report());
    print(&report, json);
    ExitCode::from(report.exit)
}

fn print(report: &Report, json: bool) {
    let failed = report.exit != 0;
    let mut out = std::io::stdout();
    // A closed pipe is no reason to fail.
    let _ = if json {
        writeln!(out, "{}", report.json)
    } else if failed {
        writeln!(std::io::stderr(), "{}", report.text)
    } else if report.text.is_empty() {
        Ok(())
    } else {
        writeln!(out, "{}", report.text)
    };
}

fn act(cli: Cli) -> Result<Report, CommandError> {
    let mut config = config(&cli)?;
    if let Some(data) = cli.data {
        config.data = data;
    }
    if let Command::Serve { listen: Some(listen) } = &cli.command {
        config.listen = *listen;
    }
    let lang: Lang = cli.lang.into();
    let ground = Ground {
        config,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        lang,
        progress: Box::new(progress),
    };
    match cli.command {
        Command::Serve { .. } => serve(&ground),
        other => command::run(&ground, other),
    }
}

fn config(cli: &Cli) -> Result<Config, CommandError> {
    let file = match &cli.config {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some((
                path.display().to_string(),
                text.map_err(|e| CommandError::File(path.clone(), e))?,
            ))
        }
        None => None,
    };
    let file = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    Config::load(file, std::env::vars(), OTHERS)
        .map_err(|e| CommandError::Refused("config".to_owned(), e.to_string()))
}

fn progress(done: u64) {
    let mut screen = std::io::stderr();
    if screen.is_terminal() {
        let _ = write!(screen, "\r{done}");
    }
}

fn serve(ground: &Ground) -> Result<Report, CommandError> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("IRONFEET_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let config = &ground.config;
    config.check().map_err(|e| CommandError::Refused("config".to_owned(), e.to_string()))?;
    let failed = |e| CommandError::File(config.listen.to_string().into(), e);
    let (app, _lock) = ground.serving()?;
    let listener = TcpListener::bind(config.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if config.console.enabled
        && let Some(code) = command::first_code(&app)?
    {
        let _ = writeln!(std::io::stderr(), "one-time code for the console: {code}");
    }
    if config.console.enabled
        && let Some((account, password)) = command::first_administrator(&app)?
    {
        let mut screen = std::io::stderr();
        let _ = writeln!(screen, "first administrator: {account}, one-time password: {password}");
    }
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on {address}").and_then(|()| out.flush());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(ironfeet_server::run(listener, Arc::new(app), stopped())).map_err(failed)?;
    Ok(Report { json: serde_json::json!({ "ok": true }), text: String::new(), exit: 0 })
}

/// Ends with Ctrl-C or SIGTERM.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
