//! What waits, decided: what was built on it follows, and of two who decide at once one does.

use std::sync::Arc;

use ironfeet_core::document::{Document, MadeChange};
use ironfeet_core::model::{DocId, Role, Scalar, UtcMillis};
use ironfeet_core::sync::message::PushStatus;
use ironfeet_server::store::{self, TicketRow};
use ironfeet_server::{audit, enrol, people, review};

use super::world::{GRID, Phone, World};

/// A place that all have, and three changes on it, each built on the one before.
async fn three(world: &World, one: &mut Phone) -> (DocId, [MadeChange; 3]) {
    let (mut place, birth) = world.place(one, "甲");
    one.sync(world, vec![one.item(place.id(), &birth, GRID)]).await;
    let mut fact = |name, value| world.fact(one, &mut place, name, value);
    let made = [fact("use", "shop"), fact("fuel", "lpg"), fact("gas_supply", "平川燃气")];
    (place.id(), made)
}

/// Gives the person of a phone another post.
fn post(world: &World, person: &str, post: Role) {
    store::transact(&*world.app.store, |s| {
        let row = s.person(&person.parse().unwrap())?.unwrap();
        people::put(s, &store::PersonRow { post, ..row }, "admin", UtcMillis(1))
    })
    .unwrap();
}

fn open(world: &World) -> Vec<TicketRow> {
    store::view(&*world.app.store, |s| s.tickets_open()).unwrap()
}

fn decide(world: &World, ticket: u64, accept: bool) -> Result<u64, String> {
    store::transact(&*world.app.store, |s| {
        match accept {
            true => review::accept(s, &world.app, ticket, "sv"),
            false => review::discard(s, &world.app, ticket, "sv"),
        }?;
        let doc = s.ticket(ticket)?.unwrap().doc;
        Ok(review::follow(s, &world.app, &doc)?)
    })
    .map_err(|error: review::ReviewError| error.code().to_owned())
}

fn facts(document: &Document) -> Vec<(String, Scalar)> {
    let ironfeet_core::document::Record::Place(place) = document.read().record else {
        panic!("a place")
    };
    let named = |name: &str| !matches!(name, "kind" | "address");
    place.facts.into_iter().filter(|(n, _)| named(n)).map(|(n, f)| (n, f.value)).collect()
}

async fn seen(world: &World, phone: &mut Phone, doc: DocId) -> Vec<(String, Scalar)> {
    phone.sync(world, vec![]).await;
    facts(&phone.replica.document(doc))
}

fn fact(name: &str, value: &str) -> (String, Scalar) {
    (name.to_owned(), Scalar::from(value))
}

#[tokio::test]
async fn what_waited_for_a_change_that_was_not_taken_is_taken_without_it() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (doc, [a, b, c]) = three(&world, &mut one).await;
    post(&world, "W1", Role::Evaluator);
    one.sync(&world, vec![one.item(doc, &a, GRID)]).await;
    post(&world, "W1", Role::Inspector);
    one.sync(&world, vec![one.item(doc, &b, GRID)]).await;
    let reasons: Vec<String> = open(&world).into_iter().map(|t| t.reason).collect();
    assert_eq!(reasons, ["rights", "leans_on_quarantined"]);
    assert_eq!(decide(&world, 1, false), Ok(1), "the other followed");
    assert_eq!(open(&world), []);
    assert_eq!(seen(&world, &mut two, doc).await, [fact("fuel", "lpg")]);
    let held = two.replica.document(doc);
    let written = held.changes();
    let last = written.last().unwrap();
    assert_eq!(last.author, Some(one.author), "it is still its author's");
    // What is built on it and comes only now is told on what, and kept by its phone.
    let answer = one.sync(&world, vec![one.item(doc, &c, GRID)]).await;
    let refused = PushStatus::Rejected("leans_on_discarded".to_owned(), b.hash.to_string());
    assert_eq!(Phone::statuses(&answer), [refused]);
    let outcomes: Vec<_> = answer.notices.iter().map(|n| (n.hash, n.accepted)).collect();
    assert_eq!(outcomes, [(a.hash, false), (b.hash, true)]);
    assert_eq!(open(&world), [], "nothing new waits for somebody in vain");
    world.verify();
}

#[tokio::test]
async fn what_waited_for_an_accepted_change_follows_it_or_waits_for_its_own_reason() {
    for (role, followed, left) in
        [(Role::Inspector, 1, vec![]), (Role::Evaluator, 0, vec!["rights"])]
    {
        let world = World::new();
        let mut one = world.phone("W1", &[GRID]);
        let (doc, [a, b, _]) = three(&world, &mut one).await;
        post(&world, "W1", Role::Evaluator);
        one.sync(&world, vec![one.item(doc, &a, GRID)]).await;
        post(&world, "W1", Role::Inspector);
        one.sync(&world, vec![one.item(doc, &b, GRID)]).await;
        post(&world, "W1", role);
        assert_eq!(decide(&world, 1, true), Ok(followed));
        let reasons: Vec<String> = open(&world).into_iter().map(|t| t.reason).collect();
        assert_eq!(reasons, left);
        world.verify();
    }
}

