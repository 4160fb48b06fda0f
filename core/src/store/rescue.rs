//! The rescue file: unsent work, sealed, to be carried to another phone.
//!
//! ```text
//! "IRONFEET-RESCUE 1\n"  then records: u32 length (big endian), sealed bytes
//! ```
//! A record is sealed for its place in this file (a random id and its number), so
//! records cannot be dropped, repeated, swapped or cut off unseen: the last one
//! says how many there are. Inside, a record is one letter and its fields:
//! `d` document, `c` change, `p` photo, `e` end. Written and read in one pass,
//! one record in memory at a time.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::StoreError;
use super::document::{ChangeRow, Status};
use super::install::sync_folder;
use super::seal::Seal;
use crate::ground::Entropy;
use crate::model::{ChangeHash, DocId, HashText};

const TITLE: &[u8] = b"IRONFEET-RESCUE 1\n";
const PURPOSE: &str = "rescue";
/// No record is longer: a photo of the largest size, and a little.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One thing in a rescue file.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A document; the changes that follow are of it.
    Document {
        /// Identity.
        id: DocId,
        /// Home partition as the old phone knew it.
        pid: String,
        /// Kind.
        kind: String,
    },
    /// A change, in the order of the old phone.
    Change(ChangeRow),
    /// A photo that was not sent.
    Photo {
        /// Its hash.
        sha256: HashText,
        /// Media type.
        media: String,
        /// The photo.
        bytes: Vec<u8>,
    },
}

fn about(id: &[u8; 16], number: u64) -> Vec<u8> {
    [TITLE, id, &number.to_be_bytes()].concat()
}

/// Writes a rescue file.
pub struct Writer<'a> {
    file: BufWriter<File>,
    seal: Seal,
    id: [u8; 16],
    number: u64,
    entropy: &'a dyn Entropy,
}

impl<'a> Writer<'a> {
    /// Begins a file; one that exists is not overwritten.
    ///
    /// # Errors
    /// Disk errors.
    pub fn create(
        path: &Path,
        key: &[u8; 32],
        entropy: &'a dyn Entropy,
    ) -> Result<Self, StoreError> {
        let mut file = BufWriter::new(File::create_new(path)?);
        let id = entropy.sixteen();
        file.write_all(TITLE)?;
        file.write_all(&id)?;
        Ok(Self { file, seal: Seal::derive(key, PURPOSE), id, number: 0, entropy })
    }

    fn put(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        let sealed = self.seal.seal(plain, &about(&self.id, self.number), self.entropy);
        let length = u32::try_from(sealed.len()).map_err(|_| StoreError::Sealed)?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file.write_all(&sealed)?;
        self.number += 1;
        Ok(())
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Disk errors.
    pub fn add(&mut self, record: &Record) -> Result<(), StoreError> {
        self.put(&encode(record))
    }

    /// Ends the file; it is on disk when this returns.
    ///
    /// # Errors
    /// Disk errors.
    pub fn finish(mut self, path: &Path) -> Result<(), StoreError> {
        let count = self.number;
        self.put(&[b"e", &count.to_be_bytes()[..]].concat())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        sync_folder(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

fn encode(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    match record {
        Record::Document { id, pid, kind } => {
            out.push(b'd');
            out.extend(id.0);
            text(&mut out, pid);
            out.extend(kind.as_bytes());
        }
        Record::Change(row) => {
            out.push(b'c');
            out.extend(row.hash.0);
            out.push(u8::try_from(row.status.code()).unwrap_or(0));
            out.extend(&row.raw);
        }
        Record::Photo { sha256, media, bytes } => {
            out.push(b'p');
            out.extend(sha256.0);
            text(&mut out, media);
            out.extend(bytes);
        }
    }
    out
}

/// A text of at most 255 bytes with its length.
fn text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(255)];
    out.push(u8::try_from(bytes.len()).unwrap_or(255));
    out.extend(bytes);
}

/// Reads a rescue file.
pub struct Reader {
    file: BufReader<File>,
    seal: Seal,
    id: [u8; 16],
    number: u64,
    ended: bool,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it is no rescue file.
    pub fn open(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        let mut file = BufReader::new(File::open(path)?);
        let mut title = [0; TITLE.len()];
        let mut id = [0; 16];
        file.read_exact(&mut title).map_err(short)?;
        file.read_exact(&mut id).map_err(short)?;
        if title != TITLE {
            return Err(StoreError::Sealed);
        }
        Ok(Self { file, seal: Seal::derive(key, PURPOSE), id, number: 0, ended: false })
    }

    /// The next record; `None` at the proper end.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the key is wrong, or the file was changed or cut off.
    pub fn next_record(&mut self) -> Result<Option<Record>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length).map_err(short)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > RECORD_BYTES_MAX {
            return Err(StoreError::Sealed);
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed).map_err(short)?;
        let plain = self.seal.open(&sealed, &about(&self.id, self.number))?;
        if let Some(count) = plain.strip_prefix(b"e") {
            self.ended = count == self.number.to_be_bytes();
            return if self.ended { Ok(None) } else { Err(StoreError::Sealed) };
        }
        self.number += 1;
        decode(&plain).map(Some).ok_or(StoreError::Sealed)
    }
}

fn short(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => StoreError::Sealed,
        _ => error.into(),
    }
}

fn decode(plain: &[u8]) -> Option<Record> {
    let (kind, rest) = plain.split_first()?;
    match kind {
        b'd' => {
            let (id, rest) = rest.split_first_chunk::<16>()?;
            let (pid, kind) = split_text(rest)?;
            let kind = String::from_utf8(kind.to_vec()).ok()?;
            Some(Record::Document { id: DocId(*id), pid, kind })
        }
        b'c' => {
            let (hash, rest) = rest.split_first_chunk::<32>()?;
            let (status, raw) = rest.split_first()?;
            let status = Status::of(i64::from(*status));
            Some(Record::Change(ChangeRow {
                k: 0,
                hash: ChangeHash(*hash),
                raw: raw.to_vec(),
                status,
            }))
        }
        b'p' => {
            let (sha256, rest) = rest.split_first_chunk::<32>()?;
            let (media, bytes) = split_text(rest)?;
            Some(Record::Photo { sha256: HashText(*sha256), media, bytes: bytes.to_vec() })
        }
        _ => None,
    }
}

fn split_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}
