//! Everything that proves the system: the synthetic city, the demo and the benches.
pub mod city;
