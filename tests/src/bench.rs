//! The bench against peers: one device and one server process that speak the peers' protocol.

pub mod plan;
pub mod record;
pub mod watch;
