//! What trust costs: looking up phones, accounts and rights among a city's, proofs, and the share of signatures
//! and rights in a pushed change. Prints medians and the 95th and 99th percentile.
//!
//! `cargo bench -p ironfeet-server --bench trust`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ironfeet_core::document::{
    Authorship, Birth, Document, PlaceBirth, Touched, check_patches, dry_run, parse_change,
};
use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{Author, DocId, GridCode, InstallId, Pid, Role, UtcMillis};
use ironfeet_core::rules::{Act, may};
use ironfeet_core::sync::key::{Signer, SoftwareP256, SoftwareSigner, device_id};
use ironfeet_core::sync::message::{Manifest, PushItem, PushStatus};
use ironfeet_core::sync::{chunk, manifest, proof};
use ironfeet_server::app::App;
use ironfeet_server::config::Config;
use ironfeet_server::pass::Shown;
use ironfeet_server::store::sqlite::Sqlite;
use ironfeet_server::store::{self, DeviceRow, DeviceStatus, PersonRow, StoreError};
use ironfeet_server::{account, intake};

const DEVICES: u32 = 20_000;
const PEOPLE: u32 = 8_000;
const LOOKUPS: u32 = 20_000;
const PUSHES: u32 = 1_000;
const GRID: &str = "329901001012001";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> UtcMillis {
        UtcMillis(1_795_000_000_000)
    }
}

struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (z >> 40) as u8;
        }
    }
}

