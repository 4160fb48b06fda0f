//! Holds content against itself: references, order, reachability, codes, words about people.

use std::collections::BTreeSet;

use crate::model::Severity;

use super::condition::{Condition, Op, Test};
use super::content::{Checklist, Code, Content, FindingRule, Item, ItemType};
use super::load::ContentError;

/// Labels of person data that no question may ask for (domain page 4.6).
const PERSON_WORDS: &[&str] = &[
    "身份证",
    "出生日期",
    "民族",
    "宗教",
    "政治面貌",
    "户籍类型",
    "婚姻状况",
    "重点人员",
    "特殊人群",
    "信访人",
    "前科",
    "吸毒",
    "精神障碍",
    "人脸",
    "指纹",
    "车牌号",
    "微信号",
    "收入水平",
    "identity number",
    "date of birth",
    "ethnicity",
    "religion",
    "political",
    "criminal record",
    "fingerprint",
    "biometric",
    "number plate",
    "watch-list",
    "watch list",
];

/// Everything wrong with content that parsed.
pub(super) fn check(content: &Content) -> Vec<ContentError> {
    let mut errors = Errors { list: None, found: Vec::new() };
    if content.meta.schema != "inspection-checklists" || content.meta.schema_version != 1 {
        errors.add(
            None,
            1,
            "meta: expected schema inspection-checklists, schema_version 1".to_owned(),
        );
    }
    check_shape(content, &mut errors);
    check_taxonomy(content, &mut errors);
    let mut codes = BTreeSet::new();
    let mut lists = BTreeSet::new();
    for list in content.lists() {
        errors.list = Some(list.id.to_string());
        if !lists.insert(&*list.id) {
            errors.at(&list.id, "this list id is used twice".to_owned());
        }
        check_list(content, list, &mut codes, &mut errors);
    }
    for form in content.request_forms() {
        errors.list = Some(form.id.to_string());
        let mut seen = BTreeSet::new();
        for item in &form.fields {
            check_item(content, item, &mut seen, &BTreeSet::new(), &mut errors);
        }
    }
    errors.found
}

struct Errors {
    list: Option<String>,
    found: Vec<ContentError>,
}

impl Errors {
    fn add(&mut self, item: Option<&str>, line: u64, problem: String) {
        let item = item.map(str::to_owned);
        self.found.push(ContentError { list: self.list.clone(), item, line, problem });
    }

    fn at(&mut self, code: &Code, problem: String) {
        self.add(Some(code), code.line, problem);
    }
}

fn check_shape(content: &Content, errors: &mut Errors) {
    let severities: Vec<Severity> = content.severities.iter().map(|s| s.code).collect();
    if severities != [Severity::S1, Severity::S2, Severity::S3, Severity::S4] {
        errors.add(None, 0, "severities: expected S1, S2, S3, S4 in this order".to_owned());
    }
    if content.clocks.len() != 4 || content.routes.len() != 3 {
        errors.add(None, 0, "expected the four clocks and the three routes".to_owned());
    }
    for (name, choices) in &content.choice_sets {
        let codes: BTreeSet<&str> = choices.iter().map(|c| c.code.as_str()).collect();
        if codes.len() != choices.len() {
            errors.add(None, 0, format!("choice set {name}: a code is used twice"));
        }
    }
}

fn check_taxonomy(content: &Content, errors: &mut Errors) {
    let known: BTreeSet<&str> = content.departments().iter().map(|d| d.code.as_str()).collect();
    let mut seen = BTreeSet::new();
    for major in content.taxonomy() {
        for minor in &major.minors {
            if !seen.insert(&*minor.code) {
                errors.at(&minor.code, "this category code is used twice".to_owned());
            }
            if !minor.code.starts_with(&*major.code) {
                errors.at(&minor.code, format!("expected a code that begins with {}", major.code));
            }
            for department in std::iter::once(&minor.lead).chain(&minor.co) {
                if !known.contains(department.as_str()) {
                    errors.at(&minor.code, format!("unknown department {department}"));
                }
            }
        }
    }
}

