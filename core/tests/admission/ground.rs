//! Honest documents of every kind and many hands, and the question asked of every change that
//! admission takes: can it do harm later? Shared by the corpus test and the fuzz target.

use std::collections::BTreeMap;

use ironfeet_core::document::{
    Authorship, Birth, Document, Edit, Kind, Ledger, PlaceBirth, PlaceEdit, Settle, TaskBirth,
    TaskEdit, Verdict, VisitBirth, VisitEdit, admit, parse_change,
};
use ironfeet_core::model::{
    Author, Carried, CheckOutcome, CheckResult, ClockKind, Deadline, DocId, Finding, PlaceId,
    Remark, Role, Route, Scalar, Severity, TaskStatus, Text, UtcMillis,
};
use sha2::{Digest, Sha256};

const ID: DocId = DocId([3; 16]);
const AT: UtcMillis = UtcMillis(1_763_884_800_123);

/// A document as the server holds it, and an honest change that arrives for it.
pub(crate) struct Ground {
    pub(crate) name: &'static str,
    pub(crate) current: Option<Document>,
    pub(crate) history: Ledger,
    pub(crate) change: Vec<u8>,
    /// Where its dependencies end.
    pub(crate) body: usize,
    pub(crate) rows: Vec<Vec<u8>>,
}

fn by(n: u8) -> Authorship {
    Authorship { author: Author([n; 16]), actor: [n ^ 0x5a; 16] }
}

fn put(item: &str, value: impl Into<Scalar>) -> Edit {
    Edit::Visit(VisitEdit::Answers { put: vec![(item.into(), value.into())], remove: vec![] })
}

fn fact(name: &str, value: impl Into<Scalar>) -> Edit {
    let set = vec![(name.to_owned(), value.into())];
    Edit::Place(PlaceEdit::Facts { set, by_role: Role::Inspector, observed_at: AT })
}

fn remark(text: &str) -> Remark {
    Remark { at: AT, by_role: Role::CommunityPolice, text: text.into() }
}

fn check(note: &str) -> Edit {
    let outcome = CheckOutcome::Fail;
    let result = CheckResult { at: AT, by_role: Role::Checker, outcome, note: note.into() };
    Edit::Task(TaskEdit::Check { result, status: Some(TaskStatus::Open) })
}

fn finding() -> Finding {
    let text = |zh: &str, en: &str| Text { zh: zh.into(), en: en.into() };
    Finding {
        code: "HH-A3-F1".into(),
        item: "HH-A3".into(),
        title: text("软管老化", "Hose worn"),
        fix: text("更换软管", "Replace the hose"),
        severity: Severity::S2,
        category: "GAS03".into(),
        deadline: Some(Deadline { kind: ClockKind::WorkDay, value: 5 }),
        route: Route::Case,
        lead: "HOUSING".parse().unwrap(),
        co: vec!["FIRE".parse().unwrap()],
        suspected_major: true,
        public_area: false,
        immediate_action: None,
        list: "household".into(),
        list_version: 3,
        raised_at: AT,
    }
}

fn births() -> [Birth; 3] {
    let carried = Carried { value: "yes".into(), at: AT.plus_days(-90) };
    let place = PlaceId(DocId([1; 16]));
    [
        Birth::Place(PlaceBirth {
            facts: vec![
                ("kind".into(), "rental".into()),
                ("address".into(), "桃园路8弄2号301室".into()),
                ("lat".into(), 33.61.into()),
            ],
            by_role: Role::Inspector,
        }),
        Birth::Visit(VisitBirth {
            place,
            list: "household".into(),
            list_version: 3,
            quick: true,
            by_role: Role::Inspector,
            started_at: AT,
            carried: BTreeMap::from([("HH-A2".to_owned(), carried)]),
        }),
        Birth::Task(TaskBirth {
            place,
            title: "复查燃气软管".into(),
            finding: Some("HH-A3-F1".into()),
            due_at: Some(AT.plus_days(7)),
        }),
    ]
}

/// What three hands write at the same time, by kind; each pair contradicts the one before.
fn hands(kind: usize) -> Vec<Edit> {
    match kind {
        0 => vec![
            fact("fuel", "gas"),
            fact("fuel", "lpg"),
            fact("storeys", 6_i64),
            Edit::Place(PlaceEdit::Remark(remark("东侧楼梯堆物"))),
        ],
        1 => vec![
            put("HH-A1", "ok"),
            put("HH-A1", "bad"),
            put("HH-A3", 2.5),
            Edit::Visit(VisitEdit::Note(remark("住户不在"))),
        ],
        _ => vec![
            Edit::Task(TaskEdit::Status(TaskStatus::Done)),
            Edit::Task(TaskEdit::Status(TaskStatus::Dropped)),
            check("仍在"),
            Edit::Task(TaskEdit::Remark(remark("改期"))),
        ],
    }
}

/// What arrives next, by kind.
fn arrivals(kind: usize) -> Vec<(&'static str, Edit)> {
    match kind {
        0 => vec![
            ("place: fact", fact("building_type", "brick")),
            ("place: fact again", fact("storeys", 6_i64)),
            ("place: remark", Edit::Place(PlaceEdit::Remark(remark("已清理")))),
        ],
        1 => vec![
            (
                "visit: answers",
                Edit::Visit(VisitEdit::Answers {
                    put: vec![("HH-A4".into(), "a,b".into()), ("HH-A5".into(), true.into())],
                    remove: vec!["HH-A3".into()],
                }),
            ),
            ("visit: note", Edit::Visit(VisitEdit::Note(remark("改约周三")))),
            ("visit: finish", Edit::Visit(VisitEdit::Finish { at: AT, findings: vec![finding()] })),
        ],
        _ => vec![("task: due", Edit::Task(TaskEdit::Due(AT))), ("task: check", check("软管未换"))],
    }
}

