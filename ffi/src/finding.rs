//! Findings as screens show them, in the person's language.

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::words::{ClockKind, Lang, Route, Severity};

/// A time limit as the checklist states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Deadline {
    /// The clock it runs on.
    pub clock: ClockKind,
    /// How many hours or days of it.
    pub value: u32,
}

impl From<model::Deadline> for Deadline {
    fn from(deadline: model::Deadline) -> Self {
        let model::Deadline { kind, value } = deadline;
        Self { clock: kind.into(), value }
    }
}

/// A suspected hazard of a visit. The worker suspects, an authority confirms.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Finding {
    /// Code in the checklist, such as `HH-A3-F1`.
    pub code: String,
    /// The item whose answer raised it.
    pub item: String,
    /// What it is.
    pub title: String,
    /// What removes it.
    pub fix: String,
    /// How grave.
    pub severity: Severity,
    /// What to do at once, before anything else: the action card of an S1 finding.
    pub action: Option<String>,
    /// The time limit; absent for advice.
    pub deadline: Option<Deadline>,
    /// What happens next.
    pub route: Route,
    /// Category in the taxonomy, such as `GAS03`.
    pub category: String,
    /// Code of the lead department.
    pub lead: String,
    /// Codes of the departments that help.
    pub co: Vec<String>,
    /// Whether the list marks it as a suspected major hazard.
    pub suspected_major: bool,
    /// Whether it lies in a shared or public area.
    pub public_area: bool,
    /// The checklist that raised it.
    pub list: String,
    /// The version of that checklist.
    pub list_version: u32,
    /// When it was raised, ms since 1970.
    pub raised_at: i64,
}

impl Finding {
    /// In a language.
    pub(crate) fn told(finding: model::Finding, lang: Lang) -> Self {
        let model::Finding {
            code,
            item,
            title,
            fix,
            severity,
            category,
            deadline,
            route,
            lead,
            co,
            suspected_major,
            public_area,
            immediate_action,
            list,
            list_version,
            raised_at,
        } = finding;
        let lang = lang.into();
        Self {
            code,
            item,
            title: title.get(lang).to_owned(),
            fix: fix.get(lang).to_owned(),
            severity: severity.into(),
            action: immediate_action.map(|text| text.get(lang).to_owned()),
            deadline: deadline.map(Into::into),
            route: route.into(),
            category,
            lead: lead.to_string(),
            co: co.iter().map(ToString::to_string).collect(),
            suspected_major,
            public_area,
            list,
            list_version,
            raised_at: raised_at.0,
        }
    }
}

/// A finding of a finished visit, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FindingRow {
    /// Code in the checklist.
    pub code: String,
    /// The visit that raised it.
    pub visit: String,
    /// The place.
    pub place: String,
    /// Its address; empty where the place is not on this phone.
    pub address: String,
    /// The checklist.
    pub list: String,
    /// What it is.
    pub title: String,
    /// How grave.
    pub severity: Severity,
    /// Category in the taxonomy.
    pub category: String,
    /// What happens with it.
    pub route: Route,
    /// Code of the lead department.
    pub lead: Option<String>,
    /// When it was raised, ms since 1970.
    pub raised_at: i64,
    /// When its time limit ends, ms since 1970; absent for advice.
    pub due: Option<i64>,
    /// Whether nobody found it gone yet.
    pub open: bool,
}

impl FindingRow {
    /// In a language.
    pub(crate) fn told(row: phone::FindingRow, lang: Lang) -> Self {
        let phone::FindingRow {
            code,
            visit,
            place,
            address,
            list,
            title,
            severity,
            category,
            route,
            lead,
            raised_at,
            due,
            open,
        } = row;
        Self {
            code,
            visit: visit.to_string(),
            place: place.to_string(),
            address,
            list,
            title: title.get(lang.into()).to_owned(),
            severity: severity.into(),
            category,
            route: route.into(),
            lead: lead.map(|lead| lead.to_string()),
            raised_at: raised_at.0,
            due: due.map(|at| at.0),
            open,
        }
    }
}
