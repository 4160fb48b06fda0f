//! The JOSE library with our keys' arithmetic plugged in: HS256 for our own tokens, EdDSA and ES256 for phones.
//!
//! Nothing else is accepted, and a signature's key is never looked up by what the signer names.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use ironfeet_core::sync::key;

use super::{mac, same};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

struct Own([u8; 32]);

impl Signer<Vec<u8>> for Own {
    fn try_sign(&self, text: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(mac(&self.0, &[text]).to_vec())
    }
}

impl Verifier<Vec<u8>> for Own {
    fn verify(&self, text: &[u8], tag: &Vec<u8>) -> std::result::Result<(), Error> {
        if same(&mac(&self.0, &[text]), tag) { Ok(()) } else { Err(Error::new()) }
    }
}

impl JwtSigner for Own {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Own {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct Theirs(Vec<u8>, Algorithm);

impl Verifier<Vec<u8>> for Theirs {
    fn verify(&self, text: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        if key::verify(&self.0, text, signature) { Ok(()) } else { Err(Error::new()) }
    }
}

impl JwtVerifier for Theirs {
    fn algorithm(&self) -> Algorithm {
        self.1
    }
}

fn own(bytes: &[u8]) -> Result<Own> {
    Ok(Own(bytes.try_into().map_err(|_| ErrorKind::InvalidKeyFormat)?))
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(own(key.as_bytes())?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?;
    match (algorithm, key::algorithm(bytes)) {
        (Algorithm::HS256, _) => Ok(Box::new(own(bytes)?)),
        (Algorithm::EdDSA, Some(key::Algorithm::EdDsa))
        | (Algorithm::ES256, Some(key::Algorithm::Es256)) => {
            Ok(Box::new(Theirs(bytes.to_vec(), *algorithm)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn plug_in() {
    // Said once per process; later calls find it there.
    let _installed_before = PROVIDER.install_default();
}

/// Times and audiences are checked by ours, on our clock.
fn only(algorithm: Algorithm) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules
}

/// A token under our own key.
pub(super) fn issue(key: &[u8; 32], claims: &impl Serialize) -> String {
    plug_in();
    let header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key))
        .expect("plain claims under HMAC can always be encoded")
}

/// What a token under our own key says.
pub(super) fn issued<C: DeserializeOwned>(key: &[u8; 32], text: &str) -> Option<C> {
    plug_in();
    let key = DecodingKey::from_secret(key);
    let read = jsonwebtoken::decode::<C>(text, &key, &only(Algorithm::HS256)).ok()?;
    (read.header.typ.as_deref() == Some("at+jwt")).then_some(read.claims)
}

/// What a text of this type says that is signed by the key it carries, and that key.
pub(super) fn read<C: DeserializeOwned>(text: &str, typ: &str) -> Option<(Vec<u8>, C)> {
    plug_in();
    let header = jsonwebtoken::decode_header(text).ok()?;
    let known = matches!(header.alg, Algorithm::EdDSA | Algorithm::ES256);
    if !known || header.typ.as_deref() != Some(typ) || header.crit.is_some() {
        return None;
    }
    let key = DecodingKey::from_jwk(header.jwk.as_ref()?).ok()?;
    let bytes = key.try_get_as_bytes().ok()?.to_vec();
    let read = jsonwebtoken::decode::<C>(text, &key, &only(header.alg)).ok()?;
    Some((bytes, read.claims))
}
