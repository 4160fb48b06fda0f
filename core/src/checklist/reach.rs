//! Proves that every item can be asked, every finding can fire, and none fires on "not seen" or "declined".
//!
//! Searches the answers that make a difference (codes named by conditions, both sides of every
//! threshold), so a miss is a proof; the search is bounded and a list beyond the bound is refused.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::condition::{Condition, Facts, Op, Test, number};
use super::content::Content;
use super::error::{Sink, say};
use super::shape::{Checklist, Derived, Item, ItemType, Section};
use crate::model::Scalar;

/// The item that tells whether one could enter, and its answers that can never find anything.
const OUTCOME: (&str, &[&str]) = ("V-02", &["declined", "no_answer"]);
/// Codes that say "I did not see it": they raise nothing and clear nothing.
pub(super) const NOT_SEEN: &[&str] = &["unseen", "unk"];
/// Assignments tried for one question at most.
const TRIES_MAX: u32 = 500_000;
/// Codes of one set that conditions may name, one more included.
const NAMED_MAX: usize = 12;
/// The visit day of the search; thresholds of age are tried around it.
const TODAY: Date = date(2026, 1, 15);

/// Checks every list and form of the content.
pub(super) fn check(content: &Content, sink: &mut Sink) {
    let common: Vec<_> = content.common.iter().map(|i| (None, i)).collect();
    let space = Space { order: common, derived: &[] };
    space.check(sink);
    for list in &content.lists {
        sink.list = Some(list.id.clone());
        let space = Space { order: content.items(list).collect(), derived: &list.derived };
        space.check(sink);
        quick(list, sink);
    }
    for form in &content.forms {
        sink.list = Some(form.id.clone());
        let space = Space { order: form.fields.iter().map(|i| (None, i)).collect(), derived: &[] };
        space.check(sink);
    }
    sink.list = None;
    sink.item = None;
}

/// A list for quick re-visits without quick items would ask nothing.
fn quick(list: &Checklist, sink: &mut Sink) {
    if list.quick_items.is_empty() {
        sink.item = None;
        sink.push(
            list.line,
            "quick_items",
            say("没有复访条目", "there are no quick items"),
            say(
                "在 quick_items 里列出复访要看的条目",
                "list the items of a re-visit in quick_items",
            ),
        );
    }
}

type Values = BTreeMap<String, Scalar>;

struct Space<'a> {
    order: Vec<(Option<&'a Section>, &'a Item)>,
    derived: &'a [Derived],
}

enum Outcome {
    Found,
    Never,
    TooLarge,
}

impl<'a> Space<'a> {
    fn check(&self, sink: &mut Sink) {
        for (at, (section, item)) in self.order.iter().enumerate() {
            sink.item = Some(item.id.clone());
            for condition in item_conditions(*section, item) {
                self.exclusive(condition, sink);
            }
            let line = item.ask_if.as_ref().map_or(item.line, |c| c.line);
            let reached = self.search(&[at], &|_, values| self.asked(at, values), None);
            self.report(
                &reached,
                line,
                "unreachable_item",
                ("这个条目永远不会被问到", "this item can never be asked"),
                sink,
            );
            if matches!(reached, Outcome::Found) {
                self.rules(at, item, sink);
            }
        }
    }

    fn rules(&self, at: usize, item: &'a Item, sink: &mut Sink) {
        for rule in &item.findings {
            let fires = self.fires(at, &rule.when, None);
            self.report(
                &fires,
                rule.when.line,
                "dead_finding",
                ("这个发现项永远不会成立", "this finding can never be raised"),
                sink,
            );
            let declined = self.fires(at, &rule.when, Some(OUTCOME.1));
            let unseen = NOT_SEEN.iter().any(|code| self.fires_on(at, &rule.when, code));
            if unseen || matches!(declined, Outcome::Found) {
                sink.push(
                    rule.when.line,
                    "honest_answer",
                    say(
                        "“未查看”和“不同意入内”不是隐患",
                        "`not seen` and `entry declined` are never findings",
                    ),
                    say(
                        "改条件，使这些答案不产生发现项",
                        "change the condition so that these answers raise nothing",
                    ),
                );
            }
        }
        for creates in &item.creates {
            let fires = self.fires(at, &creates.when, None);
            self.report(
                &fires,
                creates.when.line,
                "dead_creates",
                ("这个 creates 永远不会成立", "this proposal can never be made"),
                sink,
            );
        }
    }

    fn report(
        &self,
        outcome: &Outcome,
        line: u64,
        code: &'static str,
        what: (&str, &str),
        sink: &mut Sink,
    ) {
        match outcome {
            Outcome::Found => {}
            Outcome::Never => sink.push(
                line,
                code,
                say(what.0, what.1),
                say("改条件，或删去它", "change the condition, or remove it"),
            ),
            Outcome::TooLarge => sink.push(
                line,
                "too_complex",
                say("条件太复杂，无法核实", "the conditions are too many to prove"),
                say("减少条件涉及的条目", "let the condition look at fewer items"),
            ),
        }
    }

