//! The headers of tus 1.0: what an upload says of itself. Text in, values out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use ironfeet_core::limits::PHOTO_BYTES_MAX;
use ironfeet_core::model::{DocId, HashText};

use super::Refused;

/// Media types taken and given.
const MEDIA: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
/// Longest metadata that is read, in bytes.
const METADATA_BYTES_MAX: usize = 2_048;

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// SHA-256 of the whole file.
    pub sha256: HashText,
    /// The record that shows it.
    pub doc: DocId,
    /// Its media type.
    pub media: String,
    /// Its bytes.
    pub bytes: u64,
}

/// Reads `Upload-Length` and `Upload-Metadata`.
///
/// # Errors
/// [`Refused::Metadata`], [`Refused::TooLarge`].
pub fn told(length: &str, metadata: &str) -> Result<Told, Refused> {
    let plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    if !plain || metadata.len() > METADATA_BYTES_MAX {
        return Err(Refused::Metadata);
    }
    // More digits than a number has is too large as well.
    let bytes = length.parse().unwrap_or(u64::MAX);
    if bytes > PHOTO_BYTES_MAX as u64 {
        return Err(Refused::TooLarge);
    }
    let value = |name: &str| {
        let mut all = metadata.split(',').map(str::trim).filter_map(|pair| pair.split_once(' '));
        let (_, value) = all.find(|(key, _)| *key == name).ok_or(Refused::Metadata)?;
        let text = STANDARD.decode(value.trim()).map_err(|_| Refused::Metadata)?;
        String::from_utf8(text).map_err(|_| Refused::Metadata)
    };
    let media = value("media")?;
    if bytes == 0 || !MEDIA.contains(&media.as_str()) {
        return Err(Refused::Metadata);
    }
    let sha256 = value("sha256")?.parse().map_err(|_| Refused::Metadata)?;
    let doc = value("document")?.parse().map_err(|_| Refused::Metadata)?;
    Ok(Told { sha256, doc, media, bytes })
}

/// A checksum to compare with, fed as bytes come.
pub enum Checksum {
    /// SHA-256 and what it should be.
    Sha256(Box<Sha256>, Vec<u8>),
    /// SHA-1 and what it should be.
    Sha1(Box<Sha1>, Vec<u8>),
}

impl Checksum {
    /// Reads `Upload-Checksum`.
    ///
    /// # Errors
    /// [`Refused::Algorithm`].
    pub fn read(header: &str) -> Result<Self, Refused> {
        let (name, value) = header.trim().split_once(' ').ok_or(Refused::Algorithm)?;
        let value = STANDARD.decode(value.trim()).map_err(|_| Refused::Algorithm)?;
        match (name, value.len()) {
            ("sha256", 32) => Ok(Self::Sha256(Box::default(), value)),
            ("sha1", 20) => Ok(Self::Sha1(Box::default(), value)),
            _ => Err(Refused::Algorithm),
        }
    }

    /// More bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(so_far, _) => so_far.update(bytes),
            Self::Sha1(so_far, _) => so_far.update(bytes),
        }
    }

    /// Whether the bytes were those announced.
    #[must_use]
    pub fn fits(self) -> bool {
        match self {
            Self::Sha256(so_far, value) => so_far.finalize()[..] == value[..],
            Self::Sha1(so_far, value) => so_far.finalize()[..] == value[..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_understood_or_refused() {
        let (sha, doc) = ("ab".repeat(32), "01HZ0000000000000000000000");
        let meta = |sha: &str, doc: &str, media: &str| {
            let (a, b, c) = (STANDARD.encode(sha), STANDARD.encode(doc), STANDARD.encode(media));
            format!("sha256 {a},document {b}, media {c},other")
        };
        let good = meta(&sha, doc, "image/jpeg");
        let told_good = told("10", &good).unwrap();
        assert_eq!((told_good.bytes, told_good.doc.to_string().as_str()), (10, doc));
        let max = PHOTO_BYTES_MAX;
        for (length, metadata, expected) in [
            (max.to_string(), good.clone(), None),
            ((max + 1).to_string(), good.clone(), Some(Refused::TooLarge)),
            ("99999999999999999999999".to_owned(), good.clone(), Some(Refused::TooLarge)),
            ("0".to_owned(), good.clone(), Some(Refused::Metadata)),
            ("-1".to_owned(), good.clone(), Some(Refused::Metadata)),
            (String::new(), good.clone(), Some(Refused::Metadata)),
            ("9".to_owned(), String::new(), Some(Refused::Metadata)),
            ("9".to_owned(), meta("abc", doc, "image/jpeg"), Some(Refused::Metadata)),
            ("9".to_owned(), meta(&sha, "x", "image/jpeg"), Some(Refused::Metadata)),
            ("9".to_owned(), meta(&sha, doc, "text/html"), Some(Refused::Metadata)),
            ("9".to_owned(), format!("{good},{}", "x".repeat(3_000)), Some(Refused::Metadata)),
        ] {
            assert_eq!(told(&length, &metadata).err(), expected, "{length} {metadata}");
        }
    }

    #[test]
    fn checksums_of_two_kinds_are_compared() {
        let sum = |name: &str, value: &[u8]| format!("{name} {}", STANDARD.encode(value));
        for (header, fits) in [
            (sum("sha256", &Sha256::digest(b"abc")), true),
            (sum("sha1", &Sha1::digest(b"abc")), true),
            (sum("sha256", &[0; 32]), false),
            (sum("sha1", &[0; 20]), false),
        ] {
            let mut checksum = Checksum::read(&header).ok().unwrap();
            checksum.feed(b"a");
            checksum.feed(b"bc");
            assert_eq!(checksum.fits(), fits, "{header}");
        }
        for bad in ["", "sha256", "md5 AAAA", "sha256 AAAA", "sha256 ???"] {
            assert_eq!(Checksum::read(bad).err(), Some(Refused::Algorithm), "{bad}");
        }
    }
}
