//! A device's key: who signs, and how a signature is checked.
//!
//! Two kinds, because hardware keystores sign P-256 and software prefers Ed25519. A public key is its
//! plain bytes, told apart by length: 32 of Ed25519, 65 of P-256 (SEC1, uncompressed). Must not know
//! what is signed.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use p256::ecdsa;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::model::DeviceId;

/// How a key signs; the names are those of JOSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA over P-256 with SHA-256 (RFC 7518).
    Es256,
}

impl Algorithm {
    /// The name in a JOSE header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }
}

/// Why a key did not sign. A key held in software always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The phone must be unlocked first; then try again.
    #[error("the keystore is locked")]
    Locked,
    /// The key is not there any more and never comes back: the device must be enrolled anew.
    #[error("the key is gone")]
    Gone,
    /// The keystore failed, or gave what is no key or no signature.
    #[error("the keystore failed")]
    Failed,
}

/// A key that signs for a device; on a phone the hardware may hold it.
pub trait Signer: Send + Sync {
    /// The public key: 32 bytes of Ed25519, or 65 of P-256 (SEC1, uncompressed).
    fn public_key(&self) -> Vec<u8>;
    /// The signature over a message, 64 bytes: Ed25519, or r and s of ES256 one after the other.
    ///
    /// # Errors
    /// [`KeyError`], of keys held in hardware.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// A device key held in software; wiped from memory when dropped.
pub struct SoftwareSigner(SigningKey);

impl SoftwareSigner {
    /// From the 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }
}

impl Signer for SoftwareSigner {
    fn public_key(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(ed25519_dalek::Signer::sign(&self.0, message).to_bytes().to_vec())
    }
}

/// A P-256 key held in software, for machines whose keystore has none and for tests of those that have.
pub struct SoftwareP256(ecdsa::SigningKey);

impl SoftwareP256 {
    /// From the 32 secret bytes; `None` for the few values that are no key.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Option<Self> {
        ecdsa::SigningKey::from_slice(secret).ok().map(Self)
    }
}

impl Signer for SoftwareP256 {
    fn public_key(&self) -> Vec<u8> {
        self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature: ecdsa::Signature = ecdsa::signature::Signer::sign(&self.0, message);
        Ok(signature.to_bytes().to_vec())
    }
}

/// How a public key signs; `None` when the bytes are no key of ours.
#[must_use]
pub fn algorithm(public_key: &[u8]) -> Option<Algorithm> {
    match public_key.len() {
        32 => {
            let bytes = public_key.try_into().ok()?;
            VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak())?;
            Some(Algorithm::EdDsa)
        }
        65 => ecdsa::VerifyingKey::from_sec1_bytes(public_key).ok().map(|_| Algorithm::Es256),
        _ => None,
    }
}

/// What comes before the point of P-256 in a public key as `SubjectPublicKeyInfo` (RFC 5480).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A public key as keystores give it, in our plain bytes: those themselves, or a `SubjectPublicKeyInfo` of
/// P-256 (Java's `getEncoded`). `None` when it is no key of ours.
#[must_use]
pub fn plain_key(given: &[u8]) -> Option<Vec<u8>> {
    let plain = given.strip_prefix(&P256_SPKI[..]).unwrap_or(given);
    algorithm(plain).map(|_| plain.to_vec())
}

/// A signature as keystores give it, as 64 plain bytes: those themselves, or ASN.1 DER of ECDSA. `None`
/// unless it is this key's over this message.
#[must_use]
pub fn plain_signature(public_key: &[u8], message: &[u8], given: &[u8]) -> Option<Vec<u8>> {
    if verify(public_key, message, given) {
        return Some(given.to_vec());
    }
    let plain = ecdsa::Signature::from_der(given).ok()?.to_bytes().to_vec();
    verify(public_key, message, &plain).then_some(plain)
}

/// Whether this key signed this message. What is no key or no signature of ours signed nothing.
#[must_use]
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verified(public_key, message, signature).is_some()
}

fn verified(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    match public_key.len() {
        32 => {
            let key = VerifyingKey::from_bytes(public_key.try_into().ok()?).ok()?;
            key.verify_strict(message, &Signature::from_slice(signature).ok()?).ok()
        }
        65 => {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key);
            key.verify(message, signature).ok()
        }
        _ => None,
    }
}

/// A device's identity follows from its public key: nobody can enrol under another's.
#[must_use]
pub fn device_id(public_key: &[u8]) -> DeviceId {
    let hash: [u8; 32] = Sha256::digest(public_key).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    DeviceId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> [Box<dyn Signer>; 2] {
        [Box::new(SoftwareSigner::new(&[7; 32])), Box::new(SoftwareP256::new(&[7; 32]).unwrap())]
    }

    #[test]
    fn both_kinds_of_keys_sign_and_only_their_own() {
        let [ed, p256] = keys();
        for (key, other) in [(&ed, &p256), (&p256, &ed)] {
            let signature = key.sign(b"message").unwrap();
            assert_eq!(signature.len(), 64);
            assert!(verify(&key.public_key(), b"message", &signature));
            assert!(!verify(&key.public_key(), b"massage", &signature));
            assert!(!verify(&other.public_key(), b"message", &signature));
            assert!(!verify(&key.public_key(), b"message", &signature[1..]));
            assert!(!verify(&[0; 32], b"message", &[0; 64]), "a weak key signs nothing");
        }
        assert_eq!(algorithm(&ed.public_key()), Some(Algorithm::EdDsa));
        assert_eq!(algorithm(&p256.public_key()), Some(Algorithm::Es256));
        let mut weak = [0; 32];
        weak[0] = 1;
        for none in [&weak[..], &[4; 65], &[], &[1; 33]] {
            assert_eq!(algorithm(none), None, "{none:?}");
        }
    }

    #[test]
    fn keys_and_signatures_of_keystores_are_read_in_both_of_their_shapes() {
        let key = SoftwareP256::new(&[7; 32]).unwrap();
        let (point, plain) = (key.public_key(), key.sign(b"message").unwrap());
        assert_eq!(plain_key(&point), Some(point.clone()));
        assert_eq!(plain_key(&[&P256_SPKI[..], &point].concat()), Some(point.clone()));
        assert_eq!(plain_key(&P256_SPKI), None);
        let der = ecdsa::Signature::from_slice(&plain).unwrap().to_der();
        for given in [&plain[..], der.as_bytes()] {
            assert_eq!(plain_signature(&point, b"message", given), Some(plain.clone()));
            assert_eq!(plain_signature(&point, b"massage", given), None);
            assert_eq!(plain_signature(&point, b"message", &given[1..]), None);
        }
        let other = SoftwareP256::new(&[8; 32]).unwrap();
        assert_eq!(plain_signature(&other.public_key(), b"message", &plain), None);
    }
}
