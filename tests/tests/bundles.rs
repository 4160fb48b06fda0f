//! A phone begins from a bundle, is cut off half-way, and finds another bundle when it comes back.

use std::sync::atomic::{AtomicUsize, Ordering};

use ironfeet_core::model::{PlaceId, PlaceKind};
use ironfeet_core::phone::NewPlace;
use ironfeet_core::phone::sync::{Progress, SyncError, Watch};
use ironfeet_tests::simulation::{Hand, folder};

/// More than a phone takes without a bundle, and more than a bundle may lag behind.
const MANY: usize = 520;

/// Stops a sync after so many slices.
struct Cut(AtomicUsize);

impl Watch for Cut {
    fn progress(&self, _: Progress) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

fn house(n: usize) -> NewPlace {
    NewPlace {
        kind: PlaceKind::Dwelling,
        address: format!("平川路 {n} 号"),
        lat: Some(33.5),
        lon: Some(119.1),
        grid: Some("329901001012001".parse().expect("a grid code")),
        facts: Vec::new(),
    }
}

async fn grow(hand: &Hand, place: PlaceId, round: usize) {
    for n in 0..MANY {
        if n % 2 == 0 {
            let _id = hand.phone(0).place_add(&house(n)).expect("a place that fits");
        } else {
            let text = format!("备注 {round}-{n}");
            let _hash = hand.phone(0).place_remark(place, &text).expect("a remark that fits");
        }
    }
    hand.rest(&[0]).await.expect("a clean line");
}

#[tokio::test]
async fn another_bundle_half_way_through_a_download_is_taken_instead() {
    let dir = folder();
    let mut hand = Hand::open(dir.path(), 0, 1);
    hand.enrol().await;
    let place = hand.phone(0).place_add(&house(1_000)).expect("a place that fits");
    grow(&hand, place, 0).await;
    hand.enrol().await;
    // The empty grid's answer, then the first slice of the bundle.
    let cut = hand.sync_watched(1, &Cut(AtomicUsize::new(2))).await;
    assert!(matches!(cut, Err(SyncError::Cancelled)), "{cut:?}");
    let begun = hand.phone(1).status().expect("a status").places;
    assert!(begun > 0 && begun < MANY as i64 / 2, "{begun} places came before the cut");
    // Two more bundles are made for others meanwhile; the first is swept away.
    for round in 1..3 {
        grow(&hand, place, round).await;
        hand.enrol().await;
        let _ = hand.sync(hand.phones() - 1).await.expect("a clean line");
    }
    hand.rest(&[1, 0, 2, 3]).await.expect("a clean line");
    hand.whole(&[]).expect("whole");
    let shown = |n| hand.shown(n, place).expect("the place is here");
    assert_eq!(shown(1), shown(0));
    assert_eq!(shown(1)["remarks"].as_array().map(Vec::len), Some(3 * MANY / 2));
    let places = |n| hand.phone(n).status().expect("a status").places;
    assert_eq!(places(1), places(0));
}
