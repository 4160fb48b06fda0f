//! What a document promises, kind by kind. Figures of authors and times are made up.

use std::collections::BTreeMap;

use super::*;
use crate::model::{
    Author, Carried, CheckOutcome, CheckResult, ClockKind, Deadline, Finding, HashText, PhotoRef,
    Place, PlaceId, Remark, Role, Route, Severity, Task, TaskStatus, Text, UtcMillis, Visit,
    VisitStatus,
};

pub(super) const ID: DocId = DocId([7; 16]);
pub(super) const T0: UtcMillis = UtcMillis(1_763_884_800_123);

pub(super) fn by(n: u8) -> Authorship {
    Authorship { author: Author([n; 16]), actor: [n ^ 0x5a; 16] }
}

pub(super) fn place_birth() -> Birth {
    Birth::Place(PlaceBirth {
        facts: vec![
            ("kind".into(), "rental".into()),
            ("address".into(), "桃园路8弄2号301室".into()),
            ("lat".into(), 33.61.into()),
            ("lon".into(), 119.01.into()),
        ],
        by_role: Role::Inspector,
    })
}

pub(super) fn visit_birth() -> Birth {
    let carried = Carried { value: "yes".into(), at: T0.plus_days(-90) };
    Birth::Visit(VisitBirth {
        place: PlaceId(DocId([1; 16])),
        list: "household".into(),
        list_version: 3,
        quick: false,
        by_role: Role::Inspector,
        started_at: T0,
        carried: BTreeMap::from([("HH-A2".to_owned(), carried)]),
    })
}

pub(super) fn task_birth() -> Birth {
    Birth::Task(TaskBirth {
        place: PlaceId(DocId([1; 16])),
        title: "复查燃气软管".into(),
        finding: Some("HH-A3-F1".into()),
        due_at: Some(T0.plus_days(7)),
    })
}

pub(super) fn finding(code: &str) -> Finding {
    let text = |zh: &str, en: &str| Text { zh: zh.into(), en: en.into() };
    Finding {
        code: code.into(),
        item: "HH-A3".into(),
        title: text("软管老化", "Hose worn"),
        fix: text("更换软管", "Replace the hose"),
        severity: Severity::S2,
        category: "GAS03".into(),
        deadline: Some(Deadline { kind: ClockKind::WorkDay, value: 5 }),
        route: Route::Case,
        lead: "HOUSING".parse().unwrap(),
        co: vec!["FIRE".parse().unwrap()],
        suspected_major: false,
        public_area: true,
        immediate_action: None,
        list: "household".into(),
        list_version: 3,
        raised_at: T0.plus_ms(60_000),
    }
}

pub(super) fn remark(text: &str) -> Remark {
    Remark { at: T0, by_role: Role::CommunityPolice, text: text.into() }
}

pub(super) fn born(birth: &Birth) -> Document {
    Document::birth(ID, birth, &by(1), T0).unwrap().0
}

pub(super) fn place(document: &Document) -> Place {
    match document.read().record {
        Record::Place(place) => place,
        other => panic!("not a place: {other:?}"),
    }
}

pub(super) fn visit(document: &Document) -> Visit {
    match document.read().record {
        Record::Visit(visit) => visit,
        other => panic!("not a visit: {other:?}"),
    }
}

fn task(document: &Document) -> Task {
    match document.read().record {
        Record::Task(task) => task,
        other => panic!("not a task: {other:?}"),
    }
}

pub(super) fn answer(item: &str, value: &str) -> Edit {
    Edit::Visit(VisitEdit::Answers { put: vec![(item.into(), value.into())], remove: vec![] })
}

pub(super) fn fact(name: &str, value: impl Into<Scalar>, at: UtcMillis) -> Edit {
    Edit::Place(PlaceEdit::Facts {
        set: vec![(name.into(), value.into())],
        by_role: Role::CommunityPolice,
        observed_at: at,
    })
}

#[test]
fn a_place_is_born_small_and_read_back() {
    let (document, made) = Document::birth(ID, &place_birth(), &by(1), T0).unwrap();
    assert!(made.raw.len() < 300, "{} bytes", made.raw.len());
    assert_eq!((made.seq, made.start_op, made.deps.len()), (1, 1, 0));
    let reading = document.read();
    assert_eq!(reading.oddities, [""; 0]);
    let place = place(&document);
    assert_eq!(place.address(), "桃园路8弄2号301室");
    assert_eq!(place.position(), Some((33.61, 119.01)));
    let kind = &place.facts["kind"];
    assert_eq!((kind.observed_at, kind.by_role), (T0, Role::Inspector));
    let again = Document::from_changes(ID, [made.raw.as_slice()]).unwrap();
    assert_eq!((again.read(), again.heads()), (reading, vec![made.hash]));
}

