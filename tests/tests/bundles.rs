//! A phone begins from a bundle, is cut off half-way, and finds another bundle when it comes back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ironfeet_core::model::PlaceId;
use ironfeet_core::phone::Phone;
use ironfeet_core::phone::sync::{Progress, SyncError, Watch};
use ironfeet_tests::power::{Recording, record};
use ironfeet_tests::simulation::{Hand, copy, folder, house};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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

#[tokio::test]
async fn chunks_that_came_before_the_line_broke_are_not_fetched_again() {
    let dir = folder();
    let mut hand = Hand::open(dir.path(), 0, 1);
    hand.enrol().await;
    // Together more than one chunk, less than two.
    for n in 0..MANY {
        let place = hand.phone(0).place_add(&house(n)).expect("a place that fits");
        let _hash = hand.phone(0).place_remark(place, &"后楼 ".repeat(330)).expect("it fits");
    }
    hand.rest(&[0]).await.expect("a clean line");
    hand.enrol().await;
    hand.line(1).break_file(95);
    let broken = hand.sync(1).await;
    assert!(matches!(broken, Err(SyncError::Transport(_))), "{broken:?}");
    let begun = hand.phone(1).status().expect("a status").places;
    assert!((100..MANY as i64).contains(&begun), "{begun} places came before the line broke");
    hand.rest(&[1]).await.expect("a clean line");
    let opened = hand.line(1).opened();
    assert!(opened[0] == 0 && opened[1] > 0, "asked for from {opened:?}");
    assert_eq!(opened.len(), 2, "asked for from {opened:?}");
    hand.whole(&[]).expect("whole");
    assert_eq!(hand.phone(1).status().expect("a status").places, MANY as i64);
}

/// Somebody who records a place after each slice of a download, and when the phone had said that it is saved.
struct Busy<'a> {
    phone: &'a Phone,
    disk: &'a Recording,
    saved: Mutex<Vec<(usize, PlaceId)>>,
}

impl Watch for Busy<'_> {
    fn progress(&self, _: Progress) {
        let mut saved = self.saved.lock().expect("no test has failed");
        let id = self.phone.place_add(&house(2_000 + saved.len())).expect("a place that fits");
        saved.push((self.disk.moment(), id));
    }

    fn stopped(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn the_power_may_go_in_a_download_what_was_saved_beside_it_stays() {
    let dir = folder();
    let world = dir.path().join("world");
    let mut hand = Hand::open(&world, 0, 1);
    hand.enrol().await;
    let place = hand.phone(0).place_add(&house(1_000)).expect("a place that fits");
    grow(&hand, place, 0).await;
    hand.enrol().await;
    drop(hand);
    let disk = record(&world.join("phone-1")).expect("a folder");
    let hand = Hand::open(&world, 2, 50);
    let begun = disk.moment();
    let saved = {
        let busy = Busy { phone: hand.phone(1), disk: &disk, saved: Mutex::default() };
        let _ = hand.sync_watched(1, &busy).await.expect("a clean line");
        busy.saved.into_inner().expect("no test has failed")
    };
    assert!(saved.len() > 2, "{} places were recorded meanwhile", saved.len());
    let ended = disk.moment();
    drop(hand);
    for seed in 0..24 {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        // As often right after something was saved as anywhere else.
        let moment = match seed % 2 {
            0 => saved[chance.random_range(0..saved.len())].0,
            _ => chance.random_range(begun..=ended),
        };
        let here = dir.path().join(seed.to_string());
        copy(&world.join("server"), &here.join("server"));
        copy(&world.join("phone-0"), &here.join("phone-0"));
        std::fs::create_dir_all(here.join("phone-1")).expect("a folder");
        disk.image(moment, &mut chance, &here.join("phone-1")).expect("room for it");
        let hand = Hand::open(&here, 2, 100 + seed);
        assert_eq!(hand.phone(1).recovered(), None, "seed {seed}: something was damaged");
        let lost = saved.iter().filter(|(at, id)| *at <= moment && hand.shown(1, *id).is_err());
        assert_eq!(lost.count(), 0, "seed {seed}: saved and lost");
        hand.rest(&[1, 0]).await.expect("a clean line");
        hand.whole(&[]).expect("whole");
    }
}
