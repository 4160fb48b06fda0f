//! The queue: resumed, retried, given up, never in the way.

use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::server::{Fault, Server};
use super::*;
use crate::limits::{PHOTO_CHUNK_BYTES_MAX, PHOTO_PAUSE_MS_MAX};
use crate::phone::sync::{Progress, SyncError, Unwatched, Watch};
use crate::phone::transport::TransportError;

async fn send(phone: &Phone, server: &Server) -> Result<PhotoReport, SyncError> {
    phone.photo_send(server, PhotoBudget::default(), &Unwatched).await
}

#[tokio::test]
async fn a_photo_arrives_whole_with_its_visit_and_is_sent_once() {
    let world = World::new(61);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let added = phone.photo_add(visit, &noise(700, 1), None).unwrap();
    let report = send(&phone, &server).await.unwrap();
    assert_eq!((report.sent, report.failed, report.waiting), (1, 0, 0));
    assert_eq!(report.bytes_up, added.bytes.unsigned_abs());
    let whole = phone.photo_bytes(&added.sha256).unwrap();
    assert!(whole.len() > 2 * PHOTO_CHUNK_BYTES_MAX, "the sample is too small: {}", whole.len());
    {
        let state = server.state();
        let upload = state.uploads.values().next().unwrap();
        assert_eq!(upload.bytes, whole);
        assert_eq!((&upload.document, &*upload.media), (&visit.to_string(), "image/jpeg"));
        assert_eq!(upload.sha256, added.sha256.to_string());
    }
    let now = row(&phone, &added.sha256);
    assert_eq!((&*now.state, now.sent, now.reason), ("sent", now.bytes, None));
    assert_eq!(send(&phone, &server).await.unwrap(), PhotoReport::default());
    assert_eq!(server.state().sent, whole.len());
    assert_eq!(phone.status().unwrap().photos_waiting, 0);
}

#[tokio::test]
async fn what_the_server_has_already_is_not_sent_again() {
    let (one, two) = (World::new(62), World::new(63));
    let server = Server::default();
    let file = noise(300, 2);
    for world in [&one, &two] {
        let (phone, visit) = on_visit(world);
        phone.photo_add(visit, &file, None).unwrap();
        // The same picture again is the same photo.
        phone.photo_add(visit, &file, None).unwrap();
        assert_eq!(phone.visit_show(visit).unwrap().photos.len(), 1);
        assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
    }
    let state = server.state();
    let whole: usize = state.photos.values().map(Vec::len).sum();
    assert_eq!((state.photos.len(), state.sent), (1, whole));
}

#[tokio::test]
async fn after_a_kill_at_any_piece_at_most_one_piece_is_sent_again() {
    for killed_at in 0..4 {
        let world = World::new(64);
        let (phone, visit) = on_visit(&world);
        let server = Server::default();
        let added = phone.photo_add(visit, &noise(900, 3), None).unwrap();
        let whole = phone.photo_bytes(&added.sha256).unwrap().len();
        assert!(whole > 4 * PHOTO_CHUNK_BYTES_MAX, "the sample is too small: {whole}");
        server.state().hang_after = Some(killed_at);
        {
            // The piece is at the server, the phone waits for the answer; there it ends.
            let mut sending = std::pin::pin!(send(&phone, &server));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(sending.as_mut().poll(&mut context).is_pending());
        }
        drop(phone);
        let phone = world.open();
        let written = usize::try_from(row(&phone, &added.sha256).sent).unwrap();
        assert_eq!(written, killed_at * PHOTO_CHUNK_BYTES_MAX);
        assert_eq!(phone.status().unwrap().photos_sending, 1);
        assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
        let again = server.state().sent - whole;
        assert!(again <= PHOTO_CHUNK_BYTES_MAX, "{again} bytes twice");
        assert_eq!(server.asked("POST"), 1, "it was begun anew");
        assert!(server.has(&added.sha256));
    }
}

/// Stops before the first piece after it was told so.
struct Stopping(AtomicUsize);

impl Watch for Stopping {
    fn progress(&self, _: Progress) {}

    fn photos(&self, _: PhotoProgress) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 2
    }
}

