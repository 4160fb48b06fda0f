//! Places as screens show them, and today's list.
//!
//! Mirrors of `core::phone`'s rows and views.

use std::collections::BTreeMap;

use ironfeet_core::model;
use ironfeet_core::phone;

use crate::conflict::{self, Conflict};
use crate::error::PhoneError;
use crate::finding::FindingRow;
use crate::home;
use crate::remark::Remark;
use crate::task::TaskRow;
use crate::visit::VisitRow;
use crate::words::{Lang, PlaceKind, Role, Severity, narrow, shown};

/// A fact of a place to write down: its field and the value as a person types it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FactInput {
    /// Name of the field, such as `building_type`; see `fact_fields`.
    pub field: String,
    /// The value, such as `6`, `true` or a text.
    pub value: String,
}

/// A place to add.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct NewPlace {
    /// What kind of place.
    pub kind: PlaceKind,
    /// Its address, up to 200 characters; nothing about people.
    pub address: String,
    /// Latitude in degrees, WGS 84, where known. Never needed.
    pub lat: Option<f64>,
    /// Longitude in degrees, WGS 84, where known.
    pub lon: Option<f64>,
    /// Grid code, 15 digits; may be absent when this phone serves only one grid.
    pub grid: Option<String>,
    /// What else is known.
    pub facts: Vec<FactInput>,
}

impl TryFrom<NewPlace> for phone::NewPlace {
    type Error = PhoneError;

    fn try_from(new: NewPlace) -> Result<Self, PhoneError> {
        let NewPlace { kind, address, lat, lon, grid, facts } = new;
        Ok(Self {
            kind: kind.into(),
            address,
            lat,
            lon,
            grid: grid.as_deref().map(home::grid).transpose()?,
            facts: facts.into_iter().map(|f| (f.field, f.value)).collect(),
        })
    }
}

/// What a fact takes.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Enum)]
pub enum FactType {
    /// Text or a code, at most this many characters.
    Text {
        /// The most characters.
        max: u32,
    },
    /// A whole number.
    Whole {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number.
    Decimal {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// `true` or `false`.
    Yesno,
}

impl From<model::FactType> for FactType {
    fn from(kind: model::FactType) -> Self {
        match kind {
            model::FactType::Text(max) => Self::Text { max: narrow(max) },
            model::FactType::Int(min, max) => Self::Whole { min, max },
            model::FactType::Float(min, max) => Self::Decimal { min, max },
            model::FactType::Bool => Self::Yesno,
        }
    }
}

/// A field that a place can hold.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct FactField {
    /// Name, such as `building_type`: write the fact with it.
    pub field: String,
    /// Its label, in the person's language.
    pub label: String,
    /// What it takes; choose the control by it.
    pub takes: FactType,
    /// Why it is collected, in the person's language: show it where somebody asks.
    pub purpose: String,
    /// Days until a statement asks for a re-check; absent when it stays.
    pub fresh_days: Option<i64>,
}

impl FactField {
    fn told(field: &model::FactField, lang: Lang) -> Self {
        let model::FactField { name, label_zh, label_en, kind, fresh_days, purpose_zh, purpose_en } =
            *field;
        let (label, purpose) = match lang {
            Lang::Zh => (label_zh, purpose_zh),
            Lang::En => (label_en, purpose_en),
        };
        Self {
            field: name.to_owned(),
            label: label.to_owned(),
            takes: kind.into(),
            purpose: purpose.to_owned(),
            fresh_days,
        }
    }
}

/// Every field that a place can hold; there are no others, and none is about a person.
#[uniffi::export]
#[must_use]
pub fn fact_fields(language: Lang) -> Vec<FactField> {
    model::FACT_FIELDS.iter().map(|field| FactField::told(field, language)).collect()
}

/// A place as lists show it.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct PlaceRow {
    /// Its id.
    pub id: String,
    /// What kind of place, where known.
    pub kind: Option<PlaceKind>,
    /// Its address; may be empty.
    pub address: String,
    /// Signboard or building name; may be empty.
    pub name: String,
    /// Latitude in degrees, where known.
    pub lat: Option<f64>,
    /// Longitude in degrees, where known.
    pub lon: Option<f64>,
    /// Metres from the position that was asked about.
    pub metres: Option<f64>,
}

