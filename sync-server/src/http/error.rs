//! The table of refusals: HTTP status, stable code, text. What went wrong inside stays inside.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use ironfeet_core::sync::frame::FrameError;

use crate::enrol::Refused;
use crate::store::StoreError;

/// Seconds a phone waits when the server is busy.
const RETRY_AFTER_S: &str = "5";

/// An answer that is a "no".
#[derive(Debug)]
pub(crate) enum Error {
    /// No token, or one that belongs to nobody.
    Token,
    /// The body is no frame of ours.
    Frame(FrameError),
    /// The body is no JSON of ours.
    Json,
    /// A parameter is not what it should be.
    Parameter,
    /// The protocol version is not spoken here.
    Proto,
    /// The request speaks for another device than its token.
    Device,
    /// Not granted to this phone.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The range lies outside of the file.
    Range,
    /// Too many attempts.
    TooMany,
    /// Enrolment was refused.
    Enrol(Refused),
    /// The store failed.
    Store(StoreError),
    /// Work was interrupted.
    Interrupted,
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Frame(FrameError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Frame(FrameError::Version(_)) | Self::Proto => StatusCode::UPGRADE_REQUIRED,
            Self::Frame(FrameError::Broken) | Self::Json | Self::Parameter => {
                StatusCode::BAD_REQUEST
            }
            Self::Device | Self::Forbidden | Self::Enrol(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Range => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(StoreError::Busy) | Self::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::Full) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> (&'static str, String) {
        let plain = |code, text: &str| (code, text.to_owned());
        match self {
            Self::Token => plain("token", "the token is missing or belongs to no phone"),
            Self::Frame(error) => ("frame", error.to_string()),
            Self::Json => plain("json", "the body is not the JSON expected here"),
            Self::Parameter => plain("parameter", "a parameter is not what it should be"),
            Self::Proto => plain("proto", "this protocol version is not spoken here"),
            Self::Device => plain("device", "the token belongs to another device"),
            Self::Forbidden => plain("forbidden", "not granted to this phone"),
            Self::NotFound => plain("not_found", "there is no such thing here"),
            Self::Range => plain("range", "the range lies outside of the file"),
            Self::TooMany => plain("too_many", "too many attempts; wait a while"),
            Self::Enrol(refused) => (refused.code(), refused.to_string()),
            Self::Store(StoreError::Busy) | Self::Interrupted => {
                plain("busy", "the server is busy; try again")
            }
            Self::Store(StoreError::Full) => plain("storage_full", "the server's disk is full"),
            Self::Store(_) => plain("internal", "the server failed; the operator sees why"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            let source = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, source, "a request failed");
        }
        let status = self.status();
        let (code, text) = self.told();
        let body = serde_json::json!({ "refused": { "code": code, "text": text } });
        let mut response = (status, Json(body)).into_response();
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let after = HeaderValue::from_static(RETRY_AFTER_S);
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        response
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// Where nothing is.
pub(super) async fn not_found() -> Error {
    Error::NotFound
}

/// Runs blocking work off the async threads.
pub(super) async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)?
}
