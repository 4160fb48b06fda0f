//! The city's server: the real one on its embedded store, with the city's places and people in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironfeet_core::ground::{Clock, Entropy as _};
use ironfeet_core::model::{PersonId, Pid, Role, Scalar};
use ironfeet_core::phone::sync::SyncError;
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{EnrolWith, OpenOptions, Phone};
use ironfeet_server::app::App;
use ironfeet_server::config::Config;
use ironfeet_server::import::{self, Imported, border};
use ironfeet_server::review::ReviewError;
use ironfeet_server::review::decide::{self, Act, By, Choice};
use ironfeet_server::store::sqlite::Sqlite;
use ironfeet_server::store::{self, PersonRow, Register, RegisterRow, StoreError};
use ironfeet_server::{command, enrol, review, verify};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::apart::{Apart, Used};
use super::clock::CityClock;
use crate::bench::serve;
use crate::bench::station::StationError;
use crate::bench::watch::SystemEntropy;
use crate::city::{City, CityPlace, Job, Person};

/// Places imported in one transaction.
const BATCH: usize = 5_000;
/// Conflicts counted at most.
const CONFLICTS_MAX: usize = 10_000;

/// A running server.
pub struct Town {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its parts.
    pub app: Arc<App>,
    /// The runtime of server and phones.
    pub runtime: Runtime,
    /// The city's time.
    pub clock: Arc<CityClock>,
    serving: Serving,
}

/// Where the server runs.
enum Serving {
    /// In this process.
    Here(oneshot::Sender<()>, JoinHandle<Result<(), StationError>>),
    /// In a process of its own, so that its work can be told from the phones'.
    Apart(Apart),
}

fn failed(error: &dyn std::error::Error) -> StationError {
    StationError::Setting(format!("server: {error}"))
}

impl Town {
    /// Starts the server on an empty or known folder.
    ///
    /// # Errors
    /// When the folder or the port cannot be used.
    pub fn start(
        data: PathBuf,
        listen: SocketAddr,
        clock: Arc<CityClock>,
    ) -> Result<Self, StationError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = serve::open(data, listen.port(), clock.clone(), |config| {
            config.listen = listen;
            config.console.code_alone = listen.ip().is_loopback();
        })?;
        let (address, app) = (served.address, served.app.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(served.run(async move {
            // A dropped sender stops it too.
            let _either = stopped.await;
        }));
        Ok(Self { address, app, runtime, clock, serving: Serving::Here(stop, serving) })
    }

