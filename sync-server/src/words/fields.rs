//! Fields and values as people read them: facts by their labels, answers by question and choice.

use ironfeet_core::checklist::{Content, Item, value_words};
use ironfeet_core::model::{Carried, ClockKind, FactField, Lang, Scalar, UtcMillis};

use super::{codes, pick, post, time};

/// The label of a fact or of a part of a record's head; `None` when it is neither.
#[must_use]
pub fn label(name: &str, lang: Lang) -> Option<&'static str> {
    if let Some(fact) = FactField::find(name) {
        return Some(pick(lang, fact.label_zh, fact.label_en));
    }
    let (zh, en) = match name {
        "status" => ("状态", "Status"),
        "due_at" => ("期限", "Due"),
        "title" => ("标题", "Title"),
        "started_at" => ("开始时间", "Begun"),
        "finished_at" => ("完成时间", "Finished"),
        "list" => ("检查表", "Checklist"),
        "list_version" => ("检查表版本", "Checklist version"),
        "quick" => ("快速复访", "Quick re-visit"),
        "by_role" => ("岗位", "Post"),
        "place" => ("场所", "Place"),
        "remarks" | "notes" => ("备注", "Remark"),
        "photos" => ("照片", "Photo"),
        "photo_reasons" => ("无照片的原因", "Why there is no photo"),
        "checks" => ("核查", "Check"),
        "severity" => ("严重程度", "Severity"),
        "category" => ("分类", "Category"),
        "lead" => ("主办部门", "Lead department"),
        "route" => ("处理方式", "Route"),
        "outcome" => ("核查结果", "What the check showed"),
        "finding" => ("隐患", "Finding"),
        "item" => ("检查项", "Item"),
        "co" => ("配合部门", "Departments that help"),
        "fix.zh" => ("整改办法（中文）", "What removes it (Chinese)"),
        "fix.en" => ("整改办法（英文）", "What removes it (English)"),
        "title.zh" => ("标题（中文）", "Title (Chinese)"),
        "title.en" => ("标题（英文）", "Title (English)"),
        "immediate_action.zh" => ("马上要做的（中文）", "What to do at once (Chinese)"),
        "immediate_action.en" => ("马上要做的（英文）", "What to do at once (English)"),
        "deadline.kind" => ("时限单位", "Time limit, unit"),
        "deadline.value" => ("时限数值", "Time limit, number"),
        "suspected_major" => ("疑似重大隐患", "Suspected major hazard"),
        "public_area" => ("在公共部位", "In a shared area"),
        "raised_at" => ("发现时间", "Found"),
        _ => return None,
    };
    Some(pick(lang, zh, en))
}

fn item<'c>(content: &'c Content, name: &str) -> Option<&'c Item> {
    let own = content.lists().iter().flat_map(|list| list.items().map(|(_, item)| item));
    content.common_items().iter().chain(own).find(|item| item.id == name)
}

/// A field of a record: a fact by its label, an answer by its question, a part of a finding by both.
#[must_use]
pub fn field(content: &Content, container: &str, name: &str, lang: Lang) -> String {
    if matches!(container, "answers" | "carried") {
        let found = item(content, name);
        return found.map_or_else(|| name.to_owned(), |item| item.question.get(lang).to_owned());
    }
    if container == "photo_reasons" || name.is_empty() {
        return label(container, lang).unwrap_or(container).to_owned();
    }
    if container == "findings"
        && let Some((code, part)) = name.split_once('.')
    {
        let title = content.finding(code).map(|(_, _, rule)| rule.title.get(lang).to_owned());
        let part = label(part, lang).unwrap_or(part);
        return format!("{} · {part}", title.as_deref().unwrap_or(code));
    }
    label(name, lang).map_or_else(|| name.to_owned(), str::to_owned)
}

/// Why a fact is collected, where it is a fact.
#[must_use]
pub fn purpose(name: &str, lang: Lang) -> Option<&'static str> {
    FactField::find(name).map(|field| pick(lang, field.purpose_zh, field.purpose_en))
}

/// A value as people read it.
#[must_use]
pub fn value(content: &Content, container: &str, name: &str, value: &Scalar, lang: Lang) -> String {
    match container {
        "answers" => answer(content, name, value, lang),
        "carried" => carried(content, name, value, lang),
        "findings" => {
            let part = name.split_once('.').map_or(name, |(_, part)| part);
            of_finding(content, part, value, lang).unwrap_or_else(|| plain(part, value, lang))
        }
        _ => match (value, name) {
            (Scalar::Str(text), "list") => codes::list(content, text, lang),
            (Scalar::Str(code), "finding") => content
                .finding(code)
                .map_or_else(|| code.clone(), |(_, _, rule)| rule.title.get(lang).to_owned()),
            _ => plain(name, value, lang),
        },
    }
}

