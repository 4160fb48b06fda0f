//! Sizes: a file has at most 400 lines without its unit tests, a function at most 70 lines of code.

use super::lexer::item_end;
use super::{Breach, Source, lines};

/// Lines of a file without its unit tests.
pub const FILE_LINES_MAX: usize = 400;
/// Lines of code of one function, without blank lines and comments.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Files of product code that are too long. Test files may list as many cases as they like.
#[must_use]
pub fn files(source: &Source) -> Vec<Breach> {
    if !source.is_rust() || source.is_test() {
        return Vec::new();
    }
    let hidden = lines(&source.code)
        .zip(lines(&source.product))
        .filter(|((_, code), (_, product))| !code.trim().is_empty() && product.trim().is_empty())
        .count();
    let count = source.text.lines().count() - hidden;
    if count <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![source.breach(0, format!("{count} lines without tests; split it at {FILE_LINES_MAX}"))]
}

/// Lines of code of one test: a table of cases may be a little longer.
pub const TEST_LINES_MAX: usize = 100;

/// Functions that are too long, in product and test code.
#[must_use]
pub fn functions(source: &Source) -> Vec<Breach> {
    let max = if source.is_test() { TEST_LINES_MAX } else { FUNCTION_LINES_MAX };
    let mut breaches = Vec::new();
    let mut offset = 0;
    for (number, line) in lines(&source.code) {
        if let Some(at) = function_start(line) {
            let item = &source.code[offset + at..];
            let body = &item[..item_end(item)];
            let count = body.lines().filter(|l| !l.trim().is_empty()).count();
            if count > max {
                let what = format!("a function of {count} lines of code; at most {max}");
                breaches.push(source.breach(number, what));
            }
        }
        offset += line.len() + 1;
    }
    breaches
}

fn function_start(line: &str) -> Option<usize> {
    let at = line.find("fn ")?;
    let before = line[..at].chars().next_back();
    let named = line[at + 3..].trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_');
    (named && before.is_none_or(|c| c == ' ' || c == '(')).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "fn a() {}\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(files(&Source::new("core/src/a.rs", &long)).len(), 1);
        assert_eq!(files(&Source::new("core/tests/a.rs", &long)), []);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(files(&Source::new("core/src/a.rs", &tests)), []);
    }

    #[test]
    fn a_long_function_is_found() {
        let body = "    step();\n".repeat(FUNCTION_LINES_MAX);
        let bad = Source::new("a.rs", &format!("fn short() {{}}\n\npub fn long() {{\n{body}}}\n"));
        let found = functions(&bad);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 3);
        let body = "    step();\n\n    // why\n".repeat(FUNCTION_LINES_MAX - 2);
        assert_eq!(functions(&Source::new("a.rs", &format!("fn fits() {{\n{body}}}\n"))), []);
    }
}
