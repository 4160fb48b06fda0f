//! A loaded checklist: what is asked, when, and what an answer finds.
//!
//! Plain data made by `load`, every reference in it resolves. Knows no visit and no answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::words::{ClockWords, SeverityWords};
use crate::model::{Deadline, DepartmentCode, Route, Severity, Text};

/// The type of an answer; the encodings of the values are told at [`super::Session::answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemType {
    /// One of ok, hazard, na, unseen.
    Check,
    /// c_yes or c_no.
    Yesno,
    /// One choice.
    Single,
    /// A set of choices; an exclusive choice stands alone.
    Multi,
    /// A whole number.
    Int,
    /// A number.
    Decimal,
    /// A day.
    Date,
    /// Free text, screened for personal data.
    Text,
    /// The identity of a protected contact record, never the contact itself.
    Contact,
    /// The worker confirms that the notice was shown.
    Notice,
    /// A category of one major of the taxonomy (request forms).
    Category,
}

/// What an answer may tell about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pii {
    /// Nothing.
    None,
    /// It is a reference into the vault.
    Contact,
    /// It names a wish for a service and may be used for that only.
    PurposeOnly,
}

/// What proof a finding asks for; a photo is never forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A photo, or why there is none.
    PhotoOrReason,
    /// A photo if it helps.
    Optional,
    /// No photo: a phone may be an ignition source, leave first.
    None,
}

/// How well the cited source was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefStatus {
    /// The article was read.
    Read,
    /// A part or a quotation was read.
    Excerpt,
    /// It exists; the text was not read.
    TitleOnly,
    /// From memory, unverified.
    Memory,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The stored code.
    pub code: String,
    /// What people read.
    pub label: Text,
    /// Whether it excludes the other choices of a set (such as "none").
    pub excl: bool,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Item {
    /// Identity, such as `HH-A3`; unique over all lists.
    pub id: String,
    /// Type.
    pub kind: ItemType,
    /// The question.
    pub question: Text,
    /// How to answer it.
    pub hint: Option<Text>,
    /// The choices; empty where the type has none.
    pub choices: Vec<Choice>,
    /// Whether a visit may not finish without an answer (when it is asked).
    pub required: bool,
    /// What the answer may tell about a person.
    pub pii: Pii,
    /// When it is asked; always, if there is none. The section's condition comes on top.
    pub ask_if: Option<Condition>,
    /// Least number.
    pub min: Option<f64>,
    /// Greatest number.
    pub max: Option<f64>,
    /// Unit of the number, such as `m2`.
    pub unit: Option<String>,
    /// Longest text, in characters.
    pub max_len: Option<usize>,
    /// What its answer can find.
    pub findings: Vec<FindingRule>,
    /// Further lists or request forms its answer proposes.
    pub creates: Vec<Creates>,
    /// Line in the file.
    pub line: u64,
}

impl Item {
    /// The choice with this code.
    #[must_use]
    pub fn choice(&self, code: &str) -> Option<&Choice> {
        self.choices.iter().find(|c| c.code == code)
    }
}

/// When an answer is a suspected hazard, and what then.
#[derive(Clone, Debug)]
pub struct FindingRule {
    /// Code, such as `HH-A3-F1`; unique over all lists.
    pub code: String,
    /// The condition over the answer itself and, if need be, over others.
    pub when: Condition,
    /// How grave.
    pub severity: Severity,
    /// Category of the taxonomy.
    pub category: String,
    /// What it is.
    pub title: Text,
    /// What removes it.
    pub fix: Text,
    /// Time limit; none for advice without one.
    pub deadline: Option<Deadline>,
    /// Case, advice or fixed on the spot.
    pub route: Route,
    /// Leads instead of the category's department.
    pub lead_override: Option<DepartmentCode>,
    /// Whether it may be a major hazard (the authority decides).
    pub suspected_major: bool,
    /// Whether it lies in a shared or public area.
    pub public_area: bool,
    /// What to do at once.
    pub immediate_action: Option<Text>,
    /// What proof it asks for.
    pub evidence: Evidence,
    /// The sources of the rule.
    pub refs: Vec<String>,
    /// Line in the file.
    pub line: u64,
}

/// What an answer proposes to open next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Another checklist.
    List(String),
    /// A request form.
    Form(String),
}

/// A rule that proposes another list or a request form.
#[derive(Clone, Debug)]
pub struct Creates {
    /// The condition over the answer itself.
    pub when: Condition,
    /// What it proposes.
    pub target: Target,
    /// One for each chosen code.
    pub per_choice: bool,
    /// Codes that propose nothing.
    pub except: Vec<String>,
}

/// A truth computed from answers, such as "group rental".
#[derive(Clone, Debug)]
pub struct Derived {
    /// Identity in the list.
    pub id: String,
    /// What it means.
    pub meaning: Text,
    /// When it is true.
    pub expr: Condition,
    /// The sources of the rule.
    pub refs: Vec<String>,
}

