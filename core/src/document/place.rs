//! A place's document: facts field by field, who saw each when, remarks.
//!
//! `facts` holds the values. `seen` holds, per field and written by the same
//! change, `observed_ms role expires_ms|-`; the birth change writes it once for
//! all its facts under `*` as `observed_ms role`.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::model::{
    DocId, Fact, FactField, FactType, Place, PlaceId, Remark, Role, Scalar, UtcMillis,
};

use super::convert;
use super::error::EditError;
use super::fields::{Cell, Fields};
use super::layout::{Container, Layout};
use super::rule::Refusal;
use super::touch::{Touch, Touched};
use super::write::Writer;

const FACTS: &str = "facts";
const SEEN: &str = "seen";
const REMARKS: &str = "remarks";
/// Key in `seen` for every fact of the birth change.
const AT_BIRTH: &str = "*";

pub(super) const LAYOUT: Layout = Layout {
    name: "place",
    v: 1,
    containers: &[
        Container::map(FACTS).with(SEEN),
        Container::map(SEEN).hidden(),
        Container::list(REMARKS),
    ],
    lifts: &[],
    closed_by: None,
    rule,
};

/// What is known of a place when it is first recorded; seen at the time of birth.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceBirth {
    /// Facts by field name ([`crate::model::FACT_FIELDS`]).
    pub facts: Vec<(String, Scalar)>,
    /// The post of who saw them.
    pub by_role: Role,
}

/// One edit of a place; one change.
#[derive(Clone, Debug, PartialEq)]
pub enum PlaceEdit {
    /// States facts as seen now, also where the value is the same as before (it is fresh again)
    /// or in conflict (it settles).
    Facts {
        /// Facts by field name.
        set: Vec<(String, Scalar)>,
        /// The post of who saw them.
        by_role: Role,
        /// When they were seen.
        observed_at: UtcMillis,
    },
    /// Adds a remark.
    Remark(Remark),
    /// States facts as seen then, and says in a remark why.
    FactsWith {
        /// Facts by field name.
        set: Vec<(String, Scalar)>,
        /// The post of who states them.
        by_role: Role,
        /// When they were seen.
        observed_at: UtcMillis,
        /// The remark.
        remark: Remark,
    },
}

fn check(name: &str, value: &Scalar) -> Result<&'static FactField, EditError> {
    let field = FactField::find(name)
        .ok_or_else(|| EditError::field(name, "one of the fields that a place can hold"))?;
    if field.accepts(value) { Ok(field) } else { Err(EditError::field(name, expected(field.kind))) }
}

fn expected(kind: FactType) -> String {
    match kind {
        FactType::Text(max) => format!("a text of at most {max} characters"),
        FactType::Int(min, max) => format!("a whole number from {min} to {max}"),
        FactType::Float(min, max) => format!("a number from {min} to {max}"),
        FactType::Bool => "yes or no".to_owned(),
    }
}

fn expires(field: &FactField, observed_at: UtcMillis) -> Option<UtcMillis> {
    field.fresh_days.map(|days| observed_at.plus_days(days))
}

pub(super) fn birth(
    birth: &PlaceBirth,
    at: UtcMillis,
    w: &mut Writer<'_, '_>,
) -> Result<(), EditError> {
    for (name, value) in &birth.facts {
        check(name, value)?;
        w.put(FACTS, name, value.clone())?;
    }
    w.put(SEEN, AT_BIRTH, format!("{} {}", at.0, birth.by_role))
}

pub(super) fn edit(edit: &PlaceEdit, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
    match edit {
        PlaceEdit::Facts { set, by_role, observed_at } => state(set, *by_role, *observed_at, w),
        PlaceEdit::Remark(remark) => note(remark, w),
        PlaceEdit::FactsWith { set, by_role, observed_at, remark } => {
            state(set, *by_role, *observed_at, w)?;
            note(remark, w)
        }
    }
}

