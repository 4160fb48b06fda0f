//! Each guard of the sync switched off, one at a time: within a few seeds an oracle must object.
//! A guard whose absence nobody notices is a guard that nobody tests.

#![expect(clippy::print_stdout, reason = "a test tells its seeds")]

use std::sync::Mutex;

use ironfeet_core::faults::{self, Guard};
use ironfeet_tests::simulation::{Plan, live};

/// Seeds an oracle has to notice.
const SEEDS_MAX: u64 = 150;
/// The switches count for the whole process.
static TURN: Mutex<()> = Mutex::new(());

fn plan(guard: Guard, seed: u64) -> Plan {
    // Only syncs that meet need the lock.
    if guard == Guard::RowLock { Plan::rush() } else { Plan::of(seed) }
}

/// The first seed at which an oracle objects, and its words.
fn objection(guard: Guard, seeds: u64) -> Option<(u64, String)> {
    faults::switch_off(guard);
    let found = (0..seeds).find_map(|seed| {
        let lived = std::panic::catch_unwind(|| live(seed, plan(guard, seed)));
        let why = match lived {
            Ok(Ok(_)) => return None,
            Ok(Err(why)) => why,
            Err(_) => "panicked".to_owned(),
        };
        Some((seed, why.lines().next().unwrap_or_default().to_owned()))
    });
    faults::switch_on(guard);
    found
}

#[track_caller]
fn is_missed(guard: Guard) {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some((seed, why)) = objection(guard, SEEDS_MAX) else {
        panic!("{guard:?} is off and in {SEEDS_MAX} seeds nobody noticed");
    };
    println!("{guard:?}: noticed after {} seeds (seed {seed}): {why}", seed + 1);
    // It is the missing guard that was noticed, not the seed.
    let with = live(seed, plan(guard, seed));
    assert!(with.is_ok(), "seed {seed} fails with all guards too: {with:?}");
}

#[test]
fn without_the_second_look_under_the_lock_an_oracle_objects() {
    is_missed(Guard::RowLock);
}

#[test]
fn without_the_chain_check_an_oracle_objects() {
    is_missed(Guard::ChainCheck);
}

#[test]
fn without_fresh_actors_an_oracle_objects() {
    is_missed(Guard::FreshActors);
}

#[test]
fn without_the_dry_run_an_oracle_objects() {
    is_missed(Guard::DryRun);
}

#[test]
fn without_the_durable_mark_an_oracle_objects() {
    is_missed(Guard::DurableSeq);
}
