//! The rooms of the review and how much waits in each.

use super::frame::Frame;

/// One room.
pub(super) struct Tab {
    pub(super) href: &'static str,
    pub(super) text: &'static str,
    pub(super) waiting: u64,
    pub(super) here: bool,
}

/// All of them, as every page of the review shows them.
pub(super) struct Tabs(pub(super) Vec<Tab>);

impl Tabs {
    /// Standing in one of them.
    pub(super) fn of(f: &Frame, here: &str) -> Self {
        let [conflicts, tickets, twins, clocks] = f.waiting;
        let rooms = [
            ("conflicts", "/console/review", "两个值", "Two values", conflicts),
            ("waiting", "/console/review/waiting", "待接受", "To accept", tickets),
            ("twins", "/console/review/twins", "可能重复", "Possible doubles", twins),
            ("clocks", "/console/review/clocks", "时钟", "Clocks", clocks),
            ("decided", "/console/review/decided", "已决定", "Decided", 0),
        ];
        let tab = |(name, href, zh, en, waiting): (
            &str,
            &'static str,
            &'static str,
            &'static str,
            u64,
        )| { Tab { href, text: f.t(zh, en), waiting, here: name == here } };
        Self(rooms.into_iter().map(tab).collect())
    }
}
