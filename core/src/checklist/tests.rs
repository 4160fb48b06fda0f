//! The default content holds together; broken content is named line by line; thousands of random
//! visits end, reach everything and contradict nothing.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_core_step::Dice;

use super::*;
use crate::model::{Carried, PlaceKind, Scalar, UtcMillis};

const YAML: &str = include_str!("../../content/checklists.yaml");

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

/// Dice from proptest's own deterministic generator: no second random library.
mod rand_core_step {
    use super::*;

    pub(super) struct Dice(TestRunner);

    impl Dice {
        pub(super) fn new(seed: u64) -> Self {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
            Self(TestRunner::new_with_rng(Config::default(), rng))
        }

        pub(super) fn below(&mut self, n: usize) -> usize {
            use proptest::strategy::ValueTree;
            (0..n).new_tree(&mut self.0).unwrap().current()
        }
    }
}

fn broken(from: &str, to: &str) -> String {
    assert!(YAML.contains(from), "the sample {from:?} is not in the content");
    match Content::load(&YAML.replacen(from, to, 1)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => {
            let lines: Vec<String> = errors.0.iter().take(2).map(ToString::to_string).collect();
            lines.join("\n")
        }
    }
}

#[test]
fn the_default_content_holds_together() {
    let content = Content::default_content();
    let shape: Vec<String> = content
        .lists()
        .iter()
        .map(|l| {
            let findings: usize = l.items().map(|(_, i)| i.findings.len()).sum();
            format!(
                "{} v{}: {} sections, {} items, {findings} findings, {} quick",
                l.id,
                l.version,
                l.sections.len(),
                l.items().count(),
                l.quick_items.len()
            )
        })
        .collect();
    expect![[r"
        household v1: 7 sections, 42 items, 38 findings, 12 quick
        small_premises v1: 10 sections, 45 items, 35 findings, 12 quick
        rental v1: 8 sections, 37 items, 30 findings, 11 quick
        workshop v1: 9 sections, 35 items, 27 findings, 11 quick
        construction v1: 11 sections, 38 items, 31 findings, 13 quick"]]
    .assert_eq(&shape.join("\n"));
    assert_eq!(&*content.lists_for(PlaceKind::Workshop)[0].id, "workshop");
    assert_eq!(&*content.lists_for(PlaceKind::Rental)[0].id, "rental");
}

#[test]
fn what_is_wrong_is_named_with_list_item_and_line() {
    let table: Vec<(&str, &str)> = vec![
        ("category: GAS03", "category: GAS77"),
        ("when: {eq: unvent}", "when: {eq: unvented}"),
        ("when: {eq: unvent}", "when: {equals: unvent}"),
        ("refs: [GR27, GMH9]", "refs: [GR27, GMH99]"),
        (
            "      ask_if:\n        item: HH-A2\n        contains_any: [piped, lpg]",
            "      ask_if:\n        item: HH-B1\n        contains_any: [piped, lpg]",
        ),
        ("    - id: HH-A2", "    - id: HH-A1"),
        ("code: HH-A4-F2", "code: HH-A4-F1"),
        ("lead_override: PROP", "lead_override: NOBODY"),
        ("q: {zh: 房屋类型, en: Building type}", "q: {zh: 户主民族, en: Ethnicity}"),
        ("subject_type: dwelling", "subject_kind: dwelling"),
        ("- {code: PROP, zh", "- {code: PROP2, zh"),
    ];
    let mut out = String::new();
    for (from, to) in table {
        out.push_str(&format!(
            "{}\n  {}\n",
            to.lines().next().unwrap_or_default().trim(),
            broken(from, to).replace('\n', "\n  ")
        ));
    }
    expect_test::expect_file!["broken_content.txt"].assert_eq(&out);
}

/// One random visit; the answers in the order they were given.
struct Run {
    answers: BTreeMap<String, Scalar>,
    reached: BTreeSet<String>,
    found: BTreeSet<String>,
}

fn pick(question: &Question, dice: &mut Dice) -> String {
    match question.kind {
        ItemType::Check | ItemType::Yesno | ItemType::Single => {
            question.choices[dice.below(question.choices.len())].code.clone()
        }
        ItemType::Multi => {
            let mut chosen = vec![dice.below(question.choices.len())];
            while dice.below(2) == 0 {
                chosen.push(dice.below(question.choices.len()));
            }
            let alone = chosen.iter().find(|i| question.choices[**i].excl).copied();
            let chosen = alone.map_or(chosen, |i| vec![i]);
            chosen.iter().map(|i| question.choices[*i].code.as_str()).collect::<Vec<_>>().join(",")
        }
        ItemType::Int => [0, 1, 2, 9, 12, 40][dice.below(6)].to_string(),
        ItemType::Decimal => ["0", "1.5", "12", "250"][dice.below(4)].to_owned(),
        ItemType::Date => ["2020-01-31", "2026-11-01"][dice.below(2)].to_owned(),
        ItemType::Text => "走廊通畅".to_owned(),
        ItemType::Notice => "yes".to_owned(),
        ItemType::Category | ItemType::Contact => unreachable!("not asked in checklists"),
    }
}

fn run(content: &Content, list: &Checklist, context: VisitContext<'_>, dice: &mut Dice) -> Run {
    let mut out =
        Run { answers: BTreeMap::new(), reached: BTreeSet::new(), found: BTreeSet::new() };
    for _ in 0..400 {
        let session = Session::new(content, list, &out.answers, context);
        let questions = session.questions();
        out.reached.extend(questions.iter().map(|q| q.item.clone()));
        let open: Vec<&Question> = questions.iter().filter(|q| q.answer.is_none()).collect();
        // Now and then an answer is changed, so that skip logic has something to remove.
        let again = dice.below(12) == 0 && out.answers.len() > 3;
        let question = match (again, open.as_slice()) {
            (true, _) => &questions[dice.below(questions.len())],
            (false, []) => break,
            (false, open) => open[dice.below(open.len().min(4))],
        };
        let text = if question.item == "V-02" && dice.below(8) != 0 {
            "entered".to_owned()
        } else {
            pick(question, dice)
        };
        let Ok(effect) = session.answer(&question.item, &text) else {
            // Only bounds can refuse what was picked from the choices.
            assert!(
                matches!(question.kind, ItemType::Int | ItemType::Decimal),
                "{}",
                question.item
            );
            let effect = session
                .answer(&question.item, "3")
                .or_else(|_| session.answer(&question.item, "20"));
            let effect = effect.expect("a middling number fits");
            out.answers.insert(effect.put.0, effect.put.1);
            continue;
        };
        out.answers.insert(effect.put.0, effect.put.1);
        for item in effect.remove {
            out.answers.remove(&item);
        }
    }
    let session = Session::new(content, list, &out.answers, context);
    assert_eq!(session.missing(), Vec::<String>::new(), "a visit that answers what is asked ends");
    assert_eq!(session.stray(), Vec::<String>::new(), "no hidden answer is kept");
    out.found = session.findings(UtcMillis(0)).into_iter().map(|f| f.code).collect();
    let cleared: BTreeSet<String> = session.cleared().into_iter().collect();
    assert!(out.found.is_disjoint(&cleared), "a finding is raised or cleared, not both");
    for (id, _) in out.answers.iter().filter(|(_, v)| v.as_str() == Some("unseen")) {
        assert!(
            !out.found.iter().any(|code| code.starts_with(&format!("{id}-"))),
            "unseen is no finding"
        );
    }
    out
}

#[test]
fn random_visits_end_and_reach_everything() {
    let content = Content::default_content();
    let runs: u64 = 800;
    for list in content.lists() {
        let none = BTreeMap::new();
        let context =
            VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
        let mut reached = BTreeSet::new();
        let mut found = BTreeSet::new();
        for seed in 0..runs {
            let result = run(&content, list, context, &mut Dice::new(seed));
            reached.extend(result.reached);
            found.extend(result.found);
        }
        let items: BTreeSet<String> = list
            .items()
            .filter(|(_, i)| i.kind != ItemType::Contact)
            .map(|(_, i)| i.id.to_string())
            .collect();
        let rules: BTreeSet<String> =
            list.items().flat_map(|(_, i)| i.findings.iter().map(|f| f.code.to_string())).collect();
        let missed: Vec<_> = items.difference(&reached).chain(rules.difference(&found)).collect();
        assert!(missed.is_empty(), "{} over seeds 0..{runs}: never reached {missed:?}", list.id);
    }
}

#[test]
fn a_quick_revisit_asks_quick_items_and_open_findings_only() {
    let content = Content::default_content();
    for list in content.lists() {
        for seed in 0..100 {
            let none = BTreeMap::new();
            let full =
                VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
            let first = run(&content, list, full, &mut Dice::new(seed));
            let carried: BTreeMap<String, Carried> = first
                .answers
                .iter()
                .map(|(id, value)| (id.clone(), Carried { value: value.clone(), at: UtcMillis(1) }))
                .collect();
            let open: Vec<String> = first.found.into_iter().collect();
            let quick = VisitContext {
                quick: true,
                open_findings: &open,
                carried: &carried,
                today: today(),
            };
            let again = run(&content, list, quick, &mut Dice::new(seed + 1_000));
            for id in again.reached.iter().filter(|id| !id.starts_with("V-")) {
                let listed = list.quick_items.iter().any(|q| **q == **id);
                let was_open = open.iter().any(|code| code.starts_with(&format!("{id}-F")));
                assert!(
                    listed || was_open || !carried.contains_key(id),
                    "{id} is asked again (seed {seed})"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The same answers given in any order that skip logic permits come to the same end.
    #[test]
    fn the_order_of_answers_does_not_matter(seed in 0u64..1_000_000, shuffle in 0u64..1_000_000) {
        let content = Content::default_content();
        let list = &content.lists()[(seed % 5) as usize];
        let none = BTreeMap::new();
        let context = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
        let target = run(&content, list, context, &mut Dice::new(seed)).answers;
        let mut dice = Dice::new(shuffle);
        let mut answers = BTreeMap::new();
        let mut left: Vec<&String> = target.keys().collect();
        while !left.is_empty() {
            let session = Session::new(&content, list, &answers, context);
            let asked: BTreeSet<String> = session.questions().into_iter().map(|q| q.item).collect();
            let ready: Vec<usize> = (0..left.len()).filter(|i| asked.contains(left[*i])).collect();
            prop_assert!(!ready.is_empty(), "stuck with {left:?}");
            let id = left.swap_remove(ready[dice.below(ready.len())]);
            let text = match &target[id] {
                Scalar::Str(text) => text.clone(),
                Scalar::Int(n) => n.to_string(),
                Scalar::Float(x) => x.to_string(),
                _ => "yes".to_owned(),
            };
            let effect = session.answer(id, &text).unwrap();
            prop_assert!(effect.remove.is_empty());
            answers.insert(effect.put.0, effect.put.1);
        }
        let session = |answers| Session::new(&content, list, answers, context).findings(UtcMillis(7));
        prop_assert_eq!(session(&answers), session(&target));
        prop_assert_eq!(answers, target);
    }
}

#[test]
fn answers_are_checked_before_they_are_taken() {
    let content = Content::default_content();
    let list = content.list("household").unwrap();
    let none = BTreeMap::new();
    let context = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
    let answers = BTreeMap::from([
        ("V-01".to_owned(), Scalar::from("routine")),
        ("V-02".to_owned(), Scalar::from("entered")),
        ("HH-A2".to_owned(), Scalar::from("lpg,piped")),
        ("HH-A3".to_owned(), Scalar::from("unvent")),
    ]);
    let session = Session::new(&content, list, &answers, context);
    let said = |item: &str, text: &str| match session.answer(item, text) {
        Ok(effect) => format!("{:?} removes {:?}", effect.put.1, effect.remove),
        Err(error) => error.to_string(),
    };
    expect![[r#"
        Str("corridor,indoor") removes []
        Str("elec") removes ["HH-A3"]
        Str("declined") removes ["HH-A2", "HH-A3"]
        HH-A2: expected `elec` to stand alone
        HH-A1: expected one of high (High-rise (over 27 m)), multi (Multi-storey), self (Self-built or single-storey), villa (Detached or terraced), other (Other)
        HH-Z9 is not asked by the answers so far; change an earlier one first
        V-05: the text seems to hold a personal number; take it out"#]]
    .assert_eq(
        &[
            said("HH-A4", "indoor, corridor,indoor"),
            said("HH-A2", "elec"),
            said("V-02", "declined"),
            said("HH-A2", "elec,lpg"),
            said("HH-A1", "castle"),
            said("HH-Z9", "x"),
            said("V-05", "电话 13812345678"),
        ]
        .join("\n"),
    );
    let findings = session.findings(UtcMillis(5));
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code.as_str(), findings[0].lead.as_str()), ("HH-A3-F1", "GASCO"));
    assert!(findings[0].immediate_action.is_some());
}
