//! The benches: `serve` and `device` for the comparison with peers (settings come from the
//! environment, as their protocol wants it); `city`: how much of a city one machine carries; `fleet`: many phones.

use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ironfeet_tests::bench::beside::{self, BesideSetting};
use ironfeet_tests::bench::city::{self, CitySetting};
use ironfeet_tests::bench::device::{self, DeviceSetting};
use ironfeet_tests::bench::fleet::{self, FleetSetting};
use ironfeet_tests::bench::serve;
use ironfeet_tests::bench::station::StationError;
use ironfeet_tests::city::Scale;

/// Benches. `serve` and `device` take their settings from the environment: PORT, DATA_DIR; DIR, URL_, DOCS, DATA, INDEX, PLAN.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A server for the comparison with peers
    Serve,
    /// A device for the comparison with peers
    Device,
    /// Days in a synthetic city and a storm of all its phones, measured; one JSON value
    City {
        /// Size: small (20,000 people), medium (500,000) or full (5,000,000).
        #[arg(long, default_value = "small")]
        city: Scale,
        /// Working days with network as usual.
        #[arg(long, default_value_t = 1)]
        days: u32,
        /// Seed of the city.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// Seconds within which all phones come after a day without network.
        #[arg(long, default_value_t = 300.0)]
        storm: f64,
        /// Shorter windows to try afterwards, such as 60,30,15, until waiting breaks.
        #[arg(long, value_delimiter = ',')]
        ramp: Vec<f64>,
        /// Phones at most, spread evenly over the city.
        #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
        phones_max: usize,
        /// An empty folder on the disk to be measured; a temporary one unless given.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// What an answer costs while a large first download runs on the same phone; one JSON value
    Beside {
        /// Visits that the phone has to take in.
        #[arg(long, default_value_t = 5_000)]
        records: usize,
        /// As entries of a log that the phone reads on, not as a first download.
        #[arg(long)]
        log: bool,
        /// An empty folder on the disk to be measured; a temporary one unless given.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Many phones that enrol, record and sync against one server; one JSON value
    Fleet {
        /// Phones.
        #[arg(long, default_value_t = 1_000)]
        phones: usize,
        /// Seconds within which all of them come.
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// An empty folder on the disk to be measured; a temporary one unless given.
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("device") => device(),
        Some("serve") => serve(),
        _ => measure(Args::parse().what),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = writeln!(std::io::stderr(), "ironfeet-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the peers' protocol sets a device by environment")]
fn setting(name: &str) -> Result<String, StationError> {
    std::env::var(name).map_err(|_| StationError::Setting(format!("{name} is not set")))
}

fn measure(what: What) -> Result<(), StationError> {
    let temporary = tempfile::tempdir()?;
    let folder = |given: Option<PathBuf>| given.unwrap_or_else(|| temporary.path().to_owned());
    let program = std::env::current_exe()?;
    let mut tell = |line: &str| {
        // Who closed the pipe does not want to read it.
        let _closed = writeln!(std::io::stderr(), "{line}");
    };
    let found = match what {
        What::City { city: scale, days, seed, storm: storm_s, ramp: ramp_s, phones_max, data } => {
            let data = folder(data);
            let setting =
                CitySetting { scale, days, seed, phones_max, storm_s, ramp_s, data, program };
            city::run(&setting, &mut tell)?
        }
        What::Fleet { phones, seconds, data } => {
            let setting = FleetSetting { phones, seconds, data: folder(data), program };
            fleet::run(&setting, &mut tell)?
        }
        What::Beside { records, log, data } => {
            let setting = BesideSetting { records, log, data: folder(data), program };
            beside::run(&setting, &mut tell)?
        }
        What::Serve | What::Device => return Ok(()),
    };
    writeln!(std::io::stdout(), "{found:#}")?;
    if found["well"] == true {
        Ok(())
    } else {
        Err(StationError::Setting(
            "not well: see \"failures\" and \"disagreements\" in the answer".to_owned(),
        ))
    }
}

fn serve() -> Result<(), StationError> {
    let port = setting("PORT")?.parse();
    let port = port.map_err(|_| StationError::Setting("PORT is no number".to_owned()))?;
    let ahead = setting("AHEAD_MS").unwrap_or_else(|_| "0".to_owned()).parse();
    let ahead = ahead.map_err(|_| StationError::Setting("AHEAD_MS is no number".to_owned()))?;
    serve::run(setting("DATA_DIR")?.into(), port, ahead, std::io::stdout())
}

fn device() -> Result<(), StationError> {
    let docs = setting("DOCS").unwrap_or_else(|_| "500".to_owned());
    let path = |name: &str| setting(name).map(PathBuf::from);
    let setting = DeviceSetting {
        dir: path("DIR")?,
        address: setting("URL_")?,
        docs: docs.parse().map_err(|_| StationError::Setting("DOCS is no number".to_owned()))?,
        inputs: path("DATA")?,
        index: path("INDEX").unwrap_or_default(),
        plan: path("PLAN").unwrap_or_default(),
    };
    device::run(&setting, BufReader::new(std::io::stdin()), std::io::stdout())
}
