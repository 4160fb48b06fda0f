//! Seals bytes under a key: photos at rest, the copy of the installation, rescue files.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce in front. What the bytes are
//! for is bound in as associated data, so a sealed thing cannot stand in for another.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::StoreError;
use crate::ground::Entropy;

/// Bytes a sealed thing is longer than what is in it.
pub(super) const NONCE: usize = 24;

/// A key that is wiped when dropped, with the purpose it was derived for.
pub(super) struct Seal {
    key: Zeroizing<[u8; 32]>,
}

impl Seal {
    /// A sealing key for one purpose, derived from a master key.
    pub(super) fn derive(master: &[u8; 32], purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"ironfeet seal v1\0");
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(master);
        Self { key: Zeroizing::new(hash.finalize().into()) }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }

    /// Nonce and sealed bytes.
    pub(super) fn seal(&self, plain: &[u8], about: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: about })
            .expect("a message in memory is shorter than the cipher's limit of 256 GB");
        [&nonce[..], &sealed].concat()
    }

    /// The bytes inside.
    pub(super) fn open(&self, sealed: &[u8], about: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(StoreError::Sealed)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: about })
            .map_err(|_| StoreError::Sealed)
    }
}
