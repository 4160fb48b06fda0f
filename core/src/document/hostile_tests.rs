//! Changes nobody's app makes: malformed ones (the named cases of the engine's probe), and
//! well-formed ones against the rules. Each must be refused with its stable code.

use std::fmt::Write as _;
use std::num::NonZeroU64;

use automerge as am;
use automerge::legacy;
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ReadDoc, ScalarValue};
use expect_test::{Expect, expect};

use super::tests::{ID, T0, answer, born, by, fact, finding, place_birth, remark, visit_birth};
use super::*;
use crate::model::Author;

fn check(actual: &str, expected: &Expect) {
    expected.assert_eq(actual);
}

fn judge(document: &Document, raw: &[u8]) -> &'static str {
    let parts = match parse_change(raw) {
        Ok(parts) => parts,
        Err(error) => return error.code(),
    };
    let history = Ledger::of(&document.changes());
    let admission = admit(Some(document), ID, &[parts], &history, None);
    match &admission.verdicts[0] {
        Verdict::Accepted(_) => "accepted",
        Verdict::Known => "known",
        // Which check of the dry run strikes first differs between builds with and without the
        // engine's own assertions.
        Verdict::Refused(
            AdmitError::DryRun | AdmitError::DryRunPanic | AdmitError::Reencode | AdmitError::Load,
        ) => "dry run",
        Verdict::Refused(error) => error.code(),
        Verdict::Forbidden(refusal) => refusal.code(),
    }
}

