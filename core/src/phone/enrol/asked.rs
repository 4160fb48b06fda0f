//! A code counts once, and an answer can be lost. So the key is kept before the server is asked by it, and whoever
//! shows the same code again asks by the same key: the server then says the same again.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::ground::Entropy;
use crate::model::{Author, InstallId};
use crate::phone::PhoneError;
use crate::phone::key::{DeviceKey, Keystore};
use crate::phone::sync::SyncError;
use crate::phone::transport::TransportError;
use crate::store::asked;

/// What an enrolment is asked with.
pub(super) struct Asked {
    pub(super) install: InstallId,
    pub(super) author: Author,
    /// The device's key, as the store keeps it.
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl Asked {
    /// What this code was shown with before, or what it is shown with now: kept when this returns. `owner`: who
    /// the store belongs to, where there is one.
    pub(super) fn with(
        (dir, seal): (&Path, &[u8; 32]),
        code: &str,
        owner: Option<(InstallId, Author)>,
        (keystore, entropy): (Option<&dyn Keystore>, &dyn Entropy),
    ) -> Result<Self, SyncError> {
        let before = asked::read(dir, seal).and_then(|kept| Self::of(&kept, code));
        let asked = match before {
            Some(before) => before,
            None => Self {
                install: InstallId(entropy.sixteen()),
                author: Author(entropy.sixteen()),
                key: DeviceKey::make(keystore, entropy)?.to_bytes(),
            },
        };
        let (install, author) = owner.unwrap_or((asked.install, asked.author));
        let asked = Self { install, author, ..asked };
        asked::write(dir, seal, &asked.to_bytes(code), entropy).map_err(PhoneError::from)?;
        Ok(asked)
    }

    fn of(kept: &[u8], code: &str) -> Option<Self> {
        let (install, rest) = kept.strip_prefix(&hash(code))?.split_first_chunk()?;
        let (author, key) = rest.split_first_chunk()?;
        let key = Zeroizing::new(key.to_vec());
        Some(Self { install: InstallId(*install), author: Author(*author), key })
    }

    fn to_bytes(&self, code: &str) -> Zeroizing<Vec<u8>> {
        let parts = [&hash(code)[..], &self.install.0, &self.author.0, &self.key];
        Zeroizing::new(parts.concat())
    }
}

/// Of a code as it may be typed, see `enrol::code_hash` of the server.
fn hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(letters.to_uppercase().as_bytes()).into()
}

/// Whether the server has answered for good: this key will not be let in by this code. Another that answers in its
/// place, such as a hotel's page, gives none of our codes.
pub(super) fn is_final(error: &SyncError) -> bool {
    let SyncError::Transport(TransportError::Refused { status, code }) = error else {
        return false;
    };
    (400..500).contains(status) && !code.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_server_says_that_a_code_is_no_good() {
        let refused = |status, code: &str| {
            is_final(&TransportError::Refused { status, code: code.to_owned() }.into())
        };
        assert!(refused(403, "code") && refused(409, "taken"));
        assert!(!refused(403, "") && !refused(503, "busy"));
        assert!(!is_final(&TransportError::Timeout.into()));
    }
}
