//! Every setting of the server in one structure: a TOML file, then `IRONFEET_*` on top.
//!
//! Must not know who reads the file or the environment: `main` hands both in as text.
//! An unknown key is an error, so that a typing mistake never turns a safeguard off.

mod s3;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Prefix of environment variables; `IRONFEET_SYNC_WORKERS` sets `sync.workers`.
pub const ENVIRONMENT: &str = "IRONFEET_";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file or a variable holds an unknown key or a value that does not fit.
    #[error("{origin}: {what}")]
    Value {
        /// The file or the variable.
        origin: String,
        /// What is wrong with it.
        what: String,
    },
    /// Plain HTTP would be open to the network.
    #[error(
        "{0} is not a loopback address: set tls.certificate and tls.key, or allow_plain = true"
    )]
    Plain(SocketAddr),
    /// A code without a second factor would open the console to the network.
    #[error("{0} is not a loopback address: console.code_alone is for demonstrations on one host")]
    CodeAlone(SocketAddr),
    /// The tile source is no address that a page could be allowed to ask.
    #[error("console.tiles must be https://HOST/ with {{z}}, {{x}} and {{y}} in it, or empty")]
    Tiles,
    /// What is set of object storage does not go together.
    #[error(transparent)]
    S3(#[from] s3::Wrong),
    /// Only one of certificate and key is set.
    #[error("tls.certificate and tls.key belong together")]
    HalfTls,
}

/// The settings. Defaults are those of [`Config::default`], written out in `config.example.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the database, bundles and the witness file.
    pub data: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address phones reach the server by, printed in enrolment codes; empty: `listen`.
    pub public_url: String,
    /// Serve plain HTTP on addresses other than loopback (behind a proxy that does TLS).
    pub allow_plain: bool,
    /// Certificate files.
    pub tls: Tls,
    /// The sync endpoints.
    pub sync: Sync,
    /// How often one phone and one address may ask.
    pub limits: Limits,
    /// Photos on their way here.
    pub photos: Photos,
    /// Object storage for photos, instead of a folder.
    pub s3: S3,
    /// How long records stay on phones.
    pub archive: Archive,
    /// The supervisors' pages.
    pub console: Console,
    /// The operator's counters.
    pub metrics: Metrics,
}

/// Certificate files in PEM; both or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Certificate chain; empty: plain HTTP.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// The sync endpoints. Sizes of frames and changes are the protocol's, not settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sync {
    /// Requests judged at the same time.
    pub workers: usize,
    /// Requests committed together in one transaction at most.
    pub group_max: usize,
    /// Memory for recently used documents, in bytes.
    pub document_cache_bytes: usize,
    /// Memory for the newest log entries, in bytes.
    pub tail_cache_bytes: usize,
    /// Time for a request's head to arrive, in milliseconds.
    pub head_timeout_ms: u64,
    /// Time for a whole request, in milliseconds.
    pub request_timeout_ms: u64,
    /// Longest wait of `/v1/wait`, in milliseconds.
    pub wait_ms_max: u64,
    /// When phones should ask again, in seconds.
    pub poll_s: u32,
    /// How long a phone's token lasts, in minutes.
    pub token_minutes: u32,
    /// How long a phone may work offline after a sync, in hours; 0: no leases are given.
    pub lease_hours: u32,
    /// Work handed in later than this after that waits for review, in days.
    pub lease_grace_days: u32,
    /// A bundle is rebuilt when the log behind it exceeds this share of it, in percent.
    pub bundle_tail_percent: u64,
    /// Time for requests that run when the server is told to stop, in milliseconds.
    pub shutdown_ms: u64,
}

/// How often one phone and one address may ask, and how many may be connected; 0: without limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests of one phone in a minute.
    pub device_per_minute: u32,
    /// Requests from one address in a minute (IPv6: one /64); not counted on loopback, where a proxy may stand.
    pub address_per_minute: u32,
    /// Connections open at the same time.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { device_per_minute: 1_200, address_per_minute: 12_000, connections: 8_192 }
    }
}

/// How long records stay on phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// Days after a visit was finished or a task closed; 0 keeps them.
    pub after_days: u32,
}

/// Photos on their way here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Photos {
    /// Days after which an upload that is not whole is forgotten.
    pub upload_days: u32,
    /// Uploads of one phone that may be begun and not whole.
    pub open_max: u32,
}

impl Default for Photos {
    fn default() -> Self {
        Self { upload_days: 7, open_max: 200 }
    }
}

/// The supervisors' pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Whether they are served.
    pub enabled: bool,
    /// A session ends after this many idle minutes.
    pub idle_minutes: u32,
    /// A session ends after this many hours.
    pub absolute_hours: u32,
    /// The one-time code opens every page; otherwise it leads to setting up a password and a second factor.
    /// Only for demonstrations on the host itself.
    pub code_alone: bool,
    /// Where the map's background comes from: `https://HOST/…{z}…{x}…{y}…`; empty: no background, and no request
    /// to anybody else.
    pub tiles: String,
    /// Who must be named for the background.
    pub tiles_attribution: String,
}

