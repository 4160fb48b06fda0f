//! The fleet binary with a few phones: it comes to its end, everybody agrees, and coming for nothing is one request.

use std::process::Command;

use serde_json::Value;

const BENCH: &str = env!("CARGO_BIN_EXE_ironfeet-bench");
/// A place, a visit, an answer and four notes of each phone.
const CHANGES: u64 = 7;

#[test]
fn a_small_fleet_comes_and_agrees() {
    const PHONES: u64 = 20;
    let phones = PHONES.to_string();
    let ran = Command::new(BENCH)
        .args(["fleet", "--phones", &phones, "--seconds", "0.2"])
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stdout));
    let found: Value = serde_json::from_slice(&ran.stdout).expect("one JSON value");
    assert_eq!(found["well"], true, "{found}");
    assert_eq!(found["push"]["pushed"], PHONES * CHANGES);
    assert_eq!(found["quiet"]["requests"], PHONES, "one request each");
    assert_eq!((&found["quiet"]["pushed"], &found["quiet"]["pulled"]), (&0.into(), &0.into()));
}
