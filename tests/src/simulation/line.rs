//! A line to the server in the same process, with faults by seed.
//!
//! It loses, cuts, repeats and delays. It does not bend bytes: TLS would close the line.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use ironfeet_core::phone::transport::{
    Headers, Later, Pass, Pieces, Reply, Traffic, Transport, TransportError,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tower::ServiceExt;

/// What a line may do to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The request never arrives.
    LostRequest,
    /// Half of the request arrives.
    CutRequest,
    /// The server does its work, the answer never arrives.
    LostAnswer,
    /// The request arrives twice.
    Twice,
    /// An older request arrives once more before this one.
    Late,
    /// The answer ends somewhere.
    Cut,
}

const FAULTS: [Fault; 6] = [
    Fault::LostRequest,
    Fault::CutRequest,
    Fault::LostAnswer,
    Fault::Twice,
    Fault::Late,
    Fault::Cut,
];
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Old requests that may come once more.
const KEPT: usize = 4;

/// A request as often as it is needed.
#[derive(Clone)]
struct Asked {
    method: &'static str,
    path: String,
    /// Shows anew who asks, each time.
    pass: Option<Pass>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Asked {
    fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        request = request.header("host", "server");
        let shown = self.pass.as_ref().map(|pass| {
            pass.headers(self.method, &self.path).expect("the keys of the simulation are software")
        });
        for (name, value) in self.headers.iter().chain(shown.iter().flatten()) {
            request = request.header(*name, value);
        }
        request.body(Body::from(self.body.clone())).expect("a plain request")
    }
}

struct State {
    router: Option<Router>,
    rng: ChaCha8Rng,
    faults_percent: u32,
    traffic: Traffic,
    old: Vec<Asked>,
    /// Answers of the kind that a server never gives when nothing is wrong.
    failures: u64,
    /// The next file breaks off after so many of its hundredths.
    breaks_at: Option<usize>,
    /// From which byte each file was asked for.
    opened: Vec<u64>,
    /// Requests until the line is cut.
    left: Option<usize>,
}

/// A line between one phone and the server.
pub struct Line(Mutex<State>);

impl Line {
    /// A line with its own seed and no faults yet.
    #[must_use]
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            router: None,
            rng: ChaCha8Rng::seed_from_u64(seed),
            faults_percent: 0,
            traffic: Traffic::default(),
            old: Vec::new(),
            failures: 0,
            breaks_at: None,
            opened: Vec::new(),
            left: None,
        })))
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().expect("not poisoned"))
    }

    /// Connects the line to a server, or to none.
    pub fn connect(&self, router: Option<Router>) {
        self.with(|state| (state.router, state.left) = (router, None));
    }

    /// After so many more requests the line is cut, until it is connected anew.
    pub fn cut_after(&self, requests: usize) {
        self.with(|state| state.left = Some(requests));
    }

    /// How many requests of a hundred meet a fault.
    pub fn set_faults(&self, percent: u32) {
        self.with(|state| state.faults_percent = percent);
    }

    /// The next file breaks off after so many of its hundredths.
    pub fn break_file(&self, percent: usize) {
        self.with(|state| state.breaks_at = Some(percent));
    }

    /// From which byte each file was asked for so far.
    #[must_use]
    pub fn opened(&self) -> Vec<u64> {
        self.with(|state| state.opened.clone())
    }

    /// Answers 5xx so far.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.with(|state| state.failures)
    }

    fn fault(&self) -> Fault {
        self.with(|state| {
            if state.rng.random_range(0..100) >= state.faults_percent {
                return Fault::None;
            }
            FAULTS[state.rng.random_range(0..FAULTS.len())]
        })
    }

    async fn once(&self, asked: &Asked) -> Result<Response<Body>, TransportError> {
        let router = self.with(|state| {
            state.left = state.left.map(|left| left.checked_sub(1).ok_or(())).transpose()?;
            state.router.clone().ok_or(())
        });
        let router = router.map_err(|()| TransportError::Offline)?;
        Ok(router.oneshot(asked.request()).await.expect("the routes answer everything"))
    }

    /// An older request comes again; nobody waits for its answer.
    async fn late(&self) -> Result<(), TransportError> {
        let old = self.with(|state| {
            let n = state.old.len();
            (n > 0).then(|| state.old[state.rng.random_range(0..n)].clone())
        });
        if let Some(old) = old {
            self.once(&old).await?;
        }
        Ok(())
    }

    async fn send(&self, mut asked: Asked) -> Result<Vec<u8>, TransportError> {
        let fault = self.fault();
        match fault {
            Fault::LostRequest => return Err(TransportError::Offline),
            Fault::CutRequest => {
                asked.body.truncate(asked.body.len() / 2);
                self.once(&asked).await?;
                return Err(TransportError::Offline);
            }
            Fault::Late => self.late().await?,
            _ => {}
        }
        let mut response = self.once(&asked).await?;
        if fault == Fault::Twice {
            response = self.once(&asked).await?;
        }
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX)
            .await
            .map_err(|_| TransportError::Offline)?;
        let spot = self.with(|state| {
            state.traffic.requests += 1;
            state.traffic.bytes_up += asked.body.len() as u64;
            state.traffic.bytes_down += body.len() as u64;
            state.failures += u64::from(status >= 500 && status != 503);
            state.old.push(asked);
            if state.old.len() > KEPT {
                state.old.remove(0);
            }
            state.rng.random_range(0..body.len().max(1))
        });
        hand_over(fault, status, body.to_vec(), spot)
    }
}

