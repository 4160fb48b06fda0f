//! One frame of every kind of message, and the hashes beside them, byte for byte: what another implementation tests
//! itself against. They stand in `docs/frames.txt`; a difference is another protocol.

use std::fmt::Write as _;

use minicbor::{Decode, Encode};

use super::bundle::{BundleChunk, BundleHeader, put_frame};
use super::chain;
use super::chunk;
use super::digest::{self, Digest, DocState};
use super::frame::{self, VERSION_PLAIN, VERSION_ZSTD};
use super::manifest::{self, Signer, SoftwareSigner};
use super::message::*;
use super::row::Row;
use super::stamp;
use crate::document::{Authorship, Birth, Document, Edit, PlaceBirth, PlaceEdit};
use crate::model::{Author, DocId, InstallId, Pid, Remark, Role, Scalar, UtcMillis};

const AT: UtcMillis = UtcMillis(1_795_000_000_000);
const HISTORY: [u8; 16] = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 1];
const STAMP_KEY: [u8; 32] = [9; 32];

fn pid() -> Pid {
    "g329901001012001".parse().unwrap()
}

fn inbox() -> Pid {
    "dFIRE@329901".parse().unwrap()
}

const DOC: DocId = DocId([0x11; 16]);

/// A place and a remark on it: two changes of one actor.
fn changes() -> Vec<(crate::model::ChangeHash, Vec<u8>)> {
    let by = Authorship { author: Author([0xa1; 16]), actor: [0xac; 16] };
    let facts = vec![
        ("kind".to_owned(), Scalar::Str("dwelling".to_owned())),
        ("address".to_owned(), Scalar::Str("平川路 8 号".to_owned())),
        ("storeys".to_owned(), Scalar::Int(6)),
    ];
    let birth = Birth::Place(PlaceBirth { facts, by_role: Role::Inspector });
    let (mut document, made) = Document::birth(DOC, &birth, &by, AT).unwrap();
    let remark = Remark { at: AT, by_role: Role::Inspector, text: "铁门朝北".to_owned() };
    let edit = Edit::Place(PlaceEdit::Remark(remark));
    let more = document.edit(&edit, &by, AT.plus_ms(1_000)).unwrap().unwrap();
    vec![(made.hash, made.raw), (more.hash, more.raw)]
}

fn bodies() -> Vec<Body> {
    changes().iter().map(|(_, raw)| Body(chunk::body(raw).unwrap().to_vec())).collect()
}

fn signer() -> SoftwareSigner {
    SoftwareSigner::new(&[7; 32])
}

fn signed() -> Manifest {
    let item = |body: Body| PushItem { doc: DOC, pid: pid(), move_gen: 0, body: body.0 };
    let mut manifest = Manifest {
        device: manifest::device_id(&signer().public_key()),
        counter: 8,
        lease: 7,
        made_at: AT,
        items: bodies().into_iter().map(item).collect(),
        sig: Vec::new(),
    };
    manifest::sign(&mut manifest, &signer()).unwrap();
    manifest
}

fn entries() -> Vec<Entry> {
    let [(_, first), (second, _)] = &changes()[..] else { panic!("two changes") };
    let entry = |what| Entry { doc: DOC, what };
    vec![
        entry(EntryKind::Change(chunk::body(first).unwrap().to_vec())),
        entry(EntryKind::Echo(*second)),
        entry(EntryKind::Leave(LeaveReason::Moved(inbox()), 1)),
        entry(EntryKind::Enter(2, bodies())),
        entry(EntryKind::Freeze(2)),
        entry(EntryKind::Leave(LeaveReason::Archived, 2)),
        entry(EntryKind::Note("schema 2".to_owned())),
    ]
}

/// The chain over [`entries`], from the beginning.
fn chains() -> Vec<chain::Chain> {
    let mut at = chain::origin(&HISTORY, &pid());
    let mut all = vec![at];
    for (seq, entry) in (1..).zip(entries()) {
        at = chain::over(&at, seq, &entry);
        all.push(at);
    }
    all
}