/// Runs `work` and prints how long one took; the median in microseconds.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn measure(what: &str, times: u32, mut work: impl FnMut(u32)) -> f64 {
    let mut spans: Vec<u64> = (0..times)
        .map(|n| {
            let begin = std::time::Instant::now();
            work(n);
            u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    spans.sort_unstable();
    let at =
        |share: usize| spans[(spans.len() * share / 100).min(spans.len() - 1)] as f64 / 1_000.0;
    let line =
        format!("{what:<48} p50 {:>9.1}  p95 {:>9.1}  p99 {:>9.1} µs", at(50), at(95), at(99));
    say(&line);
    at(50)
}

#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
fn say(line: &str) {
    println!("{line}");
}

fn id(kind: u8, n: u32) -> [u8; 16] {
    let mut out = [kind; 16];
    out[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
    out
}

fn person(n: u32) -> PersonRow {
    PersonRow {
        id: format!("w{n:05}").parse().expect("an account name"),
        post: Role::Inspector,
        areas: vec![GRID[..12].to_owned()],
        department: None,
        added_at: UtcMillis(0),
    }
}

fn phone(n: u32, public_key: Vec<u8>, device: ironfeet_core::model::DeviceId) -> DeviceRow {
    DeviceRow {
        id: device,
        person: person(n % PEOPLE).id,
        public_key,
        author: Author(id(2, n)),
        install: InstallId(id(3, n)),
        grids: vec![GRID.parse().expect("a grid code")],
        status: DeviceStatus::Active,
        max_counter: 0,
        app: "1.0".to_owned(),
        enrolled_at: UtcMillis(i64::from(n)),
        last_seen: None,
        renewed_from: None,
    }
}

fn fill(app: &App, signers: &[&dyn Signer]) -> Result<(), StoreError> {
    store::transact(&*app.store, |s| {
        for n in 0..PEOPLE {
            s.person_put(&person(n))?;
        }
        account::reset(s, &person(7).id, &*app.entropy, UtcMillis(0))?;
        account::reset(s, &person(9).id, &*app.entropy, UtcMillis(0))?;
        for n in 0..DEVICES {
            let key = id(1, n).repeat(2);
            s.device_put(&phone(n, key, ironfeet_core::model::DeviceId(id(1, n))))?;
        }
        for (n, signer) in (DEVICES..).zip(signers) {
            let key = signer.public_key();
            let device = device_id(&key);
            s.device_put(&phone(n, key, device))?;
        }
        Ok(())
    })
}

fn lookups(app: &App) {
    let view = |n: u32| {
        let id = ironfeet_core::model::DeviceId(id(1, n % DEVICES));
        let found = store::view(&*app.store, |s| s.device(&id)).expect("the store answers");
        assert!(found.is_some());
    };
    measure("a phone by identity (20,000 phones)", LOOKUPS, view);
    measure("phone and account together (8,000 accounts)", LOOKUPS, |n| {
        let id = ironfeet_core::model::DeviceId(id(1, n % DEVICES));
        let found = store::view(&*app.store, |s| {
            let device = s.device(&id)?;
            device.map_or(Ok(None), |device| s.person(&device.person))
        });
        assert!(found.expect("the store answers").is_some());
    });
    let seven = person(7).id;
    measure("a login by account", LOOKUPS, |_| {
        let found = store::view(&*app.store, |s| {
            Ok::<_, StoreError>((s.login(&seven)?, s.person_retired(&seven)?))
        });
        assert!(found.expect("the store answers").0.is_some());
    });
    let right = account::Attempt {
        account: person(9).id.as_str().to_owned(),
        right: true,
        code: String::new(),
    };
    measure("a sign-in but for its password's cost (fsync)", 300, |n| {
        let at = UtcMillis(i64::from(n));
        let entry = store::transact(&*app.store, |s| account::sign_in(s, &right, at));
        assert!(matches!(entry.expect("the store"), account::Entry::Half(_)));
    });
    let scopes = ["metrics".to_owned()];
    let token = store::transact(&*app.store, |s| {
        account::api_token(s, ("bench", &scopes, 9), &*app.entropy, UtcMillis(0))
    });
    let token = token.expect("the store");
    measure("a program's token and scope", LOOKUPS, |_| {
        let found =
            store::view(&*app.store, |s| account::allowed(s, &token, "metrics", UtcMillis(1)));
        assert!(found.expect("the store answers").is_some_and(|(_, allowed)| allowed));
    });
    measure("a right (role, act, kind, field)", LOOKUPS, |n| {
        let role = Role::ALL[n as usize % Role::ALL.len()];
        std::hint::black_box(may(role, Act::Write, "visit", "answers"));
    });
}

fn proofs(app: &App, name: &str, signer: &dyn Signer) {
    let now = app.clock.now();
    let key = signer.public_key();
    let (token, _) = app.passes.token(device_id(&key), now, 60);
    let address = "https://x.example/v1/sync";
    let shown = |n: u32| Shown {
        token: token.clone(),
        proof: proof::proof(signer, ("POST", address), &token, now, id(9, n))
            .expect("a key in software"),
        method: "POST".to_owned(),
        addresses: vec![address.to_owned()],
    };
    let all: Vec<Shown> = (0..2_000).map(shown).collect();
    measure(&format!("{name}: a request's token, phone and proof"), 2_000, |n| {
        let shown = &all[n as usize];
        let id = app.passes.holder(&shown.token, now).expect("our token");
        let device =
            store::view(&*app.store, |s| s.device(&id)).expect("the store").expect("known");
        app.passes.check(shown, &device.public_key, now).expect("a right proof");
    });
    measure(&format!("{name}: a proof made"), 2_000, |n| {
        std::hint::black_box(shown(n + 5_000));
    });
}

fn pushes(app: &Arc<App>, name: &str, n: u32, signer: &dyn Signer) {
    let device = device_id(&signer.public_key());
    let grid: GridCode = GRID.parse().expect("a grid code");
    let by = Authorship { author: Author(id(2, n)), actor: app.entropy.sixteen() };
    let manifests: Vec<Manifest> = (0..PUSHES)
        .map(|counter| {
            let facts =
                vec![("address".to_owned(), format!("平川路 {counter} 号").as_str().into())];
            let birth = Birth::Place(PlaceBirth { facts, by_role: Role::Inspector });
            let doc = DocId::new(app.clock.now(), app.entropy.sixteen());
            let (_, made) = Document::birth(doc, &birth, &by, app.clock.now()).expect("a place");
            let body = chunk::body(&made.raw).expect("a change").to_vec();
            let item = PushItem { doc, pid: Pid::Grid(grid.clone()), move_gen: 0, body };
            let counter = u64::from(counter) + 1;
            let made_at = app.clock.now();
            let sig = Vec::new();
            let mut manifest =
                Manifest { device, counter, lease: 0, made_at, items: vec![item], sig };
            manifest::sign(&mut manifest, signer).expect("a key in software");
            manifest
        })
        .collect();
    let key = signer.public_key();
    let signature = measure(&format!("{name}: a manifest's signature checked"), PUSHES, |n| {
        assert!(manifest::is_signed(&manifests[n as usize], &key));
    });
    let author = measure(&format!("{name}: its author's phone and account"), PUSHES, |_| {
        let found = store::view(&*app.store, |s| {
            let phone = s.device(&device)?;
            phone.map_or(Ok(None), |phone| s.person(&phone.person))
        });
        assert!(found.expect("the store answers").is_some());
    });
    let runs: Vec<_> = manifests.iter().map(tried).collect();
    let rights = measure(&format!("{name}: rights on what it touches"), PUSHES, |n| {
        check_patches(&runs[n as usize]).expect("an honest change");
        for patch in &runs[n as usize].patches {
            std::hint::black_box(may(Role::Inspector, Act::Write, "place", &patch.key));
        }
    });
    let whole = measure(&format!("{name}: a change pushed, durable (fsync)"), PUSHES, |n| {
        let receipts = intake::push(app, std::slice::from_ref(&manifests[n as usize]));
        let status = receipts.expect("the store").remove(0).status;
        assert!(matches!(status, PushStatus::Accepted(_)), "{status:?}");
    });
    for (what, part) in [("signature", signature), ("author", author), ("rights", rights)] {
        say(&format!("{name}: {what} is {:.2} % of a pushed change", 100.0 * part / whole));
    }
}

/// What a manifest's change touches, by the dry run.
fn tried(manifest: &Manifest) -> Touched {
    let item = &manifest.items[0];
    let parts = parse_change(&chunk::rebuild(&item.body).0).expect("a change");
    dry_run(None, item.doc, &[parts]).expect("an honest change").touched.remove(0)
}

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = Config { data: dir.path().to_owned(), ..Config::default() };
    let store = Arc::new(Sqlite::open(&dir.path().join("bench.db")).expect("a database"));
    let entropy = Arc::new(Counted(AtomicU64::new(1)));
    let app = App::new(config, store, Arc::new(Fixed), entropy, true).expect("a server");
    let app = Arc::new(app);
    let ed = SoftwareSigner::new(&[7; 32]);
    let p256 = SoftwareP256::new(&[7; 32]).expect("a key");
    fill(&app, &[&ed, &p256]).expect("the store takes a city");
    lookups(&app);
    proofs(&app, "Ed25519", &ed);
    proofs(&app, "ES256", &p256);
    pushes(&app, "Ed25519", DEVICES, &ed);
    pushes(&app, "ES256", DEVICES + 1, &p256);
    let mut n = 0;
    let audit = measure("an audit row, durable (fsync)", 300, |_| {
        n += 1;
        let done = store::transact(&*app.store, |s| {
            ironfeet_server::audit::note(s, UtcMillis(n), "bench", "bench.row", "x")
        });
        done.expect("the store");
    });
    say(&format!("an accepted change writes no audit row; an act of a person does: {audit:.1} µs"));
    measure("a password checked (Argon2id, 19 MiB)", 20, |_| {
        assert!(
            !account::is_right(&*app.store, person(7).id.as_str(), "wrong").expect("the store")
        );
    });
}
