//! What an author's device signs: which changes of which documents it made, under which lease.

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::model::DeviceId;

use super::chunk;
use super::message::{DocChange, Manifest};

/// A key that signs for a device; on a phone the hardware may hold it.
pub trait Signer: Send + Sync {
    /// The public key, 32 bytes (Ed25519).
    fn public_key(&self) -> [u8; 32];
    /// The signature over a message, 64 bytes.
    fn sign(&self, message: &[u8]) -> Vec<u8>;
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
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

/// The bytes under the signature: a domain tag, who, when, under what, and each (document, hash).
#[must_use]
pub fn signed_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut out = b"ironfeet manifest 1\0".to_vec();
    out.extend_from_slice(&manifest.device.0);
    out.extend_from_slice(&manifest.counter.to_be_bytes());
    out.extend_from_slice(&manifest.lease.to_be_bytes());
    out.extend_from_slice(&manifest.made_at.0.to_be_bytes());
    for change in changes(manifest) {
        out.extend_from_slice(&change.doc.0);
        out.extend_from_slice(&change.hash.0);
    }
    out
}

/// The changes a manifest lists.
#[must_use]
pub fn changes(manifest: &Manifest) -> Vec<DocChange> {
    let change = |doc, body: &[u8]| DocChange { doc, hash: chunk::rebuild(body).1 };
    manifest.items.iter().map(|i| change(i.doc, &i.body)).collect()
}

/// Signs a manifest in place.
pub fn sign(manifest: &mut Manifest, signer: &dyn Signer) {
    manifest.sig = signer.sign(&signed_bytes(manifest));
}

/// Whether the device's key signed it.
#[must_use]
pub fn is_signed(manifest: &Manifest, public_key: &[u8; 32]) -> bool {
    let key = VerifyingKey::from_bytes(public_key);
    let sig = Signature::from_slice(&manifest.sig);
    match (key, sig) {
        (Ok(key), Ok(sig)) => key.verify(&signed_bytes(manifest), &sig).is_ok(),
        _ => false,
    }
}

/// A device's identity follows from its public key: nobody can enrol under another's.
#[must_use]
pub fn device_id(public_key: &[u8; 32]) -> DeviceId {
    let hash: [u8; 32] = Sha256::digest(public_key).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    DeviceId(id)
}
