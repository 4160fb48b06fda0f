//! What the answers find, what they clear, and what they propose to open next.

use serde::Serialize;

use super::content::Content;
use super::reach::NOT_SEEN;
use super::session::Session;
use super::shape::{FindingRule, Item, Section, Target};
use crate::model::{Deadline, Finding, Scalar, Severity, Text, UtcMillis};

/// A further list or request form that an answer proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The item whose answer proposes it.
    pub item: String,
    /// The checklist to open, if it is one.
    pub checklist: Option<String>,
    /// The request form to open, if it is one.
    pub form: Option<String>,
    /// The chosen code it is for (a category), where each choice proposes its own.
    pub choice: Option<String>,
}

/// What to do about an imminent danger, before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionCard {
    /// The finding.
    pub finding: String,
    /// What it is.
    pub title: Text,
    /// What imminent danger means.
    pub meaning: Text,
    /// What to do at once.
    pub action: Text,
    /// The time limit.
    pub deadline: Option<Deadline>,
    /// Whether no photo may be taken: the phone is an ignition source, leave first.
    pub no_photo: bool,
    /// Posts to tell at once.
    pub notify: Vec<String>,
}

impl Session<'_> {
    /// The suspected hazards the answers of this visit show, in the order of the list.
    /// Carried answers and honest "not seen" raise nothing.
    #[must_use]
    pub fn findings(&self, now: UtcMillis) -> Vec<Finding> {
        let mut found = Vec::new();
        for (_, item) in self.content.items(self.list) {
            let Some(value) = self.seen(item) else { continue };
            for rule in item.findings.iter().filter(|r| self.raised(r, value)) {
                found.extend(self.finding(item, rule, now));
            }
        }
        found
    }

    /// The codes of findings that this visit shows to be gone, sorted: the item was looked at and the
    /// rule does not hold, or answers of this visit show that the item does not apply here any more
    /// (no gas, no stove). "Not seen", "cannot tell" and places nobody entered clear nothing.
    #[must_use]
    pub fn cleared(&self) -> Vec<String> {
        let mut clear = Vec::new();
        for (section, item) in self.content.items(self.list) {
            let seen = self.seen(item);
            let moot = seen.is_none() && self.moot(section, item);
            let gone = |r: &&FindingRule| seen.map_or(moot, |value| !self.raised(r, value));
            clear.extend(item.findings.iter().filter(gone).map(|r| r.code.clone()));
        }
        clear.sort();
        clear
    }

    /// Whether the item's own condition fails on answers of this visit alone, all of them seen.
    fn moot(&self, section: Option<&Section>, item: &Item) -> bool {
        let Some(condition) = &item.ask_if else { return false };
        let facts = self.facts(None);
        let section_stands =
            section.and_then(|s| s.ask_if.as_ref()).is_none_or(|c| c.holds(&facts));
        let mut subjects = Vec::new();
        condition.test.subjects(&self.list.derived, &mut subjects);
        let all_seen = subjects.iter().all(|id| {
            let found = self.content.item(self.list, id);
            found.is_some_and(|i| self.seen(i).is_some())
        });
        section_stands && all_seen && !condition.holds(&facts)
    }

    /// Further lists and request forms the answers of this visit propose.
    #[must_use]
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let mut out = Vec::new();
        for (_, item) in self.content.items(self.list) {
            let Some(value) = self.fresh.get(item.id.as_str()).copied() else { continue };
            for rule in item.creates.iter().filter(|c| c.when.holds(&self.facts(Some(value)))) {
                let (checklist, form) = match &rule.target {
                    Target::List(id) => (Some(id.clone()), None),
                    Target::Form(id) => (None, Some(id.clone())),
                };
                let one = Suggestion { item: item.id.clone(), checklist, form, choice: None };
                let chosen = super::condition::codes(value);
                if rule.per_choice {
                    let wanted = chosen.filter(|c| !rule.except.iter().any(|e| e == c));
                    out.extend(
                        wanted.map(|c| Suggestion { choice: Some(c.to_owned()), ..one.clone() }),
                    );
                } else if !chosen.into_iter().any(|c| rule.except.iter().any(|e| e == c)) {
                    out.push(one);
                }
            }
        }
        out
    }

    /// The fresh answer of an item, unless it says that nothing was seen.
    fn seen(&self, item: &Item) -> Option<&Scalar> {
        let value = self.fresh.get(item.id.as_str()).copied()?;
        (!value.as_str().is_some_and(|code| NOT_SEEN.contains(&code))).then_some(value)
    }

    fn raised(&self, rule: &FindingRule, value: &Scalar) -> bool {
        rule.when.holds(&self.facts(Some(value)))
    }

    fn finding(&self, item: &Item, rule: &FindingRule, now: UtcMillis) -> Option<Finding> {
        let category = self.content.words().categories.get(&rule.category)?;
        let lead = rule.lead_override.clone().unwrap_or_else(|| category.lead.clone());
        let co = category.co.iter().filter(|d| **d != lead).cloned().collect();
        Some(Finding {
            code: rule.code.clone(),
            item: item.id.clone(),
            title: rule.title.clone(),
            fix: rule.fix.clone(),
            severity: rule.severity,
            category: rule.category.clone(),
            deadline: rule.deadline,
            route: rule.route,
            lead,
            co,
            suspected_major: rule.suspected_major,
            public_area: rule.public_area,
            immediate_action: rule.immediate_action.clone(),
            list: self.list.id.clone(),
            list_version: self.list.version,
            raised_at: now,
        })
    }
}

/// The card of an S1 finding; `None` for anything less urgent.
#[must_use]
pub fn action_card(content: &Content, finding: &Finding) -> Option<ActionCard> {
    if finding.severity != Severity::S1 {
        return None;
    }
    let words = content.words().severities.iter().find(|s| s.severity == Severity::S1)?;
    let evidence = content.finding(&finding.code).map(|(_, _, rule)| rule.evidence);
    Some(ActionCard {
        finding: finding.code.clone(),
        title: finding.title.clone(),
        meaning: words.meaning.clone(),
        action: finding.immediate_action.clone()?,
        deadline: finding.deadline.or(words.default_deadline),
        no_photo: evidence == Some(super::shape::Evidence::None),
        notify: words.notify.clone(),
    })
}
