//! Pushes: verified, judged, committed, answered; a bad one stops no other.

use std::sync::atomic::Ordering;

use ironfeet_core::sync::message::{PROTO, PartStatus, PushStatus, SCHEMA, SyncResponse};
use ironfeet_core::sync::{chunk, frame};
use ironfeet_server::store::{self, DeviceStatus};
use ironfeet_server::{enrol, review};

use super::world::{GRID, OTHER, Phone, World, pid};

#[tokio::test]
async fn a_change_is_accepted_once_and_comes_to_others() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (place, made) = world.place(&one, "平川路1号");
    let item = one.item(place.id(), &made, GRID);
    let answer = one.sync(&world, vec![item.clone()]).await;
    assert_eq!(Phone::statuses(&answer), [PushStatus::Accepted(1)]);
    assert_eq!(answer.peer_counter, 1);
    let again = one.sync(&world, vec![item]).await;
    assert_eq!(Phone::statuses(&again), [PushStatus::Dup(1)]);
    two.sync(&world, vec![]).await;
    assert_eq!(two.replica.document(place.id()).heads(), place.heads());
    let idle = two.sync(&world, vec![]).await;
    assert!(idle.parts[0].entries.is_empty() && idle.parts[0].status == PartStatus::Ok);
    world.verify();
}

#[tokio::test]
async fn a_bad_document_stops_no_other() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (good, made) = world.place(&phone, "甲");
    let (bad, broken) = world.place(&phone, "乙");
    let (mut tail, birth) = world.place(&phone, "丙");
    let later = world.fact(&phone, &mut tail, "use", "shop");
    let mut mutant = phone.item(bad.id(), &broken, GRID);
    *mutant.body.last_mut().unwrap() ^= 0x5a;
    let items = vec![
        mutant,
        phone.item(good.id(), &made, GRID),
        phone.item(tail.id(), &later, GRID),
        phone.item(tail.id(), &birth, GRID),
    ];
    let answer = phone.sync(&world, items).await;
    let statuses = Phone::statuses(&answer);
    assert!(matches!(&statuses[0], PushStatus::Rejected(..)), "{statuses:?}");
    assert_eq!(statuses[1], PushStatus::Accepted(1));
    assert_eq!(statuses[2], PushStatus::MissingDeps(vec![birth.hash]), "sent in the wrong order");
    assert_eq!(statuses[3], PushStatus::Accepted(2));
    let again = phone.sync(&world, vec![phone.item(tail.id(), &later, GRID)]).await;
    assert_eq!(Phone::statuses(&again), [PushStatus::Accepted(3)]);
    world.verify();
}

#[tokio::test]
async fn nobody_is_answered_before_it_is_durable() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (place, made) = world.place(&phone, "甲");
    let items = vec![phone.item(place.id(), &made, GRID)];
    let push = vec![phone.manifest(items.clone())];
    let request = frame::encode(&phone.request(push, vec![]));
    world.failing.store(true, Ordering::SeqCst);
    let (status, _) = world.frame("/v1/sync", &phone.keys, request).await;
    assert_eq!(status, 507, "a commit that failed gives no receipt");
    world.failing.store(false, Ordering::SeqCst);
    let answer = phone.sync(&world, items).await;
    assert_eq!(Phone::statuses(&answer), [PushStatus::Accepted(1)], "nothing of it had stayed");
    world.verify();
}

