//! Merging: any order, grouping and repetition of the same changes gives the same record, the
//! same conflicts and the same heads; the engine's own sync agrees; strange documents are read calmly.

use automerge as am;
use automerge::ReadDoc;
use automerge::sync::{self, SyncDoc};
use automerge::transaction::Transactable;
use proptest::prelude::*;

use super::tests::{
    ID, T0, answer, born, by, fact, finding, place_birth, remark, task_birth, visit_birth,
};
use super::*;
use crate::model::{CheckOutcome, CheckResult, Role, TaskStatus};

/// One step of a day's work: who does what, or who hears from whom.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Edit { who: usize, what: u8, value: u8 },
    Hear { who: usize, from: usize },
}

const PEOPLE: usize = 3;

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let edit = (0..PEOPLE, any::<u8>(), 0..4_u8).prop_map(|(who, what, value)| Step::Edit {
        who,
        what,
        value,
    });
    let hear = (0..PEOPLE, 0..PEOPLE).prop_map(|(who, from)| Step::Hear { who, from });
    prop::collection::vec(prop_oneof![3 => edit, 1 => hear], 1..16)
}

pub(super) fn births() -> impl Strategy<Value = Birth> {
    prop_oneof![Just(place_birth()), Just(visit_birth()), Just(task_birth())]
}

fn edit(kind: Kind, what: u8, value: u8) -> Edit {
    let text = format!("v{value}");
    let at = T0.plus_ms(i64::from(value));
    match (kind, what % 5) {
        (Kind::Place, 0) => fact("storeys", i64::from(value) + 1, at),
        (Kind::Place, 1) => fact("lift", value > 1, at),
        (Kind::Place, 2) => Edit::Place(PlaceEdit::Remark(remark(&text))),
        (Kind::Place, _) => fact("fuel", text.as_str(), at),
        (Kind::Visit, 0) => Edit::Visit(VisitEdit::Note(remark(&text))),
        (Kind::Visit, 1) => {
            let remove = vec!["HH-A1".to_owned()];
            Edit::Visit(VisitEdit::Answers { put: vec![("HH-A2".into(), text.into())], remove })
        }
        (Kind::Visit, 2) if value == 3 => {
            Edit::Visit(VisitEdit::Finish { at, findings: vec![finding("HH-A3-F1")] })
        }
        (Kind::Visit, _) => answer("HH-A1", &text),
        (Kind::Task, 0) => {
            let (by_role, outcome) = (Role::Checker, CheckOutcome::Fail);
            let result = CheckResult { at, by_role, outcome, note: text };
            Edit::Task(TaskEdit::Check { result, status: Some(TaskStatus::Open) })
        }
        (Kind::Task, 1) => Edit::Task(TaskEdit::Due(at)),
        (Kind::Task, 2) => Edit::Task(TaskEdit::Remark(remark(&text))),
        (Kind::Task, _) if value > 1 => Edit::Task(TaskEdit::Status(TaskStatus::Done)),
        (Kind::Task, _) => Edit::Task(TaskEdit::Status(TaskStatus::Dropped)),
    }
}

