//! The sync server: admission, partition logs, review and console.
//!
//! In reading order: [`config`]; [`store`].

pub mod config;
pub mod store;
