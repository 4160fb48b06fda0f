//! A day's work with no network.

use super::*;

#[test]
fn a_place_is_added_found_and_shown() {
    let world = World::new(1);
    let phone = world.init();
    let id = phone.place_add(&new_place("幸福路12号 3栋 Lucky Garden")).unwrap();
    phone.place_set(id, "building_type", "砖混").unwrap();
    phone.place_remark(id, "门朝北").unwrap();
    let other = phone.place_add(&NewPlace { lat: Some(33.7), ..new_place("建设路") }).unwrap();
    for text in ["幸福路12", "幸福", "福", "lucky", "Lucky garden", "路 3栋", "12号"] {
        let found = phone.place_search(text, 10).unwrap();
        assert!(found.iter().any(|p| p.id == id), "{text}");
    }
    assert_eq!(phone.place_search("幸福大道", 10).unwrap(), []);
    assert_eq!(phone.place_search("%_\"'", 10).unwrap(), []);
    assert_eq!(phone.place_search(" ", 10).unwrap(), []);
    let near = phone.place_near(33.6, 119.0001, 5).unwrap();
    assert_eq!(near.iter().map(|p| p.id).collect::<Vec<_>>(), [id, other]);
    assert!((9.0..10.0).contains(&near[0].metres.unwrap()), "{:?}", near[0].metres);
    let shown = phone.place_show(id).unwrap();
    assert_eq!(shown.facts["building_type"].value.as_str(), Some("砖混"));
    assert_eq!(shown.remarks[0].text, "门朝北");
    assert_eq!(shown.grid.unwrap().as_str(), GRID);
    world.later(2_000 * DAY);
    assert_eq!(phone.place_show(id).unwrap().expired, ["building_type"]);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn all_five_checklists_come_to_their_end_with_and_without_hazards() {
    let world = World::new(2);
    let phone = world.init();
    for list in ["household", "small_premises", "rental", "workshop", "construction"] {
        for hazard in [false, true] {
            let place = phone.place_add(&new_place(&format!("{list} {hazard}"))).unwrap();
            let done = visited(&phone, place, list, hazard);
            assert_eq!(done.findings.is_empty(), !hazard, "{list} {hazard}");
            assert!(done.findings.is_sorted_by_key(|f| f.severity), "{list}");
            let rows = phone.place_show(place).unwrap().findings;
            assert_eq!(rows.len(), done.findings.len(), "{list} {hazard}");
            assert!(rows.iter().all(|f| f.open));
        }
    }
    let report = phone.verify().unwrap();
    assert!(report.ok, "{:?}", report.problems);
    assert_eq!(report.documents, 20);
}

#[test]
fn a_quick_revisit_carries_answers_over_and_clears_what_is_gone() {
    let world = World::new(3);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let first = visited(&phone, place, "household", true);
    let found: Vec<_> = first.findings.iter().map(|f| f.code.clone()).collect();
    assert_eq!(phone.today().unwrap()[0].why, "open_finding");
    world.later(3 * DAY);
    let quick = phone.visit_start(place, "household", true).unwrap();
    let asked = phone.visit_questions(quick).unwrap();
    assert!(asked.len() < first.answers.len(), "{} of {}", asked.len(), first.answers.len());
    let second = run_through(&phone, quick, false);
    assert!(!second.carried.is_empty());
    let open = phone.findings(true).unwrap();
    assert!(open.len() < found.len(), "{} of {}", open.len(), found.len());
    assert_eq!(phone.findings(false).unwrap().len(), found.len());
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn today_puts_findings_before_what_is_due() {
    let world = World::new(4);
    let phone = world.init();
    let hazard = phone.place_add(&new_place("有隐患")).unwrap();
    let fine = phone.place_add(&new_place("无隐患")).unwrap();
    let new = phone.place_add(&new_place("没去过")).unwrap();
    let task = phone.place_add(&new_place("有任务")).unwrap();
    visited(&phone, hazard, "household", true);
    visited(&phone, fine, "household", false);
    visited(&phone, task, "household", false);
    phone.task_add(task, "复查门牌", None, None).unwrap();
    let why = |phone: &Phone| -> Vec<(PlaceId, &str)> {
        phone.today().unwrap().iter().map(|row| (row.place, row.why)).collect()
    };
    assert_eq!(why(&phone), [(hazard, "open_finding"), (task, "task"), (new, "first_visit")]);
    world.later(400 * DAY);
    let rows = phone.today().unwrap();
    let order: Vec<_> = rows.iter().map(|r| (r.place, r.why)).collect();
    let due =
        [(hazard, "open_finding"), (fine, "overdue"), (task, "overdue"), (new, "first_visit")];
    assert_eq!(order, due);
    assert!(rows[0].severity.is_some() && rows[1].due.is_some());
}

#[test]
fn personal_numbers_are_asked_back_before_anything_is_saved() {
    let world = World::new(5);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    let before = phone.status().unwrap().pending;
    let number = "找他 138 1234 5678";
    let personal = |done: Result<(), PhoneError>| match done {
        Err(PhoneError::PersonalText { marks, .. }) => marks.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(personal(phone.visit_note(visit, number).map(drop)), 1);
    assert_eq!(personal(phone.place_remark(place, number).map(drop)), 1);
    assert_eq!(personal(phone.place_set(place, "access_note", number).map(drop)), 1);
    assert_eq!(personal(phone.place_add(&new_place(number)).map(drop)), 1);
    assert_eq!(personal(phone.photo_reason(visit, "HH-A1-F1", number).map(drop)), 1);
    assert_eq!(personal(phone.task_add(place, number, None, None).map(drop)), 1);
    assert_eq!(phone.status().unwrap().pending, before);
}

#[test]
fn a_photo_may_be_added_or_replaced_by_a_reason_and_is_never_forced() {
    let world = World::new(6);
    let phone = world.init();
    let place = phone.place_add(&NewPlace { lat: None, lon: None, ..new_place("无坐标") }).unwrap();
    let done = visited(&phone, place, "household", true);
    assert!(done.photos.is_empty());
    let code = done.findings[0].code.clone();
    phone.photo_reason(done.id, &code, "住户不同意拍照").unwrap();
    let photo = phone.photo_add(done.id, &photo::picture(9), Some(code.clone())).unwrap();
    let picture = phone.photo_bytes(&photo.sha256).unwrap();
    assert_eq!(
        (photo.bytes, photo.state.as_str()),
        (i64::try_from(picture.len()).unwrap(), "waiting")
    );
    let sealed = std::fs::read(world.path().join("store/blobs").join(photo.sha256.to_string()));
    assert!(!sealed.unwrap().windows(64).any(|w| w == &picture[100..164]));
    let seen = phone.visit_show(done.id).unwrap();
    assert_eq!(seen.photos[0].finding, Some(code.clone()));
    assert_eq!(seen.photo_reasons[&code], "住户不同意拍照");
    assert!(matches!(phone.photo_add(done.id, b"text", None), Err(PhoneError::Invalid { .. })));
    assert_eq!(phone.photo_list().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_is_said_in_both_languages_and_changes_nothing() {
    let world = World::new(7);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    let pending = phone.status().unwrap().pending;
    let unknown = VisitId(place.0);
    for (what, error) in [
        ("answer", phone.visit_answer(visit, "HH-A1", "no such code").map(drop).unwrap_err()),
        ("item", phone.visit_answer(visit, "XX-1", "ok").map(drop).unwrap_err()),
        ("list", phone.visit_start(place, "no_list", false).map(drop).unwrap_err()),
        ("field", phone.place_set(place, "owner_name", "x").map(drop).unwrap_err()),
        ("value", phone.place_set(place, "storeys", "many").map(drop).unwrap_err()),
    ] {
        let PhoneError::Invalid { message, .. } = error else { panic!("{what}: {error:?}") };
        assert!(!message.zh.is_empty() && !message.en.is_empty(), "{what}");
    }
    let refused = phone.visit_finish(visit).unwrap_err();
    assert!(matches!(refused, PhoneError::Refused { code: "missing_answers", .. }));
    assert!(matches!(phone.visit_show(unknown), Err(PhoneError::NotFound { what: "visit" })));
    assert_eq!(phone.status().unwrap().pending, pending);
}

#[test]
fn a_task_is_checked_and_closed() {
    let world = World::new(8);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let task = phone.task_add(place, "复查灶具", Some("HH-A1-F1".into()), None).unwrap();
    phone.task_check(task, crate::model::CheckOutcome::Fail, "仍未整改").unwrap();
    assert_eq!(phone.tasks(true).unwrap().len(), 1);
    phone.task_check(task, crate::model::CheckOutcome::Pass, "").unwrap();
    assert_eq!(phone.tasks(true).unwrap(), []);
    assert_eq!(phone.task_show(task).unwrap().task.checks.len(), 2);
}
