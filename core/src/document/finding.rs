//! A finding as flat fields `CODE.field`, so that two versions of it merge and conflict field by field.
//!
//! What equals the visit's own (list, version, time of finish) and what is empty or false is not written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{Finding, Scalar};

use super::error::EditError;
use super::fields::Cell;
use super::write::json;

/// What a finding takes from its visit where it says nothing itself.
pub(super) struct FromVisit<'a> {
    pub(super) list: &'a str,
    pub(super) list_version: u32,
    pub(super) raised_at: i64,
}

/// The fields to write for a finding.
pub(super) fn flat(
    finding: &Finding,
    visit: &FromVisit<'_>,
) -> Result<Vec<(String, Scalar)>, EditError> {
    if finding.code.is_empty() || finding.code.contains('.') {
        return Err(EditError::field("finding", "a code without a point"));
    }
    let value = serde_json::to_value(finding)
        .map_err(|_| EditError::field("finding", "values that JSON can hold"))?;
    let mut fields = Vec::new();
    flatten(&finding.code, &value, &mut fields)?;
    let own = |name: &str| format!("{}.{name}", finding.code);
    fields.retain(|(key, field)| {
        let inherited = (*key == own("list") && field.as_str() == Some(visit.list))
            || (*key == own("list_version") && *field == Scalar::Int(visit.list_version.into()))
            || (*key == own("raised_at") && *field == Scalar::Int(visit.raised_at))
            || *key == own("code");
        !inherited
    });
    Ok(fields)
}

fn flatten(path: &str, value: &Value, out: &mut Vec<(String, Scalar)>) -> Result<(), EditError> {
    let scalar = match value {
        Value::Null | Value::Bool(false) => return Ok(()),
        Value::Array(items) if items.is_empty() => return Ok(()),
        Value::Object(map) => {
            for (key, inner) in map {
                flatten(&format!("{path}.{key}"), inner, out)?;
            }
            return Ok(());
        }
        Value::Bool(true) => Scalar::Bool(true),
        Value::String(text) => Scalar::Str(text.clone()),
        Value::Array(_) => Scalar::Str(json(path, value)?),
        Value::Number(n) => match n.as_i64() {
            Some(n) => Scalar::Int(n),
            None => return Err(EditError::field(path, "a whole number")),
        },
    };
    out.push((path.to_owned(), scalar));
    Ok(())
}

/// The findings that flat fields describe, and how many codes could not be understood.
pub(super) fn raise(
    cells: &BTreeMap<String, Cell>,
    visit: &FromVisit<'_>,
) -> (BTreeMap<String, Finding>, usize) {
    let mut by_code: BTreeMap<&str, Value> = BTreeMap::new();
    let mut odd = 0;
    for (key, cell) in cells {
        match key.split_once('.') {
            Some((code, path)) => {
                let finding = by_code.entry(code).or_insert_with(|| base(code, visit));
                place(finding, path, &cell.value);
            }
            None => odd += 1,
        }
    }
    let mut findings = BTreeMap::new();
    for (code, value) in by_code {
        match serde_json::from_value(value) {
            Ok(finding) => {
                findings.insert(code.to_owned(), finding);
            }
            Err(_) => odd += 1,
        }
    }
    (findings, odd)
}

fn base(code: &str, visit: &FromVisit<'_>) -> Value {
    serde_json::json!({
        "code": code, "suspected_major": false, "public_area": false, "co": [],
        "list": visit.list, "list_version": visit.list_version, "raised_at": visit.raised_at,
    })
}

/// Puts a value at a dotted path, making objects on the way; a path through a plain value is dropped.
fn place(into: &mut Value, path: &str, value: &Scalar) {
    let Value::Object(map) = into else { return };
    match path.split_once('.') {
        Some((head, rest)) => {
            let inner = map.entry(head).or_insert_with(|| Value::Object(Map::new()));
            place(inner, rest, value);
        }
        None => {
            map.insert(path.to_owned(), plain(path, value));
        }
    }
}

fn plain(path: &str, value: &Scalar) -> Value {
    match value {
        Scalar::Str(text) if path == "co" => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Scalar::Str(text) => Value::from(text.as_str()),
        Scalar::Int(n) => Value::from(*n),
        Scalar::Float(x) => Value::from(*x),
        Scalar::Bool(b) => Value::from(*b),
        Scalar::Null => Value::Null,
    }
}
