//! A visit in progress: which questions are asked now, what an answer does, what is missing.
//!
//! Pure: made anew from the list, the answers and the context whenever
//! one of them changes. The same answers give the same result in whatever order they came.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::answer::{self, AnswerError};
use super::condition::{Condition, Facts};
use super::content::Content;
use super::revisit;
use super::shape::{Checklist, Choice, Item, ItemType, Section};
use crate::model::{Carried, Scalar, Text};

/// What a visit knows besides its own answers.
#[derive(Clone, Copy, Debug)]
pub struct VisitContext<'a> {
    /// Ask only the quick items and those of open findings.
    pub quick: bool,
    /// Codes of the findings that are still open at the place.
    pub open_findings: &'a [String],
    /// Answers of the last visit, by item id. They count in a quick visit and are shown in a full one.
    pub carried: &'a BTreeMap<String, Carried>,
    /// The day of the visit, in the place's own time.
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

/// A question as a screen shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// The item.
    pub item: String,
    /// Heading of its section; none for the items that open every visit.
    pub section: Option<Text>,
    /// Type of the answer.
    #[serde(rename = "type")]
    pub kind: ItemType,
    /// The question.
    pub question: Text,
    /// How to answer it.
    pub hint: Option<Text>,
    /// What may be chosen; empty for numbers, days and texts.
    pub choices: Vec<QuestionChoice>,
    /// Whether the visit cannot finish without it.
    pub required: bool,
    /// Unit of a number, such as `m2`.
    pub unit: Option<String>,
    /// Least number.
    pub min: Option<f64>,
    /// Greatest number.
    pub max: Option<f64>,
    /// The answer of this visit.
    pub answer: Option<Scalar>,
    /// The answer of the last visit with its date.
    pub carried: Option<Carried>,
}

/// What an accepted answer changes.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerEffect {
    /// The item and its new value.
    pub put: (String, Scalar),
    /// Items whose answers must go because the answers now skip them, in the order of the list.
    pub remove: Vec<String>,
}

/// How one item stands in the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Its conditions hold.
    pub(super) applies: bool,
    /// It is put to the worker in this visit.
    pub(super) asked: bool,
}

/// A checklist with answers.
#[derive(Debug)]
pub struct Session<'a> {
    pub(super) content: &'a Content,
    pub(super) list: &'a Checklist,
    /// Every answer stored with the visit, whether it counts or not.
    given: &'a BTreeMap<String, Scalar>,
    ctx: VisitContext<'a>,
    /// Answers of this visit that count.
    pub(super) fresh: BTreeMap<&'a str, &'a Scalar>,
    /// Everything conditions may look at: fresh, and carried in a quick visit.
    values: BTreeMap<&'a str, &'a Scalar>,
    standing: Vec<Standing>,
}

impl<'a> Session<'a> {
    /// Works out where a visit stands. Answers to skipped items and values that no
    /// longer fit their item (an older list, another phone) do not count.
    #[must_use]
    pub fn new(
        content: &'a Content,
        list: &'a Checklist,
        answers: &'a BTreeMap<String, Scalar>,
        ctx: VisitContext<'a>,
    ) -> Self {
        let mut session = Self {
            content,
            list,
            given: answers,
            ctx,
            fresh: BTreeMap::new(),
            values: BTreeMap::new(),
            standing: Vec::new(),
        };
        session.work_out();
        session
    }

    fn work_out(&mut self) {
        let (content, list) = (self.content, self.list);
        let again: BTreeSet<&str> = if self.ctx.quick {
            revisit::asked_again(content, list, self.ctx.open_findings)
        } else {
            BTreeSet::new()
        };
        let gates =
            if self.ctx.quick { revisit::gates(content, list, &again) } else { BTreeSet::new() };
        for (section, item) in content.items(list) {
            let applies = self.applies(section, item);
            let own = self.given.get(&item.id).filter(|v| applies && answer::fits(item, v));
            let carried = self.carried(section, item).filter(|_| applies && self.ctx.quick);
            let asked = applies
                && item.kind != ItemType::Contact
                && (!self.ctx.quick
                    || section.is_none()
                    || again.contains(item.id.as_str())
                    || own.is_some()
                    || (carried.is_none() && gates.contains(item.id.as_str())));
            if let Some(own) = own {
                self.fresh.insert(&item.id, own);
            }
            if let Some(value) = own.or(carried.map(|c| &c.value)) {
                self.values.insert(&item.id, value);
            }
            self.standing.push(Standing { applies, asked });
        }
    }

