//! What happens on a phone when a review did not take a change that more was built on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::document::Document;
use crate::ground::Counted;
use crate::model::{Lang, PlaceId, PlaceKind, Role, Scalar};
use crate::phone::{NewPlace, OpenOptions};

fn options(dir: &Path, ground: Arc<Counted>) -> OpenOptions {
    OpenOptions {
        dir: dir.join("store"),
        key: [7; 32],
        clock: ground.clone(),
        entropy: ground,
        content: None,
        keystore: None,
    }
}

fn phone(dir: &Path) -> Phone {
    let options = options(dir, Arc::new(Counted(AtomicU64::new(1))));
    let grid = "329901001012001".parse().unwrap();
    Phone::init(options, "li.ming".parse().unwrap(), Role::Inspector, &[grid]).unwrap()
}

fn place(phone: &Phone) -> PlaceId {
    let kind = PlaceKind::Dwelling;
    let (address, facts) = ("和平路8号".to_owned(), Vec::new());
    let new = NewPlace { kind, address, lat: None, lon: None, grid: None, facts };
    phone.place_add(&new).unwrap()
}

fn said(doc: DocId, hash: ChangeHash, status: PushStatus) -> message::Receipt {
    message::Receipt { doc, hash, status }
}

/// What waits to be sent is taken by the server.
fn all_taken(phone: &Phone) {
    let waiting = phone.pending(100).unwrap();
    let receipts = waiting.iter().map(|w| said(w.doc, w.hash, PushStatus::Accepted(1))).collect();
    land(phone, &Batch { receipts, ..Batch::default() });
}

fn land(phone: &Phone, batch: &Batch) -> bool {
    phone.land_receipts(batch, UtcMillis(9)).unwrap()
}

fn waits(doc: DocId, hash: ChangeHash, reason: &str) -> Batch {
    let receipts = vec![said(doc, hash, PushStatus::Quarantined(4, reason.to_owned()))];
    Batch { receipts, ..Batch::default() }
}

fn decided(doc: DocId, hash: ChangeHash, accepted: bool) -> Batch {
    let notice = Notice { ticket: 4, doc, hash, accepted, reason: "role_ended".to_owned() };
    Batch { notices: vec![notice], ..Batch::default() }
}

fn fact(phone: &Phone, place: PlaceId, name: &str) -> Option<Scalar> {
    phone.place_show(place).unwrap().facts.get(name).map(|fact| fact.value.clone())
}

fn told(phone: &Phone) -> Vec<String> {
    phone.notices(true).unwrap().into_iter().map(|notice| notice.code).collect()
}

