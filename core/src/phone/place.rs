//! Places: add, show, find, state a fact, remark.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::{Birth, Edit, PlaceBirth, PlaceEdit, Record};
use crate::limits;
use crate::model::{
    ChangeHash, DocId, Fact, FactField, FactType, GridCode, PersonalMark, Pid, Place, PlaceId,
    PlaceKind, Remark, Scalar, UtcMillis, VisitId, numbers_of_a_person, screen_text,
};
use crate::rules::Act;
use crate::store::{self, document, near, part, search, visit};

use super::finding::FindingRow;
use super::show::ConflictView;
use super::task::TaskRow;
use super::{Inner, Phone, PhoneError};

/// Visits and findings shown with a place.
const SHOWN_MAX: usize = 100;

/// A place to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPlace {
    /// What kind of place.
    pub kind: PlaceKind,
    /// How to find it.
    pub address: String,
    /// Latitude in degrees (WGS 84), where known.
    pub lat: Option<f64>,
    /// Longitude in degrees, where known.
    pub lon: Option<f64>,
    /// The grid it lies in; `None` when the phone serves only one.
    pub grid: Option<GridCode>,
    /// More facts as a person types them: field name and text.
    pub facts: Vec<(String, String)>,
}

/// A place as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceRow {
    /// Identity.
    pub id: PlaceId,
    /// Kind, or empty.
    pub kind: String,
    /// Address, or empty.
    pub address: String,
    /// Signboard or building name, or empty.
    pub name: String,
    /// Latitude, degrees.
    pub lat: Option<f64>,
    /// Longitude, degrees.
    pub lon: Option<f64>,
    /// Metres from the point asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metres: Option<f64>,
}

impl From<near::PlaceRow> for PlaceRow {
    fn from(row: near::PlaceRow) -> Self {
        Self {
            id: PlaceId(row.id),
            kind: row.kind,
            address: row.address,
            name: row.name,
            lat: row.position.map(|p| p.0),
            lon: row.position.map(|p| p.1),
            metres: row.metres,
        }
    }
}

/// A visit as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisitRow {
    /// Identity.
    pub id: VisitId,
    /// The place.
    pub place: PlaceId,
    /// Checklist.
    pub list: String,
    /// Whether it is a quick re-visit.
    pub quick: bool,
    /// `draft` or `finished`.
    pub status: String,
    /// When it began.
    pub started_at: UtcMillis,
    /// When it was finished.
    pub finished_at: Option<UtcMillis>,
    /// Number of answers.
    pub answered: i64,
}

impl VisitRow {
    pub(super) fn of((id, line): (DocId, store::views::VisitLine)) -> Self {
        Self {
            id: VisitId(id),
            place: PlaceId(line.place),
            list: line.list,
            quick: line.quick,
            status: line.status,
            started_at: UtcMillis(line.started_at),
            finished_at: line.finished_at.map(UtcMillis),
            answered: line.answered,
        }
    }
}

/// A place with everything this phone knows of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceView {
    /// Identity.
    pub id: PlaceId,
    /// The grid it lies in, where its home is one.
    pub grid: Option<GridCode>,
    /// Facts with who saw them when.
    pub facts: BTreeMap<String, Fact>,
    /// Names of facts that ask for a re-check.
    pub expired: Vec<String>,
    /// Remarks, oldest first.
    pub remarks: Vec<Remark>,
    /// Fields with more than one value.
    pub conflicts: Vec<ConflictView>,
    /// Its visits, newest first.
    pub visits: Vec<VisitRow>,
    /// Its findings, open ones first.
    pub findings: Vec<FindingRow>,
    /// Its tasks, open ones first.
    pub tasks: Vec<TaskRow>,
}

