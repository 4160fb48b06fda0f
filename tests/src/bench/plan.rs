//! The bench's input files, as the peers' generator writes them: records, and who edits what.

use std::collections::BTreeMap;
use std::path::Path;

use ironfeet_core::model::Scalar;
use serde_json::Value;

use super::record;

/// Records and plan.
pub struct Workload {
    /// Every record, by number.
    pub records: Vec<Value>,
    plan: Value,
}

/// What a check expects of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The records as they were made.
    Base,
    /// The records after everybody's edits.
    Final,
}

impl Workload {
    /// Reads `records-<docs>.json` in `folder` and the plan file, where there is one.
    ///
    /// # Errors
    /// When the records cannot be read or are no JSON.
    pub fn read(folder: &Path, docs: usize, plan: Option<&Path>) -> Result<Self, std::io::Error> {
        let text = std::fs::read(folder.join(format!("records-{docs}.json")))?;
        let records = serde_json::from_slice(&text)?;
        let plan = match plan.filter(|p| p.exists()) {
            Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
            None => Value::Null,
        };
        Ok(Self { records, plan })
    }

    /// A device's edits: record number, and the fields put in one change.
    #[must_use]
    pub fn edits(&self, device: usize) -> Vec<(usize, Vec<(String, Scalar)>)> {
        let list = self.plan["byDevice"][device].as_array();
        list.into_iter().flatten().filter_map(|edit| self.edit(edit)).collect()
    }

    fn edit(&self, edit: &Value) -> Option<(usize, Vec<(String, Scalar)>)> {
        let doc = usize::try_from(edit["doc"].as_u64()?).ok()?;
        let ops = edit["ops"].as_array()?;
        let put = ops.iter().map(|op| {
            let parts: Vec<String> = op["path"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                .collect();
            let path = parts.join(".");
            let value = match op.get("append").and_then(Value::as_str) {
                // Only `notes` is appended to, once, by one device; the whole text is put.
                Some(more) => {
                    let old = self.records[doc][path.as_str()].as_str().unwrap_or_default();
                    Scalar::Str(format!("{old}{more}"))
                }
                None => record::scalar(&op["value"]),
            };
            (path, value)
        });
        Some((doc, put.collect()))
    }

    /// The contents that are right for a record, as answers by item key.
    #[must_use]
    pub fn wanted(&self, expect: Expect, doc: usize) -> Vec<BTreeMap<String, Scalar>> {
        let answers = |record: &Value| record::flatten(record).into_iter().collect();
        let allowed = &self.plan["allowed"][doc.to_string()];
        match (expect, allowed.as_array()) {
            (Expect::Final, Some(texts)) => {
                let parse = |text: &Value| serde_json::from_str::<Value>(text.as_str()?).ok();
                texts.iter().filter_map(|text| Some(answers(&parse(text)?))).collect()
            }
            _ => vec![answers(&self.records[doc])],
        }
    }
}