impl Console {
    /// Scheme and host of the tile source, as a page's policy names them; `None` without one.
    #[must_use]
    pub fn tile_origin(&self) -> Option<&str> {
        let host = self.tiles.strip_prefix("https://")?.split('/').next()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        let whole = ["{z}", "{x}", "{y}"].iter().all(|part| self.tiles.contains(part));
        let fits = whole && !host.is_empty() && host.chars().all(plain);
        fits.then(|| &self.tiles[.."https://".len() + host.len()])
    }
}

/// The operator's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Whoever asks from the host itself needs no token. Not with a proxy on the same host.
    pub loopback: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("ironfeet-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8440)),
            public_url: String::new(),
            allow_plain: false,
            tls: Tls::default(),
            sync: Sync::default(),
            limits: Limits::default(),
            photos: Photos::default(),
            s3: S3::default(),
            archive: Archive::default(),
            console: Console::default(),
            metrics: Metrics::default(),
        }
    }
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            workers: 32,
            group_max: 64,
            document_cache_bytes: 8 * 1024 * 1024,
            tail_cache_bytes: 8 * 1024 * 1024,
            head_timeout_ms: 10_000,
            request_timeout_ms: 60_000,
            wait_ms_max: 25_000,
            poll_s: 300,
            token_minutes: 60,
            lease_hours: 72,
            lease_grace_days: 7,
            bundle_tail_percent: 20,
            shutdown_ms: 10_000,
        }
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self { after_days: 30 }
    }
}

impl Default for Console {
    fn default() -> Self {
        Self {
            enabled: true,
            idle_minutes: 30,
            absolute_hours: 12,
            code_alone: false,
            tiles: String::new(),
            tiles_attribution: String::new(),
        }
    }
}

impl Config {
    /// The defaults, then the file, then the environment (`IRONFEET_LISTEN`, `IRONFEET_TLS_KEY`, …).
    /// Variables named in `others` belong to other programs and are passed over.
    ///
    /// # Errors
    /// [`ConfigError::Value`] names the key or variable.
    pub fn load(
        file: Option<(&str, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
        others: &[&str],
    ) -> Result<Self, ConfigError> {
        let (origin, text) = file.unwrap_or(("defaults", ""));
        let mut table: toml::Table =
            text.parse().map_err(|e: toml::de::Error| wrong(origin, e.message()))?;
        // The file alone first, so that a mistake is blamed on the right place.
        let _: Self = read(&table, origin)?;
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(ENVIRONMENT) else { continue };
            if others.contains(&key) {
                continue;
            }
            place(&mut table, &key.to_lowercase(), &value, &name)?;
            let _: Self = read(&table, &name)?;
        }
        read(&table, origin)
    }

    /// Checks what no single value shows.
    ///
    /// # Errors
    /// [`ConfigError::Plain`], [`ConfigError::HalfTls`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let certificate = self.tls.certificate.as_os_str().is_empty();
        if certificate != self.tls.key.as_os_str().is_empty() {
            return Err(ConfigError::HalfTls);
        }
        if certificate && !self.allow_plain && !is_loopback(self.listen.ip()) {
            return Err(ConfigError::Plain(self.listen));
        }
        if self.console.code_alone && !is_loopback(self.listen.ip()) {
            return Err(ConfigError::CodeAlone(self.listen));
        }
        if !self.console.tiles.is_empty() && self.console.tile_origin().is_none() {
            return Err(ConfigError::Tiles);
        }
        self.s3.check()?;
        Ok(())
    }

    /// Whether certificates are set.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        !self.tls.certificate.as_os_str().is_empty()
    }
}

pub use s3::S3;

fn is_loopback(ip: IpAddr) -> bool {
    ip.is_loopback()
}

fn wrong(origin: &str, what: &(impl ToString + ?Sized)) -> ConfigError {
    ConfigError::Value { origin: origin.to_owned(), what: what.to_string() }
}

fn read(table: &toml::Table, origin: &str) -> Result<Config, ConfigError> {
    table.clone().try_into().map_err(|e: toml::de::Error| wrong(origin, e.message()))
}

