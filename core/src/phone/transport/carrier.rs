//! A way to the server that the app carries itself, by an HTTP client of its own, seen as a [`Transport`].
//!
//! The app only moves requests and answers; what a status means is said here, as for [`super::Http`]. Files
//! come in ranges, so that a phone never holds more than one part, and each part is a request of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use super::Reply;
use super::{Counters, Headers, Later, Pass, Pieces, Traffic, Transport, TransportError, refusal};
use crate::sync::frame::MEDIA;

/// Bytes of a file asked for at once.
const PART: u64 = 1 << 20;

/// A request, as any HTTP client can send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// `GET`, `HEAD`, `POST` or `PATCH`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty with `GET` and `HEAD`.
    pub body: Vec<u8>,
}

/// Carries one request to the server and the answer back. Follows no redirect and keeps nothing.
pub trait Carrier: Send + Sync {
    /// Sends the request; an answer of any status is an answer.
    fn carry(&self, errand: Errand) -> Later<'_, Reply>;
}

/// A [`Transport`] over a [`Carrier`].
pub struct Carried {
    way: Arc<Way>,
}

struct Way {
    base: String,
    carrier: Box<dyn Carrier>,
    counters: Counters,
}

impl Way {
    async fn ask(
        &self,
        method: &'static str,
        path: &str,
        headers: Headers,
        body: Vec<u8>,
    ) -> Result<Reply, TransportError> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters.up.fetch_add(body.len() as u64, Ordering::Relaxed);
        let url = format!("{}{path}", self.base);
        self.carrier.carry(Errand { method, url, headers, body }).await
    }

    async fn send(
        &self,
        method: &'static str,
        path: &str,
        headers: Headers,
        body: Vec<u8>,
    ) -> Result<Reply, TransportError> {
        let reply = self.ask(method, path, headers, body).await?;
        if !(200..300).contains(&reply.status) {
            return Err(refusal(reply.status, reply.header("retry-after"), &reply.body));
        }
        self.counters.down.fetch_add(reply.body.len() as u64, Ordering::Relaxed);
        Ok(reply)
    }
}

impl Carried {
    /// To the server at this address.
    #[must_use]
    pub fn new(url: &str, carrier: Box<dyn Carrier>) -> Self {
        let base = url.trim_end_matches('/').to_owned();
        Self { way: Arc::new(Way { base, carrier, counters: Counters::default() }) }
    }
}

fn media(kind: &str) -> (&'static str, String) {
    ("content-type", kind.to_owned())
}

impl Transport for Carried {
    fn post_frame<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        frame: Vec<u8>,
    ) -> Later<'a, Vec<u8>> {
        Box::pin(async move {
            let mut headers = pass.headers("POST", path)?;
            headers.push(media(MEDIA));
            Ok(self.way.send("POST", path, headers, frame).await?.body)
        })
    }

    fn post_json<'a>(&'a self, path: &'a str, json: String) -> Later<'a, String> {
        Box::pin(async move {
            let headers = vec![media("application/json")];
            let reply = self.way.send("POST", path, headers, json.into_bytes()).await?;
            String::from_utf8(reply.body).map_err(|_| TransportError::Strange)
        })
    }

    fn open<'a>(
        &'a self,
        path: &'a str,
        pass: &'a Pass,
        from_byte: u64,
    ) -> Later<'a, Box<dyn Pieces>> {
        let (way, path, pass) = (Arc::clone(&self.way), path.to_owned(), pass.clone());
        let parts = Parts { way, path, pass, next: from_byte, end: None };
        Box::pin(async move { Ok(Box::new(parts) as Box<dyn Pieces>) })
    }

    fn call<'a>(
        &'a self,
        method: &'static str,
        path: &'a str,
        pass: &'a Pass,
        mut headers: Headers,
        body: Vec<u8>,
    ) -> Later<'a, Reply> {
        Box::pin(async move {
            headers.extend(pass.headers(method, path)?);
            let reply = self.way.ask(method, path, headers, body).await?;
            self.way.counters.down.fetch_add(reply.body.len() as u64, Ordering::Relaxed);
            Ok(reply)
        })
    }

    fn traffic(&self) -> Traffic {
        self.way.counters.read()
    }
}