/// Every ground: births on nothing, and each arrival by a new hand, by an old one, and as a settling.
pub(crate) fn grounds() -> Vec<Ground> {
    let mut grounds = Vec::new();
    for (kind, birth) in births().iter().enumerate() {
        let (born, made) = Document::birth(ID, birth, &by(1), AT).unwrap();
        let name = ["place: birth", "visit: birth", "task: birth"][kind];
        grounds.push(ground(name, None, made.raw));
        let mut current = born.clone();
        for (n, edit) in hands(kind).iter().enumerate() {
            let mut hand = born.clone();
            let made = hand.edit(edit, &by(2 + u8::try_from(n).unwrap()), AT).unwrap().unwrap();
            current.extend([made.raw.as_slice()]).unwrap();
        }
        let mut arrivals = arrivals(kind);
        let conflict = current.read().conflicts.remove(0);
        let settle = Settle {
            container: conflict.container,
            field: conflict.field,
            choose: conflict.values[0].change,
        };
        arrivals.push(("settling", Edit::Settle(settle)));
        for (name, edit) in arrivals {
            for hand in [2, 9] {
                let made = current.clone().edit(&edit, &by(hand), AT).unwrap().unwrap();
                grounds.push(ground(name, Some(&current), made.raw));
            }
        }
    }
    grounds
}

fn ground(name: &'static str, current: Option<&Document>, change: Vec<u8>) -> Ground {
    let changes = current.map(Document::changes).unwrap_or_default();
    let deps = parse_change(&change).unwrap().deps.len();
    Ground {
        name,
        current: current.cloned(),
        history: Ledger::of(&changes),
        body: 11 + usize::from(change.len() > 128) + 32 * deps,
        change,
        rows: changes.into_iter().map(|parts| parts.raw).collect(),
    }
}

/// Gives a change the checksum of its content: what an attacker would do first.
pub(crate) fn seal(raw: &mut [u8]) {
    if raw.len() > 8 {
        let hash = Sha256::digest(&raw[8..]);
        raw[4..8].copy_from_slice(&hash[..4]);
    }
}

/// What admission says of a change. Panics if it takes one that does harm later.
pub(crate) fn judge(ground: &Ground, raw: &[u8]) -> String {
    let parts = match parse_change(raw) {
        Ok(parts) => parts,
        Err(error) => return format!("parse: {}", error.code()),
    };
    let current = ground.current.as_ref();
    let admission = admit(current, ID, std::slice::from_ref(&parts), &ground.history, None);
    match admission.verdicts.into_iter().next().unwrap() {
        Verdict::Known => "known".to_owned(),
        Verdict::Refused(error) => format!("refused: {}", error.code()),
        Verdict::Forbidden(refusal) => format!("forbidden: {}", refusal.code()),
        Verdict::Accepted(_) => {
            let (document, snapshot) = admission.result.unwrap();
            stays_harmless(ground, raw, document, &snapshot);
            "accepted".to_owned()
        }
    }
}

/// A fresh load, a full replay, an edit, a settling, a save and a reload all work and agree, and
/// every change comes back as it was stored.
fn stays_harmless(ground: &Ground, raw: &[u8], mut document: Document, snapshot: &[u8]) {
    let reading = document.read();
    let loaded = Document::load(ID, snapshot).expect("an admitted document loads");
    assert_eq!(loaded.read(), reading, "loaded");
    let rows = || ground.rows.iter().map(Vec::as_slice).chain([raw]);
    let mut replayed = Document::from_changes(ID, rows()).expect("admitted changes replay");
    assert_eq!(
        (replayed.read(), replayed.heads()),
        (reading.clone(), document.heads()),
        "replayed"
    );
    for parts in document.changes() {
        assert!(rows().any(|row| row == parts.raw), "a change came back otherwise");
    }
    assert_eq!(document.changes().len(), ground.rows.len() + 1, "a change got lost");
    let next = match ground.name.split(':').next() {
        Some("place") => Edit::Place(PlaceEdit::Remark(remark("后来"))),
        Some("visit") => Edit::Visit(VisitEdit::Note(remark("后来"))),
        Some("task") => Edit::Task(TaskEdit::Remark(remark("后来"))),
        _ => match document.kind().map(Kind::as_str) {
            Some("place") => fact("lift", true),
            Some("visit") => Edit::Visit(VisitEdit::Note(remark("后来"))),
            _ => check("后来"),
        },
    };
    let one = document.edit(&next, &by(77), AT).expect("it can be edited on").unwrap();
    let same = replayed.edit(&next, &by(77), AT).expect("the replay too").unwrap();
    assert_eq!(one, same, "edits on both are the same change");
    for conflict in reading.conflicts {
        let choose = conflict.values[0].change;
        let settle = Settle { container: conflict.container, field: conflict.field, choose };
        document.edit(&Edit::Settle(settle), &by(78), AT).expect("conflicts can be settled");
    }
    let again = Document::load(ID, &document.save()).expect("it loads after an edit");
    assert_eq!(again.read(), document.read(), "after an edit");
}