    /// Whether the condition can hold while its item is asked and answered.
    fn fires(&self, at: usize, when: &Condition, outcome: Option<&[&str]>) -> Outcome {
        let mut roots = vec![at];
        roots.extend(self.positions(&when.test));
        let item = self.order[at].1;
        self.search(
            &roots,
            &|space, values| {
                let own = values.get(&item.id);
                own.is_some() && when.holds(&space.facts(values, own))
            },
            outcome,
        )
    }

    /// Whether the answer `code` alone makes the condition hold.
    fn fires_on(&self, at: usize, when: &Condition, code: &str) -> bool {
        let item = self.order[at].1;
        if item.choice(code).is_none() {
            return false;
        }
        let own = Scalar::from(code);
        let mut roots = vec![at];
        roots.extend(self.positions(&when.test));
        let goal = |space: &Self, values: &Values| {
            values.get(&item.id) == Some(&own) && when.holds(&space.facts(values, Some(&own)))
        };
        matches!(self.search(&roots, &goal, None), Outcome::Found)
    }

    fn facts<'b>(&'b self, values: &'b Values, own: Option<&'b Scalar>) -> Facts<'b> {
        Facts { answers: values, own, derived: self.derived, today: TODAY }
    }

    fn asked(&self, at: usize, values: &Values) -> bool {
        let facts = self.facts(values, None);
        let (section, item) = self.order[at];
        gates(section, item).all(|c| c.holds(&facts))
    }

    fn positions(&self, test: &Test) -> Vec<usize> {
        let mut names = Vec::new();
        test.subjects(self.derived, &mut names);
        names.iter().filter_map(|n| self.order.iter().position(|(_, i)| i.id == **n)).collect()
    }

    /// Tries the answers that matter of everything the roots depend on.
    fn search(
        &self,
        roots: &[usize],
        goal: &dyn Fn(&Self, &Values) -> bool,
        outcome: Option<&[&str]>,
    ) -> Outcome {
        let mut involved: Vec<usize> = roots.to_vec();
        let mut next = 0;
        while let Some(at) = involved.get(next).copied() {
            next += 1;
            let (section, item) = self.order[at];
            let found: Vec<usize> =
                gates(section, item).flat_map(|c| self.positions(&c.test)).collect();
            for position in found {
                if !involved.contains(&position) {
                    involved.push(position);
                }
            }
        }
        involved.sort_unstable();
        involved.dedup();
        let choices: Option<Vec<(usize, Vec<Scalar>)>> = involved
            .iter()
            .map(|at| Some((*at, self.domain(self.order[*at].1, outcome)?)))
            .collect();
        let Some(choices) = choices else { return Outcome::TooLarge };
        let mut tries = 0;
        self.assign(&choices, &mut Values::new(), goal, &mut tries)
    }

    fn assign(
        &self,
        rest: &[(usize, Vec<Scalar>)],
        values: &mut Values,
        goal: &dyn Fn(&Self, &Values) -> bool,
        tries: &mut u32,
    ) -> Outcome {
        *tries += 1;
        if *tries > TRIES_MAX {
            return Outcome::TooLarge;
        }
        let Some(((at, domain), rest)) = rest.split_first() else {
            return if goal(self, values) { Outcome::Found } else { Outcome::Never };
        };
        let item = self.order[*at].1;
        let asked = self.asked(*at, values);
        if asked {
            for value in domain {
                values.insert(item.id.clone(), value.clone());
                let outcome = self.assign(rest, values, goal, tries);
                values.remove(&item.id);
                if !matches!(outcome, Outcome::Never) {
                    return outcome;
                }
            }
        }
        if asked && item.required { Outcome::Never } else { self.assign(rest, values, goal, tries) }
    }

    /// The answers of an item that can make a difference; `None` if they are too many to try.
    fn domain(&self, item: &Item, outcome: Option<&[&str]>) -> Option<Vec<Scalar>> {
        if let Some(codes) = outcome.filter(|_| item.id == OUTCOME.0) {
            return Some(codes.iter().map(|c| Scalar::from(*c)).collect());
        }
        let mut ops = Vec::new();
        for (section, other) in &self.order {
            for condition in item_conditions(*section, other) {
                condition.test.operators(self.derived, Some(&item.id), &mut ops);
            }
        }
        for condition in item_conditions(None, item) {
            condition.test.operators(self.derived, None, &mut ops);
        }
        Some(match item.kind {
            ItemType::Multi => return sets(item, &ops),
            ItemType::Int | ItemType::Decimal => numbers(item, &ops),
            ItemType::Date => days(&ops),
            ItemType::Text | ItemType::Contact => vec![Scalar::from("x")],
            ItemType::Notice => vec![Scalar::Bool(true)],
            _ => item.choices.iter().map(|c| Scalar::from(c.code.as_str())).collect(),
        })
    }

    /// Two choices that exclude each other can never be chosen together.
    fn exclusive(&self, condition: &Condition, sink: &mut Sink) {
        let Test::All(parts) = &condition.test else { return };
        for (subject, code) in parts.iter().filter_map(contains) {
            let Some(id) = subject else { continue };
            let item = self.order.iter().map(|(_, i)| i).find(|i| i.id == id);
            let excl = item.and_then(|i| i.choice(code)).is_some_and(|c| c.excl);
            let with_other =
                parts.iter().filter_map(contains).any(|(s, c)| s == subject && c != code);
            if excl && with_other {
                sink.push(
                    condition.line,
                    "excl_contradiction",
                    say(
                        format!("“{code}”排斥其他选项，条件不能同时要求两者"),
                        format!("`{code}` excludes every other choice: both cannot be chosen"),
                    ),
                    say("改用 any，或去掉其中一个", "use any, or drop one of them"),
                );
            }
        }
    }
}

