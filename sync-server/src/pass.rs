//! Tokens and proofs of possession (RFC 9449): who a request comes from.
//!
//! A token is a sealed statement "this device, until then"; nothing of it is stored, and the device's row
//! is asked each time, so that a revocation counts at once. It goes with each request and only we read it, so
//! it is 40 bytes and no JWT. A proof is signed by the device's key for one request and taken once. Reading
//! it is a JOSE library's work; the keys' arithmetic is plugged into it.
//! Must not know HTTP.

mod jose;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use ironfeet_core::ground::Entropy;
use ironfeet_core::model::{DeviceId, UtcMillis};
use ironfeet_core::sync::{key, proof};

/// A proof is taken this long before and after its own time.
pub const WINDOW_MS: i64 = 120_000;
/// A nonce is taken this many slots long.
const NONCE_SLOTS: i64 = 5;
/// How long one slot of a nonce lasts.
const NONCE_SLOT_MS: i64 = 60_000;
/// The longest proof or token that is read.
const TEXT_MAX: usize = 4 * 1024;
/// A token: the device, when it ends, the seal over both.
const TOKEN_BYTES: usize = 16 + 8 + SEAL_BYTES;
/// Half of HMAC-SHA-256, which is what may be left of it (RFC 2104, section 5).
const SEAL_BYTES: usize = 16;

/// Why a request comes from nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassError {
    /// No token, or not one of this server.
    Token,
    /// The token is too old; ask for another.
    Expired,
    /// No proof, or not by this device's key for this request.
    Proof,
    /// The proof's time is not ours; ask for a token, which tells the time.
    Time,
    /// The proof was used before.
    Replayed,
    /// The nonce is not ours or too old.
    Nonce,
}

impl PassError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Expired => "token_expired",
            Self::Proof => "proof",
            Self::Time => "proof_time",
            Self::Replayed => "proof_replayed",
            Self::Nonce => "nonce",
        }
    }
}

/// What came with a request.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The token.
    pub token: String,
    /// The proof.
    pub proof: String,
    /// The method.
    pub method: String,
    /// The addresses this server is known by, with the request's path: one of them must be meant.
    pub addresses: Vec<String>,
}

/// What an assertion asks for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Asserted {
    /// The device.
    pub sub: DeviceId,
    aud: String,
    nonce: String,
    /// What else it says.
    #[serde(default)]
    pub about: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: String,
}

/// Numbers used once, in two generations: those of this window and of the one before.
#[derive(Default)]
struct Seen {
    began: i64,
    now: HashSet<[u8; 32]>,
    before: HashSet<[u8; 32]>,
}