fn check_list<'a>(
    content: &'a Content,
    list: &'a Checklist,
    codes: &mut BTreeSet<&'a str>,
    errors: &mut Errors,
) {
    let derived: BTreeSet<&str> = list.derived.iter().map(|d| &*d.id).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for item in content.common_items() {
        check_item(content, item, &mut seen, &derived, errors);
    }
    let all: BTreeSet<&str> = list.items().map(|(_, i)| &*i.id).collect();
    for section in &list.sections {
        if let Some(condition) = &section.ask_if {
            check_condition(content, list, condition, &section.id, &seen, &derived, errors);
        }
        for item in &section.items {
            if let Some(condition) = &item.ask_if {
                check_condition(content, list, condition, &item.id, &seen, &derived, errors);
            }
            check_item(content, item, &mut seen, &derived, errors);
            for rule in &item.findings {
                if !codes.insert(&rule.code) {
                    errors.at(&rule.code, "this finding code is used twice".to_owned());
                }
                check_finding(content, list, item, rule, &seen, &derived, errors);
            }
        }
    }
    for quick in list.quick_items.iter().filter(|q| !all.contains(&***q)) {
        errors.at(quick, "quick_items: the list has no such item".to_owned());
    }
    for value in &list.derived {
        for id in value.expr.references().into_iter().filter(|id| !seen.contains(id)) {
            errors.at(&value.id, format!("unknown item {id}"));
        }
    }
}

fn check_item<'a>(
    content: &'a Content,
    item: &'a Item,
    seen: &mut BTreeSet<&'a str>,
    _derived: &BTreeSet<&str>,
    errors: &mut Errors,
) {
    if !seen.insert(&item.id) {
        errors.at(&item.id, "this item id is used twice".to_owned());
    }
    let choices = content.choices(item);
    let codes: BTreeSet<&str> = choices.iter().map(|c| c.code.as_str()).collect();
    if codes.len() != choices.len() {
        errors.at(&item.id, "a choice code is used twice".to_owned());
    }
    if let Some(set) = item.choice_set.as_ref().filter(|s| !content.choice_sets.contains_key(*s)) {
        errors.at(&item.id, format!("unknown choice set {set}"));
    }
    let wants = matches!(item.kind, ItemType::Single | ItemType::Multi);
    if wants && choices.len() < 2 {
        errors.at(&item.id, "expected at least two choices".to_owned());
    }
    if item.kind != ItemType::Multi && choices.iter().any(|c| c.excl) {
        errors.at(&item.id, "excl only makes sense in a set (type multi)".to_owned());
    }
    if matches!((item.min, item.max), (Some(min), Some(max)) if min > max) {
        errors.at(&item.id, "min is greater than max".to_owned());
    }
    check_creates(content, item, errors);
    check_words(item, errors);
}

fn check_creates(content: &Content, item: &Item, errors: &mut Errors) {
    for creates in &item.creates {
        let target = match (&creates.checklist, &creates.form) {
            (Some(list), None) => content.list(list).is_some().then_some(()),
            (None, Some(form)) => {
                content.request_forms().iter().find(|f| *f.id == **form).map(|_| ())
            }
            _ => None,
        };
        if target.is_none() {
            errors
                .at(&item.id, "creates: expected one known checklist or one known form".to_owned());
        }
        for (id, test) in creates.when.tests(&item.id) {
            if id == &*item.id {
                check_codes(content, item, test, &item.id, errors);
            }
        }
    }
}

fn check_words(item: &Item, errors: &mut Errors) {
    let question = format!("{} {}", item.q.zh, item.q.en.to_lowercase());
    // A question may say what not to write: "no names, phone or identity numbers".
    let asks = !question.contains('不') && !question.contains("no ");
    if let Some(word) = PERSON_WORDS.iter().find(|w| asks && question.contains(**w)) {
        errors.at(&item.id, format!("asks about a person (`{word}`); ask about the place instead"));
    }
}

fn check_condition(
    content: &Content,
    list: &Checklist,
    condition: &Condition,
    at: &Code,
    seen: &BTreeSet<&str>,
    derived: &BTreeSet<&str>,
    errors: &mut Errors,
) {
    for id in condition.references() {
        if seen.contains(id) || derived.contains(id) {
            continue;
        }
        let later = list.items().any(|(_, i)| &*i.id == id);
        let problem = if later {
            format!("looks ahead at {id}; move {id} before it")
        } else {
            format!("unknown item {id}")
        };
        errors.at(at, problem);
    }
    for (id, test) in condition.tests(at) {
        if let Some(item) = find(content, list, id) {
            check_codes(content, item, test, at, errors);
        }
    }
    if !satisfiable(condition) {
        errors.at(at, "can never be asked: its condition contradicts itself".to_owned());
    }
}

