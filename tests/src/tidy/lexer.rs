//! Separates Rust code from its comments, texts and unit tests, keeping every line where it is.
//!
//! Knows just enough of Rust for that: comments, plain and raw strings,
//! characters, braces. Must not know any rule.

/// The code with comments and the insides of strings and characters replaced by spaces.
#[must_use]
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = if starts(&chars, at, "//") {
            line_end(&chars, at)
        } else if starts(&chars, at, "/*") {
            block_comment_end(&chars, at)
        } else if let Some(hashes) = raw_string(&chars, at) {
            raw_string_end(&chars, at, hashes)
        } else if chars[at] == '"' {
            string_end(&chars, at)
        } else if chars[at] == '\'' {
            char_end(&chars, at)
        } else {
            out.push(chars[at]);
            at += 1;
            continue;
        };
        for &c in &chars[at..end] {
            out.push(if c == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    out
}

/// The code without items marked `#[cfg(test)]`: their lines are blank.
#[must_use]
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item);
        out.extend(item[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Where the item that begins here ends: behind its closing brace or its semicolon.
#[must_use]
pub fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The identifiers of a code with their lines.
#[must_use]
pub fn identifiers(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in super::lines(code) {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let words = words.filter(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        found.extend(words.map(|word| (number, word.to_owned())));
    }
    found
}

/// The words of an identifier in small letters: `riskScore`, `risk_score` and `RISK_SCORE` all give risk, score.
#[must_use]
pub fn words(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before_small = false;
    for c in identifier.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_uppercase() && before_small {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before_small = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

fn starts(chars: &[char], at: usize, text: &str) -> bool {
    text.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c))
}

fn line_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|&i| chars[i] == '\n').unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while at < chars.len() {
        if starts(chars, at, "/*") {
            depth += 1;
            at += 2;
        } else if starts(chars, at, "*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    chars.len()
}

/// The number of `#` when a raw string begins here.
fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    if chars[at] != 'r' || (after_word && chars[at - 1] != 'b') {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

fn raw_string_end(chars: &[char], from: usize, hashes: usize) -> usize {
    let begin = from + hashes + 2;
    (begin..chars.len())
        .find(|&i| {
            chars[i] == '"'
                && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
        })
        .map_or(chars.len(), |i| i + 1 + hashes)
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// A character literal, or just the tick of a lifetime.
fn char_end(chars: &[char], from: usize) -> usize {
    if chars.get(from + 1) == Some(&'\\') {
        return (from + 3..chars.len()).find(|&i| chars[i] == '\'').map_or(chars.len(), |i| i + 1);
    }
    if chars.get(from + 2) == Some(&'\'') { from + 3 } else { from + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blank_and_lines_stay() {
        let text = "let a = \"x // y \\\" z\"; // tail\nlet b = r#\"raw \" {\"#; /* a /* b */ c */ let c: &'static str;\nlet d = '{'; let e = '\\'';";
        let code = blank(text);
        assert_eq!(code.lines().count(), 3);
        assert!(!code.contains("tail") && !code.contains('{') && !code.contains('y'));
        assert!(code.contains("let c: & static str;"));
        assert!(code.contains("let e ="));
    }

    #[test]
    fn unit_tests_are_taken_away() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}";
        let product = without_tests(code);
        assert!(product.contains("fn a") && product.contains("fn c") && product.contains("fn e"));
        assert!(!product.contains("fn b") && !product.contains("mod d"));
        assert_eq!(product.lines().count(), code.lines().count());
    }

    #[test]
    fn identifiers_fall_into_words() {
        for name in ["risk_score", "riskScore", "RiskScore", "RISK_SCORE"] {
            assert_eq!(words(name), ["risk", "score"], "{name}");
        }
    }
}