fn request() -> SyncRequest {
    SyncRequest {
        proto: PROTO,
        app: "0.1.0".to_owned(),
        schema: SCHEMA,
        install: InstallId([1; 16]),
        device: manifest::device_id(&signer().public_key()),
        counter: 7,
        push: vec![signed()],
        cursors: vec![Cursor {
            pid: pid(),
            history: HISTORY,
            seq: 7,
            chain: chain::cut(&chains()[7]),
            digest: Digest::default().cut(),
            count: 0,
        }],
        want: Want { max_bytes: 1 << 20, priority: vec![pid()] },
        offers: vec![Offer {
            pid: pid(),
            after: 0,
            entries: entries()[..1].to_vec(),
            stamp: stamp::stamp(&STAMP_KEY, &pid(), 1, &chains()[1]),
            since: Some(Since {
                chain: chains()[0],
                stamp: stamp::stamp(&STAMP_KEY, &pid(), 0, &chains()[0]),
            }),
        }],
        apply_failed: vec![DocChange { doc: DOC, hash: changes()[0].0 }],
        claims: vec![DocChange { doc: DOC, hash: changes()[1].0 }],
        etag: Some([4; 8]),
    }
}

/// A receipt of every kind and a part of every status that carries something.
fn response() -> SyncResponse {
    let hash = changes()[0].0;
    let statuses = [
        PushStatus::Accepted(5),
        PushStatus::Dup(5),
        PushStatus::MissingDeps(vec![hash]),
        PushStatus::Rejected("start_op".to_owned(), "why".to_owned()),
        PushStatus::Quarantined(3, "scope".to_owned()),
        PushStatus::Moved(9, inbox()),
        PushStatus::TryLater,
        PushStatus::Gone,
    ];
    let receipt = |status| Receipt { doc: DOC, hash, status };
    let part = |pid: Pid, status| Part {
        pid,
        status,
        entries: Vec::new(),
        seq: 0,
        digest: [0; 16],
        count: 0,
        durable_seq: 0,
        stamp: [0; 16],
        bundle: None,
        last_seq: 0,
        chain: [0; 16],
    };
    let ends = chains();
    let ok = Part {
        entries: entries(),
        seq: 7,
        digest: Digest::default().cut(),
        durable_seq: 4,
        stamp: stamp::stamp(&STAMP_KEY, &pid(), 7, &ends[7]),
        last_seq: 7,
        chain: chain::cut(&ends[7]),
        ..part(pid(), PartStatus::Ok)
    };
    let bundle = BundleRef { n: 2, upto_seq: 500, bytes: 60_000, count: 400, sha256: [8; 32] };
    let reset = Part { bundle: Some(bundle), ..part(inbox(), PartStatus::Reset) };
    let diverged = part("g329901001012002".parse().unwrap(), PartStatus::Diverged);
    SyncResponse {
        server_time: AT,
        history: HISTORY,
        peer_counter: 8,
        push: statuses.map(receipt).to_vec(),
        parts: vec![ok, reset, diverged],
        notices: vec![Notice {
            ticket: 3,
            doc: DOC,
            hash,
            accepted: true,
            reason: "scope".to_owned(),
        }],
        next_poll_s: 300,
        grants: vec![pid(), inbox()],
        checklists: Some([6; 16]),
        lease: Some(Term {
            id: 7,
            not_before: AT,
            not_after: AT.plus_ms(72 * 3_600_000),
            hand_in_by: AT.plus_days(10),
        }),
        lost: vec![DocChange { doc: DOC, hash }],
        role: Some(Role::CommunityPolice.to_string()),
        etag: Some([5; 8]),
    }
}

fn whole() -> HealDoc {
    HealDoc { doc: DOC, move_gen: 2, frozen: false, bodies: bodies() }
}

fn header() -> BundleHeader {
    let mut digest = Digest::default();
    digest.add(&digest::item(&DOC, &[changes()[1].0], DocState::Live, 2));
    BundleHeader {
        pid: pid(),
        history: HISTORY,
        upto_seq: 7,
        chain: chains()[7],
        digest: digest.to_bytes(),
        count: 1,
        stamp: stamp::stamp(&STAMP_KEY, &pid(), 7, &chains()[7]),
        schema: SCHEMA,
        made_at: AT,
        durable_seq: 4,
    }
}

/// The message as a plain frame, which any encoder makes alike; read back it is the same.
fn plain<T>(message: &T) -> Vec<u8>
where
    T: Encode<Row> + for<'b> Decode<'b, Row> + PartialEq + std::fmt::Debug,
{
    let mut bytes = vec![VERSION_PLAIN];
    bytes.extend(minicbor::to_vec_with(message, &mut Row::default()).unwrap());
    assert_eq!(frame::decode::<T>(&bytes).unwrap(), *message);
    // However a sender packs it, it says the same.
    assert_eq!(frame::decode::<T>(&frame::encode(message)).unwrap(), *message);
    bytes
}

