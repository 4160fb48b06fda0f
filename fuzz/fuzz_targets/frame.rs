//! Reads bytes as every message of the wire. A finding goes to `fuzz/regressions/frame/` and is replayed by
//! `core/tests/rubbish.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../core/tests/rubbish/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| feed::frame(bytes));
