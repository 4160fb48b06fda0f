//! What changed from one version of the content to the next, in words an approver can read.

use std::collections::BTreeMap;

use super::content::Content;
use super::error::say;
use super::preview::{condition_words, route_words};
use super::shape::{Category, Checklist, FindingRule, Item, Section, Target};
use super::slip::deadline_words;
use crate::model::{Lang, Text};

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Some of it differs.
    Changed,
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A category of the taxonomy.
    Category,
    /// A list as a whole.
    List,
    /// A section.
    Section,
    /// An item.
    Item,
    /// A finding.
    Finding,
    /// A request form.
    Form,
    /// A field of a request form.
    Field,
}

/// One field that differs: its name, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Name of the field.
    pub name: Text,
    /// As it was; empty if it was not there.
    pub before: Text,
    /// As it is; empty if it is not there.
    pub after: Text,
}

/// One thing that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentChange {
    /// The list or form; empty for shared parts.
    pub list: String,
    /// What it is.
    pub thing: Thing,
    /// Its identity.
    pub id: String,
    /// Added, removed or changed.
    pub kind: ChangeKind,
    /// What differs, for a change; what it is called, for the rest.
    pub fields: Vec<FieldChange>,
}

impl ContentChange {
    /// The change as lines of text: a heading and one line a field.
    #[must_use]
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        let zh = lang == Lang::Zh;
        let kind = match self.kind {
            ChangeKind::Added => {
                if zh {
                    "新增"
                } else {
                    "added"
                }
            }
            ChangeKind::Removed => {
                if zh {
                    "删除"
                } else {
                    "removed"
                }
            }
            ChangeKind::Changed => {
                if zh {
                    "修改"
                } else {
                    "changed"
                }
            }
        };
        let mut lines = vec![format!("{kind} {} {}", thing_word(self.thing, zh), self.id)];
        for field in &self.fields {
            let (name, before, after) =
                (field.name.get(lang), field.before.get(lang), field.after.get(lang));
            lines.push(match self.kind {
                ChangeKind::Changed => {
                    format!("  {name}: {} → {}", or_dash(before), or_dash(after))
                }
                ChangeKind::Added => format!("  {name}: {after}"),
                ChangeKind::Removed => format!("  {name}: {before}"),
            });
        }
        lines
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "—" } else { text }
}

fn thing_word(thing: Thing, zh: bool) -> &'static str {
    match (thing, zh) {
        (Thing::Category, true) => "分类",
        (Thing::Category, false) => "category",
        (Thing::List, true) => "检查表",
        (Thing::List, false) => "list",
        (Thing::Section, true) => "章节",
        (Thing::Section, false) => "section",
        (Thing::Item, true) => "条目",
        (Thing::Item, false) => "item",
        (Thing::Finding, true) => "发现项",
        (Thing::Finding, false) => "finding",
        (Thing::Form, true) => "诉求单",
        (Thing::Form, false) => "form",
        (Thing::Field, true) => "字段",
        (Thing::Field, false) => "field",
    }
}

type Fields = Vec<(Text, Text)>;
type Things = BTreeMap<(String, Thing, String), Fields>;

/// Everything that differs from `old` to `new`: shared parts first, then list by list. Empty if they say the same.
#[must_use]
pub fn diff(old: &Content, new: &Content) -> Vec<ContentChange> {
    let (before, after) = (things(old), things(new));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter_map(|key| change(key, before.get(key), after.get(key))).collect()
}

fn change(
    key: &(String, Thing, String),
    before: Option<&Fields>,
    after: Option<&Fields>,
) -> Option<ContentChange> {
    let (kind, fields) = match (before, after) {
        (Some(before), Some(after)) => (ChangeKind::Changed, changed(before, after)),
        // The first field is what the thing is called.
        (None, Some(after)) => {
            (ChangeKind::Added, changed(&Vec::new(), &after[..1.min(after.len())]))
        }
        (Some(before), None) => (ChangeKind::Removed, changed(&before[..1.min(before.len())], &[])),
        (None, None) => return None,
    };
    let same = kind == ChangeKind::Changed && fields.is_empty();
    let (list, thing, id) = key.clone();
    (!same).then_some(ContentChange { list, thing, id, kind, fields })
}

fn changed(before: &[(Text, Text)], after: &[(Text, Text)]) -> Vec<FieldChange> {
    let value = |fields: &[(Text, Text)], name: &Text| {
        fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
    };
    let mut names: Vec<&Text> = before.iter().map(|(name, _)| name).collect();
    names.extend(
        after.iter().map(|(name, _)| name).filter(|n| !before.iter().any(|(b, _)| b == *n)),
    );
    let pairs = names.into_iter().map(|name| FieldChange {
        name: name.clone(),
        before: value(before, name),
        after: value(after, name),
    });
    pairs.filter(|field| field.before != field.after).collect()
}

fn things(content: &Content) -> Things {
    let mut out = Things::new();
    for category in content.words().categories.values() {
        out.insert(
            (String::new(), Thing::Category, category.code.clone()),
            category_fields(category),
        );
    }
    for item in content.common_items() {
        // Conditions of common items look at common items only: any list can name them.
        if let Some(list) = content.lists().first() {
            let fields = item_fields(content, list, None, item);
            out.insert((String::new(), Thing::Item, item.id.clone()), fields);
        }
    }
    for list in content.lists() {
        out.insert((list.id.clone(), Thing::List, list.id.clone()), list_fields(list));
        for section in &list.sections {
            let fields = section_fields(content, list, section);
            out.insert((list.id.clone(), Thing::Section, section.id.clone()), fields);
        }
        for (section, item) in list.items() {
            let fields = item_fields(content, list, Some(section), item);
            out.insert((list.id.clone(), Thing::Item, item.id.clone()), fields);
            for rule in &item.findings {
                let fields = finding_fields(content, list, item, rule);
                out.insert((list.id.clone(), Thing::Finding, rule.code.clone()), fields);
            }
        }
    }
    for form in content.forms() {
        let fields = vec![
            field("名称", "title", &form.title),
            plain("版本", "version", form.version),
            field("依据", "legal basis", &form.legal_basis),
            field("保存", "retention", &form.retention),
        ];
        out.insert((form.id.clone(), Thing::Form, form.id.clone()), fields);
        for item in &form.fields {
            let fields = asked_fields(item);
            out.insert((form.id.clone(), Thing::Field, item.id.clone()), fields);
        }
    }
    out
}

