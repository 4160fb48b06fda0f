//! The questions asked now, in the person's language.

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::words::{Lang, mirror_enum, shown};

mirror_enum!(
    /// What kind of answer a question takes; choose the control by it.
    AnswerKind of phone::ItemType {
        /// One of four: ok, hazard, na, unseen.
        Check,
        /// Yes or no.
        Yesno,
        /// One of the choices.
        Single,
        /// Some of the choices, codes separated by commas.
        Multi,
        /// A whole number.
        Int,
        /// A number.
        Decimal,
        /// A date, `YYYY-MM-DD`.
        Date,
        /// Free text without numbers of people.
        Text,
        /// A contact; never asked while there is no vault.
        Contact,
        /// The worker confirms that the notice was given: answer `yes`.
        Notice,
        /// A category of the taxonomy.
        Category,
    }
);

/// A choice of a question.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Choice {
    /// Code to answer with.
    pub code: String,
    /// What it says.
    pub text: String,
    /// Whether it stands alone: choosing it clears the others of a set.
    pub alone: bool,
}

impl Choice {
    fn told(choice: phone::QuestionChoice, lang: Lang) -> Self {
        let phone::QuestionChoice { code, text, excl } = choice;
        Self { code, text: text.get(lang.into()).to_owned(), alone: excl }
    }
}

/// The answer of the last visit, shown but not re-entered.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Carried {
    /// The value, as `Question.answer`.
    pub value: String,
    /// When it was given, ms since 1970.
    pub at: i64,
}

impl From<model::Carried> for Carried {
    fn from(carried: model::Carried) -> Self {
        let model::Carried { value, at } = carried;
        Self { value: shown(value), at: at.0 }
    }
}

/// A question that is asked now.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Question {
    /// Item id, such as `HH-A3`: answer with it.
    pub item: String,
    /// Title of its section; absent for the questions that open every visit.
    pub section: Option<String>,
    /// What kind of answer it takes.
    pub kind: AnswerKind,
    /// The question.
    pub question: String,
    /// A hint to show under it.
    pub hint: Option<String>,
    /// The choices; empty for numbers, dates and text.
    pub choices: Vec<Choice>,
    /// Whether the visit cannot be finished without it.
    pub required: bool,
    /// Unit of a number, such as `m2`.
    pub unit: Option<String>,
    /// The least number that fits.
    pub min: Option<f64>,
    /// The greatest number that fits.
    pub max: Option<f64>,
    /// The answer given in this visit.
    pub answer: Option<String>,
    /// The answer of the last visit.
    pub carried: Option<Carried>,
}

impl Question {
    /// In a language.
    pub(crate) fn told(asked: phone::Question, lang: Lang) -> Self {
        let phone::Question {
            item,
            section,
            kind,
            question,
            hint,
            choices,
            required,
            unit,
            min,
            max,
            answer,
            carried,
        } = asked;
        let text = |text: model::Text| text.get(lang.into()).to_owned();
        Self {
            item,
            section: section.map(text),
            kind: kind.into(),
            question: text(question),
            hint: hint.map(text),
            choices: choices.into_iter().map(|c| Choice::told(c, lang)).collect(),
            required,
            unit,
            min,
            max,
            answer: answer.map(shown),
            carried: carried.map(Into::into),
        }
    }
}
