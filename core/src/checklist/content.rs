//! Everything a city asks: the lists, the forms and the words they share, as one version.

use std::sync::LazyLock;

use super::error::ContentErrors;
use super::load;
use super::shape::{
    Category, Checklist, Choice, FindingRule, Item, RequestForm, Section, SubjectType, Words,
};
use crate::model::PlaceKind;

/// The checklists that come with the app.
pub const DEFAULT_YAML: &str = include_str!("../../content/checklists.yaml");

static DEFAULT: LazyLock<Content> = LazyLock::new(|| {
    Content::load(DEFAULT_YAML).expect("the default content is loaded by a test of this room")
});

/// A loaded and checked checklist file.
#[derive(Clone, Debug)]
pub struct Content {
    pub(super) version: String,
    pub(super) words: Words,
    pub(super) common: Vec<Item>,
    pub(super) lists: Vec<Checklist>,
    pub(super) forms: Vec<RequestForm>,
}

impl Content {
    /// Reads and checks a checklist file.
    ///
    /// # Errors
    /// Everything that is wrong, each with list, item, line and remedy. A misshapen
    /// file (unknown key, wrong type) tells its first error only.
    pub fn load(yaml: &str) -> Result<Self, ContentErrors> {
        load::load(yaml)
    }

    /// The content that comes with the product, loaded once.
    #[must_use]
    pub fn default_content() -> Self {
        DEFAULT.clone()
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_default() -> &'static Self {
        &DEFAULT
    }

    /// The version of the content, such as `2026.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A list by its identity.
    #[must_use]
    pub fn list(&self, id: &str) -> Option<&Checklist> {
        self.lists.iter().find(|l| l.id == id)
    }

    /// Every list, in the order of the file.
    #[must_use]
    pub fn lists(&self) -> &[Checklist] {
        &self.lists
    }

    /// The lists for a kind of place, the best fitting first; none for facilities and shared areas.
    #[must_use]
    pub fn lists_for(&self, kind: PlaceKind) -> Vec<&Checklist> {
        let subject = match kind {
            PlaceKind::Dwelling => SubjectType::Dwelling,
            PlaceKind::SmallPremises | PlaceKind::Workshop => SubjectType::Premises,
            PlaceKind::Rental => SubjectType::RentalBuilding,
            PlaceKind::ConstructionSite => SubjectType::Site,
            PlaceKind::PublicFacility | PlaceKind::SharedArea => return Vec::new(),
        };
        let mut lists: Vec<_> = self.lists.iter().filter(|l| l.subject_type == subject).collect();
        lists.sort_by_key(|l| l.id != kind.as_str());
        lists
    }

    /// The items asked first in every list.
    #[must_use]
    pub fn common_items(&self) -> &[Item] {
        &self.common
    }

    /// The request forms.
    #[must_use]
    pub fn forms(&self) -> &[RequestForm] {
        &self.forms
    }

    /// A request form by its identity.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&RequestForm> {
        self.forms.iter().find(|f| f.id == id)
    }

    /// Severities, clocks, departments, categories and sources.
    #[must_use]
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The items of a visit in the order they are asked: common ones (without a section), then the list's.
    pub fn items<'a>(
        &'a self,
        list: &'a Checklist,
    ) -> impl Iterator<Item = (Option<&'a Section>, &'a Item)> {
        let common = self.common.iter().map(|i| (None, i));
        common.chain(list.items().map(|(s, i)| (Some(s), i)))
    }

    /// The choices of an item; empty where its type has none.
    #[must_use]
    pub fn choices<'a>(&self, item: &'a Item) -> &'a [Choice] {
        &item.choices
    }

    /// A category of the taxonomy.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.words.categories.get(code)
    }

    /// An item of a visit by its identity.
    #[must_use]
    pub fn item<'a>(&'a self, list: &'a Checklist, id: &str) -> Option<&'a Item> {
        self.items(list).map(|(_, i)| i).find(|i| i.id == id)
    }

    /// The list, item and rule behind a finding code, whatever the list.
    #[must_use]
    pub fn finding(&self, code: &str) -> Option<(&Checklist, &Item, &FindingRule)> {
        self.lists.iter().find_map(|l| l.finding(code).map(|(item, rule)| (l, item, rule)))
    }
}
