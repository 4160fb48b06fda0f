//! Every maximum this room holds: taken at the limit, refused one over, with a code and the number.

use automerge as am;
use automerge::ReadDoc;
use automerge::transaction::{CommitOptions, Transactable, Transaction};

use super::tests::{ID, T0, born, by, visit_birth};
use super::*;
use crate::limits::{self, Room};
use crate::model::{Remark, Role};

/// What became of a thing of this size: taken, or a code and a text.
type Answer = Result<(), (String, String)>;

fn refused(error: &AdmitError) -> Answer {
    Err((error.code().to_owned(), error.to_string()))
}

fn forge(
    document: &Document,
    n: u8,
    actor: &[u8],
    work: impl FnOnce(&mut Transaction<'_>),
) -> Vec<u8> {
    let mut doc = document.doc.clone();
    doc.set_author(Some(am::Author::from(by(n).author.0.to_vec())));
    doc.set_actor(am::ActorId::from(actor));
    let mut tx = doc.transaction();
    work(&mut tx);
    tx.commit_with(CommitOptions::default().with_time(T0.0));
    doc.get_last_local_change().unwrap().raw_bytes().to_vec()
}

/// A change that puts these texts as answers.
fn texts(document: &Document, n: u8, values: &[(&str, usize)]) -> Vec<u8> {
    forge(document, n, &[n; 16], |tx| {
        let answers = tx.get(am::ROOT, "answers").unwrap().unwrap().1;
        for (key, length) in values {
            tx.put(&answers, *key, "x".repeat(*length)).unwrap();
        }
    })
}

fn judged(document: &Document, raw: &[u8]) -> Answer {
    let parts = parse_change(raw).or_else(|e| refused(&e).map(|()| unreachable!()))?;
    let history = Ledger::of(&document.changes());
    match &admit(Some(document), ID, &[parts], &history, None).verdicts[0] {
        Verdict::Accepted(_) => Ok(()),
        Verdict::Refused(error) => refused(error),
        Verdict::Forbidden(rule) => Err((rule.code().to_owned(), rule.to_string())),
        Verdict::Known => Err(("known".to_owned(), String::new())),
    }
}

/// Rows that know of so many changes and actors, and have every dependency.
struct Rows {
    changes: u64,
    actors: u64,
}

impl History for Rows {
    fn changes(&self) -> u64 {
        self.changes
    }

    fn actors(&self) -> u64 {
        self.actors
    }

    fn cum_max_op(&self, _: &ChangeHash) -> Option<u64> {
        Some(0)
    }

    fn actor(&self, _: &[u8; 16]) -> Option<ActorState> {
        None
    }
}

/// The head of an honest first change of an actor, judged by rows alone.
fn structure(rows: &Rows, alter: impl FnOnce(&mut ChangeParts)) -> Answer {
    let base = born(&visit_birth());
    let mut parts = parse_change(&texts(&base, 9, &[("HH-A1", 2)])).unwrap();
    (parts.start_op, parts.max_op) = (1, 1);
    parts.other_actors.clear();
    alter(&mut parts);
    check_structure(&parts, rows, None).or_else(|e| refused(&e))
}

fn change_bytes(size: usize) -> Answer {
    let base = born(&visit_birth());
    let most = limits::VALUE_BYTES_MAX;
    let with = |last| texts(&base, 9, &[("A1", most), ("A2", most), ("A3", most), ("A4", last)]);
    let raw = with(size - with(10_000).len() + 10_000);
    assert_eq!(raw.len(), size);
    judged(&base, &raw)
}

fn change_ops(count: usize) -> Answer {
    let base = born(&visit_birth());
    let raw = forge(&base, 9, &[9; 16], |tx| {
        let notes = tx.get(am::ROOT, "notes").unwrap().unwrap().1;
        for at in 0..count {
            tx.insert(&notes, at, 1).unwrap();
        }
    });
    let parts = parse_change(&raw).unwrap();
    assert_eq!(parts.ops, count as u64);
    check_structure(&parts, &Ledger::of(&base.changes()), None).or_else(|e| refused(&e))
}

fn change_deps(count: usize) -> Answer {
    structure(&Rows { changes: 100, actors: 1 }, |parts| {
        parts.deps = (0..count).map(|n| ChangeHash([u8::try_from(n).unwrap(); 32])).collect();
    })
}

fn actor_bytes(length: usize) -> Answer {
    let base = born(&visit_birth());
    let raw = forge(&base, 9, &vec![9; length], |tx| {
        let answers = tx.get(am::ROOT, "answers").unwrap().unwrap().1;
        tx.put(&answers, "HH-A1", "ok").unwrap();
    });
    judged(&base, &raw)
}

fn document_bytes(size: usize) -> Answer {
    let mut document = born(&visit_birth());
    for n in 0..63 {
        // The same text again in the same field would be no change.
        let field = format!("A{n}");
        let raw = texts(&document, n, &[(field.as_str(), limits::VALUE_BYTES_MAX)]);
        document.extend([raw.as_slice()]).unwrap();
    }
    let grown = |length| {
        let raw = texts(&document, 90, &[("LAST", length)]);
        let mut next = Document { doc: document.doc.clone(), ..document };
        next.extend([raw.as_slice()]).unwrap();
        (next.save().len(), raw)
    };
    let mut length = 1_000;
    // A length may itself be written longer, so it takes a second step.
    for _ in 0..3 {
        length = length + size - grown(length).0;
    }
    let (saved, raw) = grown(length);
    assert_eq!(saved, size);
    judged(&document, &raw)
}

fn text_chars(chars: usize) -> Answer {
    let text = "字".repeat(chars);
    let note = Remark { at: T0, by_role: Role::Inspector, text };
    let done = born(&visit_birth()).edit(&Edit::Visit(VisitEdit::Note(note)), &by(9), T0);
    done.map(|_| ()).map_err(|e| ("edit".to_owned(), e.to_string()))
}

#[test]
fn every_limit_is_taken_and_one_over_is_refused_with_its_number() {
    type Probe = fn(usize) -> Answer;
    let rows: [(&str, &str, Probe); 10] = [
        ("change_bytes", "size", change_bytes),
        ("change_ops", "ops", change_ops),
        ("change_deps", "deps", change_deps),
        ("actor_bytes", "actor_length", actor_bytes),
        ("document_bytes", "full", document_bytes),
        ("document_changes", "full", |n| {
            structure(&Rows { changes: n as u64 - 1, actors: 1 }, |_| {})
        }),
        ("document_actors", "full", |n| {
            structure(&Rows { changes: 1_000, actors: n as u64 - 1 }, |_| {})
        }),
        ("text_chars", "edit", text_chars),
        ("key_bytes", "key", |n| {
            let base = born(&visit_birth());
            judged(&base, &texts(&base, 9, &[("k".repeat(n).as_str(), 2)]))
        }),
        ("value_bytes", "value", |n| {
            let base = born(&visit_birth());
            judged(&base, &texts(&base, 9, &[("HH-A1", n)]))
        }),
    ];
    let own: Vec<_> = limits::ALL.iter().filter(|l| l.room == Room::Document).collect();
    assert_eq!(own.iter().map(|l| l.name).collect::<Vec<_>>(), rows.map(|(name, ..)| name));
    for (limit, (name, code, probe)) in own.into_iter().zip(rows) {
        assert_eq!(probe(limit.max), Ok(()), "{name} at the limit");
        let (got, text) = probe(limit.max + 1).expect_err(name);
        assert_eq!(got, code, "{name} one over");
        assert!(text.contains(&limit.max.to_string()), "{name}: {text:?} says {}", limit.max);
    }
    // An actor is exactly this long.
    assert_eq!(actor_bytes(limits::ACTOR_BYTES - 1).expect_err("short").0, "actor_length");
}
