//! What a phone keeps of a log, and where it says that a record lives.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::ground::Counted;
use crate::model::{PlaceId, PlaceKind, Role};
use crate::phone::sync::gather::standing_of;
use crate::phone::sync::offer::torn_log;
use crate::phone::sync::{StoreHeld, of_row};
use crate::phone::{NewPlace, OpenOptions};
use crate::sync::chain;
use crate::sync::client::take_part;
use crate::sync::digest::Digest;
use crate::sync::message::{Body, Part, PartStatus};

const HISTORY: [u8; 16] = [3; 16];

fn pid(n: u8) -> Pid {
    format!("g32990100101200{n}").parse().unwrap()
}

fn phone(dir: &Path) -> Phone {
    let ground = Arc::new(Counted(AtomicU64::new(1)));
    let options = OpenOptions {
        dir: dir.join("store"),
        key: [7; 32],
        clock: ground.clone(),
        entropy: ground,
        content: None,
        keystore: None,
    };
    let grids = [1, 2].map(|n| format!("32990100101200{n}").parse().unwrap());
    Phone::init(options, "li.ming".parse().unwrap(), Role::Inspector, &grids).unwrap()
}

fn house() -> NewPlace {
    NewPlace {
        kind: PlaceKind::Dwelling,
        address: "和平路8号".to_owned(),
        lat: None,
        lon: None,
        grid: Some("329901001012001".parse().unwrap()),
        facts: Vec::new(),
    }
}

/// A place of another phone: its id and the bodies of its changes, in order.
fn elsewhere(dir: &Path) -> (DocId, Vec<Vec<u8>>) {
    written(&phone(&dir.join("other")))
}

fn written(other: &Phone) -> (DocId, Vec<Vec<u8>>) {
    let PlaceId(doc) = other.place_add(&house()).unwrap();
    other.place_remark(PlaceId(doc), "门牌换了").unwrap();
    let waiting = other.pending(100).unwrap();
    let waiting = waiting.iter().filter(|w| w.doc == doc);
    (doc, waiting.map(|w| chunk::body(&w.raw).unwrap().to_vec()).collect())
}

fn enter(move_gen: u32, bodies: &[Vec<u8>]) -> EntryKind {
    EntryKind::Enter(move_gen, bodies.iter().cloned().map(Body).collect())
}

fn moved(to: u8, move_gen: u32) -> EntryKind {
    EntryKind::Leave(LeaveReason::Moved(pid(to)), move_gen)
}

/// These entries of one record come from the server, in one answer.
fn deliver(phone: &Phone, pid: &Pid, doc: DocId, whats: &[EntryKind]) {
    let entries: Vec<Entry> = whats.iter().map(|what| Entry { doc, what: what.clone() }).collect();
    answer(phone, pid, entries).iter().for_each(|slice| phone.land_slice(slice).unwrap());
}

/// What such an answer means.
fn answer(phone: &Phone, pid: &Pid, entries: Vec<Entry>) -> Vec<Slice> {
    let now = phone.with(|i| Ok(standing_of(i.store()?.db(), &pid.to_string())?)).unwrap().unwrap();
    let now = now.begun(&HISTORY);
    let (mut seq, mut at) = (now.seq, now.chain);
    for entry in &entries {
        seq += 1;
        at = chain::over(&at, seq, entry);
    }
    let part = Part {
        pid: pid.clone(),
        status: PartStatus::More,
        entries,
        seq,
        digest: Digest::default().cut(),
        count: 0,
        durable_seq: 0,
        stamp: [1; 16],
        bundle: None,
        last_seq: seq,
        chain: chain::cut(&at),
    };
    take_part(&part, &now, &HISTORY, &StoreHeld(phone), &BTreeMap::new()).unwrap().slices
}