/// Puts a variable's value where its name points: `sync_poll_s` is `sync.poll_s`.
fn place(table: &mut toml::Table, key: &str, text: &str, origin: &str) -> Result<(), ConfigError> {
    let shape = toml::Table::try_from(Config::default()).map_err(|e| wrong(origin, &e))?;
    for (name, default) in &shape {
        if let toml::Value::Table(section) = default
            && let Some(inner) = key.strip_prefix(name.as_str()).and_then(|k| k.strip_prefix('_'))
            && let Some(like) = section.get(inner)
        {
            let value = as_like(like, text, origin)?;
            let slot = table.entry(name.clone()).or_insert_with(|| toml::Table::new().into());
            let slot = slot.as_table_mut().ok_or_else(|| wrong(origin, "is no section"))?;
            slot.insert(inner.to_owned(), value);
            return Ok(());
        }
        if name == key && !default.is_table() {
            table.insert(name.clone(), as_like(default, text, origin)?);
            return Ok(());
        }
    }
    Err(wrong(origin, "no such setting"))
}

fn as_like(like: &toml::Value, text: &str, origin: &str) -> Result<toml::Value, ConfigError> {
    match like {
        toml::Value::Integer(_) => {
            text.parse().map(toml::Value::Integer).map_err(|_| wrong(origin, "expected a number"))
        }
        toml::Value::Boolean(_) => text
            .parse()
            .map(toml::Value::Boolean)
            .map_err(|_| wrong(origin, "expected true or false")),
        _ => Ok(toml::Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_example_file_states_every_setting_with_its_default() {
        let text = include_str!("../config.example.toml");
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(Config::load(Some(("example", text)), [], &[]).unwrap(), Config::default());
        let shape = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(table, shape, "config.example.toml names every key, and no other");
    }

    #[test]
    fn the_environment_stands_above_the_file() {
        let file = "listen = \"127.0.0.1:1\"\n[sync]\npoll_s = 9\n";
        let set = environment(&[
            ("IRONFEET_LISTEN", "127.0.0.1:2"),
            ("IRONFEET_SYNC_GROUP_MAX", "7"),
            ("IRONFEET_TLS_KEY", "k.pem"),
            ("IRONFEET_ALLOW_PLAIN", "true"),
            ("IRONFEET_KEY", "of another program"),
            ("PATH", "/bin"),
        ]);
        let config = Config::load(Some(("f", file)), set, &["KEY"]).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!((config.sync.poll_s, config.sync.group_max), (9, 7));
        assert!(config.allow_plain);
        assert!(matches!(config.check(), Err(ConfigError::HalfTls)));
    }

    #[test]
    fn mistakes_are_named() {
        let bad = [
            (Some(("f", "lisen = \"127.0.0.1:1\"")), environment(&[]), "lisen"),
            (Some(("f", "[sync]\npol_s = 1")), environment(&[]), "pol_s"),
            (None, environment(&[("IRONFEET_LISEN", "x")]), "IRONFEET_LISEN"),
            (None, environment(&[("IRONFEET_SYNC_POLL_S", "soon")]), "IRONFEET_SYNC_POLL_S"),
            (None, environment(&[("IRONFEET_LISTEN", "here")]), "IRONFEET_LISTEN"),
        ];
        for (file, environment, named) in bad {
            let error = Config::load(file, environment, &[]).unwrap_err().to_string();
            assert!(error.contains(named), "{error} names {named}");
        }
    }

    #[test]
    fn plain_http_stays_on_loopback_unless_told_otherwise() {
        let at = |listen: &str| Config { listen: listen.parse().unwrap(), ..Config::default() };
        assert!(at("127.0.0.1:0").check().is_ok() && at("[::1]:0").check().is_ok());
        assert!(matches!(at("0.0.0.0:80").check(), Err(ConfigError::Plain(_))));
        assert!(Config { allow_plain: true, ..at("0.0.0.0:80") }.check().is_ok());
        let console = Console { code_alone: true, ..Console::default() };
        assert!(Config { console: console.clone(), ..at("127.0.0.1:0") }.check().is_ok());
        let open = Config { console, allow_plain: true, ..at("0.0.0.0:80") };
        assert!(matches!(open.check(), Err(ConfigError::CodeAlone(_))));
        let tls = Tls { certificate: "c".into(), key: "k".into() };
        assert!(Config { tls, ..at("0.0.0.0:443") }.check().is_ok());
    }

    #[test]
    fn a_tile_source_is_one_host_and_three_numbers() {
        let origin = |tiles: &str| {
            let console = Console { tiles: tiles.into(), ..Console::default() };
            let checked = Config { console: console.clone(), ..Config::default() }.check();
            assert_eq!(checked.is_ok(), tiles.is_empty() || console.tile_origin().is_some());
            console.tile_origin().map(str::to_owned)
        };
        assert_eq!(origin(""), None);
        let whole = "https://tiles.example.org:8443/{z}/{x}/{y}.png?k=1";
        assert_eq!(origin(whole).as_deref(), Some("https://tiles.example.org:8443"));
        for wrong in [
            "http://tiles.example.org/{z}/{x}/{y}",
            "https:///{z}/{x}/{y}",
            "https://a b/{z}/{x}/{y}",
            "https://a;script-src/{z}/{x}/{y}",
            "https://tiles.example.org/{z}/{x}",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }
}
