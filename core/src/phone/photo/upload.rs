//! One photo's way to the server: tus 1.0 with creation, checksum and expiration.
//!
//! Begins an upload or takes up the one that was begun, asks how much is there, sends the rest piece by
//! piece. How far it got is on disk after each piece, so a kill costs one piece at the most. Must not know
//! which photo comes next, or what the phone does about one that fails.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::reason::{Reason, Snag};
use crate::limits::PHOTO_CHUNK_BYTES_MAX;
use crate::model::DocId;
use crate::phone::PhoneError;
use crate::phone::transport::{Headers, Pass, Reply, Transport, TransportError};
use crate::store::blob::BlobRow;

/// Where uploads are begun.
const FILES: &str = "/v1/files";
/// Times a photo is begun anew in one turn.
const BEGIN_MAX: u32 = 3;
/// Times in one turn that the server is asked again how much it has.
const ASK_MAX: u32 = 5;
/// Times that pieces may arrive spoiled in one turn.
const SPOILED_MAX: u32 = 3;
const CHECKSUM_MISMATCH: u16 = 460;

/// How a turn ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The server has the whole photo.
    Sent,
    /// It was told to stop; the rest goes another time.
    Stopped,
}

/// Why a turn broke off.
pub(super) enum Broken {
    /// By what the server said, or did not.
    Snag(Snag),
    /// By this phone's own store.
    Phone(PhoneError),
}

impl From<Snag> for Broken {
    fn from(snag: Snag) -> Self {
        Self::Snag(snag)
    }
}

impl From<TransportError> for Broken {
    fn from(error: TransportError) -> Self {
        Self::Snag(error.into())
    }
}

/// What the uploader asks of the one who runs it.
pub(super) trait Keeper: Sync {
    /// Writes down how far a photo got.
    fn keep(&self, row: &BlobRow) -> Result<(), PhoneError>;
    /// A piece has arrived, of so many bytes.
    fn moved(&self, row: &BlobRow, bytes: u64);
    /// Whether to stop before the next piece.
    fn stop(&self) -> bool;
}

/// One photo on its way.
pub(super) struct Upload<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) pass: &'a Pass,
    pub(super) keeper: &'a dyn Keeper,
    pub(super) bytes: &'a [u8],
    pub(super) visit: DocId,
}

/// What asking for the offset told.
enum Found {
    Offset(usize),
    Gone,
}

fn phone(error: PhoneError) -> Broken {
    Broken::Phone(error)
}

