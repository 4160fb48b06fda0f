//! The benches: `serve` and `device` for the comparison with peers (settings come from the
//! environment, as their protocol wants it).

use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ironfeet_tests::bench::device::{self, DeviceSetting};
use ironfeet_tests::bench::serve;
use ironfeet_tests::bench::station::StationError;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("device") => device(),
        Some("serve") => serve(),
        _ => Err(StationError::Setting("usage: ironfeet-bench serve|device".to_owned())),
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

fn serve() -> Result<(), StationError> {
    let port = setting("PORT")?.parse();
    let port = port.map_err(|_| StationError::Setting("PORT is no number".to_owned()))?;
    serve::run(setting("DATA_DIR")?.into(), port, std::io::stdout())
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
