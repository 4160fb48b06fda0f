//! Conditions as data: when a question is asked, when an answer is a finding.
//!
//! The grammar is the file's own (`meta.condition_grammar`): leaves of one
//! operator, trees of all, any and not. An operator on an unanswered or skipped
//! item is false, so `not` of it is true. No strings are evaluated, nothing is looked up outside.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::shape::Derived;
use crate::model::Scalar;

/// A condition and the line it stands in.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Line in the file.
    pub line: u64,
    /// The tree.
    pub test: Test,
}

/// A node of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Every part is true.
    All(Vec<Test>),
    /// Some part is true.
    Any(Vec<Test>),
    /// The part is false.
    Not(Box<Test>),
    /// One operator on the answer of an item; `None` is the item that carries the condition.
    Answer(Option<String>, Op),
    /// A derived truth is as stated.
    Derived(String, bool),
}

/// An operator on one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Equal.
    Eq(Scalar),
    /// Answered and not equal.
    Ne(Scalar),
    /// One of these.
    In(Vec<Scalar>),
    /// Answered and none of these.
    NotIn(Vec<Scalar>),
    /// Greater than.
    Gt(f64),
    /// Greater or equal.
    Gte(f64),
    /// Less than.
    Lt(f64),
    /// Less or equal.
    Lte(f64),
    /// The set holds this code.
    Contains(String),
    /// The set holds one of these codes.
    ContainsAny(Vec<String>),
    /// The day lies more than so many days before today.
    OlderThanDays(u32),
    /// There is an answer.
    Answered,
}

/// Answers by item id.
pub trait Answers {
    /// The answer of an item, if there is one that counts.
    fn answer(&self, item: &str) -> Option<&Scalar>;
}

impl Answers for BTreeMap<String, Scalar> {
    fn answer(&self, item: &str) -> Option<&Scalar> {
        self.get(item)
    }
}

impl Answers for BTreeMap<&str, &Scalar> {
    fn answer(&self, item: &str) -> Option<&Scalar> {
        self.get(item).copied()
    }
}

/// What a condition can see.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The answers that count.
    pub answers: &'a dyn Answers,
    /// The answer of the item that carries the condition.
    pub own: Option<&'a Scalar>,
    /// The derived truths of the list.
    pub derived: &'a [Derived],
    /// The day of the visit.
    pub today: Date,
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.test.holds(facts)
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|p| p.holds(facts)),
            Self::Any(parts) => parts.iter().any(|p| p.holds(facts)),
            Self::Not(part) => !part.holds(facts),
            Self::Answer(None, op) => facts.own.is_some_and(|v| op.holds(v, facts.today)),
            Self::Answer(Some(item), op) => {
                facts.answers.answer(item).is_some_and(|v| op.holds(v, facts.today))
            }
            Self::Derived(id, wanted) => {
                let found = facts.derived.iter().find(|d| d.id == *id);
                found.is_some_and(|d| {
                    let without_own = Facts { own: None, ..*facts };
                    d.expr.holds(&without_own) == *wanted
                })
            }
        }
    }

    /// Every operator with the item it is about; `own` stands for the item that carries the condition.
    #[must_use]
    pub fn tests<'a>(&'a self, own: &'a str) -> Vec<(&'a str, &'a Op)> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(|p| p.tests(own)).collect()
            }
            Self::Not(part) => part.tests(own),
            Self::Answer(item, op) => vec![(item.as_deref().unwrap_or(own), op)],
            Self::Derived(..) => Vec::new(),
        }
    }

    /// Every item the condition looks at (derived truths opened), itself not counted.
    pub(super) fn subjects<'a>(&'a self, derived: &'a [Derived], out: &mut Vec<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|p| p.subjects(derived, out));
            }
            Self::Not(part) => part.subjects(derived, out),
            Self::Answer(Some(item), _) => out.push(item),
            Self::Answer(None, _) => {}
            Self::Derived(id, _) => {
                if let Some(d) = derived.iter().find(|d| d.id == *id) {
                    d.expr.test.subjects(derived, out);
                }
            }
        }
    }

    /// Every operator applied to `item` (`None`: to the carrying item itself), derived truths opened.
    pub(super) fn operators<'a>(
        &'a self,
        derived: &'a [Derived],
        item: Option<&str>,
        out: &mut Vec<&'a Op>,
    ) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|p| p.operators(derived, item, out));
            }
            Self::Not(part) => part.operators(derived, item, out),
            Self::Answer(subject, op) => {
                if subject.as_deref() == item {
                    out.push(op);
                }
            }
            Self::Derived(id, _) => {
                if let Some(d) = derived.iter().find(|d| d.id == *id) {
                    d.expr.test.operators(derived, item, out);
                }
            }
        }
    }
}

impl Op {
    /// The codes it compares with.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        match self {
            Self::Eq(v) | Self::Ne(v) => v.as_str().into_iter().collect(),
            Self::In(vs) | Self::NotIn(vs) => vs.iter().filter_map(Scalar::as_str).collect(),
            Self::Contains(code) => vec![code],
            Self::ContainsAny(codes) => codes.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it holds for a given answer.
    #[must_use]
    pub fn holds(&self, value: &Scalar, today: Date) -> bool {
        match self {
            Self::Eq(wanted) => same(value, wanted),
            Self::Ne(wanted) => !same(value, wanted),
            Self::In(wanted) => wanted.iter().any(|w| same(value, w)),
            Self::NotIn(wanted) => !wanted.iter().any(|w| same(value, w)),
            Self::Gt(limit) => number(value).is_some_and(|n| n > *limit),
            Self::Gte(limit) => number(value).is_some_and(|n| n >= *limit),
            Self::Lt(limit) => number(value).is_some_and(|n| n < *limit),
            Self::Lte(limit) => number(value).is_some_and(|n| n <= *limit),
            Self::Contains(code) => codes(value).any(|c| c == code),
            Self::ContainsAny(wanted) => codes(value).any(|c| wanted.iter().any(|w| w == c)),
            Self::OlderThanDays(days) => older(value, *days, today),
            Self::Answered => true,
        }
    }
}

/// The codes of a set of choices (sorted, joined by commas); a single code is a set of one.
pub(super) fn codes(value: &Scalar) -> impl Iterator<Item = &str> {
    value.as_str().unwrap_or_default().split(',').filter(|c| !c.is_empty())
}

/// A number, whole or not; counts of this size are exact in a float.
#[expect(clippy::cast_precision_loss, reason = "answers are bounded far below 2^52")]
pub(super) fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Int(n) => Some(*n as f64),
        Scalar::Float(n) => Some(*n),
        _ => None,
    }
}

#[expect(clippy::float_cmp, reason = "a stated number is compared with the same stated number")]
fn same(a: &Scalar, b: &Scalar) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn older(value: &Scalar, days: u32, today: Date) -> bool {
    let day = value.as_str().and_then(|t| t.parse::<Date>().ok());
    let limit = day.and_then(|d| d.checked_add(jiff::Span::new().days(i64::from(days))).ok());
    limit.is_some_and(|limit| limit < today)
}