#[test]
fn a_fact_stated_again_is_fresh_and_its_own_authors() {
    let mut document = born(&place_birth());
    let at = T0.plus_days(30);
    let first = document.edit(&fact("fuel", "lpg", T0), &by(1), T0).unwrap().unwrap();
    let again = document.edit(&fact("fuel", "lpg", at), &by(2), at).unwrap().unwrap();
    assert_eq!((again.deps.clone(), again.start_op), (vec![first.hash], first.max_op + 1));
    let fuel = &place(&document).facts["fuel"];
    assert_eq!((fuel.observed_at, fuel.by_role), (at, Role::CommunityPolice));
    assert_eq!(fuel.expires_at, Some(at.plus_days(365)));
    assert_eq!(Document::load(ID, &document.save()).unwrap().read(), document.read());
}

#[test]
fn two_statements_at_once_both_stay_until_one_is_chosen() {
    let base = born(&place_birth());
    let (mut a, mut b) = (base.clone(), base);
    let first = a.edit(&fact("building_type", "brick", T0), &by(2), T0).unwrap().unwrap();
    let later = T0.plus_ms(5);
    let second = b.edit(&fact("building_type", "frame", later), &by(3), later).unwrap().unwrap();
    a.extend([second.raw.as_slice()]).unwrap();
    b.extend([first.raw.as_slice()]).unwrap();
    assert_eq!(a.read(), b.read());
    let conflicts = a.read().conflicts;
    let [conflict] = conflicts.as_slice() else { panic!("{conflicts:?}") };
    assert_eq!((conflict.container.as_str(), conflict.field.as_str()), ("facts", "building_type"));
    let told: Vec<_> = conflict.values.iter().map(|v| (v.author.unwrap().0[0], v.at)).collect();
    assert!(told.contains(&(2, T0)) && told.contains(&(3, later)), "{told:?}");
    for choice in [&first, &second] {
        let mut settled = a.clone();
        let settle = Settle {
            container: "facts".into(),
            field: "building_type".into(),
            choose: choice.hash,
        };
        let made = settled.edit(&Edit::Settle(settle), &by(4), T0).unwrap().unwrap();
        let reading = settled.read();
        assert_eq!(reading.conflicts, []);
        let expected = if choice.hash == first.hash { T0 } else { later };
        assert_eq!(place(&settled).facts["building_type"].observed_at, expected);
        b.clone().extend([made.raw.as_slice()]).unwrap();
        assert_eq!(Document::load(ID, &settled.save()).unwrap().read(), reading);
    }
}

#[test]
fn a_plain_statement_settles_too_even_of_the_winning_value() {
    let base = born(&place_birth());
    let (mut a, mut b) = (base.clone(), base);
    a.edit(&fact("fuel", "lpg", T0), &by(2), T0).unwrap();
    let other = b.edit(&fact("fuel", "gas", T0), &by(3), T0).unwrap().unwrap();
    a.extend([other.raw.as_slice()]).unwrap();
    let winner = place(&a).facts["fuel"].value.clone();
    a.edit(&fact("fuel", winner.clone(), T0), &by(4), T0).unwrap().unwrap();
    assert_eq!(a.read().conflicts, []);
    assert_eq!(place(&a).facts["fuel"].value, winner);
}

#[test]
fn equal_values_at_once_are_no_conflict() {
    let base = born(&visit_birth());
    let (mut a, mut b) = (base.clone(), base);
    a.edit(&answer("HH-A1", "ok"), &by(2), T0).unwrap();
    let other = b.edit(&answer("HH-A1", "ok"), &by(3), T0).unwrap().unwrap();
    a.extend([other.raw.as_slice()]).unwrap();
    assert_eq!(a.read().conflicts, []);
}

#[test]
fn a_visit_is_answered_finished_and_closed() {
    let mut document = born(&visit_birth());
    let by = by(1);
    document.edit(&answer("HH-A1", "ok"), &by, T0).unwrap().unwrap();
    assert_eq!(document.edit(&answer("HH-A1", "ok"), &by, T0).unwrap(), None, "nothing differs");
    let swap = VisitEdit::Answers {
        put: vec![("HH-A3".into(), "bad".into())],
        remove: vec!["HH-A1".into(), "HH-Z9".into()],
    };
    document.edit(&Edit::Visit(swap), &by, T0).unwrap().unwrap();
    let at = T0.plus_ms(60_000);
    let finish = VisitEdit::Finish { at, findings: vec![finding("HH-A3-F1")] };
    document.edit(&Edit::Visit(finish.clone()), &by, at).unwrap().unwrap();
    let heads = document.heads();
    for late in [answer("HH-A1", "bad"), Edit::Visit(finish)] {
        assert!(matches!(document.edit(&late, &by, at), Err(EditError::Finished)));
    }
    assert_eq!(document.heads(), heads, "a refused edit leaves no trace");
    let photo = PhotoRef {
        sha256: HashText([9; 32]),
        bytes: 84_000,
        media: "image/jpeg".into(),
        finding: Some("HH-A3-F1".into()),
        at,
        original: Some(HashText([8; 32])),
    };
    for open in [
        VisitEdit::Note(remark("住户同意更换")),
        VisitEdit::Photo(photo.clone()),
        VisitEdit::PhotoReason { finding: "HH-A3-F1".into(), reason: "光线不足".into() },
    ] {
        document.edit(&Edit::Visit(open), &by, at).unwrap().unwrap();
    }
    let reading = document.read();
    assert_eq!((reading.oddities, reading.conflicts), (vec![], vec![]));
    let visit = visit(&document);
    assert_eq!((visit.status, visit.finished_at), (VisitStatus::Finished, Some(at)));
    assert_eq!(visit.answers, BTreeMap::from([("HH-A3".to_owned(), "bad".into())]));
    assert_eq!(visit.carried["HH-A2"].at, T0.plus_days(-90));
    assert_eq!(visit.findings["HH-A3-F1"], finding("HH-A3-F1"));
    assert_eq!((visit.notes, visit.photos), (vec![remark("住户同意更换")], vec![photo]));
    assert_eq!(visit.photo_reasons["HH-A3-F1"], "光线不足");
}

