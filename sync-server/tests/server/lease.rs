//! Leases: given with an answer, moved on at each sync, looked up at intake; late work waits, none is lost.

use ironfeet_core::model::Role;
use ironfeet_core::sync::message::{PushStatus, Term};
use ironfeet_server::store;

use super::world::{GRID, OTHER, Phone, World, grid};

const DAY: i64 = 86_400_000;

/// A sync that takes the lease of the answer, as a phone does.
async fn renew(phone: &mut Phone, world: &World) -> Term {
    let term = phone.sync(world, vec![]).await.lease.unwrap();
    phone.lease = term.id;
    term
}

fn waits(reason: &str) -> PushStatus {
    PushStatus::Quarantined(1, reason.to_owned())
}

fn flagged(world: &World) -> Vec<String> {
    let rows = store::view(&*world.app.store, |s| s.audit_after(0, 1_000)).unwrap();
    let of = |row: store::AuditRow| (row.action == "work.flagged").then_some(row.object);
    rows.into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_lease_runs_three_days_and_each_sync_moves_its_end() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let first = renew(&mut one, &world).await;
    assert_eq!(first.not_after.0 - first.not_before.0, 3 * DAY);
    assert_eq!(first.hand_in_by.0 - first.not_after.0, 7 * DAY);
    assert_eq!(renew(&mut one, &world).await, first, "at the same hour nothing is written");
    world.pass_days(2);
    let second = renew(&mut one, &world).await;
    assert_eq!((second.id, second.not_after.0), (first.id, first.not_after.0 + 2 * DAY));
    world.pass_days(11);
    let third = renew(&mut one, &world).await;
    assert_ne!(third.id, second.id, "one whose grace ended is not brought back");
    let off = World::with(|config| config.sync.lease_hours = 0);
    let mut two = off.phone("W2", &[GRID]);
    assert_eq!(two.sync(&off, vec![]).await.lease, None);
}

#[tokio::test]
async fn late_work_is_taken_within_the_grace_and_waits_after_it() {
    for (days, wanted, noted) in [(3, None, 0), (9, None, 1), (11, Some("lease_over"), 0)] {
        let world = World::new();
        let mut one = world.phone("W1", &[GRID]);
        let _ = renew(&mut one, &world).await;
        let (place, birth) = world.place(&one, "甲");
        world.pass_days(days);
        let item = one.item(place.id(), &birth, GRID);
        let answer = one.sync(&world, vec![item]).await;
        let wanted = wanted.map_or(PushStatus::Accepted(1), waits);
        assert_eq!(Phone::statuses(&answer), [wanted], "after {days} days");
        assert_eq!(flagged(&world).len(), noted, "after {days} days");
        world.verify();
    }
}

#[tokio::test]
async fn an_app_from_before_leases_is_judged_by_what_holds_at_receipt() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let (place, birth) = world.place(&one, "甲");
    world.pass_days(40);
    let answer = one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    assert_eq!(Phone::statuses(&answer), [PushStatus::Accepted(1)]);
}

#[tokio::test]
async fn work_for_a_grid_taken_away_counts_while_the_lease_did() {
    for (days, wanted) in [(5, PushStatus::Accepted(1)), (11, waits("lease_over"))] {
        let world = World::new();
        let mut one = world.phone("W1", &[GRID]);
        let _ = renew(&mut one, &world).await;
        let (place, birth) = world.place(&one, "甲");
        store::transact(&*world.app.store, |s| {
            let mut row = s.device(&one.device)?.unwrap();
            row.grids = vec![grid(OTHER)];
            let mut person = s.person(&row.person)?.unwrap();
            person.areas = vec![OTHER.to_owned()];
            s.person_put(&person)?;
            s.device_put(&row)
        })
        .unwrap();
        world.pass_days(days);
        let item = one.item(place.id(), &birth, GRID);
        let answer = one.sync(&world, vec![item]).await;
        assert_eq!(Phone::statuses(&answer), [wanted]);
        assert_ne!(answer.lease.unwrap().id, one.lease, "other grids, another lease");
        if days == 5 {
            assert_eq!(flagged(&world), [format!("scope_lost {}", place.id())]);
            // Under the new lease the old grid is nobody's right any more.
            one.lease = answer.lease.unwrap().id;
            let (late, birth) = world.place(&one, "乙");
            let answer = one.sync(&world, vec![one.item(late.id(), &birth, GRID)]).await;
            assert_eq!(Phone::statuses(&answer), [waits("scope")]);
        }
        world.verify();
    }
}

#[tokio::test]
async fn what_a_former_post_allowed_waits_with_advice_to_take_it() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let _ = renew(&mut one, &world).await;
    let (place, birth) = world.place(&one, "甲");
    store::transact(&*world.app.store, |s| {
        let device = s.device(&one.device)?.unwrap();
        let mut person = s.person(&device.person)?.unwrap();
        person.post = Role::Dispatcher;
        s.person_put(&person)
    })
    .unwrap();
    let answer = one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    assert_eq!(Phone::statuses(&answer), [waits("role_ended")]);
    // The same answer tells the post, and gives a lease of it.
    assert_eq!(answer.role.as_deref(), Some("dispatcher"));
    assert_ne!(answer.lease.unwrap().id, one.lease);
}

#[tokio::test]
async fn a_lease_of_another_phone_is_none_and_one_from_before_it_was_given_is_caught() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[OTHER]));
    let foreign = renew(&mut one, &world).await;
    two.lease = foreign.id;
    let (place, birth) = world.place(&two, "甲");
    let answer = two.sync(&world, vec![two.item(place.id(), &birth, GRID)]).await;
    assert_eq!(Phone::statuses(&answer), [waits("scope")], "it lends no grid");
    // A manifest with a counter from before the lease, naming it.
    let (place, birth) = world.place(&two, "乙");
    two.lease = answer.lease.unwrap().id;
    two.counter = 0;
    let answer = two.sync(&world, vec![two.item(place.id(), &birth, OTHER)]).await;
    let early = PushStatus::Quarantined(2, "lease_not_yet".to_owned());
    assert_eq!(Phone::statuses(&answer), [early]);
}

#[tokio::test]
async fn whoever_was_replaced_hands_in_late_and_gets_no_lease() {
    for (days, reason) in [(5, "revoked"), (11, "revoked_late")] {
        let world = World::new();
        let mut one = world.phone("W1", &[GRID]);
        let _ = renew(&mut one, &world).await;
        let (place, birth) = world.place(&one, "甲");
        let person = store::view(&*world.app.store, |s| s.device(&one.device)).unwrap().unwrap();
        let now = person.enrolled_at;
        store::transact(&*world.app.store, |s| {
            ironfeet_server::people::retire(s, &person.person, "admin", now)
        })
        .unwrap();
        world.pass_days(days);
        let answer = one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
        assert_eq!((Phone::statuses(&answer), answer.lease), (vec![waits(reason)], None));
    }
}

#[tokio::test]
async fn a_post_that_sees_no_records_sees_none_on_a_phone() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    assert_eq!(one.sync(&world, vec![]).await.grants, [super::world::pid(GRID)]);
    store::transact(&*world.app.store, |s| {
        let mut person = s.person(&"W1".parse().unwrap())?.unwrap();
        person.post = Role::Auditor;
        s.person_put(&person)
    })
    .unwrap();
    let answer = one.sync(&world, vec![]).await;
    assert_eq!((answer.grants, answer.role.as_deref()), (Vec::new(), Some("auditor")));
}
