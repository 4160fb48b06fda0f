//! Seeds of the simulation: many small worlds, each with its own faults. A failing seed is printed;
//! run it alone with `IRONFEET_SEED=n cargo test -p ironfeet-tests --test simulation`, a soak with
//! `IRONFEET_SEEDS=100000`.

use ironfeet_tests::simulation::{Report, World};

/// Seeds in an ordinary run.
const SEEDS: u64 = 120;
const EVENTS: usize = 60;

#[expect(clippy::disallowed_methods, reason = "a test may be told its seeds")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn live(seed: u64) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(seed).await;
        world.live(EVENTS, if seed.is_multiple_of(4) { 0 } else { 15 }).await;
        world.settle().await
    })
}

#[test]
fn every_world_comes_to_rest_whole_and_equal() {
    let seeds = match told("IRONFEET_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..told("IRONFEET_SEEDS").unwrap_or(SEEDS),
    };
    let mut sum = Report::default();
    let mut failed = Vec::new();
    for seed in seeds.clone() {
        match live(seed) {
            Ok(report) => {
                sum.edits += report.edits;
                sum.syncs.0 += report.syncs.0;
                sum.syncs.1 += report.syncs.1;
                sum.upsets += report.upsets;
                sum.conflicts += report.conflicts;
                sum.places += report.places;
            }
            Err(why) => failed.push(format!("seed {seed}: {why}")),
        }
    }
    println!("seeds {seeds:?}: {sum:?}");
    assert!(failed.is_empty(), "{} of {seeds:?} failed:\n{}", failed.len(), failed.join("\n"));
    if seeds.end - seeds.start > 50 {
        assert!(
            sum.conflicts > 0 && sum.upsets > 0 && sum.syncs.1 > 0,
            "a world too calm: {sum:?}"
        );
    }
}
