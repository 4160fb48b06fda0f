//! Photos for phones, within their rights.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use ironfeet_core::model::HashText;

use super::caller::Token;
use super::error::{Error, off};
use super::picture::{self, Asked};
use crate::app::App;
use crate::{pull, store};

/// `GET /v1/photos/{sha256}`: what a record in one of the phone's areas shows.
pub(super) async fn photo(
    State(app): State<Arc<App>>,
    Path(sha256): Path<String>,
    Query(asked): Query<Asked>,
    token: Token,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let inner = app.clone();
    let file = off(move || {
        let device = token.device(&inner)?;
        let sha256: HashText = sha256.parse().map_err(|_| Error::NotFound)?;
        let (granted, homes, file) = store::view(&*inner.store, |s| {
            let granted = pull::grants(s, &device)?;
            Ok::<_, Error>((granted, s.photo_homes(&sha256)?, s.file(&sha256)?))
        })?;
        // Whether a photo of another area is here is nobody's business: the same answer.
        file.filter(|_| homes.iter().any(|pid| granted.contains(pid))).ok_or(Error::NotFound)
    })
    .await?;
    picture::give(&app, &file, asked.size()?, &headers).await
}
