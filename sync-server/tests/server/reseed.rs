//! An old backup is put back; phones bring back what the server lost.

use ironfeet_core::model::Role;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{
    Checkpoint, LocateRequest, LocateResponse, Offer, PartStatus, Since, SyncResponse,
};
use ironfeet_server::command::{self, Command};
use ironfeet_server::review::decide::By;
use ironfeet_server::review::twin;
use ironfeet_server::store::{self, DocState};

use super::world::{GRID, Phone, World, pid};

async fn locate(world: &World, phone: &Phone, known: &[(u64, [u8; 16])]) -> u64 {
    let checkpoints =
        known.iter().map(|(seq, chain)| Checkpoint { seq: *seq, chain: *chain }).collect();
    let request = LocateRequest { pid: pid(GRID), checkpoints };
    let (_, bytes) = world.frame("/v1/locate", &phone.keys, frame::encode(&request)).await;
    frame::decode::<LocateResponse>(&bytes).unwrap().seq
}

#[tokio::test]
async fn phones_bring_back_what_a_restore_lost_with_the_very_same_chain() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    two.sync(&world, vec![]).await;
    let common = (1, two.standings[&pid(GRID)].cursor().chain);
    let copy = world.dir.path().join("copy.db");
    world.run(Command::Backup { file: copy.clone(), durable: false }).unwrap();
    let mut lost = Vec::new();
    for use_ in ["a", "b", "c"] {
        lost.push(world.fact(&one, &mut place, "use", use_));
    }
    let (other, made) = world.place(&one, "乙");
    let mut items: Vec<_> = lost.iter().map(|made| one.item(place.id(), made, GRID)).collect();
    items.push(one.item(other.id(), &made, GRID));
    one.sync(&world, items).await;
    let pulled = two.sync(&world, vec![]).await;
    let before = two.standings[&pid(GRID)].clone();
    let world = world.restart(|ground| {
        let restored = command::run(ground, Command::Restore { file: copy }).unwrap();
        assert_eq!((restored.exit, restored.json["epoch"].as_u64()), (0, Some(1)));
    });
    let history = world.app.identity.history();
    assert_ne!(history, before.history);
    let request = two.request(vec![], vec![]);
    let (_, bytes) = world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
    let answer: SyncResponse = frame::decode(&bytes).unwrap();
    assert_eq!(answer.parts[0].status, PartStatus::Diverged, "the cursor is ahead of the log");
    let seen = [(before.seq, before.cursor().chain), common];
    assert_eq!(locate(&world, &two, &seen).await, 1);
    let part = &pulled.parts[0];
    let offer = Offer {
        pid: pid(GRID),
        after: 1,
        entries: part.entries.clone(),
        stamp: part.stamp,
        since: None,
    };
    let forged = Offer { stamp: [9; 16], ..offer.clone() };
    for (offer, expected) in [(forged, 1), (offer, 5)] {
        let request = two.request(vec![], vec![offer]);
        world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
        let row = store::view(&*world.app.store, |s| s.partition(&pid(GRID))).unwrap().unwrap();
        assert_eq!(row.last_seq(), expected, "a stamp of somebody else is not taken");
    }
    let row = store::view(&*world.app.store, |s| s.partition(&pid(GRID))).unwrap().unwrap();
    assert_eq!(row.chain, before.chain, "the same entries in the same order");
    let again = two.sync(&world, vec![]).await;
    assert_eq!(again.parts[0].status, PartStatus::Ok);
    world.verify();
}

