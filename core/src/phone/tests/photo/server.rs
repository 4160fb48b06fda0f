//! The server's half of tus, in memory, with faults that a test chooses.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::model::HashText;
use crate::phone::transport::{
    Headers, Later, Pass, Pieces, Reply, Traffic, Transport, TransportError,
};

/// What happens to the next piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The line is cut after so many bytes of the piece; what came is kept.
    CutAfter(usize),
    /// The line is cut after so many bytes of the piece; what came is thrown away.
    LostAfter(usize),
    /// All of it arrives, the answer does not.
    AnswerLost,
    /// It arrives spoiled.
    Spoiled,
    /// The server answers with this status and does nothing.
    Status(u16),
    /// The upload is over.
    Expired,
}

/// An upload that was begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun {
    pub(super) length: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) document: String,
    pub(super) media: String,
}

/// What the server knows and how it behaves.
#[derive(Default)]
pub(super) struct State {
    pub(super) uploads: BTreeMap<String, Begun>,
    /// Whole photos by hash.
    pub(super) photos: BTreeMap<String, Vec<u8>>,
    /// Bytes of pieces that were sent, whatever became of them.
    pub(super) sent: usize,
    /// Faults of the next pieces, the last one first.
    pub(super) faults: Vec<Fault>,
    /// Photos at which the line breaks each time, by hash.
    pub(super) never: Vec<String>,
    /// No way to the server at all.
    pub(super) offline: bool,
    /// What `POST` is answered instead.
    pub(super) refuse: Option<(u16, &'static str)>,
    /// After so many more pieces, the next one is taken and never answered.
    pub(super) hang_after: Option<usize>,
    /// Downloads are cut after so many bytes, once.
    pub(super) cut_download: Option<usize>,
    /// What was asked, in order: method and path.
    pub(super) asked: Vec<String>,
    names: u64,
}

/// A server in memory.
#[derive(Default)]
pub(super) struct Server(Mutex<State>);

fn told(status: u16, headers: &[(&str, String)]) -> Result<Reply, TransportError> {
    let named = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
    let headers = headers.iter().map(named).collect();
    Ok(Reply { status, headers, body: Vec::new() })
}

fn header<'h>(headers: &'h Headers, name: &str) -> &'h str {
    headers.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
}

