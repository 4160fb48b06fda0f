//! A small world on one seed: real phones, a real server, a line that loses, repeats and cuts.
//!
//! Both halves are the product's own code over their own SQLite files; only time, randomness and
//! the line are ours. One seed is one course of events: to see it again, run it again.
//!
//! Where which fault of the protocol's section 4.16 lives:
//! - `line`: requests lost, cut, repeated, late; answers lost after the commit, cut.
//! - `upset`: ends of phone and server, server restored to an earlier backup with and without the
//!   witness (new epoch or not), phone restored, phone cloned, moves, archive and delete with edits
//!   on their way, clocks off by years, writes that fail before or after the commit.
//! - `watched`: another phone's whole sync in the middle of a request, after any look at the store.
//! - `adversary`: mutants of honest changes, signed by an enrolled device; two changes of one actor with one number,
//!   a change under another's actor, another's record under an identity of its own.
//! - `tests/tests/guards.rs`: each guard switched off; an oracle must object.
//!
//! - a department's phone (`Plan::with_department`): places shown in its inbox and taken back, amid all of this.
//! - an asynchronous standby that lost its tail, or a server that went on elsewhere for a while: the same to phones as a
//!   restore to the newest backup, or to a newer one after an older (`Server::restore` picks any).
//! - `hand`: worlds led by hand: an end of the process at every SQL statement (`tests/tests/crash.rs`),
//!   every order of syncs, mixed schema and app versions (`tests/tests/orders.rs`), a bundle exchanged half-way
//!   (`tests/tests/bundles.rs`), what no log shows (`tests/tests/late.rs`).
//!
//! Where which oracle lives, all in `oracle`: `rest` (11), `whole` (1, 2, 3, 5, 6),
//! `nothing_is_nowhere` (conservation, 7), `equal` (convergence of heads and values, 8),
//! `costs_nothing` (9). Invariant 4 is the server's admission tests'; 10 waits for erasure.
//!
//! What the promise does not cover: a change whose every holder was thrown back to before it, a phone to
//! an old copy of itself and the server to an old backup. Such changes are told apart (`World::frail`).

mod adversary;
mod course;
mod events;
mod hand;
mod line;
mod oracle;
mod server;
mod upset;
mod watched;
mod world;

pub use adversary::Adversary;
pub use course::{Sum, live, many, threads};
pub use hand::{Hand, block, house};
pub use line::{Fault, Line};
pub use server::Server;
pub use upset::copy;
pub use watched::{Between, Failure, Watched};
pub use world::{Plan, Report, World, folder};

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::UtcMillis;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Time that passes only when told; each phone may believe another.
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock at a time.
    #[must_use]
    pub fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Lets time pass, or run backwards.
    pub fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::Relaxed))
    }
}

/// Random bytes from a seed.
pub struct SeededEntropy(Mutex<ChaCha8Rng>);

impl SeededEntropy {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().expect("no one panics while filling").fill_bytes(out);
    }
}
