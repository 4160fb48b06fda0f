//! Who asks: what a request shows of it, checked before anything else is done.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap};
use axum::http::request::Parts;

use super::error::Error;
use crate::app::App;
use crate::pass::{PassError, Shown};
use crate::store::{self, DeviceRow};

/// The header of a proof of possession.
const PROOF: &str = "dpop";

/// A phone's token and proof as they came; checked by [`Token::device`].
pub(super) struct Token(Shown);

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

/// The addresses of a path here: by the settings, and by what the request calls us.
pub(super) fn addresses(app: &App, headers: &HeaderMap, path: &str) -> Vec<String> {
    let public = app.config.public_url.trim_end_matches('/');
    let host = text(headers, HOST.as_str());
    let mut known = vec![format!("https://{host}{path}"), format!("http://{host}{path}")];
    if !public.is_empty() {
        known.push(format!("{public}{path}"));
    }
    known
}

impl FromRequestParts<Arc<App>> for Token {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let token = text(&parts.headers, AUTHORIZATION.as_str()).strip_prefix("DPoP ");
        Ok(Self(Shown {
            token: token.ok_or(PassError::Token)?.trim().to_owned(),
            proof: text(&parts.headers, PROOF).to_owned(),
            method: parts.method.to_string(),
            addresses: addresses(app, &parts.headers, parts.uri.path()),
        }))
    }
}

impl Token {
    /// The phone that asks; its row is read anew each time, so that a revocation counts at once.
    pub(super) fn device(&self, app: &App) -> Result<DeviceRow, Error> {
        let now = app.clock.now();
        let id = app.passes.holder(&self.0.token, now)?;
        let device = store::view(&*app.store, |s| s.device(&id))?.ok_or(PassError::Token)?;
        app.passes.check(&self.0, &device.public_key, now)?;
        app.per_device.take(device.id, now).map_err(Error::Slower)?;
        Ok(device)
    }
}
