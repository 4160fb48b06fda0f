//! Who works in a department's inbox: what is shown there may be written on as the post allows, and nothing else.

use ironfeet_core::document::{Document, Edit, MadeChange, PlaceEdit};
use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::{DocId, Pid, Remark, Role};
use ironfeet_core::sync::message::{PushItem, PushStatus};
use ironfeet_server::{lifecycle, store};

use super::world::{GRID, OTHER, Phone, World, pid};

const INBOX: &str = "dFIRE@329901";

/// A phone of the fire brigade's, without a grid of its own.
fn of_department(world: &World, id: &str, post: Role) -> Phone {
    let mut phone = world.phone(id, &[GRID]);
    phone.standings.clear();
    store::transact(&*world.app.store, |s| {
        let mut device = s.device(&phone.device)?.unwrap();
        let mut person = s.person(&device.person)?.unwrap();
        device.grids.clear();
        person.post = post;
        person.areas = vec!["329901".to_owned()];
        person.department = Some("FIRE".parse().unwrap());
        s.person_put(&person)?;
        s.device_put(&device)
    })
    .unwrap();
    phone
}

fn share(world: &World, place: DocId, here: bool) {
    let (inbox, now) = (INBOX.parse().unwrap(), world.clock.now());
    store::transact(&*world.app.store, |s| {
        lifecycle::share_place(s, &world.app, &place, &inbox, here, now)
    })
    .unwrap();
}

fn remark(world: &World, phone: &Phone, place: &mut Document, text: &str) -> MadeChange {
    let (at, text) = (world.clock.now(), text.to_owned());
    let edit = Edit::Place(PlaceEdit::Remark(Remark { at, by_role: Role::Handler, text }));
    place.edit(&edit, &world.by(phone), at).unwrap().unwrap()
}

/// As a phone says it that has the record from its inbox.
fn in_inbox(phone: &Phone, doc: DocId, made: &MadeChange) -> PushItem {
    PushItem { pid: INBOX.parse().unwrap(), ..phone.item(doc, made, GRID) }
}

async fn pushed(phone: &mut Phone, world: &World, item: PushItem) -> PushStatus {
    let answer = phone.sync(world, vec![item]).await;
    Phone::statuses(&answer).remove(0)
}

fn reason(status: &PushStatus) -> &str {
    match status {
        PushStatus::Quarantined(_, reason) => reason,
        other => panic!("{other:?} does not wait"),
    }
}

/// A grid worker's place, known to the server.
async fn place(world: &World) -> Document {
    let mut li = world.phone("li", &[GRID, OTHER]);
    let (place, birth) = world.place(&li, "甲");
    li.sync(world, vec![li.item(place.id(), &birth, GRID)]).await;
    place
}

#[tokio::test]
async fn a_handler_writes_on_what_the_department_is_shown_as_the_post_allows() {
    let world = World::new();
    let mut place = place(&world).await;
    let mut chen = of_department(&world, "chen", Role::Handler);
    share(&world, place.id(), true);
    let said = remark(&world, &chen, &mut place, "已到场");
    let item = in_inbox(&chen, place.id(), &said);
    assert_eq!(pushed(&mut chen, &world, item).await, PushStatus::Moved(2, pid(GRID)));
    let fact = world.fact(&chen, &mut place.clone(), "use", "shop");
    let item = in_inbox(&chen, place.id(), &fact);
    assert_eq!(reason(&pushed(&mut chen, &world, item).await), "rights");
    // The place goes to another grid and stays where it is shown.
    let (other, now) = (OTHER.parse().unwrap(), world.clock.now());
    store::transact(&*world.app.store, |s| {
        lifecycle::move_place(s, &world.app, &place.id(), &other, now)
    })
    .unwrap();
    let said = remark(&world, &chen, &mut place, "已处置");
    let item = in_inbox(&chen, place.id(), &said);
    assert!(
        matches!(pushed(&mut chen, &world, item).await, PushStatus::Moved(_, home) if home == pid(OTHER))
    );
    world.verify();
}

#[tokio::test]
async fn what_the_department_is_not_shown_is_outside_of_its_handlers_scope() {
    let world = World::new();
    let mut place = place(&world).await;
    let mut chen = of_department(&world, "chen", Role::Handler);
    let said = remark(&world, &chen, &mut place, "路过");
    for item in [in_inbox(&chen, place.id(), &said), chen.item(place.id(), &said, GRID)] {
        assert_eq!(
            reason(&pushed(&mut chen, &world, item).await),
            "scope",
            "in the area, not shown"
        );
    }
    // Shown to another department's people is not shown to these.
    let mut zhao = of_department(&world, "zhao", Role::Handler);
    store::transact(&*world.app.store, |s| {
        let mut person = s.person(&"zhao".parse().unwrap())?.unwrap();
        person.department = Some("POLICE".parse().unwrap());
        s.person_put(&person)
    })
    .unwrap();
    share(&world, place.id(), true);
    let said = remark(&world, &zhao, &mut place.clone(), "也来过");
    let item = in_inbox(&zhao, place.id(), &said);
    assert_eq!(reason(&pushed(&mut zhao, &world, item).await), "scope");
    world.verify();
}

#[tokio::test]
async fn work_from_before_a_place_was_withdrawn_counts_while_the_lease_did() {
    let world = World::new();
    let mut place = place(&world).await;
    let mut chen = of_department(&world, "chen", Role::Handler);
    share(&world, place.id(), true);
    chen.lease = chen.sync(&world, vec![]).await.lease.unwrap().id;
    share(&world, place.id(), false);
    let mut unshown = place.clone();
    let said = remark(&world, &chen, &mut place, "阀门已关");
    let item = in_inbox(&chen, place.id(), &said);
    assert_eq!(pushed(&mut chen, &world, item).await, PushStatus::Moved(2, pid(GRID)));
    // Without a lease, and for a place that never was shown, nothing says so.
    chen.lease = 0;
    let said = remark(&world, &chen, &mut unshown, "再看");
    let item = in_inbox(&chen, place.id(), &said);
    assert_eq!(reason(&pushed(&mut chen, &world, item).await), "scope");
    world.verify();
}

#[tokio::test]
async fn a_visit_begun_in_an_inbox_is_born_where_its_place_is_and_nowhere_without_it() {
    let world = World::new();
    let shown = place(&world).await;
    let mut chen = of_department(&world, "chen", Role::Checker);
    share(&world, shown.id(), true);
    let (visit, birth) = world.visit(&chen, shown.id());
    let item = in_inbox(&chen, visit.id(), &birth);
    assert_eq!(pushed(&mut chen, &world, item).await, PushStatus::Moved(2, pid(GRID)));
    let here = store::view(&*world.app.store, |s| s.presence(&visit.id())).unwrap();
    assert_eq!(here, [INBOX.parse::<Pid>().unwrap(), pid(GRID)]);
    let (visit, birth) = world.visit(&chen, world.id());
    let item = in_inbox(&chen, visit.id(), &birth);
    assert_eq!(reason(&pushed(&mut chen, &world, item).await), "scope", "of no place shown there");
    assert!(store::view(&*world.app.store, |s| s.doc(&visit.id())).unwrap().is_none());
    world.verify();
}
