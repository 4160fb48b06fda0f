//! The Rust side of `mobile-bindings/figures.sh`: the same calls without the bridge. Prints `rust NAME VALUE`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{PersonId, PlaceKind, Role, UtcMillis};
use ironfeet_core::phone::{NewPlace, OpenOptions, Phone, PhoneError};

struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is a main function's clock")]
    fn now(&self) -> UtcMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "this is a main function's entropy")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("a system without random bytes cannot build this either");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("ironfeet-figures-{}", std::process::id()));
    let told = measure(dir.clone());
    std::fs::remove_dir_all(dir)?;
    told
}

fn measure(dir: PathBuf) -> Result<(), Box<dyn Error>> {
    let (clock, entropy) = (Arc::new(System), Arc::new(System));
    let options = OpenOptions { dir, key: [1; 32], clock, entropy, content: None, keystore: None };
    let person: PersonId = "li".parse()?;
    let phone = Phone::init(options, person, Role::Inspector, &["329901001012001".parse()?])?;
    for n in 0..500 {
        phone.place_add(&NewPlace {
            kind: PlaceKind::Dwelling,
            address: format!("平川市东街{n}号"),
            lat: Some(33.5901),
            lon: Some(119.0202),
            grid: None,
            facts: Vec::new(),
        })?;
    }
    let place = phone.place_near(33.59, 119.02, 1)?[0].id;
    let visit = phone.visit_start(place, "household", false)?;
    let list = median(60, |_| phone.place_near(33.59, 119.02, 500).map(drop))?;
    let answer = median(400, |n| {
        let reason = if n % 2 == 0 { "routine" } else { "request" };
        phone.visit_answer(visit, "V-01", reason).map(drop)
    })?;
    tell("list_500_ms", list)?;
    tell("answer_ms", answer)?;
    Ok(())
}

fn tell(what: &str, value: f64) -> io::Result<()> {
    writeln!(io::stdout(), "rust {what} {value:.3}")
}

#[expect(clippy::disallowed_methods, reason = "this is a main function's stop-watch")]
fn median(
    times: usize,
    mut act: impl FnMut(usize) -> Result<(), PhoneError>,
) -> Result<f64, PhoneError> {
    for n in 0..times / 2 {
        act(n)?;
    }
    let mut took = Vec::with_capacity(times);
    for n in 0..times {
        let from = Instant::now();
        act(n)?;
        took.push(from.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    Ok(took[times / 2])
}
