//! A checklist being answered: what is asked now, what an answer changes, what was found.
//!
//! Everything is computed from the answers, never from the order they came in.
//! Conditions only look back (checked at loading), so one pass decides what is asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::model::{Carried, Finding, PersonalMark, Scalar, Text, UtcMillis};

use super::content::{Checklist, Content, Creates, FindingRule, Item, ItemType, Section};
use super::{finding, parse};

/// What a visit knows beside its answers.
#[derive(Clone, Copy, Debug)]
pub struct VisitContext<'a> {
    /// Quick re-visit: only quick items and items of open findings are asked.
    pub quick: bool,
    /// Codes of findings still open at the place from this list.
    pub open_findings: &'a [String],
    /// Answers carried over, by item.
    pub carried: &'a BTreeMap<String, Carried>,
    /// Today where the visit is made.
    pub today: Date,
}

/// A choice as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuestionChoice {
    /// Code to answer with.
    pub code: String,
    /// What it says.
    pub text: Text,
    /// Whether it stands alone in a set.
    pub excl: bool,
}

/// An item that is asked now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// Item id.
    pub item: String,
    /// Section title; none for the items that open every visit.
    pub section: Option<Text>,
    /// Type of the answer.
    #[serde(rename = "type")]
    pub kind: ItemType,
    /// The question.
    pub question: Text,
    /// A hint.
    pub hint: Option<Text>,
    /// Choices, empty for numbers, dates and text.
    pub choices: Vec<QuestionChoice>,
    /// Whether the visit cannot end without it.
    pub required: bool,
    /// The answer given in this visit.
    pub answer: Option<Scalar>,
    /// The answer of the last visit with its date.
    pub carried: Option<Carried>,
}

/// What an answer changes: one value to put, and the answers that skip logic now hides.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerEffect {
    /// Item and its value.
    pub put: (String, Scalar),
    /// Items whose answers are removed because they are not asked any more.
    pub remove: Vec<String>,
}

/// Why an answer is not taken. Holds no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// The list has no such item, or the item is not asked now.
    #[error("{item} is not asked in this visit now")]
    NotAsked {
        /// The item.
        item: String,
    },
    /// The value does not fit.
    #[error("{item}: expected {}", expected.en)]
    Invalid {
        /// The item.
        item: String,
        /// What would fit, in both languages.
        expected: Text,
    },
    /// The text looks as if it held a phone or identity number; take it out and try again.
    #[error("{item}: the text seems to hold a personal number; take it out")]
    Personal {
        /// The item.
        item: String,
        /// Where.
        marks: Vec<PersonalMark>,
    },
}

/// A list to visit with or a form to fill in, suggested by an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The item whose answer suggests it.
    pub item: String,
    /// A checklist.
    pub checklist: Option<String>,
    /// A request form.
    pub form: Option<String>,
    /// The choice it is about, where each choice opens one.
    pub choice: Option<String>,
}

/// A checklist with answers.
pub struct Session<'a> {
    content: &'a Content,
    list: &'a Checklist,
    context: VisitContext<'a>,
    answers: &'a BTreeMap<String, Scalar>,
}

/// What one pass over the items decides.
struct Pass<'a> {
    /// Asked now, in order, with their sections.
    asked: Vec<(Option<&'a Section>, &'a Item)>,
    /// Asked if this were a full visit: what skip logic lets stand.
    standing: BTreeSet<&'a str>,
    /// Items hidden by their own condition while their section stands.
    moot: BTreeSet<&'a str>,
    /// Answers that conditions may look at.
    visible: BTreeMap<&'a str, &'a Scalar>,
}

impl<'a> Session<'a> {
    /// A session over answers by item id.
    #[must_use]
    pub fn new(
        content: &'a Content,
        list: &'a Checklist,
        answers: &'a BTreeMap<String, Scalar>,
        context: VisitContext<'a>,
    ) -> Self {
        Self { content, list, context, answers }
    }

