//! What an author's device signs: which changes of which documents it made, under which lease.

use super::chunk;
use super::key;
pub use super::key::{KeyError, Signer, SoftwareP256, SoftwareSigner, device_id};
use super::message::{DocChange, Manifest};

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
///
/// # Errors
/// [`KeyError`], of keys held in hardware.
pub fn sign(manifest: &mut Manifest, signer: &dyn Signer) -> Result<(), KeyError> {
    manifest.sig = signer.sign(&signed_bytes(manifest))?;
    Ok(())
}

/// Whether the device's key signed it.
#[must_use]
pub fn is_signed(manifest: &Manifest, public_key: &[u8]) -> bool {
    key::verify(public_key, &signed_bytes(manifest), &manifest.sig)
}
