//! Records that moved, and a server put back to before: what others wrote on the way comes back from any phone
//! that read it, and all say again where the record lives.

use ironfeet_core::model::{ChangeHash, DocId, PlaceId};
use ironfeet_tests::simulation::{Hand, block, folder, house};

const GRID: &str = "329901001012001";
const OTHER: &str = "329901001012002";

/// So many phones, and a server with an empty backup.
async fn world(dir: &std::path::Path, phones: usize) -> Hand {
    let mut hand = Hand::open(dir, 0, 1);
    for _ in 0..phones {
        hand.enrol().await;
    }
    hand.server.back_up(false);
    hand
}

/// A phone writes a remark and sends it.
async fn remark(hand: &Hand, n: usize, place: PlaceId, text: &str) -> (DocId, ChangeHash) {
    let hash = hand.phone(n).place_remark(place, text).expect("a remark that fits");
    let _ = hand.sync(n).await.expect("a clean line");
    (place.0, hash)
}

fn send_to(hand: &Hand, place: PlaceId, grid: &str) {
    assert!(hand.server.move_place(place.0, &grid.parse().expect("a grid code")));
}

#[test]
fn what_a_lost_phone_wrote_on_a_record_that_moved_comes_back_from_another_phone() {
    block(async {
        let dir = folder();
        let mut hand = world(dir.path(), 2).await;
        let place = hand.phone(0).place_add(&house(8)).expect("a place that fits");
        hand.rest(&[0, 1]).await.expect("a clean line");
        send_to(&hand, place, OTHER);
        let _ = hand.sync(1).await.expect("a clean line");
        let there = remark(&hand, 1, place, "在那边写的").await;
        send_to(&hand, place, GRID);
        let _ = hand.sync(1).await.expect("a clean line");
        let back = remark(&hand, 1, place, "回来写的").await;
        // Phone 0 reads all of it at once; then the server is put back, and phone 1 never comes again.
        let _ = hand.sync(0).await.expect("a clean line");
        assert!(hand.server.restore(0, false));
        hand.revive();
        hand.rest(&[0]).await.expect("a clean line");
        hand.whole(&[there, back]).expect("whole");
        assert_eq!(
            hand.server.record(place.0).map(|row| row.1.to_string()),
            Some(format!("g{GRID}"))
        );
    });
}

#[test]
fn all_phones_say_again_where_a_record_lives_after_a_move_was_lost() {
    block(async {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let dir = folder();
            let mut hand = world(dir.path(), 3).await;
            let place = hand.phone(0).place_add(&house(8)).expect("a place that fits");
            hand.rest(&[0, 1, 2]).await.expect("a clean line");
            send_to(&hand, place, OTHER);
            let _ = hand.sync(1).await.expect("a clean line");
            send_to(&hand, place, GRID);
            let last = remark(&hand, 2, place, "最后").await;
            assert!(hand.server.restore(0, false));
            hand.revive();
            hand.rest(&order).await.expect("a clean line");
            hand.whole(&[last]).expect("whole");
            let shown = [0, 1, 2].map(|n| hand.shown(n, place).expect("it is here"));
            assert!(shown.iter().all(|one| *one == shown[0]), "{order:?}: {shown:?}");
            assert_eq!(shown[0]["grid"], GRID, "{order:?}");
        }
    });
}

#[test]
fn what_one_request_does_not_hold_comes_back_in_portions() {
    block(async {
        let dir = folder();
        let mut hand = world(dir.path(), 2).await;
        let mut written = Vec::new();
        for n in 0..8 {
            let place = hand.phone(1).place_add(&house(8)).expect("a place that fits");
            // Some 300 kB, in one answer each.
            for k in 0..50 {
                let text = format!("{n}-{k} {}", "话".repeat(1_900));
                let hash = hand.phone(1).place_remark(place, &text).expect("a remark that fits");
                written.push((place.0, hash));
            }
            hand.rest(&[1, 0]).await.expect("a clean line");
        }
        assert!(hand.server.restore(0, false));
        hand.revive();
        // Cut after some portions, it goes on where it was.
        hand.line(0).cut_after(3);
        assert!(hand.sync(0).await.is_err());
        let taken = written.iter().filter(|(doc, hash)| hand.server.has(*doc, *hash)).count();
        assert!(0 < taken && taken < written.len(), "{taken}: a portion came through, not all");
        hand.line(0).connect(Some(hand.server.router()));
        hand.rest(&[0]).await.expect("a clean line");
        hand.whole(&written).expect("whole");
    });
}

#[test]
fn what_came_after_a_backup_is_offered_by_a_phone_that_read_it_together_with_what_came_before() {
    block(async {
        let dir = folder();
        let mut hand = world(dir.path(), 2).await;
        let before = hand.phone(1).place_add(&house(8)).expect("a place that fits");
        let _ = hand.sync(1).await.expect("a clean line");
        hand.server.back_up(true);
        let place = hand.phone(1).place_add(&house(8)).expect("a place that fits");
        let after = remark(&hand, 1, place, "备份之后").await;
        // Phone 0 reads both at once and keeps only what no backup holds; phone 1 never comes again.
        let _ = hand.sync(0).await.expect("a clean line");
        assert!(hand.server.restore(0, false));
        hand.revive();
        assert!(!hand.server.has(after.0, after.1));
        hand.rest(&[0]).await.expect("a clean line");
        hand.whole(&[after]).expect("whole");
        assert_eq!(
            hand.server.record(before.0).map(|row| row.1.to_string()),
            Some(format!("g{GRID}"))
        );
    });
}
