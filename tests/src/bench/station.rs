//! A phone of the bench: the real core with its store, admission, signatures, fsync and HTTP.
//! Records are visits; a record's fields are the visit's answers.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use ironfeet_core::model::{DocId, GridCode, PlaceId, Role, Scalar, UtcMillis, VisitId};
use ironfeet_core::phone::sync::{SyncError, SyncReport, Unwatched};
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{EnrolWith, OpenOptions, Phone, PhoneError, RecordedVisit};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::record;
use super::watch::{SystemClock, SystemEntropy};

/// The grid of the bench.
pub const GRID: &str = "329901001012001";
/// `ironfeet-bench serve` hands out enrolment codes at its own port plus this.
pub const CODES_AT: u16 = 3;
/// The counting proxy listens one port above the server.
const PROXY_AT: u16 = 1;
const APP: &str = "bench";

/// Why a bench device stopped.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// The phone's core.
    #[error("phone: {0}")]
    Phone(#[from] PhoneError),
    /// The sync.
    #[error("sync: {0}")]
    Sync(#[from] SyncError),
    /// Files and pipes.
    #[error("input or output: {0}")]
    Io(#[from] std::io::Error),
    /// A line or file is no JSON.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A setting is missing or wrong.
    #[error("setting: {0}")]
    Setting(String),
}

/// A phone and its way to the server.
pub struct Station {
    phone: Phone,
    http: Http,
    runtime: tokio::runtime::Runtime,
    ids: Vec<VisitId>,
}

impl Station {
    /// Opens the phone in `dir`; an empty one is enrolled first, through `address`, with a code that
    /// the bench server hands out. `ids` are the records' visits, where they exist already.
    ///
    /// # Errors
    /// When the store cannot be opened or the server does not enrol.
    pub fn open(dir: &Path, address: &str, ids: Vec<VisitId>) -> Result<Self, StationError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("http://{address}");
        let http = Http::new(&url, None).map_err(SyncError::from)?;
        let options = options(dir);
        let phone = match Phone::open(options.clone()) {
            Err(PhoneError::NotFound { .. }) => {
                let code = code_from(address)?;
                let with = EnrolWith { url: &url, code: &code, ca: None, app: APP };
                runtime.block_on(Phone::enrol_new(options, &http, with))?.0
            }
            opened => opened?,
        };
        // The connection of the enrolment is not kept: every measured connect makes its own.
        let http = Http::new(&url, None).map_err(SyncError::from)?;
        Ok(Self::of(phone, http, runtime, ids))
    }

    /// A phone that is set up without any server, for what needs none.
    ///
    /// # Errors
    /// When the store cannot be made.
    pub fn alone(dir: &Path) -> Result<Self, StationError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let http = Http::new("http://127.0.0.1:9", None).map_err(SyncError::from)?;
        let person = "bench".parse().expect("a word of letters");
        let phone = Phone::init(options(dir), person, Role::Inspector, &[grid()])?;
        Ok(Self::of(phone, http, runtime, Vec::new()))
    }

    fn of(phone: Phone, http: Http, runtime: tokio::runtime::Runtime, ids: Vec<VisitId>) -> Self {
        // As the peers: everything that was opened stays in memory.
        phone.keep_in_memory(usize::MAX / 2);
        Self { phone, http, runtime, ids }
    }

    /// The visits of the records.
    #[must_use]
    pub fn ids(&self) -> &[VisitId] {
        &self.ids
    }

    /// Makes a visit for each record, each in one change and durable.
    ///
    /// # Errors
    /// When the phone refuses.
    pub fn create(&mut self, records: &[Value]) -> Result<(), StationError> {
        for record in records {
            let digest = Sha256::digest(record["place_id"].as_str().unwrap_or_default());
            let mut place = [0; 16];
            place.copy_from_slice(&digest[..16]);
            self.ids.push(self.phone.visit_import(RecordedVisit {
                place: PlaceId(DocId(place)),
                grid: Some(grid()),
                list: record["form"].as_str().unwrap_or_default().to_owned(),
                list_version: 3,
                started_at: UtcMillis(0),
                answers: record::flatten(record),
            })?);
        }
        Ok(())
    }

    /// Puts fields of a record in one change; on disk when it returns.
    ///
    /// # Errors
    /// When the phone refuses.
    pub fn put(&self, record: usize, fields: Vec<(String, Scalar)>) -> Result<(), StationError> {
        self.phone.visit_put(self.ids[record], fields)?;
        Ok(())
    }

    /// The answers of a record as the phone reads it; empty while it is not here.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read(&self, record: usize) -> Result<BTreeMap<String, Scalar>, StationError> {
        match self.phone.visit_record(self.ids[record]) {
            Ok(visit) => Ok(visit.answers),
            Err(PhoneError::NotFound { .. }) => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Every record's answers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_all(&self) -> Result<Vec<BTreeMap<String, Scalar>>, StationError> {
        (0..self.ids.len()).map(|record| self.read(record)).collect()
    }

    /// One sync.
    ///
    /// # Errors
    /// When it does not come to its end.
    pub fn sync(&self) -> Result<SyncReport, StationError> {
        Ok(self.runtime.block_on(self.phone.sync(&self.http, APP, &Unwatched))?)
    }

    /// Waits until the server has something new.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn wait(&self) -> Result<(), StationError> {
        Ok(self.runtime.block_on(self.phone.wait(&self.http))?)
    }
}

fn grid() -> GridCode {
    GRID.parse().expect("fifteen digits in range")
}

fn options(dir: &Path) -> OpenOptions {
    OpenOptions {
        dir: dir.to_owned(),
        key: [7; 32],
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        content: None,
        keystore: None,
    }
}

/// A fresh code from the bench server beside the proxy. Bench only: a city hands codes to people.
fn code_from(address: &str) -> Result<String, StationError> {
    let wrong = || StationError::Setting(format!("{address} is not host:port"));
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let mut code = String::new();
    TcpStream::connect((host, port - PROXY_AT + CODES_AT))?.read_to_string(&mut code)?;
    Ok(code.trim().to_owned())
}
