//! Damaged files: never a panic, nothing deleted, what can be read is saved, the person is told.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A store with work of every kind in it, closed; gives what was in it.
fn worked(world: &World) -> Worked {
    let phone = world.init();
    let mut places = Vec::new();
    for n in 0..30 {
        places.push(phone.place_add(&new_place(&format!("幸福路{n}号"))).unwrap());
    }
    let visit = visited(&phone, places[0], "household", true).id;
    phone.task_add(places[1], "复查", None, None).unwrap();
    let hashes = phone.pending(10_000).unwrap().iter().map(|p| (p.doc, p.hash)).collect();
    Worked { hashes, visit }
}

struct Worked {
    hashes: Vec<(crate::model::DocId, crate::model::ChangeHash)>,
    visit: VisitId,
}

fn db(world: &World) -> PathBuf {
    world.path().join("store/phone.db")
}

/// Uses everything once; what fails must fail in one of the ways that are promised.
fn use_it(phone: &Phone, worked: &Worked, about: &str) {
    let calls: [(&str, Result<(), PhoneError>); 7] = [
        ("today", phone.today().map(drop)),
        ("search", phone.place_search("幸福路1", 50).map(drop)),
        ("near", phone.place_near(33.6, 119.0, 50).map(drop)),
        ("findings", phone.findings(true).map(drop)),
        ("visit", phone.visit_show(worked.visit).map(drop)),
        ("pending", phone.pending(10_000).map(drop)),
        ("verify", phone.verify().map(drop)),
    ];
    for (call, done) in calls {
        match done {
            Ok(()) | Err(PhoneError::NotFound { .. }) => {}
            Err(PhoneError::Damaged { moved_to: Some(kept), .. }) if kept.exists() => {}
            Err(error) => panic!("{about}: {call}: {error:?}"),
        }
    }
}

/// Opens, uses, opens again; afterwards the store is whole and new work goes in.
fn goes_on(world: &World, worked: &Worked, about: &str) -> usize {
    let phone = match Phone::open(world.options(KEY)) {
        Ok(phone) => phone,
        Err(error) => panic!("{about}: open: {error:?}"),
    };
    use_it(&phone, worked, about);
    use_it(&phone, worked, about);
    let report = phone.verify().unwrap();
    assert!(report.ok, "{about}: {:?}", report.problems);
    let place = phone.place_add(&new_place("新")).unwrap();
    phone.place_show(place).unwrap();
    drop(phone);
    let phone = world.open();
    assert!(phone.verify().unwrap().ok, "{about}");
    let there = phone.pending(10_000).unwrap();
    let kept = worked
        .hashes
        .iter()
        .filter(|(doc, hash)| there.iter().any(|p| p.doc == *doc && p.hash == *hash));
    // What leaned on a lost change is set aside with its bytes, not lost.
    kept.count() + usize::try_from(phone.status().unwrap().set_aside).unwrap()
}

/// A copy of a store's folder in a world of its own.
fn copy(of: &World, seed: u64) -> World {
    let world = World::new(seed);
    fs::create_dir(world.path().join("store")).unwrap();
    for entry in fs::read_dir(of.path().join("store")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), world.path().join("store").join(entry.file_name())).unwrap();
        }
    }
    world
}

fn asides(world: &World) -> Vec<PathBuf> {
    let all = fs::read_dir(world.path().join("store")).unwrap().map(|e| e.unwrap().path());
    all.filter(|p| p.to_string_lossy().contains("phone.db.damaged-")).collect()
}

#[test]
fn a_page_overwritten_anywhere_costs_at_most_what_stood_on_it() {
    let world = World::new(31);
    let worked = worked(&world);
    let bytes = fs::read(db(&world)).unwrap();
    let pages = bytes.len() / 4096;
    let mut worst = worked.hashes.len();
    for page in 0..pages {
        let copy = copy(&world, 3_100 + page as u64);
        let mut torn = bytes.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(db(&copy), &torn).unwrap();
        let kept = goes_on(&copy, &worked, &format!("page {page}"));
        worst = worst.min(kept);
        for aside in asides(&copy) {
            if !aside.to_string_lossy().ends_with("wal") {
                assert_eq!(fs::read(&aside).unwrap(), torn, "page {page}");
            }
        }
    }
    println!("{} changes, at least {worst} kept", worked.hashes.len());
    // A page of 4 kB holds some twenty changes.
    assert!(worst + 25 >= worked.hashes.len(), "{worst} of {}", worked.hashes.len());
}

#[test]
fn bytes_flipped_anywhere_never_end_in_a_panic() {
    let world = World::new(32);
    let worked = worked(&world);
    let bytes = fs::read(db(&world)).unwrap();
    for n in 0..24_u64 {
        let hash = Sha256::digest(n.to_be_bytes());
        let at = u64::from_be_bytes(hash[..8].try_into().unwrap()) as usize % bytes.len();
        let copy = copy(&world, 3_200 + n);
        let mut torn = bytes.clone();
        torn[at] ^= hash[9] | 1;
        fs::write(db(&copy), &torn).unwrap();
        goes_on(&copy, &worked, &format!("byte {at} of {}, flip {}", bytes.len(), hash[9] | 1));
    }
}

#[test]
fn a_file_cut_off_anywhere_is_saved_as_far_as_it_goes() {
    let world = World::new(33);
    let worked = worked(&world);
    let bytes = fs::read(db(&world)).unwrap();
    for n in 0..8 {
        let cut = bytes.len() * n / 8 + n * 7;
        let copy = copy(&world, 3_300 + n as u64);
        fs::write(db(&copy), &bytes[..cut]).unwrap();
        goes_on(&copy, &worked, &format!("cut at {cut} of {}", bytes.len()));
    }
}

#[test]
fn a_person_is_told_what_was_saved() {
    let world = World::new(34);
    let worked = worked(&world);
    let mut bytes = fs::read(db(&world)).unwrap();
    bytes[..100].fill(0);
    fs::write(db(&world), &bytes).unwrap();
    let phone = world.open();
    let saved = phone.recovered().unwrap();
    assert_eq!(fs::read(&saved.moved_to).unwrap(), bytes);
    let notices = phone.notices(true).unwrap();
    assert_eq!(notices[0].code, "store_recovered");
    assert_eq!(saved.unsent as usize, worked.hashes.len());
    assert_eq!(phone.status().unwrap().person.as_str(), "wang.wei");
    phone.notice_resolve(notices[0].id).unwrap();
    assert_eq!(phone.notices(true).unwrap(), []);
}

#[test]
fn a_snapshot_or_a_view_that_lies_is_found_and_replaced() {
    if cfg!(feature = "sqlcipher") {
        return;
    }
    let world = World::new(35);
    let worked = worked(&world);
    for sql in [
        "UPDATE snapshot SET bytes = x'00'",
        "UPDATE v_place SET address = 'x'",
        "DELETE FROM v_finding",
        "UPDATE doc SET local_heads = x'', heads_k = 1000",
        "UPDATE v_text SET body = 'x' WHERE part = ''",
        "UPDATE change SET raw = x'85' WHERE k = 40",
    ] {
        let raw = rusqlite::Connection::open(db(&world)).unwrap();
        assert!(raw.execute(sql, []).unwrap() > 0, "{sql}");
        drop(raw);
        let phone = world.open();
        let report = phone.verify().unwrap();
        assert!(!report.ok, "{sql}");
        assert!(phone.verify().unwrap().ok, "{sql}");
        assert_eq!(phone.visit_show(worked.visit).unwrap().id, worked.visit);
        drop(phone);
    }
}
