//! The JOSE library with our keys' arithmetic plugged in: EdDSA and ES256, read only.
//!
//! Nothing else is accepted, and a signature's key is never looked up by what the signer names.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde::de::DeserializeOwned;

use ironfeet_core::sync::key;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

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

/// Asked for by the library; nothing is signed here.
fn signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?;
    match (algorithm, key::algorithm(bytes)) {
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
