//! A visit's document: head, answers by item, findings fixed at finish, notes and photos.
//!
//! A draft is answered field by field; once `head.status` is `finished`, entries
//! are only added and conflicts settled.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::model::{
    Carried, DocId, Finding, PhotoRef, PlaceId, Remark, Role, Scalar, UtcMillis, Visit, VisitId,
    VisitStatus,
};

use super::convert;
use super::error::EditError;
use super::fields::Fields;
use super::finding::{self, FromVisit};
use super::layout::{Container, Layout};
use super::rule::{self, Refusal};
use super::touch::{Touch, Touched};
use super::write::{Writer, json};

const HEAD: &str = "head";
const ANSWERS: &str = "answers";
const CARRIED: &str = "carried";
const FINDINGS: &str = "findings";
const PHOTO_REASONS: &str = "photo_reasons";
const NOTES: &str = "notes";
const PHOTOS: &str = "photos";

const DRAFT: &str = "draft";
const FINISHED: &str = "finished";

pub(super) const LAYOUT: Layout = Layout {
    name: "visit",
    v: 1,
    containers: &[
        Container::map(HEAD),
        Container::map(ANSWERS).removable(),
        Container::map(CARRIED).hidden(),
        Container::map(FINDINGS),
        Container::map(PHOTO_REASONS),
        Container::list(NOTES),
        Container::list(PHOTOS),
    ],
    lifts: &[],
    closed_by: Some((HEAD, "status", FINISHED)),
    rule,
};

/// The beginning of a visit.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitBirth {
    /// The place visited.
    pub place: PlaceId,
    /// Checklist id.
    pub list: String,
    /// Version of the checklist.
    pub list_version: u32,
    /// Whether only the quick items and open findings are asked.
    pub quick: bool,
    /// The post of who begins it.
    pub by_role: Role,
    /// When it begins (device time).
    pub started_at: UtcMillis,
    /// Answers carried over from the last visit, by item id.
    pub carried: BTreeMap<String, Carried>,
}

/// One edit of a visit; one change.
#[derive(Clone, Debug, PartialEq)]
pub enum VisitEdit {
    /// Answers items and takes out the answers of items that are hidden by them.
    Answers {
        /// Values by item id.
        put: Vec<(String, Scalar)>,
        /// Items whose answer goes.
        remove: Vec<String>,
    },
    /// Adds a remark; also after the finish.
    Note(Remark),
    /// Adds a photo; also after the finish.
    Photo(PhotoRef),
    /// Says why a photo is missing; after the finish only where no reason stands yet.
    PhotoReason {
        /// The finding's code.
        finding: String,
        /// The reason.
        reason: String,
    },
    /// Finishes the visit with the findings its answers raise.
    Finish {
        /// When (device time).
        at: UtcMillis,
        /// The findings, each code once.
        findings: Vec<Finding>,
    },
}

pub(super) fn birth(
    birth: &VisitBirth,
    _at: UtcMillis,
    w: &mut Writer<'_, '_>,
) -> Result<(), EditError> {
    w.put(HEAD, "place", birth.place.to_string())?;
    w.put(HEAD, "list", birth.list.as_str())?;
    w.put(HEAD, "list_version", i64::from(birth.list_version))?;
    w.put(HEAD, "quick", birth.quick)?;
    w.put(HEAD, "by_role", birth.by_role.as_str())?;
    w.put(HEAD, "started_at", birth.started_at.0)?;
    w.put(HEAD, "status", DRAFT)?;
    for (item, carried) in &birth.carried {
        w.put(CARRIED, item, json(item, carried)?)?;
    }
    Ok(())
}

pub(super) fn edit(edit: &VisitEdit, w: &mut Writer<'_, '_>) -> Result<(), EditError> {
    let finished = w.text(HEAD, "status").as_deref() == Some(FINISHED);
    match edit {
        VisitEdit::Note(remark) => {
            convert::check_text("note", &remark.text)?;
            w.append(NOTES, remark)
        }
        VisitEdit::Photo(photo) => w.append(PHOTOS, photo),
        VisitEdit::PhotoReason { finding, reason } => {
            convert::check_text("reason", reason)?;
            if finished && w.has(PHOTO_REASONS, finding) {
                return Err(EditError::Finished);
            }
            w.put(PHOTO_REASONS, finding, reason.as_str())
        }
        VisitEdit::Answers { .. } | VisitEdit::Finish { .. } if finished => {
            Err(EditError::Finished)
        }
        VisitEdit::Answers { put, remove } => answer(put, remove, w),
        VisitEdit::Finish { at, findings } => finish(*at, findings, w),
    }
}

fn answer(
    put: &[(String, Scalar)],
    remove: &[String],
    w: &mut Writer<'_, '_>,
) -> Result<(), EditError> {
    for (item, value) in put {
        if let Some(text) = value.as_str()
            && text.chars().count() > crate::limits::TEXT_CHARS_MAX
        {
            let expected = format!("at most {} characters", crate::limits::TEXT_CHARS_MAX);
            return Err(EditError::field(item, expected));
        }
        w.put(ANSWERS, item, value.clone())?;
    }
    remove.iter().try_for_each(|item| w.remove(ANSWERS, item))
}

