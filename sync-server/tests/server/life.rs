//! Moves, archive, deletion, inboxes, bundles, projections.

use ironfeet_core::document::{Document, Record};
use ironfeet_core::model::{DocId, Pid};
use ironfeet_core::sync::bundle::{BundleChunk, BundleHeader, FrameReader};
use ironfeet_core::sync::client::Step;
use ironfeet_core::sync::digest::Digest;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{LeaveReason, PartStatus, PushStatus};
use ironfeet_server::lifecycle::{self, LifeError};
use ironfeet_server::store::{self, DocState, Session};
use ironfeet_server::{log, projection};

use super::world::{GRID, OTHER, Phone, World, grid, pid};

fn act<T>(world: &World, work: impl Fn(&dyn Session) -> Result<T, LifeError>) -> T {
    store::transact(&*world.app.store, |s| work(s)).unwrap()
}

#[tokio::test]
async fn a_place_moves_with_its_visits_and_no_edit_is_orphaned() {
    let world = World::new();
    let (mut old, mut new) = (world.phone("W1", &[GRID]), world.phone("W2", &[OTHER]));
    let (mut place, birth) = world.place(&old, "甲");
    let (visit, begun) = world.visit(&old, place.id());
    let items = vec![old.item(place.id(), &birth, GRID), old.item(visit.id(), &begun, GRID)];
    old.sync(&world, items).await;
    let now = ironfeet_core::ground::Clock::now(&*world.clock);
    let (seq, moved) =
        act(&world, |s| lifecycle::move_place(s, &world.app, &place.id(), &grid(OTHER), now));
    assert_eq!((seq, moved), (1, 2));
    let offline = world.fact(&old, &mut place, "use", "shop");
    let (late, made) = world.visit(&old, place.id());
    let items = vec![old.item(place.id(), &offline, GRID), old.item(late.id(), &made, GRID)];
    let answer = old.sync(&world, items).await;
    let statuses = Phone::statuses(&answer);
    assert_eq!(statuses, [PushStatus::Moved(3, pid(OTHER)), PushStatus::Moved(4, pid(OTHER))]);
    let leaves = old.replica.notes.iter().filter(|step| {
        matches!(step, Step::Leave { reason: LeaveReason::Moved(to), .. } if *to == pid(OTHER))
    });
    assert_eq!(leaves.count(), 2);
    assert!(old.replica.members.is_empty(), "the old grid holds nothing of it");
    new.sync(&world, vec![]).await;
    assert_eq!(new.replica.members.len(), 3);
    assert_eq!(new.replica.document(place.id()).heads(), place.heads());
    let rows = store::view(&*world.app.store, |s| s.rows(&visit.id())).unwrap();
    assert_eq!(rows.visit.unwrap().pid, pid(OTHER));
    world.verify();
}

#[tokio::test]
async fn what_was_closed_long_ago_leaves_and_the_place_keeps_a_line() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (place, birth) = world.place(&phone, "甲");
    let (mut visit, begun) = world.visit(&phone, place.id());
    let finished = world.finish(&phone, &mut visit);
    let items = vec![
        phone.item(place.id(), &birth, GRID),
        phone.item(visit.id(), &begun, GRID),
        phone.item(visit.id(), &finished, GRID),
    ];
    phone.sync(&world, items).await;
    world.pass_days(29);
    assert_eq!(lifecycle::archive(&world.app, 100).unwrap(), 0);
    world.pass_days(2);
    assert_eq!(lifecycle::archive(&world.app, 100).unwrap(), 1);
    assert_eq!(lifecycle::archive(&world.app, 100).unwrap(), 0);
    phone.sync(&world, vec![]).await;
    let held: Vec<DocId> = phone.replica.members.keys().map(|(_, doc)| *doc).collect();
    assert_eq!(held, [place.id()]);
    let Record::Place(read) = phone.replica.document(place.id()).read().record else {
        panic!("a place")
    };
    let told = "走访已归档: 居民住户安全走访检查表: 没有发现隐患 · Visit archived: Household safety visit: nothing found";
    assert_eq!(read.remarks[0].text, told);
    world.verify();
}

#[tokio::test]
async fn a_deleted_record_takes_nothing_more_by_itself() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (mut place, birth) = world.place(&phone, "甲");
    phone.sync(&world, vec![phone.item(place.id(), &birth, GRID)]).await;
    act(&world, |s| lifecycle::withdraw(s, &world.app, &place.id(), DocState::Deleted));
    let late = world.fact(&phone, &mut place, "use", "shop");
    let answer = phone.sync(&world, vec![phone.item(place.id(), &late, GRID)]).await;
    let waits = PushStatus::Quarantined(1, "deleted".to_owned());
    assert_eq!(Phone::statuses(&answer), [waits]);
    assert!(phone.replica.members.is_empty());
    world.verify();
}

