//! Rules of the domain that a file must keep, beyond names and grammar.

use super::deny;
use super::error::{Sink, say};
use super::raw::{At, RawCreates, RawItem, line};
use super::shape::{Checklist, Choice, FindingRule, ItemType, Pii, SubjectType, Words};
use crate::limits::{KEY_BYTES_MAX, TEXT_CHARS_MAX};
use crate::model::{Route, Severity, Text};

/// No wording asks about a person.
pub(super) fn wording(text: &Text, at: u64, sink: &mut Sink) {
    if let Some(word) = deny::person_word(&text.zh).or_else(|| deny::person_word(&text.en)) {
        sink.push(
            at,
            "person_word",
            say(
                format!("措辞涉及个人信息（{word}）"),
                format!("the wording identifies or describes a person ({word})"),
            ),
            say("只问场所、设施和事件", "ask about the place, the thing or the event only"),
        );
    }
    if text.zh.trim().is_empty() || text.en.trim().is_empty() {
        sink.push(
            at,
            "text_missing",
            say("缺中文或英文", "the Chinese or the English text is missing"),
            say("两种语言都写上", "write both languages"),
        );
    }
}

/// An item's keys suit its type.
pub(super) fn item(raw: &At<RawItem>, choices: &[Choice], sink: &mut Sink) {
    use ItemType::{Category, Check, Contact, Decimal, Int, Multi, Single, Yesno};
    let item = &raw.value;
    let at = line(raw);
    wording(&item.q.value, line(&item.q), sink);
    if let Some(hint) = &item.hint {
        wording(&hint.value, line(hint), sink);
    }
    let number = matches!(item.kind, Int | Decimal);
    let chooses = matches!(item.kind, Check | Yesno | Single | Multi);
    let misplaced = [
        (item.choices.is_some() && !matches!(item.kind, Single | Multi), "choices"),
        (item.choice_set.is_some() && !matches!(item.kind, Check | Yesno | Single), "choice_set"),
        (!number && (item.min.is_some() || item.max.is_some()), "min/max"),
        (!number && item.unit.is_some(), "unit"),
        (item.max_len.is_some() && item.kind != ItemType::Text, "max_len"),
        (item.taxonomy.is_some() && item.kind != Category, "taxonomy"),
        (item.choices.is_some() && item.choice_set.is_some(), "choices + choice_set"),
        (!item.findings.is_empty() && matches!(item.kind, Contact | ItemType::Text), "findings"),
    ];
    for (_, key) in misplaced.iter().filter(|(wrong, _)| *wrong) {
        misfit(at, key, sink);
    }
    let codes: Vec<&str> = choices.iter().map(|c| c.code.as_str()).collect();
    let missing = match item.kind {
        Check if !same_set(&codes, &["ok", "hazard", "na", "unseen"]) => Some("choice_set: check4"),
        Yesno if !same_set(&codes, &["c_yes", "c_no"]) => Some("choice_set: yesno"),
        Single | Multi if codes.is_empty() => Some("choices"),
        Category if item.taxonomy.is_none() => Some("taxonomy"),
        _ => None,
    };
    if let Some(key) = missing {
        sink.push(
            at,
            "key_missing",
            say(format!("这种类型缺少 {key}"), format!("this type needs {key}")),
            say(format!("补上 {key}"), format!("add {key}")),
        );
    }
    keys(item, &codes, at, sink);
    exclusive(item, choices, chooses, at, sink);
    bounds(item, at, sink);
    if (item.kind == Contact) != (item.pii.value == Pii::Contact) {
        sink.push(
            line(&item.pii),
            "pii",
            say(
                "类型 contact 与 pii: contact 必须同时出现",
                "type contact and pii: contact go together",
            ),
            say(
                "联系方式只用 contact 类型（保险箱引用）",
                "use type contact (a reference into the vault) for contacts only",
            ),
        );
    }
}

fn misfit(at: u64, key: &str, sink: &mut Sink) {
    sink.push(
        at,
        "key_misfit",
        say(format!("{key} 不适合这种类型"), format!("{key} does not suit this type")),
        say(format!("去掉 {key} 或改类型"), format!("drop {key} or change the type")),
    );
}

fn same_set(found: &[&str], wanted: &[&str]) -> bool {
    found.len() == wanted.len() && wanted.iter().all(|w| found.contains(w))
}