    /// The last visit's answer; the common items belong to one visit and are never carried.
    fn carried(&self, section: Option<&Section>, item: &Item) -> Option<&'a Carried> {
        let carried = self.ctx.carried.get(&item.id).filter(|_| section.is_some())?;
        answer::fits(item, &carried.value).then_some(carried)
    }

    fn applies(&self, section: Option<&Section>, item: &Item) -> bool {
        let facts = self.facts(None);
        let holds = |c: Option<&Condition>| c.is_none_or(|c| c.holds(&facts));
        holds(section.and_then(|s| s.ask_if.as_ref())) && holds(item.ask_if.as_ref())
    }

    pub(super) fn facts<'b>(&'b self, own: Option<&'b Scalar>) -> Facts<'b> {
        Facts { answers: &self.values, own, derived: &self.list.derived, today: self.ctx.today }
    }

    fn standing(&self) -> impl Iterator<Item = (Option<&'a Section>, &'a Item, Standing)> {
        let (content, list) = (self.content, self.list);
        content.items(list).zip(&self.standing).map(|((section, item), s)| (section, item, *s))
    }

    /// The questions asked now, in order; each with its answer, or the last visit's and its date.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let asked = self.standing().filter(|(_, _, s)| s.asked);
        asked.map(|(section, item, _)| self.question(section, item)).collect()
    }

    /// The items asked now, in order, without their texts being copied.
    pub fn asked_items(&self) -> impl Iterator<Item = &'a Item> {
        self.standing().filter(|(_, _, s)| s.asked).map(|(_, item, _)| item)
    }

    /// In a quick visit: what is not asked again, with the last answer and its date.
    /// The worker may still answer any of it where the place has changed.
    #[must_use]
    pub fn carried_over(&self) -> Vec<Question> {
        let kept = self.standing().filter(|(_, item, s)| {
            s.applies && !s.asked && self.values.contains_key(item.id.as_str())
        });
        kept.map(|(section, item, _)| self.question(section, item)).collect()
    }

    fn question(&self, section: Option<&Section>, item: &Item) -> Question {
        let choice = |c: &Choice| QuestionChoice {
            code: c.code.clone(),
            text: c.label.clone(),
            excl: c.excl,
        };
        Question {
            item: item.id.clone(),
            section: section.map(|s| s.title.clone()),
            kind: item.kind,
            question: item.question.clone(),
            hint: item.hint.clone(),
            choices: item.choices.iter().map(choice).collect(),
            required: item.required,
            unit: item.unit.clone(),
            min: item.min,
            max: item.max,
            answer: self.fresh.get(item.id.as_str()).map(|v| (*v).clone()),
            carried: self.carried(section, item).cloned(),
        }
    }

    /// Checks an answer and tells what it changes. The stored forms: choices by their
    /// code; sets as sorted codes joined by commas; whole numbers, numbers; days `YYYY-MM-DD`;
    /// texts as they are; a notice `true`. Contacts are kept in the vault and never asked here. Codes and labels
    /// of either language are understood, full-width characters too.
    ///
    /// # Errors
    /// If the item is skipped now, or the answer does not suit it.
    pub fn answer(&self, item: &str, text: &str) -> Result<AnswerEffect, AnswerError> {
        let found = self.applying(item)?;
        let value = answer::parse_answer(found, text)?;
        let mut answers = self.given.clone();
        answers.insert(item.to_owned(), value.clone());
        let remove = self.skipped(&answers);
        Ok(AnswerEffect { put: (item.to_owned(), value), remove })
    }

    /// Takes an answer back: the item itself and what is skipped without it, in the order of the list.
    ///
    /// # Errors
    /// If the list has no such item.
    pub fn take_back(&self, item: &str) -> Result<Vec<String>, AnswerError> {
        if self.content.item(self.list, item).is_none() {
            return Err(AnswerError::NotAsked { item: item.to_owned() });
        }
        let mut answers = self.given.clone();
        let own = answers.remove(item).map(|_| item.to_owned());
        Ok(own.into_iter().chain(self.skipped(&answers)).collect())
    }

    fn applying(&self, id: &str) -> Result<&'a Item, AnswerError> {
        let found = self.standing().find(|(_, i, _)| i.id == id);
        // A contact is kept in the vault, not among the answers.
        let open = found.filter(|(_, i, s)| s.applies && i.kind != ItemType::Contact);
        open.map(|(_, i, _)| i).ok_or_else(|| AnswerError::NotAsked { item: id.to_owned() })
    }

    /// The answered items that these answers skip.
    fn skipped(&self, answers: &BTreeMap<String, Scalar>) -> Vec<String> {
        Session::new(self.content, self.list, answers, self.ctx).stray()
    }

    /// Stored answers that must go because the others skip them (for instance after a merge), in the
    /// order of the list. Answers to items this list does not know stay: a newer list may.
    #[must_use]
    pub fn stray(&self) -> Vec<String> {
        let skipped = self.standing().filter(|(_, i, s)| {
            (!s.applies || i.kind == ItemType::Contact) && self.given.contains_key(&i.id)
        });
        skipped.map(|(_, item, _)| item.id.clone()).collect()
    }

    /// The required questions that are asked and not yet answered, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let open = self.standing().filter(|(_, item, s)| {
            s.asked && item.required && !self.fresh.contains_key(item.id.as_str())
        });
        open.map(|(_, item, _)| item.id.clone()).collect()
    }
}

/// A stored value in words: labels of choices, numbers with their unit.
#[must_use]
pub fn value_words(item: &Item, value: &Scalar) -> Text {
    let plain = match value {
        Scalar::Null => String::new(),
        Scalar::Bool(yes) => {
            return if *yes {
                Text { zh: "是".into(), en: "yes".into() }
            } else {
                Text { zh: "否".into(), en: "no".into() }
            };
        }
        Scalar::Int(n) => with_unit(item, n),
        Scalar::Float(n) => with_unit(item, n),
        Scalar::Str(text) => {
            let chosen: Vec<&Choice> =
                super::condition::codes(value).filter_map(|c| item.choice(c)).collect();
            if !chosen.is_empty() {
                let zh: Vec<_> = chosen.iter().map(|c| c.label.zh.as_str()).collect();
                let en: Vec<_> = chosen.iter().map(|c| c.label.en.as_str()).collect();
                return Text { zh: zh.join("；"), en: en.join("; ") };
            }
            text.clone()
        }
    };
    Text { zh: plain.clone(), en: plain }
}

fn with_unit(item: &Item, n: impl std::fmt::Display) -> String {
    match item.unit.as_deref() {
        None | Some("count") => n.to_string(),
        Some("m2") => format!("{n} m²"),
        Some(unit) => format!("{n} {unit}"),
    }
}