#[tokio::test]
async fn of_a_chain_of_a_revoked_phone_any_link_may_be_taken_or_not() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (doc, made) = three(&world, &mut one).await;
    store::transact(&*world.app.store, |s| enrol::revoke(s, &one.device, false, UtcMillis(1)))
        .unwrap();
    let items = made.iter().map(|made| one.item(doc, made, GRID)).collect();
    one.sync(&world, items).await;
    assert_eq!(open(&world).len(), 3);
    assert_eq!(decide(&world, 3, true), Err("missing_deps".to_owned()), "the others are open");
    assert_eq!(decide(&world, 1, true), Ok(0));
    assert_eq!(decide(&world, 2, false), Ok(0), "of a revoked phone nothing follows by itself");
    assert_eq!(decide(&world, 3, true), Ok(0));
    let taken = [fact("gas_supply", "平川燃气"), fact("use", "shop")];
    assert_eq!(seen(&world, &mut two, doc).await, taken);
    world.verify();
}

#[tokio::test]
async fn without_the_birth_of_its_record_nothing_can_be_taken() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let (mut place, birth) = world.place(&one, "甲");
    let later = world.fact(&one, &mut place, "use", "shop");
    store::transact(&*world.app.store, |s| enrol::revoke(s, &one.device, false, UtcMillis(1)))
        .unwrap();
    let items = [&birth, &later].map(|made| one.item(place.id(), made, GRID)).to_vec();
    one.sync(&world, items).await;
    assert_eq!(decide(&world, 1, false), Ok(0));
    assert_eq!(decide(&world, 2, true), Err("missing_deps".to_owned()));
    assert_eq!(decide(&world, 2, false), Ok(0));
    world.verify();
}

#[tokio::test]
async fn a_second_version_of_a_copy_is_kept_and_can_be_taken_beside_the_first() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    let mut copy = place.clone();
    // An app that kept its actors: both copies write under the same one.
    let by = world.by(&one);
    let set = |name: &str, value: &str| {
        let set = vec![(name.to_owned(), Scalar::from(value))];
        let by_role = Role::Inspector;
        let facts =
            ironfeet_core::document::PlaceEdit::Facts { set, by_role, observed_at: UtcMillis(2) };
        ironfeet_core::document::Edit::Place(facts)
    };
    let first = place.edit(&set("use", "shop"), &by, UtcMillis(2)).unwrap().unwrap();
    let second = copy.edit(&set("fuel", "lpg"), &by, UtcMillis(2)).unwrap().unwrap();
    one.sync(&world, vec![one.item(place.id(), &first, GRID)]).await;
    let answer = one.sync(&world, vec![one.item(place.id(), &second, GRID)]).await;
    let waits = PushStatus::Quarantined(1, "equivocation".to_owned());
    assert_eq!(Phone::statuses(&answer), [waits]);
    assert_eq!(decide(&world, 1, true), Ok(0));
    let both = [fact("fuel", "lpg"), fact("use", "shop")];
    assert_eq!(seen(&world, &mut two, place.id()).await, both);
    world.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_decide_on_one_ticket_at_once_one_does_and_the_trail_has_one_row() {
    let world = Arc::new(World::new());
    let mut one = world.phone("W1", &[GRID]);
    let (doc, [a, ..]) = three(&world, &mut one).await;
    post(&world, "W1", Role::Evaluator);
    one.sync(&world, vec![one.item(doc, &a, GRID)]).await;
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let world = world.clone();
            tokio::task::spawn_blocking(move || decide(&world, 1, n % 2 == 0))
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(code) => assert_eq!(code, "settled"),
        }
    }
    let mut rows = 0;
    audit::walk(&*world.app.store, &mut |row| {
        rows += usize::from(row.action.starts_with("quarantine."));
    })
    .unwrap();
    assert_eq!((done, rows), (1, 1));
    world.verify();
}

#[tokio::test]
async fn a_change_about_a_person_is_refused_whatever_app_made_it() {
    let world = World::new();
    let mut one = world.phone("W1", &[GRID]);
    let (place, birth) = world.place(&one, "甲");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    let visit = world.visit(&one, place.id());
    one.sync(&world, vec![one.item(visit.0.id(), &visit.1, GRID)]).await;
    let answer = |name: &str, value: &str| {
        let put = vec![(name.to_owned(), Scalar::from(value))];
        let edit = ironfeet_core::document::VisitEdit::Answers { put, remove: Vec::new() };
        ironfeet_core::document::Edit::Visit(edit)
    };
    let note = |text: &str| {
        let (at, by_role, text) = (UtcMillis(2), Role::Inspector, text.to_owned());
        let remark = ironfeet_core::model::Remark { at, by_role, text };
        ironfeet_core::document::Edit::Visit(ironfeet_core::document::VisitEdit::Note(remark))
    };
    let hostile = [
        answer("phone", "-"),
        answer("身份证号", "-"),
        answer("HH-01", "电话 138 1234 5678"),
        answer("HH-01", "[\"32090219900307123X 的住户\"]"),
        note("车牌 苏H·12345"),
    ];
    for edit in hostile {
        let mut again = visit.0.clone();
        let made = again.edit(&edit, &world.by(&one), UtcMillis(2)).unwrap().unwrap();
        let answer = one.sync(&world, vec![one.item(again.id(), &made, GRID)]).await;
        let status = &Phone::statuses(&answer)[0];
        assert!(
            matches!(status, PushStatus::Rejected(code, _) if code == "personal"),
            "{edit:?}: {status:?}"
        );
    }
    let mut honest = visit.0.clone();
    let made = honest.edit(&answer("HH-01", "三楼走廊堆放纸箱"), &world.by(&one), UtcMillis(2));
    let made = made.unwrap().unwrap();
    let taken = one.sync(&world, vec![one.item(honest.id(), &made, GRID)]).await;
    assert!(matches!(Phone::statuses(&taken)[0], PushStatus::Accepted(_)));
    world.verify();
}
