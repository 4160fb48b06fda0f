//! One item of a list or field of a form: from the file into its checked shape.

use std::collections::BTreeSet;

use super::build::Seen;
use super::compile::{self, Scope};
use super::error::{Sink, say};
use super::raw::{At, RawChoice, RawContent, RawCreates, RawFinding, RawItem, line};
use super::rules;
use super::shape::{Choice, Creates, FindingRule, Item, Target, Words};
use super::words::department;

/// What names an item may use.
pub(super) struct Names<'a> {
    pub(super) raw: &'a RawContent,
    pub(super) words: &'a Words,
}

impl Names<'_> {
    /// The choices of an item, wherever they are defined; empty if the place is unknown.
    pub(super) fn choices(&self, item: &RawItem) -> Vec<Choice> {
        let listed = |raw: &[At<RawChoice>]| raw.iter().map(|c| choice(&c.value)).collect();
        if let Some(own) = &item.choices {
            return listed(own);
        }
        if let Some(set) = item.choice_set.as_ref().and_then(|s| self.raw.choice_sets.get(&s.value))
        {
            return listed(set);
        }
        let Some(major) = &item.taxonomy else { return Vec::new() };
        let minors = self.words.categories.values().filter(|c| c.major == major.value);
        minors
            .map(|c| Choice { code: c.code.clone(), label: c.name.clone(), excl: false })
            .collect()
    }

    /// Checks that sources are defined.
    pub(super) fn references(&self, refs: &[At<String>], sink: &mut Sink) {
        for r in refs.iter().filter(|r| !self.words.refs.contains_key(&r.value)) {
            sink.unknown(line(r), "unknown_ref", ("依据", "source"), &r.value);
        }
    }
}

fn choice(raw: &RawChoice) -> Choice {
    Choice { code: raw.code.clone(), label: say(&raw.zh, &raw.en), excl: raw.excl }
}

/// Builds an item; `scope.before` is its own position.
pub(super) fn item(
    raw: &At<RawItem>,
    names: &Names<'_>,
    scope: &Scope<'_>,
    seen: &mut Seen,
    sink: &mut Sink,
) -> Item {
    let item = &raw.value;
    sink.item = Some(item.id.clone());
    seen.item(&item.id, line(raw), sink);
    known_choices(item, names, sink);
    rules::item(raw, &names.choices(item), sink);
    let own = Scope {
        items: scope.items,
        derived: scope.derived,
        before: usize::MAX,
        own: Some(&item.id),
    };
    let mut findings = Vec::new();
    for finding in &item.findings {
        seen.finding(&finding.value.code, line(finding), sink);
        findings.extend(finding_rule(finding, names, &own, sink));
    }
    let creates = item.creates.iter().filter_map(|c| creates(item, c, names, &own, sink)).collect();
    Item {
        id: item.id.clone(),
        kind: item.kind,
        question: item.q.value.clone(),
        hint: item.hint.as_ref().map(|h| h.value.clone()),
        choices: names.choices(item),
        required: item.required,
        pii: item.pii.value,
        ask_if: item.ask_if.as_ref().and_then(|c| compile::condition(c, scope, sink)),
        min: item.min.as_ref().map(|n| n.value),
        max: item.max.as_ref().map(|n| n.value),
        unit: item.unit.clone(),
        max_len: item.max_len,
        findings,
        creates,
        line: line(raw),
    }
}

fn known_choices(item: &RawItem, names: &Names<'_>, sink: &mut Sink) {
    if let Some(set) = &item.choice_set
        && !names.raw.choice_sets.contains_key(&set.value)
    {
        sink.unknown(line(set), "unknown_choice_set", ("选项组", "choice set"), &set.value);
    }
    if let Some(major) = &item.taxonomy
        && !names.words.majors.iter().any(|m| m.code == major.value)
    {
        sink.unknown(line(major), "unknown_category", ("大类", "major class"), &major.value);
    }
    let mut codes = BTreeSet::new();
    for c in item.choices.iter().flatten() {
        if !codes.insert(c.value.code.as_str()) {
            sink.duplicate(line(c), ("选项", "choice"), &c.value.code);
        }
        rules::wording(&say(&c.value.zh, &c.value.en), line(c), sink);
    }
}

fn finding_rule(
    raw: &At<RawFinding>,
    names: &Names<'_>,
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> Option<FindingRule> {
    let f = &raw.value;
    if !names.words.categories.contains_key(&f.category.value) {
        let at = line(&f.category);
        sink.unknown(at, "unknown_category", ("分类", "category"), &f.category.value);
    }
    names.references(&f.refs, sink);
    rules::wording(&f.title.value, line(&f.title), sink);
    rules::wording(&f.fix.value, line(&f.fix), sink);
    let lead = f.lead_override.as_ref().and_then(|d| department(d, names.words, sink));
    let rule = FindingRule {
        code: f.code.clone(),
        when: compile::condition(&f.when, scope, sink)?,
        severity: f.severity,
        category: f.category.value.clone(),
        title: f.title.value.clone(),
        fix: f.fix.value.clone(),
        deadline: f.deadline,
        route: f.route,
        lead_override: lead,
        suspected_major: f.suspected_major,
        public_area: f.public_area,
        immediate_action: f.immediate_action.clone(),
        evidence: f.evidence,
        refs: f.refs.iter().map(|r| r.value.clone()).collect(),
        line: line(raw),
    };
    rules::finding(&rule, sink);
    Some(rule)
}

fn creates(
    item: &RawItem,
    raw: &At<RawCreates>,
    names: &Names<'_>,
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> Option<Creates> {
    let c = &raw.value;
    let target = match (&c.checklist, &c.form) {
        (Some(list), None) => {
            if !names.raw.checklists.iter().any(|l| l.value.id == list.value) {
                sink.unknown(line(list), "unknown_list", ("检查表", "list"), &list.value);
            }
            Target::List(list.value.clone())
        }
        (None, Some(form)) => {
            if !names.raw.request_forms.iter().any(|f| f.value.id == form.value) {
                sink.unknown(line(form), "unknown_form", ("诉求单", "request form"), &form.value);
            }
            Target::Form(form.value.clone())
        }
        _ => {
            sink.push(
                line(raw),
                "creates_shape",
                say("creates 要写明一个去向", "creates must name one target"),
                say("写 checklist 或 form 之一", "write either checklist or form"),
            );
            return None;
        }
    };
    let choices = names.choices(item);
    for code in c.except.iter().filter(|code| !choices.iter().any(|k| k.code == code.value)) {
        sink.unknown(line(code), "unknown_choice", ("选项", "choice"), &code.value);
    }
    if c.per_choice {
        rules::per_choice(item, c, &choices, names.words, line(raw), sink);
    }
    let when = compile::condition(&c.when, scope, sink)?;
    let except = c.except.iter().map(|e| e.value.clone()).collect();
    Some(Creates { when, target, per_choice: c.per_choice, except })
}
