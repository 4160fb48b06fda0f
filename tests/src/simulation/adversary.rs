//! An enrolled device that sends what no app would make: mutants of honest changes, rightly signed.

use std::num::NonZeroU64;
use std::sync::Arc;

use automerge as am;
use automerge::legacy::{Key, ObjectId, OpId};
use axum::Router;
use ironfeet_core::document::{Authorship, Birth, Document, Edit, PlaceEdit};
use ironfeet_core::ground::Clock;
use ironfeet_core::model::{Author, DeviceId, DocId, InstallId, Pid, Remark, Role, UtcMillis};
use ironfeet_core::phone::Enrolled;
use ironfeet_core::phone::transport::{Pass, Transport};
use ironfeet_core::sync::chunk;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::manifest::{self, Signer, SoftwareSigner};
use ironfeet_core::sync::message::{
    Manifest, PROTO, PushItem, PushStatus, Receipt, SCHEMA, SyncRequest, SyncResponse, Want,
};
use ironfeet_core::sync::proof;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Line, VirtualClock};

/// Mutants by bent bytes in one push.
const BENT: usize = 8;
const AT: UtcMillis = UtcMillis(1_795_000_000_000);

/// The device.
pub struct Adversary {
    line: Arc<Line>,
    rng: ChaCha8Rng,
    device: DeviceId,
    install: InstallId,
    author: Author,
    token: String,
    signer: Arc<SoftwareSigner>,
    clock: Arc<VirtualClock>,
    counter: u64,
}

impl Adversary {
    /// The device it is enrolled as.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Enrols as any phone does.
    ///
    /// # Panics
    /// When the code is not taken.
    pub async fn enrol(router: Router, code: &str, seed: u64, clock: Arc<VirtualClock>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xbad);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        let signer = Arc::new(SoftwareSigner::new(&key));
        let (install, author) = (InstallId(rng.random()), Author(rng.random()));
        let line = Line::new(seed);
        line.connect(Some(router));
        let ask = serde_json::json!({
            "code": code, "install_id": install, "author": author, "app": "sim", "schema": SCHEMA,
            "public_key": hex::encode(signer.public_key()),
        });
        let told = line.post_json("/v1/enrol", ask.to_string()).await.expect("the code is good");
        let enrolled: Enrolled = serde_json::from_str(&told).expect("an answer as agreed");
        let (device, token) = (enrolled.device_id, enrolled.token);
        Self { line, rng, device, install, author, token, signer, clock, counter: 0 }
    }

    /// Connects it to a server, or to none.
    pub fn connect(&self, router: Option<Router>) {
        self.line.connect(router);
    }

    /// Answers 5xx so far.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.line.failures()
    }

    /// Pushes mutants of two honest changes on a record; how many.
    pub async fn push(&mut self, document: &Document, home: &Pid) -> usize {
        let bodies = self.mutants(document);
        let item = |body| PushItem { doc: document.id(), pid: home.clone(), move_gen: 0, body };
        let mut items: Vec<PushItem> = bodies.into_iter().map(item).collect();
        let doubled = self.doubled(document, home);
        let twice = doubled.first().map(|item| item.doc);
        items.extend(doubled);
        let sent = items.len();
        // A server that is down hears nothing of it; one that is up answers each change.
        let Some(told) = self.hand_in(items).await else { return sent };
        let taken = |one: &Receipt| Some(one.doc) == twice && is_taken(&one.status);
        assert!(!told.iter().any(taken), "another's record was taken under another identity");
        told.len()
    }

    /// A new place as a newer app writes it: a later schema, a field unknown here. What became of it.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn push_newer(
        &mut self,
        birth: &Birth,
        field: &str,
        home: &Pid,
    ) -> (DocId, PushStatus) {
        let by = Authorship { author: self.author, actor: self.rng.random() };
        let id = DocId::new(AT, self.rng.random());
        let (_, made) = Document::birth(id, birth, &by, AT).expect("a place that fits");
        let raw = newer(&made.raw, field);
        let body = chunk::body(&raw).expect("a whole change").to_vec();
        let item = PushItem { doc: id, pid: home.clone(), move_gen: 0, body };
        let told = self.hand_in(vec![item]).await.expect("the server answers");
        (id, told[0].status.clone())
    }

    /// Signs and sends; the receipts, if there is an answer.
    async fn hand_in(&mut self, items: Vec<PushItem>) -> Option<Vec<Receipt>> {
        self.counter += 1;
        let mut signed = Manifest {
            device: self.device,
            counter: self.counter,
            lease: 0,
            made_at: AT,
            items,
            sig: Vec::new(),
        };
        manifest::sign(&mut signed, &*self.signer).expect("a key in software");
        let request = SyncRequest {
            proto: PROTO,
            app: "sim".to_owned(),
            schema: SCHEMA,
            install: self.install,
            device: self.device,
            counter: self.counter,
            push: vec![signed],
            cursors: Vec::new(),
            want: Want { max_bytes: 1 << 20, priority: Vec::new() },
            offers: Vec::new(),
            apply_failed: Vec::new(),
            claims: Vec::new(),
            etag: None,
        };
        let pass = self.pass();
        let answer = self.line.post_frame("/v1/sync", &pass, frame::encode(&request)).await.ok()?;
        let answer: SyncResponse = frame::decode(&answer).expect("an answer as agreed");
        Some(answer.push)
    }

    fn pass(&mut self) -> Pass {
        let (signer, token, clock) = (self.signer.clone(), self.token.clone(), self.clock.clone());
        let rng = std::sync::Mutex::new(ChaCha8Rng::seed_from_u64(self.rng.random()));
        Pass::new(move |method, path| {
            let once = rng.lock().expect("not poisoned").random();
            let address = format!("http://server{path}");
            let proof = proof::proof(&*signer, (method, &address), &token, clock.now(), once)?;
            Ok(vec![("authorization", format!("DPoP {token}")), ("dpop", proof)])
        })
    }

    /// Well-made changes that wrong others: two of one actor with one number, one under another's actor, and a
    /// record of its own that another's record already is.
    fn wronged(
        &mut self,
        document: &Document,
        by: &Authorship,
        honest: &[Vec<u8>],
    ) -> Vec<Vec<u8>> {
        let remark = Remark { at: AT, by_role: Role::Inspector, text: "三".to_owned() };
        let edit = Edit::Place(PlaceEdit::Remark(remark));
        let twin = document.clone().edit(&edit, by, AT).ok().flatten().map(|made| made.raw);
        let theft = honest.first().and_then(|raw| stolen(raw, document));
        let first = honest.first().cloned();
        let raws = [first, twin, theft].into_iter().flatten();
        raws.filter_map(|raw| chunk::body(&raw).map(<[u8]>::to_vec)).collect()
    }

    /// Another's record under an identity of its own: the same hashes in two documents.
    fn doubled(&mut self, document: &Document, home: &Pid) -> Vec<PushItem> {
        let doc = DocId::new(AT, self.rng.random());
        let item = |raw: &[u8]| {
            let body = chunk::body(raw)?.to_vec();
            Some(PushItem { doc, pid: home.clone(), move_gen: 0, body })
        };
        document.changes().iter().filter_map(|parts| item(&parts.raw)).collect()
    }

    /// Two honest changes of the own author, and what can be made of them.
    fn mutants(&mut self, document: &Document) -> Vec<Vec<u8>> {
        let by = Authorship { author: self.author, actor: self.rng.random() };
        let mut grown = document.clone();
        let mut honest = Vec::new();
        for text in ["一", "二"] {
            let remark = Remark { at: AT, by_role: Role::Inspector, text: text.to_owned() };
            let edit = Edit::Place(PlaceEdit::Remark(remark));
            if let Ok(Some(made)) = grown.edit(&edit, &by, AT) {
                honest.push(made.raw);
            }
        }
        let mut bodies = self.wronged(document, &by, &honest);
        for raw in &honest {
            bodies
                .extend(altered(raw).iter().filter_map(|raw| chunk::body(raw).map(<[u8]>::to_vec)));
            for _ in 0..BENT {
                let Some(mut body) = chunk::body(raw).map(<[u8]>::to_vec) else { continue };
                for _ in 0..self.rng.random_range(1..4) {
                    let spot = self.rng.random_range(0..body.len());
                    body[spot] = self.rng.random();
                }
                bodies.push(body);
            }
        }
        bodies
    }
}

