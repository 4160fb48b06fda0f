//! The corpus of mutants: honest changes with a few bytes altered and the checksum put right.
//! None that admission takes may do harm later. Also replays what the fuzzer once found.
//!
//! `IRONFEET_MUTANTS=200000 cargo test --release -p ironfeet-core --test admission -- --nocapture`
//! gives the table in `docs/benchmarks/admission.md`.

#[cfg(test)]
#[path = "admission/ground.rs"]
mod ground;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ground::{Ground, grounds, judge, seal};

/// Seeds as in the first probe of the engine, so that verdict tables can be compared.
const FIRST_SEED: u64 = 40_000;
const MUTANTS: u64 = 20_000;

struct Xorshift(u64);

impl Xorshift {
    fn of(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("below a usize")
    }
}

/// One to three bytes behind the header altered, or taken from another honest change. Most of
/// them behind the dependencies too: an altered hash is only a missing dependency.
fn mutant(seed: u64, grounds: &[Ground]) -> (&Ground, Vec<u8>) {
    let mut random = Xorshift::of(seed);
    let ground = &grounds[random.below(grounds.len())];
    let mut raw = ground.change.clone();
    for _ in 0..=random.below(3) {
        let from = if random.below(4) == 0 { 10 } else { ground.body };
        let at = from + random.below(raw.len() - from);
        match random.below(5) {
            0 => raw[at] = random.next().to_le_bytes()[0],
            1 => raw[at] ^= 1 << random.below(8),
            2 => raw[at] = raw[at].wrapping_add(1),
            3 => raw[at] = 0x7f,
            _ => {
                let other = &grounds[random.below(grounds.len())].change;
                let from = random.below(other.len());
                let n = (1 + random.below(8)).min(other.len() - from).min(raw.len() - at);
                raw[at..at + n].copy_from_slice(&other[from..from + n]);
            }
        }
    }
    seal(&mut raw);
    (ground, raw)
}

#[test]
fn no_mutant_that_is_taken_does_harm_later() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the length of a measuring run is chosen outside"
    )]
    let wanted = std::env::var("IRONFEET_MUTANTS").ok();
    let mutants = wanted.map_or(MUTANTS, |n| n.parse().expect("a number of mutants"));
    let grounds = grounds();
    let mut table: BTreeMap<String, u64> = BTreeMap::new();
    let mut harmful = Vec::new();
    for seed in FIRST_SEED..FIRST_SEED + mutants {
        let (ground, raw) = mutant(seed, &grounds);
        let verdict = catch_unwind(AssertUnwindSafe(|| judge(ground, &raw)));
        let verdict = verdict.unwrap_or_else(|_| {
            harmful.push((seed, ground.name));
            "TAKEN AND HARMFUL".to_owned()
        });
        *table.entry(verdict).or_default() += 1;
    }
    println!("seeds {FIRST_SEED}..{}, {} grounds", FIRST_SEED + mutants, grounds.len());
    for (verdict, n) in &table {
        println!("{n:8} {verdict}");
    }
    assert_eq!(harmful, [], "seeds of mutants that were taken and did harm");
    assert!(table.contains_key("accepted") && table.contains_key("refused: missing_deps"));
}

#[test]
fn honest_changes_are_taken() {
    for ground in grounds() {
        assert_eq!(judge(&ground, &ground.change), "accepted", "{}", ground.name);
    }
}

/// Each file `VERDICT.ANYTHING`: one byte for the ground, then the change as the fuzzer made it.
#[test]
fn what_the_fuzzer_found_stays_fixed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions/admission");
    let grounds = grounds();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let (first, raw) = bytes.split_first().expect("a ground and a change");
        let ground = &grounds[usize::from(*first) % grounds.len()];
        let mut raw = raw.to_vec();
        seal(&mut raw);
        // Which check of the dry run strikes differs with the engine's own assertions.
        let verdict = match judge(ground, &raw).as_str() {
            "refused: dry_run_panic" | "refused: reencode" | "refused: load" => {
                "dry run".to_owned()
            }
            other => other.to_owned(),
        };
        let name = file.file_name().unwrap().to_str().unwrap();
        let expected = name.split_once('.').unwrap().0.replace('-', " ");
        assert_eq!(verdict.replace(": ", " "), expected, "{name}");
    }
}
