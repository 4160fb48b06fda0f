//! Published checklists for phones, by the hash that a sync names.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::caller::Token;
use super::error::{Error, off};
use crate::app::App;
use crate::{checklists, store};

/// `GET /v1/checklists/{sha256}`: the first half of the file's SHA-256, in hexadecimal.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
    token: Token,
) -> Result<Response, Error> {
    let yaml = off(move || {
        token.device(&app)?;
        let mut half = [0; 16];
        hex::decode_to_slice(&named, &mut half).map_err(|_| Error::Parameter)?;
        store::view(&*app.store, |s| checklists::file(s, &half))?.ok_or(Error::NotFound)
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8"),
        (header::CACHE_CONTROL, "private, immutable"),
    ];
    Ok((headers, yaml).into_response())
}
