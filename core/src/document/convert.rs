//! Between the engine's values and ours: scalars, hashes, times, authors.

use automerge as am;

use crate::limits;
use crate::model::{Author, ChangeHash, Scalar, UtcMillis};

use super::error::EditError;

/// Our value as the engine stores it.
pub(super) fn to_engine(value: &Scalar) -> am::ScalarValue {
    match value {
        Scalar::Null => am::ScalarValue::Null,
        Scalar::Bool(b) => am::ScalarValue::Boolean(*b),
        Scalar::Int(n) => am::ScalarValue::Int(*n),
        Scalar::Float(x) => am::ScalarValue::F64(*x),
        Scalar::Str(text) => am::ScalarValue::Str(text.as_str().into()),
    }
}

/// The engine's value as ours; `None` for objects, bytes, counters and numbers that are none.
pub(super) fn from_engine(value: &am::ValueRef<'_>) -> Option<Scalar> {
    use am::ScalarValueRef as S;
    let am::ValueRef::Scalar(scalar) = value else { return None };
    match scalar {
        S::Null => Some(Scalar::Null),
        S::Boolean(b) => Some(Scalar::Bool(*b)),
        S::Int(n) | S::Timestamp(n) => Some(Scalar::Int(*n)),
        S::Uint(n) => i64::try_from(*n).ok().map(Scalar::Int),
        S::F64(x) => x.is_finite().then_some(Scalar::Float(*x)),
        S::Str(text) => Some(Scalar::Str(text.to_string())),
        S::Bytes(_) | S::Counter(_) | S::Unknown { .. } => None,
    }
}

/// The engine's owned value as ours, by the same table.
pub(super) fn from_owned(value: &am::ScalarValue) -> Option<Scalar> {
    use am::ScalarValue as S;
    match value {
        S::Null => Some(Scalar::Null),
        S::Boolean(b) => Some(Scalar::Bool(*b)),
        S::Int(n) | S::Timestamp(n) => Some(Scalar::Int(*n)),
        S::Uint(n) => i64::try_from(*n).ok().map(Scalar::Int),
        S::F64(x) => x.is_finite().then_some(Scalar::Float(*x)),
        S::Str(text) => Some(Scalar::Str(text.to_string())),
        S::Bytes(_) | S::Counter(_) | S::Unknown { .. } => None,
    }
}

pub(super) fn hash(hash: &am::ChangeHash) -> ChangeHash {
    ChangeHash(hash.0)
}

pub(super) fn engine_hash(hash: &ChangeHash) -> am::ChangeHash {
    am::ChangeHash(hash.0)
}

/// The author of a change, where it is one of ours (16 bytes).
pub(super) fn author(author: &am::Author<'_>) -> Option<Author> {
    author.as_bytes().try_into().ok().map(Author)
}

pub(super) fn actor(actor: &am::ActorId) -> Option<[u8; 16]> {
    actor.to_bytes().try_into().ok()
}

/// The device time of a change. We write milliseconds; small numbers are other tools' seconds.
pub(super) fn time(stamp: i64) -> UtcMillis {
    const SECONDS_BELOW: u64 = 100_000_000_000;
    if stamp.unsigned_abs() < SECONDS_BELOW {
        UtcMillis(stamp.saturating_mul(1000))
    } else {
        UtcMillis(stamp)
    }
}

/// Refuses keys and values that no admission would let through.
pub(super) fn check_value(key: &str, value: &Scalar) -> Result<(), EditError> {
    if key.is_empty() || key.len() > limits::KEY_BYTES_MAX {
        let expected = format!("a name of 1 to {} bytes", limits::KEY_BYTES_MAX);
        return Err(EditError::field("field name", expected));
    }
    match value {
        Scalar::Float(x) if !x.is_finite() => Err(EditError::field(key, "a finite number")),
        Scalar::Str(text) if text.len() > limits::VALUE_BYTES_MAX => {
            let expected = format!("at most {} bytes", limits::VALUE_BYTES_MAX);
            Err(EditError::field(key, expected))
        }
        _ => Ok(()),
    }
}

/// Refuses free text that is empty or too long.
pub(super) fn check_text(field: &str, text: &str) -> Result<(), EditError> {
    let chars = text.chars().count();
    if text.trim().is_empty() || chars > limits::TEXT_CHARS_MAX {
        let expected = format!("1 to {} characters", limits::TEXT_CHARS_MAX);
        return Err(EditError::field(field, expected));
    }
    Ok(())
}
