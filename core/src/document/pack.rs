//! Changes in a row, without what the receiver can work out: magic, length, checksum, and the
//! hashes of dependencies that went before in the same row.
//!
//! A hash is 32 bytes that no compressor shrinks, and in a visit of forty answers each change
//! names the one before it. Packing is without loss: unpacking gives the very bytes back, and
//! their hash, whatever the bytes were (what is no plain change travels as it is).

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::limits;
use crate::model::ChangeHash;

use super::admit::AdmitError;
use super::change::{CHANGE_CHUNK, MAGIC};

/// First number of a packed change: the bytes follow as they are.
const VERBATIM: u64 = 0;
/// Otherwise the first number is this plus the number of dependencies.
const DEPS: u64 = 1;
/// A dependency that did not go before: its hash follows. Otherwise how many changes back it is.
const LITERAL: u64 = 0;

/// Packs changes in a row. Both sides keep one per row and take the changes in the same order.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    /// The number in the row at which a change went last.
    seen: HashMap<ChangeHash, u64>,
    row: u64,
}

/// Unpacks what a [`Packer`] packed, in the same order.
#[derive(Clone, Debug, Default)]
pub struct Unpacker {
    seen: Vec<ChangeHash>,
}

impl Packer {
    /// The next change of the row, packed. `hash` is the hash of the change.
    #[must_use]
    pub fn pack(&mut self, hash: &ChangeHash, raw: &[u8]) -> Vec<u8> {
        let packed = self.plain(hash, raw).unwrap_or_else(|| {
            let mut out = Vec::with_capacity(raw.len() + 1);
            put_number(&mut out, VERBATIM);
            out.extend_from_slice(raw);
            out
        });
        self.seen.insert(*hash, self.row);
        self.row += 1;
        packed
    }

    /// `None` when the bytes are not exactly what unpacking would make.
    fn plain(&self, hash: &ChangeHash, raw: &[u8]) -> Option<Vec<u8>> {
        let body = body_of(hash, raw)?;
        let mut rest = body;
        let deps = number(&mut rest)?;
        let mut out = Vec::with_capacity(raw.len());
        put_number(&mut out, DEPS.checked_add(deps)?);
        for _ in 0..deps {
            let (dep, after) = rest.split_at_checked(32)?;
            let dep = ChangeHash(dep.try_into().ok()?);
            rest = after;
            match self.seen.get(&dep) {
                Some(at) => put_number(&mut out, self.row - at),
                None => {
                    put_number(&mut out, LITERAL);
                    out.extend_from_slice(&dep.0);
                }
            }
        }
        out.extend_from_slice(rest);
        // A number written longer than needed would not come back.
        (whole(deps, body, rest)).then_some(out)
    }
}

/// Whether the dependencies stand in the body as they would be written again.
fn whole(deps: u64, body: &[u8], rest: &[u8]) -> bool {
    let mut count = Vec::new();
    put_number(&mut count, deps);
    body.starts_with(&count) && (body.len() - rest.len()) as u64 == count.len() as u64 + deps * 32
}

/// What follows the head of a plain change, if the head is the one we would write for this hash.
fn body_of<'a>(hash: &ChangeHash, raw: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = raw.get(9..)?;
    number(&mut rest)?;
    let (head, body) = raw.split_at(raw.len() - rest.len());
    (head == head_of(hash, body.len())).then_some(body)
}

fn head_of(hash: &ChangeHash, length: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(12);
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&hash.0[..4]);
    head.push(CHANGE_CHUNK);
    put_number(&mut head, length as u64);
    head
}

impl Unpacker {
    /// The next change of the row: its bytes and the hash of these bytes. Nothing is admitted by that.
    ///
    /// # Errors
    /// [`AdmitError::Parse`] when it was not packed like this, [`AdmitError::Size`] when it is too large.
    pub fn unpack(&mut self, packed: &[u8]) -> Result<(ChangeHash, Vec<u8>), AdmitError> {
        if packed.len() > limits::CHANGE_BYTES_MAX + 1 {
            return Err(AdmitError::Size);
        }
        let mut rest = packed;
        let first = number(&mut rest).ok_or(AdmitError::Parse)?;
        let (hash, raw) = if first == VERBATIM {
            (hash_of_raw(rest), rest.to_vec())
        } else {
            self.plain(first - DEPS, rest)?
        };
        self.seen.push(hash);
        Ok((hash, raw))
    }

    fn plain(&self, deps: u64, mut rest: &[u8]) -> Result<(ChangeHash, Vec<u8>), AdmitError> {
        if deps > limits::CHANGE_DEPS_MAX as u64 {
            return Err(AdmitError::Deps);
        }
        let mut body = Vec::with_capacity(rest.len() + 40);
        put_number(&mut body, deps);
        for _ in 0..deps {
            body.extend_from_slice(&self.dep(&mut rest).ok_or(AdmitError::Parse)?);
        }
        body.extend_from_slice(rest);
        let hash = hash_of(&body);
        let mut raw = head_of(&hash, body.len());
        raw.extend_from_slice(&body);
        if raw.len() > limits::CHANGE_BYTES_MAX {
            return Err(AdmitError::Size);
        }
        Ok((hash, raw))
    }