/// A change by author 9 on a copy of the document, through the engine itself.
fn forge(document: &Document, work: impl FnOnce(&mut Transaction<'_>)) -> am::Change {
    let mut doc = document.doc.clone();
    let Authorship { author, actor } = by(9);
    doc.set_author(Some(am::Author::from(author.0.to_vec())));
    doc.set_actor(am::ActorId::from(actor));
    let mut tx = doc.transaction();
    work(&mut tx);
    tx.commit_with(CommitOptions::default().with_time(T0.0));
    doc.get_last_local_change().unwrap()
}

/// The document with a change of author 9, and a second change on top of it.
fn grown() -> (Document, am::Change) {
    let mut document = born(&visit_birth());
    document.edit(&answer("HH-A1", "ok"), &by(9), T0).unwrap();
    let second = forge(&document, |tx| {
        let answers = obj(tx, "answers");
        tx.put(&answers, "HH-A2", "bad").unwrap();
    });
    (document, second)
}

fn obj(tx: &Transaction<'_>, name: &str) -> am::ObjId {
    tx.get(am::ROOT, name).unwrap().unwrap().1
}

fn alter(change: &am::Change, work: impl FnOnce(&mut am::ExpandedChange)) -> am::Change {
    let mut expanded = change.decode();
    work(&mut expanded);
    am::Change::from(expanded)
}

/// A base, one change on it, the base with that change, and a second change of the same actor.
fn pair() -> (Document, am::Change, Document, am::Change) {
    let (document, second) = grown();
    let base = born(&visit_birth());
    let first = forge(&base, |tx| {
        let answers = obj(tx, "answers");
        tx.put(&answers, "HH-A1", "ok").unwrap();
    });
    (base, first, document, second)
}

fn line(out: &mut String, name: &str, document: &Document, change: &am::Change) {
    writeln!(out, "{name}: {}", judge(document, change.raw_bytes())).unwrap();
}

#[test]
fn changes_out_of_sequence_are_named() {
    let (base, first, document, second) = pair();
    let mut out = String::new();
    line(&mut out, "honest", &base, &first);
    line(
        &mut out,
        "again",
        &document,
        &am::Change::try_from(&document.changes()[1].raw[..]).unwrap(),
    );
    line(&mut out, "unknown actor, seq 2", &base, &alter(&first, |e| e.seq = 2));
    line(&mut out, "known actor, gap in seq", &document, &alter(&second, |e| e.seq = 4));
    for start in [1, u64::from(u32::MAX) - 1, u64::from(u32::MAX), 1 << 31, 1 << 32] {
        let change = alter(&first, |e| e.start_op = NonZeroU64::new(start).unwrap());
        line(&mut out, &format!("start_op {start}"), &base, &change);
    }
    line(
        &mut out,
        "operation number used again",
        &document,
        &alter(&second, |e| e.start_op = first.start_op()),
    );
    line(&mut out, "seq 2 without deps", &document, &alter(&second, |e| e.deps = vec![]));
    line(&mut out, "same actor and seq, other content", &document, &alter(&first, |e| e.time = 77));
    line(&mut out, "the same dep twice", &document, &alter(&second, |e| e.deps.push(e.deps[0])));
    check(
        &out,
        &expect![[r#"
        honest: accepted
        again: known
        unknown actor, seq 2: seq
        known actor, gap in seq: seq
        start_op 1: start_op
        start_op 4294967294: start_op
        start_op 4294967295: start_op
        start_op 2147483648: start_op
        start_op 4294967296: parse
        operation number used again: start_op
        seq 2 without deps: birth
        same actor and seq, other content: duplicate_seq
        the same dep twice: deps
    "#]],
    );
}

#[test]
fn changes_that_refer_wrongly_are_named() {
    let (base, first, ..) = pair();
    let stranger = am::ActorId::from([0xdd; 16]);
    let own = first.actor_id().clone();
    let born_by = base.changes()[0].actor;
    let mut out = String::new();
    line(
        &mut out,
        "object of an unknown actor",
        &base,
        &alter(&first, |e| {
            e.operations[0].obj = legacy::ObjectId::Id(legacy::OpId(1, stranger.clone()));
        }),
    );
    line(
        &mut out,
        "object that does not exist",
        &base,
        &alter(&first, |e| {
            e.operations[0].obj = legacy::ObjectId::Id(legacy::OpId(999, own.clone()));
        }),
    );
    line(
        &mut out,
        "object is a value",
        &base,
        &alter(&first, |e| {
            e.operations[0].obj = legacy::ObjectId::Id(legacy::OpId(1, am::ActorId::from(born_by)));
        }),
    );
    line(
        &mut out,
        "pred that does not exist",
        &base,
        &alter(&first, |e| {
            e.operations[0].pred = vec![legacy::OpId(77, am::ActorId::from(born_by))].into();
        }),
    );
    line(
        &mut out,
        "pred of another key",
        &base,
        &alter(&first, |e| {
            e.operations[0].pred = vec![legacy::OpId(1, am::ActorId::from(born_by))].into();
        }),
    );
    check(
        &out,
        &expect![[r#"
        object of an unknown actor: other_actor
        object that does not exist: dry run
        object is a value: dry run
        pred that does not exist: dry run
        pred of another key: dry run
    "#]],
    );
}

#[test]
fn changes_that_sign_wrongly_are_named() {
    let (base, first, document, second) = pair();
    let mut out = String::new();
    line(
        &mut out,
        "author on seq 2",
        &document,
        &alter(&second, |e| e.extra_bytes = first.extra_bytes().into()),
    );
    line(&mut out, "no author on seq 1", &base, &alter(&first, |e| e.extra_bytes = Vec::new()));
    line(&mut out, "bytes behind the author", &base, &alter(&first, |e| e.extra_bytes.push(7)));
    line(&mut out, "a message", &base, &alter(&first, |e| e.message = Some("张三".into())));
    line(
        &mut out,
        "seq 2 not leaning on seq 1",
        &document,
        &alter(&second, |e| e.deps = first.deps().to_vec()),
    );
    line(&mut out, "no operations", &base, &alter(&first, |e| e.operations.clear()));
    line(
        &mut out,
        "actor of 15 bytes",
        &base,
        &alter(&first, |e| e.actor_id = am::ActorId::from(vec![1; 15])),
    );
    line(
        &mut out,
        "author of 5 bytes",
        &base,
        &alter(&first, |e| e.extra_bytes = vec![1, 5, 1, 2, 3, 4, 5]),
    );
    check(
        &out,
        &expect![[r#"
        author on seq 2: author
        no author on seq 1: author
        bytes behind the author: extra
        a message: extra
        seq 2 not leaning on seq 1: seq
        no operations: ops
        actor of 15 bytes: actor_length
        author of 5 bytes: author
    "#]],
    );
}

#[test]
fn bytes_that_are_no_change_are_named() {
    let base = born(&visit_birth());
    let big = forge(&base, |tx| {
        let answers = obj(tx, "answers");
        tx.put(&answers, "HH-A1", "0".repeat(limits::CHANGE_BYTES_MAX)).unwrap();
    });
    let bomb = big.clone().bytes().into_owned();
    assert!(bomb.len() < 1_000, "a bomb is small on the wire: {} bytes", bomb.len());
    let honest = base.changes()[0].raw.clone();
    let mut checksum = honest.clone();
    checksum[4] ^= 0xff;
    let mut tail = honest.clone();
    tail.push(0);
    let cases: [(&str, &[u8]); 8] = [
        ("nothing", &[]),
        ("a word", b"hello, world"),
        ("a whole document", &base.save()),
        ("compressed", &bomb),
        ("too large", big.raw_bytes()),
        ("checksum", &checksum),
        ("cut", &honest[..honest.len() - 1]),
        ("tail", &tail),
    ];
    let mut out = String::new();
    for (name, raw) in cases {
        writeln!(out, "{name}: {}", judge(&base, raw)).unwrap();
    }
    check(
        &out,
        &expect![[r#"
        nothing: parse
        a word: parse
        a whole document: type
        compressed: type
        too large: size
        checksum: checksum
        cut: parse
        tail: parse
    "#]],
    );
}

type Work<'w> = &'w dyn Fn(&mut Transaction<'_>);

fn rule(out: &mut String, name: &str, document: &Document, work: Work<'_>) {
    let change = forge(document, work);
    line(out, name, document, &change);
}

fn put(
    container: &'static str,
    key: &'static str,
    value: ScalarValue,
) -> impl Fn(&mut Transaction<'_>) {
    move |tx: &mut Transaction<'_>| {
        let obj = obj(tx, container);
        tx.put(&obj, key, value.clone()).unwrap();
    }
}

#[test]
fn changes_to_the_frame_and_strange_values_are_named() {
    let draft = born(&visit_birth());
    let mut out = String::new();
    rule(&mut out, "unknown key in a known map", &draft, &put("answers", "NEW-1", "ok".into()));
    rule(&mut out, "unknown key in the head", &draft, &put("head", "weather", "rain".into()));
    rule(&mut out, "long key", &draft, &|tx| {
        let obj = obj(tx, "answers");
        tx.put(&obj, "k".repeat(65), 1).unwrap();
    });
    rule(&mut out, "empty key", &draft, &put("answers", "", 1.into()));
    rule(
        &mut out,
        "long value",
        &draft,
        &put("answers", "HH-A1", "x".repeat(limits::VALUE_BYTES_MAX + 1).into()),
    );
    rule(&mut out, "not a number", &draft, &put("answers", "HH-A1", f64::NAN.into()));
    rule(&mut out, "bytes", &draft, &put("answers", "HH-A1", ScalarValue::Bytes(vec![1])));
    rule(&mut out, "counter", &draft, &put("answers", "HH-A1", ScalarValue::counter(1)));
    rule(&mut out, "kind", &draft, &|tx| tx.put(am::ROOT, "kind", "place").unwrap());
    rule(&mut out, "version", &draft, &|tx| tx.put(am::ROOT, "v", 2).unwrap());
    rule(&mut out, "root field", &draft, &|tx| tx.put(am::ROOT, "x", 2).unwrap());
    rule(&mut out, "root container", &draft, &|tx| {
        tx.put_object(am::ROOT, "more", am::ObjType::Map).unwrap();
    });
    rule(&mut out, "container again", &draft, &|tx| {
        tx.put_object(am::ROOT, "answers", am::ObjType::Map).unwrap();
    });
    rule(&mut out, "container removed", &draft, &|tx| tx.delete(am::ROOT, "answers").unwrap());
    rule(&mut out, "nested object", &draft, &|tx| {
        let answers = obj(tx, "answers");
        let inner = tx.put_object(&answers, "HH-A1", am::ObjType::Map).unwrap();
        tx.put(&inner, "x", 1).unwrap();
    });
    rule(&mut out, "text object", &draft, &|tx| {
        let answers = obj(tx, "answers");
        tx.put_object(&answers, "HH-A1", am::ObjType::Text).unwrap();
    });
    check(
        &out,
        &expect![[r#"
        unknown key in a known map: accepted
        unknown key in the head: accepted
        long key: key
        empty key: key
        long value: value
        not a number: value
        bytes: value
        counter: value
        kind: root
        version: root
        root field: root
        root container: root
        container again: root
        container removed: root
        nested object: value
        text object: value
    "#]],
    );
}

#[test]
fn changes_to_lists_origins_and_facts_are_named() {
    let draft = born(&visit_birth());
    let mut noted = draft.clone();
    noted.edit(&Edit::Visit(VisitEdit::Note(remark("记"))), &by(1), T0).unwrap();
    let place = born(&place_birth());
    let mut out = String::new();
    rule(&mut out, "entry removed", &noted, &|tx| tx.delete(obj(tx, "notes"), 0).unwrap());
    rule(&mut out, "entry rewritten", &noted, &|tx| tx.put(obj(tx, "notes"), 0, "{}").unwrap());
    rule(&mut out, "entry no structure", &noted, &|tx| {
        tx.insert(obj(tx, "notes"), 1, "hello").unwrap();
    });
    rule(&mut out, "entry of a number", &noted, &|tx| tx.insert(obj(tx, "notes"), 1, 5).unwrap());
    rule(&mut out, "entry an object", &noted, &|tx| {
        tx.insert_object(obj(tx, "notes"), 1, am::ObjType::Map).unwrap();
    });
    rule(&mut out, "origin of a visit", &draft, &put("head", "place", "x".into()));
    rule(&mut out, "carried answer", &draft, &put("carried", "HH-A2", "{}".into()));
    rule(&mut out, "finding in a draft", &draft, &put("findings", "F1.severity", "S1".into()));
    rule(&mut out, "strange status", &draft, &put("head", "status", "secret".into()));
    rule(&mut out, "head removed", &draft, &|tx| tx.delete(obj(tx, "head"), "status").unwrap());
    rule(&mut out, "fact without sighting", &place, &put("facts", "fuel", "gas".into()));
    rule(&mut out, "sighting without fact", &place, &put("seen", "fuel", "1 inspector -".into()));
    rule(&mut out, "sighting of birth later", &place, &put("seen", "*", "1 inspector".into()));
    rule(&mut out, "fact of a wrong type", &place, &put("facts", "storeys", "many".into()));
    rule(&mut out, "fact removed", &place, &|tx| tx.delete(obj(tx, "facts"), "kind").unwrap());
    check(
        &out,
        &expect![[r#"
        entry removed: append_only
        entry rewritten: append_only
        entry no structure: append_only
        entry of a number: append_only
        entry an object: append_only
        origin of a visit: birth_only
        carried answer: birth_only
        finding in a draft: findings_before_finish
        strange status: value
        head removed: not_removable
        fact without sighting: sighting
        sighting without fact: sighting
        sighting of birth later: sighting
        fact of a wrong type: value
        fact removed: not_removable
    "#]],
    );
}

#[test]
fn changes_to_a_finished_visit_are_named() {
    let mut finished = born(&visit_birth());
    let finish = VisitEdit::Finish { at: T0, findings: vec![finding("HH-A3-F1")] };
    finished.edit(&answer("HH-A1", "ok"), &by(1), T0).unwrap();
    finished.edit(&Edit::Visit(finish), &by(1), T0).unwrap();
    let mut out = String::new();
    rule(&mut out, "finished: answer", &finished, &put("answers", "HH-A1", "bad".into()));
    rule(&mut out, "finished: new answer", &finished, &put("answers", "HH-A9", "bad".into()));
    rule(&mut out, "finished: answer removed", &finished, &|tx| {
        tx.delete(obj(tx, "answers"), "HH-A1").unwrap();
    });
    rule(
        &mut out,
        "finished: finding",
        &finished,
        &put("findings", "HH-A3-F1.severity", "S4".into()),
    );
    rule(&mut out, "finished: draft again", &finished, &put("head", "status", "draft".into()));
    rule(
        &mut out,
        "finished: first reason",
        &finished,
        &put("photo_reasons", "HH-A3-F1", "暗".into()),
    );
    rule(&mut out, "finished: note", &finished, &|tx| {
        tx.insert(obj(tx, "notes"), 0, "{}").unwrap();
    });
    check(
        &out,
        &expect![[r#"
        finished: answer: closed
        finished: new answer: closed
        finished: answer removed: closed
        finished: finding: closed
        finished: draft again: closed
        finished: first reason: accepted
        finished: note: accepted
    "#]],
    );
}

#[test]
fn a_finished_visit_settles_but_takes_no_third_value() {
    let mut a = born(&visit_birth());
    let mut b = a.clone();
    a.edit(&answer("HH-A1", "ok"), &by(2), T0).unwrap();
    let finish = Edit::Visit(VisitEdit::Finish { at: T0, findings: vec![] });
    a.edit(&finish, &by(2), T0).unwrap();
    // Made without knowing of the finish: taken whenever it arrives.
    let late = b.edit(&answer("HH-A1", "bad"), &by(3), T0).unwrap().unwrap();
    assert_eq!(judge(&a, &late.raw), "accepted");
    a.extend([late.raw.as_slice()]).unwrap();
    let conflict = a.read().conflicts.remove(0);
    for value in &conflict.values {
        let settle = Settle {
            container: conflict.container.clone(),
            field: conflict.field.clone(),
            choose: value.change,
        };
        let made = a.clone().edit(&Edit::Settle(settle), &by(4), T0).unwrap().unwrap();
        assert_eq!(judge(&a, &made.raw), "accepted");
    }
    let third = forge(&a, |tx| tx.put(obj(tx, "answers"), "HH-A1", "other").unwrap());
    assert_eq!(judge(&a, third.raw_bytes()), "closed");
}

#[test]
fn a_batch_keeps_its_good_part_and_names_the_culprit() {
    let mut document = born(&place_birth());
    let rows = Ledger::of(&document.changes());
    let base = document.clone();
    let good = document.edit(&fact("fuel", "gas", T0), &by(2), T0).unwrap().unwrap();
    let bad = forge(&document, |tx| tx.put(obj(tx, "facts"), "use", "shop").unwrap());
    let mut with_bad = document.clone();
    with_bad.extend([bad.raw_bytes()]).unwrap();
    let child = with_bad.edit(&fact("lift", true, T0), &by(3), T0).unwrap().unwrap();
    let beside = document.edit(&fact("lift", true, T0), &by(4), T0).unwrap().unwrap();
    let raws = [&good.raw[..], bad.raw_bytes(), &child.raw, &beside.raw, &good.raw];
    let parts: Vec<_> = raws.iter().map(|raw| parse_change(raw).unwrap()).collect();
    let admission = admit(Some(&base), ID, &parts, &rows, None);
    let bad_hash = parts[1].hash;
    match admission.verdicts.as_slice() {
        [
            Verdict::Accepted(_),
            Verdict::Forbidden(Refusal::Sighting),
            Verdict::Refused(AdmitError::MissingDeps(missing)),
            Verdict::Accepted(_),
            Verdict::Known,
        ] => assert_eq!(*missing, [bad_hash]),
        other => panic!("{other:?}"),
    }
    let (result, snapshot) = admission.result.unwrap();
    assert_eq!(result.read(), document.read());
    assert_eq!(Document::load(ID, &snapshot).unwrap().heads(), document.heads());
}

#[test]
fn a_change_is_its_authors_own() {
    let (document, second) = grown();
    let history = Ledger::of(&document.changes());
    let parts = parse_change(second.raw_bytes()).unwrap();
    assert_eq!(check_structure(&parts, &history, Some(&Author([9; 16]))), Ok(()));
    let stolen = check_structure(&parts, &history, Some(&Author([8; 16])));
    assert_eq!(stolen, Err(AdmitError::Author));
}

#[test]
fn a_birth_is_admitted_and_a_second_root_is_not() {
    for birth in [place_birth(), visit_birth(), super::tests::task_birth()] {
        let birth = born(&birth).changes();
        let admission = admit(None, ID, &birth, &Ledger::default(), Some(&Author([1; 16])));
        assert!(matches!(admission.verdicts[..], [Verdict::Accepted(_)]), "{admission:?}");
    }
    let other = Document::birth(ID, &place_birth(), &by(2), T0).unwrap().1;
    assert_eq!(judge(&born(&place_birth()), &other.raw), "birth");
    let empty = Document { id: ID, doc: am::Automerge::new(), bytes: 0 };
    let cases: [(&str, Work<'_>); 3] = [
        ("unknown_kind", &|tx| tx.put(am::ROOT, "kind", "person").unwrap()),
        ("birth_layout", &|tx| {
            tx.put(am::ROOT, "kind", "place").unwrap();
            tx.put(am::ROOT, "v", 1).unwrap();
            tx.put_object(am::ROOT, "facts", am::ObjType::Map).unwrap();
        }),
        ("root", &|tx| {
            tx.put(am::ROOT, "kind", "task").unwrap();
            tx.put(am::ROOT, "v", 1).unwrap();
            tx.put_object(am::ROOT, "head", am::ObjType::Map).unwrap();
            tx.put_object(am::ROOT, "checks", am::ObjType::Map).unwrap();
            tx.put_object(am::ROOT, "remarks", am::ObjType::List).unwrap();
        }),
    ];
    for (code, work) in cases {
        let parts = ChangeParts::of(&forge(&empty, work)).unwrap();
        match &admit(None, ID, &[parts], &Ledger::default(), None).verdicts[..] {
            [Verdict::Forbidden(refusal)] => assert_eq!(refusal.code(), code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn panics_elsewhere_keep_their_hook() {
    let caught = guard::quietly(|| -> () { panic!("inside") });
    assert_eq!(caught, Err(guard::Panicked));
    let nested = guard::quietly(|| guard::quietly(|| -> () { panic!("deeper") }).is_err());
    assert_eq!(nested, Ok(true));
}
