//! Reads bytes as checklists. A finding goes to `fuzz/regressions/checklist/` and is replayed by
//! `core/tests/rubbish.rs`.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../core/tests/rubbish/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| feed::checklist(bytes));
