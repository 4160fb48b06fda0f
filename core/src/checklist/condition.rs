//! Conditions: structured data, never an expression to evaluate.
//!
//! An operator on an unanswered or skipped item is false, so `not` of it is true.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::model::Scalar;

/// A tree of tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every branch holds.
    All(Vec<Condition>),
    /// At least one branch holds.
    Any(Vec<Condition>),
    /// The branch does not hold.
    Not(Box<Condition>),
    /// An operator on an item's answer; `None` is the item that carries the rule.
    Item(Option<String>, Test),
    /// Whether a derived value is as stated.
    Derived(String, bool),
}

/// An operator with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The operator.
    pub op: Op,
    /// What it compares with.
    pub value: Value,
}

/// What a test asks of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The answer is this code, number or yes/no.
    Eq,
    /// It is answered and is something else.
    Ne,
    /// It is one of these codes.
    In,
    /// It is answered and none of these codes.
    NotIn,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// The set holds this code.
    Contains,
    /// The set holds at least one of these codes.
    ContainsAny,
    /// The date is more than this many days before today.
    OlderThanDays,
    /// Whether there is an answer at all.
    Answered,
}

impl Op {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "in" => Self::In,
            "not_in" => Self::NotIn,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "contains" => Self::Contains,
            "contains_any" => Self::ContainsAny,
            "older_than_days" => Self::OlderThanDays,
            "answered" => Self::Answered,
            _ => return None,
        })
    }
}

impl Condition {
    /// Reads the grammar of `meta.condition_grammar`.
    ///
    /// # Errors
    /// What is wrong and what would be right, without the place: the loader adds it.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let map = value.as_object().ok_or("a condition is a map such as {item: X, eq: y}")?;
        if let Some(tree) = tree(map)? {
            return Ok(tree);
        }
        let mut tests = Vec::new();
        for (key, value) in
            map.iter().filter(|(key, _)| !matches!(key.as_str(), "item" | "derived"))
        {
            let op = Op::parse(key).ok_or_else(|| format!("unknown operator `{key}`"))?;
            tests.push(Test { op, value: value.clone() });
        }
        let [test] = tests.as_slice() else {
            return Err("a test has exactly one operator".to_owned());
        };
        match (map.get("item"), map.get("derived")) {
            (None, Some(Value::String(id))) => match (&test.op, &test.value) {
                (Op::Eq, Value::Bool(wanted)) => Ok(Self::Derived(id.clone(), *wanted)),
                _ => Err("a derived value is tested by eq: true or eq: false".to_owned()),
            },
            (Some(Value::String(id)), None) => Ok(Self::Item(Some(id.clone()), test.clone())),
            (None, None) => Ok(Self::Item(None, test.clone())),
            _ => Err("a test names one item or one derived value".to_owned()),
        }
    }

    /// Every item and derived value it looks at; the own item is left out.
    #[must_use]
    pub fn references(&self) -> BTreeSet<&str> {
        match self {
            Self::All(branches) | Self::Any(branches) => {
                branches.iter().flat_map(Self::references).collect()
            }
            Self::Not(branch) => branch.references(),
            Self::Item(Some(id), _) | Self::Derived(id, _) => BTreeSet::from([id.as_str()]),
            Self::Item(None, _) => BTreeSet::new(),
        }
    }

    /// Every test with the item it is about; `own` stands for the item that carries the rule.
    #[must_use]
    pub fn tests<'a>(&'a self, own: &'a str) -> Vec<(&'a str, &'a Test)> {
        match self {
            Self::All(branches) | Self::Any(branches) => {
                branches.iter().flat_map(|b| b.tests(own)).collect()
            }
            Self::Not(branch) => branch.tests(own),
            Self::Item(id, test) => vec![(id.as_deref().unwrap_or(own), test)],
            Self::Derived(..) => Vec::new(),
        }
    }

    /// Whether it holds. `answer` gives an item's answer if it is asked and answered, `derived` a derived value.
    pub fn holds<'a>(
        &self,
        own: &str,
        today: Date,
        answer: &dyn Fn(&str) -> Option<&'a Scalar>,
        derived: &dyn Fn(&str) -> bool,
    ) -> bool {
        match self {
            Self::All(branches) => branches.iter().all(|b| b.holds(own, today, answer, derived)),
            Self::Any(branches) => branches.iter().any(|b| b.holds(own, today, answer, derived)),
            Self::Not(branch) => !branch.holds(own, today, answer, derived),
            Self::Derived(id, wanted) => derived(id) == *wanted,
            Self::Item(id, test) => match answer(id.as_deref().unwrap_or(own)) {
                Some(given) => test.holds(given, today),
                None => test.op == Op::Answered && test.value == Value::Bool(false),
            },
        }
    }
}

