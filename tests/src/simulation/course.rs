//! Courses of events: one seed, or many over all cores.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Plan, Report, World};

/// Lives one seed to its end.
///
/// # Errors
/// What does not hold, in words.
///
/// # Panics
/// When the product panics.
pub fn live(seed: u64, plan: Plan) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut world = World::new(seed, plan).await;
        world.live().await;
        let settled = world.settle().await;
        settled.map_err(|why| format!("{why}\n{}", world.told()))
    })
}

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Sum {
    /// Seeds lived.
    pub seeds: u64,
    /// All figures together.
    pub report: Report,
    /// Seeds that failed, and why.
    pub failed: Vec<(u64, String)>,
}

/// Lives every seed of a range by its plan, spread over `threads`; stops early after `failures_max` failures.
/// `told` hears of each failure at once.
pub fn many(
    seeds: Range<u64>,
    plan: fn(u64) -> Plan,
    threads: usize,
    failures_max: usize,
    told: &(dyn Fn(u64, &str) + Sync),
) -> Sum {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let lived = caught(seed, plan(seed));
                    let mut sum = sum.lock().expect("not poisoned");
                    sum.seeds += 1;
                    match lived {
                        Ok(report) => sum.report.add(&report),
                        Err(why) => {
                            told(seed, &why);
                            sum.failed.push((seed, why));
                        }
                    }
                    if sum.failed.len() >= failures_max {
                        return;
                    }
                }
            });
        }
    });
    let mut sum = sum.into_inner().expect("not poisoned");
    sum.failed.sort_unstable();
    sum
}

/// A panic of the product is a failure of its seed and of no other.
fn caught(seed: u64, plan: Plan) -> Result<Report, String> {
    std::panic::catch_unwind(|| live(seed, plan)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("without a word")))
    })
}

/// As many threads as the machine runs at once.
#[must_use]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
