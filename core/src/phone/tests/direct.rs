//! Visits recorded elsewhere, and answers put without the checklist.

use crate::model::{DocId, Scalar};

use super::*;

fn recorded(answers: &[(&str, Scalar)]) -> RecordedVisit {
    RecordedVisit {
        place: PlaceId(DocId([3; 16])),
        grid: None,
        list: "fire-safety-v3".to_owned(),
        list_version: 3,
        started_at: UtcMillis(MORNING - DAY),
        answers: answers.iter().map(|(item, value)| ((*item).to_owned(), value.clone())).collect(),
    }
}

#[test]
fn a_recorded_visit_is_one_change_and_stays() {
    let world = World::new(21);
    let phone = world.init();
    let answers = [("status", "open".into()), ("answers.q02", 57.5.into())];
    let id = phone.visit_import(recorded(&answers)).unwrap();
    assert_eq!(phone.status().unwrap().pending, 1);
    phone
        .visit_put(id, vec![("status".to_owned(), "done".into()), ("n".to_owned(), 4.into())])
        .unwrap();
    drop(phone);
    let phone = world.open();
    let visit = phone.visit_record(id).unwrap();
    assert_eq!(visit.list, "fire-safety-v3");
    assert_eq!(visit.answers["status"], Scalar::from("done"));
    assert_eq!(visit.answers["answers.q02"], Scalar::from(57.5));
    assert_eq!(visit.answers.len(), 3);
    let report = phone.verify().unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!(report.changes, 2);
}

#[test]
fn personal_numbers_and_foreign_grids_are_refused() {
    let world = World::new(22);
    let phone = world.init();
    let answers = [("notes", "电话 13900001234".into())];
    let refused = phone.visit_import(recorded(&answers));
    assert!(matches!(refused, Err(PhoneError::PersonalText { .. })), "{refused:?}");
    let id = phone.visit_import(recorded(&[("ref", "place-139000012341".into())])).unwrap();
    let refused = phone.visit_put(id, vec![("notes".to_owned(), "13900001234".into())]);
    assert!(matches!(refused, Err(PhoneError::PersonalText { .. })), "{refused:?}");
    let elsewhere =
        RecordedVisit { grid: Some("329901001012002".parse().unwrap()), ..recorded(&[]) };
    let refused = phone.visit_import(elsewhere);
    assert!(matches!(refused, Err(PhoneError::Invalid { .. })), "{refused:?}");
}
