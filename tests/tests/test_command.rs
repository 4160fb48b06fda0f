//! The test command counts honestly: run over a stand-in `cargo` that says what we want to be counted.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use ironfeet_tests::tidy::root;

/// Runs the script with a `cargo` whose `test` prints `output` and ends with `code`, and a stand-in for the
/// test of the phone packages; gives its last line and whether it succeeded.
fn run(output: &str, code: i32, broken_step: &str, phones: &str) -> (String, bool) {
    let arms =
        format!("test) cat \"${{0%/*}}/output\"; exit {code};;\n  '{broken_step}') exit 1;;");
    run_arms(output, &arms, phones)
}

/// As [`run`], with what the stand-in does for each of its commands.
fn run_arms(output: &str, arms: &str, phones: &str) -> (String, bool) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("output"), output).unwrap();
    let cargo = format!("#!/bin/sh\ncase \"$1\" in\n  {arms}\nesac\n");
    write_program(dir.path(), "cargo", &cargo);
    for name in ["python3", "rustc", "rustup", "cc", "make", "pkg-config", "curl"] {
        write_program(dir.path(), name, "#!/bin/sh\n");
    }
    write_program(dir.path(), "phones", phones);
    write_program(dir.path(), "console", "#!/bin/sh\necho '4 passed, 0 failed'\n");
    let path = format!("{}:/usr/bin:/bin", dir.path().display());
    let ran = Command::new(root().join("scripts/test.sh"))
        .env_clear()
        .env("PATH", path)
        .env("HOME", dir.path())
        .env("IRONFEET_PHONES_TEST", dir.path().join("phones"))
        .env("IRONFEET_CONSOLE_TEST", dir.path().join("console"))
        .env("IRONFEET_SCHEMATHESIS", "true")
        .env("IRONFEET_TUS", "true")
        .output()
        .unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    (out.lines().last().unwrap_or_default().to_owned(), ran.status.success())
}

fn write_program(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const GOOD: &str = "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
const BAD: &str = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\nerror: test failed, to rerun pass `-p a`\n";
const CRASHED: &str = "error: test failed, to rerun pass `-p b`\nCaused by: process didn't exit successfully (signal: 11)\n";

/// What the test of the phone packages says when all is well.
const PHONES: &str = "#!/bin/sh\necho '5 passed, 0 failed'\n";

#[test]
fn the_closing_line_is_the_sum_of_what_ran() {
    let cases: [(String, i32, &str, &str, bool); 7] = [
        (GOOD.repeat(2), 0, "", "39 passed, 0 failed", true),
        (format!("{GOOD}{BAD}"), 101, "", "30 passed, 2 failed", false),
        (format!("{GOOD}{CRASHED}"), 101, "", "27 passed, 1 failed", false),
        (format!("{BAD}{CRASHED}"), 101, "", "18 passed, 3 failed", false),
        // It did not build.
        ("error: could not compile `a`\n".to_owned(), 101, "", "15 passed, 1 failed", false),
        // It claims success and ran nothing.
        (String::new(), 0, "", "15 passed, 1 failed", false),
        (GOOD.to_owned(), 0, "clippy", "26 passed, 1 failed", false),
    ];
    for (output, code, broken, line, success) in cases {
        // `cargo clippy --version` of the set-up fails as well, and the stand-in rustup mends nothing.
        assert_eq!(run(&output, code, broken, PHONES), (line.to_owned(), success), "{output}");
    }
}

#[test]
fn lints_of_a_newer_clippy_than_ours_fail_nothing() {
    for (version, line, success) in [
        ("1.99.1", "26 passed, 1 failed", false),
        ("1.100.0", "27 passed, 0 failed", true),
        ("2.0.0", "27 passed, 0 failed", true),
    ] {
        let told = format!("--version) echo 'cargo {version} (0123abc 2026-01-01)';;");
        let warned = r#"clippy) case "$*" in *"-D warnings"*) exit 1;; esac;;"#;
        let tested = r#"test) cat "${0%/*}/output";;"#;
        let arms = [&told, warned, tested].join("\n  ");
        let ran = run_arms(GOOD, &arms, PHONES);
        assert_eq!(ran, (line.to_owned(), success), "{version}");
    }
}

#[test]
fn the_packages_for_phones_count_too() {
    for (phones, line, success) in [
        ("echo '5 passed, 2 failed'; exit 1", "27 passed, 2 failed", false),
        ("echo '5 passed, 0 failed'; exit 1", "27 passed, 1 failed", false),
        ("echo '0 passed, 0 failed'", "22 passed, 1 failed", false),
        ("echo swift: a chroot needs root; exit 1", "22 passed, 1 failed", false),
    ] {
        let phones = format!("#!/bin/sh\n{phones}\n");
        assert_eq!(run(GOOD, 0, "", &phones), (line.to_owned(), success), "{phones}");
    }
}
