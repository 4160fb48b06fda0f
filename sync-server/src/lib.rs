//! The sync server: admission, partition logs, review and console.
//!
//! In reading order: [`config`] the settings, [`store`] what is kept, [`app`] what a running
//! server has at hand; [`intake`] takes a push, [`log`] numbers it, [`pull`] answers it;
//! [`pass`] knows who asks; [`bundle`] serves phones that start empty, [`reseed`] takes back what a restore lost;
//! [`lifecycle`] moves and archives, [`review`] is what people decide; [`http`] is the only
//! list of routes, [`command`] what is typed in a terminal.
//!
//! Nothing but `main` reads a clock, the environment or entropy.

pub mod account;
pub mod app;
pub mod audit;
pub mod bundle;
pub mod checklists;
pub mod command;
pub mod config;
pub mod contact;
pub mod coverage;
mod door;
pub mod enrol;
pub mod export;
pub mod http;
pub mod identity;
pub mod import;
pub mod intake;
pub mod lease;
pub mod lifecycle;
pub mod limiter;
pub mod log;
pub mod metrics;
pub mod nudge;
pub mod pass;
pub mod people;
pub mod photo;
pub mod projection;
pub mod pull;
pub mod reseed;
pub mod review;
mod serve;
pub mod shelf;
pub mod store;
pub mod tail;
pub mod verify;
pub mod words;
pub mod writer;

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

/// Serves until `shutdown` ends, then lets running requests end: what `main` and tests both call.
///
/// # Errors
/// When the certificates cannot be read or the socket fails.
pub async fn run(
    listener: TcpListener,
    app: Arc<app::App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = http::routes(&app);
    serve::serve(listener, app, routes, shutdown).await
}