fn find<'a>(content: &'a Content, list: &'a Checklist, id: &str) -> Option<&'a Item> {
    let items = content.common_items().iter().chain(list.items().map(|(_, i)| i));
    items.into_iter().find(|i| &*i.id == id)
}

/// The codes and operators of a test must fit the item it looks at.
fn check_codes(content: &Content, item: &Item, test: &Test, at: &Code, errors: &mut Errors) {
    let fits = match test.op {
        Op::Answered => true,
        Op::Gt | Op::Gte | Op::Lt | Op::Lte => {
            matches!(item.kind, ItemType::Int | ItemType::Decimal)
        }
        Op::OlderThanDays => item.kind == ItemType::Date,
        Op::Contains | Op::ContainsAny => item.kind == ItemType::Multi,
        Op::Eq | Op::Ne => item.kind != ItemType::Multi,
        Op::In | Op::NotIn => {
            matches!(item.kind, ItemType::Single | ItemType::Check | ItemType::Yesno)
        }
    };
    if !fits {
        errors.at(at, format!("this operator does not fit the answers of {}", item.id));
    }
    let choices = content.choices(item);
    for code in test.codes() {
        if !choices.is_empty() && !choices.iter().any(|c| c.code == code) {
            errors.at(at, format!("{} has no choice `{code}`", item.id));
        }
    }
}

fn check_finding(
    content: &Content,
    list: &Checklist,
    item: &Item,
    rule: &FindingRule,
    seen: &BTreeSet<&str>,
    derived: &BTreeSet<&str>,
    errors: &mut Errors,
) {
    check_condition(content, list, &rule.when, &rule.code, seen, derived, errors);
    for (id, test) in rule.when.tests(&item.id) {
        if id == &*item.id {
            check_codes(content, item, test, &rule.code, errors);
            if test.codes().iter().any(|c| matches!(*c, "unseen" | "declined")) {
                errors.at(&rule.code, "unseen and declined are never findings".to_owned());
            }
        }
    }
    if content.category(&rule.category).is_none() {
        errors.at(&rule.code, format!("unknown category {}", rule.category));
    }
    if let Some(lead) =
        rule.lead_override.as_ref().filter(|l| !content.departments().iter().any(|d| d.code == **l))
    {
        errors.at(&rule.code, format!("unknown department {lead}"));
    }
    for id in rule.refs.iter().filter(|id| !content.refs.iter().any(|r| *r.id == ***id)) {
        errors.at(&rule.code, format!("unknown reference {id}"));
    }
    if !matches!(rule.evidence.as_str(), "photo_or_reason" | "optional" | "none") {
        errors.at(&rule.code, "evidence: expected photo_or_reason, optional or none".to_owned());
    }
    if rule.severity != Severity::S4 && rule.deadline.is_none() {
        errors.at(&rule.code, "S1 to S3 need a deadline".to_owned());
    }
    if rule.severity == Severity::S1 && rule.immediate_action.is_none() {
        errors.at(&rule.code, "S1 needs an immediate_action".to_owned());
    }
}

/// Whether the `all` branches on single codes of one item leave any code possible.
fn satisfiable(condition: &Condition) -> bool {
    let Condition::All(branches) = condition else { return true };
    let mut allowed: std::collections::BTreeMap<&str, BTreeSet<&str>> =
        std::collections::BTreeMap::new();
    for branch in branches {
        let Condition::Item(Some(id), test) = branch else { continue };
        if matches!(test.op, Op::Eq | Op::In) && !test.codes().is_empty() {
            let codes: BTreeSet<&str> = test.codes().into_iter().collect();
            allowed.entry(id).and_modify(|set| set.retain(|c| codes.contains(c))).or_insert(codes);
        }
    }
    allowed.values().all(|codes| !codes.is_empty())
}
