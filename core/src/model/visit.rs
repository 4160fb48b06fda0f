//! A visit: which place, which checklist, what was answered, what was found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DepartmentCode, HashText, PlaceId, Role, Scalar, Text, UtcMillis, VisitId};

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitStatus {
    /// Being answered on a phone.
    Draft,
    /// Finished: answers may be read, remarks and photos added, nothing rewritten.
    Finished,
}

/// How grave a finding is (domain page 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Imminent danger 紧急.
    S1,
    /// Serious 较重.
    S2,
    /// Ordinary 一般.
    S3,
    /// Advice 提示.
    S4,
}

/// Which clock a deadline runs on (domain page 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Continuous hours, nights and holidays included.
    UrgentHour,
    /// Working hours only.
    WorkHour,
    /// Whole working days, ends at closing time.
    WorkDay,
    /// Calendar days, ends at 24:00.
    NaturalDay,
}

/// A time limit as the checklist states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The clock.
    pub kind: ClockKind,
    /// How many hours or days of it.
    pub value: u32,
}

/// What happens with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// File a case and dispatch it.
    Case,
    /// Advice slip on the spot, no case.
    Advice,
    /// Fixed on the spot, recorded and closed.
    SelfFixed,
}

/// One answer: the value, and nothing else; who and when is in the change that wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answer(pub Scalar);

/// An answer carried over from an earlier visit, with its date; not re-entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// The value then.
    pub value: Scalar,
    /// When it was answered.
    pub at: UtcMillis,
}

/// A suspected hazard (a grid worker suspects, an authority confirms).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Code in the checklist, such as `HH-A3-F1`.
    pub code: String,
    /// The item whose answer raised it.
    pub item: String,
    /// What it is, in both languages.
    pub title: Text,
    /// What removes it.
    pub fix: Text,
    /// How grave.
    pub severity: Severity,
    /// Category in the taxonomy, such as `GAS03`.
    pub category: String,
    /// The time limit; `None` for advice.
    pub deadline: Option<Deadline>,
    /// What happens next.
    pub route: Route,
    /// Lead department (the category's, or the override of the finding).
    pub lead: DepartmentCode,
    /// Departments that help.
    pub co: Vec<DepartmentCode>,
    /// Whether the worker's list marks it as a suspected major hazard.
    pub suspected_major: bool,
    /// Whether it lies in a shared or public area.
    pub public_area: bool,
    /// What to do at once, before anything else (the S1 action card).
    pub immediate_action: Option<Text>,
    /// The checklist and version that raised it; later versions never re-interpret it.
    pub list: String,
    /// Version of that checklist.
    pub list_version: u32,
    /// When the visit that raised it was finished; in a draft, when it was computed.
    pub raised_at: UtcMillis,
}

/// A remark, free text screened for personal data before it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    /// When it was written (device time).
    pub at: UtcMillis,
    /// The post of who wrote it.
    pub by_role: Role,
    /// The text.
    pub text: String,
}

/// A photo by content; the bytes travel on their own way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoRef {
    /// SHA-256 of the file as it is sent.
    pub sha256: HashText,
    /// Its size in bytes.
    pub bytes: u64,
    /// Media type, such as `image/jpeg`.
    pub media: String,
    /// The finding it shows, if one.
    pub finding: Option<String>,
    /// When it was added (device time).
    pub at: UtcMillis,
    /// SHA-256 of the picture as the camera made it, before it was made smaller: whoever kept that file can
    /// show that the photo comes from it. Absent in records of older apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<HashText>,
}

/// A visit as it is read from its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Identity.
    pub id: VisitId,
    /// Schema version it was written in.
    pub v: i64,
    /// The place visited.
    pub place: PlaceId,
    /// Checklist id, such as `household`.
    pub list: String,
    /// Version of the checklist.
    pub list_version: u32,
    /// Whether only the quick items and open findings are asked.
    pub quick: bool,
    /// The post of who began it.
    pub by_role: Role,
    /// When it began (device time).
    pub started_at: UtcMillis,
    /// Draft or finished.
    pub status: VisitStatus,
    /// When it was finished (device time).
    pub finished_at: Option<UtcMillis>,
    /// Answers by item id.
    pub answers: BTreeMap<String, Scalar>,
    /// Answers carried over from the last visit, by item id.
    pub carried: BTreeMap<String, Carried>,
    /// Findings fixed at finish, by code; empty in a draft (they are computed then).
    pub findings: BTreeMap<String, Finding>,
    /// Why a photo is missing, by finding code.
    pub photo_reasons: BTreeMap<String, String>,
    /// Remarks, oldest first.
    pub notes: Vec<Remark>,
    /// Photos, oldest first.
    pub photos: Vec<PhotoRef>,
}
