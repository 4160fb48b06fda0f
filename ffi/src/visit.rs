//! Visits as screens show them.
//!
//! Mirrors of `core::phone`'s rows and views.

use std::collections::BTreeMap;

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::conflict::{self, Conflict};
use crate::finding::Finding;
use crate::photo::{PhotoReason, PhotoRef};
use crate::question::Carried;
use crate::remark::Remark;
use crate::words::{Lang, Role, shown};

/// A checklist that may be taken to a place.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ChecklistRow {
    /// Its id, such as `household`: begin a visit with it.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it is called.
    pub title: String,
    /// Minutes it takes as a rule.
    pub minutes: u32,
}

impl ChecklistRow {
    /// In a language.
    pub(crate) fn told(row: phone::ChecklistRow, lang: Lang) -> Self {
        let phone::ChecklistRow { id, version, title, est_minutes } = row;
        Self { id, version, title: title.get(lang.into()).to_owned(), minutes: est_minutes }
    }
}

/// A visit as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VisitRow {
    /// Its id.
    pub id: String,
    /// The place.
    pub place: String,
    /// The checklist.
    pub list: String,
    /// Whether it is a quick re-visit.
    pub quick: bool,
    /// Whether it is finished; a draft otherwise.
    pub finished: bool,
    /// When it began, ms since 1970.
    pub started_at: i64,
    /// When it was finished, ms since 1970.
    pub finished_at: Option<i64>,
    /// How many answers it holds.
    pub answered: i64,
}

impl From<phone::VisitRow> for VisitRow {
    fn from(row: phone::VisitRow) -> Self {
        let phone::VisitRow { id, place, list, quick, status, started_at, finished_at, answered } =
            row;
        Self {
            id: id.to_string(),
            place: place.to_string(),
            list,
            quick,
            finished: status == "finished",
            started_at: started_at.0,
            finished_at: finished_at.map(|at| at.0),
            answered,
        }
    }
}

/// An answer of a visit.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Answer {
    /// The item.
    pub item: String,
    /// The value, as a person would type it.
    pub value: String,
}

/// An answer carried over from the last visit.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CarriedAnswer {
    /// The item.
    pub item: String,
    /// The value and its date.
    pub answer: Carried,
}

/// A list to take next or a form to fill in, suggested by an answer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Suggestion {
    /// The item whose answer suggests it.
    pub item: String,
    /// A checklist.
    pub checklist: Option<String>,
    /// A request form.
    pub form: Option<String>,
    /// The choice it is about.
    pub choice: Option<String>,
}

impl From<phone::Suggestion> for Suggestion {
    fn from(suggestion: phone::Suggestion) -> Self {
        let phone::Suggestion { item, checklist, form, choice } = suggestion;
        Self { item, checklist, form, choice }
    }
}

/// A visit with everything a screen shows.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VisitView {
    /// Its id.
    pub id: String,
    /// The place.
    pub place: String,
    /// The checklist.
    pub list: String,
    /// Its version.
    pub list_version: u32,
    /// Whether it is a quick re-visit.
    pub quick: bool,
    /// The post of who began it.
    pub by_role: Role,
    /// When it began, ms since 1970.
    pub started_at: i64,
    /// Whether it is finished; a draft otherwise.
    pub finished: bool,
    /// When it was finished, ms since 1970.
    pub finished_at: Option<i64>,
    /// Answers, by item.
    pub answers: Vec<Answer>,
    /// Answers carried over from the last visit, by item.
    pub carried: Vec<CarriedAnswer>,
    /// Findings: fixed at the finish, live in a draft.
    pub findings: Vec<Finding>,
    /// Codes of open findings that the answers show to be gone.
    pub cleared: Vec<String>,
    /// Items that must be answered before the finish.
    pub missing: Vec<String>,
    /// What could be opened next, by the answers.
    pub suggestions: Vec<Suggestion>,
    /// Remarks, oldest first.
    pub notes: Vec<Remark>,
    /// Photos, oldest first.
    pub photos: Vec<PhotoRef>,
    /// Why a photo is missing, by finding.
    pub photo_reasons: Vec<PhotoReason>,
    /// Fields with more than one value.
    pub conflicts: Vec<Conflict>,
}

impl VisitView {
    /// In a language.
    pub(crate) fn told(
        view: phone::VisitView,
        core: &phone::Phone,
        lang: Lang,
    ) -> Result<Self, phone::PhoneError> {
        let phone::VisitView {
            id,
            place,
            list,
            list_version,
            quick,
            by_role,
            started_at,
            status,
            finished_at,
            answers: given,
            carried: kept,
            findings,
            cleared,
            missing,
            suggestions,
            notes,
            photos,
            photo_reasons,
            conflicts,
        } = view;
        Ok(Self {
            id: id.to_string(),
            place: place.to_string(),
            list,
            list_version,
            quick,
            by_role: by_role.into(),
            started_at: started_at.0,
            finished: status == model::VisitStatus::Finished,
            finished_at: finished_at.map(|at| at.0),
            answers: answers(given),
            carried: carried(kept),
            findings: findings.into_iter().map(|f| Finding::told(f, lang)).collect(),
            cleared,
            missing,
            suggestions: suggestions.into_iter().map(Into::into).collect(),
            notes: notes.into_iter().map(Into::into).collect(),
            photos: photos.into_iter().map(Into::into).collect(),
            photo_reasons: photo_reasons.into_iter().map(Into::into).collect(),
            conflicts: conflict::told(conflicts, core, lang)?,
        })
    }
}

fn answers(given: BTreeMap<String, model::Scalar>) -> Vec<Answer> {
    given.into_iter().map(|(item, value)| Answer { item, value: shown(value) }).collect()
}

fn carried(kept: BTreeMap<String, model::Carried>) -> Vec<CarriedAnswer> {
    kept.into_iter().map(|(item, answer)| CarriedAnswer { item, answer: answer.into() }).collect()
}