fn field(zh: &str, en: &str, value: &Text) -> (Text, Text) {
    (say(zh, en), value.clone())
}

fn plain(zh: &str, en: &str, value: impl std::fmt::Display) -> (Text, Text) {
    let value = value.to_string();
    (say(zh, en), say(value.clone(), value))
}

fn category_fields(category: &Category) -> Fields {
    let co: Vec<&str> = category.co.iter().map(crate::model::DepartmentCode::as_str).collect();
    vec![
        field("名称", "name", &category.name),
        plain("牵头", "lead", &category.lead),
        plain("协办", "co", co.join(", ")),
        field("处置期限", "handling limit", &deadline_words(category.handle_limit)),
        field("结案条件", "closing", &category.close),
        plain("限知", "restricted", category.restricted),
    ]
}

fn list_fields(list: &Checklist) -> Fields {
    let sections: Vec<&str> = list.sections.iter().map(|s| s.id.as_str()).collect();
    vec![
        field("名称", "title", &list.title),
        plain("版本", "version", list.version),
        field("入户依据", "basis", &list.basis),
        plain("时长（分钟）", "minutes", list.est_minutes),
        plain("复访间隔（天）", "days to next visit", list.revisit_days_default),
        plain("有S1、S2时", "days with S1 or S2 open", list.revisit_days_if_open_s1_s2),
        plain("章节顺序", "sections", sections.join(", ")),
        plain("复访条目", "quick items", list.quick_items.join(", ")),
        plain("使用岗位", "who", list.who.join(", ")),
    ]
}

fn section_fields(content: &Content, list: &Checklist, section: &Section) -> Fields {
    let items: Vec<&str> = section.items.iter().map(|i| i.id.as_str()).collect();
    let gate = section.ask_if.as_ref().map(|c| condition_words(content, list, c, None));
    vec![
        field("名称", "title", &section.title),
        field("何时问", "asked if", &gate.unwrap_or_default()),
        plain("条目顺序", "items", items.join(", ")),
    ]
}

/// What of an item does not depend on other items.
fn asked_fields(item: &Item) -> Fields {
    let labels = |of: fn(&Text) -> &String| {
        let one = |c: &super::Choice| {
            format!("{}={}{}", c.code, of(&c.label), if c.excl { "!" } else { "" })
        };
        item.choices.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    vec![
        field("问题", "question", &item.question),
        field("提示", "hint", &item.hint.clone().unwrap_or_default()),
        plain("类型", "type", format!("{:?}", item.kind).to_lowercase()),
        field("选项", "choices", &say(labels(|t| &t.zh), labels(|t| &t.en))),
        plain("必答", "required", item.required),
        plain("最小", "min", number(item.min)),
        plain("最大", "max", number(item.max)),
        plain("单位", "unit", item.unit.as_deref().unwrap_or_default()),
    ]
}

fn item_fields(
    content: &Content,
    list: &Checklist,
    section: Option<&Section>,
    item: &Item,
) -> Fields {
    let gate = item.ask_if.as_ref().map(|c| condition_words(content, list, c, None));
    let mut creates = Vec::new();
    for rule in &item.creates {
        let when = condition_words(content, list, &rule.when, Some(item));
        let (Target::List(id) | Target::Form(id)) = &rule.target;
        creates.push(say(format!("{}→{id}", when.zh), format!("{} → {id}", when.en)));
    }
    let zh: Vec<&str> = creates.iter().map(|t| t.zh.as_str()).collect();
    let en: Vec<&str> = creates.iter().map(|t| t.en.as_str()).collect();
    let mut fields = asked_fields(item);
    fields.push(plain("章节", "section", section.map_or("", |s| s.id.as_str())));
    fields.push(field("何时问", "asked if", &gate.unwrap_or_default()));
    fields.push(field("引出", "proposes", &say(zh.join("; "), en.join("; "))));
    fields
}

fn finding_fields(content: &Content, list: &Checklist, item: &Item, rule: &FindingRule) -> Fields {
    let lead =
        rule.lead_override.as_ref().map(crate::model::DepartmentCode::as_str).unwrap_or_default();
    vec![
        field("名称", "title", &rule.title),
        field("何时成立", "raised if", &condition_words(content, list, &rule.when, Some(item))),
        plain("等级", "severity", format!("{:?}", rule.severity)),
        plain("分类", "category", &rule.category),
        field("整改", "fix", &rule.fix),
        field("期限", "deadline", &rule.deadline.map(deadline_words).unwrap_or_default()),
        field("处理方式", "route", &route_words(rule.route)),
        plain("改派牵头", "lead instead", lead),
        plain("疑似重大", "suspected major", rule.suspected_major),
        plain("公共部位", "public area", rule.public_area),
        field("立即处置", "at once", &rule.immediate_action.clone().unwrap_or_default()),
        plain("取证", "evidence", format!("{:?}", rule.evidence)),
        plain("依据", "sources", rule.refs.join(", ")),
    ]
}