#[tokio::test]
async fn a_record_may_also_appear_in_an_inbox() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (mut place, birth) = world.place(&phone, "甲");
    phone.sync(&world, vec![phone.item(place.id(), &birth, GRID)]).await;
    let inbox: Pid = "dFIRE@329901".parse().unwrap();
    let now = ironfeet_core::ground::Clock::now(&*world.clock);
    act(&world, |s| lifecycle::share_place(s, &world.app, &place.id(), &inbox, true, now));
    let made = world.fact(&phone, &mut place, "use", "shop");
    phone.sync(&world, vec![phone.item(place.id(), &made, GRID)]).await;
    let kinds = |s: &dyn Session| {
        Ok::<_, store::StoreError>(
            s.entries(&inbox, 1, 10, 1 << 20)?
                .iter()
                .map(|entry| log::Body::of(entry).unwrap())
                .collect::<Vec<_>>(),
        )
    };
    let entries = store::view(&*world.app.store, |s| kinds(s)).unwrap();
    assert_eq!(
        entries,
        [log::Body::Enter { move_gen: 0, changes: 1 }, log::Body::Change(made.hash)]
    );
    act(&world, |s| lifecycle::move_place(s, &world.app, &place.id(), &grid(OTHER), now));
    world.verify();
    act(&world, |s| lifecycle::share_place(s, &world.app, &place.id(), &inbox, false, now));
    world.verify();
}

#[tokio::test]
async fn a_bundle_and_the_log_behind_it_are_the_whole_log() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let mut places = Vec::new();
    for batch in 0..3 {
        let mut items = Vec::new();
        for n in 0..80 {
            let (place, made) = world.place(&one, &format!("{batch}-{n}"));
            items.push(one.item(place.id(), &made, GRID));
            places.push(place);
        }
        one.sync(&world, items).await;
    }
    let two = world.phone("W2", &[GRID]);
    let request = two.request(vec![], vec![]);
    let (_, bytes) = world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
    let answer: ironfeet_core::sync::message::SyncResponse = frame::decode(&bytes).unwrap();
    assert_eq!(answer.parts[0].status, PartStatus::Reset);
    let bundle = answer.parts[0].bundle.clone().unwrap();
    let file = world.app.bundles.file(&pid(GRID), bundle.n).unwrap();
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(bytes.len() as u64, bundle.bytes);
    let mut reader = FrameReader::default();
    reader.push(&bytes);
    let header: BundleHeader = frame::decode(&reader.next_frame().unwrap().unwrap()).unwrap();
    assert_eq!((header.upto_seq, header.count), (240, 240));
    let mut sum = Digest::default();
    let mut documents = 0;
    while let Some(chunk) = reader.next_frame().unwrap() {
        for doc in frame::decode::<BundleChunk>(&chunk).unwrap().docs {
            let raws: Vec<_> =
                doc.bodies.iter().map(|b| ironfeet_core::sync::chunk::rebuild(&b.0).0).collect();
            let document = Document::from_changes(doc.doc, raws.iter().map(Vec::as_slice)).unwrap();
            let live = ironfeet_core::sync::digest::DocState::Live;
            let heads = document.heads();
            sum.add(&ironfeet_core::sync::digest::item(&doc.doc, &heads, live, doc.move_gen));
            documents += 1;
        }
    }
    assert_eq!(documents, 240);
    assert_eq!(sum.to_bytes(), header.digest);
}

#[tokio::test]
async fn projections_can_be_made_again_to_the_same_rows() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "甲");
    let mut twin = place.clone();
    let (mut visit, begun) = world.visit(&one, place.id());
    let finished = world.finish(&one, &mut visit);
    let (a, b) =
        (world.fact(&one, &mut place, "use", "a"), world.fact(&two, &mut twin, "use", "b"));
    let items = vec![
        one.item(place.id(), &birth, GRID),
        one.item(place.id(), &a, GRID),
        one.item(visit.id(), &begun, GRID),
        one.item(visit.id(), &finished, GRID),
    ];
    one.sync(&world, items).await;
    two.sync(&world, vec![two.item(place.id(), &b, GRID)]).await;
    let rows = || {
        store::view(&*world.app.store, |s| {
            Ok::<_, store::StoreError>((s.rows(&place.id())?, s.rows(&visit.id())?))
        })
        .unwrap()
    };
    let before = rows();
    assert_eq!(before.0.conflicts.len(), 1);
    assert_eq!(before.1.visit.as_ref().unwrap().status, "finished");
    assert_eq!(projection::rebuild(&*world.app.store, &mut |_| {}).unwrap(), 2);
    assert_eq!(rows(), before);
    world.verify();
}