fn finish(at: UtcMillis, findings: &[Finding], w: &mut Writer<'_, '_>) -> Result<(), EditError> {
    let list = w.text(HEAD, "list").unwrap_or_default();
    let list_version = w.int(HEAD, "list_version").and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let visit = FromVisit { list: &list, list_version, raised_at: at.0 };
    w.put(HEAD, "status", FINISHED)?;
    w.put(HEAD, "finished_at", at.0)?;
    for finding in findings {
        for (key, value) in finding::flat(finding, &visit)? {
            w.put(FINDINGS, &key, value)?;
        }
    }
    Ok(())
}

/// `draft` or `finished`.
struct Status(VisitStatus);

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            DRAFT => Ok(Self(VisitStatus::Draft)),
            FINISHED => Ok(Self(VisitStatus::Finished)),
            _ => Err(()),
        }
    }
}

pub(super) fn read(id: DocId, v: i64, fields: &mut Fields) -> Option<Visit> {
    let place = fields.parsed(HEAD, "place");
    let list = fields.text(HEAD, "list").unwrap_or_default();
    let version = fields.int(HEAD, "list_version").and_then(|n| u32::try_from(n).ok());
    let list_version = version.unwrap_or(0);
    let by_role = fields.parsed(HEAD, "by_role");
    let started_at = fields.int(HEAD, "started_at").map(UtcMillis).unwrap_or_default();
    let status = fields.parsed(HEAD, "status").map_or(VisitStatus::Draft, |Status(status)| status);
    let finished_at = fields.int(HEAD, "finished_at").map(UtcMillis);
    let raised_at = finished_at.unwrap_or(started_at).0;
    let cells = fields.maps.remove(FINDINGS).unwrap_or_default();
    let from = FromVisit { list: &list, list_version, raised_at };
    let (findings, odd) = finding::raise(&cells, &from);
    if odd > 0 {
        fields.odd(FINDINGS, "holds what cannot be understood");
    }
    Some(Visit {
        id: VisitId(id),
        v,
        place: place?,
        quick: matches!(fields.get(HEAD, "quick"), Some(Scalar::Bool(true))),
        by_role: by_role?,
        started_at,
        status,
        finished_at,
        answers: plain(fields, ANSWERS),
        carried: carried(fields),
        findings,
        photo_reasons: texts(fields),
        notes: fields.entries(NOTES),
        photos: fields.entries(PHOTOS),
        list,
        list_version,
    })
}

fn plain(fields: &mut Fields, container: &str) -> BTreeMap<String, Scalar> {
    let cells = fields.maps.remove(container).unwrap_or_default();
    cells.into_iter().map(|(key, cell)| (key, cell.value)).collect()
}

fn carried(fields: &mut Fields) -> BTreeMap<String, Carried> {
    let mut carried = BTreeMap::new();
    for (item, value) in plain(fields, CARRIED) {
        match value.as_str().and_then(|json| serde_json::from_str(json).ok()) {
            Some(answer) => {
                carried.insert(item, answer);
            }
            None => fields.odd(CARRIED, "holds what cannot be understood"),
        }
    }
    carried
}

fn texts(fields: &mut Fields) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (code, value) in plain(fields, PHOTO_REASONS) {
        match value {
            Scalar::Str(text) => {
                texts.insert(code, text);
            }
            _ => fields.odd(PHOTO_REASONS, "holds what is no text"),
        }
    }
    texts
}

/// A visit's origin stays, findings come with the finish, and a finished visit only grows.
fn rule(touched: &Touched) -> Result<(), Refusal> {
    let origin = ["place", "list", "list_version", "quick", "by_role", "started_at"];
    rule::at_birth_only(touched, HEAD, &origin)?;
    rule::at_birth_only(touched, CARRIED, &[])?;
    let finishes = touched.patch(HEAD, "status").is_some_and(
        |patch| matches!(&patch.touch, Touch::Put(value) if value.as_str() == Some(FINISHED)),
    );
    for patch in &touched.patches {
        let rewrites = match patch.container.as_str() {
            HEAD | ANSWERS | FINDINGS => true,
            PHOTO_REASONS => !patch.before.is_empty(),
            _ => false,
        };
        if touched.closed && rewrites && !rule::settles(patch) {
            return Err(Refusal::Closed);
        }
        if !touched.closed && patch.container == FINDINGS && !finishes {
            return Err(Refusal::FindingsBeforeFinish);
        }
        let status = patch.container == HEAD && patch.key == "status";
        if status && !matches!(&patch.touch, Touch::Put(value) if is_status(value)) {
            return Err(Refusal::Value);
        }
    }
    Ok(())
}

fn is_status(value: &Scalar) -> bool {
    value.as_str().is_some_and(|text| text.parse::<Status>().is_ok())
}
