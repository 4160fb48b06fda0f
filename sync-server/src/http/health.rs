//! What operators and phones ask first: alive, ready, counters, limits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use ironfeet_core::limits;
use ironfeet_core::model::UtcMillis;
use ironfeet_core::sync::message::{PROTO, SCHEMA};

use super::error::{Error, off};
use super::program::Program;
use crate::app::App;
use crate::metrics::Standing;
use crate::store::{self, DeviceStatus, StoreError};

/// A phone is silent after this many days.
const SILENT_DAYS: i64 = 3;

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Error> {
    off(move || {
        store::view(&*app.store, |s| s.entries_total())?;
        Ok("ready\n")
    })
    .await
}

/// `GET /v1/hello`: versions, the server's time and every limit of the protocol.
pub(super) async fn hello(State(app): State<Arc<App>>) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "name": "ironfeet-server",
        "version": env!("CARGO_PKG_VERSION"),
        "proto": PROTO,
        "schema": SCHEMA,
        "server_time": app.clock.now(),
        "history": hex::encode(app.identity.history()),
        "limits": allowed(&app),
    }))
}

/// The limits of the protocol and those of this server's settings, by name.
fn allowed(app: &App) -> serde_json::Map<String, serde_json::Value> {
    let set = &app.config.limits;
    let settings = [
        ("device_per_minute", u64::from(set.device_per_minute)),
        ("address_per_minute", u64::from(set.address_per_minute)),
        ("connections", u64::from(set.connections)),
        ("head_timeout_ms", app.config.sync.head_timeout_ms),
        ("request_timeout_ms", app.config.sync.request_timeout_ms),
    ];
    let ours = limits::ALL.iter().map(|limit| (limit.name, limit.max as u64));
    ours.chain(settings).map(|(name, max)| (name.to_owned(), max.into())).collect()
}

/// `GET /metrics`: for a program with the scope, and for the host itself where the settings say so.
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    program: Result<Program, Error>,
) -> Result<Response, Error> {
    let here = from.is_some_and(|info| info.0.0.ip().is_loopback());
    off(move || {
        if !(here && app.config.metrics.loopback) {
            program?.may(&app, "metrics")?;
        }
        let standing = standing(&app)?;
        let text = app.metrics.text(&standing).map_err(|_| Error::Interrupted)?;
        let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Ok(([(CONTENT_TYPE, media)], text).into_response())
    })
    .await
}

fn standing(app: &App) -> Result<Standing, StoreError> {
    let now = app.clock.now();
    let silent_before = now.plus_days(-SILENT_DAYS);
    store::view(&*app.store, |s| {
        let phones: Vec<_> = s.devices()?;
        let trusted = phones.iter().filter(|phone| phone.status == DeviceStatus::Active);
        let silent = |seen: Option<UtcMillis>| seen.is_none_or(|at| at < silent_before);
        let oldest = s.bundles()?.iter().map(|bundle| bundle.made_at).min();
        Ok(Standing {
            entries: s.entries_total()?,
            partitions: s.partitions()?.len() as u64,
            conflicts: s.conflict_count()?,
            tickets: s.tickets_open()?.len() as u64,
            phones: trusted.clone().count() as u64,
            phones_silent: trusted.filter(|phone| silent(phone.last_seen)).count() as u64,
            photos_missing: s.photos_missing()?,
            bundle_age_s: oldest.map_or(0, |at| u64::try_from((now.0 - at.0) / 1_000).unwrap_or(0)),
        })
    })
}