fn state(
    set: &[(String, Scalar)],
    by_role: Role,
    observed_at: UtcMillis,
    w: &mut Writer<'_, '_>,
) -> Result<(), EditError> {
    for (name, value) in set {
        let field = check(name, value)?;
        let expires =
            expires(field, observed_at).map_or_else(|| "-".to_owned(), |at| at.0.to_string());
        w.state(FACTS, name, value.clone())?;
        w.state(SEEN, name, format!("{} {by_role} {expires}", observed_at.0))?;
    }
    Ok(())
}

fn note(remark: &Remark, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
    convert::check_text("remark", &remark.text)?;
    w.append(REMARKS, remark)
}

struct Seen {
    observed_at: UtcMillis,
    by_role: Role,
    /// `None` when the sighting does not say (birth).
    expires_at: Option<Option<UtcMillis>>,
}

impl FromStr for Seen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(' ');
        let ms = |part: &str| part.parse().map(UtcMillis).map_err(|_| ());
        let observed_at = ms(parts.next().ok_or(())?)?;
        let by_role = parts.next().and_then(|part| part.parse().ok()).ok_or(())?;
        let expires_at = match parts.next() {
            None => None,
            Some("-") => Some(None),
            Some(part) => Some(Some(ms(part)?)),
        };
        Ok(Self { observed_at, by_role, expires_at })
    }
}

pub(super) fn read(id: DocId, v: i64, fields: &mut Fields) -> Option<Place> {
    let facts = fields.maps.remove(FACTS).unwrap_or_default();
    let mut known = BTreeMap::new();
    for (name, cell) in facts {
        // A field this version does not know stays in the document, unseen.
        let Some(field) = FactField::find(&name) else { continue };
        match fact(field, &cell, fields.maps.get(SEEN)) {
            Ok(fact) => {
                known.insert(name, fact);
            }
            Err(how) => fields.odd(&format!("{FACTS}.{}", field.name), how),
        }
    }
    Some(Place { id: PlaceId(id), v, facts: known, remarks: fields.entries(REMARKS) })
}

fn fact(
    field: &FactField,
    cell: &Cell,
    seen: Option<&BTreeMap<String, Cell>>,
) -> Result<Fact, &'static str> {
    let value = match (&cell.value, field.kind) {
        #[expect(clippy::cast_precision_loss, reason = "bounds of the field are far below 2^53")]
        (Scalar::Int(n), FactType::Float(..)) => Scalar::Float(*n as f64),
        (value, _) => value.clone(),
    };
    if !field.accepts(&value) {
        return Err("does not fit its type or bounds");
    }
    let winner = cell.rivals.last().map(|rival| &rival.change);
    let cell = seen
        .and_then(|seen| seen.get(field.name).or_else(|| seen.get(AT_BIRTH)))
        .ok_or("says not who saw it when")?;
    let seen: Seen = cell
        .beside(winner)
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or("says not clearly who saw it when")?;
    let expires_at = seen.expires_at.unwrap_or_else(|| expires(field, seen.observed_at));
    Ok(Fact { value, observed_at: seen.observed_at, by_role: seen.by_role, expires_at })
}

/// A fact comes with its sighting, from the same change; known facts fit their field.
fn rule(touched: &Touched) -> Result<(), Refusal> {
    for patch in &touched.patches {
        let Touch::Put(value) = &patch.touch else { continue };
        let (container, key) = (patch.container.as_str(), patch.key.as_str());
        let well = match container {
            FACTS => {
                let seen = if touched.birth { AT_BIRTH } else { key };
                let fits = FactField::find(key).is_none_or(|field| field.accepts(value));
                if !fits {
                    return Err(Refusal::Value);
                }
                touched.patch(SEEN, key).or_else(|| touched.patch(SEEN, seen)).is_some()
            }
            SEEN => {
                let of_birth = touched.birth && key == AT_BIRTH;
                let says = value.as_str().is_some_and(|text| text.parse::<Seen>().is_ok());
                says && (of_birth || touched.patch(FACTS, key).is_some())
            }
            _ => true,
        };
        if !well {
            return Err(Refusal::Sighting);
        }
    }
    Ok(())
}
