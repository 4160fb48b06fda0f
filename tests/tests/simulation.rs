//! Seeds of the simulation: many small worlds, each with its own faults. A failing seed is printed;
//! it alone: `IRONFEET_SEED=n cargo test -p ironfeet-tests --test simulation`; another number of
//! them: `IRONFEET_SEEDS=100000`; a soak of millions: `IRONFEET_SEEDS=1000000 cargo test --release …`.

use ironfeet_tests::simulation::{Plan, Report, live, many, threads};

/// Seeds in an ordinary run.
const SEEDS: u64 = 2_000;
/// After so many failures there is enough to look at.
const FAILURES_MAX: usize = 8;

#[expect(clippy::disallowed_methods, reason = "a test may be told its seeds")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_world_comes_to_rest_whole_and_equal() {
    let seeds = match told("IRONFEET_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..told("IRONFEET_SEEDS").unwrap_or(SEEDS),
    };
    let sum = many(seeds.clone(), threads(), FAILURES_MAX, &|_, _| {});
    println!("seeds {seeds:?}: {:?}", sum.report);
    let failed: Vec<String> =
        sum.failed.iter().map(|(seed, why)| format!("seed {seed}: {why}")).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), sum.seeds, failed.join("\n"));
    let report = sum.report;
    if seeds.end - seeds.start > 100 {
        let lively = [
            report.conflicts,
            report.upsets,
            report.restores,
            report.met,
            report.mutants,
            report.waiting,
            report.syncs.1,
        ];
        assert!(lively.iter().all(|n| *n > 0), "a world too calm: {report:?}");
    }
}

#[test]
fn a_department_sees_what_it_is_shown_whatever_happens() {
    let mut sum = Report::default();
    for seed in told("IRONFEET_SEED").map_or(0..150, |seed| seed..seed + 1) {
        match live(seed, Plan::with_department(seed)) {
            Ok(report) => sum.add(&report),
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    println!("{sum:?}");
    let lively = [sum.shown, sum.handled, sum.restores, sum.conflicts];
    assert!(told("IRONFEET_SEED").is_some() || lively.iter().all(|n| *n > 0), "too calm: {sum:?}");
}

#[test]
fn a_seed_is_one_course_of_events() {
    for seed in [3, 7, 12] {
        let (first, second) = (live(seed, Plan::of(seed)), live(seed, Plan::of(seed)));
        assert_eq!(first, second, "seed {seed}");
    }
}