    fn items(&self) -> impl Iterator<Item = (Option<&'a Section>, &'a Item)> {
        let common = self.content.common_items().iter().map(|item| (None, item));
        common.chain(self.list.items().map(|(section, item)| (Some(section), item)))
    }

    /// On a quick re-visit, the items that are asked again.
    fn is_quick(&self, item: &Item) -> bool {
        let listed = self.list.quick_items.iter().any(|id| **id == *item.id);
        let open = || {
            item.findings.iter().any(|f| self.context.open_findings.iter().any(|c| **c == *f.code))
        };
        // What was never answered cannot be carried over.
        listed || open() || !self.context.carried.contains_key(&*item.id) && item.required
    }

    fn pass(&self, answers: &'a BTreeMap<String, Scalar>) -> Pass<'a> {
        let mut pass = Pass {
            asked: Vec::new(),
            standing: BTreeSet::new(),
            moot: BTreeSet::new(),
            visible: BTreeMap::new(),
        };
        for (section, item) in self.items() {
            if item.kind == ItemType::Contact || !self.section_stands(section, &pass) {
                continue;
            }
            let id: &'a str = &item.id;
            if !item.ask_if.as_ref().is_none_or(|c| self.holds(c, id, &pass)) {
                pass.moot.insert(id);
                continue;
            }
            pass.standing.insert(id);
            let asked = section.is_none() || !self.context.quick || self.is_quick(item);
            let value = if asked {
                answers.get(id)
            } else {
                self.context.carried.get(id).map(|c| &c.value)
            };
            if asked {
                pass.asked.push((section, item));
            }
            if let Some(value) = value {
                pass.visible.insert(id, value);
            }
        }
        pass
    }

    fn section_stands(&self, section: Option<&Section>, pass: &Pass<'a>) -> bool {
        section.and_then(|s| s.ask_if.as_ref()).is_none_or(|c| self.holds(c, "", pass))
    }

    fn holds(&self, condition: &super::Condition, own: &str, pass: &Pass<'a>) -> bool {
        let answer = |id: &str| pass.visible.get(id).copied();
        condition.holds(own, self.context.today, &answer, &|id| self.derived(id, pass))
    }

    fn derived(&self, id: &str, pass: &Pass<'a>) -> bool {
        let answer = |id: &str| pass.visible.get(id).copied();
        self.list
            .derived
            .iter()
            .find(|d| &*d.id == id)
            .is_some_and(|d| d.expr.holds("", self.context.today, &answer, &|_| false))
    }

    /// The items asked now, in order.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        self.pass(self.answers)
            .asked
            .into_iter()
            .map(|(section, item)| self.question(section, item))
            .collect()
    }

    fn question(&self, section: Option<&Section>, item: &Item) -> Question {
        let choice = |c: &super::Choice| QuestionChoice {
            code: c.code.clone(),
            text: Text { zh: c.zh.clone(), en: c.en.clone() },
            excl: c.excl,
        };
        Question {
            item: item.id.to_string(),
            section: section.map(|s| s.title.clone()),
            kind: item.kind,
            question: item.q.clone(),
            hint: item.hint.clone(),
            choices: self.content.choices(item).iter().map(choice).collect(),
            required: item.required,
            answer: self.answers.get(&*item.id).cloned(),
            carried: self.context.carried.get(&*item.id).cloned(),
        }
    }

    /// Takes an answer as a person typed it.
    ///
    /// # Errors
    /// When the item is not asked now, the value does not fit, or a text holds a personal number.
    pub fn answer(&self, item: &str, text: &str) -> Result<AnswerEffect, AnswerError> {
        let asked = self.pass(self.answers).asked;
        let (_, asked_item) = asked
            .into_iter()
            .find(|(_, i)| &*i.id == item)
            .ok_or_else(|| AnswerError::NotAsked { item: item.to_owned() })?;
        let value = parse::parse(self.content, asked_item, text)?;
        let mut answers = self.answers.clone();
        answers.insert(item.to_owned(), value.clone());
        let remove = self.hidden(&answers);
        Ok(AnswerEffect { put: (item.to_owned(), value), remove })
    }

