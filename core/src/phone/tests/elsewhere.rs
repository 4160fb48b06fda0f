//! Changes from other phones, receipts, and work carried to another phone.

use super::*;
use crate::store::document::Status;
use crate::store::views;

/// Everything one phone has, as another would get it from a server.
pub(super) fn all_of(phone: &Phone) -> Vec<Incoming> {
    let mut incoming: Vec<Incoming> = Vec::new();
    for out in phone.pending(10_000).unwrap() {
        match incoming.last_mut() {
            Some(last) if last.doc == out.doc => last.raws.push(out.raw),
            _ => incoming.push(Incoming {
                doc: out.doc,
                pid: out.pid,
                raws: vec![out.raw],
                status: Status::Acked,
            }),
        }
    }
    incoming
}

fn fingerprint(phone: &Phone) -> Vec<String> {
    // Document numbers differ between files; what screens show does not.
    let mut lines: Vec<String> =
        phone.findings(false).unwrap().iter().map(|f| format!("{f:?}")).collect();
    lines.extend(phone.places(1_000).unwrap().iter().map(|p| format!("{p:?}")));
    lines.extend(phone.conflicts().unwrap().iter().map(|c| format!("{c:?}")));
    lines.sort();
    lines
}

#[test]
fn two_phones_agree_on_record_and_conflict_and_a_choice_ends_it() {
    let (one, two) = (World::new(21), World::new(22));
    let (wang, li) = (one.init(), two.init());
    let place = wang.place_add(&new_place("幸福路12号")).unwrap();
    li.apply(&all_of(&wang)).unwrap();
    wang.place_set(place, "building_type", "砖混").unwrap();
    li.place_set(place, "building_type", "框架").unwrap();
    li.place_set(place, "storeys", "6").unwrap();
    let (from_wang, from_li) = (all_of(&wang), all_of(&li));
    wang.apply(&from_li).unwrap();
    li.apply(&from_wang).unwrap();
    assert_eq!(wang.place_show(place).unwrap(), li.place_show(place).unwrap());
    let conflicts = wang.conflicts().unwrap();
    assert_eq!(conflicts, li.conflicts().unwrap());
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!((conflict.field.as_str(), conflict.values.len()), ("building_type", 2));
    assert!(conflict.values[0].author != conflict.values[1].author);
    let loser = conflict.values.iter().find(|v| !v.winner).unwrap();
    wang.settle(place.0, &conflict.container, &conflict.field, loser.change).unwrap();
    li.apply(&all_of(&wang)).unwrap();
    for phone in [&wang, &li] {
        assert_eq!(phone.conflicts().unwrap(), []);
        assert_eq!(phone.place_show(place).unwrap().facts["building_type"].value, loser.value);
        assert!(phone.verify().unwrap().ok);
    }
}

#[test]
fn what_comes_back_from_the_server_is_acked_and_never_twice() {
    let world = World::new(23);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    phone.place_set(place, "storeys", "6").unwrap();
    let mut sent = all_of(&phone);
    for one in &mut sent {
        one.raws.reverse();
        let twice = one.raws.clone();
        one.raws.extend(twice);
    }
    for _ in 0..2 {
        let applied = phone.apply(&sent).unwrap();
        assert_eq!((applied.changes, applied.set_aside), (0, Vec::new()));
    }
    assert_eq!(phone.pending(10).unwrap(), []);
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.set_aside), (0, 0));
    // The next edit waits again.
    phone.place_set(place, "storeys", "7").unwrap();
    assert_eq!(phone.pending(10).unwrap().len(), 1);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn receipts_say_where_a_change_stands() {
    let world = World::new(24);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    phone.place_set(place, "storeys", "6").unwrap();
    let [birth, edit] = &phone.pending(10).unwrap()[..] else { panic!() };
    let receipt = |out: &Outgoing, status| Receipt { doc: out.doc, hash: out.hash, status };
    phone.receive(&[receipt(birth, Status::Acked), receipt(edit, Status::Quarantined)]).unwrap();
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.waiting_for_review, status.refused), (0, 1, 0));
    phone.receive(&[receipt(edit, Status::Refused)]).unwrap();
    assert_eq!(phone.status().unwrap().refused, 1);
    phone.receive(&[receipt(edit, Status::Acked)]).unwrap();
    assert_eq!(phone.status().unwrap().refused, 0);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn a_change_that_comes_too_early_is_kept_and_taken_in_later() {
    let (one, two) = (World::new(25), World::new(26));
    let (wang, li) = (one.init(), two.init());
    let place = wang.place_add(&new_place("幸福路12号")).unwrap();
    wang.place_set(place, "storeys", "6").unwrap();
    wang.place_set(place, "storeys", "7").unwrap();
    let whole = all_of(&wang).remove(0);
    let part = |range: std::ops::Range<usize>| Incoming {
        raws: whole.raws[range].to_vec(),
        ..whole.clone()
    };
    let early = li.apply(&[part(1..3)]).unwrap();
    assert_eq!((early.changes, early.set_aside.len()), (0, 2));
    assert_eq!(li.status().unwrap().set_aside, 2);
    assert!(li.verify().unwrap().ok);
    assert_eq!(li.apply(&[part(0..1)]).unwrap().changes, 3);
    assert_eq!(li.status().unwrap().set_aside, 0);
    assert_eq!(li.place_show(place).unwrap().facts, wang.place_show(place).unwrap().facts);
    // Noise is kept too, and harms nothing.
    let noise = Incoming { raws: vec![vec![1, 2, 3]], ..whole.clone() };
    assert_eq!(li.apply(&[noise]).unwrap().set_aside.len(), 1);
    assert!(li.verify().unwrap().ok);
}