#[test]
fn a_task_is_checked_and_done() {
    let mut document = born(&task_birth());
    let result = CheckResult {
        at: T0,
        by_role: Role::Inspector,
        outcome: CheckOutcome::Pass,
        note: String::new(),
    };
    let check = TaskEdit::Check { result: result.clone(), status: Some(TaskStatus::Done) };
    document.edit(&Edit::Task(check), &by(1), T0).unwrap().unwrap();
    document.edit(&Edit::Task(TaskEdit::Remark(remark("已换新"))), &by(2), T0).unwrap().unwrap();
    document.edit(&Edit::Task(TaskEdit::Due(T0)), &by(2), T0).unwrap().unwrap();
    let task = task(&document);
    assert_eq!((task.status, task.due_at), (TaskStatus::Done, Some(T0)));
    assert_eq!((task.checks, task.remarks), (vec![result], vec![remark("已换新")]));
    assert_eq!(
        document.edit(&Edit::Task(TaskEdit::Status(TaskStatus::Done)), &by(1), T0).unwrap(),
        None
    );
}

#[test]
fn edits_that_do_not_fit_are_refused_and_leave_no_trace() {
    let mut document = born(&place_birth());
    let before = document.save();
    let long = "长".repeat(3_000);
    let cases = [
        fact("religion", "x", T0),
        fact("storeys", 0_i64, T0),
        fact("lat", f64::NAN, T0),
        Edit::Place(PlaceEdit::Remark(remark(&long))),
        Edit::Place(PlaceEdit::Remark(remark(" "))),
        answer("HH-A1", "ok"),
        Edit::Settle(Settle {
            container: "facts".into(),
            field: "kind".into(),
            choose: document.heads()[0],
        }),
    ];
    for edit in cases {
        let error = document.edit(&edit, &by(9), T0).unwrap_err().to_string();
        assert!(!error.contains('长'), "{error}");
        assert_eq!(document.save(), before);
    }
    let taken = Authorship { author: Author([8; 16]), ..by(1) };
    let error = document.edit(&fact("fuel", "gas", T0), &taken, T0).unwrap_err();
    assert!(matches!(error, EditError::ActorTaken));
    let big: Vec<_> =
        (0..40).map(|n| (format!("HH-{n}"), Scalar::from("x".repeat(1_900)))).collect();
    let edit = Edit::Visit(VisitEdit::Answers { put: big, remove: vec![] });
    let error = born(&visit_birth()).edit(&edit, &by(1), T0).unwrap_err();
    assert!(matches!(error, EditError::TooLarge), "{error}");
}

#[test]
fn missing_and_damaged_changes_are_named() {
    let (mut document, first) = Document::birth(ID, &place_birth(), &by(1), T0).unwrap();
    let second = document.edit(&fact("fuel", "gas", T0), &by(1), T0).unwrap().unwrap();
    match Document::from_changes(ID, [second.raw.as_slice()]) {
        Err(LoadError::Missing(hashes)) => assert_eq!(hashes, [first.hash]),
        other => panic!("{other:?}"),
    }
    let mut snapshot = document.save();
    snapshot.pop();
    assert!(matches!(Document::load(ID, &snapshot), Err(LoadError::Damaged(_))));
    let raws = [&second.raw[..], &first.raw[..], &second.raw[..]];
    assert_eq!(Document::from_changes(ID, raws).unwrap().read(), document.read());
    let changes = document.changes();
    assert_eq!(
        changes.iter().map(|c| &c.raw[..]).collect::<Vec<_>>(),
        [&first.raw[..], &second.raw]
    );
    assert!(document.has(&first.hash) && document.has(&second.hash));
}
