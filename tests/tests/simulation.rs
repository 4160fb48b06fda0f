//! Seeds of the simulation: many small worlds, each with its own faults. A failing seed is printed;
//! it alone: `IRONFEET_SEED=n cargo test -p ironfeet-tests --test simulation`; another number of
//! them: `IRONFEET_SEEDS=100000`, from another on: `IRONFEET_FROM=2000`; a soak of millions:
//! `IRONFEET_SEEDS=1000000 cargo test --release … -- --nocapture`.

use std::ops::Range;

use ironfeet_tests::simulation::{Plan, Report, live, many, threads};

/// Seeds in an ordinary run, and those with a department.
const SEEDS: u64 = 2_000;
const SEEDS_DEPARTMENT: u64 = 150;
/// After so many failures there is enough to look at.
const FAILURES_MAX: usize = 8;

#[expect(clippy::disallowed_methods, reason = "a test may be told its seeds")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds to live; many of them must be lively.
fn seeds(usually: u64) -> Range<u64> {
    let from = told("IRONFEET_FROM").unwrap_or(0);
    let asked = || from..from + told("IRONFEET_SEEDS").unwrap_or(usually);
    told("IRONFEET_SEED").map_or_else(asked, |seed| seed..seed + 1)
}

#[expect(clippy::print_stdout, reason = "a seed that fails is printed")]
fn lived(seeds: Range<u64>, plan: fn(u64) -> Plan) -> Report {
    let tell = |seed: u64, why: &str| println!("seed {seed}: {why}");
    let sum = many(seeds.clone(), plan, threads(), FAILURES_MAX, &tell);
    println!("seeds {seeds:?}: {:?}", sum.report);
    let failed: Vec<u64> = sum.failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "of {} seeds these failed, told above: {failed:?}", sum.seeds);
    sum.report
}

#[test]
fn every_world_comes_to_rest_whole_and_equal() {
    let seeds = seeds(SEEDS);
    let many = seeds.end - seeds.start > 100;
    let report = lived(seeds, Plan::of);
    let lively = [
        report.conflicts,
        report.upsets,
        report.restores,
        report.met,
        report.mutants,
        report.waiting,
        report.syncs.1,
    ];
    assert!(!many || lively.iter().all(|n| *n > 0), "a world too calm: {report:?}");
}

#[test]
fn a_department_sees_what_it_is_shown_whatever_happens() {
    let seeds = seeds(SEEDS_DEPARTMENT);
    let many = seeds.end - seeds.start > 100;
    let report = lived(seeds, Plan::with_department);
    let lively = [report.shown, report.handled, report.restores, report.conflicts];
    assert!(!many || lively.iter().all(|n| *n > 0), "a world too calm: {report:?}");
}

#[test]
fn a_seed_is_one_course_of_events() {
    for seed in [3, 7, 12] {
        let (first, second) = (live(seed, Plan::of(seed)), live(seed, Plan::of(seed)));
        assert_eq!(first, second, "seed {seed}");
    }
}
