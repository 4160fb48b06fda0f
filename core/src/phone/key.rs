//! Which key signs for this device: one held in software by the encrypted store, or one that the phone's
//! hardware made and keeps.
//!
//! Of a key in hardware the store holds the name and the public key only. Such a key stays behind when the
//! data moves to another phone, and may vanish with a reset: then the phone is enrolled anew, and what was
//! not sent is signed by the new key. Must not know what is signed.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ground::Entropy;
use crate::sync::key::{KeyError, Signer, SoftwareSigner, plain_key, plain_signature};

/// Keys that the phone's hardware makes and never gives away. The app brings it.
pub trait Keystore: Send + Sync {
    /// Makes a key under a name new to it. Gives the public key: 65 bytes of P-256 (SEC1, uncompressed), its
    /// `SubjectPublicKeyInfo`, or 32 bytes of Ed25519.
    ///
    /// # Errors
    /// [`KeyError`].
    fn make(&self, name: &str) -> Result<Vec<u8>, KeyError>;

    /// Signs by the key of that name: ECDSA with SHA-256 as ASN.1 DER or as 64 bytes, or Ed25519.
    ///
    /// # Errors
    /// [`KeyError`].
    fn sign(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// Before the name and the public key of a key in hardware.
const HARDWARE: &[u8] = b"keystore\0";
/// Letters of such a name.
const NAME: usize = 32;

/// The device's key, as the store keeps it.
pub(super) enum DeviceKey {
    Software(Zeroizing<[u8; 32]>),
    Hardware { name: String, public_key: Vec<u8> },
}

impl DeviceKey {
    /// A new key: the keystore's where the app brings one.
    pub(super) fn make(
        keystore: Option<&dyn Keystore>,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyError> {
        let Some(keystore) = keystore else {
            let mut secret = Zeroizing::new([0; 32]);
            entropy.fill(&mut *secret);
            return Ok(Self::Software(secret));
        };
        let name = hex::encode(entropy.sixteen());
        let public_key = plain_key(&keystore.make(&name)?).ok_or(KeyError::Failed)?;
        Ok(Self::Hardware { name, public_key })
    }

    /// As the store keeps it.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Software(secret) => secret.to_vec(),
            Self::Hardware { name, public_key } => [HARDWARE, name.as_bytes(), public_key].concat(),
        })
    }

    /// From what the store kept.
    pub(super) fn from_bytes(kept: &[u8]) -> Option<Self> {
        let Some(hardware) = kept.strip_prefix(HARDWARE) else {
            let mut secret = Zeroizing::new([0; 32]);
            secret.copy_from_slice(kept.get(..32).filter(|_| kept.len() == 32)?);
            return Some(Self::Software(secret));
        };
        let (name, public_key) = hardware.split_at_checked(NAME)?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        Some(Self::Hardware { name, public_key: plain_key(public_key)? })
    }

    /// What signs by it; a key in hardware is gone where there is no keystore.
    pub(super) fn signer(
        self,
        keystore: Option<Arc<dyn Keystore>>,
    ) -> Result<Box<dyn Signer>, KeyError> {
        Ok(match self {
            Self::Software(secret) => Box::new(SoftwareSigner::new(&secret)),
            Self::Hardware { name, public_key } => {
                Box::new(Hardware { name, public_key, keystore: keystore.ok_or(KeyError::Gone)? })
            }
        })
    }
}

/// A key in hardware with the way to it.
struct Hardware {
    name: String,
    public_key: Vec<u8>,
    keystore: Arc<dyn Keystore>,
}

impl Signer for Hardware {
    fn public_key(&self) -> Vec<u8> {
        self.public_key.clone()
    }

    /// A signature is looked at before it is used: what is not by this key must not reach the server.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let given = self.keystore.sign(&self.name, message)?;
        plain_signature(&self.public_key, message, &given).ok_or(KeyError::Failed)
    }
}
