//! What stands beside a conflict and helps to decide: the value before, photos of about then, the newest visits.

use ironfeet_core::document::{Document, Reading, Record};
use ironfeet_core::model::{DocId, Scalar, UtcMillis};

use super::{Before, Origin, Side};
use crate::app::App;
use crate::photo::{self, Shown};
use crate::store::desk::VisitFilter;
use crate::store::{Session, StoreError, VisitRow};

/// Visits shown, and looked through for photos.
const VISITS: usize = 4;
/// Photos of one side.
const PHOTOS: usize = 3;
/// Photos taken within this of the value are beside it.
const NEAR_MS: i64 = 2 * 86_400_000;

/// The value of a field of a record; `None` for fields of other parts.
#[must_use]
pub fn value_at(reading: &Reading, container: &str, field: &str) -> Option<Scalar> {
    before_in(reading, container, field).map(|before| before.value)
}

fn before_in(reading: &Reading, container: &str, field: &str) -> Option<Before> {
    match (&reading.record, container) {
        (Record::Place(place), "facts") => place.facts.get(field).map(|fact| Before {
            value: fact.value.clone(),
            post: Some(fact.by_role),
            at: Some(fact.observed_at),
        }),
        (Record::Visit(visit), "answers") => {
            let value = visit.answers.get(field)?.clone();
            Some(Before { value, post: None, at: None })
        }
        _ => None,
    }
}

/// What every side wrote over, where that is one value.
pub(super) fn before(
    document: &Document,
    sides: &[Side],
    container: &str,
    field: &str,
) -> Option<Before> {
    let seen = |side: &Side| {
        let past = document.before(&side.origin.change?)?;
        before_in(&past.read(), container, field)
    };
    let (first, rest) = sides.split_first()?;
    let before = seen(first)?;
    rest.iter().all(|side| seen(side).as_ref() == Some(&before)).then_some(before)
}

/// The newest visits of a place.
pub(super) fn lately(s: &dyn Session, place: &DocId) -> Result<Vec<VisitRow>, StoreError> {
    let filter = VisitFilter {
        scope: vec![String::new()],
        places: s.merged_all(place)?,
        ..VisitFilter::default()
    };
    Ok(s.visits_page(&filter, None, VISITS)?.into_iter().map(|(row, _)| row).collect())
}

/// Photos that the writer of a value took at the place about then.
pub(super) fn photos(
    s: &dyn Session,
    app: &App,
    place: &DocId,
    origin: &Origin,
) -> Result<Vec<Shown>, StoreError> {
    let mut all: Vec<Shown> = Vec::new();
    if origin.author.is_none() {
        return Ok(all);
    }
    for visit in lately(s, place)? {
        let begun = s.changes(&visit.doc, 0)?.into_iter().find_map(|change| change.author);
        let Some(row) = s.doc(&visit.doc)?.filter(|_| begun == origin.author) else { continue };
        if let Record::Visit(visit) = app.shelf.look(s, row)?.document.read().record {
            let near = |at: UtcMillis| (at.0 - origin.device_at.0).abs() <= NEAR_MS;
            let of = photo::shown(s, place, &visit.photos)?;
            all.extend(of.into_iter().filter(|photo| near(photo.at)));
        }
    }
    all.truncate(PHOTOS);
    Ok(all)
}
