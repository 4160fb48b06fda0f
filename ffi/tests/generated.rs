//! The Kotlin and Swift sources in the repository are the ones that this library gives, and every item in them that
//! an app may name is documented there.

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

/// A file of generated sources, and how the lines begin that declare what an app may name.
const DECLARED: [(&str, &[&str]); 2] = [
    (
        "mobile-bindings/kotlin/src/generated/kotlin/ironfeet/ironfeet_ffi.kt",
        &[
            "    fun `",
            "    suspend fun `",
            "    val `",
            "data class ",
            "enum class ",
            "sealed class ",
            "public interface ",
        ],
    ),
    (
        "mobile-bindings/swift/Sources/Ironfeet/Generated/Ironfeet.swift",
        &["    public let ", "public struct ", "public protocol ", "public func "],
    ),
];

/// Names of the generator's own, and Kotlin's second declaration of a class that is documented.
const NOT_OURS: [&str; 5] = ["Interface ", "Uniffi", "uniffi", "FfiConverter", "internal "];

#[test]
fn every_item_is_documented_where_an_app_reads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("ffi is a folder of it");
    for (file, begins) in DECLARED {
        let text = std::fs::read_to_string(root.join(file)).expect("the sources are committed");
        let (found, bare) = undocumented(&text, begins);
        assert!(found > 250, "only {found} declarations were recognised in {file}");
        assert!(bare.is_empty(), "{file}: no documentation before {bare:#?}");
    }
    let bare = "/**\n * One.\n */\ndata class One (\n    val `x`: kotlin.Int\n";
    assert_eq!(undocumented(bare, DECLARED[0].1), (2, vec!["val `x`: kotlin.Int"]));
}

/// How many declarations there are, and those without a comment before them.
fn undocumented<'t>(text: &'t str, begins: &[&str]) -> (usize, Vec<&'t str>) {
    let (mut found, mut bare, mut before) = (0, Vec::new(), "");
    for line in text.lines() {
        let said = line.trim();
        if said.is_empty() || said.starts_with('@') {
            continue;
        }
        let declares = begins.iter().any(|begin| line.starts_with(begin));
        if declares && !NOT_OURS.iter().any(|name| line.contains(name)) {
            found += 1;
            if !before.ends_with("*/") {
                bare.push(said);
            }
        }
        before = said;
    }
    (found, bare)
}
