//! How frames travel: one small trait, and HTTP over rustls as its ordinary kind.
//!
//! Must not know what a frame says. Counts bytes of bodies, so that a person
//! with a metered line can be told.

pub mod carrier;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::sync::frame::MEDIA;
use crate::sync::key::KeyError;

/// The outcome of a call, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// Why a call did not come back with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No way to the server: no network, no such host, connection cut.
    #[error("the server cannot be reached")]
    Offline,
    /// The server took too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Untrusted,
    /// The server is busy; come back after this many seconds.
    #[error("the server is busy, try again in {after_s} s")]
    Busy {
        /// Seconds to wait.
        after_s: u64,
    },
    /// The server refused: HTTP status and its stable code.
    #[error("the server refused: {code} ({status})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code of the server, or empty.
        code: String,
    },
    /// The answer is not one of ours.
    #[error("the answer was not understood")]
    Strange,
    /// The request could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The headers of one request.
pub type Headers = Vec<(&'static str, String)>;

/// What a request shows of who asks: made anew for each request, also when one is sent again.
#[derive(Clone)]
pub struct Pass(Arc<Make>);

type Make = dyn Fn(&str, &str) -> Result<Headers, KeyError> + Send + Sync;

impl Pass {
    /// From what makes the headers for a method and a path.
    pub fn new(
        make: impl Fn(&str, &str) -> Result<Headers, KeyError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(make))
    }

    /// The headers to send with this method to this path; good for one request.
    ///
    /// # Errors
    /// [`KeyError`] when it could not be signed.
    pub fn headers(&self, method: &str, path: &str) -> Result<Headers, KeyError> {
        (self.0)(method, path)
    }
}

/// What came back, whatever its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in any case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Carries frames to one server.
pub trait Transport: Send + Sync {
    /// Posts a frame with a pass; gives the frame of the answer.
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>>;

    /// Posts JSON without a token (enrolment); gives the JSON of the answer.
    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String>;

    /// Opens a file at a byte.
    fn open<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        from_byte: u64,
    ) -> Later<'a, Box<dyn Pieces>>;

    /// Sends one request with a pass (`GET`, `HEAD`, `POST`, `PATCH`); an answer of any status is an answer.
    fn call<'a>(
        &'a self,
        method: &'static str,
        path: &'a str,
        pass: &'a Pass,
        headers: Headers,
        body: Vec<u8>,
    ) -> Later<'a, Reply>;

    /// Bytes of bodies sent and received, and requests made, since it was made.
    fn traffic(&self) -> Traffic;
}

/// A file as it arrives.
pub trait Pieces: Send {
    /// The next bytes; `None` at the end.
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>>;
}

/// What went over the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Requests made.
    pub requests: u64,
}

#[derive(Default)]
struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    requests: AtomicU64,
}

impl Counters {
    fn read(&self) -> Traffic {
        Traffic {
            bytes_up: self.up.load(Ordering::Relaxed),
            bytes_down: self.down.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }
}

/// HTTP to one server; keeps its connection between calls.
pub struct Http {
    base: String,
    client: reqwest::Client,
    counters: Arc<Counters>,
}

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for the next bytes of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

impl Http {
    /// A transport to `https://host[:port]` (plain `http://` only makes sense on the same machine).
    /// `ca_pem` adds a certificate authority of the city's own.
    ///
    /// # Errors
    /// [`TransportError::Untrusted`] when the authority cannot be read, [`TransportError::Strange`]
    /// when the address is none.
    pub fn new(url: &str, ca_pem: Option<&[u8]>) -> Result<Self, TransportError> {
        let base = url.trim_end_matches('/').to_owned();
        if !base.starts_with("https://") && !base.starts_with("http://") {
            return Err(TransportError::Strange);
        }
        // Another part of the process may have installed the same provider already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none());
        if base.starts_with("http://") {
            // Nothing to verify: spares reading the system's certificates at every start.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = ca_pem {
            let authority =
                reqwest::Certificate::from_pem(pem).map_err(|_| TransportError::Untrusted)?;
            builder = builder.tls_certs_merge([authority]);
        }
        let client = builder.build().map_err(|_| TransportError::Strange)?;
        Ok(Self { base, client, counters: Arc::default() })
    }

    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        up: usize,
    ) -> Result<reqwest::Response, TransportError> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters.up.fetch_add(up as u64, Ordering::Relaxed);
        request.send().await.map_err(|e| told(&e))
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        up: usize,
    ) -> Result<reqwest::Response, TransportError> {
        let response = self.ask(request, up).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry = response.headers().get("retry-after").and_then(|v| v.to_str().ok());
        let retry = retry.map(str::to_owned);
        let body = response.bytes().await.unwrap_or_default();
        Err(refusal(status.as_u16(), retry.as_deref(), &body))
    }

    async fn whole(&self, response: reqwest::Response) -> Result<Vec<u8>, TransportError> {
        let body = response.bytes().await.map_err(|e| told(&e))?;
        self.counters.down.fetch_add(body.len() as u64, Ordering::Relaxed);
        Ok(body.to_vec())
    }
}

