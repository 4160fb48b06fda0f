//! Photos beside what they show.

use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::Response;

use ironfeet_core::model::HashText;

use super::super::error::{Error, off};
use super::super::picture::{self, Asked};
use super::frame::{Desk, Refusal};
use super::places::within;
use super::rights::Right;
use crate::store;

/// A photo of a record within reach.
pub(super) async fn one(
    desk: Desk,
    Path(sha256): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let sha256: HashText = sha256.parse().map_err(|_| desk.missing())?;
    let (app, scope) = (desk.app.clone(), desk.scope.clone());
    let file = off(move || {
        let (homes, file) = store::view(&*app.store, |s| {
            Ok::<_, Error>((s.photo_homes(&sha256)?, s.file(&sha256)?))
        })?;
        Ok(file.filter(|_| homes.iter().any(|pid| within(&scope, pid))))
    })
    .await?;
    let file = file.ok_or_else(|| desk.missing())?;
    Ok(picture::give(&desk.app, &file, asked.size()?, &headers).await?)
}
