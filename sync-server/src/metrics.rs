//! Counters for the operator, in Prometheus' text format. No identities, no content.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use ironfeet_core::sync::message::{PushStatus, Receipt};

/// What became of pushed changes.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: String,
}

/// Why changes were refused or kept back.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Code {
    code: String,
}

/// An endpoint.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
    status: u16,
}

/// Gauges that are read from the store when somebody asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Entries of all logs.
    pub entries: u64,
    /// Partitions.
    pub partitions: u64,
    /// Conflicts open.
    pub conflicts: u64,
    /// Tickets open.
    pub tickets: u64,
    /// Trusted phones.
    pub phones: u64,
    /// Trusted phones not heard for three days.
    pub phones_silent: u64,
    /// Photos that records show and that are not here.
    pub photos_missing: u64,
    /// Age of the oldest bundle in seconds.
    pub bundle_age_s: u64,
}

/// The server's counters.
pub struct Metrics {
    registry: Registry,
    pushed: Family<Status, Counter>,
    refused: Family<Code, Counter>,
    uploads: Family<Status, Counter>,
    photo_bytes: Counter,
    requests: Family<Route, Histogram, fn() -> Histogram>,
    gauges: Vec<(Gauge, Read)>,
}

fn latency() -> Histogram {
    Histogram::new([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0])
}

type Read = fn(&Standing) -> u64;

const GAUGES: [(&str, &str, Read); 8] = [
    ("log_entries", "Entries of all logs", |s| s.entries),
    ("partitions", "Partitions", |s| s.partitions),
    ("conflicts_open", "Fields in conflict", |s| s.conflicts),
    ("quarantine_open", "Changes that wait for a decision", |s| s.tickets),
    ("phones", "Trusted phones", |s| s.phones),
    ("phones_silent", "Trusted phones not heard for three days", |s| s.phones_silent),
    ("photos_missing", "Photos not yet arrived from phones", |s| s.photos_missing),
    ("bundle_age_seconds", "Age of the oldest bundle", |s| s.bundle_age_s),
];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("ironfeet");
        let pushed = Family::<Status, Counter>::default();
        registry.register("pushed_changes", "Pushed changes by outcome", pushed.clone());
        let refused = Family::<Code, Counter>::default();
        registry.register("refusals", "Refused or quarantined changes by code", refused.clone());
        let uploads = Family::<Status, Counter>::default();
        registry.register("photo_uploads", "Uploads of photos by how they ended", uploads.clone());
        let photo_bytes = Counter::default();
        registry.register("photo_bytes", "Bytes of photos that came", photo_bytes.clone());
        let requests: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(latency);
        registry.register("request_seconds", "Requests by route and status", requests.clone());
        let mut gauges = Vec::new();
        for (name, help, read) in GAUGES {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauges.push((gauge, read));
        }
        Self { registry, pushed, refused, uploads, photo_bytes, requests, gauges }
    }

    /// Receipts were given.
    pub fn pushed(&self, receipts: &[Receipt]) {
        for receipt in receipts {
            let (status, code) = match &receipt.status {
                PushStatus::Accepted(_) => ("accepted", None),
                PushStatus::Dup(_) => ("dup", None),
                PushStatus::MissingDeps(_) => ("missing_deps", Some("missing_deps")),
                PushStatus::Rejected(code, _) => ("rejected", Some(code.as_str())),
                PushStatus::Quarantined(_, code) => ("quarantined", Some(code.as_str())),
                PushStatus::Moved(..) => ("moved", None),
                PushStatus::TryLater => ("try_later", None),
                PushStatus::Gone => ("gone", None),
            };
            self.pushed.get_or_create(&Status { status: status.to_owned() }).inc();
            if let Some(code) = code {
                self.refused.get_or_create(&Code { code: code.to_owned() }).inc();
            }
        }
    }

    /// An upload ended: `whole`, `spoiled` (not what its hash said) or `expired`.
    pub fn upload(&self, end: &str) {
        self.uploads.get_or_create(&Status { status: end.to_owned() }).inc();
    }

    /// Bytes of photos came.
    pub fn photo_bytes(&self, bytes: u64) {
        self.photo_bytes.inc_by(bytes);
    }

    /// A request was answered.
    pub fn answered(&self, route: &str, status: u16, seconds: f64) {
        let label = Route { route: route.to_owned(), status };
        self.requests.get_or_create(&label).observe(seconds);
    }

    /// Everything as text.
    ///
    /// # Errors
    /// When the text cannot be written, which memory does not refuse.
    pub fn text(&self, standing: &Standing) -> Result<String, std::fmt::Error> {
        for (gauge, read) in &self.gauges {
            gauge.set(i64::try_from(read(standing)).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
