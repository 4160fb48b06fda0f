//! One range of bytes, as a header asks for it.

/// One range of bytes as `from..to`; nothing when it lies outside.
pub(super) fn parse(text: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = if from.is_empty() {
        (size.checked_sub(to.parse().ok()?)?, size)
    } else if to.is_empty() {
        (from.parse().ok()?, size)
    } else {
        (from.parse().ok()?, to.parse::<u64>().ok()?.checked_add(1)?.min(size))
    };
    (range.0 < range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn ranges_are_understood_or_refused() {
        for (text, expected) in [
            ("bytes=0-", Some((0, 100))),
            ("bytes=10-", Some((10, 100))),
            ("bytes=10-19", Some((10, 20))),
            ("bytes=90-900", Some((90, 100))),
            ("bytes=-5", Some((95, 100))),
            ("bytes=100-", None),
            ("bytes=20-10", None),
            ("bytes=-101", None),
            ("bytes=a-b", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(parse(text, 100), expected, "{text}");
        }
    }
}
