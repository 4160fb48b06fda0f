//! What a person typed or tapped, checked and brought into its stored form.
//!
//! Must never repeat an answer in an error: the messages say what would be right.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::condition::codes;
use super::error::say;
use super::shape::{Choice, Item, ItemType};
use crate::limits::TEXT_CHARS_MAX;
use crate::model::{DocId, Lang, PersonalMark, Scalar, Text, screen_text};

/// Why an answer is not taken. Holds no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum AnswerError {
    /// The list has no such item, or the answers so far skip it: change an earlier answer first.
    NotAsked {
        /// The item.
        item: String,
    },
    /// The value does not fit: answer again.
    Invalid {
        /// The item.
        item: String,
        /// What would fit, in both languages.
        expected: Text,
    },
    /// The text looks as if it held a number of a person: take it out and try again.
    Personal {
        /// The item.
        item: String,
        /// Where.
        marks: Vec<PersonalMark>,
    },
}

impl AnswerError {
    /// The message in both languages; it never repeats the answer.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotAsked { item } => say(
                format!("{item}：按目前的答案不问这一条；先改前面的答案"),
                format!("{item} is not asked by the answers so far; change an earlier one first"),
            ),
            Self::Invalid { item, expected } => say(
                format!("{item}：应为{}", expected.zh),
                format!("{item}: expected {}", expected.en),
            ),
            Self::Personal { item, .. } => say(
                format!("{item}：像是电话、证件号、卡号或车牌，请删去后再保存"),
                format!("{item}: the text seems to hold a personal number; take it out"),
            ),
        }
    }
}

fn invalid(item: &Item, expected: Text) -> AnswerError {
    AnswerError::Invalid { item: item.id.clone(), expected }
}

fn menu(choices: &[Choice], lang: Lang) -> String {
    let one = |c: &Choice| format!("{} ({})", c.code, c.label.get(lang));
    choices.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn not_a_choice(item: &Item) -> AnswerError {
    let (zh, en) = (menu(&item.choices, Lang::Zh), menu(&item.choices, Lang::En));
    let expected = if item.kind == ItemType::Multi {
        say(format!("其中若干，逗号分隔：{zh}"), format!("some of {en}, separated by commas"))
    } else {
        say(format!("其中之一：{zh}"), format!("one of {en}"))
    };
    invalid(item, expected)
}

fn not_a_number(item: &Item) -> AnswerError {
    let (kind_zh, kind_en) = if item.kind == ItemType::Int {
        ("整数", "a whole number")
    } else {
        ("数字", "a number")
    };
    let (range_zh, range_en) = match (item.min, item.max) {
        (Some(a), Some(b)) => (format!("（{a}到{b}）"), format!(" from {a} to {b}")),
        (Some(a), None) => (format!("（不小于{a}）"), format!(" of at least {a}")),
        (None, Some(b)) => (format!("（不大于{b}）"), format!(" of at most {b}")),
        (None, None) => (String::new(), String::new()),
    };
    invalid(item, say(format!("{kind_zh}{range_zh}"), format!("{kind_en}{range_en}")))
}

/// Brings a typed answer into its stored form.
///
/// # Errors
/// Tells what would be right, never what was typed.
pub fn parse_answer(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let narrow: String = text.trim().chars().map(narrow).collect();
    if narrow.is_empty() {
        return Err(invalid(item, say("一个答案", "an answer")));
    }
    match item.kind {
        ItemType::Check | ItemType::Yesno | ItemType::Single | ItemType::Category => {
            one(item, &narrow).map(|c| Scalar::from(c.code.as_str()))
        }
        ItemType::Multi => several(item, &narrow),
        ItemType::Int => whole(item, &narrow),
        ItemType::Decimal => decimal(item, &narrow),
        ItemType::Date => day(&narrow)
            .map(|d| Scalar::from(d.to_string()))
            .ok_or_else(|| invalid(item, say("日期，如2026-01-31", "a day such as 2026-01-31"))),
        ItemType::Text => free_text(item, text.trim()),
        ItemType::Contact => narrow
            .parse::<DocId>()
            .map(|reference| Scalar::from(reference.to_string()))
            .map_err(|_| {
                let zh = "保险箱编号，不写号码";
                invalid(item, say(zh, "a vault reference, never the contact itself"))
            }),
        ItemType::Notice => confirmed(&narrow).then_some(Scalar::Bool(true)).ok_or_else(|| {
            invalid(
                item,
                say(
                    "告知后填“是”；没有告知就不进入",
                    "`yes`, once the notice was given; without it do not enter",
                ),
            )
        }),
    }
}

/// Whether a stored value is a possible answer of the item (it may come from an older list or another phone).
#[must_use]
pub fn fits(item: &Item, value: &Scalar) -> bool {
    let known = |code: &str| item.choice(code).is_some();
    match (item.kind, value) {
        (
            ItemType::Check | ItemType::Yesno | ItemType::Single | ItemType::Category,
            Scalar::Str(code),
        ) => known(code),
        (ItemType::Multi, Scalar::Str(_)) => {
            let chosen: Vec<&str> = codes(value).collect();
            let sorted = chosen.windows(2).all(|w| w[0] < w[1]);
            let alone =
                chosen.len() == 1 || !chosen.iter().any(|c| item.choice(c).is_some_and(|c| c.excl));
            !chosen.is_empty() && sorted && alone && chosen.iter().all(|c| known(c))
        }
        (ItemType::Int, Scalar::Int(_))
        | (ItemType::Decimal, Scalar::Int(_) | Scalar::Float(_)) => {
            super::condition::number(value).is_some_and(|n| in_range(item, n))
        }
        (ItemType::Date, Scalar::Str(text)) => day(text).is_some_and(|d| d.to_string() == *text),
        (ItemType::Text, Scalar::Str(text)) => {
            text.chars().count() <= chars_max(item) && screen_text(text).is_empty()
        }
        (ItemType::Contact, Scalar::Str(text)) => text.parse::<DocId>().is_ok(),
        (ItemType::Notice, Scalar::Bool(yes)) => *yes,
        _ => false,
    }
}

/// Full-width letters, digits and signs as their ASCII twins: Chinese keyboards write both.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '、' => ',',
        '。' => '.',
        _ => c,
    }
}