/// What the phone gets to see of an answer.
fn hand_over(
    fault: Fault,
    status: u16,
    mut body: Vec<u8>,
    spot: usize,
) -> Result<Vec<u8>, TransportError> {
    match (fault, status) {
        (Fault::LostAnswer, _) => Err(TransportError::Offline),
        (Fault::Cut, 200..300) => {
            body.truncate(spot);
            Ok(body)
        }
        (_, 200..300) => Ok(body),
        (_, 429 | 503) => Err(TransportError::Busy { after_s: 1 }),
        _ => {
            let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = said["refused"]["code"].as_str().unwrap_or_default().to_owned();
            Err(TransportError::Refused { status, code })
        }
    }
}

impl Transport for Line {
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>> {
        let headers = vec![("content-type", ironfeet_core::sync::frame::MEDIA.to_owned())];
        let pass = Some(pass.clone());
        let asked = Asked { method: "POST", path: path.to_owned(), pass, headers, body: frame };
        Box::pin(self.send(asked))
    }

    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String> {
        Box::pin(async move {
            let headers = vec![("content-type", "application/json".to_owned())];
            let body = json.into_bytes();
            let asked = Asked { method: "POST", path: path.to_owned(), pass: None, headers, body };
            let body = self.send(asked).await?;
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
            let headers = vec![("range", format!("bytes={from_byte}-"))];
            let (pass, body) = (Some(pass.clone()), Vec::new());
            let asked = Asked { method: "GET", path: path.to_owned(), pass, headers, body };
            let mut body = self.send(asked).await?;
            let breaks_at = self.with(|state| {
                state.opened.push(from_byte);
                state.breaks_at.take()
            });
            if let Some(percent) = breaks_at {
                body.truncate(body.len() * percent / 100);
            }
            Ok(Box::new(File { body: Some(body), broken: breaks_at.is_some() }) as Box<dyn Pieces>)
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
        let pass = Some(pass.clone());
        let asked = Asked { method, path: path.to_owned(), pass, headers, body };
        Box::pin(async move {
            let response = self.once(&asked).await?;
            let status = response.status().as_u16();
            let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            };
            let headers = response.headers().iter().filter_map(text).collect();
            let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX)
                .await
                .map_err(|_| TransportError::Offline)?;
            Ok(Reply { status, headers, body: body.to_vec() })
        })
    }

    fn traffic(&self) -> Traffic {
        self.with(|state| state.traffic)
    }
}

/// A file in one piece; one that broke off ends with an error.
struct File {
    body: Option<Vec<u8>>,
    broken: bool,
}

impl Pieces for File {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        let piece = match self.body.take() {
            None if self.broken => Err(TransportError::Offline),
            piece => Ok(piece),
        };
        Box::pin(async move { piece })
    }
}
