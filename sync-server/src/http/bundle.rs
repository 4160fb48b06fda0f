//! Bundles as files: range, entity tag, streamed.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use ironfeet_core::model::Pid;

use super::caller::Token;
use super::error::{Error, off};
use super::range;
use crate::app::App;
use crate::pull;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// `GET /v1/bundle/{pid}/{n}`.
pub(super) async fn bundle(
    State(app): State<Arc<App>>,
    Path((pid, n)): Path<(String, u64)>,
    token: Token,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let pid: Pid = pid.parse().map_err(|_| Error::Parameter)?;
    let tag = format!("\"{pid}.{n}\"");
    let file = off(move || {
        let device = token.device(&app)?;
        if !pull::may_read(&app, &device, &pid)? {
            return Err(Error::Forbidden);
        }
        app.bundles.file(&pid, n).ok_or(Error::NotFound)
    })
    .await?;
    let given = |name| headers.get(name).and_then(|v: &header::HeaderValue| v.to_str().ok());
    if given(header::IF_NONE_MATCH) == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let same = given(header::IF_RANGE).is_none_or(|known| known == tag);
    let part = given(header::RANGE).filter(|_| same).map(str::to_owned);
    send(file, tag, part.as_deref()).await
}

async fn send(path: PathBuf, tag: String, range: Option<&str>) -> Result<Response, Error> {
    let mut file = tokio::fs::File::open(&path).await.map_err(|_| Error::NotFound)?;
    let size = file.metadata().await.map_err(|_| Error::NotFound)?.len();
    let (from, to) = match range.map(|text| range::parse(text, size)) {
        None => (0, size),
        Some(Some(range)) => range,
        Some(None) => return Err(Error::Range),
    };
    file.seek(std::io::SeekFrom::Start(from)).await.map_err(|_| Error::NotFound)?;
    let body = Body::from_stream(pieces(file, to - from));
    let common = [
        (header::ETAG, tag),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, (to - from).to_string()),
        (header::CACHE_CONTROL, "private, immutable".to_owned()),
    ];
    if range.is_none() {
        return Ok((common, body).into_response());
    }
    let part = format!("bytes {from}-{}/{size}", to.saturating_sub(1));
    Ok((StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, part)], body).into_response())
}

fn pieces(
    file: tokio::fs::File,
    left: u64,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let want = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; want];
        let got = file.read(&mut piece).await?;
        if got == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(got);
        Ok(Some((Bytes::from(piece), (file, left - got as u64))))
    })
}
