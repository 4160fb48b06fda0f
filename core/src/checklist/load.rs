//! Reads and checks content. Every error names list, item and line and says what would be right.

use std::fmt;

use crate::limits;

use super::content::Content;
use super::validate;

/// One thing wrong with content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentError {
    /// Checklist or form, if it lies in one.
    pub list: Option<String>,
    /// Item, finding or section, if it lies in one.
    pub item: Option<String>,
    /// Line in the file, from 1; 0 where unknown.
    pub line: u64,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        for part in [&self.list, &self.item].into_iter().flatten() {
            write!(f, ", {part}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Everything wrong with content, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checklist content: {}", list(.0))]
pub struct ContentErrors(pub Vec<ContentError>);

fn list(errors: &[ContentError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Content {
    /// Reads content from YAML and checks it as a whole.
    ///
    /// # Errors
    /// Everything that is wrong with it; content with an error is not used.
    pub fn load(yaml: &str) -> Result<Self, ContentErrors> {
        let one = |line, problem: String| {
            ContentErrors(vec![ContentError { list: None, item: None, line, problem }])
        };
        if yaml.len() > limits::CHECKLIST_BYTES_MAX {
            return Err(one(0, format!("larger than {} bytes", limits::CHECKLIST_BYTES_MAX)));
        }
        let content: Self = serde_saphyr::from_str(yaml).map_err(|e| {
            let line = e.location().map_or(0, |l| l.line());
            one(line, first_line(&e.to_string()))
        })?;
        let mut errors = validate::check(&content);
        if errors.is_empty() {
            return Ok(content);
        }
        errors.sort_by_key(|e| e.line);
        Err(ContentErrors(errors))
    }

    /// The content that comes with the product.
    #[must_use]
    pub fn default_content() -> Self {
        Self::load(include_str!("../../content/checklists.yaml"))
            .expect("the default content is checked by a test")
    }
}

/// Parser messages go on with an excerpt of the file; the first line says it all.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
