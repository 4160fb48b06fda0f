//! A phone in a terminal. The only reader of clock, environment and entropy; everything else is handed in.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::UtcMillis;
use ironfeet_tests::phone_cli::{Lines, World, run};

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "main is where time enters")]
    fn now(&self) -> UtcMillis {
        // A clock before 1970 is as wrong as any other: nothing is ordered by it.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "main is where entropy enters")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("an operating system without entropy cannot run this");
    }
}

#[expect(clippy::disallowed_methods, reason = "main is where the environment is read")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn progress(text: &str) {
    // Nobody is worse off without it.
    let _ = write!(io::stderr(), "{text}");
}

fn main() -> ExitCode {
    let world = World {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        key: environment("IRONFEET_KEY"),
        rescue_key: environment("IRONFEET_RESCUE_KEY"),
        terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
        progress,
    };
    let mut input = io::stdin().lock();
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    let mut lines = Lines { input: &mut input, out: &mut out, err: &mut err };
    ExitCode::from(run(std::env::args_os(), &world, &mut lines))
}
