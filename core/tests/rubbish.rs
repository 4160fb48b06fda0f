//! Bytes from anywhere are refused, never a panic: the kept corpus of the fuzz targets, and a bounded run of
//! altered honest input, the same on every machine. `IRONFEET_RUBBISH=1000000` for a longer one.

#[path = "rubbish/feed.rs"]
mod feed;

use ironfeet_core::model::{DeviceId, InstallId, UtcMillis};
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{Manifest, PROTO, PushItem, SCHEMA, SyncRequest, Want};

#[expect(clippy::disallowed_methods, reason = "a test may be told how long to run")]
fn rounds(ordinary: u64) -> u64 {
    std::env::var("IRONFEET_RUBBISH").ok().and_then(|n| n.parse().ok()).unwrap_or(ordinary)
}

/// The next number of a seed (splitmix64).
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 33) as usize
}

/// One to four bytes altered, and now and then a piece cut out, doubled or the end cut off.
fn altered(honest: &[u8], seed: u64) -> Vec<u8> {
    let mut seed = seed;
    let mut bytes = honest.to_vec();
    for _ in 0..=next(&mut seed) % 4 {
        let at = next(&mut seed) % bytes.len();
        bytes[at] = next(&mut seed) as u8;
    }
    let (a, b) = (next(&mut seed) % bytes.len(), next(&mut seed) % bytes.len());
    let (a, b) = (a.min(b), a.max(b));
    match next(&mut seed) % 8 {
        0 => drop(bytes.drain(a..b)),
        1 => bytes.truncate(b.max(1)),
        2 => {
            let piece = bytes[a..b].to_vec();
            bytes.splice(a..a, piece);
        }
        _ => {}
    }
    bytes
}

fn corpus(name: &str, feed: fn(&[u8])) {
    let dir =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions").join(name);
    for entry in std::fs::read_dir(dir).expect("the corpus is kept in the repository") {
        feed(&std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
}

fn request() -> SyncRequest {
    let item = |n: u8| PushItem {
        doc: ironfeet_core::model::DocId([n; 16]),
        pid: "g329901001012001".parse().expect("a partition"),
        move_gen: 0,
        body: (0..40).map(|b| b ^ n).collect(),
    };
    let push = vec![Manifest {
        device: DeviceId([1; 16]),
        counter: 3,
        lease: 0,
        made_at: UtcMillis(5),
        items: (0..4).map(item).collect(),
        sig: vec![7; 64],
    }];
    SyncRequest {
        proto: PROTO,
        app: "1.0".to_owned(),
        schema: SCHEMA,
        install: InstallId([2; 16]),
        device: DeviceId([1; 16]),
        counter: 2,
        push,
        cursors: Vec::new(),
        want: Want { max_bytes: 1 << 20, priority: Vec::new() },
        offers: Vec::new(),
        apply_failed: Vec::new(),
        claims: Vec::new(),
        etag: None,
    }
}

#[test]
fn altered_frames_are_refused_or_read_and_nothing_panics() {
    corpus("frame", feed::frame);
    // A short one goes plain, a long one packed.
    let short = SyncRequest { push: Vec::new(), ..request() };
    for honest in [frame::encode(&short), frame::encode(&request())] {
        feed::frame(&honest);
        for seed in 0..rounds(10_000) {
            feed::frame(&altered(&honest, seed));
        }
    }
}

#[test]
fn altered_checklists_are_refused_or_read_and_nothing_panics() {
    corpus("checklist", feed::checklist);
    let honest = include_str!("../content/checklists.yaml");
    // A whole file takes long to check: its head is enough to reach every rule of the reader.
    let cut = honest.char_indices().nth(6_000).map_or(honest.len(), |(at, _)| at);
    for seed in 0..rounds(1_000) {
        feed::checklist(&altered(&honest.as_bytes()[..cut], seed));
    }
}
