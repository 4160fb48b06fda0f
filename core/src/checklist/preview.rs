//! A list as people read it before it is used: sections, questions, when they are asked, what they find.

use super::condition::{Condition, Op, Test, codes};
use super::content::Content;
use super::error::say;
use super::session::value_words;
use super::shape::{Checklist, FindingRule, Item, ItemType};
use super::slip::deadline_words;
use crate::model::{Route, Scalar, Text};

/// The list as lines of text in both languages; indentation is two spaces a level.
#[must_use]
pub fn preview(content: &Content, list: &Checklist) -> Vec<Text> {
    let mut lines = vec![say(
        format!("{}（{} v{}，约{}分钟）", list.title.zh, list.id, list.version, list.est_minutes),
        format!(
            "{} ({} v{}, about {} min)",
            list.title.en, list.id, list.version, list.est_minutes
        ),
    )];
    let mut section_id = "";
    for (section, item) in content.items(list) {
        if let Some(section) = section.filter(|s| s.id != section_id) {
            section_id = &section.id;
            let gate = gate_words(content, list, section.ask_if.as_ref());
            lines.push(join(
                &say(format!("{} ", section.id), format!("{} ", section.id)),
                &section.title,
                &gate,
            ));
        }
        item_lines(content, list, item, &mut lines);
    }
    lines
}

fn item_lines(content: &Content, list: &Checklist, item: &Item, lines: &mut Vec<Text>) {
    let star = if item.required { " *" } else { "" };
    let quick = list.quick_items.contains(&item.id);
    let again = if quick { say("［复访］", " [quick]") } else { Text::default() };
    let gate = gate_words(content, list, item.ask_if.as_ref());
    lines.push(say(
        format!("  {}{star} {}{}{}", item.id, item.question.zh, again.zh, gate.zh),
        format!("  {}{star} {}{}{}", item.id, item.question.en, again.en, gate.en),
    ));
    if matches!(item.kind, ItemType::Single | ItemType::Multi) {
        let all = Scalar::from(
            item.choices.iter().map(|c| c.code.as_str()).collect::<Vec<_>>().join(","),
        );
        let words = value_words(item, &all);
        lines.push(say(format!("    {}", words.zh), format!("    {}", words.en)));
    }
    for rule in &item.findings {
        lines.push(finding_line(content, list, item, rule));
    }
}

fn finding_line(content: &Content, list: &Checklist, item: &Item, rule: &FindingRule) -> Text {
    let when = condition_words(content, list, &rule.when, Some(item));
    let behind = |limit: Text| say(format!("；{}", limit.zh), format!("; {}", limit.en));
    let limit = rule.deadline.map(deadline_words).map(behind).unwrap_or_default();
    let route = route_words(rule.route);
    let name = |of: fn(&Text) -> &String| {
        content.category(&rule.category).map_or("", |c| of(&c.name).as_str())
    };
    say(
        format!(
            "    → {} {:?} {}（{}）：{}；{}{}",
            rule.code,
            rule.severity,
            rule.title.zh,
            name(|t| &t.zh),
            when.zh,
            route.zh,
            limit.zh
        ),
        format!(
            "    → {} {:?} {} ({}): if {}; {}{}",
            rule.code,
            rule.severity,
            rule.title.en,
            name(|t| &t.en),
            when.en,
            route.en,
            limit.en
        ),
    )
}

/// A route in words.
#[must_use]
pub fn route_words(route: Route) -> Text {
    match route {
        Route::Case => say("立案派遣", "file a case"),
        Route::Advice => say("当场提示", "advice on the spot"),
        Route::SelfFixed => say("当场整改", "fixed on the spot"),
    }
}

fn join(a: &Text, b: &Text, c: &Text) -> Text {
    say(format!("{}{}{}", a.zh, b.zh, c.zh), format!("{}{}{}", a.en, b.en, c.en))
}

