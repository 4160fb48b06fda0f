//! The bench's server: the real one, and beside it a port that hands out enrolment codes, because
//! a bench has no administrator. Nothing else differs from `ironfeet-server serve`.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{GridCode, Lang, PersonId, UtcMillis};
use ironfeet_server::app::App;
use ironfeet_server::command::{CommandError, Ground};
use ironfeet_server::config::Config;
use ironfeet_server::{enrol, store};

use super::station::{CODES_AT, GRID, StationError};
use super::watch::{SystemClock, SystemEntropy};

/// A server in this process.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its parts.
    pub app: Arc<App>,
    listener: TcpListener,
    _lock: std::fs::File,
}

/// Opens a data folder and a port on loopback; `port` 0 takes a free one.
///
/// # Errors
/// When the folder is in use or damaged, or the port is taken.
pub fn open(
    data: PathBuf,
    port: u16,
    clock: Arc<dyn Clock>,
    settings: impl FnOnce(&mut Config),
) -> Result<Served, StationError> {
    let mut config = Config { data, ..Config::default() };
    config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    settings(&mut config);
    let listener = TcpListener::bind(config.listen)?;
    let address = listener.local_addr()?;
    config.listen = address;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let ground = Ground { config, clock, entropy, lang: Lang::En, progress: Box::new(|_| {}) };
    let (app, lock) = ground.serving().map_err(|e| failed(&e))?;
    Ok(Served { address, app: Arc::new(app), listener, _lock: lock })
}

fn failed(error: &CommandError) -> StationError {
    StationError::Setting(format!("server: {error}"))
}

impl Served {
    /// Serves until `shutdown` ends.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), StationError> {
        Ok(ironfeet_server::run(self.listener, self.app, shutdown).await?)
    }
}

/// A one-time code, as an administrator would make it.
///
/// # Errors
/// When the store fails.
pub fn code(app: &App, person: &PersonId, grids: &[GridCode]) -> Result<String, StationError> {
    let now = app.clock.now();
    store::transact(&*app.store, |s| enrol::code(s, &*app.entropy, person, grids, now))
        .map(|(code, _)| code)
        .map_err(|error| StationError::Setting(format!("server: {error}")))
}

/// The system's clock, ahead by so many milliseconds: a city's days need not be today.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> UtcMillis {
        UtcMillis(SystemClock.now().0 + self.0)
    }
}

/// `ironfeet-bench serve`: serves until SIGTERM, handing a code to whoever connects beside it.
/// `ahead_ms`: the server's time minus the system's.
///
/// # Errors
/// When the folder or a port cannot be used.
pub fn run(
    data: PathBuf,
    port: u16,
    ahead_ms: i64,
    mut output: impl Write,
) -> Result<(), StationError> {
    let served = open(data, port, Arc::new(Ahead(ahead_ms)), |_| {})?;
    // A free port is asked for by a city, which makes its codes itself.
    let at = if port == 0 { 0 } else { port + CODES_AT };
    let codes = TcpListener::bind((Ipv4Addr::LOCALHOST, at))?;
    let app = served.app.clone();
    // Ends with the process; a bench stops it by a signal.
    std::thread::spawn(move || hand_out(&app, &codes));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    writeln!(output, "Listening on {}", served.address)?;
    output.flush()?;
    runtime.block_on(served.run(terminated()))
}

fn hand_out(app: &App, codes: &TcpListener) {
    let person: PersonId = "bench".parse().expect("a word of letters");
    let grid: GridCode = GRID.parse().expect("fifteen digits in range");
    for caller in codes.incoming() {
        let (Ok(mut caller), Ok(code)) = (caller, code(app, &person, std::slice::from_ref(&grid)))
        else {
            continue;
        };
        // Who hung up asks again.
        let _hung_up = writeln!(caller, "{code}");
    }
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
        terminate.recv().await;
    }
}
