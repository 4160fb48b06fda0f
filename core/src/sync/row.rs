//! Change bodies in a row within one frame, without the hashes of dependencies that went before.
//!
//! A hash is 32 bytes that no compressor shrinks, and in a visit of forty answers each change
//! names the one before it: a visit of 34 answers takes 334 instead of 1,728 bytes on the wire
//! (zstd -3, 500 visits in a frame). Without loss: unpacking gives the very body back, whatever
//! its bytes were (what does not begin like a change travels as it is).
//!
//! On the wire a body is a number and the rest: 0, then the body as it is; or the number of
//! dependencies + 1, then each dependency as how many bodies back in this frame it stands
//! (1 is the last one), or as 0 and its 32 bytes, then the body after its dependencies. Numbers
//! are LEB128. Bodies count in the order in which they stand in the frame.

use std::collections::HashMap;

use minicbor::{Decoder, Encoder, decode as de, encode as en};

use crate::limits;
use crate::model::ChangeHash;

use super::chunk;

/// First number of a body that travels as it is.
const VERBATIM: u64 = 0;
/// Otherwise the first number is this plus the number of dependencies.
const DEPS: u64 = 1;
/// A dependency that did not go before in this frame; its hash follows.
const LITERAL: u64 = 0;
const HASH_BYTES: usize = 32;

/// The bodies that went before in a frame. A fresh one for every frame, on both sides.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// For packing: the number in the row at which a change went last.
    at: HashMap<ChangeHash, usize>,
    row: Vec<ChangeHash>,
}

/// What the codec of a message needs beside the message: [`Row`], and nothing else is one.
pub trait InRow {
    /// The row of the frame.
    fn row(&mut self) -> &mut Row;
}

impl InRow for Row {
    fn row(&mut self) -> &mut Row {
        self
    }
}

impl Row {
    fn went(&mut self, body: &[u8]) -> ChangeHash {
        let hash = chunk::hash(body);
        self.row.push(hash);
        hash
    }

    /// The next body as it travels.
    pub fn pack(&mut self, body: &[u8]) -> Vec<u8> {
        let packed = self.plain(body).unwrap_or_else(|| {
            let mut out = Vec::with_capacity(body.len() + 1);
            put_number(&mut out, VERBATIM);
            out.extend_from_slice(body);
            out
        });
        let at = self.row.len();
        let hash = self.went(body);
        self.at.insert(hash, at);
        packed
    }

    /// `None` when the body would not come back as it is.
    fn plain(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut rest = body;
        let deps = number(&mut rest).filter(|n| *n <= limits::CHANGE_DEPS_MAX as u64)?;
        let mut out = Vec::with_capacity(body.len());
        put_number(&mut out, deps);
        if !body.starts_with(&out) || out.len() != body.len() - rest.len() {
            return None; // a number written longer than needed
        }
        out.clear();
        put_number(&mut out, DEPS + deps);
        for _ in 0..deps {
            let (dep, after) = rest.split_first_chunk::<HASH_BYTES>()?;
            rest = after;
            if let Some(at) = self.at.get(&ChangeHash(*dep)) {
                put_number(&mut out, (self.row.len() - at) as u64);
            } else {
                put_number(&mut out, LITERAL);
                out.extend_from_slice(dep);
            }
        }
        out.extend_from_slice(rest);
        Some(out)
    }

    /// Whether it holds as many bodies as a frame may.
    pub(super) fn is_full(&self) -> bool {
        self.row.len() >= limits::FRAME_BODIES_MAX
    }

    /// The next body as it was before it travelled; `None` when it was not packed like this, or when
    /// there are more bodies than a frame may hold.
    pub fn unpack(&mut self, packed: &[u8]) -> Option<Vec<u8>> {
        if self.is_full() {
            return None;
        }
        let mut rest = packed;
        let first = number(&mut rest)?;
        let body = if first == VERBATIM { rest.to_vec() } else { self.whole(first - DEPS, rest)? };
        self.went(&body);
        Some(body)
    }

    fn whole(&self, deps: u64, mut rest: &[u8]) -> Option<Vec<u8>> {
        if deps > limits::CHANGE_DEPS_MAX as u64 {
            return None;
        }
        let mut body = Vec::with_capacity(rest.len() + HASH_BYTES);
        put_number(&mut body, deps);
        for _ in 0..deps {
            let back = number(&mut rest)?;
            if back == LITERAL {
                let (dep, after) = rest.split_first_chunk::<HASH_BYTES>()?;
                rest = after;
                body.extend_from_slice(dep);
            } else {
                let at = self.row.len().checked_sub(usize::try_from(back).ok()?)?;
                body.extend_from_slice(&self.row.get(at)?.0);
            }
        }
        body.extend_from_slice(rest);
        Some(body)
    }
}

