//! YAML for the shapes of this room: a file becomes a tree once, and every shape is read from the tree.
//!
//! Knows the parser and nothing of checklists. A parser that is copied into each shape cost a phone a megabyte.

mod read;
mod tree;

use std::fmt;

use serde::de::DeserializeOwned;

pub(super) use read::At;
use read::Reader;

/// Reads a file of one document.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub(super) fn read<T: DeserializeOwned>(yaml: &str) -> Result<T, YamlError> {
    let root = tree::parse(yaml)?;
    T::deserialize(Reader(&root))
}

/// A place in a file, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    line: u64,
    column: u64,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) struct YamlError {
    text: String,
    spot: Option<Spot>,
}

impl YamlError {
    fn at(text: impl Into<String>, spot: Spot) -> Self {
        Self { text: text.into(), spot: Some(spot) }
    }

    /// The innermost place counts.
    fn or_at(mut self, spot: Spot) -> Self {
        self.spot.get_or_insert(spot);
        self
    }

    /// The line, where there is one.
    pub(super) fn line(&self) -> Option<u64> {
        self.spot.map(|spot| spot.line)
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.spot {
            Some(Spot { line, column }) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for YamlError {}
