//! The default content holds together; thousands of random visits end, reach everything and
//! contradict nothing; the order of answers does not matter.

mod broken;
mod changes;
mod deadlines;
mod misshapen;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::model::{Carried, PlaceKind, Scalar, UtcMillis};

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

/// Dice that fall the same for the same seed (splitmix64): thousands of visits need quick ones.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
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

/// One random visit.
struct Run {
    answers: BTreeMap<String, Scalar>,
    reached: BTreeSet<String>,
    found: BTreeSet<String>,
}

fn pick(item: &Item, dice: &mut Dice) -> String {
    let choices = &item.choices;
    match item.kind {
        ItemType::Check | ItemType::Yesno | ItemType::Single => {
            choices[dice.below(choices.len())].code.clone()
        }
        ItemType::Multi => {
            let mut chosen = vec![dice.below(choices.len())];
            while dice.below(2) == 0 {
                chosen.push(dice.below(choices.len()));
            }
            let alone = chosen.iter().find(|i| choices[**i].excl).copied();
            let chosen = alone.map_or(chosen, |i| vec![i]);
            chosen.iter().map(|i| choices[*i].code.as_str()).collect::<Vec<_>>().join(",")
        }
        ItemType::Int => {
            [1, 2, 9, 12, 40, 0][dice.below(if item.min == Some(1.0) { 5 } else { 6 })].to_string()
        }
        ItemType::Decimal => ["1.5", "12", "25", "1"][dice.below(4)].to_owned(),
        ItemType::Date => ["2020-01-31", "2026-11-01"][dice.below(2)].to_owned(),
        ItemType::Text => "走廊通畅".to_owned(),
        ItemType::Notice => "yes".to_owned(),
        ItemType::Category | ItemType::Contact => unreachable!("not asked in checklists"),
    }
}

fn answer_for(item: &Item, dice: &mut Dice) -> String {
    let enters = item.id == "V-02" && dice.below(8) != 0;
    if enters { "entered".to_owned() } else { pick(item, dice) }
}

/// Answers what is asked until nothing is open: one by one through `answer`, or (`merged`) all open
/// questions at once as two phones would whose answers meet, with what is skipped taken out after.
fn run(
    content: &Content,
    list: &Checklist,
    ctx: VisitContext<'_>,
    dice: &mut Dice,
    merged: bool,
) -> Run {
    let mut out =
        Run { answers: BTreeMap::new(), reached: BTreeSet::new(), found: BTreeSet::new() };
    for _ in 0..400 {
        let before = out.answers.clone();
        let session = Session::new(content, list, &before, ctx);
        let asked: Vec<&Item> = session.asked_items().collect();
        out.reached.extend(asked.iter().map(|i| i.id.clone()));
        let open: Vec<&Item> =
            asked.iter().filter(|i| !before.contains_key(&i.id)).copied().collect();
        // Now and then an answer is changed, so that skip logic has something to remove.
        let again = dice.below(12) == 0 && before.len() > 3;
        match (again, open.is_empty()) {
            (false, true) => break,
            (false, false) if merged => {
                for item in open {
                    let value = parse_answer(item, &answer_for(item, dice)).unwrap();
                    out.answers.insert(item.id.clone(), value);
                }
                for gone in Session::new(content, list, &out.answers.clone(), ctx).stray() {
                    out.answers.remove(&gone);
                }
                continue;
            }
            _ => {}
        }
        let item = if again {
            asked[dice.below(asked.len())]
        } else {
            open[dice.below(open.len().min(4))]
        };
        let effect = session.answer(&item.id, &answer_for(item, dice)).unwrap();
        out.answers.insert(effect.put.0, effect.put.1);
        out.answers.retain(|item, _| !effect.remove.contains(item));
    }
    let session = Session::new(content, list, &out.answers, ctx);
    holds_together(&session, &out.answers);
    out.found = session.findings(UtcMillis(0)).into_iter().map(|f| f.code).collect();
    let unseen = |id: &str| out.answers.get(id).and_then(Scalar::as_str) == Some("unseen");
    let honest = out.found.iter().all(|code| !unseen(&list.finding(code).unwrap().0.id));
    assert!(honest, "unseen is no finding");
    out
}

/// Nothing is missing, nothing skipped is kept, nothing is both raised and cleared.
fn holds_together(session: &Session<'_>, answers: &BTreeMap<String, Scalar>) {
    assert_eq!(session.missing(), Vec::<String>::new(), "a visit that answers what is asked ends");
    assert_eq!(session.stray(), Vec::<String>::new(), "no hidden answer is kept");
    let asked: BTreeMap<&str, &Item> = session.asked_items().map(|i| (i.id.as_str(), i)).collect();
    for (id, value) in answers {
        let item = asked.get(id.as_str()).unwrap_or_else(|| panic!("{id} is answered, not asked"));
        assert!(fits(item, value), "{id} holds a possible answer");
    }
    let found: BTreeSet<String> =
        session.findings(UtcMillis(0)).into_iter().map(|f| f.code).collect();
    let cleared: BTreeSet<String> = session.cleared().into_iter().collect();
    assert!(found.is_disjoint(&cleared), "a finding is raised or cleared, not both");
}

