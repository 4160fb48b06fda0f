//! The server's own maxima: at the limit taken, one over refused with a status, a code and the limit's name.

use axum::body::Body;
use axum::http::Request;

use ironfeet_core::document::{Edit, VisitEdit};
use ironfeet_core::limits::{self, Room};
use ironfeet_core::model::{ChangeHash, DocId, Pid, Remark, Role, UtcMillis};
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{DocChange, PartStatus, PushItem, SyncRequest, SyncResponse};

use super::world::{GRID, Phone, World, body, pid};

/// Status and body.
type Answer = (u16, Vec<u8>);

fn items(sizes: &[usize]) -> Vec<PushItem> {
    let item = |(n, size): (usize, &usize)| PushItem {
        doc: DocId([u8::try_from(n % 251).unwrap(); 16]),
        pid: pid(GRID),
        move_gen: 0,
        body: vec![1; *size],
    };
    sizes.iter().enumerate().map(item).collect()
}

async fn synced(world: &World, phone: &Phone, request: SyncRequest) -> Answer {
    world.frame("/v1/sync", &phone.keys, frame::encode(&request)).await
}

async fn pushed(pushes: &[Vec<usize>]) -> Answer {
    let world = World::new();
    let mut phone = world.phone("W1", &[GRID]);
    let push: Vec<_> = pushes.iter().map(|sizes| phone.manifest(items(sizes))).collect();
    let answer = synced(&world, &phone, phone.request(push, vec![])).await;
    if answer.0 == 200 {
        let response: SyncResponse = frame::decode(&answer.1).unwrap();
        assert_eq!(response.push.len(), pushes.iter().map(Vec::len).sum::<usize>());
    }
    answer
}

async fn push_bytes(size: usize) -> Answer {
    let mut sizes = vec![60_000; size / 60_000];
    sizes.push(size % 60_000);
    pushed(&[sizes]).await
}

async fn cursors(count: usize) -> Answer {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let mut request = phone.request(vec![], vec![]);
    let one = request.cursors.remove(0);
    for n in 0..count {
        let pid: Pid = format!("g329901001012{:03}", n + 1).parse().unwrap();
        request.cursors.push(ironfeet_core::sync::message::Cursor { pid, ..one.clone() });
    }
    synced(&world, &phone, request).await
}

async fn claims(count: usize) -> Answer {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let mut request = phone.request(vec![], vec![]);
    let claim = DocChange { doc: DocId([1; 16]), hash: ChangeHash([2; 32]) };
    request.claims = vec![claim; count];
    let answer = synced(&world, &phone, request).await;
    if answer.0 == 200 {
        let response: SyncResponse = frame::decode(&answer.1).unwrap();
        assert_eq!(response.lost.len(), count, "none of them is here");
    }
    answer
}

async fn posted(path: &str, size: usize) -> Answer {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    // Read and found to be nonsense is taken: what counts here is the size.
    let (status, answer) = world.frame(path, &phone.keys, vec![b' '; size]).await;
    (if matches!(status, 400 | 426) { 200 } else { status }, answer)
}

async fn head_bytes(size: usize) -> Answer {
    let world = World::new();
    let named = "/v1/hello".len() + "x-long".len();
    let request = Request::get("/v1/hello").header("x-long", "x".repeat(size - named));
    let response = world.send(request.body(Body::empty()).unwrap()).await;
    (response.status().as_u16(), body(response).await)
}

async fn probe(name: &str, size: usize) -> Answer {
    match name {
        "push_bytes" => push_bytes(size).await,
        "push_changes" => pushed(&[vec![1; 250], vec![1; size - 250]]).await,
        "manifest_items" => pushed(&[vec![1; size]]).await,
        "cursors" => cursors(size).await,
        "claims" => claims(size).await,
        "body_bytes" => posted("/v1/sync", size).await,
        "json_bytes" => posted("/v1/enrol", size).await,
        "head_bytes" => head_bytes(size).await,
        _ => panic!("{name} has no row: write how it is tried"),
    }
}

#[tokio::test]
async fn every_limit_is_taken_and_one_over_is_refused_by_its_name() {
    // What is asked for beyond this one is cut, see below.
    let own = limits::ALL.iter().filter(|l| l.room == Room::Server && l.name != "response_bytes");
    for limit in own {
        let (status, answer) = probe(limit.name, limit.max).await;
        let said = String::from_utf8_lossy(&answer);
        assert_eq!(status, 200, "{} at the limit: {said}", limit.name);
        let (status, answer) = probe(limit.name, limit.max + 1).await;
        let said: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let expected = if limit.name == "head_bytes" { 431 } else { 413 };
        assert_eq!((status, said["refused"]["code"].as_str()), (expected, Some("limit")));
        let text = said["refused"]["text"].as_str().unwrap();
        assert_eq!(text, format!("beyond the limit {} of {}", limit.name, limit.max));
    }
}

#[tokio::test]
async fn an_answer_is_cut_at_its_limit_whatever_is_asked() {
    let world = World::new();
    let (mut one, two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let text = "字".repeat(limits::TEXT_CHARS_MAX);
    let (place, made) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &made, GRID)]).await;
    for _ in 0..2 {
        let (mut visit, made) = world.visit(&one, place.id());
        let mut items = vec![one.item(visit.id(), &made, GRID)];
        let by = world.by(&one);
        for n in 0..95 {
            let at = UtcMillis(n);
            let note = Remark { at, by_role: Role::Inspector, text: text.clone() };
            let made = visit.edit(&Edit::Visit(VisitEdit::Note(note)), &by, at).unwrap();
            items.push(one.item(visit.id(), &made.unwrap(), GRID));
        }
        one.sync(&world, items).await;
    }
    let max = u32::try_from(limits::RESPONSE_BYTES_MAX).unwrap();
    let mut answers = Vec::new();
    for asked in [max, max + 1, u32::MAX] {
        let mut request = two.request(vec![], vec![]);
        request.want.max_bytes = asked;
        let (status, answer) = synced(&world, &two, request).await;
        assert_eq!(status, 200);
        let part = frame::decode::<SyncResponse>(&answer).unwrap().parts.remove(0);
        assert_eq!(part.status, PartStatus::More);
        let carried = (part.entries.len() - 3) * text.len();
        assert!(carried <= limits::RESPONSE_BYTES_MAX, "{carried} bytes of {asked}");
        answers.push(part.entries);
    }
    assert!(answers.iter().all(|entries| *entries == answers[0] && entries.len() > 150));
}

#[tokio::test]
async fn hello_tells_every_limit() {
    let world = World::with(|config| config.limits.connections = 77);
    let request = Request::get("/v1/hello").body(Body::empty()).unwrap();
    let answer = body(world.send(request).await).await;
    let said: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    for limit in limits::ALL {
        assert_eq!(said["limits"][limit.name].as_u64(), Some(limit.max as u64), "{}", limit.name);
    }
    for (name, value) in [
        ("connections", 77),
        ("device_per_minute", u64::from(world.app.config.limits.device_per_minute)),
        ("address_per_minute", u64::from(world.app.config.limits.address_per_minute)),
        ("head_timeout_ms", world.app.config.sync.head_timeout_ms),
        ("request_timeout_ms", world.app.config.sync.request_timeout_ms),
    ] {
        assert_eq!(said["limits"][name].as_u64(), Some(value), "{name}");
    }
}
