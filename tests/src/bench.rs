//! The benches: one device and one server process that speak the peers' protocol; a city; a fleet; an
//! answer beside a download.

pub mod beside;
pub mod city;
pub mod device;
pub mod fleet;
pub mod plan;
pub mod record;
pub mod serve;
pub mod station;
pub mod watch;
