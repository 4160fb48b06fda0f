//! What the linker is asked for the phone library, and for nothing else: a smaller file of the same code.
//!
//! Only with the profile `phone` (the one that is optimised for size). Knows targets and linkers, nothing of the code.

use std::env;
use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let mut cargo = io::stdout().lock();
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    writeln!(cargo, "cargo::rerun-if-env-changed=RUSTC_LINKER")?;
    for argument in arguments() {
        writeln!(cargo, "cargo::rustc-link-arg-cdylib=-Wl,{argument}")?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by its environment")]
fn arguments() -> &'static [&'static str] {
    let told = |name: &str| env::var(name).unwrap_or_default();
    if told("OPT_LEVEL") != "z" {
        return &[];
    }
    // Rust links Linux on x86-64 by its own lld, and an NDK has no other linker; elsewhere it is not known.
    let lld = told("CARGO_CFG_TARGET_ARCH") == "x86_64" && env::var_os("RUSTC_LINKER").is_none();
    match (told("CARGO_CFG_TARGET_OS").as_str(), told("CARGO_CFG_TARGET_ENV").as_str()) {
        // Packed relocations need glibc 2.36.
        ("linux", "gnu") if lld => &["-z,pack-relative-relocs", "--icf=safe", "-O2"],
        ("linux", "gnu") => &["-z,pack-relative-relocs"],
        // Android's own packing, read from API 23 on; the shorter one of today would ask for API 28.
        ("android", _) => &["--pack-dyn-relocs=android", "--icf=safe", "-O2"],
        _ => &[],
    }
}
