//! Identities. A bare string or byte array never stands for one.
//!
//! Records carry ULIDs: sortable by birth, made on a phone without a network
//! from (time, random bytes) that the caller hands in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use super::UtcMillis;

/// Why a text is not an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: expected {expected}")]
pub struct IdError {
    /// Which identity was expected, such as `place id`.
    pub what: &'static str,
    /// The form that would be right.
    pub expected: &'static str,
}

/// The identity of a document (place, visit, task or case), whatever its kind: 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId(pub [u8; 16]);

impl DocId {
    /// A new identity from the time of birth and random bytes (the first six are replaced by time).
    #[must_use]
    pub fn new(at: UtcMillis, random: [u8; 16]) -> Self {
        let ms = u64::try_from(at.0).unwrap_or(0);
        Self(Ulid::from_parts(ms, u128::from_be_bytes(random)).to_bytes())
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Ulid::from_bytes(self.0))
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for DocId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Ulid::from_string(text)
            .map(|u| Self(u.to_bytes()))
            .map_err(|_| IdError { what: "record id", expected: "26 letters and digits (ULID)" })
    }
}

/// Implements text forms by `Display` and `FromStr` for serde.
macro_rules! serde_by_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_by_text;

serde_by_text!(DocId);

/// A document identity that says of which kind it is.
macro_rules! doc_id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub DocId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self).map_err(|e: IdError| IdError { what: $what, ..e })
            }
        }
        impl From<$name> for DocId {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        serde_by_text!($name);
    };
}

doc_id_type!(/// The identity of a place.
    PlaceId, "place id");
doc_id_type!(/// The identity of a visit.
    VisitId, "visit id");
doc_id_type!(/// The identity of a task.
    TaskId, "task id");

/// Random bytes shown as hex.
macro_rules! hex_id_type {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| IdError { what: $what, expected: $expected })?;
                Ok(Self(bytes))
            }
        }
        serde_by_text!($name);
    };
}

hex_id_type!(/// One enrolled phone: the holder of a signing key.
    DeviceId, 16, "device id", "32 hex digits");
hex_id_type!(/// One installation of the app's data; a second copy of the data is found by it.
    InstallId, 16, "install id", "32 hex digits");
hex_id_type!(/// Pseudonym of a person on a device inside Automerge history; the server keeps the mapping.
    Author, 16, "author", "32 hex digits");
hex_id_type!(/// The SHA-256 of an Automerge change; addresses it together with its document.
    ChangeHash, 32, "change hash", "64 hex digits");
hex_id_type!(/// A SHA-256 of bytes, such as a photo's.
    HashText, 32, "sha256", "64 hex digits");

/// A person's account name as the city gives it: `[A-Za-z0-9._-]`, 1 to 64 characters. Not a real name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(String);

impl PersonId {
    /// The account name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PersonId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError {
                what: "person id",
                expected: "1 to 64 of letters, digits, '.', '_', '-'",
            })
        }
    }
}

serde_by_text!(PersonId);
