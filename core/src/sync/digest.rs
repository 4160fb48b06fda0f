//! The digest over a partition's documents: proves *same result* (protocol 4.7).
//!
//! A sum modulo 2^256 of one item per document, so one admitted change costs
//! one subtraction and one addition and no document is loaded on either side.

use sha2::{Digest as _, Sha256};

use crate::model::{ChangeHash, DocId};

/// Whether a document takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocState {
    /// Takes changes.
    Live,
    /// Frozen: deleted on the server, kept on phones until they leave.
    Frozen,
}

impl DocState {
    /// The stable name used in SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Frozen => "frozen",
        }
    }
}

/// Sum of items, little-endian words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest([u64; 4]);

/// One document's share of a digest: over its identity, sorted acknowledged heads, state and moves.
#[must_use]
pub fn item(doc: &DocId, heads: &[ChangeHash], state: DocState, move_gen: u32) -> [u8; 32] {
    let mut sorted: Vec<&ChangeHash> = heads.iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    hasher.update(doc.0);
    for head in sorted {
        hasher.update(head.0);
    }
    hasher.update([state as u8]);
    hasher.update(move_gen.to_be_bytes());
    hasher.finalize().into()
}

/// Heads after one more change: its dependencies are no heads any more.
#[must_use]
pub fn heads_after(heads: &[ChangeHash], deps: &[ChangeHash], hash: ChangeHash) -> Vec<ChangeHash> {
    let mut after: Vec<ChangeHash> =
        heads.iter().filter(|h| !deps.contains(h) && **h != hash).copied().collect();
    after.push(hash);
    after.sort();
    after
}

impl Digest {
    /// Adds a document's item.
    pub fn add(&mut self, item: &[u8; 32]) {
        let mut carry = false;
        for (word, given) in self.0.iter_mut().zip(words(item)) {
            let (sum, over) = word.overflowing_add(given);
            let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_carry;
        }
    }

    /// Takes a document's item away again.
    pub fn remove(&mut self, item: &[u8; 32]) {
        let mut borrow = false;
        for (word, given) in self.0.iter_mut().zip(words(item)) {
            let (rest, under) = word.overflowing_sub(given);
            let (rest, under_borrow) = rest.overflowing_sub(u64::from(borrow));
            *word = rest;
            borrow = under || under_borrow;
        }
    }

    /// All 32 bytes, as they are stored.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut out = [0; 32];
        for (chunk, word) in out.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// From the stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut out = [0; 4];
        for (word, given) in out.iter_mut().zip(words(bytes)) {
            *word = given;
        }
        Self(out)
    }

    /// The first 16 bytes of its hash, as they go on the wire.
    #[must_use]
    pub fn cut(self) -> [u8; 16] {
        let hash: [u8; 32] = Sha256::digest(self.to_bytes()).into();
        let mut out = [0; 16];
        out.copy_from_slice(&hash[..16]);
        out
    }
}

fn words(bytes: &[u8; 32]) -> impl Iterator<Item = u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Any order of adding and removing comes to the same sum.
        #[test]
        fn a_digest_is_a_sum(items in prop::collection::vec(any::<[u8; 32]>(), 1..20), gone in any::<prop::sample::Index>()) {
            let mut forward = Digest::default();
            let mut backward = Digest::default();
            for item in &items { forward.add(item); }
            for item in items.iter().rev() { backward.add(item); }
            prop_assert_eq!(forward, backward);
            prop_assert_eq!(Digest::from_bytes(&forward.to_bytes()), forward);
            let at = gone.index(items.len());
            forward.remove(&items[at]);
            let mut without = Digest::default();
            for (i, item) in items.iter().enumerate() { if i != at { without.add(item); } }
            prop_assert_eq!(forward, without);
        }
    }

    #[test]
    fn an_item_tells_every_part_apart() {
        let doc = DocId([1; 16]);
        let (a, b) = (ChangeHash([2; 32]), ChangeHash([3; 32]));
        let base = item(&doc, &[a, b], DocState::Live, 0);
        assert_eq!(item(&doc, &[b, a], DocState::Live, 0), base, "heads are a set");
        for other in [
            item(&DocId([9; 16]), &[a, b], DocState::Live, 0),
            item(&doc, &[a], DocState::Live, 0),
            item(&doc, &[a, b], DocState::Frozen, 0),
            item(&doc, &[a, b], DocState::Live, 1),
        ] {
            assert_ne!(other, base);
        }
    }
}
