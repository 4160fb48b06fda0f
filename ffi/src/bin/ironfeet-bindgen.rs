//! Writes the Kotlin and Swift sources from the built library, or tells whether the committed ones are fresh.
//!
//! `ironfeet-bindgen write|check LIBRARY`, run from the root of the repository. Knows file places and
//! nothing of the interface: that comes out of the library itself. Never part of the phone library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

/// Generated file, and where its committed copy lives.
const FILES: [(&str, &str); 4] = [
    (
        "ironfeet/ironfeet_ffi.kt",
        "mobile-bindings/kotlin/src/generated/kotlin/ironfeet/ironfeet_ffi.kt",
    ),
    ("Ironfeet.swift", "mobile-bindings/swift/Sources/Ironfeet/Generated/Ironfeet.swift"),
    ("IronfeetFFI.h", "mobile-bindings/swift/Sources/IronfeetFFI/IronfeetFFI.h"),
    ("IronfeetFFI.modulemap", "mobile-bindings/swift/Sources/IronfeetFFI/module.modulemap"),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", library] => produce(library).and_then(|files| write(&files)),
        ["check", library] => produce(library).and_then(|files| check(&files)),
        _ => Err("usage: ironfeet-bindgen write|check LIBRARY (from the root of the repository)"
            .to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report(&why);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command line tool tells its failure")]
fn report(why: &str) {
    eprintln!("{why}");
}

/// The fresh text of every generated file, with the path of its committed copy.
fn produce(library: &str) -> Result<Vec<(PathBuf, String)>, String> {
    let out = std::env::temp_dir().join(format!("ironfeet-bindgen-{}", std::process::id()));
    let options = GenerateOptions {
        languages: vec![TargetLanguage::Kotlin, TargetLanguage::Swift],
        source: library.into(),
        out_dir: out.to_string_lossy().as_ref().into(),
        config_override: Some("ffi/uniffi.toml".into()),
        crate_filter: Some("ironfeet_ffi".to_owned()),
        ..GenerateOptions::default()
    };
    let texts = generate(options)
        .map_err(|e| format!("cannot generate from {library}: {e:#}"))
        .and_then(|()| FILES.iter().map(|(from, to)| read(&out.join(from), to)).collect());
    // The folder is ours and temporary; a failure to remove it harms nothing.
    let _ = fs::remove_dir_all(&out);
    texts
}

fn read(from: &Path, to: &str) -> Result<(PathBuf, String), String> {
    let text = fs::read_to_string(from).map_err(|e| format!("{}: {e}", from.display()))?;
    Ok((PathBuf::from(to), tidy(&text)))
}

/// No trailing spaces and one newline at the end, so that house checks pass.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_end())
}

fn write(files: &[(PathBuf, String)]) -> Result<(), String> {
    for (path, text) in files {
        let folder = path.parent().expect("every path above has a folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text))
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn check(files: &[(PathBuf, String)]) -> Result<(), String> {
    let stale: Vec<String> = files
        .iter()
        .filter(|(path, text)| fs::read_to_string(path).ok().as_ref() != Some(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!(
        "not what the library says: {}\nrun mobile-bindings/generate.sh and commit",
        stale.join(", ")
    ))
}
