//! Photos as they are given to whoever may see them: range, entity tag, streamed, nothing guessed about them.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use ironfeet_core::model::HashText;

use super::error::Error;
use super::range;
use crate::app::App;
use crate::photo::Size;
use crate::store::FileRow;

/// What a link to a photo may ask.
#[derive(Deserialize)]
pub(super) struct Asked {
    size: Option<String>,
}

impl Asked {
    /// Which picture.
    pub(super) fn size(&self) -> Result<Size, Error> {
        match self.size.as_deref() {
            None => Ok(Size::Whole),
            Some("thumb") => Ok(Size::Thumb),
            Some(_) => Err(Error::Parameter),
        }
    }
}

/// The picture, or the part of it that is asked for.
pub(super) async fn give(
    app: &Arc<App>,
    file: &FileRow,
    size: Size,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let (sha256, tag) = match size {
        Size::Whole => (file.sha256, format!("\"{}\"", file.sha256)),
        Size::Thumb => (file.sha256, format!("\"{}.thumb\"", file.sha256)),
    };
    let given = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if given(header::IF_NONE_MATCH) == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    if size == Size::Thumb {
        app.photos.make_thumb(&sha256).await?;
    }
    let same = given(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = given(header::RANGE).filter(|_| same);
    send(app, (sha256, size), media(file, size), tag, range).await
}

fn media(file: &FileRow, size: Size) -> String {
    match size {
        Size::Whole => file.media.clone(),
        Size::Thumb => "image/jpeg".to_owned(),
    }
}

async fn send(
    app: &App,
    (sha256, size): (HashText, Size),
    media: String,
    tag: String,
    range: Option<&str>,
) -> Result<Response, Error> {
    let bytes = app.photos.bytes(&sha256, size).await?;
    let part = match range.map(|text| range::parse(text, bytes)) {
        None => None,
        Some(Some(part)) => Some(part),
        Some(None) => return Err(Error::Range),
    };
    let (from, to) = part.unwrap_or((0, bytes));
    let found = app.photos.read(&sha256, size, part).await?;
    let common = [
        (header::ETAG, tag),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, media),
        (header::CONTENT_LENGTH, (to - from).to_string()),
        // Asked again each time: a desk may be shared, and the next person may see less.
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let body = Body::from_stream(found.into_stream());
    if part.is_none() {
        return Ok((common, body).into_response());
    }
    let part = format!("bytes {from}-{}/{bytes}", to.saturating_sub(1));
    Ok((StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, part)], body).into_response())
}
