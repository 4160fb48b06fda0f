//! Fields and values as people read them: facts by their labels, answers by question and choice.

use ironfeet_core::checklist::{Content, Item, value_words};
use ironfeet_core::model::{FactField, Lang, Scalar, UtcMillis};

use super::{codes, pick, time};

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
    if container == "answers" {
        let found = item(content, name);
        return found.map_or_else(|| name.to_owned(), |item| item.question.get(lang).to_owned());
    }
    if container == "photo_reasons" || name.is_empty() {
        return label(container, lang).unwrap_or(container).to_owned();
    }
    if container == "findings"
        && let Some((code, part)) = name.rsplit_once('.')
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
    if container == "answers"
        && let Some(item) = item(content, name)
    {
        let words = value_words(item, value);
        return words.get(lang).to_owned();
    }
    match (value, name) {
        (Scalar::Null, _) => "—".to_owned(),
        (Scalar::Bool(true), _) => pick(lang, "有 / 是", "yes").to_owned(),
        (Scalar::Bool(false), _) => pick(lang, "没有 / 否", "no").to_owned(),
        (Scalar::Int(ms), "due_at" | "started_at" | "finished_at") => time(UtcMillis(*ms)),
        (Scalar::Int(n), _) => n.to_string(),
        (Scalar::Float(x), _) => x.to_string(),
        (Scalar::Str(text), "kind") => codes::kind(text, lang).to_owned(),
        (Scalar::Str(text), "status") => codes::status(text, lang).to_owned(),
        (Scalar::Str(text), "route") => codes::route(text, lang).to_owned(),
        (Scalar::Str(text), "list") => codes::list(content, text, lang),
        (Scalar::Str(text), _) => text.clone(),
    }
}
