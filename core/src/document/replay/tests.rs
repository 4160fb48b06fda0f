//! A replay says what the engine says, or nothing: random days on three phones, and mutants of their changes.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::document::merge_tests::{births, merged, play, steps};
use crate::document::tests::{ID, T0, answer, born, by, visit_birth};
use crate::document::{Document, parse_change};

fn replay(raws: &[Vec<u8>]) -> Option<Replay> {
    Replay::new(ID).with(raws.iter().map(Vec::as_slice))
}

fn raws(document: &Document) -> Vec<Vec<u8>> {
    document.changes().into_iter().map(|parts| parts.raw).collect()
}

fn assert_same(replay: &Replay, document: &Document) {
    assert_eq!(replay.read().as_ref(), Some(&document.read()));
    assert_eq!(replay.heads(), document.heads());
    assert_eq!(replay.kind(), document.kind());
    for parts in document.changes() {
        assert!(replay.has(&parts.hash));
        assert_eq!(change_deps(&parts.raw), Some(parts.deps.clone()));
        let (read, _) = change::parse(&parts.raw).expect("our own change");
        assert_eq!(read, parse_change(&parts.raw).unwrap());
    }
}

proptest! {
    #[test]
    fn what_people_do_is_read_as_the_engine_reads_it(birth in births(), steps in steps(), cut in any::<prop::sample::Index>()) {
        let copies = play(&birth, &steps);
        let merged = merged(&copies);
        for document in copies.iter().chain([&merged]) {
            let raws = raws(document);
            let whole = replay(&raws).expect("our own writer's changes are understood");
            assert_same(&whole, document);
            let cut = cut.index(raws.len()) + 1;
            let rest = raws[cut..].iter().map(Vec::as_slice);
            assert_same(&replay(&raws[..cut]).unwrap().with(rest).unwrap(), document);
        }
    }
}

/// A change with another body and the checksum that fits it.
fn with_body(body: &[u8]) -> Vec<u8> {
    let mut chunk = vec![1];
    let mut n = body.len();
    while n >= 0x80 {
        chunk.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    chunk.push(n as u8);
    chunk.extend_from_slice(body);
    let hash = Sha256::digest(&chunk);
    [&[0x85, 0x6f, 0x4a, 0x83][..], &hash[..4], &chunk].concat()
}

fn body_of(raw: &[u8]) -> &[u8] {
    let after = 9 + raw[9..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    &raw[after..]
}

/// What a replay takes of forty thousand mutants, the engine takes too and reads alike.
#[test]
fn mutants_are_read_as_the_engine_reads_them_or_not_at_all() {
    let mut document = born(&visit_birth());
    document.edit(&answer("HH-A1", "ok"), &by(9), T0).unwrap();
    let other = answer("HH-A1", "bad");
    let mut beside = born(&visit_birth());
    beside.edit(&other, &by(8), T0).unwrap();
    let beside = raws(&beside);
    document.extend(beside.iter().map(Vec::as_slice)).unwrap();
    document.edit(&answer("HH-A1", "later"), &by(9), T0).unwrap();
    let honest = raws(&document);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut taken, mut given_up) = (0, 0);
    for _ in 0..40_000 {
        let at = random(honest.len());
        let mut body = body_of(&honest[at]).to_vec();
        for _ in 0..=random(3) {
            let place = random(body.len());
            match random(3) {
                0 => body[place] ^= 1 << random(8),
                1 => body[place] = random(256) as u8,
                _ => body.insert(place, random(256) as u8),
            }
        }
        let mut mutant = honest.clone();
        mutant[at] = with_body(&body);
        mutant.truncate(at + 1);
        match replay(&mutant).and_then(|replay| Some((replay.read()?, replay))) {
            Some((reading, replay)) => {
                taken += 1;
                let document = Document::from_changes(ID, mutant.iter().map(Vec::as_slice))
                    .expect("the engine takes what a replay takes");
                assert_eq!(reading, document.read());
                assert_eq!(replay.heads(), document.heads());
            }
            None => given_up += 1,
        }
    }
    assert!(taken > 1_000 && given_up > 1_000, "{taken} taken, {given_up} given up");
}
