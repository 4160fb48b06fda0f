//! A change as bytes: its header can be computed from its body, so only the body travels.
//!
//! A stored change is `magic(4) checksum(4) type(1) length(LEB128) body`; its
//! hash is SHA-256 over `type length body`, the checksum the hash's first four
//! bytes. Only type 1 (uncompressed) exists here: a body can never inflate.

use sha2::{Digest, Sha256};

use crate::model::ChangeHash;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const TYPE_CHANGE: u8 = 1;

/// The body of a stored change, or nothing if the header is not that of an uncompressed change.
#[must_use]
pub fn body(raw: &[u8]) -> Option<&[u8]> {
    let rest = raw.strip_prefix(&MAGIC)?.get(4..)?.strip_prefix(&[TYPE_CHANGE])?;
    let (length, used) = read_leb(rest)?;
    let body = rest.get(used..)?;
    (body.len() == length).then_some(body)
}

/// The stored change of a body, and its hash.
#[must_use]
pub fn rebuild(body: &[u8]) -> (Vec<u8>, ChangeHash) {
    let (head, hash) = head_and_hash(body);
    let mut raw = Vec::with_capacity(8 + head.len() + body.len());
    raw.extend_from_slice(&MAGIC);
    raw.extend_from_slice(&hash.0[..4]);
    raw.extend_from_slice(&head);
    raw.extend_from_slice(body);
    (raw, hash)
}

/// The hash of the change with this body.
#[must_use]
pub fn hash(body: &[u8]) -> ChangeHash {
    head_and_hash(body).1
}

fn head_and_hash(body: &[u8]) -> (Vec<u8>, ChangeHash) {
    let mut head = vec![TYPE_CHANGE];
    write_leb(&mut head, body.len());
    let mut hasher = Sha256::new();
    hasher.update(&head);
    hasher.update(body);
    (head, ChangeHash(hasher.finalize().into()))
}

fn write_leb(out: &mut Vec<u8>, mut n: usize) {
    loop {
        let low = u8::try_from(n & 0x7f).unwrap_or_default();
        n >>= 7;
        if n == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn read_leb(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut n = 0usize;
    for (i, byte) in bytes.iter().enumerate().take(5) {
        n |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((n, i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Authorship, Birth, Document, PlaceBirth};
    use crate::model::{Author, DocId, Role, Scalar, UtcMillis};

    #[test]
    fn a_body_becomes_the_very_change_it_came_from() {
        let birth = Birth::Place(PlaceBirth {
            facts: vec![("address".to_owned(), Scalar::from("平川路1号"))],
            by_role: Role::Inspector,
        });
        let by = Authorship { author: Author([1; 16]), actor: [2; 16] };
        let (_, made) = Document::birth(DocId([3; 16]), &birth, &by, UtcMillis(1)).unwrap();
        let body = body(&made.raw).unwrap();
        assert_eq!(rebuild(body), (made.raw.clone(), made.hash));
    }

    #[test]
    fn lengths_survive_at_every_step_of_the_encoding() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let bytes = vec![7; len];
            assert_eq!(body(&rebuild(&bytes).0), Some(bytes.as_slice()));
        }
        assert_eq!(body(b"no change"), None);
    }
}
