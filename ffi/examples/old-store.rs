//! Writes the store that the story "app upgrade with an old store" opens: `old-store FOLDER`.
//!
//! Run by `mobile-bindings/fixtures/make.sh` when a version is released, never by a test: the store of a
//! released version must stay as that version wrote it. Key: 32 bytes of 0x2a.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{PersonId, PlaceKind, Role, UtcMillis};
use ironfeet_core::phone::{NewPlace, OpenOptions, Phone};

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
        key: [0x2a; 32],
        clock: Arc::new(Morning),
        entropy: Arc::new(System),
        content: None,
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
    Ok(())
}