impl Upload<'_> {
    /// Sends a photo as far as it goes.
    pub(super) async fn run(&self, row: &mut BlobRow) -> Result<Turn, Broken> {
        for _ in 0..BEGIN_MAX {
            if self.keeper.stop() {
                return Ok(Turn::Stopped);
            }
            let path = match row.upload.clone() {
                Some(path) => path,
                None => {
                    let path = self.begin(row).await?;
                    row.upload = Some(path.clone());
                    self.note(row, 0)?;
                    path
                }
            };
            if let Some(turn) = self.go_on(&path, row).await? {
                return Ok(turn);
            }
            // Over or forgotten: begun anew.
            row.upload = None;
            self.note(row, 0)?;
        }
        Err(Snag::Later(Reason::Forgetful).into())
    }

    fn note(&self, row: &mut BlobRow, sent: usize) -> Result<(), Broken> {
        row.sent = i64::try_from(sent).unwrap_or(i64::MAX);
        row.state = "sending".to_owned();
        self.keeper.keep(row).map_err(phone)
    }

    async fn call(
        &self,
        method: &'static str,
        path: &str,
        mut headers: Headers,
        body: Vec<u8>,
    ) -> Result<Reply, Broken> {
        headers.push(("tus-resumable", "1.0.0".to_owned()));
        Ok(self.transport.call(method, path, self.pass, headers, body).await?)
    }

    async fn begin(&self, row: &BlobRow) -> Result<String, Broken> {
        let told = [
            ("sha256", row.sha256.to_string()),
            ("document", self.visit.to_string()),
            ("media", row.media.clone()),
        ];
        let told: Vec<String> =
            told.iter().map(|(name, value)| format!("{name} {}", STANDARD.encode(value))).collect();
        let headers = vec![
            ("upload-length", self.bytes.len().to_string()),
            ("upload-metadata", told.join(",")),
        ];
        let reply = self.call("POST", FILES, headers, Vec::new()).await?;
        match reply.status {
            201 => {}
            // An older server, or one that has not seen the visit.
            404 | 405 | 501 => return Err(Snag::Later(Reason::NotReady).into()),
            _ => return Err(Snag::of(&reply).into()),
        }
        reply.header("location").and_then(upload_path).ok_or_else(strange)
    }

    /// Sends what is missing; `None` when the server does not know the upload any more.
    async fn go_on(&self, path: &str, row: &mut BlobRow) -> Result<Option<Turn>, Broken> {
        let mut spoiled = 0;
        'asked: for _ in 0..ASK_MAX {
            let Found::Offset(mut offset) = self.offset(path).await? else { return Ok(None) };
            while offset < self.bytes.len() {
                self.note(row, offset)?;
                if self.keeper.stop() {
                    return Ok(Some(Turn::Stopped));
                }
                let end = self.bytes.len().min(offset + PHOTO_CHUNK_BYTES_MAX);
                let reply = self.piece(path, offset, &self.bytes[offset..end]).await?;
                match reply.status {
                    204 | 200 => {
                        let next = number(&reply, "upload-offset").ok_or_else(strange)?;
                        if next <= offset || next > end {
                            continue 'asked;
                        }
                        row.sent = i64::try_from(next).unwrap_or(i64::MAX);
                        self.keeper.moved(row, (next - offset) as u64);
                        offset = next;
                    }
                    409 | 423 => continue 'asked,
                    404 | 410 => return Ok(None),
                    CHECKSUM_MISMATCH => {
                        spoiled += 1;
                        if spoiled == SPOILED_MAX {
                            return Err(Snag::GiveUp(Reason::Spoiled).into());
                        }
                    }
                    _ => return Err(Snag::of(&reply).into()),
                }
            }
            self.note(row, offset)?;
            return Ok(Some(Turn::Sent));
        }
        Err(Snag::Later(Reason::Forgetful).into())
    }

    async fn offset(&self, path: &str) -> Result<Found, Broken> {
        let reply = self.call("HEAD", path, Vec::new(), Vec::new()).await?;
        match reply.status {
            200 | 204 => {
                let offset = number(&reply, "upload-offset").ok_or_else(strange)?;
                let length = number(&reply, "upload-length").unwrap_or(self.bytes.len());
                // An upload of another length is not this photo's.
                let ours = length == self.bytes.len() && offset <= length;
                Ok(if ours { Found::Offset(offset) } else { Found::Gone })
            }
            404 | 410 => Ok(Found::Gone),
            _ => Err(Snag::of(&reply).into()),
        }
    }

    async fn piece(&self, path: &str, offset: usize, piece: &[u8]) -> Result<Reply, Broken> {
        let checksum = format!("sha256 {}", STANDARD.encode(Sha256::digest(piece)));
        let headers = vec![
            ("content-type", "application/offset+octet-stream".to_owned()),
            ("upload-offset", offset.to_string()),
            ("upload-checksum", checksum),
        ];
        self.call("PATCH", path, headers, piece.to_vec()).await
    }
}

fn strange() -> Broken {
    Snag::Later(Reason::Way(TransportError::Strange)).into()
}

fn number(reply: &Reply, name: &str) -> Option<usize> {
    reply.header(name)?.trim().parse().ok()
}

/// The path of an upload from its address; only one below [`FILES`] of the same server.
fn upload_path(location: &str) -> Option<String> {
    let path = match location.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => location,
    };
    let name = path.strip_prefix(FILES)?.strip_prefix('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.chars().all(plain) && name.len() <= 200).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_only_taken_up_below_the_servers_own_path() {
        for (location, path) in [
            ("/v1/files/01ABC", Some("/v1/files/01ABC")),
            ("https://city.example/v1/files/a-b_c", Some("/v1/files/a-b_c")),
            ("/v1/files/", None),
            ("/v1/files", None),
            ("/v1/filesX/1", None),
            ("/v1/files/../sync", None),
            ("/v1/files/a?b", None),
            ("https://elsewhere", None),
            ("", None),
        ] {
            assert_eq!(upload_path(location).as_deref(), path, "{location}");
        }
    }
}
