//! The table of refusals: HTTP status, stable code, text. What went wrong inside stays inside.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use ironfeet_core::limits;
use ironfeet_core::sync::frame::FrameError;

use crate::enrol;
use crate::pass::PassError;
use crate::photo::{PhotoError, Refused};
use crate::store::StoreError;

/// Seconds a phone waits when the server is busy.
const RETRY_AFTER_S: &str = "5";

/// An answer that is a "no".
#[derive(Debug)]
pub(crate) enum Error {
    /// It is not shown who asks.
    Pass(PassError),
    /// The body is no frame of ours.
    Frame(FrameError),
    /// The request is beyond the limit of this name.
    Limit(&'static str),
    /// The body did not come whole, or too slowly.
    Cut,
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
    /// Too many requests; seconds until the next.
    Slower(u64),
    /// Enrolment was refused.
    Enrol(enrol::Refused),
    /// An upload is not taken as it came.
    Upload(Refused),
    /// The store failed.
    Store(StoreError),
    /// Work was interrupted.
    Interrupted,
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Upload(why) => of_upload(*why),
            Self::Pass(_) => StatusCode::UNAUTHORIZED,
            Self::Limit("head_bytes") => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Limit(_) | Self::Frame(FrameError::TooLarge | FrameError::TooMany) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Cut => StatusCode::REQUEST_TIMEOUT,
            Self::Frame(FrameError::Version(_)) | Self::Proto => StatusCode::UPGRADE_REQUIRED,
            Self::Frame(FrameError::Broken) | Self::Json | Self::Parameter => {
                StatusCode::BAD_REQUEST
            }
            Self::Device | Self::Forbidden | Self::Enrol(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Range => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::TooMany | Self::Slower(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(StoreError::Busy) | Self::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::Full) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> (&'static str, String) {
        let plain = |code, text: &str| (code, text.to_owned());
        match self {
            Self::Pass(error) => (error.code(), pass(*error).to_owned()),
            Self::Frame(error) => ("frame", error.to_string()),
            Self::Limit(name) => ("limit", beyond(name)),
            Self::Cut => plain("cut", "the body did not come whole in time"),
            Self::Json => plain("json", "the body is not the JSON expected here"),
            Self::Parameter => plain("parameter", "a parameter is not what it should be"),
            Self::Proto => plain(
                "upgrade_required",
                "this protocol version is not spoken here: update the app",
            ),
            Self::Device => plain("device", "the token belongs to another device"),
            Self::Forbidden => plain("forbidden", "not granted to this phone"),
            Self::NotFound => plain("not_found", "there is no such thing here"),
            Self::Range => plain("range", "the range lies outside of the file"),
            Self::TooMany => plain("too_many", "too many attempts; wait a while"),
            Self::Slower(_) => plain("slower", "too many requests; wait as Retry-After says"),
            Self::Enrol(refused) => (refused.code(), refused.to_string()),
            Self::Upload(why) => (why.code(), why.to_string()),
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
        if let Self::Pass(error) = &self {
            let dpop = HeaderValue::from_static(challenge(*error));
            response.headers_mut().insert(header::WWW_AUTHENTICATE, dpop);
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let after = match &self {
                Self::Slower(seconds) => HeaderValue::from(*seconds),
                _ => HeaderValue::from_static(RETRY_AFTER_S),
            };
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        response
    }
}

fn beyond(name: &str) -> String {
    let known = limits::ALL.iter().find(|limit| limit.name == name);
    format!("beyond the limit {name} of {}", known.map_or(0, |limit| limit.max))
}

fn pass(error: PassError) -> &'static str {
    match error {
        PassError::Token => "the token is missing or belongs to no phone",
        PassError::Expired => "the token has ended; ask for another at /v1/token",
        PassError::Proof => "the proof is missing or does not fit this request",
        PassError::Time => "the proof's time is not the server's; ask for a token, which tells it",
        PassError::Replayed => "the proof was used before",
        PassError::Nonce => "the nonce is too old or not of this server",
    }
}

/// What RFC 9449 has a server say.
fn challenge(error: PassError) -> &'static str {
    match error {
        PassError::Token | PassError::Expired => {
            "DPoP error=\"invalid_token\", algs=\"EdDSA ES256\""
        }
        _ => "DPoP error=\"invalid_dpop_proof\", algs=\"EdDSA ES256\"",
    }
}

impl From<PassError> for Error {
    fn from(error: PassError) -> Self {
        Self::Pass(error)
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

impl From<PhotoError> for Error {
    fn from(error: PhotoError) -> Self {
        match error {
            PhotoError::Refused(why) => Self::Upload(why),
            PhotoError::Unknown => Self::NotFound,
            PhotoError::Forbidden => Self::Forbidden,
            PhotoError::Store(error) => Self::Store(error),
        }
    }
}

/// As tus 1.0 says.
fn of_upload(why: Refused) -> StatusCode {
    match why {
        Refused::Version => StatusCode::PRECONDITION_FAILED,
        Refused::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::Metadata | Refused::Algorithm => StatusCode::BAD_REQUEST,
        Refused::Offset => StatusCode::CONFLICT,
        Refused::Checksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        Refused::Media => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refused::Gone => StatusCode::GONE,
        Refused::Locked => StatusCode::LOCKED,
        Refused::TooMany => StatusCode::TOO_MANY_REQUESTS,
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
