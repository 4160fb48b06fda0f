//! What the server says of rights: how long a phone works offline, and outcomes of reviews.

use minicbor::{Decode, Encode};

use crate::model::{ChangeHash, DocId, UtcMillis};

/// A lease as a phone knows it ([`crate::sync::lease`]); what it covers are the grants beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Term {
    /// Number, to be named by the manifests of work done under it.
    #[n(0)]
    pub id: u64,
    /// When it was given, server time.
    #[n(1)]
    pub not_before: UtcMillis,
    /// Until when the phone works offline under it, server time.
    #[n(2)]
    pub not_after: UtcMillis,
    /// Work handed in later waits for review, server time.
    #[n(3)]
    pub hand_in_by: UtcMillis,
}

/// A decision on work that waited for review.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Notice {
    /// The ticket.
    #[n(0)]
    pub ticket: u64,
    /// The document.
    #[n(1)]
    pub doc: DocId,
    /// The change.
    #[n(2)]
    pub hash: ChangeHash,
    /// Accepted as it is, or discarded.
    #[n(3)]
    pub accepted: bool,
    /// The reason it waited: a stable code.
    #[n(4)]
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::row::Row;
    use expect_test::expect;

    #[test]
    fn a_lease_is_these_bytes_for_ever_and_more_of_them_are_skipped() {
        let term = Term {
            id: 7,
            not_before: UtcMillis(1_795_000_000_000),
            not_after: UtcMillis(1_795_259_200_000),
            hand_in_by: UtcMillis(1_795_864_000_000),
        };
        let bytes = minicbor::to_vec_with(term, &mut Row::default()).unwrap();
        expect!["a40007011b000001a1ee565e00021b000001a1fdc97200031b000001a221d5f600"]
            .assert_eq(&hex::encode(&bytes));
        let told: String =
            include_str!("../../../../docs/protocol.md").split_whitespace().collect();
        assert!(told.contains(&hex::encode(&bytes)), "docs/protocol.md shows these bytes");
        let mut newer = bytes.clone();
        newer[0] += 1;
        newer.extend([9, 1]);
        let read: Term = minicbor::decode_with(&newer, &mut Row::default()).unwrap();
        assert_eq!(read, term);
    }
}
