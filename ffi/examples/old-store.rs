//! Writes the stores of the stories about upgrades: `old-store FOLDER [VERSION]`. With a version, the finished
//! store pretends that an app of that version wrote it.
//!
//! Run by `mobile-bindings/fixtures/make.sh` when a version is released, never by a test: the store of a
//! released version must stay as that version wrote it. Key: 32 bytes of 0x2a.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{PersonId, PlaceKind, Role, UtcMillis};
use ironfeet_core::phone::{NewPlace, OpenOptions, Phone};
use sha2::{Digest, Sha256};

const KEY: [u8; 32] = [0x2a; 32];

/// 2026-11-23, 09:00 in Beijing.
struct Morning;

impl Clock for Morning {
    fn now(&self) -> UtcMillis {
        UtcMillis(1_795_395_600_000)
    }
}

struct System;

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "this is a main function's entropy")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("a system without random bytes cannot build this either");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: old-store FOLDER")?;
    let options = OpenOptions {
        dir: Path::new(&folder).join("person-li"),
        key: KEY,
        clock: Arc::new(Morning),
        entropy: Arc::new(System),
        content: None,
        keystore: None,
    };
    let person: PersonId = "li".parse()?;
    let phone = Phone::init(options, person, Role::Inspector, &["329901001012001".parse()?])?;
    let place = phone.place_add(&NewPlace {
        kind: PlaceKind::Dwelling,
        address: "平川市东街8栋2单元1203室".to_owned(),
        lat: Some(33.5901),
        lon: Some(119.0202),
        grid: None,
        facts: vec![("storeys".to_owned(), "6".to_owned())],
    })?;
    let visit = phone.visit_start(place, "household", false)?;
    for (item, value) in [("V-01", "routine"), ("V-02", "entered"), ("HH-A1", "multi")] {
        phone.visit_answer(visit, item, value)?;
    }
    phone.visit_note(visit, "下午再来")?;
    phone.tend()?;
    drop(phone);
    match std::env::args().nth(2) {
        Some(version) => pretend(&Path::new(&folder).join("person-li/phone.db"), version.parse()?),
        None => Ok(()),
    }
}

/// Writes another version into the file, past the core, which would not.
fn pretend(file: &Path, version: i64) -> Result<(), Box<dyn Error>> {
    let salt = Sha256::new().chain_update(b"ironfeet salt v1\0").chain_update(KEY).finalize();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let db = rusqlite::Connection::open(file)?;
    db.execute_batch(&format!("PRAGMA key = \"x'{}{}'\"", hex(&KEY), hex(&salt[..16])))?;
    db.pragma_update(None, "user_version", version)?;
    // Closing the last connection moves the write-ahead log into the file.
    Ok(())
}
