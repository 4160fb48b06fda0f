//! Somebody who answers a checklist as the day's plan says: the outcome, the findings of the given
//! gravity (by season), and otherwise what is in order. Texts as a person would type them.

use std::collections::{BTreeMap, BTreeSet};

use ironfeet_core::checklist::{
    Checklist, Choice, Content, FindingRule, Item, ItemType, Op, Question, Test,
};
use ironfeet_core::model::{PlaceKind, Scalar, Severity};
use jiff::civil::Date;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::day::{Both, PlannedVisit};
use super::rates::{Stream, season};
use super::seed::{pick, stream, weighted};

/// Answers one visit. Ask [`Answering::next`] until it has nothing more to say.
pub struct Answering<'a> {
    content: &'a Content,
    list: &'a Checklist,
    today: Date,
    rng: ChaCha8Rng,
    /// What must be answered so, by item.
    wish: BTreeMap<String, String>,
    /// Optional items that stay open.
    left: BTreeSet<String>,
}

/// Neutral remarks; nothing about people.
const REMARKS: [&str; 6] = [
    "楼道已清理，充电棚有空位",
    "灭火器压力正常",
    "已告知整改期限",
    "门口道路施工，从东侧进入",
    "与上次相比有改善",
    "已交提示单",
];

/// The checklist for a kind of place; shared areas and facilities have none, they get remarks.
#[must_use]
pub fn list_for(kind: PlaceKind) -> Option<&'static str> {
    match kind {
        PlaceKind::Dwelling => Some("household"),
        PlaceKind::SmallPremises => Some("small_premises"),
        PlaceKind::Rental => Some("rental"),
        PlaceKind::Workshop => Some("workshop"),
        PlaceKind::ConstructionSite => Some("construction"),
        PlaceKind::SharedArea | PlaceKind::PublicFacility => None,
    }
}

/// A remark to leave somewhere.
#[must_use]
pub fn remark(seed: u64, number: u64) -> &'static str {
    let remark: &&str = pick(&mut stream(seed, "remark", number), &REMARKS);
    remark
}

