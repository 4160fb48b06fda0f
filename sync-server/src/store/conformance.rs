//! What every backend of the store must do: one suite, called with a way to make empty stores.
//!
//! Panics at the first difference, like a test; it lives beside the trait so that a
//! new backend has the law at hand. Must not know any backend.

mod desk;

use ironfeet_core::model::{
    Author, ChangeHash, DeviceId, DocId, InstallId, PersonId, Pid, Role, UtcMillis,
};

use super::{
    AuditRow, ChangeRow, CodeRow, ConflictRow, Decision, DeviceRow, DeviceStatus, DocRow, DocState,
    DocumentRows, EntryRow, PartitionRow, PersonRow, Session, Store, StoreError, TicketRow,
};

/// Makes an empty store.
pub type Fresh<'f> = &'f mut dyn FnMut() -> Box<dyn Store>;

/// Runs the whole suite.
pub fn run(fresh: Fresh<'_>) {
    writes_are_all_or_nothing(&*fresh());
    a_part_fails_alone(&*fresh());
    views_are_consistent_and_read_only(&*fresh());
    logs_are_numbered_once(&*fresh());
    changes_are_unique(&*fresh());
    documents_appear_where_they_are_put(&*fresh());
    codes_work_once_and_in_time(&*fresh());
    phones_are_found_by_identity_and_author(&*fresh());
    tickets_are_decided_once(&*fresh());
    audit_rows_are_appended(&*fresh());
    rows_are_replaced(&*fresh());
    desk::outlines_are_replaced(&*fresh());
    desk::grids_are_reckoned_when_their_places_changed(&*fresh());
}

fn pid(n: u32) -> Pid {
    format!("g329901001012{n:03}").parse().expect("a grid code")
}

fn doc_id(n: u8) -> DocId {
    DocId([n; 16])
}

fn write<T>(store: &dyn Store, work: impl FnMut(&dyn Session) -> Result<T, StoreError>) -> T {
    super::transact(store, work).expect("the transaction ends well")
}

fn read<T>(store: &dyn Store, work: impl FnMut(&dyn Session) -> Result<T, StoreError>) -> T {
    super::view(store, work).expect("the view ends well")
}

fn partition(n: u32) -> PartitionRow {
    PartitionRow {
        pid: pid(n),
        next_seq: 1,
        floor_seq: 1,
        durable_seq: 0,
        chain: [1; 32],
        digest: [2; 32],
        count: 0,
    }
}

fn document(n: u8) -> DocRow {
    DocRow {
        id: doc_id(n),
        pid: pid(1),
        move_gen: 0,
        kind: "place".to_owned(),
        state: DocState::Live,
        generation: 1,
        heads: vec![ChangeHash([n; 32]), ChangeHash([n + 1; 32])],
        changes: 2,
        about: None,
        closed_at: None,
    }
}

fn change(n: u8) -> ChangeRow {
    ChangeRow {
        hash: ChangeHash([n; 32]),
        actor: [9; 16],
        seq: u64::from(n),
        max_op: 7,
        author: (n == 1).then_some(Author([5; 16])),
        raw: vec![n; 40],
        manifest: None,
        log_pid: pid(1),
        log_seq: u64::from(n),
        received_at: UtcMillis(1_000),
    }
}

fn entry(seq: u64, hash: [u8; 32]) -> EntryRow {
    EntryRow {
        seq,
        kind: 1,
        doc: doc_id(1),
        body_hash: hash,
        body: None,
        chain: [u8::try_from(seq).expect("small"); 32],
        raw: None,
    }
}

fn writes_are_all_or_nothing(store: &dyn Store) {
    let failed = super::transact(store, |s| {
        s.meta_put("a", b"1")?;
        Err::<(), _>(StoreError::Damaged("on purpose"))
    });
    assert!(matches!(failed, Err(StoreError::Damaged("on purpose"))));
    assert_eq!(read(store, |s| s.meta("a")), None, "nothing of a failed transaction stays");
    write(store, |s| s.meta_put("a", b"2"));
    write(store, |s| s.meta_put("a", b"3"));
    assert_eq!(read(store, |s| s.meta("a")), Some(b"3".to_vec()));
}