#[tokio::test]
async fn only_the_author_s_device_can_sign() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (place, made) = world.place(&one, "甲");
    let item = one.item(place.id(), &made, GRID);
    let mut forged = one.manifest(vec![item.clone()]);
    forged.sig[5] ^= 1;
    let mut stranger = two.manifest(vec![item.clone()]);
    stranger.device = ironfeet_core::model::DeviceId([7; 16]);
    let request = one.request(vec![forged, stranger], vec![]);
    let (_, bytes) = world.frame("/v1/sync", &one.keys, frame::encode(&request)).await;
    let answer: ironfeet_core::sync::message::SyncResponse = frame::decode(&bytes).unwrap();
    let codes: Vec<_> = answer
        .push
        .iter()
        .map(|receipt| match &receipt.status {
            PushStatus::Rejected(code, _) => code.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, ["signature", "unknown_device"]);
    let other_author = two.sync(&world, vec![item.clone()]).await;
    let refused = PushStatus::Rejected("author".to_owned(), String::new());
    assert!(matches!((&Phone::statuses(&other_author)[0], &refused),
        (PushStatus::Rejected(a, _), PushStatus::Rejected(b, _)) if a == b));
    let courier = vec![one.manifest(vec![item])];
    let request = two.request(courier, vec![]);
    let (_, bytes) = world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
    let answer: ironfeet_core::sync::message::SyncResponse = frame::decode(&bytes).unwrap();
    assert_eq!(answer.push[0].status, PushStatus::Accepted(1), "the courier may be another");
}

#[tokio::test]
async fn a_revoked_phone_hands_in_its_work_and_gets_nothing() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "甲");
    let second = world.fact(&one, &mut place, "use", "shop");
    let third = world.fact(&one, &mut place, "fuel", "lpg");
    let now = ironfeet_core::model::UtcMillis(1);
    store::transact(&*world.app.store, |s| enrol::revoke(s, &one.device, false, now)).unwrap();
    let device = store::view(&*world.app.store, |s| s.device(&one.device)).unwrap().unwrap();
    assert_eq!(device.status, DeviceStatus::Revoked);
    let items: Vec<_> =
        [&birth, &second, &third].map(|made| one.item(place.id(), made, GRID)).to_vec();
    let answer = one.sync(&world, items.clone()).await;
    let waits = |n: u64| PushStatus::Quarantined(n, "revoked".to_owned());
    assert_eq!(Phone::statuses(&answer), [waits(1), waits(2), waits(3)]);
    assert_eq!(answer.parts[0].status, PartStatus::Forbidden);
    assert!(answer.grants.is_empty());
    assert_eq!(
        Phone::statuses(&one.sync(&world, items.clone()).await),
        [waits(1), waits(2), waits(3)]
    );
    let decide = |ticket, take: bool| {
        store::transact(&*world.app.store, |s| match take {
            true => review::accept(s, &world.app, ticket, "admin"),
            false => review::discard(s, &world.app, ticket, "admin"),
        })
    };
    assert_eq!(decide(2, true).unwrap_err().code(), "missing_deps", "in order");
    decide(1, true).unwrap();
    decide(2, true).unwrap();
    decide(3, false).unwrap();
    assert_eq!(decide(3, true).unwrap_err().code(), "settled");
    let told = one.sync(&world, items).await;
    let statuses = Phone::statuses(&told);
    assert_eq!(statuses[..2], [PushStatus::Dup(1), PushStatus::Dup(2)]);
    assert!(matches!(&statuses[2], PushStatus::Rejected(code, _) if code == "discarded"));
    let notices: Vec<_> = told.notices.iter().map(|n| (n.ticket, n.accepted)).collect();
    assert_eq!(notices, [(1, true), (2, true), (3, false)]);
    two.sync(&world, vec![]).await;
    assert_eq!(two.replica.document(place.id()).heads(), [second.hash]);
    world.verify();
}