fn one<'a>(item: &'a Item, text: &str) -> Result<&'a Choice, AnswerError> {
    let plain = |label: &str| label.chars().map(narrow).collect::<String>().to_lowercase();
    let wanted = text.trim().to_lowercase();
    let named = |c: &&Choice| {
        c.code.to_lowercase() == wanted
            || plain(&c.label.zh) == wanted
            || plain(&c.label.en) == wanted
            || (item.kind == ItemType::Yesno && yes_or_no(&wanted) == Some(c.code.as_str()))
    };
    item.choices.iter().find(named).ok_or_else(|| not_a_choice(item))
}

fn yes_or_no(text: &str) -> Option<&'static str> {
    match text {
        "y" | "yes" | "true" | "1" | "有" => Some("c_yes"),
        "n" | "no" | "false" | "0" | "没有" | "无" => Some("c_no"),
        _ => None,
    }
}

fn several(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let whole = one(item, text).ok();
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
    let chosen = match whole {
        Some(choice) => vec![choice],
        None => parts.iter().map(|p| one(item, p)).collect::<Result<Vec<_>, _>>()?,
    };
    let codes: BTreeSet<&str> = chosen.iter().map(|c| c.code.as_str()).collect();
    if codes.is_empty() {
        return Err(not_a_choice(item));
    }
    match chosen.iter().find(|c| c.excl) {
        Some(alone) if codes.len() > 1 => Err(invalid(
            item,
            say(format!("{}单独选", alone.label.zh), format!("`{}` to stand alone", alone.code)),
        )),
        _ => Ok(Scalar::from(codes.into_iter().collect::<Vec<_>>().join(","))),
    }
}

fn in_range(item: &Item, n: f64) -> bool {
    n.is_finite()
        && n.abs() < 1e15
        && item.min.is_none_or(|min| n >= min)
        && item.max.is_none_or(|max| n <= max)
}

fn whole(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let value = text.parse::<i64>().map(Scalar::Int).map_err(|_| not_a_number(item))?;
    if fits(item, &value) { Ok(value) } else { Err(not_a_number(item)) }
}

fn decimal(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let value = text.parse::<f64>().ok().filter(|n| plain && in_range(item, *n));
    // One zero: -0 and 0 would be two values of one answer.
    value.map(|n| Scalar::Float(n + 0.0)).ok_or_else(|| not_a_number(item))
}

/// A day written YYYY-MM-DD or YYYY/MM/DD, from 1900 to 2199.
fn day(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '/']);
    let mut next = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        let fits = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if fits { part.parse::<i16>().ok() } else { None }
    };
    let (year, month, day) = (next(4..=4)?, next(1..=2)?, next(1..=2)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (parts.next().is_none() && (1900..=2199).contains(&date.year())).then_some(date)
}

fn chars_max(item: &Item) -> usize {
    item.max_len.unwrap_or(TEXT_CHARS_MAX).min(TEXT_CHARS_MAX)
}

fn free_text(item: &Item, text: &str) -> Result<Scalar, AnswerError> {
    if text.chars().count() > chars_max(item) {
        let max = chars_max(item);
        return Err(invalid(
            item,
            say(format!("不超过{max}字"), format!("at most {max} characters")),
        ));
    }
    let marks = screen_text(text);
    if marks.is_empty() {
        Ok(Scalar::from(text))
    } else {
        Err(AnswerError::Personal { item: item.id.clone(), marks })
    }
}

fn confirmed(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "y" | "yes" | "true" | "1" | "ok" | "c_yes" | "是" | "已告知" | "确认"
    )
}
