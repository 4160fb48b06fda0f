//! What is wrong with a checklist file: list, item, line, what it is and what repairs it, in both languages.

use std::fmt;

use crate::model::{Lang, Text};

/// One thing that is wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentError {
    /// The checklist or request form, if it is inside one.
    pub list: Option<String>,
    /// The item or section, if it is inside one.
    pub item: Option<String>,
    /// Line in the file, from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// Stable name of the kind of error, such as `unknown_item`.
    pub code: &'static str,
    /// What is wrong.
    pub problem: Text,
    /// What repairs it.
    pub remedy: Text,
}

impl ContentError {
    /// The whole message in one language: list, item, line, problem, remedy.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let (list, item) = (self.list.as_deref(), self.item.as_deref());
        match lang {
            Lang::Zh => format!(
                "第{}行，检查表{}，条目{}：{}；处理办法：{}",
                self.line,
                list.unwrap_or("（公共部分）"),
                item.unwrap_or("（无）"),
                self.problem.zh,
                self.remedy.zh
            ),
            Lang::En => format!(
                "line {}, list {}, item {}: {}; remedy: {}",
                self.line,
                list.unwrap_or("(shared part)"),
                item.unwrap_or("(none)"),
                self.problem.en,
                self.remedy.en
            ),
        }
    }
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

/// Everything that is wrong in the file, in the order of its lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct ContentErrors(pub Vec<ContentError>);

fn listed(errors: &[ContentError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A text in both languages.
pub(super) fn say(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// Collects errors while a list and an item are being read.
#[derive(Default)]
pub(super) struct Sink {
    pub(super) list: Option<String>,
    pub(super) item: Option<String>,
    pub(super) errors: Vec<ContentError>,
}

impl Sink {
    pub(super) fn push(&mut self, line: u64, code: &'static str, problem: Text, remedy: Text) {
        self.errors.push(ContentError {
            list: self.list.clone(),
            item: self.item.clone(),
            line,
            code,
            problem,
            remedy,
        });
    }

    /// A name that is defined nowhere.
    pub(super) fn unknown(
        &mut self,
        line: u64,
        code: &'static str,
        what: (&str, &str),
        name: &str,
    ) {
        self.push(
            line,
            code,
            say(format!("{}“{name}”没有定义", what.0), format!("unknown {} `{name}`", what.1)),
            say(
                format!("改为已定义的{}，或先定义它", what.0),
                format!("write a defined {} or define this one", what.1),
            ),
        );
    }

    /// A name that is defined twice.
    pub(super) fn duplicate(&mut self, line: u64, what: (&str, &str), name: &str) {
        self.push(
            line,
            "duplicate",
            say(format!("{}“{name}”重复", what.0), format!("duplicate {} `{name}`", what.1)),
            say("换一个没有用过的编码", "choose a code that is not in use"),
        );
    }

    /// The errors in the order of lines.
    pub(super) fn finish(mut self) -> Result<(), ContentErrors> {
        self.errors.sort_by_key(|e| e.line);
        self.errors.dedup();
        if self.errors.is_empty() { Ok(()) } else { Err(ContentErrors(self.errors)) }
    }
}
