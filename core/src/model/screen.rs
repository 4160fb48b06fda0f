//! Screens free text for phone and identity numbers before it is saved (domain pages 4.2 P02 and 4.6).
//!
//! Tells where something stands, never what it says: the mark holds positions only.

use super::place::is_address_code;

/// What a stretch of text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonalHint {
    /// A phone number (mainland mobile, or landline with area code).
    Phone,
    /// A resident identity number (15 or 18 digits, the last may be X).
    IdentityNumber,
    /// A bank card number (16 to 19 digits).
    CardNumber,
    /// A vehicle plate.
    Plate,
}

/// Where in the text it stands, in characters from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonalMark {
    /// What it looks like.
    pub hint: PersonalHint,
    /// First character.
    pub from: usize,
    /// Character after the last.
    pub to: usize,
}

/// Finds what looks like a phone, identity or card number or a plate. Spaces and dashes between digits
/// and full-width digits do not hide a number. An empty result means the text may be saved.
#[must_use]
pub fn screen_text(text: &str) -> Vec<PersonalMark> {
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let mut marks = plates(&chars);
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let (digits, end) = digit_run(&chars, at);
        if let Some(hint) = classify(&digits) {
            marks.push(PersonalMark { hint, from: at, to: end });
        }
        at = end;
    }
    marks.sort_by_key(|m| m.from);
    marks
}

/// What in the text of a field looks like a number of a person: asked by the phone before it saves a field, by an
/// import, and by admission of changes from anywhere. Codes and record numbers have digits of their own, and so has
/// the standard address code in its own field.
#[must_use]
pub fn numbers_of_a_person(field: &str, text: &str) -> Vec<PersonalMark> {
    if is_code(text) || is_address_code(field, text) { Vec::new() } else { screen_text(text) }
}

/// Whether a text is a code or record number (letters with digits, no spaces), not something a person typed.
fn is_code(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// Full-width digits and letters as their ASCII twins.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Digits from `from`, over single spaces and dashes; a closing X belongs to an identity number.
fn digit_run(chars: &[char], from: usize) -> (String, usize) {
    let mut digits = String::new();
    let mut at = from;
    let mut end = from;
    while at < chars.len() {
        let c = chars[at];
        if c.is_ascii_digit() || (matches!(c, 'x' | 'X') && digits.len() == 17) {
            digits.push(c);
            at += 1;
            end = at;
        } else if matches!(c, ' ' | '-' | '\u{2013}' | '\u{2014}')
            && chars.get(at + 1).is_some_and(char::is_ascii_digit)
        {
            at += 1;
        } else {
            break;
        }
    }
    (digits, end)
}

fn classify(digits: &str) -> Option<PersonalHint> {
    let bare = digits.strip_prefix("86").filter(|d| is_mobile(d)).unwrap_or(digits);
    let bytes = bare.as_bytes();
    match bytes.len() {
        11 if is_mobile(bare) => Some(PersonalHint::Phone),
        10..=12 if bytes[0] == b'0' && matches!(bytes[1], b'1'..=b'9') => Some(PersonalHint::Phone),
        18 if is_identity(bare) => Some(PersonalHint::IdentityNumber),
        15 if is_old_identity(bare) => Some(PersonalHint::IdentityNumber),
        16..=19 => Some(PersonalHint::CardNumber),
        _ => None,
    }
}

fn is_mobile(digits: &str) -> bool {
    let b = digits.as_bytes();
    b.len() == 11 && b[0] == b'1' && (matches!(b[1], b'3'..=b'9') || digits.starts_with("1000000"))
}

fn is_identity(digits: &str) -> bool {
    let month = digits.get(10..12).and_then(|t| t.parse::<u32>().ok());
    let day = digits.get(12..14).and_then(|t| t.parse::<u32>().ok());
    matches!(month, Some(1..=12)) && matches!(day, Some(1..=31))
}

fn is_old_identity(digits: &str) -> bool {
    let month = digits.get(8..10).and_then(|t| t.parse::<u32>().ok());
    let day = digits.get(10..12).and_then(|t| t.parse::<u32>().ok());
    matches!(month, Some(1..=12)) && matches!(day, Some(1..=31))
}

fn plates(chars: &[char]) -> Vec<PersonalMark> {
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
    let mut marks = Vec::new();
    for at in 0..chars.len() {
        if !PROVINCES.contains(chars[at])
            || !chars.get(at + 1).is_some_and(char::is_ascii_uppercase)
        {
            continue;
        }
        let tail_from =
            if matches!(chars.get(at + 2), Some('·' | ' ' | '-')) { at + 3 } else { at + 2 };
        let tail = chars[tail_from.min(chars.len())..]
            .iter()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            .count();
        if (5..=6).contains(&tail) {
            marks.push(PersonalMark { hint: PersonalHint::Plate, from: at, to: tail_from + tail });
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(text: &str) -> Vec<PersonalHint> {
        screen_text(text).into_iter().map(|m| m.hint).collect()
    }

    #[test]
    fn numbers_of_people_are_seen_however_they_are_written() {
        use PersonalHint::{CardNumber, IdentityNumber, Phone, Plate};
        let cases: &[(&str, &[PersonalHint])] = &[
            ("联系 13812345678", &[Phone]),
            ("138 1234 5678", &[Phone]),
            ("138-1234-5678。", &[Phone]),
            ("+86 13812345678", &[Phone]),
            ("１３８１２３４５６７８", &[Phone]),
            ("100-0000-1234", &[Phone]),
            ("0517-83912345", &[Phone]),
            ("32090219900307123X 的住户", &[IdentityNumber]),
            ("320902900307123", &[IdentityNumber]),
            ("6222021234567890123", &[CardNumber]),
            ("苏H·12345 停在通道", &[Plate]),
        ];
        for (text, expected) in cases {
            assert_eq!(hints(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_code_and_an_address_code_in_its_field_are_nobody_s_number() {
        let found = |field: &str, text: &str| !numbers_of_a_person(field, text).is_empty();
        assert!(found("use", "联系 13812345678") && found("use", "32990100101200101"));
        assert!(found("building_code", "13812345678"));
        for (field, text) in
            [("building_code", "32990100101200101"), ("use", "SN-6222021234567890123")]
        {
            assert!(!found(field, text), "{text}");
        }
    }

    #[test]
    fn ordinary_notes_pass() {
        for text in [
            "",
            "三楼走廊堆放纸箱，约2米",
            "灭火器 2026-03 到期",
            "电表号 00012345",
            "8栋2单元1203室",
            "2026年11月23日 14:30 复查",
            "压力 0.25 MPa",
        ] {
            assert_eq!(hints(text), [], "{text}");
        }
    }
}
