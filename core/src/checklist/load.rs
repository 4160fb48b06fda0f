//! Reads a checklist file: YAML into shapes, with everything that is wrong told by list, item and line.
//!
//! The file comes from the app, the server or an administrator; it is treated as foreign.

use super::build;
use super::content::Content;
use super::error::{ContentError, ContentErrors, Sink, say};
use super::raw::{RawContent, line};
use super::reach;
use super::yaml::{self, YamlError};
use crate::limits::CHECKLIST_BYTES_MAX;

/// The only schema of checklist files this version reads.
const SCHEMA: (&str, u32) = ("inspection-checklists", 1);

/// Parses and checks; see [`Content::load`].
pub(super) fn load(text: &str) -> Result<Content, ContentErrors> {
    let mut sink = Sink::default();
    if text.len() > CHECKLIST_BYTES_MAX {
        sink.push(
            0,
            "too_large",
            say("文件过大", "the file is too large"),
            say(
                format!("文件不超过{CHECKLIST_BYTES_MAX}字节"),
                format!("keep the file within {CHECKLIST_BYTES_MAX} bytes"),
            ),
        );
    }
    sink.finish()?;
    let raw: RawContent = yaml::read(text).map_err(|e| ContentErrors(vec![misread(text, &e)]))?;
    let mut sink = Sink::default();
    let meta = &raw.meta;
    if (meta.schema.value.as_str(), meta.schema_version.value) != SCHEMA {
        sink.push(
            line(&meta.schema),
            "schema",
            say(
                "不是本版本能读的检查表文件",
                "not a checklist file of the schema this version reads",
            ),
            say(
                format!("schema 写 {}，schema_version 写 {}", SCHEMA.0, SCHEMA.1),
                format!("write schema: {} and schema_version: {}", SCHEMA.0, SCHEMA.1),
            ),
        );
    }
    let content = build::content(&raw, &mut sink);
    if sink.errors.is_empty() {
        reach::check(&content, &mut sink);
    }
    sink.finish()?;
    Ok(content)
}

/// A file that is not even of the right shape: the parser's word, and where that is.
fn misread(text: &str, error: &YamlError) -> ContentError {
    let at = error.line().unwrap_or(0);
    let (list, item) = enclosing(text, at);
    let full = error.to_string();
    ContentError {
        list,
        item,
        line: at,
        code: "shape",
        problem: say(format!("写法不合规定（{full}）"), full),
        remedy: say(
            "对照已有条目改正这一行的键名、缺项或值的类型",
            "compare with a neighbouring entry: correct the key, the missing key or the type of the value",
        ),
    }
}

/// The list and the item around a line, read off the indentation: `- id:` lines above that are less indented.
fn enclosing(text: &str, at: u64) -> (Option<String>, Option<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let last = usize::try_from(at).unwrap_or(usize::MAX).min(lines.len());
    let mut level = lines.get(last.wrapping_sub(1)).map_or(0, |l| indent(l) + 2);
    let mut ids: Vec<&str> = Vec::new();
    for text in lines.iter().take(last).rev() {
        if let Some(id) = text.trim_start().strip_prefix("- id:").filter(|_| indent(text) < level) {
            level = indent(text);
            ids.push(id.trim());
        } else if indent(text) == 0 && text.ends_with(':') && !text.starts_with('#') {
            let inside_list = matches!(*text, "checklists:" | "request_forms:");
            let list = if inside_list { ids.pop() } else { None };
            return (list.map(str::to_owned), ids.first().map(|id| (*id).to_owned()));
        }
    }
    (None, None)
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}
