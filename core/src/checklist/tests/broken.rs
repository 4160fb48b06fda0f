//! Broken files: each error names list, item and line, says what is wrong and what repairs it.

use super::*;
use crate::model::Lang;

/// The first errors of the default content with one place changed.
fn broken(from: &str, to: &str) -> Vec<ContentError> {
    assert!(DEFAULT_YAML.contains(from), "the sample {from:?} is not in the content");
    match Content::load(&DEFAULT_YAML.replacen(from, to, 1)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0,
    }
}

/// What is broken, the change, and the stable code of the error it must give.
const TABLE: &[(&str, &str, &str)] = &[
    // Names that are defined nowhere.
    ("category: GAS03", "category: GAS77", "unknown_category"),
    ("when: {eq: unvent}", "when: {eq: unvented}", "unknown_choice"),
    ("contains_any: [piped, lpg]", "contains_any: [piped, lpx]", "unknown_choice"),
    ("refs: [GR27, GMH9]", "refs: [GR27, GMH99]", "unknown_ref"),
    ("lead_override: PROP", "lead_override: NOBODY", "unknown_department"),
    ("- {code: PROP, zh", "- {code: PROP2, zh", "unknown_department"),
    ("choice_set: check4\n", "choice_set: check5\n", "unknown_choice_set"),
    ("checklist: small_premises", "checklist: big_premises", "unknown_list"),
    ("form: mediation_request", "form: quarrel", "unknown_form"),
    ("quick_items: [HH-A4, HH-B1", "quick_items: [HH-A4, HH-B77", "unknown_item"),
    (
        "ask_if: {item: HH-A2, contains: solid}",
        "ask_if: {item: HH-A22, contains: solid}",
        "unknown_item",
    ),
    ("derived: RH-GROUP", "derived: RH-CROWD", "unknown_derived"),
    ("subject_type: dwelling", "subject_type: person", "unknown_subject"),
    ("taxonomy: DIS", "taxonomy: DOS", "unknown_category"),
    ("except: [none]", "except: [nothing]", "unknown_choice"),
    // Order, shape and type of conditions.
    (
        "        item: HH-A2\n        contains_any: [piped, lpg]",
        "        item: HH-B1\n        eq: hazard",
        "forward_reference",
    ),
    ("when: {eq: unvent}", "when: {equals: unvent}", "shape"),
    ("when: {eq: unvent}", "when: {eq: unvent, ne: none}", "condition_shape"),
    ("when: {eq: unvent}", "when: {}", "condition_shape"),
    ("when: {eq: unvent}", "when: {any: []}", "condition_shape"),
    ("when: {eq: unvent}", "when: {gt: 3}", "condition_type"),
    ("when: {contains: corridor}", "when: {eq: corridor}", "condition_type"),
    ("when: {eq: unvent}", "when: {in: []}", "condition_type"),
    ("when: {answered: true}", "when: {answered: false}", "condition_never"),
    (
        "ask_if: {derived: RH-GROUP, eq: true}",
        "ask_if: {derived: RH-GROUP, gt: 1}",
        "condition_shape",
    ),
    // Codes used twice.
    ("    - id: HH-A2", "    - id: HH-A1", "duplicate"),
    ("code: HH-A4-F2", "code: HH-A4-F1", "duplicate"),
    ("- {code: flue, zh", "- {code: forced, zh", "duplicate"),
    ("- id: rental\n", "- id: household\n", "duplicate"),
    ("  - id: HH-B\n", "  - id: HH-A\n", "duplicate"),
    ("quick_items: [HH-A4, HH-B1", "quick_items: [HH-A4, HH-A4", "duplicate"),
    ("- {code: POLICE, zh", "- {code: FIRE, zh", "duplicate"),
    ("- code: FIR02", "- code: FIR01", "duplicate"),
    ("- {id: FL18, status", "- {id: FL16, status", "duplicate"),
    // What can never happen.
    (
        "ask_if: {item: HH-A2, contains: solid}",
        "ask_if: {all: [{item: HH-A2, contains: solid}, {item: HH-A2, contains: elec}]}",
        "excl_contradiction",
    ),
    (
        "ask_if: {item: HH-A2, contains: solid}",
        "ask_if: {all: [{item: HH-A1, eq: high}, {item: HH-A1, eq: villa}]}",
        "unreachable_item",
    ),
    (
        "ask_if: {item: HH-A2, contains: solid}",
        "ask_if: {all: [{item: HH-A3, eq: flue}, {not: {item: HH-A2, contains_any: [piped, lpg]}}]}",
        "unreachable_item",
    ),
    ("ask_if: {item: RH-A5, gte: 3}", "ask_if: {item: RH-A5, gt: 60}", "unreachable_item"),
    (
        "when: {eq: unvent}",
        "when: {eq: unvent, all: [{item: HH-A2, contains: elec}]}",
        "dead_finding",
    ),
    ("when: {older_than_days: 365}", "when: {not: {answered: true}}", "dead_finding"),
    // Honest answers are never findings.
    ("when: {eq: unvent}", "when: {in: [unvent, unk]}", "honest_answer"),
    ("when: {eq: unvent}", "when: {ne: none}", "honest_answer"),
    (
        "  - {code: complaint, zh: 投诉举报核实, en: Verification of a report}\n  required: true\n  pii: none\n",
        "  - {code: complaint, zh: 投诉举报核实, en: Verification of a report}\n  required: true\n  pii: none\n  findings:\n  - code: V-01-F1\n    when: {eq: complaint}\n    severity: S4\n    category: FIR99\n    title: {zh: 有投诉, en: Complaint}\n    fix: {zh: 核实, en: Verify}\n    deadline: null\n    route: advice\n    evidence: none\n",
        "common_finding",
    ),
    // The domain's rules.
    (
        "        immediate_action: {zh: 立即停用，开窗通风。, en: 'Stop using, ventilate.'}\n",
        "",
        "finding_rule",
    ),
    (
        "        deadline: {kind: urgent_hour, value: 4}\n        route: case\n        suspected_major: true",
        "        deadline: {kind: urgent_hour, value: 4}\n        route: self_fixed\n        suspected_major: true",
        "finding_rule",
    ),
    (
        "deadline: {kind: natural_day, value: 30}\n        route: advice",
        "deadline: null\n        route: advice",
        "finding_rule",
    ),
    (
        "deadline: null\n        route: advice",
        "deadline: null\n        route: case",
        "finding_rule",
    ),
    (
        "deadline: {kind: natural_day, value: 30}\n        route: advice",
        "deadline: {kind: natural_day, value: 30}\n        route: case",
        "household_case",
    ),
    // Wording about persons.
    ("q: {zh: 房屋类型, en: Building type}", "q: {zh: 户主民族, en: Householder}", "person_word"),
    (
        "q: {zh: 房屋类型, en: Building type}",
        "q: {zh: 证件, en: Identity card numbers}",
        "person_word",
    ),
    ("title: {zh: 用电, en: Electricity}", "title: {zh: 住户收入, en: Money}", "person_word"),
    ("{code: high, zh: 高层住宅", "{code: high, zh: 重点人员", "person_word"),
    ("q: {zh: 房屋类型, en: Building type}", "q: {zh: 房屋类型, en: ''}", "text_missing"),
    // Keys that do not fit.
    ("subject_type: dwelling", "subject_kind: dwelling", "shape"),
    (
        "    - id: HH-A1\n      type: single\n",
        "    - id: HH-A1\n      type: multi\n      min: 3\n",
        "key_misfit",
    ),
    ("    - id: HH-A1\n      type: single\n", "    - id: HH-A1\n      type: yesno\n", "key_misfit"),
    (
        "    - id: HH-A1\n      type: single\n",
        "    - id: HH A1\n      type: single\n",
        "code_shape",
    ),
    (
        "- {code: forced, zh: 强排式或平衡式, en: Forced or balanced flue}",
        "- {code: forced, zh: 强排, en: Forced, excl: true}",
        "excl",
    ),
    ("pii: contact", "pii: none", "pii"),
    ("max: 5000", "max: 0.5", "bounds"),
    ("max_len: 300", "max_len: 30000", "bounds"),
    ("      choice_set: yesno\n", "", "key_missing"),
    (
        "checklist: small_premises",
        "checklist: small_premises\n        form: mediation_request",
        "creates_shape",
    ),
    ("- {code: SRV10, zh: 免费", "- {code: SRV77, zh: 免费", "unknown_category"),
    ("schema_version: 1", "schema_version: 2", "schema"),
    ("- code: S4\n", "- code: S3\n", "duplicate"),
];