    fn dep(&self, rest: &mut &[u8]) -> Option<[u8; 32]> {
        let back = number(rest)?;
        if back == LITERAL {
            let (dep, after) = rest.split_at_checked(32)?;
            *rest = after;
            return dep.try_into().ok();
        }
        let at = self.seen.len().checked_sub(usize::try_from(back).ok()?)?;
        self.seen.get(at).map(|hash| hash.0)
    }
}

/// The hash of a plain change with this body: over chunk type, length and body.
fn hash_of(body: &[u8]) -> ChangeHash {
    let mut counted = vec![CHANGE_CHUNK];
    put_number(&mut counted, body.len() as u64);
    let mut hash = Sha256::new();
    hash.update(&counted);
    hash.update(body);
    ChangeHash(hash.finalize().into())
}

/// The hash of bytes that claim to be a change: all but magic and checksum.
fn hash_of_raw(raw: &[u8]) -> ChangeHash {
    ChangeHash(Sha256::digest(raw.get(8..).unwrap_or_default()).into())
}

/// Seven bits a byte, lowest first.
fn put_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut n = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{ID, T0, by, visit_birth};
    use super::super::{Document, Edit, VisitEdit, parse_change};
    use super::*;

    /// A visit answered on two phones and merged: chains, a branch, a change with two dependencies.
    fn history() -> Vec<(ChangeHash, Vec<u8>)> {
        let (mut one, birth) = Document::birth(ID, &visit_birth(), &by(1), T0).unwrap();
        let mut two = Document::from_changes(ID, [&birth.raw[..]]).unwrap();
        let answer = |item: usize, value: &str| {
            let put = vec![(format!("HH-{item:02}"), value.into())];
            Edit::Visit(VisitEdit::Answers { put, remove: vec![] })
        };
        let mut row = vec![birth];
        for item in 0..20 {
            row.push(one.edit(&answer(item, "ok"), &by(1), T0).unwrap().unwrap());
            row.push(two.edit(&answer(item + 40, "hazard"), &by(2), T0).unwrap().unwrap());
        }
        one.extend(row.iter().map(|m| &m.raw[..])).unwrap();
        row.push(one.edit(&answer(90, "ok"), &by(1), T0).unwrap().unwrap());
        assert_eq!(row.last().unwrap().deps.len(), 2);
        row.into_iter().map(|m| (m.hash, m.raw)).collect()
    }

    fn round(row: &[(ChangeHash, Vec<u8>)]) -> usize {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        let mut bytes = 0;
        for (hash, raw) in row {
            let packed = packer.pack(hash, raw);
            bytes += packed.len();
            let (got_hash, got) = unpacker.unpack(&packed).unwrap();
            assert_eq!((&got, got_hash), (raw, hash_of_raw(raw)));
        }
        bytes
    }

    #[test]
    fn a_visit_comes_back_as_it_was_and_is_much_smaller() {
        let row = history();
        for (hash, raw) in &row {
            assert_eq!(parse_change(raw).unwrap().hash, *hash);
            assert_eq!(hash_of_raw(raw), *hash, "our hash is the engine's");
        }
        let raw: usize = row.iter().map(|(_, raw)| raw.len()).sum();
        let packed = round(&row);
        assert!(packed + row.len() * 40 < raw, "{packed} of {raw} bytes for {}", row.len());
        // From the middle on, the first dependencies travel whole.
        round(&row[13..]);
        let twice: Vec<_> = row.iter().chain(&row).cloned().collect();
        round(&twice);
        let mut backwards = row;
        backwards.reverse();
        round(&backwards);
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        let mut unpacker = Unpacker::default();
        for packed in [&[][..], &[0x80], &[2, 1], &[2, 0, 9, 9], &[0xff; 12], &[70, 0]] {
            assert!(unpacker.unpack(packed).is_err(), "{packed:?}");
        }
        assert!(unpacker.unpack(&vec![0; limits::CHANGE_BYTES_MAX + 2]).is_err());
    }

    proptest! {
        #[test]
        fn damaged_changes_travel_unchanged(at in 0_usize..150, bits: u8, cut in 0_usize..160) {
            let mut row = history();
            let (hash, raw) = &mut row[5];
            if let Some(byte) = raw.get_mut(at) {
                *byte ^= bits;
            }
            raw.truncate(cut.max(1));
            *hash = hash_of_raw(raw);
            round(&row);
        }

        #[test]
        fn any_bytes_unpack_or_are_refused(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut unpacker = Unpacker { seen: vec![ChangeHash([1; 32]); 3] };
            if let Ok((hash, raw)) = unpacker.unpack(&packed) {
                prop_assert_eq!(hash, hash_of_raw(&raw));
            }
        }
    }
}