/// Where a record lives by its row: partition, move generation, state.
fn home(phone: &Phone, doc: DocId) -> (String, u32, String) {
    let look = |db: &Connection| {
        db.query_row(
            "SELECT pid, move_gen, state FROM doc WHERE doc_id = ?1",
            [&doc.0[..]],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    };
    phone.with(|inner| Ok(look(inner.store()?.db()).unwrap())).unwrap()
}

fn at(n: u8, move_gen: u32, state: &str) -> (String, u32, String) {
    (pid(n).to_string(), move_gen, state.to_owned())
}

fn torn(phone: &Phone) -> Vec<Option<u64>> {
    let look = |db: &Connection| -> Result<Vec<_>, StoreError> {
        part::list(db)?.iter().map(|row| torn_log(db, row)).collect()
    };
    phone.with(|inner| Ok(look(inner.store()?.db())?)).unwrap()
}

#[test]
fn entries_are_kept_as_they_came_whatever_an_answer_says_of_one_record() {
    let dir = tempfile::tempdir().unwrap();
    let (doc, bodies) = elsewhere(dir.path());
    let phone = phone(dir.path());
    // It was there, went, came back and left for good, all within one slice.
    let change = |n: usize| EntryKind::Change(bodies[n].clone());
    deliver(&phone, &pid(1), doc, &[change(0), moved(2, 1), enter(2, &bodies), moved(2, 3)]);
    deliver(&phone, &pid(2), doc, &[enter(1, &bodies[..1]), change(1), moved(1, 2)]);
    deliver(&phone, &pid(2), doc, &[enter(3, &bodies), EntryKind::Freeze(3)]);
    assert_eq!(torn(&phone), [None, None], "a restored server would take what is kept");
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn a_log_that_is_not_what_came_is_found_and_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let (doc, bodies) = elsewhere(dir.path());
    let phone = phone(dir.path());
    let came = [enter(1, &bodies[..1]), EntryKind::Change(bodies[1].clone()), moved(1, 2)];
    deliver(&phone, &pid(2), doc, &came);
    let other = frame::encode(&Entry { doc, what: moved(1, 0) });
    let spoil = "UPDATE entry SET body = ?1 WHERE seq = 3";
    phone.with(|i| Ok(i.store()?.db().execute(spoil, [&other]).unwrap())).unwrap();
    assert_eq!(torn(&phone), [None, Some(0)]);
    let found = phone.verify().unwrap();
    assert_eq!(found.problems.iter().map(|p| p.what).collect::<Vec<_>>(), ["log"]);
    let cursors = phone.status().unwrap().cursors;
    assert!(cursors.iter().all(|cursor| cursor.seq == 0), "{cursors:?}");
    deliver(&phone, &pid(2), doc, &came);
    assert_eq!(torn(&phone), [None, None]);
    assert!(phone.verify().unwrap().ok);
}

#[test]
fn a_record_lives_where_partitions_hold_it_whatever_it_once_moved_to() {
    let dir = tempfile::tempdir().unwrap();
    let (doc, bodies) = elsewhere(dir.path());
    let phone = phone(dir.path());
    deliver(&phone, &pid(2), doc, &[enter(2, &bodies)]);
    // The log of where it came from is read later: an older move is no news.
    deliver(&phone, &pid(1), doc, &[enter(1, &bodies)]);
    assert_eq!(home(&phone, doc), at(2, 2, "live"));
    deliver(&phone, &pid(2), doc, &[EntryKind::Leave(LeaveReason::Removed, 2)]);
    assert_eq!(home(&phone, doc), at(1, 1, "live"), "a restored server has undone the move");
    deliver(&phone, &pid(1), doc, &[moved(2, 2)]);
    assert_eq!(home(&phone, doc), at(2, 1, "left"), "unsent work would go there");
    deliver(&phone, &pid(2), doc, &[enter(2, &bodies), EntryKind::Freeze(2)]);
    assert_eq!(home(&phone, doc), at(2, 2, "frozen"));
    // Born anew in a server that knows no move of it.
    let entered = EntryKind::Leave(LeaveReason::Removed, 2);
    deliver(&phone, &pid(2), doc, &[entered]);
    let born: Vec<EntryKind> = bodies.iter().cloned().map(EntryKind::Change).collect();
    deliver(&phone, &pid(1), doc, &born);
    assert_eq!(home(&phone, doc), at(1, 0, "live"));
    let held =
        phone.with(|i| Ok(member::find(i.store()?.db(), &pid(1).to_string(), doc)?)).unwrap();
    assert_eq!(held.map(|row| of_row(&row).move_gen), Some(0));
}

#[test]
fn a_number_that_the_cursor_passed_shows_nothing_when_another_entry_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    let (doc, bodies) = elsewhere(dir.path());
    let phone = phone(dir.path());
    let born = EntryKind::Change(bodies[0].clone());
    deliver(&phone, &pid(1), doc, &[born, EntryKind::Change(bodies[1].clone())]);
    let own = phone.place_add(&house()).unwrap().0;
    let claimed = |doc: DocId, hash: ChangeHash, seq: u64| {
        let status = message::PushStatus::Dup(seq);
        let receipts = vec![message::Receipt { doc, hash, status }];
        let batch = Batch { receipts, ..Batch::default() };
        phone.land_receipts(&batch, crate::model::UtcMillis(9)).unwrap();
        let claims = phone.with(|i| Ok(claim::list(i.store()?.db(), doc, 10)?)).unwrap();
        claims.contains(&(doc, hash))
    };
    let read = phone.heads(doc).unwrap()[0];
    assert!(!claimed(doc, read, 2), "the log has shown it here");
    // The server was put back, took this one as its first, and is put back again before the log is read.
    let hash = phone.pending(1).unwrap()[0].hash;
    assert!(claimed(own, hash, 1), "it is asked about until a log shows it");
    // An entry of the record itself shows what it brings and nothing else.
    deliver(&phone, &pid(1), doc, &[moved(2, 1), enter(2, &bodies[..1]), enter(2, &bodies)]);
    for (seq, shown) in [(3, false), (4, false), (5, true)] {
        phone.with(|i| Ok(i.store()?.write(|db| claim::drop(db, doc, &read))?)).unwrap();
        assert_eq!(claimed(doc, read, seq), !shown, "entry {seq}");
    }
}

#[test]
fn a_slice_makes_way_for_an_answer_and_the_cursor_moves_with_its_last_record() {
    const PLACES: usize = 5;
    let dir = tempfile::tempdir().unwrap();
    let (other, phone) = (phone(&dir.path().join("other")), phone(dir.path()));
    let mut entries = Vec::new();
    for _ in 0..PLACES {
        let (doc, bodies) = written(&other);
        entries.extend(bodies.into_iter().map(|b| Entry { doc, what: EntryKind::Change(b) }));
    }
    let slices = answer(&phone, &pid(1), entries);
    let ended = std::cell::Cell::new(0);
    let somebody_always = || {
        ended.set(ended.get() + 1);
        true
    };
    slices.iter().for_each(|s| phone.land_slice_beside(s, &somebody_always).unwrap());
    assert_eq!((slices.len(), ended.get()), (1, 2), "two transactions ended early");
    assert_eq!(phone.status().unwrap().cursors[0].seq, 2 * PLACES as i64);
    assert_eq!(phone.places(100).unwrap().len(), PLACES);
    assert_eq!(torn(&phone), [None, None]);
    assert!(phone.verify().unwrap().ok);
}
