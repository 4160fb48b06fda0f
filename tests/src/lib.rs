//! Everything that proves the system: house rules, the synthetic city, the demo and the benches.

pub mod bench;
pub mod city;
pub mod phone_cli;
pub mod simulation;
pub mod terminal;
pub mod tidy;
