//! What a document costs beside the bare engine: loading, reading, editing, admitting, bytes.
//!
//! `cargo bench -p ironfeet-core --bench document` (figures in `docs/benchmarks/document.md`).

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::collections::BTreeMap;
use std::hint::black_box;

use automerge as am;
use automerge::ReadDoc;
use automerge::transaction::{CommitOptions, Transactable};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ironfeet_core::document::{
    Authorship, Birth, Document, Edit, Ledger, PlaceBirth, PlaceEdit, VisitBirth, VisitEdit, admit,
    dry_run, parse_change,
};
use ironfeet_core::model::{Author, DocId, PlaceId, Role, Scalar, UtcMillis};

const ID: DocId = DocId([3; 16]);
const AT: UtcMillis = UtcMillis(1_763_884_800_123);
const FACTS: [(&str, &str); 6] = [
    ("kind", "rental"),
    ("address", "桃园路8弄2号301室"),
    ("building_type", "brick"),
    ("use", "rental"),
    ("fuel", "lpg"),
    ("gas_supply", "bottled"),
];
const ANSWERS: usize = 40;

fn by(n: u8) -> Authorship {
    Authorship { author: Author([n; 16]), actor: [n ^ 0x5a; 16] }
}

fn place() -> Document {
    let facts = FACTS.iter().map(|(name, value)| ((*name).to_owned(), Scalar::from(*value)));
    let mut facts: Vec<_> = facts.collect();
    facts.push(("lat".into(), 33.61.into()));
    facts.push(("lon".into(), 119.01.into()));
    let birth = Birth::Place(PlaceBirth { facts, by_role: Role::Inspector });
    Document::birth(ID, &birth, &by(1), AT).expect("a fitting birth").0
}

fn place_edit() -> Edit {
    Edit::Place(PlaceEdit::Facts {
        set: vec![("fuel".into(), "gas".into())],
        by_role: Role::Inspector,
        observed_at: AT,
    })
}

fn item(n: usize) -> (String, &'static str) {
    (
        format!("HH-{}{}", ["A", "B", "C", "D"][n / 10], n % 10),
        if n.is_multiple_of(7) { "bad" } else { "ok" },
    )
}

/// A visit of 40 answers, one change each, and the bytes of those changes.
fn visit() -> (Document, Vec<usize>) {
    let birth = Birth::Visit(VisitBirth {
        place: PlaceId(DocId([1; 16])),
        list: "household".into(),
        list_version: 3,
        quick: false,
        by_role: Role::Inspector,
        started_at: AT,
        carried: BTreeMap::new(),
    });
    let mut document = Document::birth(ID, &birth, &by(1), AT).expect("a fitting birth").0;
    let bytes = (0..ANSWERS).map(|n| {
        let (item, value) = item(n);
        let put = vec![(item, value.into())];
        let edit = Edit::Visit(VisitEdit::Answers { put, remove: vec![] });
        let at = AT.plus_ms(i64::try_from(n).expect("small") * 15_000);
        let made = document.edit(&edit, &by(1), at).expect("a draft").expect("a new answer");
        made.raw.len()
    });
    let bytes = bytes.collect();
    (document, bytes)
}

/// The least the engine can do for the same answers: one map at the root, no author.
fn bare_visit() -> (am::Automerge, Vec<usize>) {
    let mut doc = am::Automerge::new().with_actor(am::ActorId::from(by(1).actor));
    let mut tx = doc.transaction();
    let answers = tx.put_object(am::ROOT, "answers", am::ObjType::Map).expect("a map");
    tx.commit_with(CommitOptions::default().with_time(AT.0));
    let bytes = (0..ANSWERS).map(|n| {
        let (item, value) = item(n);
        let at = AT.0 + i64::try_from(n).expect("small") * 15_000;
        let mut tx = doc.transaction();
        tx.put(&answers, item, value).expect("a value");
        tx.commit_with(CommitOptions::default().with_time(at));
        doc.get_last_local_change().expect("just made").raw_bytes().len()
    });
    let bytes = bytes.collect();
    (doc, bytes)
}

/// A single change with the same scalars in one map.
fn bare_place() -> am::Automerge {
    let mut doc = am::Automerge::new().with_actor(am::ActorId::from(by(1).actor));
    let mut tx = doc.transaction();
    let facts = tx.put_object(am::ROOT, "facts", am::ObjType::Map).expect("a map");
    for (name, value) in FACTS {
        tx.put(&facts, name, value).expect("a value");
    }
    tx.put(&facts, "lat", 33.61).expect("a value");
    tx.put(&facts, "lon", 119.01).expect("a value");
    tx.commit();
    doc
}

