//! A line to the server in the same process, with faults by seed.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{Request, Response};
use ironfeet_core::phone::transport::{
    Headers, Later, Pass, Pieces, Traffic, Transport, TransportError,
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
    /// The server does its work, the answer never arrives.
    LostAnswer,
    /// The request arrives twice.
    Twice,
    /// The answer is cut.
    Cut,
}

const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A line between one phone and the server.
pub struct Line {
    router: Mutex<Option<Router>>,
    rng: Mutex<ChaCha8Rng>,
    /// Faults in a hundred requests.
    faults_percent: Mutex<u32>,
    traffic: Mutex<Traffic>,
}

impl Line {
    /// A line with its own seed and no faults yet.
    #[must_use]
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            router: Mutex::new(None),
            rng: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            faults_percent: Mutex::new(0),
            traffic: Mutex::default(),
        })
    }

    /// Connects the line to a server, or to none.
    pub fn connect(&self, router: Option<Router>) {
        *self.router.lock().expect("not poisoned") = router;
    }

    /// How many requests of a hundred meet a fault.
    pub fn set_faults(&self, percent: u32) {
        *self.faults_percent.lock().expect("not poisoned") = percent;
    }

    fn fault(&self) -> Fault {
        let percent = *self.faults_percent.lock().expect("not poisoned");
        let mut rng = self.rng.lock().expect("not poisoned");
        if rng.random_range(0..100) >= percent {
            return Fault::None;
        }
        [Fault::LostRequest, Fault::LostAnswer, Fault::Twice, Fault::Cut][rng.random_range(0..4)]
    }

    async fn once(
        &self,
        make: &(dyn Fn() -> Request<Body> + Sync),
    ) -> Result<Response<Body>, TransportError> {
        let router = self.router.lock().expect("not poisoned").clone();
        let router = router.ok_or(TransportError::Offline)?;
        Ok(router.oneshot(make()).await.expect("the routes answer everything"))
    }

    async fn send(
        &self,
        up: usize,
        make: &(dyn Fn() -> Request<Body> + Sync),
    ) -> Result<Vec<u8>, TransportError> {
        let fault = self.fault();
        if fault == Fault::LostRequest {
            return Err(TransportError::Offline);
        }
        let mut response = self.once(make).await?;
        if fault == Fault::Twice {
            response = self.once(make).await?;
        }
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX)
            .await
            .map_err(|_| TransportError::Offline)?;
        let mut traffic = self.traffic.lock().expect("not poisoned");
        traffic.requests += 1;
        traffic.bytes_up += up as u64;
        traffic.bytes_down += body.len() as u64;
        match (fault, status) {
            (Fault::LostAnswer, _) => Err(TransportError::Offline),
            (Fault::Cut, 200..300) => Ok(body[..body.len() / 2].to_vec()),
            (_, 200..300) => Ok(body.to_vec()),
            (_, 429 | 503) => Err(TransportError::Busy { after_s: 1 }),
            _ => {
                let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                let code = said["refused"]["code"].as_str().unwrap_or_default().to_owned();
                Err(TransportError::Refused { status, code })
            }
        }
    }
}

fn shown(request: Builder, headers: Headers) -> Builder {
    let request = request.header("host", "server");
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

impl Transport for Line {
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>> {
        Box::pin(async move {
            let make = || {
                shown(Request::post(path), pass.headers("POST", path))
                    .header("content-type", ironfeet_core::sync::frame::MEDIA)
                    .body(Body::from(frame.clone()))
                    .expect("a plain request")
            };
            self.send(frame.len(), &make).await
        })
    }

    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String> {
        Box::pin(async move {
            let make = || {
                shown(Request::post(path), Vec::new())
                    .header("content-type", "application/json")
                    .body(Body::from(json.clone()))
                    .expect("a plain request")
            };
            let body = self.send(json.len(), &make).await?;
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
            let make = || {
                shown(Request::get(path), pass.headers("GET", path))
                    .header("range", format!("bytes={from_byte}-"))
                    .body(Body::empty())
                    .expect("a plain request")
            };
            let body = self.send(0, &make).await?;
            Ok(Box::new(Whole(Some(body))) as Box<dyn Pieces>)
        })
    }

    fn traffic(&self) -> Traffic {
        *self.traffic.lock().expect("not poisoned")
    }
}

struct Whole(Option<Vec<u8>>);

impl Pieces for Whole {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        let piece = self.0.take();
        Box::pin(async move { Ok(piece) })
    }
}