fn a_part_fails_alone(store: &dyn Store) {
    write(store, |s| {
        s.meta_put("before", b"1")?;
        let failed = s.part(&mut || {
            s.meta_put("inside", b"1")?;
            Err(StoreError::GivenUp)
        });
        assert!(matches!(failed, Err(StoreError::GivenUp)));
        s.part(&mut || s.meta_put("after", b"1"))
    });
    let kept = read(store, |s| Ok((s.meta("before")?, s.meta("inside")?, s.meta("after")?)));
    assert_eq!(kept, (Some(vec![b'1']), None, Some(vec![b'1'])));
}

fn views_are_consistent_and_read_only(store: &dyn Store) {
    write(store, |s| s.meta_put("a", b"1"));
    read(store, |s| {
        assert_eq!(s.meta("a")?, Some(b"1".to_vec()));
        write(store, |w| w.meta_put("a", b"2"));
        assert_eq!(s.meta("a")?, Some(b"1".to_vec()), "a view does not move under its reader");
        assert!(s.meta_put("a", b"3").is_err(), "a view refuses to write");
        Ok(())
    });
    assert_eq!(read(store, |s| s.meta("a")), Some(b"2".to_vec()));
}

fn logs_are_numbered_once(store: &dyn Store) {
    write(store, |s| {
        for n in [3, 1, 2] {
            s.partition_put(&partition(n))?;
        }
        s.change_put(&doc_id(1), 0, &change(1))?;
        s.entry_put(&pid(1), &entry(1, [1; 32]))?;
        s.entry_put(&pid(1), &EntryRow { body: Some(vec![7; 5]), kind: 4, ..entry(2, [8; 32]) })?;
        s.entry_put(&pid(1), &entry(3, [1; 32]))?;
        s.partition_put(&PartitionRow { next_seq: 4, ..partition(1) })
    });
    let twice = super::transact(store, |s| s.entry_put(&pid(1), &entry(3, [9; 32])));
    assert!(twice.is_err(), "a number is given once");
    read(store, |s| {
        let locked = s.partitions_lock(&[pid(2), pid(9), pid(1), pid(2)])?;
        assert_eq!(locked.iter().map(|p| p.pid.clone()).collect::<Vec<_>>(), [pid(1), pid(2)]);
        assert_eq!(s.partitions()?.len(), 3);
        assert_eq!(s.entries_total()?, 3);
        let all = s.entries(&pid(1), 1, 10, 1_000)?;
        assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(all[0].raw, Some(vec![1; 40]), "a change comes with its bytes");
        assert_eq!((all[1].raw.clone(), all[1].body.clone()), (None, Some(vec![7; 5])));
        assert_eq!(s.entries(&pid(1), 2, 1, 1_000)?.len(), 1);
        assert_eq!(s.entries(&pid(1), 1, 10, 41)?.len(), 1, "bytes are bounded");
        assert_eq!(s.entries(&pid(1), 1, 10, 1)?.len(), 1, "but one always comes");
        assert_eq!(s.entries(&pid(1), 4, 10, 1_000)?, []);
        assert_eq!((s.chain_at(&pid(1), 2)?, s.chain_at(&pid(1), 4)?), (Some([2; 32]), None));
        assert!(s.entry_about(&pid(1), &doc_id(1))?);
        assert!(!s.entry_about(&pid(2), &doc_id(1))? && !s.entry_about(&pid(1), &doc_id(9))?);
        Ok(())
    });
}

fn changes_are_unique(store: &dyn Store) {
    write(store, |s| {
        assert!(s.change_put(&doc_id(1), 0, &change(1))?);
        assert!(s.change_put(&doc_id(1), 1, &change(2))?);
        assert!(!s.change_put(&doc_id(1), 2, &change(2))?, "the same change is stored once");
        assert!(s.change_put(&doc_id(2), 0, &change(1))?, "in another document it is another one");
        Ok(())
    });
    let twin = ChangeRow { hash: ChangeHash([77; 32]), ..change(2) };
    let forked = super::transact(store, |s| s.change_put(&doc_id(1), 2, &twin));
    assert!(forked.is_err(), "an actor has one change of a number");
    read(store, |s| {
        let rows = s.changes(&doc_id(1), 0)?;
        assert_eq!(rows, [change(1), change(2)], "in the order of arrival, byte for byte");
        assert_eq!(s.changes(&doc_id(1), 1)?, [change(2)]);
        assert_eq!(s.change(&doc_id(1), &ChangeHash([2; 32]))?, Some(change(2)));
        assert_eq!(s.change(&doc_id(3), &ChangeHash([2; 32]))?, None);
        Ok(())
    });
}

