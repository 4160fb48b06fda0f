//! What happened, counted; and the summary that `ironfeet-demo --json` prints.

use ironfeet_core::phone::sync::SyncReport;
use serde_json::{Value, json};

/// Counts of one phone, or of all.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Visits finished.
    pub visits: u64,
    /// Of these, entered.
    pub entered: u64,
    /// Findings raised.
    pub findings: u64,
    /// Answers saved.
    pub answers: u64,
    /// Remarks at places without a checklist.
    pub remarks: u64,
    /// Place facts stated that somebody else states too, unseen.
    pub disputed: u64,
    /// Places added that the register did not have.
    pub added: u64,
    /// Visits made without network.
    pub offline: u64,
    /// Changes the server took.
    pub pushes: u64,
    /// Log entries and bundled records taken in.
    pub pulled: u64,
    /// Changes refused.
    pub refused: u64,
    /// Changes kept for review.
    pub quarantined: u64,
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Photos that arrived.
    pub photos: u64,
    /// Their bytes.
    pub photo_bytes: u64,
    /// Real milliseconds of each sync after the first.
    pub sync_ms: Vec<f64>,
    /// Real milliseconds of each answer, saved durably.
    pub answer_ms: Vec<f64>,
    /// What went wrong, in words; empty when all is well.
    pub failures: Vec<String>,
}

impl Tally {
    /// Adds a sync that took so many real milliseconds.
    pub fn synced(&mut self, report: &SyncReport, ms: f64) {
        self.pushes += report.pushed;
        self.pulled += report.pulled;
        self.refused += report.refused;
        self.quarantined += report.quarantined;
        self.bytes_up += report.bytes_up;
        self.bytes_down += report.bytes_down;
        self.sync_ms.push(ms);
    }

    /// Adds another tally and empties it.
    pub fn take(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        self.visits += other.visits;
        self.entered += other.entered;
        self.findings += other.findings;
        self.answers += other.answers;
        self.remarks += other.remarks;
        self.disputed += other.disputed;
        self.added += other.added;
        self.offline += other.offline;
        self.pushes += other.pushes;
        self.pulled += other.pulled;
        self.refused += other.refused;
        self.quarantined += other.quarantined;
        self.bytes_up += other.bytes_up;
        self.bytes_down += other.bytes_down;
        self.photos += other.photos;
        self.photo_bytes += other.photo_bytes;
        self.sync_ms.extend(other.sync_ms);
        self.answer_ms.extend(other.answer_ms);
        self.failures.extend(other.failures);
    }
}

/// The value below which this share of the values lies; 0 without values.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |x| (x * 100.0).round() / 100.0)
}

/// Everything that is told at the end.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Counts over all phones and days.
    pub tally: Tally,
    /// Size of the city.
    pub city: &'static str,
    /// Working days lived.
    pub days: u32,
    /// Phones enrolled.
    pub phones: usize,
    /// Phones that a city of this size has.
    pub phones_of_city: usize,
    /// Phones that keep what they have to themselves to the end.
    pub away: usize,
    /// Places imported.
    pub places: u64,
    /// Fields in conflict that wait for a supervisor.
    pub conflicts: usize,
    /// Real seconds until everything was ready to look at.
    pub ready_s: f64,
    /// What does not agree, in words.
    pub disagreements: Vec<String>,
}

impl Summary {
    /// Whether server and phones agree and nothing failed.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.disagreements.is_empty() && self.tally.failures.is_empty()
    }

    /// The summary as the commands' page promises it, and a little more.
    #[must_use]
    pub fn json(&self) -> Value {
        let t = &self.tally;
        let ms = |values: &[f64]| {
            json!({
                "p50": percentile(values, 0.50),
                "p95": percentile(values, 0.95),
                "p99": percentile(values, 0.99),
            })
        };
        json!({
            "city": self.city, "days": self.days, "phones": self.phones,
            "phones_of_city": self.phones_of_city, "phones_silent": self.away, "places": self.places,
            "visits": t.visits, "entered": t.entered, "answers": t.answers,
            "findings": t.findings, "conflicts": self.conflicts, "quarantined": t.quarantined,
            "refused": t.refused, "offline_visits": t.offline, "places_added": t.added,
            "pushes": t.pushes, "pulled": t.pulled, "syncs": t.sync_ms.len(),
            "bytes": {"up": t.bytes_up, "down": t.bytes_down},
            "photos": {"sent": t.photos, "bytes": t.photo_bytes},
            "sync_ms": ms(&t.sync_ms), "answer_ms": ms(&t.answer_ms),
            "ready_s": (self.ready_s * 10.0).round() / 10.0,
            "failures": t.failures, "disagreements": self.disagreements,
            "verify": if self.is_well() { "ok" } else { "failed" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_and_none() {
        assert!(percentile(&[], 0.5).abs() < 1e-9);
        assert!((percentile(&[3.0], 0.99) - 3.0).abs() < 1e-9);
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert!((percentile(&values, 0.95) - 96.0).abs() < 1e-9);
    }
}