impl Phone {
    /// Records a new place.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] and [`PhoneError::PersonalText`] name the field.
    pub fn place_add(&self, new: &NewPlace) -> Result<PlaceId, PhoneError> {
        self.with(|inner| {
            inner.allow(Act::Create, "place", "facts")?;
            let pid = inner.home_of_new(new.grid.as_ref())?;
            let birth = PlaceBirth { facts: first_facts(new)?, by_role: inner.owner.role };
            inner.birth(&Birth::Place(birth), &pid).map(PlaceId)
        })
    }

    /// Everything known of a place.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`].
    pub fn place_show(&self, id: PlaceId) -> Result<PlaceView, PhoneError> {
        self.with(|inner| {
            let (pid, place, conflicts) = inner.place(id)?;
            let now = inner.now();
            let db = inner.store()?.db();
            let visits = visit::of_place(db, id.0, SHOWN_MAX)?;
            let findings = store::finding::list(db, Some(id.0), false, SHOWN_MAX)?;
            let tasks = visit::tasks(db, Some(id.0), false)?;
            Ok(PlaceView {
                id,
                grid: pid.strip_prefix('g').and_then(|g| g.parse().ok()),
                expired: expired(&place, now),
                facts: place.facts,
                remarks: place.remarks,
                conflicts,
                visits: visits.into_iter().map(VisitRow::of).collect(),
                findings: findings.into_iter().map(FindingRow::from).collect(),
                tasks: tasks.into_iter().map(TaskRow::of).collect(),
            })
        })
    }

    /// Places whose address, name or use holds every word of a text, best first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn place_search(&self, text: &str, limit: usize) -> Result<Vec<PlaceRow>, PhoneError> {
        self.with(|inner| {
            let rows = search::places(inner.store()?.db(), text, limit)?;
            Ok(rows.into_iter().map(PlaceRow::from).collect())
        })
    }

    /// Places around a point, nearest first, within 64 km.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`] when the point is not on earth.
    pub fn place_near(
        &self,
        lat: f64,
        lon: f64,
        limit: usize,
    ) -> Result<Vec<PlaceRow>, PhoneError> {
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            return Err(PhoneError::invalid(
                "position",
                "纬度应在 -90 到 90，经度应在 -180 到 180",
                "latitude from -90 to 90, longitude from -180 to 180",
            ));
        }
        self.with(|inner| {
            let rows = near::places(inner.store()?.db(), lat, lon, limit)?;
            Ok(rows.into_iter().map(PlaceRow::from).collect())
        })
    }

    /// Places in the order this phone learned them.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn places(&self, limit: usize) -> Result<Vec<PlaceRow>, PhoneError> {
        self.with(|inner| {
            let rows = store::place::list(inner.store()?.db(), 0, limit)?;
            Ok(rows.into_iter().map(PlaceRow::from).collect())
        })
    }

    /// States a fact as seen now, as a person types it. Where the field is in conflict, this settles it.
    ///
    /// # Errors
    /// [`PhoneError::Invalid`], [`PhoneError::PersonalText`], [`PhoneError::NotFound`].
    pub fn place_set(
        &self,
        id: PlaceId,
        field: &str,
        value: &str,
    ) -> Result<ChangeHash, PhoneError> {
        let value = fact(field, value)?;
        self.with(|inner| {
            inner.allow(Act::Write, "place", "facts")?;
            inner.place(id)?;
            let edit = PlaceEdit::Facts {
                set: vec![(field.to_owned(), value)],
                by_role: inner.owner.role,
                observed_at: inner.now(),
            };
            inner.edit(id.0, |_, _| Ok(Edit::Place(edit)))
        })
    }

    /// Adds a remark to a place.
    ///
    /// # Errors
    /// [`PhoneError::PersonalText`], [`PhoneError::NotFound`].
    pub fn place_remark(&self, id: PlaceId, text: &str) -> Result<ChangeHash, PhoneError> {
        let text = free_text("remark", text)?;
        self.with(|inner| {
            inner.allow(Act::Append, "place", "remarks")?;
            inner.place(id)?;
            let remark = Remark { at: inner.now(), by_role: inner.owner.role, text };
            inner.edit(id.0, |_, _| Ok(Edit::Place(PlaceEdit::Remark(remark))))
        })
    }
}