/// Makes and reads tokens, remembers proofs.
pub struct Passes {
    token_key: [u8; 32],
    nonce_key: [u8; 32],
    began: UtcMillis,
    seen: Mutex<Seen>,
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl Passes {
    /// With the server's secret key. Nonces are of this process: after a restart, older proofs are worth nothing.
    #[must_use]
    pub fn new(secret: &[u8; 32], entropy: &dyn Entropy, now: UtcMillis) -> Self {
        let mut nonce_key = [0; 32];
        entropy.fill(&mut nonce_key);
        let token_key = mac(secret, &[b"ironfeet token 2"]);
        // Proofs count whole seconds.
        let began = UtcMillis(now.0.div_euclid(1_000) * 1_000);
        Self { token_key, nonce_key, began, seen: Mutex::default() }
    }

    /// A token for a device and when it ends.
    #[must_use]
    pub fn token(&self, device: DeviceId, now: UtcMillis, minutes: u32) -> (String, UtcMillis) {
        let ends = UtcMillis(now.0 + i64::from(minutes) * 60_000);
        let mut token = [device.0.as_slice(), &ends.0.to_be_bytes()].concat();
        let seal = mac(&self.token_key, &[&token]);
        token.extend_from_slice(&seal[..SEAL_BYTES]);
        (URL_SAFE_NO_PAD.encode(token), ends)
    }

    /// The device a token speaks of.
    ///
    /// # Errors
    /// [`PassError::Token`], [`PassError::Expired`].
    pub fn holder(&self, token: &str, now: UtcMillis) -> Result<DeviceId, PassError> {
        let bytes = short(token, PassError::Token)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).map_err(|_| PassError::Token))?;
        let bytes: [u8; TOKEN_BYTES] = bytes.try_into().map_err(|_| PassError::Token)?;
        let (said, seal) = bytes.split_at(TOKEN_BYTES - SEAL_BYTES);
        if !same(&mac(&self.token_key, &[said])[..SEAL_BYTES], seal) {
            return Err(PassError::Token);
        }
        let (device, ends) = said.split_at(16);
        let whole = "the lengths add up";
        if i64::from_be_bytes(ends.try_into().expect(whole)) <= now.0 {
            return Err(PassError::Expired);
        }
        Ok(DeviceId(device.try_into().expect(whole)))
    }

    /// Whether the proof is by this key, for this request and token, of this time, and new.
    ///
    /// # Errors
    /// [`PassError`] but [`PassError::Token`], [`PassError::Expired`].
    pub fn check(&self, shown: &Shown, public_key: &[u8], now: UtcMillis) -> Result<(), PassError> {
        let text = short(&shown.proof, PassError::Proof)?;
        let (key, claims) =
            jose::read::<ProofClaims>(text, proof::PROOF).ok_or(PassError::Proof)?;
        let fits = key == public_key
            && claims.htm == shown.method
            && shown.addresses.contains(&claims.htu)
            && claims.ath == proof::token_hash(&shown.token)
            && (8..=64).contains(&claims.jti.len());
        if !fits {
            return Err(PassError::Proof);
        }
        let at = claims.iat.saturating_mul(1_000);
        if at.abs_diff(now.0) > WINDOW_MS.unsigned_abs() || at < self.began.0 {
            return Err(PassError::Time);
        }
        self.once(&mac(&self.nonce_key, &[b"jti", public_key, claims.jti.as_bytes()]), now)
    }

    /// What an assertion says; only if it is new and signed by the key it names, for one of our addresses.
    /// Gives that key, too: whoever asks compares it with the device's.
    ///
    /// # Errors
    /// [`PassError::Proof`], [`PassError::Nonce`], [`PassError::Replayed`].
    pub fn asserted(
        &self,
        text: &str,
        addresses: &[String],
        now: UtcMillis,
    ) -> Result<(Vec<u8>, Asserted), PassError> {
        let text = short(text, PassError::Proof)?;
        let (key, claims) =
            jose::read::<Asserted>(text, proof::ASSERTION).ok_or(PassError::Proof)?;
        if claims.sub != key::device_id(&key) || !addresses.contains(&claims.aud) {
            return Err(PassError::Proof);
        }
        if !self.is_own_nonce(&claims.nonce, now) {
            return Err(PassError::Nonce);
        }
        self.once(&mac(&self.nonce_key, &[b"assertion", &key, claims.nonce.as_bytes()]), now)?;
        Ok((key, claims))
    }

    /// A nonce for an assertion. Nothing is remembered for it.
    #[must_use]
    pub fn nonce(&self, entropy: &dyn Entropy, now: UtcMillis) -> String {
        let (slot, salt) = (now.0.div_euclid(NONCE_SLOT_MS), entropy.sixteen());
        let tag = mac(&self.nonce_key, &[b"nonce", &slot.to_be_bytes(), &salt]);
        format!("{slot}.{}.{}", hex::encode(salt), hex::encode(&tag[..16]))
    }

    fn is_own_nonce(&self, nonce: &str, now: UtcMillis) -> bool {
        let mut parts = nonce.split('.');
        let (Some(slot), Some(salt), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let (Ok(slot), Ok(salt), Ok(tag)) =
            (slot.parse::<i64>(), hex::decode(salt), hex::decode(tag))
        else {
            return false;
        };
        let ours = mac(&self.nonce_key, &[b"nonce", &slot.to_be_bytes(), &salt]);
        let age = now.0.div_euclid(NONCE_SLOT_MS) - slot;
        same(&ours[..16], &tag) && (0..NONCE_SLOTS).contains(&age)
    }

    fn once(&self, number: &[u8; 32], now: UtcMillis) -> Result<(), PassError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A nonce lives longest; what is older than a generation is refused by its time anyway.
        let span = NONCE_SLOTS * NONCE_SLOT_MS;
        if now.0 - seen.began > span {
            let older = std::mem::take(&mut seen.now);
            seen.before = if now.0 - seen.began > 2 * span { HashSet::new() } else { older };
            seen.began = now.0;
        }
        if seen.before.contains(number) || !seen.now.insert(*number) {
            return Err(PassError::Replayed);
        }
        Ok(())
    }
}

fn short(text: &str, otherwise: PassError) -> Result<&str, PassError> {
    if text.is_empty() || text.len() > TEXT_MAX { Err(otherwise) } else { Ok(text) }
}

/// Compares secrets without telling by time how far they agree.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

#[cfg(test)]
mod tests;
