//! The only list of routes. Handlers live below, one file per concern, and never call each other.
//!
//! Must not know SQL or how changes are judged. Work that blocks runs off the async threads.

mod body;
mod bundle;
mod caller;
mod checklists;
mod console;
mod desk;
mod enrol;
mod error;
mod files;
mod health;
mod photos;
mod picture;
mod program;
mod range;
pub(crate) mod session;
mod signin;
mod sync;
pub mod table;
mod wait;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, head, options, post};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use ironfeet_core::limits;

use crate::app::App;
use crate::limiter::neighbourhood;

/// Every route of the server.
pub fn routes(app: &Arc<App>) -> Router {
    let whole = Duration::from_millis(app.config.sync.request_timeout_ms);
    let busy = axum::http::StatusCode::REQUEST_TIMEOUT;
    let frames = Router::new()
        .route("/v1/sync", post(sync::sync))
        .route("/v1/locate", post(sync::locate))
        .route("/v1/heal", post(sync::heal))
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(busy, whole));
    let small = Router::new()
        .route("/v1/hello", get(health::hello))
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/nonce", post(enrol::nonce))
        .route("/v1/token", post(enrol::token))
        .route("/v1/renew", post(enrol::renew))
        .route("/v1/audit", get(program::trail))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .layer(DefaultBodyLimit::max(limits::JSON_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(busy, whole));
    let slow = Router::new()
        .route("/v1/export/{file}", get(program::export))
        .route("/v1/bundle/{pid}/{n}", get(bundle::bundle))
        .route("/v1/checklists/{sha256}", get(checklists::file))
        .route("/v1/photos/{sha256}", get(photos::photo))
        .route("/v1/wait", get(wait::wait));
    // As long as a slow line takes: only the pause between two pieces of a body is limited.
    let uploads = Router::new()
        .route("/v1/files", options(files::options).post(files::create))
        .route("/v1/files/{upload}", head(files::stand).patch(files::add).post(files::instead))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::map_response(files::version));
    let mut all = Router::new().merge(frames).merge(small).merge(slow).merge(uploads);
    if app.config.console.enabled {
        let pages = Router::new()
            .route("/", get(console::home))
            .route("/console", get(console::home))
            .route("/console/login", get(console::login_page).post(console::login))
            .route("/console/logout", post(console::logout))
            .route("/console/signin", post(signin::sign_in))
            .route("/console/account", get(signin::page_of))
            .route("/console/account/password", post(signin::change))
            .route("/console/account/factor", post(signin::factor))
            .merge(desk::routes())
            .layer(TimeoutLayer::with_status_code(busy, whole))
            .merge(desk::streams())
            .layer(middleware::map_response(console::guard));
        all = all.merge(pages);
    }
    all.fallback(error::not_found)
        .layer(RequestBodyTimeoutLayer::new(whole))
        .layer(middleware::from_fn_with_state(app.clone(), measure))
        .with_state(app.clone())
}

/// Bytes of a request's address and of its headers' names and values.
fn head_bytes(request: &Request) -> usize {
    let address = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    let headers = request.headers().iter();
    address + headers.map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// Counts every answer by route, never by address.
async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if head_bytes(&request) > limits::HEAD_BYTES_MAX {
        app.metrics.answered("limited", 431, 0.0);
        return error::Error::Limit("head_bytes").into_response();
    }
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let counted = from.filter(|ip| !ip.is_loopback());
    if let Some(Err(seconds)) =
        counted.map(|ip| app.per_address.take(neighbourhood(ip), app.clock.now()))
    {
        app.metrics.answered("limited", 429, 0.0);
        return error::Error::Slower(seconds).into_response();
    }
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let start = tokio::time::Instant::now();
    let response = next.run(request).await;
    let route = route.as_deref().unwrap_or("other");
    app.metrics.answered(route, response.status().as_u16(), start.elapsed().as_secs_f64());
    response
}
