//! The house rules as code: who may import whom, sizes, banned words, banned calls.
//!
//! Each rule is a function from a [`Source`] to its breaches, so that a bad
//! sample can show that the rule is able to fail. Must not know how the
//! project works, only how it is written. Run by `tests/tests/tidy.rs`.

pub mod files;
pub mod lexer;
pub mod sizes;
pub mod walls;
pub mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file of the repository, with its code apart from comments, texts and unit tests.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// As it stands on disk.
    pub text: String,
    /// Rust only: same lines, but comments and the insides of texts are blank.
    pub code: String,
    /// Rust only: `code` with `#[cfg(test)]` items blank as well.
    pub product: String,
}

/// A rule that is not kept, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Path from the repository's root.
    pub path: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

impl Source {
    /// Takes a file apart.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let rust = has_ending(path, "rs");
        let code = if rust { lexer::blank(text) } else { String::new() };
        let product = lexer::without_tests(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, product }
    }

    /// Whether the file is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        has_ending(&self.path, "rs")
    }

    /// Whether the whole file is test or bench code.
    #[must_use]
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs"
            || name.ends_with("_tests.rs")
            || ["/tests/", "/benches/", "/fuzz/"].iter().any(|folder| self.path.contains(folder))
    }

    /// A breach in this file.
    #[must_use]
    pub fn breach(&self, line: usize, what: impl Into<String>) -> Breach {
        Breach { path: self.path.clone(), line, what: what.into() }
    }
}

/// Whether a path ends in `.ending`.
#[must_use]
pub fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == ending)
}

/// Lines of a text with their numbers, from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

/// The root of the repository this was built in.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file of the repository that git does not ignore; without git, every one outside `target`.
#[must_use]
pub fn repository() -> Vec<Source> {
    let root = root();
    let mut sources: Vec<Source> = names(&root)
        .into_iter()
        .filter_map(|path| {
            let text =
                std::fs::read(root.join(&path)).ok().and_then(|b| String::from_utf8(b).ok())?;
            Some(Source::new(&path, &text))
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn names(root: &Path) -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output();
    match git {
        Ok(out) if out.status.success() && !out.stdout.is_empty() => {
            String::from_utf8_lossy(&out.stdout)
                .split('\0')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        }
        _ => walk(root, root),
    }
}

fn walk(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            let skipped = ["target", ".git", "node_modules"];
            if !skipped.iter().any(|s| name == *s) {
                found.extend(walk(root, &path));
            }
        } else if let Ok(inside) = path.strip_prefix(root) {
            found.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
    found
}