fn walk(doc: &am::Automerge, container: &str) -> usize {
    let (_, obj) = doc.get(am::ROOT, container).expect("reads").expect("is there");
    let owned = doc.map_range(&obj, ..).map(|item| (item.key.to_string(), item.into_owned().value));
    black_box(owned.collect::<Vec<_>>()).len()
}

fn places(c: &mut Criterion) {
    let (ours, bare) = (place(), bare_place());
    let (saved, bare_saved) = (ours.save(), bare.save_nocompress());
    println!("place saved: ours {} B, bare engine {} B", saved.len(), bare_saved.len());
    c.bench_function("place/load", |b| {
        b.iter(|| Document::load(ID, black_box(&saved)).expect("loads"));
    });
    c.bench_function("place/load, bare engine", |b| {
        b.iter(|| am::Automerge::load(black_box(&bare_saved)).expect("loads"));
    });
    c.bench_function("place/load, bare engine, same bytes", |b| {
        b.iter(|| am::Automerge::load(black_box(&saved)).expect("loads"));
    });
    c.bench_function("place/read", |b| b.iter(|| black_box(&ours).read()));
    c.bench_function("place/walk, bare engine", |b| b.iter(|| walk(black_box(&bare), "facts")));
    c.bench_function("place/edit", |b| {
        let edit = place_edit();
        let copy = || ours.clone();
        let work = |mut copy: Document| copy.edit(&edit, &by(2), AT).map(|made| (copy, made));
        b.iter_batched(copy, work, BatchSize::SmallInput);
    });
    c.bench_function("place/edit, bare engine", |b| {
        let work = |mut copy: am::Automerge| {
            let (_, facts) = copy.get(am::ROOT, "facts").expect("reads").expect("is there");
            let mut tx = copy.transaction();
            tx.put(&facts, "fuel", "gas").expect("a value");
            tx.commit();
            let raw = copy.get_last_local_change().map(|change| change.raw_bytes().to_vec());
            (copy, raw)
        };
        b.iter_batched(|| bare.clone(), work, BatchSize::SmallInput);
    });
    c.bench_function("place/admit one change", |b| {
        let made = ours.clone().edit(&place_edit(), &by(2), AT).expect("fits").expect("new");
        let parts = [parse_change(&made.raw).expect("a change")];
        let history = Ledger::of(&ours.changes());
        b.iter(|| admit(Some(&ours), ID, black_box(&parts), &history, None));
    });
}

fn visits(c: &mut Criterion) {
    let ((ours, bytes), (bare, bare_bytes)) = (visit(), bare_visit());
    let (saved, bare_saved) = (ours.save(), bare.save_nocompress());
    let mean = |bytes: &[usize]| bytes.iter().skip(1).sum::<usize>() / (bytes.len() - 1);
    println!(
        "visit of {ANSWERS} answers saved: ours {} B ({} B deflated), bare engine {} B; \
         one answer: ours {} B (first {} B), bare engine {} B",
        saved.len(),
        am::Automerge::load(&saved).expect("loads").save().len(),
        bare_saved.len(),
        mean(&bytes),
        bytes[0],
        mean(&bare_bytes),
    );
    c.bench_function("visit/load", |b| {
        b.iter(|| Document::load(ID, black_box(&saved)).expect("loads"));
    });
    c.bench_function("visit/load, bare engine", |b| {
        b.iter(|| am::Automerge::load(black_box(&bare_saved)).expect("loads"));
    });
    c.bench_function("visit/read", |b| b.iter(|| black_box(&ours).read()));
    c.bench_function("visit/walk, bare engine", |b| b.iter(|| walk(black_box(&bare), "answers")));
    c.bench_function("visit/answer", |b| {
        let put = vec![("HH-Z1".into(), "ok".into())];
        let edit = Edit::Visit(VisitEdit::Answers { put, remove: vec![] });
        let work = |mut copy: Document| copy.edit(&edit, &by(1), AT).map(|made| (copy, made));
        b.iter_batched(|| ours.clone(), work, BatchSize::SmallInput);
    });
    c.bench_function("visit/save", |b| b.iter(|| black_box(&ours).save()));
    c.bench_function("visit/dry run of all its changes", |b| {
        let changes = ours.changes();
        b.iter(|| dry_run(None, ID, black_box(&changes)));
    });
}

criterion_group!(benches, places, visits);
criterion_main!(benches);
