//! The content as it is published: lists, taxonomy, departments. Plain data, read once, never changed.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::model::{Deadline, DepartmentCode, PlaceKind, Route, Severity, Text};

use super::condition::Condition;

/// A code with the line of the file it stands on, so that errors can point at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    text: String,
    /// Line in the file, from 1.
    pub line: u64,
}

impl Deref for Code {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(d)?;
        Ok(Self { line: spanned.referenced.line(), text: spanned.value })
    }
}

/// Everything that is published together under one content version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub(super) meta: Meta,
    pub(super) choice_sets: std::collections::BTreeMap<String, Vec<Choice>>,
    pub(super) severities: Vec<SeverityRow>,
    pub(super) clocks: Vec<Value>,
    pub(super) routes: Vec<Value>,
    pub(super) departments: Vec<Department>,
    pub(super) taxonomy: Vec<Major>,
    pub(super) refs: Vec<Reference>,
    pub(super) common_items: Vec<Item>,
    pub(super) checklists: Vec<Checklist>,
    pub(super) request_forms: Vec<RequestForm>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Meta {
    pub(super) schema: String,
    pub(super) schema_version: u32,
    pub(super) content_version: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeverityRow {
    pub(super) code: Severity,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) id: Code,
}

/// A department.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Code, such as `FIRE`.
    pub code: DepartmentCode,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
}

/// A major category.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Major {
    /// Code, such as `FIR`.
    pub code: Code,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// What GB/T 30428.2 calls these: parts or events.
    pub gb30428_kind: Option<String>,
    /// Its categories.
    pub minors: Vec<Category>,
}

/// A category of the taxonomy with its duty holders (domain page 1.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Code, such as `GAS03`.
    pub code: Code,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Lead department.
    pub lead: DepartmentCode,
    /// Departments that help.
    pub co: Vec<DepartmentCode>,
    /// Limit of handling.
    pub handle_limit: Deadline,
    /// When the case may be closed.
    pub close: Text,
    /// Handler-only: kept out of lists, maps and small statistics cells.
    #[serde(default)]
    pub restricted: bool,
}

/// One choice of a question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Code as it is stored.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Excludes every other choice of a set.
    #[serde(default)]
    pub excl: bool,
}

/// What kind of answer an item takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemType {
    /// One of ok, hazard, na, unseen.
    Check,
    /// Yes or no.
    Yesno,
    /// One code.
    Single,
    /// A set of codes.
    Multi,
    /// A whole number.
    Int,
    /// A number.
    Decimal,
    /// A date.
    Date,
    /// Free text, screened.
    Text,
    /// A contact in the vault; never asked while there is no vault.
    Contact,
    /// The worker confirms that the notice was given.
    Notice,
    /// A category of the taxonomy (request forms).
    Category,
}

/// A question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Id, such as `HH-A3`.
    pub id: Code,
    /// Type of the answer.
    #[serde(rename = "type")]
    pub kind: ItemType,
    /// The question.
    pub q: Text,
    /// Whether the visit cannot end without it while it is asked.
    pub required: bool,
    /// How close it comes to a person: `none`, `purpose_only` or `contact`.
    pub pii: String,
    /// Choices of its own.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// A shared set of choices.
    pub choice_set: Option<String>,
    /// When it is asked.
    pub ask_if: Option<Condition>,
    /// What its answer finds.
    #[serde(default)]
    pub findings: Vec<FindingRule>,
    /// What its answer suggests to open next.
    #[serde(default)]
    pub creates: Vec<Creates>,
    /// Unit of a number.
    pub unit: Option<Value>,
    /// Least number.
    pub min: Option<f64>,
    /// Greatest number.
    pub max: Option<f64>,
    /// Longest text.
    pub max_len: Option<usize>,
    /// A hint beside the question.
    pub hint: Option<Text>,
    /// Major of the taxonomy a category is chosen from.
    pub taxonomy: Option<String>,
}

/// A rule that turns an answer into a finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRule {
    /// Code, such as `HH-A3-F1`.
    pub code: Code,
    /// When it is raised.
    pub when: Condition,
    /// How grave.
    pub severity: Severity,
    /// Category of the taxonomy.
    pub category: String,
    /// What it is.
    pub title: Text,
    /// What removes it.
    pub fix: Text,
    /// Time limit; none for advice.
    pub deadline: Option<Deadline>,
    /// What happens next.
    pub route: Route,
    /// `photo_or_reason`, `optional` or `none` (a gas leak: no phone indoors).
    pub evidence: String,
    /// Legal and technical sources.
    pub refs: Vec<String>,
    /// Marked as a suspected major hazard.
    #[serde(default)]
    pub suspected_major: bool,
    /// Lies in a shared or public area.
    #[serde(default)]
    pub public_area: bool,
    /// What to do at once.
    pub immediate_action: Option<Text>,
    /// Another lead department than the category's.
    pub lead_override: Option<DepartmentCode>,
}

/// What an answer suggests to open next.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creates {
    /// When.
    pub when: Condition,
    /// A checklist to visit with.
    pub checklist: Option<String>,
    /// A request form to fill in.
    pub form: Option<String>,
    /// One form for each chosen code.
    #[serde(default)]
    pub per_choice: bool,
    /// Codes that open nothing.
    #[serde(default)]
    pub except: Vec<String>,
}