fn contains(test: &Test) -> Option<(Option<&str>, &str)> {
    match test {
        Test::Answer(subject, Op::Contains(code)) => Some((subject.as_deref(), code)),
        _ => None,
    }
}

fn gates<'a>(section: Option<&'a Section>, item: &'a Item) -> impl Iterator<Item = &'a Condition> {
    section.and_then(|s| s.ask_if.as_ref()).into_iter().chain(item.ask_if.as_ref())
}

fn item_conditions<'a>(
    section: Option<&'a Section>,
    item: &'a Item,
) -> impl Iterator<Item = &'a Condition> {
    let rules = item.findings.iter().map(|f| &f.when).chain(item.creates.iter().map(|c| &c.when));
    gates(section, item).chain(rules)
}

/// Sets over the named codes and one code nobody names; an exclusive code stands alone.
fn sets(item: &Item, ops: &[&Op]) -> Option<Vec<Scalar>> {
    let named = |code: &str| {
        ops.iter().any(|op| match op {
            Op::Contains(c) => c == code,
            Op::ContainsAny(cs) => cs.iter().any(|c| c == code),
            _ => false,
        })
    };
    let mut free: Vec<&str> = item
        .choices
        .iter()
        .filter(|c| !c.excl && named(&c.code))
        .map(|c| c.code.as_str())
        .collect();
    free.extend(item.choices.iter().find(|c| !c.excl && !named(&c.code)).map(|c| c.code.as_str()));
    let mut out: Vec<Scalar> =
        item.choices.iter().filter(|c| c.excl).map(|c| Scalar::from(c.code.as_str())).collect();
    if free.len() > NAMED_MAX {
        return None;
    }
    for mask in 1_u32..(1 << free.len()) {
        let mut codes: Vec<&str> =
            (0..free.len()).filter(|n| mask & (1 << n) != 0).map(|n| free[n]).collect();
        codes.sort_unstable();
        out.push(Scalar::from(codes.join(",")));
    }
    Some(out)
}

/// Both sides of every threshold, within the bounds of the item.
fn numbers(item: &Item, ops: &[&Op]) -> Vec<Scalar> {
    let step = if item.kind == ItemType::Int { 1.0 } else { 0.25 };
    let mut out: Vec<f64> = item.min.iter().chain(&item.max).copied().collect();
    for op in ops {
        let limits: Vec<f64> = match op {
            Op::Gt(n) | Op::Gte(n) | Op::Lt(n) | Op::Lte(n) => vec![*n],
            Op::Eq(v) | Op::Ne(v) => number(v).into_iter().collect(),
            Op::In(vs) | Op::NotIn(vs) => vs.iter().filter_map(number).collect(),
            _ => Vec::new(),
        };
        out.extend(limits.iter().flat_map(|n| [n - step, *n, n + step]));
    }
    if out.is_empty() {
        out.push(1.0);
    }
    out.retain(|n| item.min.is_none_or(|min| *n >= min) && item.max.is_none_or(|max| *n <= max));
    out.sort_by(f64::total_cmp);
    out.dedup();
    out.into_iter().filter(|n| step < 1.0 || n.fract() == 0.0).map(Scalar::Float).collect()
}

fn days(ops: &[&Op]) -> Vec<Scalar> {
    let ages = ops.iter().filter_map(|op| match op {
        Op::OlderThanDays(days) => Some(i64::from(*days)),
        _ => None,
    });
    let tried = ages.flat_map(|d| [d - 1, d, d + 1]).chain([0]);
    let day = |age: i64| TODAY.checked_sub(jiff::Span::new().days(age)).ok();
    tried.filter_map(day).map(|d| Scalar::from(d.to_string())).collect()
}