impl From<phone::PlaceRow> for PlaceRow {
    fn from(row: phone::PlaceRow) -> Self {
        let phone::PlaceRow { id, kind, address, name, lat, lon, metres } = row;
        let kind = kind.parse::<model::PlaceKind>().ok().map(Into::into);
        Self { id: id.to_string(), kind, address, name, lat, lon, metres }
    }
}

/// A fact, with who saw it when.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Fact {
    /// Name of the field.
    pub field: String,
    /// The value, as a person would type it.
    pub value: String,
    /// When it was seen, ms since 1970.
    pub observed_at: i64,
    /// The post of who saw it.
    pub by_role: Role,
    /// When it asks for a re-check, ms since 1970.
    pub expires_at: Option<i64>,
    /// Whether it asks for a re-check now.
    pub expired: bool,
}

fn facts(facts: BTreeMap<String, model::Fact>, expired: &[String]) -> Vec<Fact> {
    let told = |(field, fact): (String, model::Fact)| {
        let model::Fact { value, observed_at, by_role, expires_at } = fact;
        Fact {
            value: shown(value),
            observed_at: observed_at.0,
            by_role: by_role.into(),
            expires_at: expires_at.map(|at| at.0),
            expired: expired.contains(&field),
            field,
        }
    };
    facts.into_iter().map(told).collect()
}

/// A place with everything this phone knows of it.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct PlaceView {
    /// Its id.
    pub id: String,
    /// The grid it lies in, 15 digits, where its home is a grid.
    pub grid: Option<String>,
    /// Facts, by field.
    pub facts: Vec<Fact>,
    /// Remarks, oldest first.
    pub remarks: Vec<Remark>,
    /// Fields with more than one value.
    pub conflicts: Vec<Conflict>,
    /// Its visits, newest first.
    pub visits: Vec<VisitRow>,
    /// Its findings, open ones first.
    pub findings: Vec<FindingRow>,
    /// Its tasks, open ones first.
    pub tasks: Vec<TaskRow>,
}

impl PlaceView {
    /// In a language.
    pub(crate) fn told(
        view: phone::PlaceView,
        core: &phone::Phone,
        lang: Lang,
    ) -> Result<Self, phone::PhoneError> {
        let phone::PlaceView {
            id,
            grid,
            facts: known,
            expired,
            remarks,
            conflicts,
            visits,
            findings,
            tasks,
        } = view;
        Ok(Self {
            id: id.to_string(),
            grid: grid.map(|grid| grid.to_string()),
            facts: facts(known, &expired),
            remarks: remarks.into_iter().map(Into::into).collect(),
            conflicts: conflict::told(conflicts, core, lang)?,
            visits: visits.into_iter().map(Into::into).collect(),
            findings: findings.into_iter().map(|row| FindingRow::told(row, lang)).collect(),
            tasks: tasks.into_iter().map(Into::into).collect(),
        })
    }
}

/// Why a place is on today's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Why {
    /// A finding is open there.
    OpenFinding,
    /// A re-visit should have been before today.
    Overdue,
    /// A re-visit is due today.
    Due,
    /// A task is open there.
    Task,
    /// Nobody has been there yet.
    FirstVisit,
}

impl Why {
    /// By the core's stable name; one that this version does not know is shown as due.
    fn named(name: &str) -> Self {
        match name {
            "open_finding" => Self::OpenFinding,
            "overdue" => Self::Overdue,
            "task" => Self::Task,
            "first_visit" => Self::FirstVisit,
            _ => Self::Due,
        }
    }
}

/// A place to go to today.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TodayRow {
    /// The place.
    pub place: String,
    /// Its address; empty where the place is not on this phone.
    pub address: String,
    /// The strongest reason.
    pub why: Why,
    /// When that is due, ms since 1970.
    pub due: Option<i64>,
    /// The gravest open finding there.
    pub severity: Option<Severity>,
}

impl From<phone::TodayRow> for TodayRow {
    fn from(row: phone::TodayRow) -> Self {
        let phone::TodayRow { place, address, why, due, severity } = row;
        Self {
            place: place.to_string(),
            address,
            why: Why::named(why),
            due: due.map(|at| at.0),
            severity: severity.map(Into::into),
        }
    }
}