/// A value computed from answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Id, such as `RH-GROUP`.
    pub id: Code,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// When it is true.
    pub expr: Condition,
    /// Sources.
    #[serde(default)]
    pub refs: Vec<String>,
}

/// A section of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Id, such as `HH-A`.
    pub id: Code,
    /// Title.
    pub title: Text,
    /// When it is asked.
    pub ask_if: Option<Condition>,
    /// Its items in order.
    pub items: Vec<Item>,
}

/// A checklist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Id, such as `household`.
    pub id: Code,
    /// Version; a finding keeps the one that raised it.
    pub version: u32,
    /// Title.
    pub title: Text,
    /// `dwelling`, `premises`, `rental_building` or `site`.
    pub subject_type: String,
    /// Posts that may use it.
    pub who: Vec<String>,
    /// On what basis the visit is made.
    pub basis: Text,
    /// How long it takes, in minutes.
    pub est_minutes: u32,
    /// Days until the next visit.
    pub revisit_days_default: u32,
    /// Days until the next visit while an S1 or S2 finding is open.
    #[serde(rename = "revisit_days_if_open_S1_S2")]
    pub revisit_days_if_open_s1_s2: u32,
    /// Values computed from answers.
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// Sections in order.
    pub sections: Vec<Section>,
    /// Items asked on a quick re-visit.
    pub quick_items: Vec<Code>,
}

/// A request form that a resident may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestForm {
    /// Id, such as `service_request`.
    pub id: Code,
    /// Version.
    pub version: u32,
    /// Title.
    pub title: Text,
    /// Legal basis.
    pub legal_basis: Text,
    /// Its fields.
    pub fields: Vec<Item>,
    /// Rules in words.
    #[serde(default)]
    pub rules: Vec<Text>,
    /// Sources.
    pub refs: Vec<String>,
    /// How long it is kept.
    pub retention: Text,
}

impl Checklist {
    /// The items of the list itself, in order, each with its section.
    pub fn items(&self) -> impl Iterator<Item = (&Section, &Item)> {
        self.sections.iter().flat_map(|s| s.items.iter().map(move |i| (s, i)))
    }

    /// The rule of a finding code with its item.
    #[must_use]
    pub fn finding(&self, code: &str) -> Option<(&Item, &FindingRule)> {
        self.items()
            .flat_map(|(_, item)| item.findings.iter().map(move |rule| (item, rule)))
            .find(|(_, rule)| &*rule.code == code)
    }

    /// Whether the list is meant for this kind of place.
    #[must_use]
    pub fn fits(&self, kind: PlaceKind) -> bool {
        match kind {
            PlaceKind::Dwelling => self.subject_type == "dwelling",
            PlaceKind::Rental => {
                matches!(self.subject_type.as_str(), "rental_building" | "dwelling")
            }
            PlaceKind::SmallPremises | PlaceKind::Workshop => self.subject_type == "premises",
            PlaceKind::ConstructionSite => self.subject_type == "site",
            PlaceKind::PublicFacility | PlaceKind::SharedArea => false,
        }
    }
}

impl Content {
    /// The version of the whole content, such as `2026.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.meta.content_version
    }

    /// The checklist of this id.
    #[must_use]
    pub fn list(&self, id: &str) -> Option<&Checklist> {
        self.checklists.iter().find(|list| &*list.id == id)
    }

    /// Every checklist.
    #[must_use]
    pub fn lists(&self) -> &[Checklist] {
        &self.checklists
    }

    /// The lists meant for a kind of place, the closest first.
    #[must_use]
    pub fn lists_for(&self, kind: PlaceKind) -> Vec<&Checklist> {
        let mut lists: Vec<&Checklist> = self.checklists.iter().filter(|l| l.fits(kind)).collect();
        let closest = kind.as_str();
        lists.sort_by_key(|l| &*l.id != closest);
        lists
    }

    /// Items asked first in every visit.
    #[must_use]
    pub fn common_items(&self) -> &[Item] {
        &self.common_items
    }

    /// Request forms.
    #[must_use]
    pub fn request_forms(&self) -> &[RequestForm] {
        &self.request_forms
    }

    /// Departments.
    #[must_use]
    pub fn departments(&self) -> &[Department] {
        &self.departments
    }

    /// Majors of the taxonomy.
    #[must_use]
    pub fn taxonomy(&self) -> &[Major] {
        &self.taxonomy
    }

    /// A category of the taxonomy.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.taxonomy.iter().flat_map(|major| &major.minors).find(|minor| &*minor.code == code)
    }

    /// The choices of an item: its own, its set's, or those its type brings.
    #[must_use]
    pub fn choices<'a>(&'a self, item: &'a Item) -> &'a [Choice] {
        let set = match (&item.choice_set, item.kind) {
            (Some(name), _) => name.as_str(),
            (None, ItemType::Check) => "check4",
            (None, ItemType::Yesno) => "yesno",
            _ => return &item.choices,
        };
        self.choice_sets.get(set).map_or(&[], Vec::as_slice)
    }
}