/// A part of a list with its own condition.
#[derive(Clone, Debug)]
pub struct Section {
    /// Identity, such as `HH-A`.
    pub id: String,
    /// Heading.
    pub title: Text,
    /// When any of it is asked.
    pub ask_if: Option<Condition>,
    /// Its questions in order.
    pub items: Vec<Item>,
    /// Line in the file.
    pub line: u64,
}

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// A home.
    Dwelling,
    /// A shop, restaurant, workshop and the like.
    Premises,
    /// A building let by room or bed.
    RentalBuilding,
    /// A building site.
    Site,
}

/// One checklist. The common items are asked before its own.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// Identity, such as `household`.
    pub id: String,
    /// Version; a finding keeps it and is never re-interpreted by a later one.
    pub version: u32,
    /// Title.
    pub title: Text,
    /// What it is about.
    pub subject_type: SubjectType,
    /// Who uses it (posts, never persons).
    pub who: Vec<String>,
    /// On what basis one enters.
    pub basis: Text,
    /// Expected length of a visit.
    pub est_minutes: u32,
    /// Days until the next visit.
    pub revisit_days_default: u32,
    /// Days until the next visit while an S1 or S2 finding is open.
    pub revisit_days_if_open_s1_s2: u32,
    /// Truths computed from answers.
    pub derived: Vec<Derived>,
    /// Sections in order.
    pub sections: Vec<Section>,
    /// Items asked again on a quick re-visit.
    pub quick_items: Vec<String>,
    /// Line in the file.
    pub line: u64,
}

impl Checklist {
    /// Its own items with their sections, in the order they are asked (the common items come before).
    pub fn items(&self) -> impl Iterator<Item = (&Section, &Item)> {
        self.sections.iter().flat_map(|s| s.items.iter().map(move |i| (s, i)))
    }

    /// The item and rule behind a finding code.
    #[must_use]
    pub fn finding(&self, code: &str) -> Option<(&Item, &FindingRule)> {
        self.items().find_map(|(_, item)| {
            item.findings.iter().find(|f| f.code == code).map(|rule| (item, rule))
        })
    }
}

/// A form for a wish of a resident (voluntary).
#[derive(Clone, Debug)]
pub struct RequestForm {
    /// Identity, such as `service_request`.
    pub id: String,
    /// Version.
    pub version: u32,
    /// Title.
    pub title: Text,
    /// On what legal basis it is filled in.
    pub legal_basis: Text,
    /// Its fields in order.
    pub fields: Vec<Item>,
    /// Rules for its handling.
    pub rules: Vec<Text>,
    /// Sources.
    pub refs: Vec<String>,
    /// How long it is kept.
    pub retention: Text,
}

/// A major class of the taxonomy.
#[derive(Clone, Debug)]
pub struct Major {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Text,
    /// `part` or `event` where it maps to GB/T 30428.2.
    pub gb30428_kind: Option<String>,
}

/// A category (minor class) of the taxonomy.
#[derive(Clone, Debug)]
pub struct Category {
    /// Code, such as `FIR01`.
    pub code: String,
    /// Its major class.
    pub major: String,
    /// Name.
    pub name: Text,
    /// Who leads.
    pub lead: DepartmentCode,
    /// Who helps.
    pub co: Vec<DepartmentCode>,
    /// Time limit of the handling.
    pub handle_limit: Deadline,
    /// When a case of it may be closed.
    pub close: Text,
    /// Can reveal health, poverty or family life: handler only, never in lists, maps, small cells.
    pub restricted: bool,
}

/// A cited source.
#[derive(Clone, Debug)]
pub struct Reference {
    /// How well it was read.
    pub status: RefStatus,
    /// Its name.
    pub name: Text,
}

/// The texts about the content itself: what it is, and its rules of findings, re-visits and photos.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What the file is.
    pub note: Option<Text>,
    /// What its findings are not.
    pub disclaimer: Option<Text>,
    /// Quick re-visits.
    pub quick_mode: Option<Text>,
    /// Restricted categories.
    pub restricted_categories: Option<Text>,
    /// Photos.
    pub evidence_policy: Option<Text>,
}

/// Names and words shared by all lists.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Severities, gravest first.
    pub severities: Vec<SeverityWords>,
    /// Clocks.
    pub clocks: Vec<ClockWords>,
    /// Routes with their names.
    pub routes: Vec<(Route, Text)>,
    /// Department names by code.
    pub departments: BTreeMap<DepartmentCode, Text>,
    /// Major classes in order.
    pub majors: Vec<Major>,
    /// Categories by code.
    pub categories: BTreeMap<String, Category>,
    /// Sources by id.
    pub refs: BTreeMap<String, Reference>,
    /// About the content itself.
    pub notes: Notes,
}