#[tokio::test]
async fn a_person_may_stop_it_between_two_pieces_and_it_goes_on_there() {
    let world = World::new(75);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let added = phone.photo_add(visit, &noise(900, 3), None).unwrap();
    let watch = Stopping(AtomicUsize::new(0));
    let report = phone.photo_send(&server, PhotoBudget::default(), &watch).await.unwrap();
    let two = 2 * PHOTO_CHUNK_BYTES_MAX;
    assert!(report.unfinished && report.bytes_up == two as u64, "{report:?}");
    assert_eq!(row(&phone, &added.sha256).sent, i64::try_from(two).unwrap());
    assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
    assert_eq!(server.state().sent, usize::try_from(added.bytes).unwrap());
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => (0..=PHOTO_CHUNK_BYTES_MAX).prop_map(Fault::CutAfter),
        2 => (0..=PHOTO_CHUNK_BYTES_MAX).prop_map(Fault::LostAfter),
        2 => Just(Fault::AnswerLost),
        1 => Just(Fault::Expired),
        1 => Just(Fault::Status(500)),
        1 => Just(Fault::Status(409)),
    ]
}

/// Made once: it is the same in every case.
static CUT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Wherever the line breaks, and however often: the photo arrives whole, no break costs more than a
    /// piece, and only an upload that is over costs what was sent of it.
    #[test]
    fn a_line_cut_at_any_byte_costs_a_piece_at_most(
        faults in proptest::collection::vec(fault(), 0..12),
        reopen in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = World::new(65);
        let (mut phone, visit) = on_visit(&world);
        let server = Server::default();
        let added = phone.photo_add(visit, CUT.get_or_init(|| noise(520, 4)), None).unwrap();
        let whole = phone.photo_bytes(&added.sha256).unwrap();
        let over = faults.iter().filter(|f| **f == Fault::Expired).count();
        let broken = faults.len() - over;
        server.state().faults.clone_from(&faults);
        for _ in 0..=faults.len() {
            if server.has(&added.sha256) && row(&phone, &added.sha256).state == "sent" {
                break;
            }
            let _tried_again_below = runtime.block_on(send(&phone, &server));
            world.later(PHOTO_PAUSE_MS_MAX + 1);
            if reopen {
                drop(phone);
                phone = world.open();
            }
        }
        prop_assert_eq!(&*row(&phone, &added.sha256).state, "sent");
        let state = server.state();
        prop_assert_eq!(state.photos.get(&added.sha256.to_string()), Some(&whole));
        let again = state.sent - whole.len();
        prop_assert!(again <= broken * PHOTO_CHUNK_BYTES_MAX + over * whole.len(), "{} bytes twice", again);
    }
}

#[tokio::test]
async fn a_photo_that_always_fails_rests_longer_and_longer_while_the_others_go() {
    let world = World::new(66);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let bad = phone.photo_add(visit, &picture(1), None).unwrap();
    server.state().never.push(bad.sha256.to_string());
    let good = phone.photo_add(visit, &picture(2), None).unwrap();
    let report = send(&phone, &server).await.unwrap();
    assert_eq!((report.sent, report.failed, report.waiting), (1, 1, 1));
    assert!(server.has(&good.sha256));
    let failed = row(&phone, &bad.sha256);
    assert_eq!(failed.state, "sending");
    assert!(failed.reason.unwrap().en.contains("cannot be reached"));
    // It rests, and a call before its time does not touch it.
    let asked = server.state().asked.len();
    let report = send(&phone, &server).await.unwrap();
    assert_eq!((report.failed, report.next_try_at), (0, failed.next_try_at));
    assert_eq!(server.state().asked.len(), asked);
    let mut rests = Vec::new();
    for _ in 0..8 {
        let due = row(&phone, &bad.sha256).next_try_at.unwrap();
        let now = world.clock.now();
        rests.push(due.0 - now.0);
        world.later(due.0 - now.0 + 1);
        send(&phone, &server).await.unwrap();
    }
    assert!(rests.is_sorted() && rests[0] > 20_000 && rests[7] <= 300_000, "{rests:?}");
    // A person may say otherwise at once.
    phone.photo_retry().unwrap();
    server.state().never.clear();
    assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
}