    /// Answers of items that are not asked: skip logic removes them.
    fn hidden(&self, answers: &BTreeMap<String, Scalar>) -> Vec<String> {
        let session =
            Session { content: self.content, list: self.list, context: self.context, answers };
        let pass = session.pass(answers);
        let asked: BTreeSet<&str> = pass.asked.iter().map(|(_, i)| &*i.id).collect();
        answers.keys().filter(|id| !asked.contains(id.as_str())).cloned().collect()
    }

    /// Answers that should not be there: hidden by skip logic, for instance after a merge.
    #[must_use]
    pub fn stray(&self) -> Vec<String> {
        self.hidden(self.answers)
    }

    /// Required items that are asked and not answered.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let open = |item: &Item| item.required && !self.answers.contains_key(&*item.id);
        let asked = self.pass(self.answers).asked;
        asked.into_iter().filter(|(_, i)| open(i)).map(|(_, i)| i.id.to_string()).collect()
    }

    /// The rules of items answered now, each with whether it is raised.
    fn rules(&self) -> Vec<(&'a Item, &'a FindingRule, bool)> {
        let pass = self.pass(self.answers);
        let mut rules = Vec::new();
        for (_, item) in &pass.asked {
            let Some(answer) = self.answers.get(&*item.id) else { continue };
            let unseen = answer.as_str() == Some("unseen");
            for rule in item.findings.iter().filter(|_| !unseen) {
                rules.push((*item, rule, self.holds(&rule.when, &item.id, &pass)));
            }
        }
        rules
    }

    /// What the answers find, in the order of the list. `now` is when it is raised.
    #[must_use]
    pub fn findings(&self, now: UtcMillis) -> Vec<Finding> {
        let raised = self.rules().into_iter().filter(|(_, _, raised)| *raised);
        raised
            .map(|(item, rule, _)| finding::raise(self.content, self.list, item, rule, now))
            .collect()
    }

    /// Codes of findings that this visit shows to be gone: the item was looked at and the rule does
    /// not hold, or the item does not apply here any more.
    #[must_use]
    pub fn cleared(&self) -> Vec<String> {
        let mut cleared: Vec<String> = self
            .rules()
            .into_iter()
            .filter(|(_, _, raised)| !raised)
            .map(|(_, rule, _)| rule.code.to_string())
            .collect();
        let moot = self.pass(self.answers).moot;
        for (_, item) in self.list.items().filter(|(_, item)| moot.contains(&*item.id)) {
            cleared.extend(item.findings.iter().map(|rule| rule.code.to_string()));
        }
        cleared.sort();
        cleared
    }

    /// What could be opened next, by the answers.
    #[must_use]
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let pass = self.pass(self.answers);
        let mut found = Vec::new();
        for (_, item) in &pass.asked {
            for creates in item.creates.iter().filter(|c| self.holds(&c.when, &item.id, &pass)) {
                found.extend(self.suggest(item, creates));
            }
        }
        found
    }

    fn suggest(&self, item: &Item, creates: &Creates) -> Vec<Suggestion> {
        let one = |choice: Option<String>| Suggestion {
            item: item.id.to_string(),
            checklist: creates.checklist.clone(),
            form: creates.form.clone(),
            choice,
        };
        let codes = self.answers.get(&*item.id).and_then(Scalar::as_str).unwrap_or_default();
        let wanted: Vec<&str> =
            codes.split(',').filter(|c| !creates.except.iter().any(|e| e == c)).collect();
        match (creates.per_choice, wanted.is_empty()) {
            (_, true) => Vec::new(),
            (true, false) => wanted.into_iter().map(|c| one(Some(c.to_owned()))).collect(),
            (false, false) => vec![one(None)],
        }
    }
}