/// A file, part by part.
struct Parts {
    way: Arc<Way>,
    path: String,
    pass: Pass,
    next: u64,
    /// Known once the first part has come.
    end: Option<u64>,
}

impl Pieces for Parts {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            if self.end.is_some_and(|end| self.next >= end) {
                return Ok(None);
            }
            let range = ("range", format!("bytes={}-{}", self.next, self.next + PART - 1));
            // Each part is a request of its own, with a proof of its own.
            let mut headers = self.pass.headers("GET", &self.path)?;
            headers.push(range);
            let reply = self.way.send("GET", &self.path, headers, Vec::new()).await?;
            let whole = match reply.status {
                206 => {
                    reply.header("content-range").and_then(|r| r.rsplit('/').next()?.parse().ok())
                }
                200 if self.next == 0 => Some(reply.body.len() as u64),
                _ => None,
            };
            if whole.is_none() || reply.body.is_empty() {
                return Err(TransportError::Strange);
            }
            self.end = whole;
            self.next += reply.body.len() as u64;
            Ok(Some(reply.body))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server of one file that gives no more than three bytes at once, and refuses to be posted to.
    struct Small(&'static [u8]);

    impl Carrier for Small {
        fn carry(&self, errand: Errand) -> Later<'_, Reply> {
            let range = errand.headers.iter().find(|(name, _)| *name == "range");
            let from =
                range.and_then(|(_, r)| r.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
            let reply = match (errand.method, from) {
                ("GET", Some(from)) => {
                    let (from, size): (usize, usize) = (from, self.0.len());
                    let to = (from + 3).min(size);
                    let range = format!("bytes {from}-{}/{size}", to - 1);
                    let headers = vec![("Content-Range".to_owned(), range)];
                    Reply { status: 206, headers, body: self.0[from..to].to_vec() }
                }
                _ => {
                    let body = br#"{"refused":{"code":"no_such_code"}}"#.to_vec();
                    Reply { status: 403, headers: Vec::new(), body }
                }
            };
            Box::pin(async move { Ok(reply) })
        }
    }

    #[tokio::test]
    async fn a_file_comes_in_parts_from_any_byte() {
        let way = Carried::new("https://city.example/", Box::new(Small(b"ten bytes!")));
        let mut pieces =
            way.open("/v1/bundle/g/1", &Pass::new(|_, _| Ok(Vec::new())), 4).await.unwrap();
        let mut all = Vec::new();
        while let Some(piece) = pieces.next().await.unwrap() {
            all.extend(piece);
        }
        assert_eq!(all, b"bytes!");
        assert_eq!(way.traffic(), Traffic { bytes_up: 0, bytes_down: 6, requests: 2 });
    }

    #[tokio::test]
    async fn what_is_no_file_and_what_is_refused_is_said() {
        let way = Carried::new("https://city.example", Box::new(Small(b"")));
        let refused = way.post_json("/v1/enrol", "{}".to_owned()).await.unwrap_err();
        let code = "no_such_code".to_owned();
        assert_eq!(refused, TransportError::Refused { status: 403, code });
        for (status, retry, told) in [
            (429, Some("7"), TransportError::Busy { after_s: 7 }),
            (503, None, TransportError::Busy { after_s: 30 }),
            (429, Some("0"), TransportError::Busy { after_s: 1 }),
            (429, Some("999999999"), TransportError::Busy { after_s: 3_600 }),
            (500, None, TransportError::Refused { status: 500, code: String::new() }),
        ] {
            assert_eq!(refusal(status, retry, b"<html>"), told);
        }
    }
}
