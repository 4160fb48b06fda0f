//! Feeds admission with changes for honest documents; what it takes must do no harm later.
//!
//! Input: one byte for the document, then a change (its checksum is put right). A finding goes
//! to `fuzz/regressions/admission/VERDICT.NAME` and is replayed by `core/tests/admission.rs`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../core/tests/admission/ground.rs"]
mod ground;

static GROUNDS: LazyLock<Vec<ground::Ground>> = LazyLock::new(ground::grounds);

fuzz_target!(|bytes: &[u8]| {
    let Some((first, raw)) = bytes.split_first() else { return };
    let ground = &GROUNDS[usize::from(*first) % GROUNDS.len()];
    let mut raw = raw.to_vec();
    ground::seal(&mut raw);
    ground::judge(ground, &raw);
});
