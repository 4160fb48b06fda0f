//! The protocol, both halves, without sockets, disks or clocks.
//!
//! [`message`] is what is said, [`frame`] its bytes (the only room that knows
//! them), [`chain`] proves the same history, [`digest`] the same result,
//! [`stamp`] lets a restored server know its own entries again, [`manifest`]
//! is what an author's device signs, [`lease`] what that is worth later. Must not know how bytes travel or rest,
//! nor what a change says: a change is bytes with a hash ([`chunk`]), packed in a frame's [`row`].
//! The wire is told in full in `docs/protocol.md`.

pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod chunk;
pub mod client;
pub mod digest;
pub mod frame;
#[cfg(test)]
mod golden_tests;
pub mod key;
pub mod lease;
pub mod manifest;
pub mod message;
pub mod proof;
pub mod row;
pub mod stamp;
