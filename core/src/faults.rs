//! Faults that tests switch on: a guard that does not look, a disk that is gone from the n-th statement on.
//!
//! The switches exist with the feature `faults` only, and only the tests' package asks for it (a
//! tidy test holds that). Without it [`is_off`] is `false` at compile time. With it they
//! count for the whole process: tests that use them take turns.

/// A guard of the sync that can be switched off to see who notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Guard {
    /// The server looks again under the lock of the transaction before it writes what it judged before.
    RowLock = 1,
    /// Server and phone compare chains: the cursor's before a log is read on from it, the answer's after.
    ChainCheck = 2,
    /// A phone edits under an actor that only this process ever used for this record.
    FreshActors = 4,
    /// Changes are tried on a copy before they are stored.
    DryRun = 8,
    /// A phone keeps what it needs to fill a restored server until a backup holds it.
    DurableSeq = 16,
}

/// Whether a guard was switched off.
#[cfg(not(feature = "faults"))]
#[must_use]
pub const fn is_off(_: Guard) -> bool {
    false
}

/// A record's document was loaded or grew by changes of others.
#[cfg(not(feature = "faults"))]
pub const fn document_loaded() {}

#[cfg(feature = "faults")]
pub use switches::{Fuse, PHONE_DISK, SERVER_DISK, is_off, switch_off, switch_on};
#[cfg(feature = "faults")]
pub use switches::{document_loaded, documents_loaded};

#[cfg(feature = "faults")]
mod switches {
    use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};

    use super::Guard;

    static OFF: AtomicU8 = AtomicU8::new(0);

    /// Whether a guard was switched off.
    #[must_use]
    pub fn is_off(guard: Guard) -> bool {
        OFF.load(SeqCst) & guard as u8 != 0
    }

    /// Switches a guard off, for the whole process.
    pub fn switch_off(guard: Guard) {
        OFF.fetch_or(guard as u8, SeqCst);
    }

    /// Switches it on again.
    pub fn switch_on(guard: Guard) {
        OFF.fetch_and(!(guard as u8), SeqCst);
    }

    static LOADED: AtomicU64 = AtomicU64::new(0);

    /// A record's document was loaded or grew by changes of others.
    pub fn document_loaded() {
        LOADED.fetch_add(1, SeqCst);
    }

    /// How many were, in this process, on all sides together.
    #[must_use]
    pub fn documents_loaded() -> u64 {
        LOADED.load(SeqCst)
    }

    /// Counts the statements of a database and makes every one fail after the n-th, as if the process
    /// had been killed there. Databases opened while it is laid are connected to it.
    pub struct Fuse {
        laid: AtomicBool,
        seen: AtomicU64,
        end: AtomicU64,
    }

    /// The fuse of phones' databases.
    pub static PHONE_DISK: Fuse = Fuse::new();
    /// The fuse of servers' databases.
    pub static SERVER_DISK: Fuse = Fuse::new();

    impl Fuse {
        const fn new() -> Self {
            Self {
                laid: AtomicBool::new(false),
                seen: AtomicU64::new(0),
                end: AtomicU64::new(u64::MAX),
            }
        }

        /// From now on databases that are opened are connected, or are not.
        pub fn lay(&self, laid: bool) {
            self.laid.store(laid, SeqCst);
        }

        /// Whether databases are to be connected.
        #[must_use]
        pub fn is_laid(&self) -> bool {
            self.laid.load(SeqCst)
        }

        /// Counts from zero and lets `statements` pass.
        pub fn light(&self, statements: u64) {
            self.seen.store(0, SeqCst);
            self.end.store(statements, SeqCst);
        }

        /// Lets everything pass again; the number of statements since it was lit.
        pub fn put_out(&self) -> u64 {
            self.end.store(u64::MAX, SeqCst);
            self.seen.load(SeqCst)
        }

        /// One more statement begins.
        pub fn statement(&self) {
            self.seen.fetch_add(1, SeqCst);
        }

        /// Whether the statement that runs must fail.
        #[must_use]
        pub fn is_burnt(&self) -> bool {
            self.seen.load(SeqCst) > self.end.load(SeqCst)
        }
    }
}
