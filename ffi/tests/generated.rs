//! The Kotlin and Swift sources in the repository are the ones that this library gives.

use std::path::Path;
use std::process::Command;

#[test]
fn the_committed_sources_are_fresh() {
    let program = Path::new(env!("CARGO_BIN_EXE_ironfeet-bindgen"));
    // Cargo builds the shared library beside the test programs.
    let library = std::env::current_exe().expect("a test knows its program");
    let library = library.with_file_name("libironfeet_ffi.so");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("ffi is a folder of it");
    let done = Command::new(program).arg("check").arg(library).current_dir(root).output();
    let done = done.expect("the program was built with this test");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