#[test]
fn later_work_is_done_again_when_a_review_did_not_take_what_it_was_built_on() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    all_taken(&phone);
    let first = phone.place_set(place, "storeys", "7").unwrap();
    land(&phone, &waits(place.0, first, "role_ended"));
    let later = phone.place_set(place, "dwellings", "12").unwrap();
    phone.place_remark(place, "门牌换了").unwrap();
    assert!(land(&phone, &decided(place.0, first, false)), "there is something to send");
    // What was not taken is not shown any more; what came later is, and waits under new names.
    assert_eq!(
        (fact(&phone, place, "storeys"), fact(&phone, place, "dwellings")),
        (None, Some(Scalar::Int(12)))
    );
    assert_eq!(phone.place_show(place).unwrap().remarks.len(), 1);
    let waiting = phone.pending(10).unwrap();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|w| w.hash != later && w.hash != first));
    let deps = parse_change(&waiting[0].raw).unwrap().deps;
    assert!(!deps.contains(&first));
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.refused, status.waiting_for_review), (2, 1, 0));
    assert_eq!((status.set_aside, told(&phone).len()), (0, 2));
    assert_eq!(told(&phone), ["rebased", "review_discarded"], "that it waits is not said any more");
    let words = |lang| phone.notices(true).unwrap()[0].words(lang);
    assert!(
        words(Lang::En).contains("sent again by itself")
            && words(Lang::Zh).contains("自动重新提交")
    );
    // The server says it twice more; nothing comes of it.
    assert!(!land(&phone, &decided(place.0, first, false)));
    assert_eq!((told(&phone).len(), phone.pending(10).unwrap().len()), (2, 2));
    // The originals can be carried away, and do not come back by it.
    let file = dir.path().join("rescue");
    assert_eq!(phone.rescue_export(&file, &[3; 32]).unwrap().changes, 5);
    phone.rescue_import(&file, &[3; 32]).unwrap();
    assert_eq!((fact(&phone, place, "storeys"), phone.pending(10).unwrap().len()), (None, 2));
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn work_that_waits_itself_is_not_done_again_and_comes_when_it_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    all_taken(&phone);
    let first = phone.place_set(place, "storeys", "7").unwrap();
    land(&phone, &waits(place.0, first, "revoked"));
    let second = phone.place_set(place, "dwellings", "12").unwrap();
    land(&phone, &waits(place.0, second, "revoked"));
    assert!(
        !land(&phone, &decided(place.0, first, false)),
        "nothing of it is this phone's to send"
    );
    let status = phone.status().unwrap();
    assert_eq!((status.pending, status.refused, status.waiting_for_review), (0, 1, 1));
    // Its like comes with the log; the original is at its end.
    land(&phone, &decided(place.0, second, true));
    assert_eq!(phone.status().unwrap().waiting_for_review, 0);
    assert_eq!(told(&phone)[0], "review_accepted");
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn what_waited_beside_a_change_that_was_not_taken_is_done_again_where_the_server_lost_it() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    all_taken(&phone);
    let first = phone.place_set(place, "storeys", "7").unwrap();
    land(&phone, &waits(place.0, first, "revoked"));
    let second = phone.place_set(place, "dwellings", "12").unwrap();
    let third = phone.place_remark(place, "门牌换了").unwrap();
    for hash in [second, third] {
        land(&phone, &waits(place.0, hash, "revoked"));
    }
    land(&phone, &decided(place.0, first, false));
    assert_eq!((fact(&phone, place, "dwellings"), phone.pending(10).unwrap().len()), (None, 0));
    // The server was put back to before any of it.
    let lost = [first, second, third].map(|hash| DocChange { doc: place.0, hash });
    phone.take_back(&lost).unwrap();
    let waiting = phone.pending(10).unwrap();
    assert_eq!(waiting.len(), 2, "what was not taken is not brought up again");
    assert!(waiting.iter().all(|w| ![first, second, third].contains(&w.hash)));
    assert_eq!(fact(&phone, place, "dwellings"), Some(Scalar::Int(12)));
    assert_eq!(fact(&phone, place, "storeys"), None);
    assert_eq!(phone.place_show(place).unwrap().remarks.len(), 1);
    assert_eq!(told(&phone)[0], "rebased");
    assert_eq!(phone.status().unwrap().waiting_for_review, 0);
    // Heard twice, it is done once.
    phone.take_back(&lost).unwrap();
    assert_eq!(phone.pending(10).unwrap().len(), 2);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn a_post_that_changed_counts_from_then_on_and_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    phone.place_set(place, "storeys", "7").unwrap();
    let post = |name: &str| Batch { role: Some(name.to_owned()), ..Batch::default() };
    land(&phone, &post("handler"));
    land(&phone, &post("handler"));
    land(&phone, &Batch::default());
    // Neither a post that this version does not know nor the server's own is taken up.
    for name in ["harbour_master", "server"] {
        land(&phone, &post(name));
    }
    let held = |phone: &Phone| phone.status().unwrap().role;
    assert_eq!((held(&phone), told(&phone)), (Role::Handler, vec!["post_changed".to_owned()]));
    assert!(phone.place_set(place, "storeys", "8").is_err(), "a handler states no facts");
    phone.place_remark(place, "已处置").unwrap();
    assert_eq!(phone.pending(10).unwrap().len(), 3, "what was written before is still to be sent");
    let words = phone.notices(true).unwrap()[0].words(Lang::Zh);
    assert!(words.contains("处置人员"), "{words}");
    drop(phone);
    let ground = Arc::new(Counted(AtomicU64::new(9)));
    let again = Phone::open(options(dir.path(), ground)).unwrap();
    assert_eq!(held(&again), Role::Handler);
    assert!(!again.status().unwrap().copied, "the file beside says the same");
}

