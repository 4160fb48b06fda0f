//! Answers that bring nothing: named once, and not said again.

use ironfeet_core::ground::Clock as _;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{Answer, SyncRequest, SyncResponse};
use ironfeet_server::{enrol, store};

use super::world::{GRID, Phone, World};

async fn ask(world: &World, phone: &Phone, etag: Option<[u8; 8]>) -> Answer {
    let request = SyncRequest { etag, ..phone.request(Vec::new(), Vec::new()) };
    let (status, bytes) = world.frame("/v1/sync", &phone.keys, frame::encode(&request)).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    frame::decode(&bytes).unwrap()
}

async fn ask_whole(world: &World, phone: &Phone, etag: Option<[u8; 8]>) -> SyncResponse {
    match ask(world, phone, etag).await {
        Answer::Whole(answer) => *answer,
        Answer::Same(_) => panic!("it was said to be the same"),
    }
}

#[tokio::test]
async fn an_answer_that_was_named_is_not_said_again_until_it_would_be_another() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    two.sync(&world, vec![]).await;
    let first = ask_whole(&world, &two, None).await;
    let tag = first.etag;
    assert!(tag.is_some() && first.is_quiet());
    world.pass_ms(1_000);
    assert_eq!(ask(&world, &two, tag).await, Answer::Same(first.server_time.plus_ms(1_000)));
    // Another name, or none: all of it, under the same name.
    for name in [Some([0; 8]), None] {
        assert_eq!(ask_whole(&world, &two, name).await.etag, tag);
    }
    // Work of others: never by a name.
    let (place, made) = world.place(&one, "平川路1号");
    one.sync(&world, vec![one.item(place.id(), &made, GRID)]).await;
    let news = ask_whole(&world, &two, tag).await;
    assert_eq!((news.parts[0].entries.len(), news.etag), (1, None));
    two.sync(&world, vec![]).await;
    let then = ask_whole(&world, &two, tag).await;
    assert!(then.etag.is_some() && then.etag != tag);
    // A lease that moves on, a right that is taken away: said in full.
    world.pass_ms(2 * 3_600_000);
    two.keys.token = world.app.passes.token(two.device, world.clock.now(), 60).0;
    let later = ask_whole(&world, &two, then.etag).await;
    assert!(later.lease != then.lease && later.etag != then.etag);
    let now = world.clock.now();
    store::transact(&*world.app.store, |s| enrol::revoke(s, &two.device, false, now)).unwrap();
    let out = ask_whole(&world, &two, later.etag).await;
    assert_eq!((out.etag, out.lease, out.role), (None, None, None));
}
