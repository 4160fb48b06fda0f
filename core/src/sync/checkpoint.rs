//! Sparse checkpoints: which numbers of the log a phone remembers the chain of (protocol 4.6).

/// At most this many are kept or sent.
pub const CHECKPOINTS_MAX: usize = 64;

/// Which of the remembered numbers to keep when the log is at `head`: dense near the head, each step
/// back twice as far apart, and the first always. `known` is sorted upward; the result too.
#[must_use]
pub fn thin(known: &[u64], head: u64) -> Vec<u64> {
    let mut kept: Vec<u64> = Vec::new();
    let mut last_band = u32::MAX;
    for seq in known.iter().rev().copied().filter(|seq| *seq <= head) {
        let band = (head - seq).checked_ilog2().map_or(0, |b| b + 1);
        if band != last_band || head - seq < 4 {
            kept.push(seq);
            last_band = band;
        }
    }
    if let Some(first) = known.first().filter(|first| !kept.contains(first)) {
        kept.push(*first);
    }
    kept.reverse();
    kept.truncate(CHECKPOINTS_MAX);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_dense_near_the_head_and_few() {
        let known: Vec<u64> = (1..=1_000).collect();
        let kept = thin(&known, 1_000);
        assert_eq!(kept.first(), Some(&1));
        assert_eq!(kept.last(), Some(&1_000));
        assert!(kept.len() <= 16, "{kept:?}");
        assert!(kept.contains(&999) && kept.contains(&998));
        let mut growing: Vec<u64> = Vec::new();
        for head in 1..5_000u64 {
            growing.push(head);
            growing = thin(&growing, head);
            assert!(growing.len() <= CHECKPOINTS_MAX && growing.windows(2).all(|w| w[0] < w[1]));
        }
    }
}
