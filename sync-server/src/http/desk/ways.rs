//! The navigation: which page, for which right, by which name and drawing.

use ironfeet_core::model::Role;

use super::super::console::In;
use super::rights::{Right, may};

/// An entry of the navigation as it is written below.
#[derive(Clone, Copy)]
struct Entry {
    right: Right,
    href: &'static str,
    zh: &'static str,
    en: &'static str,
    /// A drawing of 24 by 24, one path.
    icon: &'static str,
    /// Whether a new group begins.
    apart: bool,
}

const fn entry(
    right: Right,
    href: &'static str,
    (zh, en): (&'static str, &'static str),
    icon: &'static str,
) -> Entry {
    Entry { right, href, zh, en, icon, apart: false }
}

const fn apart(entry: Entry) -> Entry {
    Entry { apart: true, ..entry }
}

/// The navigation.
const WAYS: &[Entry] = &[
    entry(
        Right::Today,
        "/console/today",
        ("今天", "Today"),
        "M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4v-5H9v5H5a1 1 0 0 1-1-1z",
    ),
    entry(
        Right::Review,
        "/console/review",
        ("审核", "Review"),
        "M4 5h6.5v14H4zM13.5 5H20v14h-6.5zM7.2 9v6M16.8 9v6",
    ),
    apart(entry(
        Right::Records,
        "/console/places",
        ("场所", "Places"),
        "M12 21s7-6.2 7-11a7 7 0 1 0-14 0c0 4.8 7 11 7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
    )),
    entry(
        Right::Records,
        "/console/map",
        ("地图", "Map"),
        "M9 4 3 6.5v13L9 17l6 3 6-2.5v-13L15 7 9 4zM9 4v13M15 7v13",
    ),
    entry(
        Right::Records,
        "/console/visits",
        ("走访", "Visits"),
        "M8 5H6a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V6a1 1 0 0 0-1-1h-2M8 4h8v3H8zM9 13l2.2 2.2 4.3-4.2",
    ),
    entry(
        Right::Records,
        "/console/findings",
        ("隐患", "Findings"),
        "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2",
    ),
    apart(entry(
        Right::Checklists,
        "/console/checklists",
        ("检查表", "Checklists"),
        "M10 6h10M10 12h10M10 18h10M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2",
    )),
    entry(
        Right::Phones,
        "/console/phones",
        ("手机", "Phones"),
        "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
    ),
    entry(
        Right::People,
        "/console/people",
        ("人员", "People"),
        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.3c2.4.7 4 2.8 4 5.7",
    ),
    apart(entry(
        Right::Import,
        "/console/import",
        ("导入", "Import"),
        "M12 15.5v-11M7.5 9 12 4.5 16.5 9M4 19.5h16",
    )),
    entry(
        Right::Export,
        "/console/export",
        ("导出", "Export"),
        "M12 4.5v11M7.5 11l4.5 4.5 4.5-4.5M4 19.5h16",
    ),
    entry(
        Right::Audit,
        "/console/audit",
        ("审计", "Audit"),
        "M12 3 5 6v5.5c0 4.3 2.9 7.6 7 9.5 4.1-1.9 7-5.2 7-9.5V6zM9 12l2.2 2.2 4-4",
    ),
];

/// One entry of the navigation.
pub(super) struct Way {
    pub(super) href: &'static str,
    pub(super) text: &'static str,
    pub(super) icon: &'static str,
    pub(super) here: bool,
    pub(super) apart: bool,
    pub(super) waiting: u64,
}

/// The entries for a post; `here`: the page being shown.
pub(super) fn ways(post: Role, lang: In, here: &str, waiting: u64) -> Vec<Way> {
    let all = WAYS.iter().filter(|entry| may(post, entry.right));
    let way = |entry: &Entry| Way {
        href: entry.href,
        text: lang.t(entry.zh, entry.en),
        icon: entry.icon,
        here: entry.href == here,
        apart: entry.apart,
        waiting: if entry.right == Right::Review { waiting } else { 0 },
    };
    all.map(way).collect()
}

/// The first page of a right.
pub(super) fn first(right: Right) -> &'static str {
    WAYS.iter().find(|entry| entry.right == right).map_or("", |entry| entry.href)
}
