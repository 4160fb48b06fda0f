//! A server in a folder that vanishes, and phones that speak the real protocol to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use tower::ServiceExt as _;

use ironfeet_core::document::{
    Authorship, Birth, Document, Edit, MadeChange, PlaceBirth, PlaceEdit, VisitBirth, VisitEdit,
};
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{
    Author, ChangeHash, DeviceId, DocId, GridCode, InstallId, Pid, PlaceId, Role, Scalar, UtcMillis,
};
use ironfeet_core::sync::client::{Held, Member, Standing, Step, take_part};
use ironfeet_core::sync::manifest::{self, Signer as _, SoftwareSigner};
use ironfeet_core::sync::message::{
    Manifest, Offer, PROTO, Part, PartStatus, PushItem, PushStatus, SCHEMA, SyncRequest,
    SyncResponse, Want,
};
use ironfeet_core::sync::{chunk, frame, proof};
use ironfeet_server::app::App;
use ironfeet_server::command::{self, Command, CommandError, Ground, Report};
use ironfeet_server::config::Config;
use ironfeet_server::store::sqlite::Sqlite;
use ironfeet_server::store::{Store, StoreError, Work};
use ironfeet_server::{enrol, http, store};

pub(crate) const GRID: &str = "329901001012001";
pub(crate) const OTHER: &str = "329901001012002";
const BEGIN: i64 = 1_795_000_000_000;

pub(crate) fn grid(code: &str) -> GridCode {
    code.parse().unwrap()
}

pub(crate) fn pid(code: &str) -> Pid {
    Pid::Grid(grid(code))
}

/// A clock that stands until it is moved.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::SeqCst))
    }
}

/// The same bytes in every run.
pub(crate) struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 40) as u8;
        }
    }
}

/// A store whose commits fail while a switch is on.
pub(crate) struct Faulty {
    inner: Sqlite,
    pub(crate) failing: Arc<AtomicBool>,
}

impl Store for Faulty {
    fn view(&self, work: Work<'_>) -> Result<(), StoreError> {
        self.inner.view(work)
    }

    fn transact(&self, work: Work<'_>) -> Result<(), StoreError> {
        self.inner.transact(&mut |s| {
            work(s)?;
            if self.failing.load(Ordering::SeqCst) { Err(StoreError::Full) } else { Ok(()) }
        })
    }

    fn outside_writes(&self) -> Result<i64, StoreError> {
        self.inner.outside_writes()
    }

    fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.inner.copy_to(file)
    }
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) entropy: Arc<Seeded>,
    pub(crate) failing: Arc<AtomicBool>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A server with other settings.
    pub(crate) fn with(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(BEGIN)));
        Self::open(dir, clock, Arc::new(Seeded(AtomicU64::new(42))), set)
    }

    fn open(
        dir: tempfile::TempDir,
        clock: Arc<Hands>,
        entropy: Arc<Seeded>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let failing = Arc::new(AtomicBool::new(false));
        let inner = Sqlite::open(&dir.path().join(command::DATABASE)).unwrap();
        let store = Arc::new(Faulty { inner, failing: failing.clone() });
        let mut config = Config { data: dir.path().to_owned(), ..Config::default() };
        config.console.code_alone = true;
        set(&mut config);
        let app = App::new(config, store, clock.clone(), entropy.clone(), true).unwrap();
        Self { app: Arc::new(app), dir, clock, entropy, failing }
    }

    /// Stops the server and starts it again, with `between` done while it is down.
    pub(crate) fn restart(self, between: impl FnOnce(&Ground)) -> Self {
        let ground = self.ground();
        self.app.note().unwrap();
        let Self { app, dir, clock, entropy, .. } = self;
        drop(app);
        between(&ground);
        Self::open(dir, clock, entropy, |_| {})
    }

    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn pass_days(&self, days: i64) {
        self.pass_ms(days * 86_400_000);
    }

    pub(crate) fn ground(&self) -> Ground {
        Ground {
            config: self.app.config.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            lang: ironfeet_core::model::Lang::En,
            progress: Box::new(|_| {}),
        }
    }

    pub(crate) fn run(&self, command: Command) -> Result<Report, CommandError> {
        command::run(&self.ground(), command)
    }

    pub(crate) fn phone(&self, person: &str, grids: &[&str]) -> Phone {
        let now = self.clock.now();
        let grids: Vec<GridCode> = grids.iter().map(|code| grid(code)).collect();
        let (code, _) = store::transact(&*self.app.store, |s| {
            enrol::code(s, &*self.entropy, &person.parse().unwrap(), &grids, now)
        })
        .unwrap();
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        let signer = SoftwareSigner::new(&secret);
        let ask = enrol::Ask {
            code,
            install_id: InstallId(self.entropy.sixteen()),
            author: Author(self.entropy.sixteen()),
            public_key: hex::encode(signer.public_key()),
            app: "1.0".to_owned(),
        };
        let tokens = enrol::Tokens { passes: &self.app.passes, minutes: 60 };
        let enrolled =
            store::transact(&*self.app.store, |s| enrol::enrol(s, &ask, &tokens, now)).unwrap();
        let enrolled = enrolled.unwrap();
        let signer = Arc::new(signer);
        let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
        let keys = Keys { token: enrolled.token, signer: signer.clone(), clock, entropy };
        Phone {
            author: ask.author,
            install: ask.install_id,
            device: enrolled.device_id,
            keys,
            signer,
            counter: 0,
            ahead_ms: 0,
            lease: 0,
            replica: Replica::default(),
            standings: enrolled
                .grids
                .into_iter()
                .map(|code| (Pid::Grid(code.clone()), Standing::new(Pid::Grid(code))))
                .collect(),
            kept: BTreeMap::new(),
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        http::routes(&self.app).oneshot(request).await.unwrap()
    }

    pub(crate) async fn frame(&self, path: &str, keys: &Keys, bytes: Vec<u8>) -> (u16, Vec<u8>) {
        let request = keys.show(Request::post(path), "POST", path).body(Body::from(bytes)).unwrap();
        let response = self.send(request).await;
        let status = response.status().as_u16();
        (status, body(response).await)
    }

    pub(crate) fn verify(&self) {
        let found = ironfeet_server::verify::verify(&*self.app.store, &self.app.identity).unwrap();
        assert!(found.ok, "{:#?}", found.problems);
    }

    pub(crate) fn by(&self, phone: &Phone) -> Authorship {
        Authorship { author: phone.author, actor: self.entropy.sixteen() }
    }

    pub(crate) fn id(&self) -> DocId {
        DocId::new(self.clock.now(), self.entropy.sixteen())
    }

    /// A new place, with the change that bears it.
    pub(crate) fn place(&self, phone: &Phone, address: &str) -> (Document, MadeChange) {
        let facts = [("kind", "dwelling".into()), ("address", address.into())];
        let facts = facts.map(|(k, v): (&str, Scalar)| (k.to_owned(), v)).to_vec();
        let birth = Birth::Place(PlaceBirth { facts, by_role: Role::Inspector });
        Document::birth(self.id(), &birth, &self.by(phone), self.clock.now()).unwrap()
    }

    pub(crate) fn visit(&self, phone: &Phone, place: DocId) -> (Document, MadeChange) {
        self.visit_by(phone, place, Role::Inspector, false)
    }

    pub(crate) fn visit_by(
        &self,
        phone: &Phone,
        place: DocId,
        by_role: Role,
        quick: bool,
    ) -> (Document, MadeChange) {
        let birth = Birth::Visit(VisitBirth {
            place: PlaceId(place),
            list: "household".to_owned(),
            list_version: 1,
            quick,
            by_role,
            started_at: self.clock.now(),
            carried: Default::default(),
        });
        Document::birth(self.id(), &birth, &self.by(phone), self.clock.now()).unwrap()
    }

    pub(crate) fn fact(
        &self,
        phone: &Phone,
        place: &mut Document,
        name: &str,
        value: &str,
    ) -> MadeChange {
        let edit = Edit::Place(PlaceEdit::Facts {
            set: vec![(name.to_owned(), value.into())],
            by_role: Role::Inspector,
            observed_at: self.clock.now(),
        });
        place.edit(&edit, &self.by(phone), self.clock.now()).unwrap().unwrap()
    }

    pub(crate) fn finish(&self, phone: &Phone, visit: &mut Document) -> MadeChange {
        let edit = Edit::Visit(VisitEdit::Finish { at: self.clock.now(), findings: Vec::new() });
        visit.edit(&edit, &self.by(phone), self.clock.now()).unwrap().unwrap()
    }
}

pub(crate) async fn body(response: Response<Body>) -> Vec<u8> {
    axum::body::to_bytes(response.into_body(), 64 * 1024 * 1024).await.unwrap().to_vec()
}

/// What a phone holds of a partition's documents.
#[derive(Default)]
pub(crate) struct Replica {
    pub(crate) members: BTreeMap<(Pid, DocId), Member>,
    pub(crate) changes: BTreeMap<DocId, Vec<Vec<u8>>>,
    pub(crate) notes: Vec<Step>,
}

impl Held for Replica {
    fn member(&self, pid: &Pid, doc: &DocId) -> Option<Member> {
        self.members.get(&(pid.clone(), *doc)).cloned()
    }
}

/// What a phone shows of itself with each request.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) token: String,
    pub(crate) signer: Arc<SoftwareSigner>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) entropy: Arc<Seeded>,
}

impl Keys {
    pub(crate) fn proof(&self, method: &str, path: &str) -> String {
        let address = format!("http://server{}", path.split('?').next().unwrap());
        let (now, once) = (self.clock.now(), self.entropy.sixteen());
        proof::proof(&*self.signer, (method, &address), &self.token, now, once).unwrap()
    }

