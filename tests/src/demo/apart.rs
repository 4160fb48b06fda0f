//! A server in a process of its own, and what the system says that process has used.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ironfeet_core::model::UtcMillis;

use crate::bench::station::StationError;
use crate::bench::watch::epoch_ms;

/// The server's process; it ends with this value.
pub struct Apart {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Processor seconds, its own and the kernel's for it.
    pub cpu_s: f64,
    /// Most memory it ever held, in bytes.
    pub rss_max: u64,
}

/// Ticks of `/proc/PID/stat` in a second, on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

impl Apart {
    /// Starts `program serve` on a folder, at a time of the city, on a free port.
    ///
    /// # Errors
    /// When it does not start or tells no address.
    pub fn start(program: &Path, data: &Path, now: UtcMillis) -> Result<Self, StationError> {
        let ahead = now.0 - epoch_ms() as i64;
        let mut child = Command::new(program)
            .arg("serve")
            .env("PORT", "0")
            .env("DATA_DIR", data)
            .env("AHEAD_MS", ahead.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let silent = || StationError::Setting("the server told no address".to_owned());
        let out = child.stdout.take().ok_or_else(silent)?;
        let told = BufReader::new(out).lines().map_while(Result::ok);
        let mut addresses = told.filter_map(|l| l.strip_prefix("Listening on ")?.parse().ok());
        let address = addresses.next();
        let apart = Self { address: address.ok_or_else(silent)?, child };
        Ok(apart)
    }

    /// What it has used so far; zeros where the system does not tell.
    #[must_use]
    pub fn used(&self) -> Used {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap_or_default()
        };
        // The name, in brackets, may hold blanks; after it, utime and stime are fields 12 and 13.
        let stat = read("stat");
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
        let status = read("status");
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
        Used { cpu_s: ticks / TICKS, rss_max: kib * 1024 }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stop(mut self) -> Result<(), StationError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