fn gate_words(content: &Content, list: &Checklist, gate: Option<&Condition>) -> Text {
    let Some(gate) = gate else { return Text::default() };
    let words = condition_words(content, list, gate, None);
    say(format!("〔仅当 {}〕", words.zh), format!(" [only if {}]", words.en))
}

/// A condition in words: choices by their labels, items by their codes. `own` is the item that carries it.
#[must_use]
pub fn condition_words(
    content: &Content,
    list: &Checklist,
    condition: &Condition,
    own: Option<&Item>,
) -> Text {
    test_words(content, list, &condition.test, own)
}

fn test_words(content: &Content, list: &Checklist, test: &Test, own: Option<&Item>) -> Text {
    let parts = |parts: &[Test], zh: &str, en: &str| {
        let read: Vec<Text> = parts.iter().map(|p| test_words(content, list, p, own)).collect();
        let zh_parts: Vec<&str> = read.iter().map(|t| t.zh.as_str()).collect();
        let en_parts: Vec<&str> = read.iter().map(|t| t.en.as_str()).collect();
        say(format!("（{}）", zh_parts.join(zh)), format!("({})", en_parts.join(en)))
    };
    match test {
        Test::All(tests) => parts(tests, " 且 ", " and "),
        Test::Any(tests) => parts(tests, " 或 ", " or "),
        Test::Not(part) => {
            let words = test_words(content, list, part, own);
            say(format!("非{}", words.zh), format!("not {}", words.en))
        }
        Test::Derived(id, wanted) => {
            let meaning = list.derived.iter().find(|d| d.id == *id).map(|d| d.meaning.clone());
            let meaning = meaning.unwrap_or_default();
            let (zh, en) = if *wanted { ("", "") } else { ("非", "not ") };
            say(format!("{zh}{}", meaning.zh), format!("{en}{}", meaning.en))
        }
        Test::Answer(subject, op) => {
            let item = subject.as_deref().and_then(|id| content.item(list, id)).or(own);
            let words = op_words(op, item);
            let name = subject.as_deref().map(|id| format!("{id} ")).unwrap_or_default();
            say(format!("{name}{}", words.zh), format!("{name}{}", words.en))
        }
    }
}

fn op_words(op: &Op, item: Option<&Item>) -> Text {
    let label = |value: &Scalar| match item {
        Some(item) => value_words(item, value),
        None => say(codes(value).collect::<String>(), codes(value).collect::<String>()),
    };
    let labels = |values: &[Scalar]| {
        let read: Vec<Text> = values.iter().map(label).collect();
        let zh: Vec<&str> = read.iter().map(|t| t.zh.as_str()).collect();
        let en: Vec<&str> = read.iter().map(|t| t.en.as_str()).collect();
        say(zh.join("／"), en.join(" / "))
    };
    let of = |zh: &str, en: &str, words: Text| {
        say(format!("{zh}“{}”", words.zh), format!("{en} \"{}\"", words.en))
    };
    let codes_of =
        |codes: &[String]| codes.iter().map(|c| Scalar::from(c.as_str())).collect::<Vec<_>>();
    match op {
        Op::Eq(value) => of("为", "is", label(value)),
        Op::Ne(value) => of("不为", "is not", label(value)),
        Op::In(values) => of("为", "is", labels(values)),
        Op::NotIn(values) => of("不为", "is not", labels(values)),
        Op::Contains(code) => of("含", "has", label(&Scalar::from(code.as_str()))),
        Op::ContainsAny(codes) => of("含", "has", labels(&codes_of(codes))),
        Op::Gt(n) => say(format!("大于{n}"), format!("> {n}")),
        Op::Gte(n) => say(format!("不小于{n}"), format!(">= {n}")),
        Op::Lt(n) => say(format!("小于{n}"), format!("< {n}")),
        Op::Lte(n) => say(format!("不大于{n}"), format!("<= {n}")),
        Op::OlderThanDays(days) => {
            say(format!("早于{days}天前"), format!("is more than {days} days ago"))
        }
        Op::Answered => say("已填", "is answered"),
    }
}
