//! Raw shapes into checked shapes: names resolved, conditions compiled, what does not fit told to the sink.
//!
//! Builds as much as it can, so that one run tells every error.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{self, Scope, Signature};
use super::content::Content;
use super::error::{Sink, say};
use super::items::{self, Names};
use super::raw::{At, RawContent, RawDerived, RawForm, RawItem, RawList, RawSection, line};
use super::rules;
use super::shape::{Checklist, Derived, Item, RequestForm, Section, SubjectType};
use super::words;

/// Builds the whole content.
pub(super) fn content(raw: &RawContent, sink: &mut Sink) -> Content {
    let words = words::words(raw, sink);
    let mut seen = Seen::default();
    for list in &raw.checklists {
        seen.list(&list.value.id, line(list), sink);
    }
    for form in &raw.request_forms {
        seen.list(&form.value.id, line(form), sink);
    }
    let names = Names { raw, words: &words };
    let common_signatures = signatures(&raw.common_items, &names, 0);
    let common = common(raw, &names, &common_signatures, &mut seen, sink);
    let lists = raw
        .checklists
        .iter()
        .filter_map(|l| list(l, &names, raw.common_items.as_slice(), &mut seen, sink))
        .collect();
    let forms = raw.request_forms.iter().map(|f| form(f, &names, &mut seen, sink)).collect();
    sink.list = None;
    sink.item = None;
    let version = raw.meta.content_version.value.clone();
    Content { version, words, common, lists, forms }
}

/// Names that may be used once in the whole file.
#[derive(Default)]
pub(super) struct Seen {
    lists: BTreeSet<String>,
    items: BTreeSet<String>,
    findings: BTreeSet<String>,
}

impl Seen {
    fn list(&mut self, id: &str, at: u64, sink: &mut Sink) {
        if !self.lists.insert(id.to_owned()) {
            sink.list = Some(id.to_owned());
            sink.duplicate(at, ("检查表", "list"), id);
            sink.list = None;
        }
    }

    pub(super) fn item(&mut self, id: &str, at: u64, sink: &mut Sink) {
        if !self.items.insert(id.to_owned()) {
            sink.duplicate(at, ("条目", "item"), id);
        }
    }

    pub(super) fn finding(&mut self, code: &str, at: u64, sink: &mut Sink) {
        if !self.findings.insert(code.to_owned()) {
            sink.duplicate(at, ("发现项", "finding"), code);
        }
    }
}

fn signatures<'a>(
    raw: impl IntoIterator<Item = &'a At<RawItem>>,
    names: &Names<'_>,
    first: usize,
) -> BTreeMap<String, Signature> {
    let mut out = BTreeMap::new();
    for (n, item) in raw.into_iter().enumerate() {
        let item = &item.value;
        let signature =
            Signature { kind: item.kind, choices: names.choices(item), position: first + n };
        out.entry(item.id.clone()).or_insert(signature);
    }
    out
}

fn common(
    raw: &RawContent,
    names: &Names<'_>,
    known: &BTreeMap<String, Signature>,
    seen: &mut Seen,
    sink: &mut Sink,
) -> Vec<Item> {
    let derived = BTreeMap::new();
    let mut out = Vec::new();
    for (position, item) in raw.common_items.iter().enumerate() {
        let scope = Scope { items: known, derived: &derived, before: position, own: None };
        for finding in &item.value.findings {
            sink.item = Some(item.value.id.clone());
            sink.push(
                line(finding),
                "common_finding",
                say(
                    "公共条目不能产生隐患（不同意入内不是隐患）",
                    "a common item cannot find a hazard (declining entry is none)",
                ),
                say("把发现项移到检查表的条目里", "move the finding to an item of a list"),
            );
        }
        out.push(items::item(item, names, &scope, seen, sink));
    }
    out
}

fn list(
    raw: &At<RawList>,
    names: &Names<'_>,
    common: &[At<RawItem>],
    seen: &mut Seen,
    sink: &mut Sink,
) -> Option<Checklist> {
    let list = &raw.value;
    sink.list = Some(list.id.clone());
    sink.item = None;
    rules::wording(&list.title.value, line(&list.title), sink);
    let own = list.sections.iter().flat_map(|s| &s.value.items);
    let known = signatures(common.iter().chain(own), names, 0);
    let (derived, derived_last) = self::derived(list, names, &known, sink);
    let mut position = common.len();
    let mut ids = BTreeSet::new();
    let mut sections = Vec::new();
    for section in &list.sections {
        sink.item = Some(section.value.id.clone());
        if !ids.insert(section.value.id.as_str()) {
            sink.duplicate(line(section), ("章节", "section"), &section.value.id);
        }
        let mut scope =
            Scope { items: &known, derived: &derived_last, before: position, own: None };
        sections.push(self::section(section, names, &mut scope, seen, sink));
        position = scope.before;
    }
    quick_items(list, sink);
    sink.item = None;
    let subject_type = subject(&list.subject_type, sink);
    let built = Checklist {
        id: list.id.clone(),
        version: list.version,
        title: list.title.value.clone(),
        subject_type: subject_type?,
        who: list.who.clone(),
        basis: list.basis.clone(),
        est_minutes: list.est_minutes,
        revisit_days_default: list.revisit_days_default,
        revisit_days_if_open_s1_s2: list.revisit_days_if_open_s1_s2,
        derived,
        sections,
        quick_items: list.quick_items.iter().map(|q| q.value.clone()).collect(),
        line: line(raw),
    };
    rules::list(&built, sink);
    Some(built)
}