fn documents_appear_where_they_are_put(store: &dyn Store) {
    let closed = DocRow {
        closed_at: Some(UtcMillis(50)),
        about: Some(doc_id(1)),
        kind: "visit".to_owned(),
        ..document(2)
    };
    write(store, |s| {
        s.doc_put(&document(1))?;
        s.doc_put(&closed)?;
        for (p, d) in [(1, 1), (2, 1), (1, 2), (1, 2)] {
            s.presence_set(&pid(p), &doc_id(d), true)?;
        }
        s.snapshot_put(&doc_id(1), 1, b"x")?;
        s.snapshot_put(&doc_id(1), 2, b"y")?;
        s.import_key_put("k", &doc_id(1), &[4; 32])
    });
    read(store, |s| {
        assert_eq!(s.doc(&doc_id(1))?, Some(document(1)));
        assert_eq!(s.doc_ids(Some(&doc_id(1)), 9)?, [doc_id(2)]);
        assert_eq!(s.docs_about(&doc_id(1))?, [doc_id(2)]);
        assert_eq!(s.docs_closed(UtcMillis(50), 9)?, []);
        assert_eq!(s.docs_closed(UtcMillis(51), 9)?, [doc_id(2)]);
        assert_eq!(s.presence(&doc_id(1))?, [pid(1), pid(2)]);
        assert_eq!(s.present(&pid(1), None, 9)?, [document(1), closed.clone()]);
        assert_eq!(s.present(&pid(1), Some(&doc_id(1)), 9)?, std::slice::from_ref(&closed));
        assert_eq!(s.snapshot(&doc_id(1))?, Some((2, b"y".to_vec())));
        assert_eq!(s.import_key("k")?, Some((doc_id(1), [4; 32])));
        Ok(())
    });
    write(store, |s| {
        s.presence_set(&pid(1), &doc_id(1), false)?;
        s.doc_put(&DocRow { state: DocState::Archived, ..closed.clone() })
    });
    assert_eq!(read(store, |s| s.presence(&doc_id(1))), [pid(2)]);
    assert_eq!(read(store, |s| s.docs_closed(UtcMillis(51), 9)), [], "it left already");
}

fn codes_work_once_and_in_time(store: &dyn Store) {
    let person: PersonId = "W01".parse().expect("an account name");
    let code = |n: u8| CodeRow {
        code_hash: [n; 32],
        person: person.clone(),
        grids: vec!["329901001012001".parse().expect("a grid code")],
        expires_at: UtcMillis(100),
    };
    write(store, |s| s.code_put(&code(1)).and_then(|()| s.code_put(&code(2))));
    assert_eq!(write(store, |s| s.code_take(&[1; 32], UtcMillis(100))), None, "too late");
    assert_eq!(read(store, |s| s.code_used(&[1; 32], UtcMillis(99))), None);
    assert_eq!(write(store, |s| s.code_take(&[1; 32], UtcMillis(99))), Some(code(1)));
    assert_eq!(read(store, |s| s.code_used(&[1; 32], UtcMillis(99))), Some(code(1)));
    assert_eq!(read(store, |s| s.code_used(&[1; 32], UtcMillis(100))), None, "in its time");
    assert_eq!(write(store, |s| s.code_take(&[1; 32], UtcMillis(99))), None, "used up");
    write(store, |s| s.code_put(&code(1)));
    assert_eq!(write(store, |s| s.code_take(&[1; 32], UtcMillis(99))), Some(code(1)), "put back");
    assert_eq!(write(store, |s| s.code_take(&[3; 32], UtcMillis(1))), None);
}

fn device(n: u8) -> DeviceRow {
    DeviceRow {
        id: DeviceId([n; 16]),
        person: "W01".parse().expect("an account name"),
        public_key: vec![n; 32],
        author: Author([n; 16]),
        install: InstallId([n; 16]),
        grids: vec!["329901001012001".parse().expect("a grid code")],
        status: DeviceStatus::Active,
        max_counter: 0,
        app: "1".to_owned(),
        enrolled_at: UtcMillis(i64::from(n)),
        last_seen: None,
        renewed_from: None,
    }
}