#[test]
fn the_order_in_which_visits_arrive_does_not_change_what_is_open() {
    let world = World::new(27);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    for (days, quick, hazard) in
        [(1, false, true), (5, true, false), (9, false, true), (2, true, false)]
    {
        world.later(days * DAY);
        let visit = phone.visit_start(place, "household", quick).unwrap();
        run_through(&phone, visit, hazard);
    }
    let whole = fingerprint(&phone);
    let parts = all_of(&phone);
    assert_eq!(parts.len(), 5);
    for turn in 0..parts.len() {
        let other = World::new(100 + turn as u64);
        let li = other.init();
        let mut order = parts.clone();
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        for one in &order {
            // Split in two batches, so that drafts are seen on the way too.
            let half = one.raws.len() / 2;
            for raws in [&one.raws[..half], &one.raws[half..]] {
                li.apply(&[Incoming { raws: raws.to_vec(), ..one.clone() }]).unwrap();
            }
        }
        assert_eq!(fingerprint(&li), whole, "turn {turn}");
        let before = li.with(|inner| Ok(views::fingerprint(inner.store()?.db())?)).unwrap();
        assert!(li.verify().unwrap().ok, "turn {turn}");
        let after = li.with(|inner| Ok(views::fingerprint(inner.store()?.db())?)).unwrap();
        assert_eq!(before, after);
    }
}

#[test]
fn unsent_work_is_carried_to_another_phone_byte_for_byte() {
    let (one, two) = (World::new(28), World::new(29));
    let phone = one.init();
    let sent = phone.place_add(&new_place("已上报")).unwrap();
    phone.apply(&all_of(&phone)).unwrap();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    phone.place_set(sent, "storeys", "6").unwrap();
    let done = visited(&phone, place, "household", true);
    let photo = phone.photo_add(done.id, &photo::picture(3), None).unwrap();
    let picture = phone.photo_bytes(&photo.sha256).unwrap();
    let unsent = phone.pending(10_000).unwrap();
    let file = one.path().join("work.rescue");
    let seal = [5; 32];
    let out = phone.rescue_export(&file, &seal).unwrap();
    assert_eq!((out.changes, out.documents, out.photos), (unsent.len(), 3, 1));
    let again = phone.rescue_export(&file, &seal);
    assert!(matches!(again, Err(PhoneError::Refused { code: "file_exists", .. })));
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(12).any(|w| w == "幸福路12".as_bytes()));

    let other = two.init();
    assert!(matches!(other.rescue_import(&file, &[6; 32]), Err(PhoneError::Invalid { .. })));
    for cut in [0, 17, 40, bytes.len() / 2, bytes.len() - 1] {
        let short = two.path().join(format!("cut-{cut}"));
        std::fs::write(&short, &bytes[..cut]).unwrap();
        assert!(matches!(other.rescue_import(&short, &seal), Err(PhoneError::Invalid { .. })));
    }
    assert_eq!(other.status().unwrap().pending, 0);
    let taken = other.rescue_import(&file, &seal).unwrap();
    assert_eq!((taken.changes, taken.photos), (unsent.len(), 1));
    let waiting = other.pending(10_000).unwrap();
    assert!(unsent.iter().all(|u| waiting.iter().any(|w| w.hash == u.hash && w.raw == u.raw)));
    assert_eq!(other.photo_bytes(&photo.sha256).unwrap(), picture);
    assert_eq!(other.visit_show(done.id).unwrap().findings, done.findings);
    assert_eq!(other.rescue_import(&file, &seal).unwrap().changes, 0);
    assert!(other.verify().unwrap().ok);
}

#[test]
fn a_download_makes_way_when_an_answer_waits_and_goes_on_where_it_was() {
    const PLACES: usize = 5;
    let (wang, li) = (World::new(31), World::new(32));
    let (wang, li) = (wang.init(), li.init());
    for n in 0..PLACES {
        wang.place_add(&new_place(&format!("幸福路{n}号"))).unwrap();
    }
    let sent = all_of(&wang);
    let mut landed = Vec::new();
    while landed.iter().sum::<usize>() < PLACES {
        let from = landed.iter().sum::<usize>();
        let some = |inner: &mut Inner| {
            let mut none = std::iter::empty();
            let told = |_: &crate::store::Db, taken: usize| {
                assert!(taken > 0, "it gets on, whoever waits");
                Ok(())
            };
            // Somebody always waits.
            inner.apply_until(&sent[from..], &mut none, &|| true, told)
        };
        landed.push(li.with(some).unwrap().1);
    }
    assert_eq!(landed, [2, 2, 1]);
    assert_eq!(li.places(100).unwrap().len(), PLACES);
    assert!(!li.is_awaited());
    assert!(li.verify().unwrap().ok);
}