#[test]
fn a_record_whose_birth_was_not_taken_stays_readable_and_is_sent_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    let birth = phone.pending(10).unwrap()[0].hash;
    land(&phone, &waits(place.0, birth, "scope"));
    phone.place_set(place, "storeys", "7").unwrap();
    assert!(!land(&phone, &decided(place.0, birth, false)));
    assert_eq!(phone.pending(10).unwrap(), []);
    assert_eq!(fact(&phone, place, "storeys"), Some(Scalar::Int(7)));
    assert_eq!(told(&phone)[0], "record_not_taken");
    // Edits that follow are told to be in vain once more, with the next push.
    let late = phone.place_set(place, "storeys", "8").unwrap();
    let refused = PushStatus::Rejected(LEANS_ON_DISCARDED.to_owned(), birth.to_string());
    let receipts = vec![said(place.0, late, refused)];
    assert!(!land(&phone, &Batch { receipts, ..Batch::default() }));
    assert_eq!(phone.pending(10).unwrap(), []);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn what_the_server_refuses_goes_and_takes_nothing_else_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    all_taken(&phone);
    let bad = phone.place_set(place, "storeys", "7").unwrap();
    phone.place_set(place, "dwellings", "12").unwrap();
    let refused = PushStatus::Rejected("value".to_owned(), String::new());
    let receipts = vec![said(place.0, bad, refused)];
    assert!(land(&phone, &Batch { receipts, ..Batch::default() }));
    assert_eq!(fact(&phone, place, "dwellings"), Some(Scalar::Int(12)));
    let waiting = phone.pending(10).unwrap();
    assert_eq!((waiting.len(), phone.status().unwrap().refused), (1, 1));
    // A refusal of the sender says nothing about the work.
    let unknown = PushStatus::Rejected("unknown_device".to_owned(), String::new());
    let receipts = vec![said(place.0, waiting[0].hash, unknown)];
    land(&phone, &Batch { receipts, ..Batch::default() });
    assert_eq!(fact(&phone, place, "dwellings"), Some(Scalar::Int(12)));
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn a_rival_from_another_copy_stays_and_the_own_is_done_again_under_another_name() {
    let dir = tempfile::tempdir().unwrap();
    let phone = phone(dir.path());
    let place = place(&phone);
    all_taken(&phone);
    let own = phone.place_set(place, "storeys", "7").unwrap();
    let note = phone.place_remark(place, "门牌换了").unwrap();
    let mine = parse_change(&phone.pending(1).unwrap()[0].raw).unwrap();
    // The other copy, of an app that kept its actors, wrote under the same actor and number.
    let birth = phone.with(|i| Ok(document::changes(i.store()?.db(), place.0, 0)?)).unwrap();
    let mut other = Document::from_changes(place.0, [&birth[0].raw[..]]).unwrap();
    let edit = crate::document::Edit::Place(crate::document::PlaceEdit::Facts {
        set: vec![("dwellings".to_owned(), Scalar::Int(9))],
        by_role: Role::Inspector,
        observed_at: UtcMillis(1),
    });
    let author = parse_change(&birth[0].raw).unwrap().author.expect("a birth names its author");
    let by = crate::document::Authorship { author, actor: mine.actor };
    let rival = other.edit(&edit, &by, UtcMillis(1)).unwrap().unwrap();
    let incoming = Incoming {
        doc: place.0,
        pid: "g329901001012001".to_owned(),
        raws: vec![rival.raw],
        status: Status::Acked,
    };
    let applied = phone.apply(&[incoming]).unwrap();
    assert_eq!((applied.changes, applied.set_aside.len()), (1, 0));
    let shown = (fact(&phone, place, "storeys"), fact(&phone, place, "dwellings"));
    assert_eq!(shown, (Some(Scalar::Int(7)), Some(Scalar::Int(9))), "nobody's word is lost");
    assert_eq!(phone.place_show(place).unwrap().remarks.len(), 1);
    let waiting = phone.pending(10).unwrap();
    assert!(waiting.iter().all(|w| w.hash != own && w.hash != note));
    assert!(waiting.iter().all(|w| parse_change(&w.raw).unwrap().actor != mine.actor));
    assert_eq!((waiting.len(), phone.status().unwrap().refused), (2, 0));
    // Where the server hears of the own one first, it keeps it for a person; the phone need not wait for that.
    let first = waiting[0].hash;
    assert!(land(&phone, &waits(place.0, first, "equivocation")));
    assert_eq!(phone.pending(10).unwrap().len(), 2);
    land(&phone, &decided(place.0, first, false));
    assert_eq!(fact(&phone, place, "storeys"), Some(Scalar::Int(7)));
    assert!(phone.verify().unwrap().ok);
}
