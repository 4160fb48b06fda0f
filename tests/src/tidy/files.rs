//! Habits of a single file: how it opens, what it may not call, what the manifest owes to each dependency.

use super::{Breach, Source, has_ending, lines};

/// Every Rust file opens with `//!`: what it is for and what it must never know.
#[must_use]
pub fn opening(source: &Source) -> Vec<Breach> {
    if !source.is_rust() || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![
        source.breach(
            1,
            "the file must open with `//!` lines: what it is for, what it must never know",
        ),
    ]
}

/// `foo.rs` and `foo/`, never `foo/mod.rs`.
#[must_use]
pub fn no_mod_rs(source: &Source) -> Vec<Breach> {
    if source.path.ends_with("/mod.rs") {
        return vec![source.breach(0, "use foo.rs beside foo/ instead of foo/mod.rs")];
    }
    Vec::new()
}

/// `#[expect(lint, reason)]` instead of `#[allow]`; no test is ignored or expected to panic.
#[must_use]
pub fn attributes(source: &Source) -> Vec<Breach> {
    let banned = [
        ("#[allow(", "use #[expect(lint, reason = \"…\")]"),
        ("#![allow(", "use #![expect(lint, reason = \"…\")]"),
        ("#[ignore", "a test runs or does not exist"),
        ("#[should_panic", "assert the error instead"),
    ];
    calls(source, &source.code, &banned)
}

/// Nothing but a program or a test prints.
#[must_use]
pub fn printing(source: &Source) -> Vec<Breach> {
    let program = source.path.ends_with("/main.rs") || source.path.contains("/bin/");
    if program || source.is_test() {
        return Vec::new();
    }
    let why = "only a program prints; return the text or write it to what the caller hands in";
    let banned = ["println!", "eprintln!", "print!", "eprint!", "dbg!"].map(|call| (call, why));
    calls(source, &source.product, &banned)
}

/// No test waits for time: it waits for an event.
#[must_use]
pub fn sleeping(source: &Source) -> Vec<Breach> {
    let banned = [("sleep(", "wait for an event, never for time")];
    if source.is_test() || source.path.starts_with("tests/src/") {
        return calls(source, &source.code, &banned);
    }
    let own: Vec<Breach> = calls(source, &source.product, &banned);
    let mut all = calls(source, &source.code, &banned);
    all.retain(|breach| !own.contains(breach));
    all
}

/// `.unwrap()` stays in tests. (Clippy says so too; this also sees code behind features.)
#[must_use]
pub fn unwrapping(source: &Source) -> Vec<Breach> {
    if source.is_test() {
        return Vec::new();
    }
    calls(
        source,
        &source.product,
        &[(".unwrap()", "say why it cannot be: expect(\"…\"), or return an error")],
    )
}

/// Paths and hosts of the machine this was written on.
#[must_use]
pub fn machine_paths(source: &Source) -> Vec<Breach> {
    // Put together here, so that this file does not break its own rule.
    let banned = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["far", "m-"].concat()];
    let mut breaches = Vec::new();
    for (number, line) in lines(&source.text) {
        for word in banned.iter().filter(|word| line.contains(word.as_str())) {
            breaches.push(source.breach(number, format!("`{word}` belongs to one machine")));
        }
    }
    if source.path.ends_with("Cargo.lock") {
        let known = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        for (number, line) in lines(&source.text) {
            if line.starts_with("source = ") && line != known {
                breaches.push(source.breach(number, "a package that is not from crates.io"));
            }
        }
    }
    breaches
}

/// In the root manifest a comment with the reason stands above every dependency from outside;
/// the packages take their versions from there.
#[must_use]
pub fn dependencies(source: &Source) -> Vec<Breach> {
    if !has_ending(&source.path, "toml") || !source.path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let root = source.path == "Cargo.toml";
    // A fuzz folder is a workspace of its own: the fuzzer builds it apart.
    if !root && source.text.lines().any(|line| line == "[workspace]") {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    let mut inside = false;
    let mut before = "";
    for (number, line) in lines(&source.text) {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.contains('=') && !line.starts_with([' ', '#', ']']) {
            let name = line.split(['=', '.']).next().unwrap_or_default().trim();
            let own = line.contains("path = ");
            if root && !own && !before.starts_with('#') {
                breaches.push(
                    source.breach(number, format!("{name}: say in a comment above why it is here")),
                );
            }
            if !root && !line.contains("workspace = true") {
                breaches.push(
                    source.breach(
                        number,
                        format!("{name}: the version belongs into the root's list"),
                    ),
                );
            }
        }
        before = line;
    }
    breaches
}

fn calls(source: &Source, code: &str, banned: &[(&str, &str)]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in lines(code) {
        for (call, why) in banned {
            for (at, _) in line.match_indices(call) {
                let before = line[..at].chars().next_back();
                let part_of_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
                if !part_of_name || !call.starts_with(char::is_alphabetic) {
                    breaches.push(source.breach(number, format!("`{call}`: {why}")));
                }
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&Source) -> Vec<Breach>;

    fn check(rule: Rule, path: &str, text: &str, expected: usize) {
        let found = rule(&Source::new(path, text));
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }

    #[test]
    fn habits_can_be_broken() {
        check(opening, "core/src/a.rs", "use std::fmt;", 1);
        check(opening, "core/src/a.rs", "//! A.\n", 0);
        check(no_mod_rs, "core/src/a/mod.rs", "//! A.\n", 1);
        check(attributes, "core/src/a.rs", "#[allow(dead_code)]\nfn a() {}", 1);
        check(
            attributes,
            "core/src/a.rs",
            "#[cfg(test)]\nmod t { #[ignore = \"slow\"] fn a() {} }",
            1,
        );
        check(
            attributes,
            "core/src/a.rs",
            "// #[allow(x)]\n#[expect(dead_code, reason = \"r\")]",
            0,
        );
        check(unwrapping, "core/src/a.rs", "fn a() { b().unwrap(); }", 1);
        check(unwrapping, "core/src/a.rs", "#[cfg(test)]\nmod t { fn a() { b().unwrap(); } }", 0);
    }

    #[test]
    fn only_programs_print_and_nobody_sleeps() {
        check(printing, "core/src/a.rs", "fn a() { println!(\"x\"); }", 1);
        check(printing, "core/src/a.rs", "fn a() { eprintln!(\"x\"); }", 1);
        check(printing, "tests/src/bin/a.rs", "fn main() { println!(\"x\"); }", 0);
        check(sleeping, "tests/tests/a.rs", "fn a() { std::thread::sleep(d); }", 1);
        check(sleeping, "core/src/a.rs", "fn a() { sleep(d); }", 0);
        check(sleeping, "core/src/a.rs", "#[cfg(test)]\nmod t { fn a() { sleep(d); } }", 1);
        check(sleeping, "tests/tests/a.rs", "fn a() { oversleep(d); }", 0);
    }

    #[test]
    fn manifests_and_paths_can_be_broken() {
        let manifest =
            "[workspace.dependencies]\nown = { path = \"own\" }\n# Why.\na = \"1\"\nb = \"1\"\n";
        check(dependencies, "Cargo.toml", manifest, 1);
        check(
            dependencies,
            "core/Cargo.toml",
            "[dependencies]\na = \"1\"\nb.workspace = true\n",
            1,
        );
        check(machine_paths, "README.md", &["see /wo", "rk/main"].concat(), 1);
        check(machine_paths, "Cargo.lock", "source = \"registry+https://example.org/index\"", 1);
    }
}