/// Item ids are field keys, choice codes are joined by commas: both keep to plain characters.
fn keys(item: &RawItem, codes: &[&str], at: u64, sink: &mut Sink) {
    let plain = |text: &str| {
        !text.is_empty()
            && text.len() <= KEY_BYTES_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    for code in codes.iter().copied().chain([item.id.as_str()]).filter(|c| !plain(c)) {
        sink.push(
            at,
            "code_shape",
            say(format!("编码“{code}”不合规定"), format!("`{code}` is not a code")),
            say("只用字母、数字、-、_，最多64个", "use letters, digits, - and _ only, 64 at most"),
        );
    }
}

fn exclusive(item: &RawItem, choices: &[Choice], chooses: bool, at: u64, sink: &mut Sink) {
    let any = choices.iter().any(|c| c.excl);
    let all = choices.iter().all(|c| c.excl);
    if any && (item.kind != ItemType::Multi || all) && chooses {
        sink.push(
            at,
            "excl",
            say(
                "excl 只用于多选，且不能每个选项都互斥",
                "excl is for multi only, and not for every choice of it",
            ),
            say("去掉 excl，或改为单选", "drop excl, or make it a single"),
        );
    }
}

fn bounds(item: &RawItem, at: u64, sink: &mut Sink) {
    let (min, max) = (item.min.as_ref().map(|n| n.value), item.max.as_ref().map(|n| n.value));
    let finite = min.is_none_or(f64::is_finite) && max.is_none_or(f64::is_finite);
    let ordered = min.zip(max).is_none_or(|(min, max)| min <= max);
    let length = item.max_len.is_none_or(|n| (1..=TEXT_CHARS_MAX).contains(&n));
    if !finite || !ordered || !length {
        sink.push(
            at,
            "bounds",
            say("上下限不成立", "the bounds cannot hold"),
            say(
                format!("min 不大于 max；max_len 在1到{TEXT_CHARS_MAX}之间"),
                format!("min at most max; max_len from 1 to {TEXT_CHARS_MAX}"),
            ),
        );
    }
}

/// A finding's severity, route, deadline and action card belong together (domain page 1.4, 1.6).
pub(super) fn finding(rule: &FindingRule, sink: &mut Sink) {
    let mut wrong = |zh: &str, en: &str, fix_zh: &str, fix_en: &str| {
        sink.push(
            rule.line,
            "finding_rule",
            say(format!("{}：{zh}", rule.code), format!("{}: {en}", rule.code)),
            say(fix_zh, fix_en),
        );
    };
    if rule.severity == Severity::S1 && rule.immediate_action.is_none() {
        wrong(
            "S1 没有立即处置提示",
            "S1 without an immediate action",
            "补上 immediate_action",
            "add immediate_action",
        );
    }
    if rule.severity == Severity::S1 && rule.route != Route::Case {
        wrong("S1 必须立案", "S1 must become a case", "写 route: case", "write route: case");
    }
    if rule.severity == Severity::S4 && (rule.route == Route::Case || rule.deadline.is_some()) {
        wrong(
            "S4 只提示，不立案、不设期限",
            "S4 is advice: no case, no deadline",
            "写 route: advice、deadline: null",
            "write route: advice and deadline: null",
        );
    }
    if rule.severity != Severity::S4 && rule.deadline.is_none() {
        wrong("缺期限", "the deadline is missing", "补上 deadline", "add a deadline");
    }
    if rule.deadline.is_some_and(|d| d.value == 0 || d.value > 10_000) {
        wrong(
            "期限不成立",
            "the deadline cannot hold",
            "期限取1到10000",
            "use a value from 1 to 10000",
        );
    }
}

/// Rules over a whole list.
pub(super) fn list(list: &Checklist, sink: &mut Sink) {
    for (_, item) in list.items() {
        for rule in &item.findings {
            let minor = matches!(rule.severity, Severity::S3 | Severity::S4);
            if list.subject_type == SubjectType::Dwelling
                && minor
                && rule.route == Route::Case
                && !rule.public_area
            {
                sink.item = Some(item.id.clone());
                sink.push(
                    rule.line,
                    "household_case",
                    say(
                        format!("{}：户内一般、提示问题不立案", rule.code),
                        format!("{}: an S3 or S4 finding inside a home is no case", rule.code),
                    ),
                    say(
                        "写 route: advice，或注明 public_area: true",
                        "write route: advice, or state public_area: true",
                    ),
                );
            }
        }
    }
    sink.item = None;
    if list.sections.iter().all(|s| s.items.is_empty()) {
        sink.push(
            list.line,
            "empty_list",
            say("检查表没有条目", "the list has no items"),
            say("至少写一个条目", "write at least one item"),
        );
    }
}

/// A proposal per choice needs a set of choices that the form's category field knows.
pub(super) fn per_choice(
    item: &RawItem,
    creates: &RawCreates,
    choices: &[Choice],
    words: &Words,
    at: u64,
    sink: &mut Sink,
) {
    if item.kind != ItemType::Multi {
        misfit(at, "per_choice", sink);
        return;
    }
    let excepted = |code: &str| creates.except.iter().any(|e| e.value == code);
    for c in choices.iter().filter(|c| !excepted(&c.code)) {
        if creates.form.is_some() && !words.categories.contains_key(&c.code) {
            sink.unknown(at, "unknown_category", ("分类", "category"), &c.code);
        }
    }
}