fn section(
    raw: &At<RawSection>,
    names: &Names<'_>,
    scope: &mut Scope<'_>,
    seen: &mut Seen,
    sink: &mut Sink,
) -> Section {
    let section = &raw.value;
    rules::wording(&section.title.value, line(&section.title), sink);
    let ask_if = section.ask_if.as_ref().and_then(|c| compile::condition(c, scope, sink));
    let mut built = Vec::new();
    for item in &section.items {
        built.push(items::item(item, names, scope, seen, sink));
        scope.before += 1;
    }
    Section {
        id: section.id.clone(),
        title: section.title.value.clone(),
        ask_if,
        items: built,
        line: line(raw),
    }
}

fn subject(raw: &At<String>, sink: &mut Sink) -> Option<SubjectType> {
    let found = match raw.value.as_str() {
        "dwelling" => Some(SubjectType::Dwelling),
        "premises" => Some(SubjectType::Premises),
        "rental_building" => Some(SubjectType::RentalBuilding),
        "site" => Some(SubjectType::Site),
        _ => None,
    };
    if found.is_none() {
        sink.unknown(line(raw), "unknown_subject", ("对象类型", "subject type"), &raw.value);
    }
    found
}

fn derived(
    list: &RawList,
    names: &Names<'_>,
    known: &BTreeMap<String, Signature>,
    sink: &mut Sink,
) -> (Vec<Derived>, BTreeMap<String, usize>) {
    let mut built: Vec<Derived> = Vec::new();
    let mut last = BTreeMap::new();
    for raw in &list.derived {
        let RawDerived { id, zh, en, expr, refs } = &raw.value;
        sink.item = Some(id.clone());
        let scope = Scope { items: known, derived: &last, before: usize::MAX, own: None };
        names.references(refs, sink);
        let Some(expr) = compile::condition(expr, &scope, sink) else { continue };
        let mut subjects = Vec::new();
        expr.test.subjects(&built, &mut subjects);
        let position =
            subjects.iter().filter_map(|s| known.get(*s)).map(|s| s.position).max().unwrap_or(0);
        if last.insert(id.clone(), position).is_some() {
            sink.duplicate(line(raw), ("推导项", "derived truth"), id);
        }
        let refs = refs.iter().map(|r| r.value.clone()).collect();
        built.push(Derived { id: id.clone(), meaning: say(zh, en), expr, refs });
    }
    (built, last)
}

fn quick_items(list: &RawList, sink: &mut Sink) {
    let mut seen = BTreeSet::new();
    for quick in &list.quick_items {
        let id = quick.value.as_str();
        sink.item = Some(id.to_owned());
        if !list.sections.iter().flat_map(|s| &s.value.items).any(|i| i.value.id == id) {
            sink.unknown(line(quick), "unknown_item", ("复访条目", "quick item"), id);
        }
        if !seen.insert(id) {
            sink.duplicate(line(quick), ("复访条目", "quick item"), id);
        }
    }
}

fn form(raw: &At<RawForm>, names: &Names<'_>, seen: &mut Seen, sink: &mut Sink) -> RequestForm {
    let form = &raw.value;
    sink.list = Some(form.id.clone());
    sink.item = None;
    rules::wording(&form.title.value, line(&form.title), sink);
    names.references(&form.refs, sink);
    let known = signatures(&form.fields, names, 0);
    let derived = BTreeMap::new();
    let mut fields = Vec::new();
    for (position, field) in form.fields.iter().enumerate() {
        let scope = Scope { items: &known, derived: &derived, before: position, own: None };
        fields.push(items::item(field, names, &scope, seen, sink));
    }
    RequestForm {
        id: form.id.clone(),
        version: form.version,
        title: form.title.value.clone(),
        legal_basis: form.legal_basis.clone(),
        fields,
        rules: form.rules.clone(),
        refs: form.refs.iter().map(|r| r.value.clone()).collect(),
        retention: form.retention.clone(),
    }
}