impl Inner {
    /// Home partition, record and conflicts of a place.
    pub(super) fn place(
        &mut self,
        id: PlaceId,
    ) -> Result<(String, Place, Vec<ConflictView>), PhoneError> {
        let home = document::find(self.store()?.db(), id.0)?.map(|row| row.pid);
        let entry = self.entry(id.0).map_err(|e| called(e, "place"))?;
        let Record::Place(place) = &entry.reading.record else {
            return Err(PhoneError::NotFound { what: "place" });
        };
        let conflicts = entry.reading.conflicts.iter().map(ConflictView::from).collect();
        Ok((home.unwrap_or_default(), place.clone(), conflicts))
    }

    /// The partition of a new place.
    pub(super) fn home_of_new(&mut self, grid: Option<&GridCode>) -> Result<String, PhoneError> {
        let served = part::list(self.store()?.db())?;
        if let Some(grid) = grid {
            let pid = Pid::Grid(grid.clone()).to_string();
            return match served.iter().any(|p| p.pid == pid) {
                true => Ok(pid),
                false => Err(PhoneError::invalid(
                    "grid",
                    "不是本机负责的网格",
                    "this phone does not serve that grid",
                )),
            };
        }
        match &served[..] {
            [only] => Ok(only.pid.clone()),
            _ => Err(PhoneError::invalid("grid", "请指明网格", "say which grid")),
        }
    }
}

/// A missing record, by the name the caller used.
pub(super) fn called(error: PhoneError, what: &'static str) -> PhoneError {
    match error {
        PhoneError::NotFound { what: "record" } => PhoneError::NotFound { what },
        error => error,
    }
}

fn first_facts(new: &NewPlace) -> Result<Vec<(String, Scalar)>, PhoneError> {
    let mut facts = vec![("kind".to_owned(), Scalar::from(new.kind.as_str()))];
    facts.push(("address".to_owned(), fact("address", &new.address)?));
    for (name, degrees) in [("lat", new.lat), ("lon", new.lon)] {
        if let Some(degrees) = degrees {
            facts.push((name.to_owned(), fact(name, &degrees.to_string())?));
        }
    }
    for (name, text) in &new.facts {
        facts.retain(|(known, _)| known != name);
        facts.push((name.clone(), fact(name, text)?));
    }
    Ok(facts)
}

/// A fact as typed, checked and screened.
fn fact(name: &str, text: &str) -> Result<Scalar, PhoneError> {
    let field = FactField::find(name)
        .ok_or_else(|| PhoneError::invalid(name, "场所没有此字段", "places have no such field"))?;
    if matches!(field.kind, FactType::Text(_)) {
        unmarked(name, numbers_of_a_person(name, text))?;
    }
    field.parse(text).map_err(|expected| PhoneError::invalid(name, field.wanted_zh(), expected))
}

/// Refuses text that seems to hold a personal number (domain page 4.2, P02).
pub(super) fn unmarked(field: &str, marks: Vec<PersonalMark>) -> Result<(), PhoneError> {
    if marks.is_empty() {
        Ok(())
    } else {
        Err(PhoneError::PersonalText { field: field.to_owned(), marks })
    }
}

/// Free text, trimmed, screened, of a length that fits.
pub(super) fn free_text(field: &str, text: &str) -> Result<String, PhoneError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > limits::TEXT_CHARS_MAX {
        let max = limits::TEXT_CHARS_MAX;
        return Err(PhoneError::invalid(
            field,
            format!("请填写 1 到 {max} 个字"),
            format!("1 to {max} characters"),
        ));
    }
    unmarked(field, screen_text(text))?;
    Ok(text.to_owned())
}

fn expired(place: &Place, now: UtcMillis) -> Vec<String> {
    let old = place.facts.iter().filter(|(_, f)| f.expires_at.is_some_and(|at| at <= now));
    old.map(|(name, _)| name.clone()).collect()
}