/// For `#[cbor(with)]` on a field that is a body: writes it packed.
///
/// # Errors
/// When the writer fails.
pub fn encode<C: InRow, W: en::Write>(
    body: &[u8],
    e: &mut Encoder<W>,
    context: &mut C,
) -> Result<(), en::Error<W::Error>> {
    e.bytes(&context.row().pack(body))?.ok()
}

/// For `#[cbor(with)]` on a field that is a body: reads it whole.
///
/// # Errors
/// When it was not packed by [`encode`] in a row with the same bodies before it.
pub fn decode<C: InRow>(d: &mut Decoder<'_>, context: &mut C) -> Result<Vec<u8>, de::Error> {
    let packed = d.bytes()?;
    context.row().unpack(packed).ok_or_else(|| de::Error::message("not a packed body"))
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

    use super::*;
    use crate::document::{Authorship, Birth, Document, Edit, MadeChange, VisitBirth, VisitEdit};
    use crate::model::{Author, DocId, PlaceId, Role, UtcMillis};

    const T0: UtcMillis = UtcMillis(1_763_884_800_123);

    fn by(n: u8) -> Authorship {
        Authorship { author: Author([n; 16]), actor: [n ^ 0x5a; 16] }
    }

    fn answer(document: &mut Document, item: usize, who: u8) -> MadeChange {
        let put = vec![(format!("HH-{item:02}"), "ok".into())];
        let edit = Edit::Visit(VisitEdit::Answers { put, remove: vec![] });
        document.edit(&edit, &by(who), T0).unwrap().unwrap()
    }

    /// The bodies of a visit answered on two phones and merged: chains, a branch, two dependencies.
    fn history() -> Vec<Vec<u8>> {
        let birth = Birth::Visit(VisitBirth {
            place: PlaceId(DocId([1; 16])),
            list: "household".to_owned(),
            list_version: 1,
            quick: false,
            by_role: Role::Inspector,
            started_at: T0,
            carried: Default::default(),
        });
        let id = DocId([7; 16]);
        let (mut one, birth) = Document::birth(id, &birth, &by(1), T0).unwrap();
        let mut two = Document::from_changes(id, [&birth.raw[..]]).unwrap();
        let mut row = vec![birth];
        for item in 0..20 {
            row.push(answer(&mut one, item, 1));
            row.push(answer(&mut two, item + 40, 2));
        }
        one.extend(row.iter().map(|m| &m.raw[..])).unwrap();
        row.push(answer(&mut one, 90, 1));
        assert_eq!(row.last().unwrap().deps.len(), 2);
        row.iter().map(|m| chunk::body(&m.raw).unwrap().to_vec()).collect()
    }

    fn round(bodies: &[Vec<u8>]) -> usize {
        let (mut there, mut here) = (Row::default(), Row::default());
        let mut bytes = 0;
        for body in bodies {
            let packed = there.pack(body);
            bytes += packed.len();
            assert_eq!(here.unpack(&packed).as_ref(), Some(body));
        }
        bytes
    }

    #[test]
    fn a_visit_comes_back_as_it_was_and_is_much_smaller() {
        let bodies = history();
        let plain: usize = bodies.iter().map(Vec::len).sum();
        let packed = round(&bodies);
        assert!(packed + bodies.len() * 30 < plain, "{packed} of {plain} bytes");
        // From the middle on, the first dependencies travel whole; a body twice is a body twice.
        round(&bodies[13..]);
        round(&bodies.iter().chain(&bodies).cloned().collect::<Vec<_>>());
        round(&bodies.iter().rev().cloned().collect::<Vec<_>>());
    }

    #[test]
    fn nonsense_is_refused() {
        let mut row = Row::default();
        for packed in [&[][..], &[0x80], &[2, 1], &[2, 0, 9, 9], &[0xff; 12], &[70, 0]] {
            assert_eq!(row.unpack(packed), None, "{packed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_body_comes_back(at in 0_usize..150, bits: u8, cut in 0_usize..160, bytes: Vec<u8>) {
            let mut bodies = history();
            if let Some(byte) = bodies[5].get_mut(at) {
                *byte ^= bits;
            }
            bodies[5].truncate(cut);
            bodies[7] = bytes;
            round(&bodies);
        }

        #[test]
        fn what_unpacks_packs_again(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut row = Row::default();
            for body in history().iter().take(3) {
                row.pack(body);
            }
            if let Some(body) = row.clone().unpack(&packed) {
                let again = row.clone().pack(&body);
                prop_assert_eq!(row.unpack(&again), Some(body));
            }
        }
    }
}