/// A change under another's actor: right in everything but who speaks.
fn stolen(raw: &[u8], document: &Document) -> Option<Vec<u8>> {
    let last = document.changes().pop()?;
    let mut expanded = am::Change::try_from(raw).ok()?.decode();
    expanded.actor_id = am::ActorId::from(&last.actor[..]);
    expanded.seq = last.seq + 1;
    expanded.extra_bytes.clear();
    Some(am::Change::from(expanded).raw_bytes().to_vec())
}

/// A birth as of the next schema: the same, and a field of its own beside the storeys.
fn newer(raw: &[u8], field: &str) -> Vec<u8> {
    let mut expanded = am::Change::try_from(raw).expect("a whole change").decode();
    let key = |name: &str| Key::Map(name.into());
    for op in &mut expanded.operations {
        if op.obj == ObjectId::Root && op.key == key("v") {
            op.action = am::legacy::OpType::Put(2.into());
        }
    }
    let beside: Vec<_> =
        expanded.operations.iter().filter(|op| op.key == key("storeys")).cloned().collect();
    expanded
        .operations
        .extend(beside.into_iter().map(|op| am::legacy::Op { key: key(field), ..op }));
    am::Change::from(expanded).raw_bytes().to_vec()
}

fn is_taken(status: &PushStatus) -> bool {
    matches!(status, PushStatus::Accepted(_) | PushStatus::Dup(_) | PushStatus::Moved(..))
}

/// Well-formed changes that say what cannot be.
fn altered(raw: &[u8]) -> Vec<Vec<u8>> {
    let Ok(change) = am::Change::try_from(raw) else { return Vec::new() };
    let alter = |work: &dyn Fn(&mut am::ExpandedChange)| {
        let mut expanded = change.decode();
        work(&mut expanded);
        am::Change::from(expanded).raw_bytes().to_vec()
    };
    let elsewhere = |e: &mut am::ExpandedChange| {
        let ghost = OpId::new(1, &e.actor_id);
        e.operations.iter_mut().for_each(|op| op.obj = ObjectId::Id(ghost.clone()));
    };
    vec![
        alter(&elsewhere),
        alter(&|e| e.seq += 1),
        alter(&|e| e.deps.clear()),
        alter(&|e| e.start_op = NonZeroU64::new(u64::from(u32::MAX) - 1).expect("not zero")),
        alter(&|e| e.start_op = NonZeroU64::MIN),
        alter(&|e| e.operations.clear()),
        alter(&|e| e.operations.iter_mut().for_each(|op| op.insert = !op.insert)),
    ]
}
