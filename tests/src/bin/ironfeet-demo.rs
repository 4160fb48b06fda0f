//! A city in one command; see `ironfeet_tests::demo`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ironfeet_core::ground::Clock;
use ironfeet_core::model::UtcMillis;
use ironfeet_tests::bench::station::StationError;
use ironfeet_tests::bench::watch::epoch_ms;
use ironfeet_tests::city::Scale;
use ironfeet_tests::demo::doors::Doors;
use ironfeet_tests::demo::tally::Summary;
use ironfeet_tests::demo::town::Town;
use ironfeet_tests::demo::{Life, Show, clock, first_day};
use jiff::civil::Date;

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
    /// Weeks before the first day whose visits are brought in.
    #[arg(long, default_value_t = 8)]
    weeks: u32,
    /// Seed of the city.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The last day, such as 2026-11-20; the last one that is over unless given.
    #[arg(long)]
    until: Option<Date>,
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
    let first_day = first_day(args.until.unwrap_or_else(|| clock::yesterday(epoch_ms())), days);
    let (phones_max, story, apart, weeks) = (usize::MAX, true, None, args.weeks);
    let show = Show { scale, days, seed, first_day, weeks, listen, data, apart, phones_max, story };
    let mut life = Life::begin(&show, &mut tell)?;
    life.live(days, &mut tell)?;
    let (town, doors, summary) = life.end(&show)?;
    print(&summary, &doors, args.json)?;
    let well = summary.is_well();
    if !args.exit {
        town.clock.set(UtcMillis(epoch_ms() as i64));
        town.clock.run_on();
        welcome(&town, &doors);
        let clock = town.clock.clone();
        std::thread::spawn(move || tell_codes(&doors, &*clock));
        town.runtime.block_on(tokio::signal::ctrl_c())?;
    }
    town.stop()?;
    Ok(well)
}

fn welcome(town: &Town, doors: &Doors) {
    tell(&format!(
        "\n控制台 console  http://{}/console\n\n{}\n\n口令 password  {}\n动态码 code  {}   \
         （30 秒一换，按回车再取；一个码每个账号只能用一次 a new one each 30 s: press Enter; once per account）\n\
         Ctrl-C 结束 ends",
        town.address,
        doors.text(),
        doors.password,
        doors.code(town.clock.now().0),
    ));
}

/// A line typed asks for the code of now.
fn tell_codes(doors: &Doors, clock: &dyn Clock) {
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        tell(&format!("动态码 code  {}", doors.code(clock.now().0)));
    }
}

fn print(summary: &Summary, doors: &Doors, json: bool) -> Result<(), StationError> {
    let mut value = summary.json();
    let mut out = std::io::stdout();
    if json {
        value["console"] = doors.json();
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