fn answer(content: &Content, name: &str, value: &Scalar, lang: Lang) -> String {
    let words = item(content, name).map(|item| value_words(item, value).get(lang).to_owned());
    words.unwrap_or_else(|| plain(name, value, lang))
}

/// An answer of the last visit, with its day.
fn carried(content: &Content, name: &str, value: &Scalar, lang: Lang) -> String {
    let text = value.as_str().unwrap_or_default();
    let Ok(carried) = serde_json::from_str::<Carried>(text) else { return "—".to_owned() };
    let said = answer(content, name, &carried.value, lang);
    let (open, close) = pick(lang, "（|）", " (|)").split_once('|').unwrap_or_default();
    format!("{said}{open}{}{close}", time(carried.at))
}

/// A part of a finding, where it is a code.
fn of_finding(content: &Content, part: &str, value: &Scalar, lang: Lang) -> Option<String> {
    let text = value.as_str()?;
    let department = |code: &str| {
        let name = code.parse().ok().and_then(|code| content.words().departments.get(&code));
        name.map_or_else(|| code.to_owned(), |name| name.get(lang).to_owned())
    };
    Some(match part {
        "severity" => format!("{text} {}", codes::severity(text, lang)),
        "category" => content.category(text)?.name.get(lang).to_owned(),
        "lead" => department(text),
        "co" => {
            let all: Vec<String> = serde_json::from_str(text).ok()?;
            all.iter().map(|code| department(code)).collect::<Vec<_>>().join(pick(lang, "、", ", "))
        }
        "item" => item(content, text)?.question.get(lang).to_owned(),
        "list" => codes::list(content, text, lang),
        "deadline.kind" => {
            let kind: ClockKind = serde_json::from_value(text.into()).ok()?;
            let clock = content.words().clocks.iter().find(|words| words.clock == kind)?;
            clock.name.get(lang).to_owned()
        }
        _ => return None,
    })
}

fn plain(name: &str, value: &Scalar, lang: Lang) -> String {
    match (value, name) {
        (Scalar::Null, _) => "—".to_owned(),
        (Scalar::Bool(true), _) => pick(lang, "有 / 是", "yes").to_owned(),
        (Scalar::Bool(false), _) => pick(lang, "没有 / 否", "no").to_owned(),
        (Scalar::Int(ms), "due_at" | "started_at" | "finished_at" | "raised_at") => {
            time(UtcMillis(*ms))
        }
        (Scalar::Int(n), _) => n.to_string(),
        (Scalar::Float(x), _) => x.to_string(),
        (Scalar::Str(text), "kind") => codes::kind(text, lang).to_owned(),
        (Scalar::Str(text), "status") => codes::status(text, lang).to_owned(),
        (Scalar::Str(text), "route") => codes::route(text, lang).to_owned(),
        (Scalar::Str(text), "outcome") => codes::outcome(text, lang).to_owned(),
        (Scalar::Str(text), "by_role") => {
            text.parse().map_or_else(|_| text.clone(), |role| post(role, lang).to_owned())
        }
        (Scalar::Str(text), _) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown_as_it_is_stored() {
        let content = Content::default_content();
        let say = |container: &str, name: &str, text: &str| {
            value(&content, container, name, &text.into(), Lang::En)
        };
        let carried = r#"{"value":"self","at":1795422896000}"#;
        for (container, name, text, words) in [
            ("answers", "HH-A1", "self", "Self-built or single-storey"),
            ("carried", "HH-A1", carried, "Self-built or single-storey (2026-11-23 16:34)"),
            ("head", "by_role", "community_police", "community police officer"),
            ("head", "list", "household", "Household safety visit"),
            ("findings", "HH-A3-F1.severity", "S2", "S2 serious"),
            ("findings", "HH-A3-F1.lead", "FIRE", "Fire and rescue"),
            (
                "findings",
                "HH-A3-F1.co",
                r#"["PROP","COMM"]"#,
                "Property manager, Community or village committee",
            ),
            ("findings", "HH-A3-F1.route", "case", "file a case"),
            ("findings", "HH-A3-F1.deadline.kind", "work_day", "Working day"),
            ("checks", "outcome", "pass", "removed"),
        ] {
            assert_eq!(say(container, name, text), words, "{container} {name}");
        }
        let field = |name: &str| field(&content, "findings", name, Lang::En);
        assert!(field("HH-A3-F1.deadline.value").ends_with(" · Time limit, number"));
        assert!(field("HH-A3-F1.title.zh").ends_with(" · Title (Chinese)"));
    }
}