#[tokio::test]
async fn what_the_server_does_not_take_is_given_up_with_a_reason() {
    for (refuse, fault, en) in [
        (Some((413, "too_large")), None, "too large for the server"),
        (Some((403, "no_right")), None, "the server refuses it (no_right)"),
        (Some((422, "not_a_photo")), None, "the server refuses it (not_a_photo)"),
        (None, Some(Fault::Spoiled), "damaged on the way again and again: try again"),
        (None, Some(Fault::Status(413)), "too large for the server"),
    ] {
        let world = World::new(67);
        let (phone, visit) = on_visit(&world);
        let server = Server::default();
        let added = phone.photo_add(visit, &picture(3), None).unwrap();
        server.state().refuse = refuse;
        server.state().faults = fault.map_or_else(Vec::new, |fault| vec![fault; 3]);
        let report = send(&phone, &server).await.unwrap();
        assert_eq!((report.failed, report.waiting), (1, 0), "{en}");
        let failed = row(&phone, &added.sha256);
        let reason = failed.reason.unwrap();
        assert_eq!((&*failed.state, &*reason.en), ("failed", en));
        assert!(reason.zh.chars().any(|c| c > '\u{4e00}'), "{}", reason.zh);
        let status = phone.status().unwrap();
        assert_eq!((status.photos_failed, status.photos_failure), (1, Some(reason)));
        // Not tried again by itself, and again when a person says so.
        world.later(DAY);
        assert_eq!(send(&phone, &server).await.unwrap().failed, 0);
        server.state().refuse = None;
        server.state().faults.clear();
        assert_eq!(phone.photo_retry().unwrap()[0].state, "waiting");
        assert_eq!(send(&phone, &server).await.unwrap().sent, 1, "{en}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_photos_yet_gets_them_later() {
    let world = World::new(78);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let added = phone.photo_add(visit, &picture(3), None).unwrap();
    server.state().refuse = Some((404, "unknown"));
    assert_eq!(send(&phone, &server).await.unwrap().waiting, 1);
    assert_eq!(row(&phone, &added.sha256).state, "waiting");
    server.state().refuse = None;
    world.later(PHOTO_PAUSE_MS_MAX);
    assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
}

#[tokio::test]
async fn a_piece_that_arrives_spoiled_twice_is_sent_a_third_time() {
    let world = World::new(68);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    phone.photo_add(visit, &picture(4), None).unwrap();
    server.state().faults = vec![Fault::Spoiled; 2];
    assert_eq!(send(&phone, &server).await.unwrap().sent, 1);
    assert_eq!(server.asked("PATCH"), 3);
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    for status in [429, 503] {
        let world = World::new(69);
        let (phone, visit) = on_visit(&world);
        let server = Server::default();
        for seed in 0..3 {
            phone.photo_add(visit, &picture(seed), None).unwrap();
        }
        server.state().refuse = Some((status, ""));
        let busy = send(&phone, &server).await.unwrap_err();
        assert!(matches!(busy, SyncError::Transport(TransportError::Busy { after_s: 90 })));
        assert_eq!(server.asked("POST"), 1, "the others did not try at once");
        server.state().refuse = None;
        world.later(80_000);
        assert_eq!(send(&phone, &server).await.unwrap().sent, 0);
        world.later(11_000);
        assert_eq!(send(&phone, &server).await.unwrap().sent, 3);
    }
}

#[tokio::test]
async fn without_a_network_the_queue_stops_soon_and_loses_nothing() {
    let world = World::new(70);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    for seed in 0..5 {
        phone.photo_add(visit, &picture(seed), None).unwrap();
    }
    server.state().offline = true;
    let error = send(&phone, &server).await.unwrap_err();
    assert!(matches!(error, SyncError::Transport(TransportError::Offline)));
    assert_eq!(server.state().asked.len(), 2);
    assert_eq!(phone.status().unwrap().photos_waiting, 5);
    server.state().offline = false;
    world.later(PHOTO_PAUSE_MS_MAX);
    assert_eq!(send(&phone, &server).await.unwrap().sent, 5);
}

#[tokio::test]
async fn a_budget_ends_the_call_and_a_line_that_costs_is_not_used() {
    let world = World::new(71);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let added = phone.photo_add(visit, &noise(900, 5), None).unwrap();
    let costly = PhotoBudget { free_line_only: true, ..PhotoBudget::default() };
    let report = phone.photo_send(&server, costly, &Unwatched).await.unwrap();
    assert!(report.held_for_free_line && report.waiting == 1);
    assert_eq!(server.state().asked.len(), 0);
    let small = PhotoBudget { bytes_max: Some(1), line_is_free: true, ..costly };
    let mut calls = 0;
    while phone.photo_send(&server, small, &Unwatched).await.unwrap().unfinished {
        calls += 1;
        assert_eq!(row(&phone, &added.sha256).state, "sending");
        assert!(calls < 100);
    }
    let pieces = usize::try_from(added.bytes).unwrap().div_ceil(PHOTO_CHUNK_BYTES_MAX);
    assert_eq!(server.asked("PATCH"), pieces);
    assert!(server.has(&added.sha256));
}

/// Writes an answer while a photo is on its way.
struct Writer<'a>(&'a Phone, PlaceId, AtomicUsize);

impl Watch for Writer<'_> {
    fn progress(&self, _: Progress) {}

    fn photos(&self, now: PhotoProgress) {
        assert!(now.bytes_done <= now.bytes_total && now.files_done <= now.files_total);
        let n = self.2.fetch_add(1, Ordering::Relaxed);
        self.0.place_set(self.1, "storeys", &(n + 1).to_string()).unwrap();
    }

    fn stopped(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn edits_are_saved_while_a_photo_is_on_its_way() {
    let world = World::new(72);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    phone.photo_add(visit, &noise(900, 6), None).unwrap();
    let place = phone.visit_show(visit).unwrap().place;
    let writer = Writer(&phone, place, AtomicUsize::new(0));
    phone.photo_send(&server, PhotoBudget::default(), &writer).await.unwrap();
    let written = writer.2.load(Ordering::Relaxed);
    assert!(written > 3);
    let shown = phone.place_show(place).unwrap();
    assert_eq!(shown.facts["storeys"].value, i64::try_from(written).unwrap().into());
}

#[tokio::test]
async fn a_photo_of_an_older_app_finds_its_visit_and_one_whose_file_is_gone_says_so() {
    let world = World::new(73);
    let (phone, visit) = on_visit(&world);
    let server = Server::default();
    let old = phone.photo_add(visit, &picture(7), None).unwrap();
    let gone = phone.photo_add(visit, &picture(8), None).unwrap();
    let lonely = HashText([9; 32]);
    let age = |db: &crate::store::Db| {
        let new = blob::NewBlob { sha256: lonely, bytes: 3, media: "image/png", document: None };
        blob::add(db, &new, MORNING)?;
        for mut row in blob::list(db)? {
            row.document = None;
            blob::put(db, &row)?;
        }
        Ok::<_, crate::store::StoreError>(())
    };
    phone.with(|inner| Ok(inner.store()?.write(age)?)).unwrap();
    std::fs::remove_file(world.path().join("store/blobs").join(gone.sha256.to_string())).unwrap();
    let report = send(&phone, &server).await.unwrap();
    assert_eq!((report.sent, report.failed), (1, 2));
    assert_eq!(server.state().uploads.values().next().unwrap().document, visit.to_string());
    assert_eq!(row(&phone, &old.sha256).state, "sent");
    let told = |sha256| row(&phone, sha256).reason.unwrap().en;
    assert_eq!(row(&phone, &gone.sha256).state, "failed");
    assert!(told(&gone.sha256).contains("damaged"), "{}", told(&gone.sha256));
    assert!(told(&lonely).contains("visit"), "{}", told(&lonely));
}

#[test]
fn an_original_of_twenty_megabytes_becomes_a_small_photo_and_a_larger_one_is_not_read() {
    let world = World::new(74);
    let (phone, visit) = on_visit(&world);
    // Noise does not compress: 2,600 x 2,600 pixels are 20 MB as PNG.
    let file = noise(2_600, 9);
    let near = crate::limits::PHOTO_BYTES_MAX * 9 / 10;
    assert!(file.len() > near && file.len() <= crate::limits::PHOTO_BYTES_MAX, "{}", file.len());
    let path = world.path().join("original.png");
    std::fs::write(&path, &file).unwrap();
    let added = phone.photo_add_file(visit, &path, None).unwrap();
    assert!(added.bytes < 6_500_000, "{}", added.bytes);
    let seen = phone.visit_show(visit).unwrap().photos[0].clone();
    assert_eq!(seen.original.unwrap().0, <[u8; 32]>::from(Sha256::digest(&file)));
    assert_ne!(seen.original, Some(seen.sha256));
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let refused = phone.photo_add_file(visit, &path, None);
    assert!(matches!(refused, Err(PhoneError::Invalid { field, .. }) if field == "photo"));
}

#[test]
fn without_room_on_the_disk_a_photo_is_refused_and_nothing_of_it_is_kept() {
    let (one, two) = (World::new(76), World::new(77));
    let (elsewhere, visit) = on_visit(&one);
    let sha256 = elsewhere.photo_add(visit, &picture(10), None).unwrap().sha256;
    let (phone, visit) = on_visit(&two);
    let before = phone.status().unwrap().pending;
    // A file on which every write finds no room.
    let blobs = two.path().join("store/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let next = blobs.join(sha256.to_string()).with_extension("next");
    std::os::unix::fs::symlink("/dev/full", &next).unwrap();
    let full = phone.photo_add(visit, &picture(10), None);
    assert!(matches!(full, Err(PhoneError::StorageFull)), "{full:?}");
    assert_eq!(phone.photo_list().unwrap(), []);
    assert_eq!(phone.visit_show(visit).unwrap().photos, []);
    assert_eq!(phone.status().unwrap().pending, before);
    assert!(phone.verify().unwrap().ok);
    std::fs::remove_file(next).unwrap();
    assert_eq!(phone.photo_add(visit, &picture(10), None).unwrap().sha256, sha256);
    assert!(phone.verify().unwrap().ok);
}
