//! Randomness that is the same every time: one independent stream per (seed, purpose, number),
//! so that any part of the city can be made alone, in any order. And sharing out totals exactly.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The stream for one purpose and number.
#[must_use]
pub(crate) fn stream(seed: u64, purpose: &str, number: u64) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(number.to_le_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// The streams of a thing in a grid: grid number above, thing number below.
#[must_use]
pub(crate) fn in_grid(grid: usize, number: u32) -> u64 {
    ((grid as u64) << 32) | u64::from(number)
}

/// Shares a total by weights: whole numbers, within one of the exact share, sum exactly the total.
/// With no weight at all everything is zero.
#[must_use]
pub(crate) fn share(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return vec![0; weights.len()];
    }
    let mut seen = 0.0;
    let mut given = 0;
    let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
    weights
        .iter()
        .enumerate()
        .map(|(i, weight)| {
            seen += weight;
            let upto = if i >= last { total } else { (total as f64 * seen / sum).round() as u64 };
            let upto = upto.clamp(given, total);
            let part = upto - given;
            given = upto;
            part
        })
        .collect()
}

/// As [`share`], but everyone gets at least one (the total must be at least the number of weights).
#[must_use]
pub(crate) fn share_at_least_one(total: u64, weights: &[f64]) -> Vec<u64> {
    let rest = total.saturating_sub(weights.len() as u64);
    share(rest, weights).into_iter().map(|n| n + 1).collect()
}

/// A number around zero with standard deviation one (sum of twelve uniform numbers).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// How often something rare happens, with this mean (Poisson, by multiplication).
pub(crate) fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> u32 {
    let floor = (-mean).exp();
    let mut product: f64 = rng.random();
    let mut n = 0;
    while product > floor {
        product *= rng.random::<f64>();
        n += 1;
    }
    n
}

/// One of the weights' positions, as likely as its weight; `None` when all are zero.
pub(crate) fn weighted(rng: &mut ChaCha8Rng, weights: &[f64]) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    let mut at = rng.random::<f64>() * sum;
    for (i, weight) in weights.iter().enumerate() {
        if at < *weight {
            return Some(i);
        }
        at -= weight;
    }
    weights.iter().rposition(|w| *w > 0.0)
}

/// One of the choices.
pub(crate) fn pick<'a, T>(rng: &mut ChaCha8Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.random_range(0..choices.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_streams_are_independent() {
        for total in [0, 1, 7, 1_000_003] {
            let parts = share(total, &[0.0, 1.0, 2.5, 0.0, 0.1, 0.0]);
            assert_eq!(parts.iter().sum::<u64>(), total, "{parts:?}");
            assert_eq!((parts[0], parts[5]), (0, 0));
        }
        assert_eq!(share(9, &[0.0, 0.0]), [0, 0]);
        assert_eq!(share_at_least_one(6, &[1.0, 1.0, 0.0, 1.0]).iter().sum::<u64>(), 6);
        let a: u64 = stream(1, "a", 1).random();
        assert_eq!(a, stream(1, "a", 1).random::<u64>());
        for other in [stream(2, "a", 1), stream(1, "b", 1), stream(1, "a", 2)] {
            assert_ne!(a, other.clone().random::<u64>());
        }
    }

    #[test]
    fn means_are_as_asked() {
        let mut rng = stream(3, "means", 0);
        let n = 20_000;
        let mean = f64::from((0..n).map(|_| poisson(&mut rng, 0.56)).sum::<u32>()) / f64::from(n);
        assert!((mean - 0.56).abs() < 0.02, "{mean}");
        let heavy = (0..n).filter(|_| weighted(&mut rng, &[3.0, 0.0, 1.0]) == Some(0)).count();
        assert!((heavy as f64 / f64::from(n) - 0.75).abs() < 0.02);
    }
}
