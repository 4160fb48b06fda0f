//! `GET /v1/wait`: returns when a partition grows, or after a while. A nudge, never news itself.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future;
use serde::Deserialize;

use ironfeet_core::limits;
use ironfeet_core::model::Pid;

use super::caller::Token;
use super::error::{Error, off};
use crate::app::App;
use crate::{pull, store};

/// `pids=PID[:SEQ],…`: with a number it returns at once when the log is beyond it.
#[derive(Deserialize)]
pub(super) struct Asked {
    pids: String,
}

fn parse(text: &str) -> Result<Vec<(Pid, Option<u64>)>, Error> {
    let one = |part: &str| {
        let (pid, seq) = part.split_once(':').map_or((part, None), |(p, s)| (p, Some(s)));
        let seq = seq.map(str::parse).transpose().map_err(|_| Error::Parameter)?;
        Ok((pid.parse().map_err(|_| Error::Parameter)?, seq))
    };
    let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
    if parts.len() > limits::CURSORS_MAX {
        return Err(Error::Limit("cursors"));
    }
    parts.into_iter().map(one).collect()
}

/// Waits for news.
pub(super) async fn wait(
    State(app): State<Arc<App>>,
    token: Token,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let asked = parse(&asked.pids)?;
    let inner = app.clone();
    let granted = off(move || {
        let device = token.device(&inner)?;
        Ok(store::view(&*inner.store, |s| pull::grants(s, &device))?)
    })
    .await?;
    let asked: Vec<_> = asked.into_iter().filter(|(pid, _)| granted.contains(pid)).collect();
    if asked.is_empty() {
        return Err(Error::Forbidden);
    }
    let bells: Vec<_> = asked.iter().map(|(pid, _)| app.nudge.of(pid)).collect();
    let inner = app.clone();
    let asked = off(move || Ok(from_here(&inner, &asked)?)).await?;
    let longest = Duration::from_millis(app.config.sync.wait_ms_max);
    tokio::select! {
        grown = until_grown(&app, &bells, asked) => grown.map(|()| changed()),
        () = app.stopping.notified() => Ok(StatusCode::NO_CONTENT.into_response()),
        () = tokio::time::sleep(longest) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Where each log must be passed: as asked, or where it is now.
fn from_here(
    app: &App,
    asked: &[(Pid, Option<u64>)],
) -> Result<Vec<(Pid, u64)>, store::StoreError> {
    store::view(&*app.store, |s| {
        let now = |pid: &Pid| Ok(s.partition(pid)?.map_or(0, |row| row.last_seq()));
        asked
            .iter()
            .map(|(pid, seq)| Ok((pid.clone(), seq.map_or_else(|| now(pid), Ok)?)))
            .collect()
    })
}

async fn until_grown(
    app: &Arc<App>,
    bells: &[Arc<tokio::sync::Notify>],
    asked: Vec<(Pid, u64)>,
) -> Result<(), Error> {
    let asked = Arc::new(asked);
    loop {
        let mut rings: Vec<_> = bells.iter().map(|bell| Box::pin(bell.notified())).collect();
        // Listening begins before looking, so that nothing falls between.
        for ring in &mut rings {
            ring.as_mut().enable();
        }
        let (inner, asked) = (app.clone(), asked.clone());
        if off(move || Ok(beyond(&inner, &asked)?)).await? {
            return Ok(());
        }
        future::select_all(rings).await;
    }
}

fn changed() -> Response {
    Json(serde_json::json!({ "changed": true })).into_response()
}

fn beyond(app: &App, asked: &[(Pid, u64)]) -> Result<bool, store::StoreError> {
    store::view(&*app.store, |s| {
        for (pid, seq) in asked {
            if s.partition(pid)?.is_some_and(|row| row.last_seq() > *seq) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}
