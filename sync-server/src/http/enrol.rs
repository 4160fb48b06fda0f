//! How a phone gets its token: by a one-time code, by proof of its key, or as the copy of a phone.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::{Deserialize, Serialize};

use ironfeet_core::model::UtcMillis;

use super::body::Small;
use super::caller::addresses;
use super::error::{Error, off};
use crate::app::App;
use crate::audit;
use crate::enrol::{self, Ask, Enrolled, Renewal, Tokens};
use crate::pass::{Asserted, PassError};
use crate::store::{self, DeviceRow};

fn tokens(app: &App) -> Tokens<'_> {
    Tokens { passes: &app.passes, minutes: app.config.sync.token_minutes }
}

/// Lets a phone in.
pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    Small(body): Small,
) -> Result<Json<Enrolled>, Error> {
    let ask: Ask = serde_json::from_slice(&body).map_err(|_| Error::Json)?;
    let now = app.clock.now();
    if !app.sessions.may_try(now) {
        return Err(Error::TooMany);
    }
    let inner = app.clone();
    let outcome = off(move || {
        let (writer, of) = (inner.writer.as_ref().ok_or(Error::Interrupted)?, inner.clone());
        Ok(writer.run(move |s| {
            let done = enrol::enrol(s, &ask, &tokens(&of), now)?;
            if let Err(refused) = &done {
                audit::refused(s, now, "nobody", "device.enrol", refused.code())?;
            }
            Ok(done)
        })?)
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

/// A number to sign when asking for a token.
#[derive(Serialize)]
pub(super) struct Nonce {
    nonce: String,
    server_time: UtcMillis,
}

/// `POST /v1/nonce`.
pub(super) async fn nonce(State(app): State<Arc<App>>) -> Json<Nonce> {
    let now = app.clock.now();
    Json(Nonce { nonce: app.passes.nonce(&*app.entropy, now), server_time: now })
}

/// What asks for a token: the signature of the device's key over a nonce.
#[derive(Deserialize)]
struct Assertion {
    assertion: String,
}

/// A token for a phone that is known.
#[derive(Serialize)]
pub(super) struct Fresh {
    token: String,
    expires_at: UtcMillis,
    server_time: UtcMillis,
}

async fn asserted(
    app: &Arc<App>,
    headers: &HeaderMap,
    uri: &Uri,
    body: &Bytes,
) -> Result<(DeviceRow, Asserted), Error> {
    let ask: Assertion = serde_json::from_slice(body).map_err(|_| Error::Json)?;
    let here = addresses(app, headers, uri.path());
    let (key, said) = app.passes.asserted(&ask.assertion, &here, app.clock.now())?;
    let inner = app.clone();
    let id = said.sub;
    let device = off(move || Ok(store::view(&*inner.store, |s| s.device(&id))?)).await?;
    let device = device.filter(|device| device.public_key == key).ok_or(PassError::Token)?;
    Ok((device, said))
}

/// `POST /v1/token`: by proof of the device's key. A revoked phone gets one, too: it may still hand in.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Small(body): Small,
) -> Result<Json<Fresh>, Error> {
    let (device, _) = asserted(&app, &headers, &uri, &body).await?;
    let now = app.clock.now();
    let (token, expires_at) = app.passes.token(device.id, now, app.config.sync.token_minutes);
    Ok(Json(Fresh { token, expires_at, server_time: now }))
}

/// `POST /v1/renew`: a copied phone goes on under a key of its own.
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Small(body): Small,
) -> Result<Json<Enrolled>, Error> {
    let (device, said) = asserted(&app, &headers, &uri, &body).await?;
    let ask: Renewal = serde_json::from_value(said.about).map_err(|_| Error::Json)?;
    let now = app.clock.now();
    let inner = app.clone();
    let outcome = off(move || {
        let (writer, of) = (inner.writer.as_ref().ok_or(Error::Interrupted)?, inner.clone());
        Ok(writer.run(move |s| enrol::renew(s, &device.id, &ask, &tokens(&of), now))?)
    })
    .await?;
    let renewed = outcome.map_err(Error::Enrol)?;
    tracing::info!(device = %renewed.device_id, "a copied phone goes on under a new key");
    Ok(Json(renewed))
}
