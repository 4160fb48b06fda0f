//! Misshapen files: what is not of the right shape is told at its line, and what YAML lets one write another
//! way is read.

use super::*;
use crate::model::Lang;

/// A place of the default content, what is written there instead.
const TABLE: &[(&str, &str)] = &[
    // Keys.
    ("choice_sets:\n", "choice_set:\n"),
    ("  schema_version: 1\n", ""),
    ("  est_minutes: 8\n", ""),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: OK, en: Fine}"),
    ("choice_sets:\n", "choice_sets:\n  yesno: []\n"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, [en]: OK}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, <<: {zh: 符合, en: OK}}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, 'zh': 符合, \"en\": OK}"),
    // Texts.
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: }"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: null}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: ~}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: ''}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: true}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: 2026.10}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: [OK]}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: {OK: 1}}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: !!str 3}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: !!int 3}"),
    ("{code: ok, zh: 符合, en: OK}", "{code: ok, zh: 符合, en: !mine OK}"),
    ("content_version: '2026.1'", "content_version: 2026.1"),
    // Numbers and truths.
    ("  schema_version: 1\n", "  schema_version: one\n"),
    ("  schema_version: 1\n", "  schema_version: [1]\n"),
    ("  schema_version: 1\n", "  schema_version: '1'\n"),
    ("  schema_version: 1\n", "  schema_version: null\n"),
    ("  schema_version: 1\n", "  schema_version: 1.0\n"),
    ("  schema_version: 1\n", "  schema_version: 0x1\n"),
    ("  schema_version: 1\n", "  schema_version: +1\n"),
    ("  schema_version: 1\n", "  schema_version: 01\n"),
    ("  est_minutes: 8\n", "  est_minutes: -8\n"),
    ("  est_minutes: 8\n", "  est_minutes: 4294967296\n"),
    ("  est_minutes: 8\n", "  est_minutes: 1_0\n"),
    ("  est_minutes: 8\n", "  est_minutes: 0o10\n"),
    ("  required: true\n", "  required: yes\n"),
    ("  required: true\n", "  required: True\n"),
    ("  required: true\n", "  required: 'true'\n"),
    ("  required: true\n", "  required: 1\n"),
    ("max: 5000", "max: many"),
    ("max: 5000", "max: .inf"),
    ("max: 5000", "max: infinity"),
    ("max: 5000", "max: 5e3"),
    ("max: 5000", "max: '5000'"),
    ("        severity: S1\n", "        severity: S9\n"),
    ("        severity: S1\n", "        severity: [S1]\n"),
    ("        severity: S1\n", "        severity: {S1: 1}\n"),
    ("when: {eq: unvent}", "when: {eq: [unvent]}"),
    ("when: {eq: unvent}", "when: {eq: {a: unvent}}"),
    // Lists and maps.
    ("language: [zh, en]", "language: zh"),
    ("language: [zh, en]", "language:"),
    ("language: [zh, en]", "language: {zh: en}"),
    ("when: {eq: unvent}", "when: unvent"),
    ("when: {eq: unvent}", "when:"),
    ("when: {eq: unvent}", "when: [eq, unvent]"),
    // The grammar itself.
    ("language: [zh, en]", "language: [zh, en"),
    ("language: [zh, en]", "language: ['zh, en]"),
    ("language: [zh, en]", "language: [\"\\q\"]"),
    ("  language: [zh, en]", "\tlanguage: [zh, en]"),
    ("  schema_version: 1\n", "   schema_version: 1\n"),
    ("choice_sets:\n", "---\nchoice_sets:\n"),
    ("language: [zh, en]", "language: *nothing"),
    ("language: [zh, en]", "language: &all [*all]"),
    // One piece written once and named twice.
    ("- {code: LABOR, zh", "- &labor {code: LABOR, zh"),
    ("language: [zh, en]", "language: [&zh zh, *zh]"),
];

fn told(yaml: &str) -> String {
    match Content::load(yaml) {
        Ok(content) => format!("read, version {}", content.version()),
        Err(errors) => {
            errors.0.iter().take(2).map(|e| e.text(Lang::En)).collect::<Vec<_>>().join("\n  ")
        }
    }
}

#[test]
fn what_is_misshapen_is_told_at_its_line() {
    let mut out = String::new();
    for (from, to) in TABLE {
        assert!(DEFAULT_YAML.contains(from), "the sample {from:?} is not in the content");
        out.push_str(&format!("{to:?}\n  {}\n", told(&DEFAULT_YAML.replacen(from, to, 1))));
    }
    for whole in
        ["", "# nothing\n", "meta: 3", "- a\n- b", "meta:\n  schema: [", "a: 1\n...\nb: 2\n"]
    {
        out.push_str(&format!("{whole:?}\n  {}\n", told(whole)));
    }
    expect_test::expect_file!["misshapen.txt"].assert_eq(&out);
}

#[test]
fn a_piece_named_again_and_again_does_not_fill_the_memory() {
    let mut bomb = String::from("meta: &a0 [x, x, x, x, x, x, x, x]\n");
    for n in 1..20 {
        let again = format!("*a{}, ", n - 1).repeat(8);
        bomb.push_str(&format!("k{n}: &a{n} [{}]\n", again.trim_end_matches(", ")));
    }
    let errors = Content::load(&bomb).unwrap_err();
    assert_eq!(errors.0[0].code, "shape", "{errors}");
    let deep = format!("meta: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(Content::load(&deep).unwrap_err().0[0].code, "shape");
}