#[tokio::test]
async fn what_one_request_does_not_hold_is_offered_in_portions_each_proven_by_itself() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let copy = world.dir.path().join("copy.db");
    world.run(Command::Backup { file: copy.clone(), durable: false }).unwrap();
    let mut portions = Vec::new();
    let mut since = None;
    for address in ["甲", "乙"] {
        let (place, birth) = world.place(&one, address);
        one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
        let after = two.standings.get(&pid(GRID)).map_or(0, |standing| standing.seq);
        let part = two.sync(&world, vec![]).await.parts.remove(0);
        let now = &two.standings[&pid(GRID)];
        portions.push(Offer {
            pid: pid(GRID),
            after,
            entries: part.entries,
            stamp: now.stamp,
            since: since.replace(Since { chain: now.chain, stamp: now.stamp }),
        });
    }
    let last = |world: &World| {
        let row = store::view(&*world.app.store, |s| s.partition(&pid(GRID))).unwrap();
        row.map_or(0, |row| row.last_seq())
    };
    let request = two.request(vec![], vec![portions[1].clone()]);
    world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
    assert_eq!(last(&world), 2, "nothing was lost: nothing is taken");
    let world = world.restart(|ground| {
        command::run(ground, Command::Restore { file: copy }).unwrap();
    });
    assert_eq!(last(&world), 0);
    let bare = Offer { since: None, ..portions[1].clone() };
    let forged = |since: Since| Offer { since: Some(since), ..portions[1].clone() };
    let known = portions[1].since.unwrap();
    let others = [
        (bare, 0),
        (forged(Since { stamp: [9; 16], ..known }), 0),
        (forged(Since { chain: [9; 32], ..known }), 0),
        // In any order: each is proven by itself.
        (portions[1].clone(), 1),
        (portions[0].clone(), 2),
        (portions[0].clone(), 2),
    ];
    for (offer, expected) in others {
        let request = two.request(vec![], vec![offer]);
        world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
        assert_eq!(last(&world), expected);
    }
    world.verify();
}

#[tokio::test]
async fn a_merge_that_was_taken_back_is_none_after_a_restore_to_before_or_between() {
    for between in [false, true] {
        let world = World::new();
        let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
        let (kept, made) = world.place(&one, "平川路1号");
        let (gone, other) = world.place(&one, "平川路１号");
        let items = [one.item(kept.id(), &made, GRID), one.item(gone.id(), &other, GRID)];
        one.sync(&world, items.to_vec()).await;
        two.sync(&world, vec![]).await;
        let copy = world.dir.path().join("copy.db");
        let backup = |world: &World| {
            world.run(Command::Backup { file: copy.clone(), durable: false }).unwrap();
        };
        let (kept, gone) = (kept.id(), gone.id());
        let (a, b) = (kept.min(gone), kept.max(gone));
        let by = By { actor: "sv".to_owned(), post: Role::Supervisor };
        let act = |world: &World, merge: bool| {
            store::transact(&*world.app.store, |s| match merge {
                true => twin::same(s, &world.app, &a, &b, &kept, &by),
                false => twin::undo(s, &world.app, &a, &b, &by),
            })
            .unwrap();
        };
        if !between {
            backup(&world);
        }
        act(&world, true);
        if between {
            two.sync(&world, vec![]).await;
            backup(&world);
        }
        let after = two.standings[&pid(GRID)].seq;
        act(&world, false);
        let pulled = two.sync(&world, vec![]).await;
        let world = world.restart(|ground| {
            command::run(ground, Command::Restore { file: copy.clone() }).unwrap();
        });
        let part = &pulled.parts[0];
        let offer = Offer {
            pid: pid(GRID),
            after,
            entries: part.entries.clone(),
            stamp: part.stamp,
            since: None,
        };
        let request = two.request(vec![], vec![offer]);
        world.frame("/v1/sync", &two.keys, frame::encode(&request)).await;
        store::view(&*world.app.store, |s| {
            assert_eq!(s.doc(&gone)?.unwrap().state, DocState::Live, "it is on the phones again");
            assert_eq!(s.merged_away(&gone)?, None);
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
        world.verify();
    }
}

#[tokio::test]
async fn a_database_put_back_by_hand_is_noticed_by_the_witness() {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let copy = world.dir.path().join("copy.db");
    world.run(Command::Backup { file: copy.clone(), durable: true }).unwrap();
    let (place, made) = world.place(&phone, "甲");
    phone.sync(&world, vec![phone.item(place.id(), &made, GRID)]).await;
    let before = world.app.identity.history();
    let world = world.restart(|ground| {
        let database = ground.config.data.join(command::DATABASE);
        for ending in ["-wal", "-shm"] {
            let beside = ground.config.data.join(format!("{}{ending}", command::DATABASE));
            if beside.exists() {
                std::fs::remove_file(beside).unwrap();
            }
        }
        std::fs::copy(&copy, database).unwrap();
    });
    assert_eq!(world.app.identity.epoch, 1);
    assert_eq!(world.app.identity.history()[..12], before[..12]);
    let world = world.restart(|_| {});
    assert_eq!(world.app.identity.epoch, 1, "an ordinary restart begins no epoch");
}
