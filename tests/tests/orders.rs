//! Who syncs first changes nothing, and apps of several versions live together.

use automerge::sync::{self, SyncDoc};
use automerge::{Automerge, Change, ReadDoc};
use ironfeet_core::document::{Birth, PlaceBirth};
use ironfeet_core::model::{DocId, Pid, PlaceId, Role, Scalar};
use ironfeet_core::sync::message::PushStatus;
use ironfeet_tests::simulation::{Adversary, Hand, block, folder, house};

const GRID: &str = "329901001012001";

/// Two phones that quarrelled over the use of a place and know it; since then both wrote offline,
/// and both another number of storeys.
async fn quarrel(dir: &std::path::Path) -> PlaceId {
    let mut hand = Hand::open(dir, 0, 1);
    for _ in 0..2 {
        hand.enrol().await;
    }
    let place = hand.phone(0).place_add(&house(8)).expect("a place that fits");
    hand.rest(&[0, 1]).await.expect("a clean line");
    for (n, value) in [(0, "旅馆"), (1, "住宅")] {
        hand.phone(n).place_set(place, "use", value).expect("a fact that fits");
    }
    hand.rest(&[0, 1]).await.expect("a clean line");
    for (n, value) in [(0, "3"), (1, "5")] {
        hand.phone(n).place_set(place, "storeys", value).expect("a fact that fits");
        hand.phone(n).place_remark(place, &format!("第 {n} 部手机")).expect("a remark that fits");
    }
    place
}

/// What happens in some order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// A phone syncs.
    Sync(usize),
    /// The supervisor takes one of the values.
    Decide,
}

