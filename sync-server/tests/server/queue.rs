//! A full queue and many at it: no decision is lost, none is made twice, and a thousand items are no pain.

use std::sync::Arc;

use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::Role;
use ironfeet_server::command::{Admin, Command, Device};
use ironfeet_server::{audit, store};

use super::console::{Quarrel, between, header, page, post, quarrel};
use super::world::{GRID, World};

const SUPERVISORS: usize = 50;
const ITEMS: usize = 1_000;
/// Tickets on a page and decided at once.
const PAGE: usize = 30;
const MANY: usize = 500;

fn supervisor(world: &World, n: usize) -> String {
    let (now, areas) = (world.clock.now(), vec![String::new()]);
    let name = format!("sv{n:04}");
    let token = world.app.sessions.begin_as(&*world.entropy, now, &name, Role::Supervisor, areas);
    format!("ironfeet={token}")
}

fn rows(world: &World, action: &str) -> usize {
    let mut n = 0;
    audit::walk(&*world.app.store, &mut |row| n += usize::from(row.action == action)).unwrap();
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_supervisors_at_one_conflict_settle_it_once_and_the_others_are_told_who_did() {
    let q = Arc::new(quarrel().await);
    let mut tasks = Vec::new();
    for n in 0..SUPERVISORS {
        let cookie = supervisor(&q.world, n);
        let (_, seen) = page(&q.world, "/console/review", &cookie).await;
        let form = q.form(&seen, "take", &format!("choose={}", q.a.hash));
        let q = q.clone();
        // All have seen the same open conflict before anybody decides.
        tasks.push((q, cookie, form));
    }
    let running: Vec<_> = tasks
        .into_iter()
        .map(|(q, cookie, form)| {
            tokio::spawn(async move {
                let location = q.decide(&cookie, &form).await;
                (location, cookie)
            })
        })
        .collect();
    let (mut decided, mut late) = (0, Vec::new());
    for task in running {
        let (location, cookie) = task.await.unwrap();
        if location.contains("said=decided") {
            decided += 1;
        } else {
            late.push((location, cookie));
        }
    }
    assert_eq!((decided, late.len()), (1, SUPERVISORS - 1));
    assert_eq!(rows(&q.world, "conflict.settle"), 1, "one row in the trail");
    for (location, cookie) in late {
        assert!(location.contains("said=settled"), "{location}");
        let (_, told) = page(&q.world, &location, &cookie).await;
        assert!(told.contains("已经处理过"), "{location}");
    }
    q.world.verify();
}

/// A revoked phone hands in so many places.
async fn waiting(q: &mut Quarrel, items: usize) {
    let places: Vec<_> =
        (0..items).map(|n| q.world.place(&q.two, &format!("平川路{n}号"))).collect();
    let act = Device::Revoke { id: q.two.device, stolen: false };
    q.world.run(Command::Admin { act: Admin::Device { act } }).unwrap();
    for part in places.chunks(200) {
        let items = part.iter().map(|(place, made)| q.two.item(place.id(), made, GRID)).collect();
        q.two.sync(&q.world, items).await;
    }
    let open = store::view(&*q.world.app.store, |s| s.tickets_open()).unwrap();
    assert_eq!(open.len(), items);
}

#[tokio::test]
async fn a_thousand_waiting_changes_are_paged_and_decided_by_phone() {
    let mut q = quarrel().await;
    waiting(&mut q, ITEMS).await;
    let cookie = supervisor(&q.world, 0);
    // Every page leads to the next, each change is shown once.
    let (mut path, mut shown) = ("/console/review/waiting".to_owned(), Vec::new());
    while !path.is_empty() {
        let (status, text) = page(&q.world, &path, &cookie).await;
        assert_eq!(status, 200);
        let on_page = text.split("name=\"ticket\" value=\"").skip(1);
        let numbers: Vec<u64> =
            on_page.map(|t| t.split('"').next().unwrap().parse().unwrap()).collect();
        assert!(numbers.len() <= PAGE, "{path}");
        shown.extend(numbers);
        // The link to the next page is the only one of this list that says after what.
        let next = text.split("href=\"").skip(1).filter_map(|t| t.split('"').next());
        let next = next.map(|link| link.replace("&#38;", "&"));
        let leads =
            |link: &String| link.starts_with("/console/review/waiting") && link.contains("after=");
        path = next.into_iter().find(leads).unwrap_or_default();
    }
    let once: std::collections::BTreeSet<u64> = shown.iter().copied().collect();
    assert_eq!((shown.len(), once.len()), (ITEMS, ITEMS));

    let (_, text) = page(&q.world, "/console/review/waiting", &cookie).await;
    let csrf = between(&text, "name=\"csrf\" value=\"", "\"");
    for left in [ITEMS - MANY, 0] {
        let form = format!("csrf={csrf}&act=discard&device={}", q.two.device);
        let done = post(&q.world, "/console/review/waiting", &cookie, &form).await;
        assert!(header(&done, "location").contains(&format!("n={MANY}")));
        let open = store::view(&*q.world.app.store, |s| s.tickets_open()).unwrap();
        assert_eq!(open.len(), left);
    }
    assert_eq!(rows(&q.world, "quarantine.discard"), ITEMS, "a row each");
    q.world.verify();
}