/// `name: hex` lines of the file.
fn told() -> String {
    let heal = HealRequest { pid: pid(), seq: 7, items: vec![HealItem { doc: DOC, item: [5; 8] }] };
    let healed =
        HealResponse { seq: 7, take: vec![whole()], drop: vec![DocId([2; 16])], more: false };
    let checkpoints = vec![
        Checkpoint { seq: 7, chain: chain::cut(&chains()[7]) },
        Checkpoint { seq: 4, chain: [1; 16] },
    ];
    let locate = LocateRequest { pid: pid(), checkpoints };
    let chunk = BundleChunk { docs: vec![whole()] };
    let mut file = Vec::new();
    put_frame(&mut file, &plain(&header()));
    put_frame(&mut file, &plain(&chunk));
    let manifest = signed();
    let item = digest::item(&DOC, &[changes()[1].0], DocState::Live, 2);
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("change 1 as its author stores it", changes()[0].1.clone()),
        ("change 1: its hash", changes()[0].0.0.to_vec()),
        ("change 1: its body", bodies()[0].0.clone()),
        ("change 2 as its author stores it", changes()[1].1.clone()),
        ("change 2: its hash", changes()[1].0.0.to_vec()),
        ("manifest: private key (Ed25519 seed)", vec![7; 32]),
        ("manifest: public key", signer().public_key()),
        ("manifest: device", manifest.device.0.to_vec()),
        ("manifest: what is signed", manifest::signed_bytes(&manifest)),
        ("manifest: signature", manifest.sig.clone()),
        ("chain before entry 1", chains()[0].to_vec()),
        ("chain after entry 1, a change", chains()[1].to_vec()),
        ("chain after entry 2, an echo", chains()[2].to_vec()),
        ("chain after entry 3, moved away", chains()[3].to_vec()),
        ("chain after entry 4, entered", chains()[4].to_vec()),
        ("chain after entry 5, frozen", chains()[5].to_vec()),
        ("chain after entry 6, archived", chains()[6].to_vec()),
        ("chain after entry 7, a note", chains()[7].to_vec()),
        ("digest item of the document, live, moved twice", item.to_vec()),
        ("digest of a partition that holds it alone", header().digest.to_vec()),
        ("digest of an empty partition, cut", Digest::default().cut().to_vec()),
        ("stamp of entry 7 under the key 09…", header().stamp.to_vec()),
        ("POST /v1/sync, request", plain(&request())),
        ("POST /v1/sync, response", plain(&Answer::Whole(Box::new(response())))),
        (
            "POST /v1/sync, response where nothing changed since the answer named",
            plain(&Answer::Same(AT)),
        ),
        ("POST /v1/locate, request", plain(&locate)),
        ("POST /v1/locate, response", plain(&LocateResponse { seq: 4 })),
        ("POST /v1/heal, request", plain(&heal)),
        ("POST /v1/heal, response", plain(&healed)),
        ("bundle: header frame", plain(&header())),
        ("bundle: chunk frame", plain(&chunk)),
        ("bundle: the whole file", file),
    ];
    let mut out = String::new();
    for (name, bytes) in rows {
        writeln!(out, "{name}\n{}\n", hex::encode(bytes)).unwrap();
    }
    out
}

#[test]
fn every_kind_of_message_is_these_bytes_for_ever() {
    expect_test::expect_file!["../../../docs/frames.txt"].assert_eq(&told());
}

/// A packed frame is not the same bytes under every zstd; this one was made once and is read for ever.
#[test]
fn a_packed_frame_of_long_ago_is_read() {
    let packed = include_str!("../../../docs/frame-packed.txt");
    let bytes = hex::decode(packed.split_whitespace().collect::<String>()).unwrap();
    assert_eq!(bytes[0], VERSION_ZSTD);
    // It is from before answers told the post and had tags.
    let then = SyncResponse { role: None, etag: None, ..response() };
    assert_eq!(frame::decode::<SyncResponse>(&bytes).unwrap(), then);
}

/// Another reader skips what it does not know: keys of the future at the end of a map.
#[test]
fn a_response_of_a_newer_server_is_read() {
    let idle = SyncResponse { push: Vec::new(), parts: Vec::new(), ..response() };
    let mut bytes = plain(&idle);
    assert_eq!(bytes[1], 0xad, "a map of thirteen");
    bytes[1] += 1;
    bytes.extend([0x18, 0x63, 0xf5]);
    assert_eq!(frame::decode::<SyncResponse>(&bytes).unwrap(), idle);
}
