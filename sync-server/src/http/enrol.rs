//! `POST /v1/enrol`: a one-time code and a key for a token. Attempts are counted.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;

use super::error::{Error, off};
use crate::app::App;
use crate::enrol::{self, Ask, Enrolled};

/// Lets a phone in.
pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Enrolled>, Error> {
    let ask: Ask = serde_json::from_slice(&body).map_err(|_| Error::Json)?;
    let now = app.clock.now();
    if !app.sessions.may_try(now) {
        return Err(Error::TooMany);
    }
    let inner = app.clone();
    let outcome = off(move || {
        let mut token = [0; 32];
        inner.entropy.fill(&mut token);
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| enrol::enrol(s, &ask, token, now))?)
    })
    .await?;
    match outcome {
        Ok(enrolled) => {
            tracing::info!(device = %enrolled.device_id, "a phone enrolled");
            Ok(Json(enrolled))
        }
        Err(refused) => {
            app.sessions.failed(now);
            Err(Error::Enrol(refused))
        }
    }
}
