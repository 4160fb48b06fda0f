//! The server's own proof of a chain head, so that a restored server knows its lost entries again.
//!
//! A phone that offers entries `after+1..=seq` sends the stamp it got with
//! `seq`. The server recomputes the chain over them and compares: only it could
//! have made the stamp, so the entries were admitted once and may be again.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::Pid;

use super::chain::Chain;

/// The stamp of a chain head, cut to 16 bytes.
#[must_use]
pub fn stamp(key: &[u8; 32], pid: &Pid, seq: u64, chain: &Chain) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"ironfeet stamp 1");
    mac.update(pid.to_string().as_bytes());
    mac.update(&seq.to_be_bytes());
    mac.update(chain);
    let full = mac.finalize().into_bytes();
    let mut out = [0; 16];
    out.copy_from_slice(&full[..16]);
    out
}

/// Whether a stamp is this server's own.
#[must_use]
pub fn is_own(key: &[u8; 32], pid: &Pid, seq: u64, chain: &Chain, given: &[u8; 16]) -> bool {
    let ours = stamp(key, pid, seq, chain);
    // Constant time: a courier must not find the stamp byte by byte.
    ours.iter().zip(given).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}
