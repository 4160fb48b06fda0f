//! A listening server from its first request to its last, and what it does by itself meanwhile.

use std::collections::HashMap;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use ironfeet_core::limits;
use ironfeet_core::model::Pid;

use crate::app::App;
use crate::coverage;
use crate::door::Door;
use crate::lifecycle;
use crate::photo;
use crate::store::{self, StoreError};

/// How often other processes' writes are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// Requests at the same time over one connection of HTTP/2.
const STREAMS_MAX: u32 = 64;
/// Looks between two notes of contacts and the witness.
const NOTE_EVERY: u32 = 20;
/// Looks between two rounds of archiving.
const ARCHIVE_EVERY: u32 = 7_200;
/// Looks between two rounds of forgetting uploads.
const SWEEP_EVERY: u32 = 1_200;
/// Records archived in one round.
const ARCHIVE_MAX: usize = 500;

/// Serves routes until `shutdown` ends, then lets running requests end.
///
/// # Errors
/// When the certificates cannot be read or the socket fails.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let patience = Duration::from_millis(app.config.sync.shutdown_ms);
    let (stopping, of_handle) = (app.clone(), handle.clone());
    let stop = tokio::spawn(async move {
        shutdown.await;
        stopping.stopping.notify_waiters();
        of_handle.graceful_shutdown(Some(patience));
    });
    let clockwork = tokio::spawn(clockwork(app.clone()));
    let served = listen(listener, &app, routes, handle).await;
    stop.abort();
    clockwork.abort();
    let last = app.clone();
    let noted = tokio::task::spawn_blocking(move || last.note()).await;
    if !matches!(noted, Ok(Ok(()))) {
        tracing::warn!("the last contacts could not be noted");
    }
    served
}

async fn listen(
    listener: TcpListener,
    app: &Arc<App>,
    routes: Router,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    let head = Duration::from_millis(app.config.sync.head_timeout_ms);
    let door = Door::new(app.config.limits.connections);
    if app.config.is_tls() {
        // Another part of the process may have installed the same provider already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let tls = &app.config.tls;
        let config = RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await?;
        let mut server = axum_server::from_tcp_rustls(listener, config)?
            .map(|tls| tls.handshake_timeout(head).acceptor(door))
            .handle(handle)
            .first_request_timeout(head);
        bound(&mut server, head);
        return server.serve(routes).await;
    }
    let server = axum_server::from_tcp(listener)?.acceptor(door).handle(handle);
    let mut server = server.first_request_timeout(head);
    bound(&mut server, head);
    server.serve(routes).await
}

/// Bounds what a connection may cost before a route sees a request. The head's exact limit is the routes'
/// own; these only bound memory, so there is room for what is not counted there.
fn bound<A>(server: &mut axum_server::Server<SocketAddr, A>, head: Duration) {
    let builder = server.http_builder();
    builder.http1().header_read_timeout(head).max_buf_size(4 * limits::HEAD_BYTES_MAX);
    let list = u32::try_from(2 * limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX);
    builder.http2().max_header_list_size(list).max_concurrent_streams(STREAMS_MAX);
    builder.http2().keep_alive_interval(head).keep_alive_timeout(head);
}

/// Looks for other processes' writes, notes contacts, reckons how grids stand, archives.
async fn clockwork(app: Arc<App>) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut known = Heads::default();
    for n in 1_u32.. {
        beat.tick().await;
        let inner = app.clone();
        let done = tokio::task::spawn_blocking(move || {
            if n % NOTE_EVERY == 0 {
                inner.note()?;
                coverage::reckon(&*inner.store, inner.clock.now())?;
            }
            if n % ARCHIVE_EVERY == 1 {
                lifecycle::archive(&inner, ARCHIVE_MAX)?;
            }
            if n % SWEEP_EVERY == 1
                && let Err(error) = photo::sweep(&inner)
            {
                tracing::warn!(%error, "uploads that are over could not be forgotten");
            }
            look(&inner, known)
        });
        known = match done.await {
            Ok(Ok(heads)) => heads,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the clockwork could not do its work");
                Heads::default()
            }
            Err(_) => return tracing::error!("the clockwork panicked"),
        };
    }
}

/// How far each log reached when it was looked at last.
#[derive(Default)]
struct Heads {
    version: Option<i64>,
    of: HashMap<Pid, u64>,
}

/// Wakes who waits for logs that another process made longer, and takes up checklists that it published.
fn look(app: &App, mut known: Heads) -> Result<Heads, StoreError> {
    let version = app.store.outside_writes()?;
    if known.version.replace(version) == Some(version) {
        return Ok(known);
    }
    app.checklists.look(&*app.store)?;
    let mut grown = Vec::new();
    for row in store::view(&*app.store, |s| s.partitions())? {
        if known.of.insert(row.pid.clone(), row.next_seq) != Some(row.next_seq) {
            grown.push(row.pid);
        }
    }
    app.nudge.wake(&grown);
    app.nudge.forget();
    Ok(known)
}
