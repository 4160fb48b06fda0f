//! Bodies of requests, whole and within their limits; one beyond is refused in our words.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;

use super::error::Error;

/// A frame.
pub(super) struct Frame(pub(super) Bytes);

/// A JSON text.
pub(super) struct Small(pub(super) Bytes);

/// The limits themselves are layers of the routes.
async fn whole<S: Send + Sync>(
    request: Request,
    state: &S,
    limit: &'static str,
) -> Result<Bytes, Error> {
    Bytes::from_request(request, state).await.map_err(|refused| {
        match refused.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::Limit(limit),
            _ => Error::Cut,
        }
    })
}

impl<S: Send + Sync> FromRequest<S> for Frame {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        whole(request, state, "body_bytes").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Small {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        whole(request, state, "json_bytes").await.map(Self)
    }
}
