//! Opening, keys, versions, copies, several people.

use std::collections::BTreeMap;
use std::fs;

use super::*;

/// Every file below a folder with its bytes; the lock file has none.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn everything_is_there_after_opening_again() {
    let world = World::new(11);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    let item = phone.visit_questions(visit).unwrap()[0].clone();
    let answer = answers(&item, false)[0].clone();
    phone.visit_answer(visit, &item.item, &answer).unwrap();
    let before = (phone.place_show(place).unwrap(), phone.visit_show(visit).unwrap());
    let pending = phone.status().unwrap().pending;
    drop(phone);
    let phone = world.open();
    let after = (phone.place_show(place).unwrap(), phone.visit_show(visit).unwrap());
    assert_eq!(before.0, after.0);
    assert_eq!(before.1.answers, after.1.answers);
    assert_eq!(phone.status().unwrap().pending, pending);
    assert_eq!(pending, 3);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn the_largest_photo_is_kept_and_one_byte_more_is_refused() {
    use crate::limits::{ALL, PHOTO_BYTES_MAX, Room};
    let own: Vec<_> = ALL.iter().filter(|l| l.room == Room::Phone).map(|l| l.max).collect();
    assert_eq!(own, [PHOTO_BYTES_MAX]);
    let world = World::new(16);
    let phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let visit = phone.visit_start(place, "household", false).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    // What stands behind the picture's end makes the file larger and changes nothing of the picture.
    let mut bytes = file.into_inner();
    bytes.resize(PHOTO_BYTES_MAX, 0);
    assert_eq!(phone.photo_add(visit, &bytes, None).unwrap().state, "waiting");
    bytes.push(0);
    let refused = phone.photo_add(visit, &bytes, None);
    let Err(PhoneError::Invalid { field, message }) = refused else { panic!("{refused:?}") };
    assert_eq!((field.as_str(), message.en.as_str()), ("photo", "larger than 20 MiB"));
}

#[test]
fn a_wrong_key_is_told_and_touches_nothing() {
    let world = World::new(12);
    let phone = world.init();
    phone.place_add(&new_place("幸福路12号")).unwrap();
    drop(phone);
    let before = files(world.path());
    let wrong = Phone::open(world.options([8; 32]));
    assert!(matches!(wrong, Err(PhoneError::WrongKey)));
    assert_eq!(files(world.path()), before);
    // Without the copy beside it, the store itself tells.
    fs::remove_file(world.path().join("store/install")).unwrap();
    let wrong = Phone::open(world.options([8; 32]));
    assert!(matches!(wrong, Err(PhoneError::WrongKey)));
    assert_eq!(world.open().places(10).unwrap().len(), 1);
}

#[test]
fn a_store_of_a_newer_app_is_told_and_touches_nothing() {
    let world = World::new(13);
    drop(world.init());
    let path = world.path().join("store/phone.db");
    if cfg!(feature = "sqlcipher") {
        return;
    }
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = files(world.path());
    let newer = Phone::open(world.options(KEY));
    assert!(matches!(newer, Err(PhoneError::NewerThanApp { found: 99, known: 6 })));
    assert_eq!(files(world.path()), before);
}

#[test]
fn a_second_store_in_the_same_folder_is_refused() {
    let world = World::new(14);
    let phone = world.init();
    let again = Phone::init(
        world.options(KEY),
        "li.na".parse().unwrap(),
        Role::Inspector,
        &[GRID.parse().unwrap()],
    );
    assert!(matches!(again, Err(PhoneError::Refused { code: "store_exists", .. })));
    assert_eq!(phone.status().unwrap().person.as_str(), "wang.wei");
    let missing = World::new(15);
    let none = Phone::open(missing.options(KEY));
    assert!(matches!(none, Err(PhoneError::NotFound { what: "store" })));
    assert!(fs::read_dir(missing.path()).unwrap().next().is_none());
}

#[test]
fn two_people_on_one_phone_never_touch_each_others_outbox() {
    let (wang, li) = (World::new(16), World::new(17));
    let phone = wang.init();
    phone.place_add(&new_place("幸福路12号")).unwrap();
    let sent = phone.pending(10).unwrap();
    drop(phone);
    let before = files(wang.path());
    let other = Phone::init(
        li.options([9; 32]),
        "li.na".parse().unwrap(),
        Role::Inspector,
        &[GRID.parse().unwrap()],
    )
    .unwrap();
    other.place_add(&new_place("建设路5号")).unwrap();
    assert_eq!(other.place_search("幸福路", 10).unwrap(), []);
    drop(other);
    assert_eq!(files(wang.path()), before);
    assert_eq!(wang.open().pending(10).unwrap(), sent);
}

#[test]
fn a_copied_folder_gets_an_identity_of_its_own_and_keeps_its_work() {
    let world = World::new(18);
    let phone = world.init();
    phone.place_add(&new_place("幸福路12号")).unwrap();
    let first = phone.status().unwrap().install_id;
    drop(phone);
    assert!(!world.open().status().unwrap().copied);
    // A backup that leaves the small file out, as a restored or cloned phone has it.
    fs::remove_file(world.path().join("store/install")).unwrap();
    let phone = world.open();
    let status = phone.status().unwrap();
    assert!(status.copied && status.install_id != first);
    assert_eq!(status.pending, 1);
    drop(phone);
    assert_eq!(world.open().status().unwrap().install_id, status.install_id);
}

#[test]
fn two_processes_on_one_folder_see_each_others_work() {
    let world = World::new(19);
    let one = world.init();
    let place = one.place_add(&new_place("幸福路12号")).unwrap();
    let two = world.open();
    for n in 0..20 {
        one.place_set(place, "storeys", &format!("{}", n + 1)).unwrap();
        two.place_remark(place, &format!("第 {n} 次")).unwrap();
    }
    let shown = one.place_show(place).unwrap();
    assert_eq!((shown.remarks.len(), shown.conflicts.len()), (20, 0));
    assert_eq!(shown, two.place_show(place).unwrap());
    assert!(one.verify().unwrap().ok && two.verify().unwrap().ok);
}