#[tokio::test]
async fn work_outside_of_the_own_grids_waits_for_review() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[OTHER]));
    let (mut place, birth) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    let foreign = world.fact(&two, &mut place, "use", "shop");
    let (beyond, made) = world.place(&two, "乙");
    let items = vec![two.item(place.id(), &foreign, OTHER), two.item(beyond.id(), &made, GRID)];
    let answer = two.sync(&world, items).await;
    let waits = |n: u64| PushStatus::Quarantined(n, "scope".to_owned());
    assert_eq!(Phone::statuses(&answer), [waits(1), waits(2)]);
    let later = world.fact(&one, &mut place, "fuel", "lpg");
    let leaning = one.sync(&world, vec![one.item(place.id(), &later, GRID)]).await;
    let leans = PushStatus::Quarantined(3, "leans_on_quarantined".to_owned());
    assert_eq!(Phone::statuses(&leaning), [leans]);
    world.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_phones_at_once_make_one_log() {
    let world = std::sync::Arc::new(World::new());
    let mut first = world.phone("W0", &[GRID]);
    let (place, birth) = world.place(&first, "甲");
    first.sync(&world, vec![first.item(place.id(), &birth, GRID)]).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (world, mut mine) = (world.clone(), place.clone());
            tokio::spawn(async move {
                let mut phone = world.phone(&format!("P{n}"), &[GRID]);
                for round in 0..5 {
                    let made = world.fact(&phone, &mut mine, "use", &format!("{n}-{round}"));
                    let answer = phone.sync(&world, vec![phone.item(mine.id(), &made, GRID)]).await;
                    let status = &Phone::statuses(&answer)[0];
                    assert!(matches!(status, PushStatus::Accepted(_)), "{status:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    first.sync(&world, vec![]).await;
    let merged = first.replica.document(place.id());
    assert_eq!(merged.changes().len(), 41);
    assert_eq!(merged.read().conflicts[0].values.len(), 8, "all eight values are there to choose");
    let row = store::view(&*world.app.store, |s| s.partition(&pid(GRID))).unwrap().unwrap();
    assert_eq!(row.last_seq(), 41);
    world.verify();
}

#[tokio::test]
async fn a_push_of_rubbish_is_refused_by_code_and_never_a_crash() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (place, made) = world.place(&phone, "甲");
    let body = chunk::body(&made.raw).unwrap().to_vec();
    for seed in 0..200_usize {
        let mut mutant = phone.item(place.id(), &made, GRID);
        let at = (seed * 7_919) % body.len();
        mutant.body[at] = mutant.body[at].wrapping_add(u8::try_from(seed % 255 + 1).unwrap());
        let answer = phone.sync(&world, vec![mutant]).await;
        let status = &Phone::statuses(&answer)[0];
        assert!(!matches!(status, PushStatus::TryLater), "mutant {seed}: {status:?}");
    }
    world.verify();
}

#[tokio::test]
async fn an_app_of_another_version_hands_in_its_work_and_must_be_updated_to_read() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let (place, made) = world.place(&phone, "平川路1号");
    let item = phone.item(place.id(), &made, GRID);
    let push = vec![phone.manifest(vec![item])];
    let mut request = phone.request(push, Vec::new());
    (request.proto, request.schema) = (PROTO + 1, SCHEMA + 7);
    let (status, bytes) = world.frame("/v1/sync", &phone.keys, frame::encode(&request)).await;
    assert_eq!(status, 200);
    let answer: SyncResponse = frame::decode(&bytes).unwrap();
    assert_eq!(Phone::statuses(&answer), [PushStatus::Accepted(1)]);
    assert!(answer.parts.is_empty(), "what it could not read is not sent");

    let mut request = phone.request(Vec::new(), Vec::new());
    request.proto = PROTO + 1;
    let (status, bytes) = world.frame("/v1/sync", &phone.keys, frame::encode(&request)).await;
    let told: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((status, &told["refused"]["code"]), (426, &"upgrade_required".into()));

    // A newer schema alone is no reason to refuse anything.
    let mut request = phone.request(Vec::new(), Vec::new());
    request.schema = SCHEMA + 7;
    let (status, bytes) = world.frame("/v1/sync", &phone.keys, frame::encode(&request)).await;
    let answer: SyncResponse = frame::decode(&bytes).unwrap();
    assert_eq!((status, answer.parts[0].seq), (200, 1));
    world.verify();
}
