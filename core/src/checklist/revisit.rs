//! The quick re-visit: quick items and items of open findings are asked, the rest is carried over with its date.

use std::collections::BTreeSet;

use super::content::Content;
use super::shape::Checklist;

/// The items a quick visit asks again: the list's quick items and those of findings still open.
pub(super) fn asked_again<'a>(
    content: &'a Content,
    list: &'a Checklist,
    open_findings: &[String],
) -> BTreeSet<&'a str> {
    let open = |code: &str| open_findings.iter().any(|f| f == code);
    let items = content.items(list).map(|(_, item)| item);
    items
        .filter(|i| list.quick_items.contains(&i.id) || i.findings.iter().any(|f| open(&f.code)))
        .map(|i| i.id.as_str())
        .collect()
}

/// What decides whether one of those items is asked. Without an answer to carry over, such an item
/// has to be asked too: otherwise a first visit that met nobody would hide the gas questions for ever.
pub(super) fn gates<'a>(
    content: &'a Content,
    list: &'a Checklist,
    again: &BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let mut wanted = again.clone();
    let mut gates = BTreeSet::new();
    let items: Vec<_> = content.items(list).collect();
    // Conditions look back only, so one pass from the end meets every gate of a gate.
    for (section, item) in items.into_iter().rev() {
        if !wanted.contains(item.id.as_str()) {
            continue;
        }
        let section_gate = section.and_then(|s| s.ask_if.as_ref());
        let mut subjects = Vec::new();
        for condition in section_gate.into_iter().chain(&item.ask_if) {
            condition.test.subjects(&list.derived, &mut subjects);
        }
        wanted.extend(&subjects);
        gates.extend(subjects);
    }
    gates
}
