//! Every way a token or a proof can be wrong.

use ironfeet_core::sync::key::{Signer, SoftwareP256, SoftwareSigner, device_id};
use serde_json::json;

use super::*;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, out: &mut [u8]) {
        out.fill(3);
    }
}

const NOW: UtcMillis = UtcMillis(1_795_000_000_000);
const HERE: &str = "https://sync.example/v1/sync";

fn passes() -> Passes {
    Passes::new(&[1; 32], &Zeros, NOW)
}

fn shown(token: &str, proof: String) -> Shown {
    Shown {
        token: token.to_owned(),
        proof,
        method: "POST".to_owned(),
        addresses: vec!["http://127.0.0.1/v1/sync".to_owned(), HERE.to_owned()],
    }
}

#[test]
fn a_right_proof_counts_once() {
    let passes = passes();
    let keys: [Box<dyn Signer>; 2] =
        [Box::new(SoftwareSigner::new(&[1; 32])), Box::new(SoftwareP256::new(&[2; 32]).unwrap())];
    for key in keys {
        let (token, ends) = passes.token(device_id(&key.public_key()), NOW, 60);
        assert_eq!(ends.0 - NOW.0, 3_600_000);
        assert_eq!(passes.holder(&token, NOW), Ok(device_id(&key.public_key())));
        let one = shown(&token, proof::proof(&*key, ("POST", HERE), &token, NOW, [5; 16]).unwrap());
        assert_eq!(passes.check(&one, &key.public_key(), NOW), Ok(()));
        assert_eq!(passes.check(&one, &key.public_key(), NOW), Err(PassError::Replayed));
        let later = UtcMillis(NOW.0 + WINDOW_MS + 1_000);
        assert_eq!(passes.check(&one, &key.public_key(), later), Err(PassError::Time));
    }
}

#[test]
fn a_proof_for_anything_else_counts_never() {
    let passes = passes();
    let (mine, other) = (SoftwareSigner::new(&[1; 32]), SoftwareSigner::new(&[2; 32]));
    let (token, _) = passes.token(device_id(&mine.public_key()), NOW, 60);
    let make =
        |key: &dyn Signer, to, token: &str, at| proof::proof(key, to, token, at, [6; 16]).unwrap();
    let at = |ms: i64| UtcMillis(NOW.0 + ms);
    let good = make(&mine, ("POST", HERE), &token, NOW);
    let mut bent = good.clone();
    bent.replace_range(bent.len() - 3..bent.len() - 2, if bent.ends_with('A') { "B" } else { "A" });
    let cases = [
        ("another key", make(&other, ("POST", HERE), &token, NOW), PassError::Proof),
        ("another method", make(&mine, ("GET", HERE), &token, NOW), PassError::Proof),
        (
            "another place",
            make(&mine, ("POST", "https://sync.example/v1/heal"), &token, NOW),
            PassError::Proof,
        ),
        (
            "another server",
            make(&mine, ("POST", "https://evil.example/v1/sync"), &token, NOW),
            PassError::Proof,
        ),
        ("another token", make(&mine, ("POST", HERE), "other", NOW), PassError::Proof),
        ("too old", make(&mine, ("POST", HERE), &token, at(-WINDOW_MS - 1_000)), PassError::Time),
        ("too early", make(&mine, ("POST", HERE), &token, at(WINDOW_MS + 1_000)), PassError::Time),
        (
            "before the server began",
            make(&mine, ("POST", HERE), &token, at(-1_000)),
            PassError::Time,
        ),
        ("bent", bent, PassError::Proof),
        ("none", String::new(), PassError::Proof),
        ("too long", "a".repeat(TEXT_MAX + 1), PassError::Proof),
        ("the token itself", token.clone(), PassError::Proof),
    ];
    for (what, proof, expected) in cases {
        assert_eq!(
            passes.check(&shown(&token, proof), &mine.public_key(), NOW),
            Err(expected),
            "{what}"
        );
    }
    assert_eq!(passes.check(&shown(&token, good), &mine.public_key(), NOW), Ok(()), "the good one");
}

#[test]
fn tokens_end_and_only_ours_count() {
    let passes = passes();
    let (token, ends) = passes.token(DeviceId([7; 16]), NOW, 60);
    assert_eq!(passes.holder(&token, UtcMillis(ends.0 - 1)), Ok(DeviceId([7; 16])));
    assert_eq!(passes.holder(&token, ends), Err(PassError::Expired));
    let foreign = Passes::new(&[9; 32], &Zeros, NOW).token(DeviceId([7; 16]), NOW, 60).0;
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let bent = (0..bytes.len()).map(|n| {
        let mut bytes = bytes.clone();
        bytes[n] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    });
    let unsealed = URL_SAFE_NO_PAD.encode(&bytes[..TOKEN_BYTES - SEAL_BYTES]);
    let longer = URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat());
    let none = "eyJhbGciOiJub25lIn0.e30.".to_owned();
    let (parts, long) = ("a.b.c".to_owned(), "a".repeat(TEXT_MAX + 1));
    let made_up = [foreign, unsealed, longer, none, parts, String::new(), long];
    for bad in bent.chain(made_up) {
        assert_eq!(passes.holder(&bad, NOW), Err(PassError::Token), "{bad}");
    }
}

#[test]
fn an_assertion_needs_a_fresh_nonce_of_ours() {
    let passes = passes();
    let key = SoftwareSigner::new(&[1; 32]);
    let id = device_id(&key.public_key());
    let here = ["https://sync.example/v1/token".to_owned()];
    let nonce = passes.nonce(&Zeros, NOW);
    let good = proof::assertion(&key, id, &here[0], &nonce, &json!({})).unwrap();
    let (by, read) = passes.asserted(&good, &here, NOW).unwrap();
    assert_eq!((by, read.sub), (key.public_key(), id));
    assert_eq!(passes.asserted(&good, &here, NOW).unwrap_err(), PassError::Replayed);
    let say =
        |id, to: &str, nonce: &str| proof::assertion(&key, id, to, nonce, &json!({})).unwrap();
    let old = UtcMillis(NOW.0 + NONCE_SLOTS * NONCE_SLOT_MS);
    for (what, text, now, expected) in [
        ("another device", say(DeviceId([1; 16]), &here[0], &nonce), NOW, PassError::Proof),
        ("another server", say(id, "https://evil.example/v1/token", &nonce), NOW, PassError::Proof),
        ("no nonce", say(id, &here[0], ""), NOW, PassError::Nonce),
        ("a nonce made up", say(id, &here[0], "1.00.00"), NOW, PassError::Nonce),
        ("an old nonce", good, old, PassError::Nonce),
    ] {
        assert_eq!(passes.asserted(&text, &here, now).unwrap_err(), expected, "{what}");
    }
    let proof = proof::proof(&key, ("POST", &here[0]), "t", NOW, [1; 16]).unwrap();
    assert_eq!(
        passes.asserted(&proof, &here, NOW).unwrap_err(),
        PassError::Proof,
        "of another type"
    );
}
