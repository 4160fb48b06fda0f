//! What no log shows: late work on a record that left, work that waits for review. A server put back to before it
//! took such work, without anything that would tell, hears of it from the phone and has it again.

use ironfeet_core::model::{ChangeHash, PlaceId};
use ironfeet_server::store::DocState;
use ironfeet_tests::simulation::{Hand, block, folder, house};

/// Two phones that know one place; the server has a backup from then.
async fn world(dir: &std::path::Path) -> (Hand, PlaceId) {
    let mut hand = Hand::open(dir, 0, 1);
    for _ in 0..2 {
        hand.enrol().await;
    }
    let place = hand.phone(0).place_add(&house(8)).expect("a place that fits");
    hand.rest(&[0, 1]).await.expect("a clean line");
    (hand, place)
}

/// Phone 0 writes without having heard that the record left, and syncs.
async fn write_late(hand: &Hand, place: PlaceId) -> ChangeHash {
    let hash = hand.phone(0).place_remark(place, "迟到的话").expect("a remark that fits");
    let done = hand.sync(0).await.expect("a clean line");
    assert_eq!(done.pushed + done.quarantined, 1, "{done:?}");
    hash
}

/// The server goes on from its last backup, with the witness gone, so that no epoch tells.
async fn put_back(hand: &mut Hand) {
    assert!(hand.server.restore(0, false));
    hand.revive();
    hand.rest(&[0, 1]).await.expect("a clean line");
}

fn pending(hand: &Hand) -> i64 {
    hand.phone(0).status().expect("a status").pending
}

/// `before`: whether the backup is from before the record left, or from between that and the late work.
async fn survives(state: DocState, before: bool) {
    let dir = folder();
    let (mut hand, place) = world(dir.path()).await;
    if before {
        hand.server.back_up(false);
    }
    assert!(hand.server.withdraw(place.0, state));
    if !before {
        // Phone 0 has read that it left before it ever writes: only the phone's own word can tell then.
        hand.server.back_up(false);
    }
    let hash = write_late(&hand, place).await;
    assert!(hand.server.has(place.0, hash), "the server said so");
    put_back(&mut hand).await;
    assert!(hand.server.has(place.0, hash), "{state:?}, before {before}: acknowledged and nowhere");
    assert_eq!(pending(&hand), 0);
    hand.whole(&[(place.0, hash)]).expect("whole");
    let idle = hand.sync(0).await.expect("a clean line");
    assert_eq!((idle.requests, idle.pushed, idle.pulled), (1, 0, 0), "and then it is quiet");
}

#[test]
fn late_work_on_an_archived_record_survives_a_server_put_back() {
    block(survives(DocState::Archived, true));
    block(survives(DocState::Archived, false));
}

#[test]
fn late_work_on_a_deleted_record_waits_for_review_again_after_a_server_was_put_back() {
    block(survives(DocState::Deleted, true));
    block(survives(DocState::Deleted, false));
}

#[test]
fn a_record_that_left_is_out_of_sight_at_once_and_off_the_phone_when_a_backup_holds_it() {
    block(async {
        let dir = folder();
        let (mut hand, place) = world(dir.path()).await;
        assert!(hand.server.withdraw(place.0, DocState::Archived));
        let hash = write_late(&hand, place).await;
        let holds = |hand: &Hand| hand.phone(0).holds(place.0, hash).expect("readable");
        assert!(hand.phone(0).place_show(place).is_err(), "out of sight");
        assert_eq!(hand.phone(0).status().expect("a status").places, 0);
        assert!(holds(&hand), "kept until a backup holds it");
        // This backup may have been begun before the late work: the log says nothing of it.
        hand.server.back_up(true);
        let _ = hand.sync(0).await.expect("a clean line");
        assert!(holds(&hand));
        // One that reaches an entry after it was not.
        let _other = hand.phone(1).place_add(&house(9)).expect("a place that fits");
        hand.rest(&[1, 0]).await.expect("a clean line");
        hand.server.back_up(true);
        let _ = hand.sync(0).await.expect("a clean line");
        assert!(!holds(&hand), "a backup holds it");
        hand.whole(&[(place.0, hash)]).expect("whole");
    });
}

#[test]
fn a_record_that_comes_back_takes_up_what_was_kept_of_it() {
    block(async {
        let dir = folder();
        let (mut hand, place) = world(dir.path()).await;
        hand.server.back_up(false);
        let other = "329901001012002".parse().expect("a grid code");
        assert!(hand.server.withdraw(place.0, DocState::Archived));
        let hash = write_late(&hand, place).await;
        // Put back to when the place was live: it is on both phones again, with the late remark.
        put_back(&mut hand).await;
        if hand.server.record(place.0).is_some_and(|row| row.0 == DocState::Live) {
            assert!(hand.server.move_place(place.0, &other));
            hand.rest(&[0, 1]).await.expect("a clean line");
            let shown = hand.shown(1, place).expect("it is here");
            assert_eq!(shown, hand.shown(0, place).expect("it is here"));
            assert!(shown["remarks"].to_string().contains("迟到的话"));
        }
        hand.whole(&[(place.0, hash)]).expect("whole");
    });
}