impl<'a> Answering<'a> {
    /// Prepares the answers of a planned visit by this checklist. `key` tells visits apart;
    /// `open` are the codes of findings still open there, most of which are gone by now; `known` are answers
    /// that follow from the place, where a finding does not want another.
    #[must_use]
    pub fn new(
        content: &'a Content,
        list: &'a Checklist,
        visit: &PlannedVisit,
        open: &[String],
        known: &[(&'static str, String)],
        (seed, day, key): (u64, Date, u64),
    ) -> Self {
        let mut answering = Self {
            content,
            list,
            today: day,
            rng: stream(seed, &format!("answers {day}"), key),
            wish: BTreeMap::new(),
            left: BTreeSet::new(),
        };
        let reason = if visit.stream == Stream::Recheck { "recheck" } else { "routine" };
        answering.wish.insert("V-01".to_owned(), reason.to_owned());
        answering.wish.insert("V-02".to_owned(), visit.outcome.code().to_owned());
        let together = visit.joint.is_some_and(|joint| joint.both == Both::Visit);
        let with = if together { "police" } else { "alone" };
        answering.wish.insert("V-04".to_owned(), with.to_owned());
        for severity in &visit.findings {
            answering.wish_finding(*severity, seed);
        }
        for code in open {
            // One in fourteen comes back (recurrence 7 per cent).
            if let Some((item, rule)) = list.finding(code)
                && answering.rng.random_bool(0.07)
            {
                answering.wish_rule(item, rule);
            }
        }
        for (item, text) in known {
            answering.wish.entry((*item).to_owned()).or_insert_with(|| text.clone());
        }
        answering
    }

    /// Chooses a finding of this gravity, or the nearest one that the list has.
    fn wish_finding(&mut self, severity: Severity, seed: u64) {
        let order = match severity {
            Severity::S1 => [Severity::S1, Severity::S2, Severity::S3, Severity::S4],
            Severity::S2 => [Severity::S2, Severity::S3, Severity::S1, Severity::S4],
            Severity::S3 => [Severity::S3, Severity::S2, Severity::S4, Severity::S1],
            Severity::S4 => [Severity::S4, Severity::S3, Severity::S2, Severity::S1],
        };
        let list = self.list;
        for wanted in order {
            let rules: Vec<(&Item, &FindingRule)> = list
                .items()
                .flat_map(|(_, item)| item.findings.iter().map(move |rule| (item, rule)))
                .filter(|(item, rule)| {
                    rule.severity == wanted && !self.wish.contains_key(&*item.id)
                })
                .collect();
            let weights: Vec<f64> =
                rules.iter().map(|(_, rule)| season(seed, &rule.category, self.today)).collect();
            if let Some(i) = weighted(&mut self.rng, &weights) {
                self.wish_rule(rules[i].0, rules[i].1);
                return;
            }
        }
    }

    /// Wants a rule to hold, and its item to be asked.
    fn wish_rule(&mut self, item: &Item, rule: &FindingRule) {
        self.want(&rule.when.test, &item.id);
        self.want_asked(item);
    }

    fn want_asked(&mut self, item: &Item) {
        if let Some(condition) = &item.ask_if {
            self.want(&condition.test, &item.id);
        }
        let section = self.list.items().find(|(_, i)| i.id == item.id).map(|(section, _)| section);
        if let Some(condition) = section.and_then(|s| s.ask_if.as_ref()) {
            self.want(&condition.test, &item.id);
        }
    }

    /// Notes answers under which the condition holds; the first branch of a choice is taken.
    fn want(&mut self, condition: &Test, own: &str) {
        match condition {
            Test::All(branches) => branches.iter().for_each(|c| self.want(c, own)),
            Test::Any(branches) => branches.iter().take(1).for_each(|c| self.want(c, own)),
            Test::Derived(id, true) => {
                let list = self.list;
                if let Some(derived) = list.derived.iter().find(|d| *d.id == **id) {
                    self.want(&derived.expr.test, own);
                }
            }
            Test::Not(_) | Test::Derived(_, false) => {}
            Test::Answer(other, op) => {
                let item = other.as_deref().unwrap_or(own).to_owned();
                let text = match op {
                    Op::Eq(_) | Op::In(_) | Op::Contains(_) | Op::ContainsAny(_) => {
                        op.codes().first().map(|code| (*code).to_owned())
                    }
                    Op::Gt(n) | Op::Gte(n) => Some(format!("{}", n.ceil() + 1.0)),
                    Op::Lt(n) | Op::Lte(n) => Some(format!("{}", n.floor() - 1.0)),
                    Op::OlderThanDays(days) => Some(self.days_ago(i64::from(*days) + 90)),
                    _ => None,
                };
                let Some(text) = text else { return };
                let asks = !self.wish.contains_key(&item) && item != own;
                let content = self.content;
                let list = self.list;
                let found = list.items().map(|(_, i)| i).find(|i| *i.id == *item);
                self.add_wish(content, found, item, text);
                if let Some(found) = found.filter(|_| asks) {
                    self.want_asked(found);
                }
            }
        }
    }

    /// Sets grow by another code; anything else keeps the first wish.
    fn add_wish(&mut self, content: &Content, found: Option<&Item>, item: String, text: String) {
        let alone = |code: &str| {
            found.is_some_and(|i| content.choices(i).iter().any(|c| c.excl && c.code == code))
        };
        match self.wish.get_mut(&item) {
            Some(codes) if found.is_some_and(|i| i.kind == ItemType::Multi) => {
                if !codes.split(',').any(|c| c == text || alone(c)) && !alone(&text) {
                    codes.push(',');
                    codes.push_str(&text);
                }
            }
            Some(_) => {}
            None => {
                self.wish.insert(item, text);
            }
        }
    }

    fn days_ago(&self, days: i64) -> String {
        self.today.saturating_sub(jiff::Span::new().days(days.clamp(0, 20_000))).to_string()
    }

    /// The next item to answer, with the text; `None` when the visit can be finished.
    pub fn next(&mut self, questions: &[Question]) -> Option<(String, String)> {
        for question in questions.iter().filter(|q| q.answer.is_none()) {
            if self.left.contains(&question.item) {
                continue;
            }
            if let Some(text) = self.text(question) {
                return Some((question.item.clone(), text));
            }
            self.left.insert(question.item.clone());
        }
        None
    }

    /// After a refusal: leaves the item out if it may be left, or tries a middling number.
    pub fn refused(&mut self, question: &Question) -> Option<String> {
        self.wish.remove(&question.item);
        match question.kind {
            ItemType::Int | ItemType::Decimal if question.required => {
                Some(self.rng.random_range(1..30).to_string())
            }
            _ => {
                self.left.insert(question.item.clone());
                None
            }
        }
    }

    fn text(&mut self, question: &Question) -> Option<String> {
        if let Some(text) = self.wish.get(&question.item) {
            return Some(text.clone());
        }
        if !question.required && !self.rng.random_bool(0.3) {
            return None;
        }
        let list = self.list;
        let content = self.content;
        let common = content.common_items().iter();
        let item = list.items().map(|(_, i)| i).chain(common).find(|i| *i.id == *question.item)?;
        match question.kind {
            ItemType::Check => {
                let codes = [("ok", 96.0), ("na", 2.0), ("unseen", 2.0)];
                let weights = codes.map(|(_, w)| w);
                weighted(&mut self.rng, &weights).map(|i| codes[i].0.to_owned())
            }
            ItemType::Yesno | ItemType::Single | ItemType::Multi => self.harmless(item),
            ItemType::Int => Some(self.number(item).to_string()),
            ItemType::Decimal => Some(format!("{}.5", self.number(item))),
            ItemType::Date => {
                let days = self.rng.random_range(1..300);
                Some(self.days_ago(days))
            }
            ItemType::Text => Some((*pick(&mut self.rng, &REMARKS)).to_owned()),
            ItemType::Notice => Some("yes".to_owned()),
            ItemType::Category | ItemType::Contact => None,
        }
    }

    /// A choice under which no rule of the item holds, if there is one.
    fn harmless(&mut self, item: &Item) -> Option<String> {
        let today = self.today;
        let raises = |choice: &Choice| {
            let value = Scalar::from(choice.code.as_str());
            item.findings.iter().any(|rule| {
                let tests = rule.when.test.tests(&item.id);
                tests.iter().any(|(id, op)| **id == *item.id && op.holds(&value, today))
            })
        };
        let choices = self.content.choices(item);
        let good: Vec<&Choice> = choices.iter().filter(|c| !raises(c)).collect();
        if good.is_empty() {
            return choices.first().map(|c| c.code.clone());
        }
        Some(pick(&mut self.rng, &good).code.clone())
    }

    /// Small numbers, as most are.
    fn number(&mut self, item: &Item) -> i64 {
        let least = item.min.unwrap_or(0.0).ceil() as i64;
        let most = (item.max.unwrap_or(1e6).floor() as i64).min(least + 40);
        least + self.rng.random_range(0..=(most - least).clamp(0, 3))
    }
}
