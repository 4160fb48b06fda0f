//! The checklist file as it is written: serde shapes with line numbers, unknown keys refused.
//!
//! Knows YAML and nothing of what the words mean; `load` turns these into the shapes of `shape`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::shape::{Evidence, ItemType, Pii, RefStatus};
pub(super) use super::yaml::At;
use crate::model::{ClockKind, Deadline, Route, Scalar, Severity, Text};

/// The line (from 1) a value stands in.
pub(super) fn line<T>(at: &At<T>) -> u64 {
    at.line
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContent {
    pub(super) meta: RawMeta,
    pub(super) choice_sets: BTreeMap<String, Vec<At<RawChoice>>>,
    pub(super) severities: Vec<At<RawSeverity>>,
    pub(super) clocks: Vec<At<RawClock>>,
    pub(super) routes: Vec<At<RawRoute>>,
    pub(super) departments: Vec<At<RawNamed>>,
    pub(super) taxonomy: Vec<At<RawMajor>>,
    pub(super) refs: Vec<At<RawReference>>,
    pub(super) common_items: Vec<At<RawItem>>,
    pub(super) checklists: Vec<At<RawList>>,
    #[serde(default)]
    pub(super) request_forms: Vec<At<RawForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMeta {
    pub(super) schema: At<String>,
    pub(super) schema_version: At<u32>,
    pub(super) content_version: At<String>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "told to readers of the file; both languages are required anyway"
    )]
    pub(super) language: Vec<String>,
    #[serde(default)]
    pub(super) note: Option<Text>,
    #[serde(default)]
    pub(super) disclaimer: Option<Text>,
    #[serde(default)]
    pub(super) quick_mode: Option<Text>,
    #[serde(default)]
    pub(super) restricted_categories: Option<Text>,
    #[serde(default)]
    pub(super) evidence_policy: Option<Text>,
    #[serde(default)]
    #[expect(dead_code, reason = "the grammar told to readers of the file; `condition` holds it")]
    pub(super) condition_grammar: BTreeMap<String, String>,
    #[serde(default)]
    #[expect(dead_code, reason = "the types told to readers of the file; `answer` holds them")]
    pub(super) answer_types: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChoice {
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
    #[serde(default)]
    pub(super) excl: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeverity {
    pub(super) code: Severity,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) meaning: Text,
    pub(super) default_deadline: Option<Deadline>,
    #[serde(default)]
    pub(super) deadline_meaning: Option<Text>,
    #[serde(default)]
    pub(super) notify: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClock {
    pub(super) code: ClockKind,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) counts: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    pub(super) code: Route,
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNamed {
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMajor {
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
    #[serde(default)]
    pub(super) gb30428_kind: Option<String>,
    pub(super) minors: Vec<At<RawMinor>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMinor {
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) lead: At<String>,
    #[serde(default)]
    pub(super) co: Vec<At<String>>,
    pub(super) handle_limit: Deadline,
    pub(super) close: Text,
    #[serde(default)]
    pub(super) restricted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    pub(super) id: String,
    pub(super) status: RefStatus,
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawItem {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: ItemType,
    pub(super) q: At<Text>,
    #[serde(default)]
    pub(super) hint: Option<At<Text>>,
    #[serde(default)]
    pub(super) choice_set: Option<At<String>>,
    #[serde(default)]
    pub(super) choices: Option<Vec<At<RawChoice>>>,
    pub(super) required: bool,
    pub(super) pii: At<Pii>,
    #[serde(default)]
    pub(super) ask_if: Option<At<RawCond>>,
    #[serde(default)]
    pub(super) min: Option<At<f64>>,
    #[serde(default)]
    pub(super) max: Option<At<f64>>,
    #[serde(default)]
    pub(super) unit: Option<String>,
    #[serde(default)]
    pub(super) max_len: Option<usize>,
    #[serde(default)]
    pub(super) taxonomy: Option<At<String>>,
    #[serde(default)]
    pub(super) findings: Vec<At<RawFinding>>,
    #[serde(default)]
    pub(super) creates: Vec<At<RawCreates>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFinding {
    pub(super) code: String,
    pub(super) when: At<RawCond>,
    pub(super) severity: Severity,
    pub(super) category: At<String>,
    pub(super) title: At<Text>,
    pub(super) fix: At<Text>,
    pub(super) deadline: Option<Deadline>,
    pub(super) route: Route,
    #[serde(default)]
    pub(super) lead_override: Option<At<String>>,
    #[serde(default)]
    pub(super) suspected_major: bool,
    #[serde(default)]
    pub(super) public_area: bool,
    #[serde(default)]
    pub(super) immediate_action: Option<Text>,
    pub(super) evidence: Evidence,
    #[serde(default)]
    pub(super) refs: Vec<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCreates {
    pub(super) when: At<RawCond>,
    #[serde(default)]
    pub(super) checklist: Option<At<String>>,
    #[serde(default)]
    pub(super) form: Option<At<String>>,
    #[serde(default)]
    pub(super) per_choice: bool,
    #[serde(default)]
    pub(super) except: Vec<At<String>>,
}

/// One node of a condition: a leaf (`item` or `derived` and one operator) or a tree.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCond {
    pub(super) item: Option<String>,
    pub(super) derived: Option<String>,
    pub(super) eq: Option<Scalar>,
    pub(super) ne: Option<Scalar>,
    #[serde(rename = "in")]
    pub(super) one_of: Option<Vec<Scalar>>,
    pub(super) not_in: Option<Vec<Scalar>>,
    pub(super) gt: Option<f64>,
    pub(super) gte: Option<f64>,
    pub(super) lt: Option<f64>,
    pub(super) lte: Option<f64>,
    pub(super) contains: Option<String>,
    pub(super) contains_any: Option<Vec<String>>,
    pub(super) older_than_days: Option<u32>,
    pub(super) answered: Option<bool>,
    pub(super) all: Option<Vec<At<RawCond>>>,
    pub(super) any: Option<Vec<At<RawCond>>>,
    pub(super) not: Option<Box<At<RawCond>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDerived {
    pub(super) id: String,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) expr: At<RawCond>,
    #[serde(default)]
    pub(super) refs: Vec<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSection {
    pub(super) id: String,
    pub(super) title: At<Text>,
    #[serde(default)]
    pub(super) ask_if: Option<At<RawCond>>,
    pub(super) items: Vec<At<RawItem>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) title: At<Text>,
    pub(super) subject_type: At<String>,
    pub(super) who: Vec<String>,
    pub(super) basis: Text,
    pub(super) est_minutes: u32,
    pub(super) revisit_days_default: u32,
    #[serde(rename = "revisit_days_if_open_S1_S2")]
    pub(super) revisit_days_if_open_s1_s2: u32,
    #[serde(default)]
    pub(super) derived: Vec<At<RawDerived>>,
    pub(super) sections: Vec<At<RawSection>>,
    #[serde(default)]
    pub(super) quick_items: Vec<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForm {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) title: At<Text>,
    pub(super) legal_basis: Text,
    pub(super) fields: Vec<At<RawItem>>,
    #[serde(default)]
    pub(super) rules: Vec<Text>,
    #[serde(default)]
    pub(super) refs: Vec<At<String>>,
    pub(super) retention: Text,
}