/// Random full visits of each list; every 20th answered one by one. The seed of a run is its number.
const RUNS: u64 = 2_000;
/// Random quick visits of each list, each after a full one.
const QUICK_RUNS: u64 = 1_000;

#[test]
fn random_visits_end_and_reach_everything() {
    let content = Content::shared_default();
    for list in content.lists() {
        let none = BTreeMap::new();
        let ctx = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
        let (mut reached, mut found) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..RUNS {
            let result = run(content, list, ctx, &mut Dice::new(seed), !seed.is_multiple_of(20));
            reached.extend(result.reached);
            found.extend(result.found);
        }
        let items: BTreeSet<String> = list
            .items()
            .filter(|(_, i)| i.kind != ItemType::Contact)
            .map(|(_, i)| i.id.clone())
            .collect();
        let rules: BTreeSet<String> =
            list.items().flat_map(|(_, i)| i.findings.iter().map(|f| f.code.clone())).collect();
        let missed: Vec<_> = items.difference(&reached).chain(rules.difference(&found)).collect();
        assert!(missed.is_empty(), "{} over seeds 0..{RUNS}: never reached {missed:?}", list.id);
    }
}

#[test]
fn a_quick_revisit_asks_quick_items_open_findings_and_unknown_gates_only() {
    let content = Content::shared_default();
    for list in content.lists() {
        let (mut reached, mut found) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..QUICK_RUNS {
            let again = quick_visit(content, list, seed);
            reached.extend(again.reached);
            found.extend(again.found);
        }
        let quick: BTreeSet<String> = list.quick_items.iter().cloned().collect();
        let raised = |id: &String| content.item(list, id).unwrap().findings.iter();
        let rules: BTreeSet<String> =
            list.quick_items.iter().flat_map(raised).map(|f| f.code.clone()).collect();
        let missed: Vec<_> = quick.difference(&reached).chain(rules.difference(&found)).collect();
        assert!(
            missed.is_empty(),
            "{} over seeds 0..{QUICK_RUNS}: never reached {missed:?}",
            list.id
        );
    }
}

/// A full visit and then a quick one of the same place.
fn quick_visit(content: &Content, list: &Checklist, seed: u64) -> Run {
    let none = BTreeMap::new();
    let full = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
    let first = run(content, list, full, &mut Dice::new(seed), true);
    let carry = |(id, value): (&String, &Scalar)| {
        (id.clone(), Carried { value: value.clone(), at: UtcMillis(1) })
    };
    let carried: BTreeMap<String, Carried> = first.answers.iter().map(carry).collect();
    let open: Vec<String> = first.found.iter().cloned().collect();
    let ctx = VisitContext { quick: true, open_findings: &open, carried: &carried, today: today() };
    let again = run(content, list, ctx, &mut Dice::new(seed + 1_000_000), !seed.is_multiple_of(20));
    for id in again.reached.iter().filter(|id| !id.starts_with("V-")) {
        let listed = list.quick_items.contains(id);
        let item = content.item(list, id).unwrap();
        let was_open = item.findings.iter().any(|f| open.contains(&f.code));
        assert!(
            listed || was_open || !carried.contains_key(id),
            "{id} is asked again (seed {seed})"
        );
    }
    again
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The same answers given in any order that skip logic permits come to the same end.
    #[test]
    fn the_order_of_answers_does_not_matter(seed in 0u64..1_000_000, shuffle in 0u64..1_000_000) {
        let content = Content::shared_default();
        let list = &content.lists()[(seed % 5) as usize];
        let none = BTreeMap::new();
        let context = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
        let target = run(content, list, context, &mut Dice::new(seed), seed.is_multiple_of(2)).answers;
        let mut dice = Dice::new(shuffle);
        let mut answers = BTreeMap::new();
        let mut left: Vec<&String> = target.keys().collect();
        while !left.is_empty() {
            let session = Session::new(content, list, &answers, context);
            let asked: BTreeSet<String> = session.asked_items().map(|i| i.id.clone()).collect();
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
        let end = |answers| {
            let session = Session::new(content, list, answers, context);
            (session.findings(UtcMillis(7)), session.cleared(), session.missing(), session.questions())
        };
        prop_assert_eq!(end(&answers), end(&target));
        prop_assert_eq!(answers, target);
    }
}
