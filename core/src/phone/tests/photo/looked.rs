//! Photos of other phones: fetched, checked, kept within bounds, gone with their visit.

use super::server::Server;
use super::*;
use crate::limits::PHOTOS_LOOKED_BYTES_MAX;
use crate::phone::sync::SyncError;
use crate::phone::transport::TransportError;
use crate::store::looked::Looked;

fn has(server: &Server, bytes: &[u8]) -> HashText {
    let sha256 = HashText(Sha256::digest(bytes).into());
    server.state().photos.insert(sha256.to_string(), bytes.to_vec());
    sha256
}

#[tokio::test]
async fn a_photo_of_another_phone_is_fetched_once_and_kept_sealed() {
    let world = World::new(81);
    let (phone, _) = on_visit(&world);
    let server = Server::default();
    let photo = noise(60, 1);
    let sha256 = has(&server, &photo);
    assert_eq!(phone.photo_get(&server, sha256, false).await.unwrap(), photo);
    assert_eq!(phone.photo_get(&server, sha256, true).await.unwrap(), [7; 900]);
    let asked = server.state().asked.clone();
    let path = format!("GET /v1/photos/{sha256}");
    assert_eq!(asked, [format!("{path} 0"), format!("{path}?size=thumb 0")]);
    // Without a network, from what was kept; and sealed.
    server.state().offline = true;
    drop(phone);
    let phone = world.open();
    assert_eq!(phone.photo_get(&server, sha256, false).await.unwrap(), photo);
    assert_eq!(phone.photo_get(&server, sha256, true).await.unwrap(), [7; 900]);
    let kept = std::fs::read(world.path().join("store/looked").join(sha256.to_string())).unwrap();
    assert!(!kept.windows(32).any(|w| w == &photo[100..132]));
    // A kept file that was bent is fetched again.
    std::fs::write(world.path().join("store/looked").join(sha256.to_string()), b"bent").unwrap();
    server.state().offline = false;
    assert_eq!(phone.photo_get(&server, sha256, false).await.unwrap(), photo);
}

#[tokio::test]
async fn an_own_photo_is_shown_without_any_network_in_both_sizes() {
    let world = World::new(82);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    server.state().offline = true;
    let added = phone.photo_add(visit, &noise(700, 2), None).unwrap();
    let whole = phone.photo_get(&server, added.sha256, false).await.unwrap();
    assert_eq!(whole, phone.photo_bytes(&added.sha256).unwrap());
    let small = phone.photo_get(&server, added.sha256, true).await.unwrap();
    assert!(small.starts_with(&[0xff, 0xd8]) && small.len() < whole.len() / 3);
    assert_eq!(server.state().asked.len(), 0);
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_was_and_a_wrong_one_is_not_shown() {
    let world = World::new(83);
    let (phone, _) = on_visit(&world);
    let server = Server::default();
    let photo = noise(60, 3);
    let sha256 = has(&server, &photo);
    server.state().cut_download = Some(4);
    assert_eq!(phone.photo_get(&server, sha256, false).await.unwrap(), photo);
    assert_eq!(server.asked(&format!("GET /v1/photos/{sha256} 4000")), 1);
    let other = HashText([5; 32]);
    server.state().photos.insert(other.to_string(), photo);
    let wrong = phone.photo_get(&server, other, false).await.unwrap_err();
    assert!(matches!(wrong, SyncError::Transport(TransportError::Strange)));
    let missing = phone.photo_get(&server, HashText([6; 32]), false).await.unwrap_err();
    assert!(matches!(missing, SyncError::NotThereYet));
    assert!(missing.words(crate::model::Lang::En).contains("not reached the server yet"));
}

#[test]
fn what_was_looked_at_longest_ago_leaves_first() {
    let world = World::new(84);
    let phone = world.init();
    let third = vec![1; usize::try_from(PHOTOS_LOOKED_BYTES_MAX / 3).unwrap()];
    let what = |n: u8| Looked { sha256: HashText([n; 32]), thumb: false };
    phone
        .with(|inner| {
            let store = inner.store()?;
            for n in 1..=3 {
                store.keep_looked(what(n), &third, i64::from(n))?;
            }
            assert!(store.find_looked(what(1), 10)?.is_some());
            store.keep_looked(what(4), &third, 11)?;
            let kept: Vec<bool> = (1..=4)
                .map(|n| store.find_looked(what(n), 12).map(|found| found.is_some()))
                .collect::<Result<_, _>>()?;
            assert_eq!(kept, [true, false, true, true]);
            // What does not fit at all is not kept, and takes nothing else away.
            let all = vec![1; usize::try_from(PHOTOS_LOOKED_BYTES_MAX + 1).unwrap()];
            store.keep_looked(what(5), &all, 13)?;
            assert!(store.find_looked(what(5), 14)?.is_none());
            assert!(store.find_looked(what(4), 14)?.is_some());
            Ok(())
        })
        .unwrap();
    let files = std::fs::read_dir(world.path().join("store/looked")).unwrap().count();
    assert_eq!(files, 3);
}

#[tokio::test]
async fn when_a_visit_leaves_the_phone_its_photos_leave_too() {
    let (one, two) = (World::new(85), World::new(86));
    let server = Server::default();
    let (phone, visit) = on_visit(&one);
    let added = phone.photo_add(visit, &noise(60, 4), None).unwrap();
    has(&server, &phone.photo_bytes(&added.sha256).unwrap());
    let other = two.init();
    enrol(&other);
    other.apply(&elsewhere::all_of(&phone)).unwrap();
    assert_eq!(other.visit_show(visit).unwrap().photos[0].sha256, added.sha256);
    other.photo_get(&server, added.sha256, false).await.unwrap();
    let kept = two.path().join("store/looked").join(added.sha256.to_string());
    assert!(kept.exists());
    other.with(|inner| inner.forget(visit.0)).unwrap();
    assert!(!kept.exists());
}

#[tokio::test]
async fn without_room_to_keep_it_a_photo_is_shown_all_the_same() {
    let world = World::new(87);
    let (phone, _) = on_visit(&world);
    let server = Server::default();
    let photo = noise(60, 5);
    let sha256 = has(&server, &photo);
    // One photo is kept already; the file of the next one finds no room.
    let first = has(&server, &noise(60, 6));
    phone.photo_get(&server, first, false).await.unwrap();
    let next = world.path().join("store/looked").join(sha256.to_string()).with_extension("next");
    std::os::unix::fs::symlink("/dev/full", next).unwrap();
    for _ in 0..2 {
        assert_eq!(phone.photo_get(&server, sha256, false).await.unwrap(), photo);
    }
    assert_eq!(server.asked(&format!("GET /v1/photos/{sha256}")), 2);
}
