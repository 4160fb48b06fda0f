//! From what a person typed to a scalar, by the type of the item.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::limits;
use crate::model::{Scalar, Text, screen_text};

use super::content::{Choice, Content, Item, ItemType};
use super::session::AnswerError;

/// Reads an answer; checks type, bounds, choices, exclusions and personal marks.
pub(super) fn parse(content: &Content, item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let text = text.trim();
    match item.kind {
        ItemType::Check | ItemType::Yesno | ItemType::Single => one_of(content, item, text),
        ItemType::Multi => set_of(content, item, text),
        ItemType::Int => number(item, text.parse::<i64>().ok(), |n| n as f64).map(Scalar::Int),
        ItemType::Decimal => {
            number(item, text.parse::<f64>().ok().filter(|x| x.is_finite()), |x| x)
                .map(Scalar::Float)
        }
        ItemType::Date => match text.parse::<Date>() {
            Ok(date) => Ok(Scalar::from(date.to_string())),
            Err(_) => wrong(item, "日期格式为 2026-01-31", "a date such as 2026-01-31"),
        },
        ItemType::Text => free_text(item, text),
        ItemType::Notice => match text {
            "true" | "yes" | "是" | "c_yes" | "1" => Ok(Scalar::Bool(true)),
            _ => wrong(item, "出示告知单后填“是”", "`yes`, once the notice was given"),
        },
        ItemType::Category => one_category(content, item, text),
        ItemType::Contact => Err(AnswerError::NotAsked { item: item.id.to_string() }),
    }
}

fn wrong<T>(item: &Item, zh: &str, en: &str) -> Result<T, AnswerError> {
    let expected = Text { zh: zh.to_owned(), en: en.to_owned() };
    Err(AnswerError::Invalid { item: item.id.to_string(), expected })
}

fn codes(choices: &[Choice]) -> String {
    choices.iter().map(|c| c.code.as_str()).collect::<Vec<_>>().join(", ")
}

fn one_of(content: &Content, item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let choices = content.choices(item);
    if choices.iter().any(|c| c.code == text) {
        return Ok(Scalar::from(text));
    }
    let codes = codes(choices);
    wrong(item, &format!("其中之一：{codes}"), &format!("one of {codes}"))
}

fn set_of(content: &Content, item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let choices = content.choices(item);
    let chosen: BTreeSet<&str> =
        text.split([',', '，']).map(str::trim).filter(|c| !c.is_empty()).collect();
    let known = |code: &&str| choices.iter().any(|c| c.code == **code);
    if chosen.is_empty() || !chosen.iter().all(known) {
        let codes = codes(choices);
        return wrong(
            item,
            &format!("从中选择，逗号分隔：{codes}"),
            &format!("some of {codes}, separated by commas"),
        );
    }
    let alone = choices.iter().find(|c| c.excl && chosen.contains(c.code.as_str()));
    if let Some(alone) = alone.filter(|_| chosen.len() > 1) {
        let code = &alone.code;
        return wrong(
            item,
            &format!("{code} 不能与其他选项同选"),
            &format!("`{code}` stands alone"),
        );
    }
    Ok(Scalar::from(chosen.into_iter().collect::<Vec<_>>().join(",")))
}

fn number<N: Copy>(item: &Item, n: Option<N>, as_f64: impl Fn(N) -> f64) -> Result<N, AnswerError> {
    let min = item.min.unwrap_or(f64::MIN);
    let max = item.max.unwrap_or(f64::MAX);
    match n {
        Some(n) if (min..=max).contains(&as_f64(n)) => Ok(n),
        _ => match (item.min, item.max) {
            (Some(min), Some(max)) => wrong(
                item,
                &format!("{min} 到 {max} 的数"),
                &format!("a number from {min} to {max}"),
            ),
            _ => wrong(item, "数字", "a number"),
        },
    }
}

fn free_text(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let max = item.max_len.unwrap_or(limits::TEXT_CHARS_MAX).min(limits::TEXT_CHARS_MAX);
    let count = text.chars().count();
    if count == 0 || count > max {
        return wrong(item, &format!("1 到 {max} 个字"), &format!("1 to {max} characters"));
    }
    let marks = screen_text(text);
    if marks.is_empty() {
        Ok(Scalar::from(text))
    } else {
        Err(AnswerError::Personal { item: item.id.to_string(), marks })
    }
}

fn one_category(content: &Content, item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let major = item.taxonomy.as_deref().unwrap_or_default();
    if text.starts_with(major) && content.category(text).is_some() {
        return Ok(Scalar::from(text));
    }
    wrong(item, &format!("{major} 类的代码"), &format!("a category code of {major}"))
}
