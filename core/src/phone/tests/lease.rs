//! Until when a phone works offline: it says so, goes on after that, and says what will wait.

use super::*;
use crate::store::lease::{self, LeaseRow};

const DAY: i64 = 86_400_000;

fn hold(phone: &Phone, id: u64, from: UtcMillis) {
    let (not_after, hand_in_by) = (UtcMillis(from.0 + 3 * DAY), UtcMillis(from.0 + 10 * DAY));
    let row = LeaseRow { id, not_before: from, not_after, hand_in_by };
    phone.with(|i| Ok(i.store()?.write(|db| lease::hold(db, &row))?)).unwrap();
}

fn leases(phone: &Phone) -> Vec<u64> {
    let waiting = phone.with(|i| Ok(crate::store::outbox::pending(i.store()?.db(), 100)?));
    waiting.unwrap().into_iter().map(|w| w.lease).collect()
}

#[test]
fn work_goes_on_after_a_lease_ended_and_the_phone_says_what_will_wait() {
    let world = World::new(31);
    let phone = world.init();
    let begin = phone.with(|i| Ok(i.now())).unwrap();
    let place = phone.place_add(&new_place("平川路1号")).unwrap();
    assert_eq!((phone.status().unwrap().offline_until, leases(&phone)), (None, vec![0]));
    hold(&phone, 7, begin);
    phone.place_set(place, "storeys", "6").unwrap();
    let status = phone.status().unwrap();
    assert_eq!(status.offline_until, Some(UtcMillis(begin.0 + 3 * DAY)));
    assert_eq!(status.hand_in_by, Some(UtcMillis(begin.0 + 10 * DAY)));
    world.later(5 * DAY);
    phone.place_set(place, "storeys", "7").unwrap();
    assert_eq!(phone.status().unwrap().will_wait, 0, "the grace still runs");
    world.later(6 * DAY);
    phone.place_set(place, "storeys", "8").unwrap();
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.will_wait), (4, 3), "the first was made before any lease");
    // A new lease does not make old work timely, and what is made under it is.
    let now = phone.with(|i| Ok(i.now())).unwrap();
    hold(&phone, 8, now);
    phone.place_set(place, "storeys", "9").unwrap();
    assert_eq!(leases(&phone), [0, 7, 7, 7, 8]);
    assert_eq!(phone.status().unwrap().will_wait, 3);
    assert!(phone.verify().unwrap().ok);
}