fn phones_are_found_by_identity_and_author(store: &dyn Store) {
    let person = PersonRow {
        id: "W01".parse().expect("an account name"),
        post: Role::Inspector,
        areas: vec!["329901001012".to_owned(), "329901002".to_owned()],
        department: Some("FIRE".parse().expect("a code")),
        added_at: UtcMillis(1),
    };
    write(store, |s| {
        s.person_put(&person)?;
        s.device_put(&device(2))?;
        s.device_put(&device(1))?;
        s.device_seen(&DeviceId([1; 16]), UtcMillis(70), 5, "2")?;
        s.device_seen(&DeviceId([1; 16]), UtcMillis(60), 4, "2")?;
        s.cursor_seen(&DeviceId([1; 16]), &pid(1), 3, UtcMillis(1))
    });
    read(store, |s| {
        assert_eq!(s.person(&person.id)?, Some(person.clone()));
        assert_eq!(s.people()?, std::slice::from_ref(&person));
        let seen = s.device(&DeviceId([1; 16]))?.expect("it enrolled");
        assert_eq!((seen.max_counter, seen.last_seen), (5, Some(UtcMillis(70))), "never lowered");
        assert_eq!(s.device_by_author(&Author([2; 16]))?, Some(device(2)));
        assert_eq!(s.device(&DeviceId([9; 16]))?, None);
        assert_eq!(s.devices()?.len(), 2);
        Ok(())
    });
}

fn tickets_are_decided_once(store: &dyn Store) {
    let row = TicketRow {
        ticket: 0,
        doc: doc_id(1),
        hash: ChangeHash([1; 32]),
        raw: vec![1, 2, 3],
        pid: pid(1),
        device: DeviceId([1; 16]),
        author: Author([1; 16]),
        manifest: [1; 16],
        reason: "revoked".to_owned(),
        received_at: UtcMillis(1),
        decision: None,
    };
    let n = write(store, |s| s.ticket_open(&row));
    assert_eq!(write(store, |s| s.ticket_open(&row)), n, "a change has one ticket");
    assert_eq!(read(store, |s| s.tickets_open()), [TicketRow { ticket: n, ..row.clone() }]);
    assert_eq!(read(store, |s| s.tickets_on(&row.doc)).len(), 1);
    write(store, |s| s.ticket_reason(n, &row.reason));
    let decide = |d| write(store, |s| s.ticket_decide(n, d, "admin", UtcMillis(2)));
    assert!(decide(Decision::Discarded) && !decide(Decision::Accepted));
    assert_eq!(read(store, |s| s.tickets_open()), []);
    let decided = read(store, |s| s.ticket(n)).expect("it is kept");
    assert_eq!(decided.decision, Some(Decision::Discarded));
    for _ in 0..3 {
        assert_eq!(read(store, |s| s.tickets_untold(&row.device)).len(), 1);
        write(store, |s| s.ticket_told(n));
    }
    assert_eq!(read(store, |s| s.tickets_untold(&row.device)), []);
}

fn audit_rows_are_appended(store: &dyn Store) {
    let row = |n: u64| AuditRow {
        n,
        at: UtcMillis(1),
        actor: "admin".to_owned(),
        action: "a".to_owned(),
        object: "o".to_owned(),
        success: n != 2,
        prev: [0; 32],
        hash: [1; 32],
    };
    assert_eq!(read(store, |s| s.audit_last()), None);
    write(store, |s| s.audit_put(&row(1)).and_then(|()| s.audit_put(&row(2))));
    assert!(super::transact(store, |s| s.audit_put(&row(2))).is_err(), "a number is given once");
    assert_eq!(read(store, |s| s.audit_last()), Some(row(2)));
    assert_eq!(read(store, |s| s.audit_after(1, 9)), [row(2)]);
}

fn rows_are_replaced(store: &dyn Store) {
    let conflict = |field: &str, at: i64| ConflictRow {
        doc: doc_id(1),
        container: "facts".to_owned(),
        field: field.to_owned(),
        pid: pid(1),
        kind: "place".to_owned(),
        rivals: "aa,bb".to_owned(),
        newest_at: UtcMillis(at),
    };
    let rows = DocumentRows {
        conflicts: vec![conflict("lift", 1), conflict("use", 2)],
        ..DocumentRows::default()
    };
    write(store, |s| s.rows_put(&doc_id(1), &rows));
    assert_eq!(read(store, |s| s.rows(&doc_id(1))), rows);
    assert_eq!(read(store, |s| s.conflicts(1)), [conflict("use", 2)], "newest first");
    write(store, |s| s.rows_put(&doc_id(1), &DocumentRows::default()));
    assert_eq!(read(store, |s| s.conflict_count()), 0);
    write(store, |s| s.rows_put(&doc_id(1), &rows).and_then(|()| s.rows_clear()));
    assert_eq!(read(store, |s| s.rows(&doc_id(1))), DocumentRows::default());
}