    pub(crate) fn show(&self, request: Builder, method: &str, path: &str) -> Builder {
        request
            .header("host", "server")
            .header("authorization", format!("DPoP {}", self.token))
            .header("dpop", self.proof(method, path))
    }
}

pub(crate) struct Phone {
    pub(crate) author: Author,
    pub(crate) install: InstallId,
    pub(crate) device: DeviceId,
    pub(crate) keys: Keys,
    pub(crate) signer: Arc<SoftwareSigner>,
    pub(crate) counter: u64,
    /// The lease its manifests name; 0, as an app from before leases, until a test says otherwise.
    pub(crate) lease: u64,
    pub(crate) replica: Replica,
    pub(crate) standings: BTreeMap<Pid, Standing>,
    /// Parts as they came, to offer them again.
    pub(crate) kept: BTreeMap<Pid, Vec<Part>>,
    /// How far its clock is ahead.
    pub(crate) ahead_ms: i64,
}

impl Phone {
    pub(crate) fn item(&self, doc: DocId, made: &MadeChange, code: &str) -> PushItem {
        PushItem {
            doc,
            pid: pid(code),
            move_gen: 0,
            body: chunk::body(&made.raw).unwrap().to_vec(),
        }
    }

    pub(crate) fn manifest(&mut self, items: Vec<PushItem>) -> Manifest {
        self.counter += 1;
        let mut signed = Manifest {
            device: self.device,
            counter: self.counter,
            lease: self.lease,
            made_at: UtcMillis(self.keys.clock.now().0 + self.ahead_ms),
            items,
            sig: Vec::new(),
        };
        manifest::sign(&mut signed, &*self.signer).unwrap();
        signed
    }

    pub(crate) fn request(&self, push: Vec<Manifest>, offers: Vec<Offer>) -> SyncRequest {
        SyncRequest {
            proto: PROTO,
            app: "1.0".to_owned(),
            schema: SCHEMA,
            install: self.install,
            device: self.device,
            counter: self.counter,
            push,
            cursors: self.standings.values().map(Standing::cursor).collect(),
            want: Want { max_bytes: 1 << 20, priority: Vec::new() },
            offers,
            apply_failed: Vec::new(),
            claims: Vec::new(),
            etag: None,
        }
    }

    /// One round; the answer is checked by the phone's own rules and kept.
    pub(crate) async fn sync(&mut self, world: &World, items: Vec<PushItem>) -> SyncResponse {
        let now = world.clock.now();
        self.keys.token = world.app.passes.token(self.device, now, 60).0;
        let push = if items.is_empty() { Vec::new() } else { vec![self.manifest(items)] };
        let request = self.request(push, Vec::new());
        let (status, bytes) = world.frame("/v1/sync", &self.keys, frame::encode(&request)).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        let response: SyncResponse = frame::decode(&bytes).unwrap();
        self.take(&request, &response);
        response
    }

    pub(crate) fn take(&mut self, request: &SyncRequest, response: &SyncResponse) {
        let pushed: BTreeMap<ChangeHash, Vec<u8>> = request
            .push
            .iter()
            .flat_map(|m| &m.items)
            .map(|item| (chunk::rebuild(&item.body).1, item.body.clone()))
            .collect();
        for part in &response.parts {
            if !matches!(part.status, PartStatus::Ok | PartStatus::More) {
                continue;
            }
            let standing = &self.standings[&part.pid];
            let taken =
                take_part(part, standing, &response.history, &self.replica, &pushed).unwrap();
            for slice in taken.slices {
                for (doc, member) in slice.members {
                    let key = (part.pid.clone(), doc);
                    match member {
                        Some(member) => self.replica.members.insert(key, member),
                        None => self.replica.members.remove(&key),
                    };
                }
                for (_, step) in slice.steps {
                    self.replica.step(step);
                }
                self.standings.insert(part.pid.clone(), slice.standing);
            }
            assert!(!taken.differs, "same log, same digest");
            self.kept.entry(part.pid.clone()).or_default().push(part.clone());
        }
    }

    pub(crate) fn statuses(response: &SyncResponse) -> Vec<PushStatus> {
        response.push.iter().map(|receipt| receipt.status.clone()).collect()
    }
}

impl Replica {
    fn step(&mut self, step: Step) {
        match &step {
            Step::Change { doc, raw, .. } => {
                self.changes.entry(*doc).or_default().push(raw.clone());
            }
            Step::Enter { doc, changes, .. } => {
                let raws = changes.iter().map(|(_, raw)| raw.clone());
                self.changes.entry(*doc).or_default().extend(raws);
            }
            _ => {}
        }
        self.notes.push(step);
    }

    pub(crate) fn document(&self, id: DocId) -> Document {
        let raws = self.changes[&id].iter().map(Vec::as_slice);
        Document::from_changes(id, raws).unwrap()
    }
}
