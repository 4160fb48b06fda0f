//! The bench's 1 kB inspection as answers of a visit, and back: the same canonical text the other
//! systems are compared by (`canon` of the peers' generator).
//!
//! A record's nested fields become item keys: `answers.q03`, `findings.1.severity`, `status`.
//! The append to `notes` becomes a put of the whole text, because answers are registers.

use std::collections::BTreeMap;

use ironfeet_core::model::Scalar;
use serde_json::{Map, Value};

/// The record as answers by item key, in key order.
#[must_use]
pub fn flatten(record: &Value) -> Vec<(String, Scalar)> {
    let mut out = Vec::new();
    walk(record, &mut String::new(), &mut out);
    out
}

fn walk(value: &Value, path: &mut String, out: &mut Vec<(String, Scalar)>) {
    let mut below = |key: &str, child: &Value| {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        walk(child, path, out);
        path.truncate(length);
    };
    match value {
        Value::Object(fields) => {
            for (key, child) in fields {
                below(key, child);
            }
        }
        Value::Array(items) => {
            for (i, child) in items.iter().enumerate() {
                below(&i.to_string(), child);
            }
        }
        leaf => out.push((path.clone(), scalar(leaf))),
    }
}

/// A JSON leaf as a scalar; numbers are always fractions, as in the peers.
#[must_use]
pub fn scalar(value: &Value) -> Scalar {
    match value {
        Value::Bool(b) => Scalar::Bool(*b),
        Value::Number(n) => Scalar::Float(n.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Scalar::Str(text.clone()),
        _ => Scalar::Null,
    }
}

/// The canonical text of the record that these answers hold: keys sorted, no spaces.
#[must_use]
pub fn canon_of(answers: &BTreeMap<String, Scalar>) -> String {
    let mut root = Value::Object(Map::new());
    for (path, value) in answers {
        let leaf = match value {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(*b),
            Scalar::Int(n) => Value::from(*n),
            Scalar::Float(x) => Value::from(*x),
            Scalar::Str(text) => Value::String(text.clone()),
        };
        put(&mut root, path, leaf);
    }
    canon(&root)
}

/// Puts a leaf at its path; a part of digits is a place in a list (keys come sorted, so lists fill from 0).
fn put(at: &mut Value, path: &str, leaf: Value) {
    let Some((head, rest)) = path.split_once('.').map_or(Some((path, "")), Some) else { return };
    let slot = match (at, head.parse::<usize>()) {
        (Value::Array(items), Ok(i)) => {
            while items.len() <= i {
                items.push(Value::Null);
            }
            &mut items[i]
        }
        (Value::Object(fields), _) => fields.entry(head).or_insert(Value::Null),
        _ => return,
    };
    if rest.is_empty() {
        *slot = leaf;
        return;
    }
    if slot.is_null() {
        let list = rest.bytes().next().is_some_and(|b| b.is_ascii_digit());
        *slot = if list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    put(slot, rest, leaf);
}

/// A JSON value as text with sorted keys and no spaces.
#[must_use]
pub fn canon(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            let parts: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canon(&fields[key])))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canon).collect::<Vec<_>>().join(","))
        }
        leaf => leaf.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_through_answers() {
        let record: Value = serde_json::from_str(
            r#"{"id":"i-1","status":"open","answers":{"q02":57.8,"q04":true,"q10":0.5,"q03":"a b"},
               "findings":[{"code":"F-1","action":"x"},{"code":"F-2","action":"y"}],"notes":"n"}"#,
        )
        .unwrap();
        let answers: BTreeMap<String, Scalar> = flatten(&record).into_iter().collect();
        assert_eq!(answers["findings.1.code"], Scalar::from("F-2"));
        assert_eq!(answers.len(), 11);
        assert_eq!(canon_of(&answers), canon(&record));
        assert!(canon(&record).starts_with(r#"{"answers":{"q02":57.8,"#));
    }
}
