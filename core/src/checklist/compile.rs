//! Raw conditions into conditions: every name, type and order is checked where it is written.

use std::collections::BTreeMap;

use super::condition::{Condition, Op, Test};
use super::error::{Sink, say};
use super::raw::{At, RawCond, line};
use super::shape::{Choice, ItemType};
use crate::model::Scalar;

/// What a condition must know of an item.
pub(super) struct Signature {
    pub(super) kind: ItemType,
    pub(super) choices: Vec<Choice>,
    /// Place in the order of asking.
    pub(super) position: usize,
}

/// What a condition may look at.
pub(super) struct Scope<'a> {
    /// The items of this list (common ones first) or form.
    pub(super) items: &'a BTreeMap<String, Signature>,
    /// Derived truths already read: name and the position of the last item each looks at.
    pub(super) derived: &'a BTreeMap<String, usize>,
    /// Only items before this position may be looked at.
    pub(super) before: usize,
    /// The item whose own answer a bare operator means.
    pub(super) own: Option<&'a str>,
}

/// Compiles a condition; what is wrong goes to the sink, `None` if nothing usable is left.
pub(super) fn condition(
    raw: &At<RawCond>,
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> Option<Condition> {
    node(raw, scope, sink).map(|test| Condition { line: line(raw), test })
}

fn node(raw: &At<RawCond>, scope: &Scope<'_>, sink: &mut Sink) -> Option<Test> {
    let at = line(raw);
    let cond = &raw.value;
    let mut parts = Vec::new();
    let mut trees = 0;
    if let Some(all) = &cond.all {
        trees += 1;
        parts.push(Test::All(branch(all, at, scope, sink)?));
    }
    if let Some(any) = &cond.any {
        trees += 1;
        parts.push(Test::Any(branch(any, at, scope, sink)?));
    }
    if let Some(not) = &cond.not {
        trees += 1;
        parts.push(Test::Not(Box::new(node(not, scope, sink)?)));
    }
    let ops = operators(cond, at, sink)?;
    let named = cond.item.is_some() || cond.derived.is_some();
    let leaf_and_tree = trees > 0 && (named || (!ops.is_empty() && scope.own.is_none()));
    let fits = !leaf_and_tree && trees <= 1 && ops.len() <= 1 && (trees > 0 || ops.len() == 1);
    if !fits || (cond.item.is_some() && cond.derived.is_some()) {
        sink.push(
            at,
            "condition_shape",
            say("条件的写法不对", "this is not a condition"),
            shape_remedy(),
        );
        return None;
    }
    if let Some(op) = ops.into_iter().next() {
        parts.insert(0, leaf(cond, op, at, scope, sink)?);
    }
    Some(if parts.len() == 1 { parts.swap_remove(0) } else { Test::All(parts) })
}

fn shape_remedy() -> crate::model::Text {
    say(
        "写成 {item: 条目, 一个运算: 值}，或 {derived: 推导项, eq: true}，或 all、any、not 之一",
        "write {item: <id>, <one operator>: <value>}, {derived: <id>, eq: true}, or one of all, any, not",
    )
}

fn branch(parts: &[At<RawCond>], at: u64, scope: &Scope<'_>, sink: &mut Sink) -> Option<Vec<Test>> {
    if parts.is_empty() {
        sink.push(
            at,
            "condition_shape",
            say("条件列表是空的", "the list of conditions is empty"),
            shape_remedy(),
        );
        return None;
    }
    let read: Vec<_> = parts.iter().map(|p| node(p, scope, sink)).collect();
    read.into_iter().collect()
}

/// The operators written in one node.
fn operators(cond: &RawCond, at: u64, sink: &mut Sink) -> Option<Vec<Op>> {
    let mut ops = Vec::new();
    ops.extend(cond.eq.clone().map(Op::Eq));
    ops.extend(cond.ne.clone().map(Op::Ne));
    ops.extend(cond.one_of.clone().map(Op::In));
    ops.extend(cond.not_in.clone().map(Op::NotIn));
    ops.extend(cond.gt.map(Op::Gt));
    ops.extend(cond.gte.map(Op::Gte));
    ops.extend(cond.lt.map(Op::Lt));
    ops.extend(cond.lte.map(Op::Lte));
    ops.extend(cond.contains.clone().map(Op::Contains));
    ops.extend(cond.contains_any.clone().map(Op::ContainsAny));
    ops.extend(cond.older_than_days.map(Op::OlderThanDays));
    match cond.answered {
        Some(true) => ops.push(Op::Answered),
        Some(false) => {
            sink.push(
                at,
                "condition_never",
                say("answered: false 永远不成立", "`answered: false` is never true"),
                say("写成 not: {item: …, answered: true}", "write not: {item: …, answered: true}"),
            );
            return None;
        }
        None => {}
    }
    Some(ops)
}

fn leaf(cond: &RawCond, op: Op, at: u64, scope: &Scope<'_>, sink: &mut Sink) -> Option<Test> {
    if let Some(id) = &cond.derived {
        return derived(id, &op, at, scope, sink);
    }
    let Some(id) = cond.item.as_deref().or(scope.own) else {
        sink.push(at, "condition_shape", say("没有写明条目", "no item is named"), shape_remedy());
        return None;
    };
    let Some(signature) = scope.items.get(id) else {
        sink.unknown(at, "unknown_item", ("条目", "item"), id);
        return None;
    };
    if cond.item.is_some() && signature.position >= scope.before {
        forward(id, at, sink);
        return None;
    }
    fits(id, signature, &op, at, sink)?;
    Some(Test::Answer(cond.item.clone(), op))
}

fn derived(id: &str, op: &Op, at: u64, scope: &Scope<'_>, sink: &mut Sink) -> Option<Test> {
    let Op::Eq(Scalar::Bool(wanted)) = op else {
        sink.push(
            at,
            "condition_shape",
            say(
                "推导项只能写 eq: true 或 eq: false",
                "a derived truth takes eq: true or eq: false only",
            ),
            shape_remedy(),
        );
        return None;
    };
    match scope.derived.get(id) {
        None => {
            sink.unknown(at, "unknown_derived", ("推导项", "derived truth"), id);
            None
        }
        Some(last) if *last >= scope.before => {
            forward(id, at, sink);
            None
        }
        Some(_) => Some(Test::Derived(id.to_owned(), *wanted)),
    }
}

fn forward(id: &str, at: u64, sink: &mut Sink) {
    sink.push(
        at,
        "forward_reference",
        say(
            format!("条件用到了还没有问到的“{id}”"),
            format!("the condition looks ahead at `{id}`"),
        ),
        say(
            format!("把“{id}”移到前面，或把本条移到后面"),
            format!("move `{id}` before this, or this after it"),
        ),
    );
}

/// Whether the operator suits the type of the answer, and its codes exist.
fn fits(id: &str, item: &Signature, op: &Op, at: u64, sink: &mut Sink) -> Option<()> {
    use ItemType::{
        Category, Check, Contact, Date, Decimal, Int, Multi, Notice, Single, Text, Yesno,
    };
    let wanted: Vec<&Scalar> = match op {
        Op::Eq(v) | Op::Ne(v) => vec![v],
        Op::In(vs) | Op::NotIn(vs) => vs.iter().collect(),
        _ => Vec::new(),
    };
    let suits = match item.kind {
        Check | Yesno | Single | Category => {
            matches!(op, Op::Eq(_) | Op::Ne(_) | Op::In(_) | Op::NotIn(_) | Op::Answered)
                && wanted.iter().all(|v| v.as_str().is_some())
        }
        Multi => matches!(op, Op::Contains(_) | Op::ContainsAny(_) | Op::Answered),
        Int | Decimal => {
            !matches!(op, Op::Contains(_) | Op::ContainsAny(_) | Op::OlderThanDays(_))
                && wanted.iter().all(|v| super::condition::number(v).is_some())
        }
        Date => matches!(op, Op::OlderThanDays(_) | Op::Answered),
        Notice | Text | Contact => matches!(op, Op::Answered),
    };
    let empty = matches!(op, Op::In(v) | Op::NotIn(v) if v.is_empty())
        || matches!(op, Op::ContainsAny(v) if v.is_empty());
    if !suits || empty {
        sink.push(
            at,
            "condition_type",
            say(
                format!("这个运算不适合条目“{id}”的答案类型"),
                format!("this operator does not suit the answer type of `{id}`"),
            ),
            say(
                "单选用 eq、in，多选用 contains、contains_any，数字用 gt、gte、lt、lte，日期用 older_than_days",
                "single: eq, in; multi: contains, contains_any; numbers: gt, gte, lt, lte; dates: older_than_days",
            ),
        );
        return None;
    }
    let named: Vec<&str> = match op {
        Op::Contains(code) => vec![code],
        Op::ContainsAny(codes) => codes.iter().map(String::as_str).collect(),
        _ => wanted.iter().filter_map(|v| v.as_str()).collect(),
    };
    let mut known = Some(());
    for code in named {
        if !item.choices.iter().any(|c| c.code == code) {
            sink.unknown(at, "unknown_choice", ("选项", "choice"), &format!("{id}: {code}"));
            known = None;
        }
    }
    known
}
