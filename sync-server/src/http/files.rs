//! Uploads of photos: tus 1.0 with creation, checksum and expiration.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use ironfeet_core::limits::PHOTO_BYTES_MAX;
use ironfeet_core::model::UtcMillis;

use super::caller::Token;
use super::error::{Error, off};
use crate::app::App;
use crate::photo::meta::{self, Checksum};
use crate::photo::{self, Ask, Piece, Refused};
use crate::store::UploadRow;

/// The version of tus that is spoken.
const VERSION: &str = "1.0.0";
const BODY: &str = "application/offset+octet-stream";

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

fn spoken(headers: &HeaderMap) -> Result<(), Error> {
    if text(headers, "tus-resumable") == VERSION { Ok(()) } else { Err(refused(Refused::Version)) }
}

fn refused(why: Refused) -> Error {
    Error::Upload(why)
}

/// Headers that every answer about uploads carries.
pub(super) async fn version(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if response.status() == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

/// `OPTIONS /v1/files`: what is spoken here.
pub(super) async fn options(State(app): State<Arc<App>>, token: Token) -> Result<Response, Error> {
    off(move || token.device(&app)).await?;
    let told = [
        ("tus-version", VERSION.to_owned()),
        ("tus-extension", "creation,checksum,expiration".to_owned()),
        ("tus-max-size", PHOTO_BYTES_MAX.to_string()),
        ("tus-checksum-algorithm", "sha256,sha1".to_owned()),
    ];
    Ok((StatusCode::NO_CONTENT, told).into_response())
}

/// `POST /v1/files`: announces a file.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    token: Token,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let row = off(move || {
        let device = token.device(&app)?;
        spoken(&headers)?;
        let told = meta::told(text(&headers, "upload-length"), text(&headers, "upload-metadata"));
        Ok(photo::fresh(&app, device, told.map_err(refused)?)?)
    })
    .await?;
    let place = format!("/v1/files/{}", hex::encode(row.id));
    let told = [(header::LOCATION, place), (EXPIRES, date(row.expires_at))];
    Ok((StatusCode::CREATED, told).into_response())
}

const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// A time as HTTP writes it.
fn date(at: UtcMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `HEAD /v1/files/{upload}`: how far it got.
pub(super) async fn stand(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    token: Token,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let row = off(move || {
        let asked = asked(&app, &token, &headers, &id)?;
        Ok(photo::ask(&app, &asked)?)
    })
    .await?;
    let told = [
        (OFFSET, row.arrived.to_string()),
        (HeaderName::from_static("upload-length"), row.bytes.to_string()),
        (EXPIRES, date(row.expires_at)),
    ];
    Ok((StatusCode::OK, told).into_response())
}

fn asked(app: &App, token: &Token, headers: &HeaderMap, id: &str) -> Result<Ask, Error> {
    let device = token.device(app)?;
    spoken(headers)?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).map_err(|_| Error::NotFound)?;
    Ok(Ask { device, id: bytes })
}

/// `PATCH /v1/files/{upload}`: a piece.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    token: Token,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let (inner, known) = (app.clone(), headers.clone());
    let ask = off(move || asked(&inner, &token, &known, &id)).await?;
    if text(&headers, header::CONTENT_TYPE.as_str()) != BODY {
        return Err(refused(Refused::Media));
    }
    let offset = text(&headers, OFFSET.as_str()).parse().map_err(|_| Error::Parameter)?;
    let checksum = headers.get("upload-checksum").map(|value| value.to_str().unwrap_or_default());
    let checksum = checksum.map(Checksum::read).transpose().map_err(refused)?;
    let piece = Piece { offset, checksum, body: body.into_data_stream() };
    // A task of its own: when the line is cut this request ends, and what came must still be kept.
    let row = tokio::spawn(async move { photo::take(&app, ask, piece).await });
    let row: UploadRow = row.await.map_err(|_| Error::Interrupted)??;
    let told = [(OFFSET, row.arrived.to_string()), (EXPIRES, date(row.expires_at))];
    Ok((StatusCode::NO_CONTENT, told).into_response())
}

/// `POST /v1/files/{upload}`: for those whose way lets no other methods through.
pub(super) async fn instead(
    state: State<Arc<App>>,
    path: Path<String>,
    token: Token,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    match text(&headers, "x-http-method-override") {
        "PATCH" => add(state, path, token, headers, body).await,
        "HEAD" => stand(state, path, token, headers).await,
        _ => {
            let State(app) = state;
            off(move || token.device(&app)).await?;
            Err(Error::Parameter)
        }
    }
}
