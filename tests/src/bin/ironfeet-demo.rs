//! A city in one command; see `ironfeet_tests::demo`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ironfeet_tests::bench::station::StationError;
use ironfeet_tests::city::Scale;
use ironfeet_tests::demo::tally::Summary;
use ironfeet_tests::demo::{Life, Show};

/// Lives some working days in a synthetic city with a real server and real phones, then leaves the console open.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Size: small (20,000 people), medium (500,000) or full (5,000,000).
    #[arg(long, default_value = "small")]
    city: Scale,
    /// Working days.
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// Seed of the city.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Address of the server.
    #[arg(long, default_value = "127.0.0.1:8440")]
    listen: SocketAddr,
    /// Folder for server and phones, kept afterwards; a temporary one unless given.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Ends after the verification instead of leaving the console open.
    #[arg(long)]
    exit: bool,
    /// One JSON value on standard output.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(&format!("ironfeet-demo: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(line: &str) {
    // Who closed the pipe does not want to read it.
    let _closed = writeln!(std::io::stderr(), "{line}");
}

fn run(args: &Args) -> Result<bool, StationError> {
    let temporary = match &args.data {
        None => Some(tempfile::tempdir()?),
        Some(_) => None,
    };
    let data = args.data.clone().or_else(|| temporary.as_ref().map(|t| t.path().to_owned()));
    let data = data.unwrap_or_default();
    if data.exists() && data.read_dir()?.next().is_some() {
        return Err(StationError::Setting(format!("{} is not empty", data.display())));
    }
    let (scale, days, seed, listen) = (args.city, args.days, args.seed, args.listen);
    let show = Show { scale, days, seed, listen, data, apart: None };
    let mut life = Life::begin(&show, &mut tell)?;
    life.live(days, &mut tell)?;
    let (town, summary) = life.end(&show)?;
    print(&summary, args.json)?;
    let well = summary.is_well();
    if !args.exit {
        town.clock.run_on();
        let secret = town.console_code()?.unwrap_or_else(|| "-".to_owned());
        tell(&format!(
            "\n控制台 console  http://{}/console   登录码 sign in with  {secret}\nCtrl-C 结束 ends",
            town.address
        ));
        town.runtime.block_on(tokio::signal::ctrl_c())?;
    }
    town.stop()?;
    Ok(well)
}

fn print(summary: &Summary, json: bool) -> Result<(), StationError> {
    let value = summary.json();
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{value}")?;
        return Ok(());
    }
    writeln!(out, "\n{value:#}")?;
    let verdict = if summary.is_well() {
        "服务器与手机一致 server and phones agree"
    } else {
        "不一致 something does not agree"
    };
    writeln!(out, "{verdict}")?;
    Ok(())
}