/// Plays the day; gives the copies as they stand at its end.
pub(super) fn play(birth: &Birth, steps: &[Step]) -> Vec<Document> {
    let mut copies = vec![born(birth); PEOPLE];
    for step in steps {
        match *step {
            Step::Edit { who, what, value } => {
                let by = by(u8::try_from(who).unwrap() + 10);
                match copies[who].edit(&edit(birth.kind(), what, value), &by, T0) {
                    Ok(_) | Err(EditError::Finished) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Hear { who, from } => {
                let heard = copies[from].changes();
                copies[who].extend(heard.iter().map(|parts| parts.raw.as_slice())).unwrap();
            }
        }
    }
    copies
}

pub(super) fn merged(copies: &[Document]) -> Document {
    let changes: Vec<_> = copies.iter().flat_map(Document::changes).collect();
    Document::from_changes(ID, changes.iter().map(|parts| parts.raw.as_slice())).unwrap()
}

/// Delivers changes group by group; what arrives too early waits for the next group.
fn deliver(raws: &[Vec<u8>], group: usize) -> Document {
    let mut document = Document { id: ID, doc: am::Automerge::new(), bytes: 0 };
    let mut waiting: Vec<&[u8]> = Vec::new();
    for group in raws.chunks(group) {
        waiting.extend(group.iter().map(Vec::as_slice));
        match document.extend(waiting.iter().copied()) {
            Ok(()) => waiting.clear(),
            Err(LoadError::Missing(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(waiting.is_empty());
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn order_grouping_and_repetition_change_nothing(
        birth in births(),
        steps in steps(),
        group in 1..5_usize,
        shuffle in any::<u64>(),
    ) {
        let copies = play(&birth, &steps);
        let expected = merged(&copies);
        let mut raws: Vec<Vec<u8>> = copies
            .iter()
            .flat_map(Document::changes)
            .map(|parts| parts.raw)
            .collect();
        raws.sort_by_cached_key(|raw| {
            raw.iter().fold(shuffle, |seed, byte| {
                (seed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            })
        });
        let delivered = deliver(&raws, group);
        prop_assert_eq!(delivered.heads(), expected.heads());
        prop_assert_eq!(delivered.read(), expected.read());
        let loaded = Document::load(ID, &delivered.save()).unwrap();
        prop_assert_eq!(loaded.read(), expected.read());
        prop_assert!(expected.read().oddities.is_empty());
    }

    #[test]
    fn everything_that_honest_people_do_is_admitted_in_any_order(
        birth in births(),
        steps in steps(),
    ) {
        let changes = merged(&play(&birth, &steps)).changes();
        let admission = admit(None, ID, &changes, &Ledger::default(), None);
        for verdict in &admission.verdicts {
            prop_assert!(matches!(verdict, Verdict::Accepted(_)), "{:?}", verdict);
        }
        let history = Ledger::of(&changes);
        for parts in &changes {
            let past = parts.deps.iter().filter_map(|dep| history.cum_max_op(dep)).max();
            prop_assert_eq!(parts.start_op, 1 + past.unwrap_or(0));
        }
    }

    #[test]
    fn the_engines_own_sync_agrees(birth in births(), steps in steps()) {
        let copies = play(&birth, &steps);
        let (mut a, mut b) = (copies[0].doc.clone(), copies[1].doc.clone());
        let (mut to_b, mut to_a) = (sync::State::new(), sync::State::new());
        loop {
            let one = a.generate_sync_message(&mut to_b);
            if let Some(message) = one.clone() {
                b.receive_sync_message(&mut to_a, message).unwrap();
            }
            let other = b.generate_sync_message(&mut to_a);
            if let Some(message) = other.clone() {
                a.receive_sync_message(&mut to_b, message).unwrap();
            }
            if one.is_none() && other.is_none() {
                break;
            }
        }
        let synced = Document { id: ID, doc: a, bytes: 0 };
        let ours = merged(&copies[..2]);
        prop_assert_eq!(synced.heads(), ours.heads());
        prop_assert_eq!(synced.read(), ours.read());
    }
}

/// A strange operation: which object, which key, what to do.
type Strange = (u8, u8, u8);

fn scribble(doc: &mut am::Automerge, strange: &[Strange]) {
    const KEYS: [&str; 14] = [
        "kind",
        "v",
        "facts",
        "seen",
        "remarks",
        "head",
        "answers",
        "findings",
        "notes",
        "fuel",
        "storeys",
        "status",
        "HH-A3-F1.severity",
        "*",
    ];
    let mut objects = vec![(am::ROOT, am::ObjType::Map)];
    for name in ["facts", "seen", "head", "answers", "findings", "remarks", "notes", "checks"] {
        objects.extend(fields::find(doc, name).map(|(typ, obj)| (obj, typ)));
    }
    let mut tx = doc.transaction();
    for (which, key, what) in strange {
        let (obj, typ) = objects[usize::from(*which) % objects.len()].clone();
        let key = KEYS[usize::from(*key) % KEYS.len()];
        let value: am::ScalarValue = match what % 16 {
            0 => am::ScalarValue::Null,
            1 => am::ScalarValue::Bytes(vec![*what]),
            2 => am::ScalarValue::counter(3),
            3 => f64::NAN.into(),
            4 => i64::MIN.into(),
            5 => u64::MAX.into(),
            6 => am::ScalarValue::Timestamp(-1),
            7 => true.into(),
            8 => "1 inspector x".into(),
            9 => "{\"at\":null".into(),
            10 => "finished".into(),
            11 => "place".into(),
            _ => {
                let made = match what % 4 {
                    0 => am::ObjType::Map,
                    1 => am::ObjType::List,
                    2 => am::ObjType::Text,
                    _ => am::ObjType::Table,
                };
                let new = match typ {
                    am::ObjType::Map | am::ObjType::Table => tx.put_object(&obj, key, made),
                    am::ObjType::List | am::ObjType::Text => tx.insert_object(&obj, 0, made),
                };
                objects.extend(new.ok().map(|obj| (obj, made)));
                continue;
            }
        };
        // What the engine refuses, nobody can send either.
        let _ = match (typ, what % 3) {
            (am::ObjType::Map | am::ObjType::Table, 0) => tx.delete(&obj, key),
            (am::ObjType::Map | am::ObjType::Table, _) => tx.put(&obj, key, value),
            (am::ObjType::List | am::ObjType::Text, 0) => tx.delete(&obj, 0),
            (am::ObjType::List | am::ObjType::Text, _) => tx.insert(&obj, 0, value),
        };
    }
    tx.commit();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn strange_documents_are_read_calmly(
        birth in births(),
        first in prop::collection::vec(any::<Strange>(), 0..12),
        second in prop::collection::vec(any::<Strange>(), 0..12),
    ) {
        let born = born(&birth);
        let (mut a, mut b) = (born.doc.clone(), born.doc.clone());
        a.set_actor(am::ActorId::from([0xa1; 16]));
        b.set_actor(am::ActorId::from([0xb2; 16]));
        scribble(&mut a, &first);
        scribble(&mut b, &second);
        a.apply_changes(b.get_changes(&[])).unwrap();
        let mut document = Document { id: ID, doc: a, bytes: 0 };
        let reading = document.read();
        prop_assert_eq!(&reading, &document.read());
        for what in 0..5 {
            if let Some(kind) = document.kind() {
                // Refused or made, but never a panic.
                let _ = document.edit(&edit(kind, what, what), &by(9), T0);
            }
        }
        let _ = document.read();
        for conflict in &reading.conflicts {
            prop_assert!(conflict.values.len() > 1);
        }
    }
}

#[test]
fn what_a_newer_app_wrote_survives_an_older_ones_edits() {
    let mut newer = born(&place_birth()).doc;
    newer.set_actor(am::ActorId::from([0xee; 16]));
    let mut tx = newer.transaction();
    tx.put(am::ROOT, "v", 9).unwrap();
    tx.put(am::ROOT, "region", "north").unwrap();
    let (_, facts) = tx.get(am::ROOT, "facts").unwrap().unwrap();
    tx.put(&facts, "roof_load", 350).unwrap();
    let more = tx.put_object(am::ROOT, "sensors", am::ObjType::Map).unwrap();
    tx.put(&more, "s1", true).unwrap();
    tx.commit();
    let mut document = Document { id: ID, doc: newer, bytes: 0 };
    let before = document.read();
    assert!(matches!(&before.record, Record::Place(place) if place.v == 9), "{before:?}");
    assert_eq!(before.oddities, [""; 0]);
    document.edit(&fact("fuel", "gas", T0), &by(2), T0).unwrap().unwrap();
    document.edit(&Edit::Place(PlaceEdit::Remark(remark("记"))), &by(2), T0).unwrap().unwrap();
    let after = Document::load(ID, &document.save()).unwrap().doc;
    let (_, facts) = after.get(am::ROOT, "facts").unwrap().unwrap();
    let (_, more) = after.get(am::ROOT, "sensors").unwrap().unwrap();
    assert_eq!(after.get(&facts, "roof_load").unwrap().unwrap().0, 350.into());
    assert_eq!(after.get(&more, "s1").unwrap().unwrap().0, true.into());
    assert_eq!(after.get(am::ROOT, "region").unwrap().unwrap().0, "north".into());
    assert_eq!(after.get(am::ROOT, "v").unwrap().unwrap().0, 9.into());
}

#[test]
fn an_older_form_is_lifted_step_by_step() {
    use super::layout::{Lift, lift};
    // Version 2 calls `stories` `storeys`; version 3 counts them from one.
    let lifts = [
        Lift {
            to: 2,
            lift: |fields| {
                let facts = fields.maps.entry("facts").or_default();
                if let Some(cell) = facts.remove("stories") {
                    facts.insert("storeys".into(), cell);
                }
            },
        },
        Lift {
            to: 3,
            lift: |fields| {
                let facts = fields.maps.entry("facts").or_default();
                if let Some(Scalar::Int(n)) = facts.get_mut("storeys").map(|cell| &mut cell.value) {
                    *n += 1;
                }
            },
        },
    ];
    let mut old = born(&place_birth());
    old.edit(&fact("storeys", 5_i64, T0), &by(2), T0).unwrap();
    for (from, expected) in [(1, 6), (2, 6), (3, 5)] {
        let mut fields = Fields::gather(&old.doc, Kind::Place.layout());
        if from == 1 {
            let facts = fields.maps.get_mut("facts").unwrap();
            let cell = facts.remove("storeys").unwrap();
            facts.insert("stories".into(), cell);
        }
        lift(&mut fields, from, &lifts);
        assert_eq!(fields.get("facts", "storeys"), Some(&Scalar::Int(expected)), "from {from}");
    }
}