#[test]
fn a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
    use crate::limits::{ALL, CHECKLIST_BYTES_MAX, Room};
    let own: Vec<_> = ALL.iter().filter(|l| l.room == Room::Checklist).map(|l| l.max).collect();
    assert_eq!(own, [CHECKLIST_BYTES_MAX]);
    let honest = DEFAULT_YAML;
    let sized = |size: usize| format!("{honest}\n#{}", "x".repeat(size - honest.len() - 2));
    assert!(Content::load(&sized(CHECKLIST_BYTES_MAX)).is_ok());
    let errors = Content::load(&sized(CHECKLIST_BYTES_MAX + 1)).unwrap_err();
    assert_eq!((errors.0.len(), errors.0[0].code), (1, "too_large"));
    assert!(errors.0[0].remedy.en.contains(&CHECKLIST_BYTES_MAX.to_string()));
}

#[test]
fn every_error_has_a_name_and_a_place() {
    let mut out = String::new();
    for (from, to, code) in TABLE {
        let errors = broken(from, to);
        let hit = errors.iter().find(|e| e.code == *code);
        let Some(hit) = hit else { panic!("{to:?} should give {code}, gives {errors:#?}") };
        out.push_str(&format!("{code}\n  {}\n", hit.text(Lang::En)));
        for other in errors.iter().filter(|e| *e != hit) {
            out.push_str(&format!("  also line {}: {}\n", other.line, other.code));
        }
    }
    expect_test::expect_file!["broken.txt"].assert_eq(&out);
}

#[test]
fn a_misshapen_file_tells_where() {
    for (yaml, line) in [("", 0_u64), ("meta: 3", 1), ("- a\n- b", 1), ("meta:\n  schema: [", 2)] {
        let errors = Content::load(yaml).unwrap_err();
        assert_eq!(errors.0.len(), 1);
        assert!(errors.0[0].line >= line.min(1), "{yaml:?}: {errors}");
    }
}

#[test]
fn words_about_persons_are_seen_and_places_left_alone() {
    for bad in [
        "身份证号",
        "家庭收入情况",
        "Date of birth",
        "resident_income",
        "是否信访",
        "QQ号",
        "WeChat",
    ] {
        assert!(person_word(bad).is_some(), "{bad}");
    }
    for good in [
        "补充说明（不写姓名、电话、证件号，不写个人情况）",
        "What is wanted (no health or family details)",
        "Crane or hoist shows registration and acceptance plates",
        "房屋类型",
        "Surface of the wall",
    ] {
        assert_eq!(person_word(good), None, "{good}");
    }
}
