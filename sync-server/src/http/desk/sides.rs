//! A conflict as it is drawn: what differs between two texts, when each was written and came, how another value is entered.
//!
//! Values in, plain numbers and words out; the page only places them.

use ironfeet_core::checklist::{Content, ItemType};
use ironfeet_core::model::{FactField, FactType, Lang, PlaceKind, UtcMillis};

use crate::review::{Open, Side};
use crate::words;

/// The way of one value from its phone to the server, on a line of time from 0 to 100.
pub(super) struct Way {
    /// Where it was written.
    pub(super) wrote: u32,
    /// Where it came.
    pub(super) came: u32,
    /// The times, as they are told.
    pub(super) wrote_at: String,
    pub(super) came_at: String,
    /// Labels stand to the left of their point where they would not fit.
    pub(super) wrote_left: bool,
    pub(super) came_left: bool,
}

/// Room at both ends of the line, in hundredths.
const EDGE: f64 = 2.0;

/// One line of time for all sides; empty where a time is not known.
pub(super) fn ways(sides: &[Side]) -> Vec<Way> {
    let times: Vec<(i64, i64)> = sides
        .iter()
        .filter_map(|side| Some((side.origin.device_at.0, side.origin.server_at?.0)))
        .collect();
    let all = || times.iter().flat_map(|(wrote, came)| [*wrote, *came]);
    let (Some(first), Some(last)) = (all().min(), all().max()) else { return Vec::new() };
    if times.len() != sides.len() || last == first {
        return Vec::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a drawing")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let at = |ms: i64| {
        let share = (ms - first) as f64 / (last - first) as f64;
        (EDGE + share * (100.0 - 2.0 * EDGE)).round() as u32
    };
    let clock = |ms: i64| words::time(UtcMillis(ms)).chars().skip(5).collect();
    let way = |(wrote, came): &(i64, i64)| Way {
        wrote: at(*wrote),
        came: at(*came),
        wrote_at: clock(*wrote),
        came_at: clock(*came),
        wrote_left: at(*wrote) > 55,
        came_left: at(*came) > 55,
    };
    times.iter().map(way).collect()
}

/// A text in three parts, the middle one being what differs from another text.
pub(super) type Parts = (String, String, String);

/// What differs between two texts; nothing where they have hardly anything in common.
pub(super) fn differs(one: &str, other: &str) -> Option<Parts> {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = |(x, y): &(&char, &char)| x == y;
    let head = a.iter().zip(&b).take_while(same).count();
    let most = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(same).count().min(most);
    // A mark over nearly all of a text says nothing.
    if head + tail < 3 || (head + tail) * 3 < a.len() || a.len() == head + tail {
        return None;
    }
    let text = |part: &[char]| part.iter().collect::<String>();
    let (middle, end) = (a.get(head..a.len() - tail)?, a.get(a.len() - tail..)?);
    Some((text(a.get(..head)?), text(middle), text(end)))
}

/// How another value is entered.
pub(super) enum Entry {
    /// One of these: code and words.
    Choice(Vec<(String, String)>),
    /// A number.
    Number { whole: bool },
    /// Text of at most so many characters.
    Text(usize),
}

/// What a person is offered to write another value with.
pub(super) fn entry(content: &Content, open: &Open, lang: Lang) -> Entry {
    let yes_no = || {
        let both = [("true", "有 / 是", "yes"), ("false", "没有 / 否", "no")];
        let words = |(code, zh, en): &(&str, &str, &str)| {
            ((*code).to_owned(), words::pick(lang, zh, en).to_owned())
        };
        Entry::Choice(both.iter().map(words).collect())
    };
    if open.container == "facts" {
        if open.field == "kind" {
            let kind = |kind: PlaceKind| {
                (kind.as_str().to_owned(), words::kind(kind.as_str(), lang).to_owned())
            };
            return Entry::Choice(PlaceKind::ALL.into_iter().map(kind).collect());
        }
        return match FactField::find(&open.field).map(|field| field.kind) {
            Some(FactType::Bool) => yes_no(),
            Some(FactType::Int(..)) => Entry::Number { whole: true },
            Some(FactType::Float(..)) => Entry::Number { whole: false },
            Some(FactType::Text(max)) => Entry::Text(max),
            None => Entry::Text(200),
        };
    }
    let own = content.lists().iter().flat_map(|list| list.items().map(|(_, item)| item));
    let item = content.common_items().iter().chain(own).find(|item| item.id == open.field);
    match item {
        Some(item) => match item.kind {
            ItemType::Int => Entry::Number { whole: true },
            ItemType::Decimal => Entry::Number { whole: false },
            ItemType::Check | ItemType::Yesno | ItemType::Single | ItemType::Category => {
                let choice = |c: &ironfeet_core::checklist::Choice| {
                    (c.code.clone(), c.label.get(lang).to_owned())
                };
                Entry::Choice(item.choices.iter().map(choice).collect())
            }
            _ => Entry::Text(item.max_len.unwrap_or(200)),
        },
        None => Entry::Text(200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked_where_that_helps() {
        let parts =
            |one: &str, other: &str| differs(one, other).map(|(a, b, c)| format!("{a}[{b}]{c}"));
        for (one, other, marked) in [
            ("从北门进，三楼", "从南门进，三楼", Some("从[北]门进，三楼")),
            ("平川路12号", "平川路2号", Some("平川路[1]2号")),
            ("平川路2号", "平川路12号", None),
            ("框架", "砖混", None),
            ("6", "5", None),
            ("same text", "same text", None),
        ] {
            assert_eq!(parts(one, other).as_deref(), marked, "{one} {other}");
        }
    }
}