    /// Starts the server in a process of its own: `program serve`, as `ironfeet-bench` has it.
    ///
    /// # Errors
    /// When the folder cannot be used or the program does not start.
    pub fn start_apart(
        data: PathBuf,
        program: &Path,
        clock: Arc<CityClock>,
    ) -> Result<Self, StationError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let apart = Apart::start(program, &data, clock.now())?;
        let address = apart.address;
        let store = Arc::new(Sqlite::open(&data.join(command::DATABASE)).map_err(|e| failed(&e))?);
        let config = Config { data, ..Config::default() };
        let app = App::new(config, store, clock.clone(), Arc::new(SystemEntropy), false);
        let app = Arc::new(app.map_err(|e| failed(&e))?);
        Ok(Self { address, app, runtime, clock, serving: Serving::Apart(apart) })
    }

    /// What the server's own process has used so far; zeros when it has none.
    #[must_use]
    pub fn used(&self) -> Used {
        match &self.serving {
            Serving::Here(..) => Used::default(),
            Serving::Apart(apart) => apart.used(),
        }
    }

    /// Ends the server after running requests.
    ///
    /// # Errors
    /// When it had failed before.
    pub fn stop(self) -> Result<(), StationError> {
        match self.serving {
            Serving::Here(stop, serving) => {
                let _ended_already = stop.send(());
                let done = self.runtime.block_on(serving);
                done.map_err(|e| failed(&e))?
            }
            Serving::Apart(apart) => apart.stop(),
        }
    }

    /// Brings the city's register of places in; `progress` hears how many are done.
    ///
    /// # Errors
    /// When the import refuses a place.
    pub fn import(
        &self,
        city: &City,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported, StationError> {
        let mut places = city.all_places();
        let mut all = Imported::default();
        loop {
            let rows: Vec<import::Row> = (1..).zip(places.by_ref().take(BATCH)).map(row).collect();
            if rows.is_empty() {
                return Ok(all);
            }
            let done = store::transact(&*self.app.store, |s| {
                import::places(s, &self.app, &rows, &mut |_| {})
            })
            .map_err(|e| failed(&e))?;
            all.added += done.added;
            all.changed += done.changed;
            all.same += done.same;
            progress(all.added + all.changed + all.same);
        }
    }

    /// Brings the names of the city's areas in: counties to grids.
    ///
    /// # Errors
    /// Of the store.
    pub fn name(&self, city: &City) -> Result<(), StationError> {
        let counties = city.counties().iter().cloned();
        let townships = city.townships().iter().map(|t| (t.code.clone(), t.name.clone()));
        let communities = city.communities().iter().map(|c| (c.code.to_string(), c.name.clone()));
        let grids = city.grids().iter().map(|g| (g.code.to_string(), g.name.clone()));
        let all: Vec<_> = counties.chain(townships).chain(communities).chain(grids).collect();
        store::transact(&*self.app.store, |s| {
            all.iter().try_for_each(|(id, title)| {
                s.register_put(Register::Area, &RegisterRow::named(id.clone(), title.clone()))
            })
        })
        .map_err(|e: StoreError| failed(&e))
    }

    /// Brings the outlines of the city's grids in.
    ///
    /// # Errors
    /// Of the store.
    pub fn draw(&self, city: &City) -> Result<(), StationError> {
        let feature = |(n, grid): (usize, &crate::city::Grid)| {
            json!({
                "type": "Feature", "properties": { "grid": grid.code },
                "geometry": { "type": "Polygon", "coordinates": [city.border(n)] },
            })
        };
        let features: Vec<_> = city.grids().iter().enumerate().map(feature).collect();
        let file = json!({ "type": "FeatureCollection", "features": features }).to_string();
        let borders = border::read(file.as_bytes()).map_err(|e| failed(&e))?;
        store::transact(&*self.app.store, |s| border::keep(s, &self.app, &borders))
            .map(|_| ())
            .map_err(|e| failed(&e))
    }

    /// Gives every person of the city an account.
    ///
    /// # Errors
    /// Of the store.
    pub fn hire(&self, city: &City) -> Result<(), StationError> {
        let added_at = self.app.clock.now();
        store::transact(&*self.app.store, |s| {
            city.people().try_for_each(|person| {
                let areas = match person.job {
                    Job::FullTime | Job::PartTime | Job::Police => {
                        person.grids.iter().map(|g| city.grids()[*g].code.to_string()).collect()
                    }
                    _ => city.counties().iter().map(|(code, _)| code.clone()).collect(),
                };
                let department =
                    if person.role == Role::Handler { "FIRE".parse().ok() } else { None };
                let (id, post) = (person.id.clone(), person.role);
                s.person_put(&PersonRow { id, post, areas, department, added_at })
            })
        })
        .map_err(|e: StoreError| failed(&e))
    }

    /// A new phone in an empty folder, let in with a code.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub fn let_in(
        &self,
        dir: PathBuf,
        code: &str,
        clock: Arc<dyn Clock>,
        app: &str,
    ) -> Result<(Phone, Http), StationError> {
        let url = format!("http://{}", self.address);
        let http = Http::new(&url, None).map_err(SyncError::from)?;
        let mut key = [0; 32];
        SystemEntropy.fill(&mut key);
        let entropy = Arc::new(SystemEntropy);
        let options = OpenOptions { dir, key, clock, entropy, content: None, keystore: None };
        let with = EnrolWith { url: &url, code, ca: None, app };
        let (phone, _) = self.runtime.block_on(Phone::enrol_new(options, &http, with))?;
        Ok((phone, http))
    }

    /// A one-time code for a field worker's phone.
    ///
    /// # Errors
    /// Of the store.
    pub fn code(&self, city: &City, person: &Person) -> Result<String, StationError> {
        let grids: Vec<_> = person.grids.iter().map(|g| city.grids()[*g].code.clone()).collect();
        serve::code(&self.app, &person.id, &grids)
    }

    /// Takes trust from every phone of a person.
    ///
    /// # Errors
    /// Of the store.
    pub fn revoke(&self, person: &PersonId) -> Result<(), StationError> {
        let now = self.app.clock.now();
        store::transact(&*self.app.store, |s| {
            for device in s.devices()?.into_iter().filter(|d| d.person == *person) {
                enrol::revoke(s, &device.id, false, now)?;
            }
            Ok(())
        })
        .map_err(|e: StoreError| failed(&e))
    }

    /// A supervisor decides about the oldest fields in conflict, so many at most: the value seen last is taken.
    ///
    /// # Errors
    /// When a decision is refused.
    pub fn decide(&self, by: &PersonId, most: usize) -> Result<(), StationError> {
        let open = review::conflicts(&self.app, CONFLICTS_MAX).map_err(|e| failed(&e))?;
        let by = By { actor: by.to_string(), post: Role::Supervisor };
        for conflict in open.iter().rev().take(most) {
            let Some(last) = conflict.sides.iter().max_by_key(|s| s.origin.device_at) else {
                continue;
            };
            let choice = Choice {
                doc: conflict.doc,
                container: conflict.container.clone(),
                field: conflict.field.clone(),
                rivals: conflict.rivals.clone(),
                act: Act::Take(last.change),
            };
            store::transact(&*self.app.store, |s| decide::decide(s, &self.app, &choice, &by))
                .map_err(|e: ReviewError| failed(&e))?;
        }
        Ok(())
    }

    /// Fields in conflict.
    ///
    /// # Errors
    /// Of the store.
    pub fn conflicts(&self) -> Result<usize, StationError> {
        review::conflicts(&self.app, CONFLICTS_MAX).map(|c| c.len()).map_err(|e| failed(&e))
    }

    /// Where a partition's log stands: last entry and number of documents.
    ///
    /// # Errors
    /// Of the store.
    pub fn standing(&self, pid: &Pid) -> Result<(u64, u64), StationError> {
        store::view(&*self.app.store, |s| s.partition(pid))
            .map(|row| row.map_or((0, 0), |row| (row.next_seq - 1, row.count)))
            .map_err(|e| failed(&e))
    }

    /// Chains, digests, every document, the trail. Gives what is wrong.
    ///
    /// # Errors
    /// Of the store.
    pub fn verify(&self) -> Result<Vec<String>, StationError> {
        let found = verify::verify(&*self.app.store, &self.app.identity).map_err(|e| failed(&e))?;
        Ok(found.problems)
    }
}

fn row((line, place): (u64, CityPlace)) -> import::Row {
    let mut facts: Vec<(String, Scalar)> = vec![
        ("kind".to_owned(), place.kind.as_str().into()),
        ("address".to_owned(), place.address.into()),
        ("lat".to_owned(), place.lat.into()),
        ("lon".to_owned(), place.lon.into()),
    ];
    facts.extend(place.facts.into_iter().map(|(field, value)| (field.to_owned(), value)));
    import::Row { line, key: Some(place.id.to_string()), grid: place.grid, facts }
}