/// The branches `all`, `any`, `not`, if the map is one of them.
fn tree(map: &Map<String, Value>) -> Result<Option<Condition>, String> {
    let branches = |value: &Value| -> Result<Vec<Condition>, String> {
        let list = value.as_array().ok_or("all and any hold a list of conditions")?;
        list.iter().map(Condition::from_value).collect()
    };
    for key in ["all", "any", "not"] {
        let Some(value) = map.get(key) else { continue };
        if map.len() != 1 {
            return Err(format!("`{key}` stands alone in its map"));
        }
        return Ok(Some(match key {
            "all" => Condition::All(branches(value)?),
            "any" => Condition::Any(branches(value)?),
            _ => Condition::Not(Box::new(Condition::from_value(value)?)),
        }));
    }
    Ok(None)
}

impl Test {
    /// Whether the test holds for a given answer.
    #[must_use]
    pub fn holds(&self, given: &Scalar, today: Date) -> bool {
        let among = |code: &str| self.codes().contains(&code);
        match self.op {
            Op::Eq => self.equals(given),
            Op::Ne => !self.equals(given),
            Op::In => given.as_str().is_some_and(among),
            Op::NotIn => !given.as_str().is_some_and(among),
            Op::Gt => self.compares(given, |a, b| a > b),
            Op::Gte => self.compares(given, |a, b| a >= b),
            Op::Lt => self.compares(given, |a, b| a < b),
            Op::Lte => self.compares(given, |a, b| a <= b),
            Op::Contains | Op::ContainsAny => {
                given.as_str().is_some_and(|set| set.split(',').any(among))
            }
            Op::OlderThanDays => self.is_older(given, today),
            Op::Answered => self.value.as_bool() == Some(true),
        }
    }

    /// The codes it compares with: one or a list.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        match &self.value {
            Value::String(code) => vec![code],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn equals(&self, given: &Scalar) -> bool {
        match (given, &self.value) {
            (Scalar::Str(a), Value::String(b)) => a == b,
            (Scalar::Bool(a), Value::Bool(b)) => a == b,
            _ => self.compares(given, |a, b| (a - b).abs() < f64::EPSILON),
        }
    }

    fn compares(&self, given: &Scalar, holds: impl Fn(f64, f64) -> bool) -> bool {
        match (number(given), self.value.as_f64()) {
            (Some(a), Some(b)) => holds(a, b),
            _ => false,
        }
    }

    fn is_older(&self, given: &Scalar, today: Date) -> bool {
        let date = given.as_str().and_then(|text| text.parse::<Date>().ok());
        match (date, self.value.as_i64()) {
            (Some(date), Some(days)) => days_between(date, today) > days,
            _ => false,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "answers are bounded far below 2^52")]
fn number(given: &Scalar) -> Option<f64> {
    match given {
        Scalar::Int(n) => Some(*n as f64),
        Scalar::Float(x) => Some(*x),
        _ => None,
    }
}

/// Whole days from one date to another.
fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(d)?).map_err(D::Error::custom)
    }
}
