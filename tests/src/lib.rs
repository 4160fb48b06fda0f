//! Everything that proves the system: house rules, the synthetic city, simulation, the demo and the benches.

pub mod bench;
pub mod city;
pub mod demo;
pub mod phone_cli;
pub mod picture;
pub mod power;
pub mod proxy;
pub mod served;
pub mod simulation;
pub mod terminal;
pub mod tidy;
