//! What the ground gives to the floors above: time and entropy.
//!
//! Pure rooms take values (`UtcMillis`, sixteen random bytes), never these
//! traits' real implementations. `main` functions and tests hand them in.

use crate::model::UtcMillis;

/// Tells the time. Phones' clocks may be wrong by years; nothing is ordered by it.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z as this device believes.
    fn now(&self) -> UtcMillis;
}

/// Gives random bytes, from the operating system in `main`, from a seed in tests.
pub trait Entropy: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);

    /// Sixteen random bytes: an actor, an install id, the tail of a ULID.
    fn sixteen(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }
}

/// A clock and entropy that count, for tests.
#[cfg(test)]
pub(crate) struct Counted(pub(crate) std::sync::atomic::AtomicU64);

#[cfg(test)]
impl Counted {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(test)]
impl Clock for Counted {
    fn now(&self) -> UtcMillis {
        UtcMillis(1_795_395_600_000 + self.next().cast_signed())
    }
}

#[cfg(test)]
impl Entropy for Counted {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            *byte = self.next().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0];
        }
    }
}
