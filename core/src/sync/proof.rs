//! What a phone shows with each request: a short-lived token, and proof that it holds the device's key.
//!
//! The shape is DPoP (RFC 9449): a JSON Web Signature that names the method, the address, the time, a number
//! used once and the token's hash. A new token is asked for with an assertion (RFC 7523) over a nonce of the
//! server, so that a phone whose clock is wrong can get one. Only writes; the server reads with a JOSE library.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::model::{DeviceId, UtcMillis};

use super::key::{Algorithm, KeyError, Signer, algorithm};

/// `typ` of a proof.
pub const PROOF: &str = "dpop+jwt";
/// `typ` of an assertion that asks for a token.
pub const ASSERTION: &str = "ironfeet-assertion+jwt";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A public key as a JSON Web Key (RFC 7517, RFC 8037).
#[must_use]
pub fn jwk(public_key: &[u8]) -> Value {
    match public_key {
        [4, point @ ..] if point.len() == 64 => {
            let (x, y) = point.split_at(32);
            json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
        }
        key => json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key) }),
    }
}

fn signed(signer: &dyn Signer, typ: &str, claims: &Value) -> Result<String, KeyError> {
    let key = signer.public_key();
    let alg = algorithm(&key).unwrap_or(Algorithm::EdDsa).as_str();
    let header = json!({ "typ": typ, "alg": alg, "jwk": jwk(&key) });
    let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = signer.sign(text.as_bytes())?;
    Ok(format!("{text}.{}", encode(signature)))
}

/// A token's hash as it stands in a proof (`ath`).
#[must_use]
pub fn token_hash(token: &str) -> String {
    encode(Sha256::digest(token))
}

/// The proof that goes with one request. `address` is without query; `at` as the server's clock shows.
///
/// # Errors
/// [`KeyError`], of keys held in hardware.
pub fn proof(
    signer: &dyn Signer,
    (method, address): (&str, &str),
    token: &str,
    at: UtcMillis,
    once: [u8; 16],
) -> Result<String, KeyError> {
    let claims = json!({
        "jti": encode(once), "htm": method, "htu": address, "iat": at.0.div_euclid(1_000),
        "ath": token_hash(token),
    });
    signed(signer, PROOF, &claims)
}

/// Asks for a token: signed with the device's key over a nonce of the server. `about` says what else is
/// wanted, such as a new key for a copied phone; it is under the signature.
///
/// # Errors
/// [`KeyError`], of keys held in hardware.
pub fn assertion(
    signer: &dyn Signer,
    device: DeviceId,
    address: &str,
    nonce: &str,
    about: &Value,
) -> Result<String, KeyError> {
    let claims =
        json!({ "sub": device.to_string(), "aud": address, "nonce": nonce, "about": about });
    signed(signer, ASSERTION, &claims)
}

#[cfg(test)]
mod tests {
    use super::super::key::{SoftwareP256, SoftwareSigner, verify};
    use super::*;

    fn part(text: &str, n: usize) -> Value {
        let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(n).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_proof_is_a_web_signature_over_what_rfc_9449_asks() {
        let keys: [Box<dyn Signer>; 2] = [
            Box::new(SoftwareSigner::new(&[1; 32])),
            Box::new(SoftwareP256::new(&[1; 32]).unwrap()),
        ];
        for (key, alg) in keys.iter().zip(["EdDSA", "ES256"]) {
            let to = ("POST", "https://x.example/v1/sync");
            let text = proof(&**key, to, "token", UtcMillis(1_500), [9; 16]).unwrap();
            let (body, signature) = text.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(verify(&key.public_key(), body.as_bytes(), &signature));
            assert_eq!(
                (part(&text, 0)["typ"].as_str(), part(&text, 0)["alg"].as_str()),
                (Some(PROOF), Some(alg))
            );
            let claims = part(&text, 1);
            assert_eq!((claims["htm"].as_str(), claims["iat"].as_i64()), (Some("POST"), Some(1)));
            assert_eq!(claims["ath"], token_hash("token"));
        }
    }

    #[test]
    fn the_key_of_rfc_8037_is_written_as_there() {
        let key = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(jwk(&key.unwrap()), json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
    }
}