/// Seconds to wait for a busy server that does not say how long.
const RETRY_AFTER_S: u64 = 30;
/// No server keeps a phone away for longer than this.
const RETRY_AFTER_S_MAX: u64 = 3_600;

/// What an answer that is no success says.
pub(super) fn refusal(status: u16, retry_after: Option<&str>, body: &[u8]) -> TransportError {
    if matches!(status, 429 | 503) {
        let asked = retry_after.and_then(|text| text.trim().parse::<u64>().ok());
        let after_s = asked.unwrap_or(RETRY_AFTER_S).clamp(1, RETRY_AFTER_S_MAX);
        return TransportError::Busy { after_s };
    }
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = said["refused"]["code"].as_str().unwrap_or_default().to_owned();
    TransportError::Refused { status, code }
}

/// The reason in our words. The library's own text may hold addresses and is not shown.
fn told(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<rustls::Error>().is_some()
            || cause.to_string().contains("certificate")
        {
            return TransportError::Untrusted;
        }
        source = cause.source();
    }
    TransportError::Offline
}

fn shown(request: reqwest::RequestBuilder, headers: Headers) -> reqwest::RequestBuilder {
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

impl Transport for Http {
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>> {
        Box::pin(async move {
            let up = frame.len();
            let request = self
                .client
                .post(format!("{}{path}", self.base))
                .header("content-type", MEDIA)
                .body(frame);
            let request = shown(request, pass.headers("POST", path)?);
            let response = self.send(request, up).await?;
            self.whole(response).await
        })
    }

    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String> {
        Box::pin(async move {
            let up = json.len();
            let request = self
                .client
                .post(format!("{}{path}", self.base))
                .header("content-type", "application/json")
                .body(json);
            let response = self.send(request, up).await?;
            let body = self.whole(response).await?;
            String::from_utf8(body).map_err(|_| TransportError::Strange)
        })
    }

    fn open<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        from_byte: u64,
    ) -> Later<'a, Box<dyn Pieces>> {
        Box::pin(async move {
            let request = self.client.get(format!("{}{path}", self.base));
            let mut request = shown(request, pass.headers("GET", path)?);
            if from_byte > 0 {
                request = request.header("range", format!("bytes={from_byte}-"));
            }
            let response = self.send(request, 0).await?;
            if from_byte > 0 && response.status().as_u16() != 206 {
                return Err(TransportError::Strange);
            }
            let counters = Arc::clone(&self.counters);
            Ok(Box::new(Stream { response, counters }) as Box<dyn Pieces>)
        })
    }

    fn call<'a>(
        &'a self,
        method: &'static str,
        path: &'a str,
        pass: &'a Pass,
        headers: Headers,
        body: Vec<u8>,
    ) -> Later<'a, Reply> {
        Box::pin(async move {
            let up = body.len();
            let verb = reqwest::Method::from_bytes(method.as_bytes());
            let verb = verb.map_err(|_| TransportError::Strange)?;
            let request = self.client.request(verb, format!("{}{path}", self.base)).body(body);
            let request = shown(shown(request, headers), pass.headers(method, path)?);
            let response = self.ask(request, up).await?;
            let status = response.status().as_u16();
            let text =
                |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
            let named = |(name, value): (&reqwest::header::HeaderName, _)| {
                Some((name.as_str().to_owned(), text(value)?))
            };
            let headers = response.headers().iter().filter_map(named).collect();
            let body = self.whole(response).await?;
            Ok(Reply { status, headers, body })
        })
    }

    fn traffic(&self) -> Traffic {
        self.counters.read()
    }
}

struct Stream {
    response: reqwest::Response,
    counters: Arc<Counters>,
}

impl Pieces for Stream {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let piece = self.response.chunk().await.map_err(|e| told(&e))?;
            let length = piece.as_ref().map_or(0, |p| p.len() as u64);
            self.counters.down.fetch_add(length, Ordering::Relaxed);
            Ok(piece.map(|p| p.to_vec()))
        })
    }
}