impl State {
    fn begin(&mut self, headers: &Headers) -> Result<Reply, TransportError> {
        if let Some((status, code)) = self.refuse {
            let body = format!(r#"{{"refused":{{"code":"{code}"}}}}"#).into_bytes();
            let headers = vec![("Retry-After".to_owned(), "90".to_owned())];
            return Ok(Reply { status, headers, body });
        }
        let mut told_of: BTreeMap<&str, String> = BTreeMap::new();
        for pair in header(headers, "upload-metadata").split(',') {
            let (name, value) = pair.split_once(' ').unwrap();
            told_of.insert(name, String::from_utf8(STANDARD.decode(value).unwrap()).unwrap());
        }
        let length = header(headers, "upload-length").parse().unwrap();
        let sha256 = told_of["sha256"].clone();
        // What the server has already need not be sent.
        let bytes = self.photos.get(&sha256).cloned().unwrap_or_default();
        let (document, media) = (told_of["document"].clone(), told_of["media"].clone());
        self.names += 1;
        let name = format!("/v1/files/u{}", self.names);
        self.uploads.insert(name.clone(), Begun { length, bytes, sha256, document, media });
        told(201, &[("Location", name)])
    }

    fn piece(
        &mut self,
        path: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Reply, TransportError> {
        self.sent += body.len();
        let fault = self.faults.pop();
        let Some(upload) = self.uploads.get_mut(path) else { return told(404, &[]) };
        if self.never.contains(&upload.sha256) {
            return Err(TransportError::Offline);
        }
        if header(headers, "upload-offset") != upload.bytes.len().to_string() {
            return told(409, &[]);
        }
        let sum = header(headers, "upload-checksum").strip_prefix("sha256 ").unwrap();
        assert_eq!(STANDARD.decode(sum).unwrap(), Sha256::digest(body)[..]);
        match fault {
            Some(Fault::CutAfter(n)) => {
                upload.bytes.extend(&body[..n.min(body.len())]);
                self.finish(path);
                return Err(TransportError::Offline);
            }
            Some(Fault::LostAfter(_)) => return Err(TransportError::Offline),
            Some(Fault::Spoiled) => return told(460, &[]),
            Some(Fault::Status(status)) => return told(status, &[]),
            Some(Fault::Expired) => {
                self.uploads.remove(path);
                return told(410, &[]);
            }
            Some(Fault::AnswerLost) | None => upload.bytes.extend(body),
        }
        let offset = upload.bytes.len();
        self.finish(path);
        match fault {
            Some(_) => Err(TransportError::Timeout),
            None => told(204, &[("Upload-Offset", offset.to_string())]),
        }
    }

    fn finish(&mut self, path: &str) {
        let upload = &self.uploads[path];
        if upload.bytes.len() == upload.length {
            assert_eq!(hex::encode(Sha256::digest(&upload.bytes)), upload.sha256);
            self.photos.insert(upload.sha256.clone(), upload.bytes.clone());
        }
    }
}

impl Server {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn has(&self, sha256: &HashText) -> bool {
        self.state().photos.contains_key(&sha256.to_string())
    }

    /// How often something was asked that begins so.
    pub(super) fn asked(&self, how: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.starts_with(how)).count()
    }
}

impl Transport for Server {
    fn post_frame<'a>(&'a self, _: &'a str, _: &'a Pass, _: Vec<u8>) -> Later<'a, Vec<u8>> {
        Box::pin(async { Err(TransportError::Strange) })
    }

    fn post_json<'a>(&'a self, _: &'a str, _: String) -> Later<'a, String> {
        Box::pin(async { Err(TransportError::Offline) })
    }

    fn open<'a>(&'a self, path: &'a str, _: &'a Pass, from: u64) -> Later<'a, Box<dyn Pieces>> {
        Box::pin(async move {
            let mut state = self.state();
            state.asked.push(format!("GET {path} {from}"));
            if state.offline {
                return Err(TransportError::Offline);
            }
            let (path, thumb) = path.split_once('?').map_or((path, false), |(p, _)| (p, true));
            let name = path.strip_prefix("/v1/photos/").unwrap();
            let code = "no_photo".to_owned();
            let photo = state.photos.get(name).cloned();
            let photo = photo.ok_or(TransportError::Refused { status: 404, code })?;
            let photo = if thumb { vec![7; 900] } else { photo };
            let rest = photo[usize::try_from(from).unwrap()..].to_vec();
            let cut = state.cut_download.take();
            Ok(Box::new(Parts { rest, cut }) as Box<dyn Pieces>)
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
            let answer = self.answer(method, path, pass, &headers, &body);
            let hangs = method == "PATCH" && {
                let left = &mut self.state().hang_after;
                let now = *left == Some(0);
                *left = left.and_then(|n| n.checked_sub(1));
                now
            };
            if hangs {
                std::future::pending::<()>().await;
            }
            answer
        })
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

impl Server {
    fn answer(
        &self,
        method: &str,
        path: &str,
        pass: &Pass,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Reply, TransportError> {
        let mut state = self.state();
        state.asked.push(format!("{method} {path}"));
        if state.offline {
            return Err(TransportError::Offline);
        }
        assert_eq!(header(headers, "tus-resumable"), "1.0.0");
        assert!(header(&pass.headers(method, path).unwrap(), "dpop").starts_with("ey"));
        match method {
            "POST" => state.begin(headers),
            "PATCH" => state.piece(path, headers, body),
            "HEAD" => match state.uploads.get(path) {
                Some(upload) => {
                    let (offset, length) = (upload.bytes.len(), upload.length);
                    let offset = ("Upload-Offset", offset.to_string());
                    told(200, &[offset, ("Upload-Length", length.to_string())])
                }
                None => told(404, &[]),
            },
            _ => told(405, &[]),
        }
    }
}

/// A download in pieces of 1,000 bytes.
struct Parts {
    rest: Vec<u8>,
    cut: Option<usize>,
}

impl Pieces for Parts {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            if let Some(left) = &mut self.cut {
                if *left == 0 {
                    return Err(TransportError::Offline);
                }
                *left -= 1;
            }
            let n = self.rest.len().min(1_000);
            let piece: Vec<u8> = self.rest.drain(..n).collect();
            Ok((n > 0).then_some(piece))
        })
    }
}