#[test]
fn whoever_syncs_first_the_values_and_the_conflict_are_the_same() {
    use Act::{Decide, Sync};
    let base = folder();
    let place = block(quarrel(base.path()));
    let orders = [
        [Sync(0), Sync(1), Decide],
        [Sync(1), Sync(0), Decide],
        [Sync(0), Decide, Sync(1)],
        [Sync(1), Decide, Sync(0)],
        [Decide, Sync(0), Sync(1)],
        [Decide, Sync(1), Sync(0)],
    ];
    let mut results = Vec::new();
    for order in orders {
        let dir = folder();
        let shown = block(async {
            let hand = Hand::copy_of(base.path(), &dir.path().join("world"), 2, 5);
            for act in order {
                match act {
                    Sync(n) => drop(hand.sync(n).await.expect("a clean line")),
                    Decide => {
                        let taken =
                            hand.server.settle_field("use", &Scalar::Str("住宅".to_owned()));
                        assert!(taken, "{order:?}: the conflict is there");
                    }
                }
            }
            let phones = match order.iter().position(|act| *act == Sync(0)) {
                Some(0) => [0, 1],
                _ => [1, 0],
            };
            hand.rest(&phones).await.expect("a clean line");
            hand.whole(&[]).expect("whole");
            let shown = [0, 1].map(|n| hand.shown(n, place).expect("the place is here"));
            assert_eq!(shown[0], shown[1], "{order:?}");
            shown[0].clone()
        });
        results.push((order, shown));
    }
    let first = &results[0].1;
    assert_eq!(first["facts"]["use"]["value"], "住宅", "{first}");
    assert_eq!(first["conflicts"].as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!(first["conflicts"][0]["field"], "storeys");
    for (order, shown) in &results {
        assert_eq!(shown, first, "{order:?}");
    }
}

/// Two documents of Automerge's own, synced by its own protocol until it has nothing more to say.
fn synced_by_automerge(base: &[u8], work: [Vec<Vec<u8>>; 2]) -> [Automerge; 2] {
    let [mut left, mut right] = work.map(|raws| {
        let mut document = Automerge::load(base).expect("a whole document");
        let changes = raws.iter().map(|raw| Change::try_from(&raw[..]).expect("a whole change"));
        document.apply_changes(changes).expect("they fit");
        document
    });
    let (mut at_left, mut at_right) = (sync::State::new(), sync::State::new());
    loop {
        let said = left.generate_sync_message(&mut at_left);
        let answer = right.generate_sync_message(&mut at_right);
        if said.is_none() && answer.is_none() {
            return [left, right];
        }
        if let Some(said) = said {
            right.receive_sync_message(&mut at_right, said).expect("it fits");
        }
        if let Some(answer) = answer {
            left.receive_sync_message(&mut at_left, answer).expect("it fits");
        }
    }
}

#[test]
fn our_sync_comes_to_what_automerges_own_comes_to() {
    let base = folder();
    let place = block(quarrel(base.path()));
    block(async {
        let dir = folder();
        let hand = Hand::copy_of(base.path(), &dir.path().join("world"), 2, 5);
        let before = hand.server.document(place.0).expect("the server has it").save();
        let work = [0, 1].map(|n| {
            let waits = hand.phone(n).pending(100).expect("readable");
            waits.into_iter().map(|one| one.raw).collect::<Vec<_>>()
        });
        assert!(work.iter().all(|raws| raws.len() == 2), "both wrote without network");
        let theirs = synced_by_automerge(&before, work);
        hand.rest(&[0, 1]).await.expect("a clean line");
        let ours = hand.server.document(place.0).expect("the server has it").save();
        let ours = Automerge::load(&ours).expect("a whole document");
        for document in &theirs {
            assert_eq!(document.get_heads(), ours.get_heads());
            assert_eq!(document.hydrate(None), ours.hydrate(None));
        }
    });
}

/// The field of the place that only the newer app knows.
const NEWER_FIELD: &str = "roof_garden";

/// What the server's record says of its schema and of the field only the newer app knows.
fn newer_parts(hand: &Hand, id: DocId) -> (Option<i64>, Option<i64>) {
    let document = hand.server.document(id).expect("the server has it");
    let engine = automerge::Automerge::load(&document.save()).expect("a whole document");
    let int = |obj: &automerge::ObjId, key: &str| {
        engine.get(obj, key).expect("readable").and_then(|(value, _)| value.as_i64())
    };
    let (_, facts) = engine.get(automerge::ROOT, "facts").expect("readable").expect("facts");
    (int(&automerge::ROOT, "v"), int(&facts, NEWER_FIELD))
}

#[test]
fn an_old_app_reads_and_edits_what_a_newer_one_wrote_and_loses_nothing_of_it() {
    let base = folder();
    block(async {
        let mut hand = Hand::open(base.path(), 0, 1);
        for _ in 0..2 {
            hand.enrol().await;
        }
        let code = hand.code(9);
        let mut app = Adversary::enrol(hand.server.router(), &code, 4, hand.clock()).await;
        let birth = Birth::Place(PlaceBirth {
            facts: vec![
                ("kind".to_owned(), Scalar::Str("dwelling".to_owned())),
                ("address".to_owned(), Scalar::Str("新路 1 号".to_owned())),
                ("storeys".to_owned(), Scalar::Int(4)),
            ],
            by_role: Role::Inspector,
        });
        let home: Pid = format!("g{GRID}").parse().expect("a partition");
        let (id, status) = app.push_newer(&birth, NEWER_FIELD, &home).await;
        assert!(matches!(status, PushStatus::Accepted(_)), "{status:?}");
        assert_eq!(newer_parts(&hand, id), (Some(2), Some(4)));

        // The old app shows what it knows and edits it; so does its neighbour.
        hand.rest(&[0, 1]).await.expect("a clean line");
        let place = PlaceId(id);
        let shown = |hand: &Hand, n| hand.shown(n, place).expect("the place is here");
        assert_eq!(shown(&hand, 0)["facts"]["storeys"]["value"], 4);
        hand.phone(0).place_set(place, "storeys", "6").expect("a fact that fits");
        hand.phone(1).place_remark(place, "旧版写的").expect("a remark that fits");
        hand.rest(&[0, 1]).await.expect("a clean line");
        hand.whole(&[]).expect("whole");
        assert_eq!(shown(&hand, 0), shown(&hand, 1));
        assert_eq!(shown(&hand, 1)["facts"]["storeys"]["value"], 6);
        assert_eq!(newer_parts(&hand, id), (Some(2), Some(4)), "the newer app's part survives");
    });
}
