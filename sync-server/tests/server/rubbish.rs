//! Texts from anywhere are refused or read, never a panic and never a 5xx: JSON bodies, imports, settings. The
//! kept corpus, then a bounded run of altered honest input, the same on every machine.
//! `IRONFEET_RUBBISH=100000` for a longer one. A finding goes to `fuzz/regressions/`.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;

use ironfeet_server::command::{Admin, Command, Entry};
use ironfeet_server::config::Config;
use ironfeet_server::import::{self, Format};

use super::world::{GRID, World};

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

/// What breaks readers of text: openings, ends, signs, numbers beyond any type.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\r",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"=",
    b"#",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"-1",
    b"1e999",
    b"NaN",
    b"99999999999999999999",
    b"null",
    b"true",
    b"{}",
    b"[[[[",
    b"=cmd()",
    b"\xe5\xad\x97",
];

/// One to four places altered: a byte, a piece put in, a stretch cut out or doubled.
fn altered(honest: &[u8], mut seed: u64) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for _ in 0..=next(&mut seed) % 4 {
        let at = next(&mut seed) % bytes.len().max(1);
        let to = (at + next(&mut seed) % 20).min(bytes.len());
        match next(&mut seed) % 6 {
            0 if at < bytes.len() => bytes[at] = next(&mut seed) as u8,
            1 => drop(bytes.drain(at.min(to)..to)),
            2 => {
                let stretch = bytes[at.min(to)..to].to_vec();
                bytes.splice(at.min(to)..at.min(to), stretch);
            }
            _ => {
                let piece = PIECES[next(&mut seed) % PIECES.len()];
                let at = at.min(bytes.len());
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

/// The kept findings of a target; there are some.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus of {name} is kept in the repository");
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// The corpus, the honest input, and altered ones.
fn inputs(name: &str, honest: &[u8], ordinary: u64) -> impl Iterator<Item = Vec<u8>> {
    let honest = honest.to_vec();
    let kept = corpus(name).into_iter().chain([honest.clone()]);
    kept.chain((0..rounds(ordinary)).map(move |seed| altered(&honest, seed)))
}

#[tokio::test]
async fn altered_json_is_refused_or_read_and_never_a_fault_of_the_server() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let proof = phone.keys.proof("POST", "/v1/token");
    let ask = serde_json::json!({
        "code": "AAAA-BBBB-CCCC-DDDD", "install_id": hex::encode([1; 16]), "author": hex::encode([2; 16]),
        "public_key": hex::encode([3; 32]), "app": "1.0",
    });
    let assertion = serde_json::json!({ "assertion": proof });
    for (path, honest) in
        [("/v1/enrol", &ask), ("/v1/token", &assertion), ("/v1/renew", &assertion)]
    {
        for (n, bytes) in inputs("json", honest.to_string().as_bytes(), 400).enumerate() {
            if n % 20 == 0 {
                // So that nobody is slowed down for guessing codes.
                world.pass_days(1);
            }
            let request = Request::post(path).header("host", "server").body(Body::from(bytes));
            let status = world.send(request.unwrap()).await.status().as_u16();
            assert!(matches!(status, 200 | 400 | 401 | 403 | 413), "{path} {n}: {status}");
        }
    }
}

const CSV: &[u8] = "key,kind,address,grid,lat,lon,storeys\n\
    B-1,dwelling,和平路8号,329901001012001,33.61,119.02,6\n\
    B-2,small_premises,\"和平路, 10号\",329901001012001,33.61,119.03,1\n"
    .as_bytes();

#[test]
fn an_altered_import_is_refused_by_line_or_read() {
    let geojson = br#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[119.02,33.61]},"properties":{"key":"B-1","kind":"dwelling","address":"a","grid":"329901001012001","storeys":6}}]}"#;
    let runs =
        [("csv", Format::Csv, CSV, 4_000), ("geojson", Format::GeoJson, &geojson[..], 4_000)];
    for (name, format, honest, ordinary) in runs {
        assert!(
            !import::read(honest, format).unwrap().is_empty(),
            "{name}: the honest file is read"
        );
        let mut read = 0;
        for bytes in inputs(name, honest, ordinary) {
            match import::read(&bytes, format) {
                Ok(rows) => read += u64::from(!rows.is_empty()),
                Err(error) => {
                    let told = format!("{error:?}");
                    let start: String = told.chars().take(300).collect();
                    assert!(told.len() < 20_000, "an error is no copy of the file: {start}");
                }
            }
        }
        assert!(read > 0, "{name}: some altered files are still files");
    }
}

#[test]
fn an_altered_list_of_areas_is_all_or_nothing() {
    let world = World::new();
    let file = world.dir.path().join("areas.csv");
    let honest = "id,title\n329901,平川市\n329901001,城东街道\n".as_bytes();
    let count = || {
        let list = ironfeet_server::store::Register::Area;
        ironfeet_server::store::view(&*world.app.store, |s| s.register(list)).unwrap().len()
    };
    for bytes in inputs("areas", honest, 100) {
        std::fs::write(&file, &bytes).unwrap();
        let before = count();
        let act = Admin::Org { act: Entry::Import { file: file.clone() } };
        if world.run(Command::Admin { act }).is_err() {
            assert_eq!(count(), before, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn altered_settings_are_refused_by_name_or_read() {
    let honest = include_str!("../../config.example.toml");
    let mut read = 0;
    for bytes in inputs("config", honest.as_bytes(), 2_000) {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        match Config::load(Some(("file", &text)), [], &[]) {
            Ok(config) => {
                read += 1;
                // Settings that are read are checked without a panic, too.
                let _ = config.check();
            }
            Err(error) => assert!(error.to_string().starts_with("file: "), "{error}"),
        }
    }
    assert!(read > 0, "most alterations hit comments");
}
