//! The shared core of Ironfeet, in reading order.
//!
//! Pure floors (no clock, disk, network, environment or global; what they need
//! is handed in): [`model`] the words of the work; [`checklist`] the questions
//! and what they find; [`document`] the only room
//! that knows Automerge; [`sync`] the protocol, both halves, without sockets.
//!
//! Ground floor, with feature `phone`: [`store`] the phone's SQLite file and
//! [`phone`] everything an app can do.
//!
//! Who may import whom: `model` <- `checklist`, `document` <- `sync`
//! <- `phone`; `store` knows `model` only (changes are bytes to it). A tidy
//! test in `tests/` holds these walls.

pub mod faults;
pub mod ground;
pub mod limits;
pub mod model;

pub mod checklist;
pub mod document;
pub mod rules;
pub mod sync;

#[cfg(feature = "phone")]
pub mod phone;
#[cfg(feature = "phone")]
pub mod store;
