//! Every act that changes something, and every export, writes a row to the trail: a route that is not in this
//! table, or whose act leaves no row, fails.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use ironfeet_core::sync::key::{Signer as _, SoftwareSigner};
use ironfeet_core::sync::proof;
use ironfeet_server::command::{Admin, Command, first_code};
use ironfeet_server::{account, audit, enrol, store};

use super::console::{Quarrel, between, header, page, post, quarrel};
use super::routes::registered;
use super::world::{GRID, World, body};

/// What a route leaves in the trail.
enum Leaves {
    /// A row of this act.
    Row(&'static str),
    /// None, for this reason.
    None(&'static str),
}
use Leaves::Row;

/// Every route that changes something or takes lists out.
const ACTS: &[(&str, &str, Leaves)] = &[
    ("POST", "/v1/enrol", Row("device.enrol")),
    ("POST", "/v1/nonce", Leaves::None("gives a number and keeps nothing")),
    ("POST", "/v1/token", Leaves::None("proof of a key, hourly by every phone; contact is noted")),
    ("POST", "/v1/renew", Row("device.renew")),
    ("POST", "/v1/sync", Leaves::None("each change is kept with its author's signature")),
    ("POST", "/v1/locate", Leaves::None("reads")),
    ("POST", "/v1/heal", Leaves::None("reads")),
    ("POST", "/v1/files", Leaves::None("a photo's row names the phone it came from")),
    ("POST", "/v1/files/{upload}", Leaves::None("as above")),
    ("PATCH", "/v1/files/{upload}", Leaves::None("as above")),
    ("GET", "/v1/audit", Row("audit.export")),
    ("GET", "/v1/export/{file}", Row("export")),
    ("POST", "/console/login", Row("console.login")),
    ("POST", "/console/logout", Row("console.logout")),
    ("POST", "/console/signin", Row("console.login.half")),
    ("POST", "/console/account/password", Row("console.password")),
    ("POST", "/console/account/factor", Row("console.factor")),
    ("POST", "/console/review/decide", Row("conflict.settle")),
    ("POST", "/console/review/undo", Row("conflict.undo")),
    ("POST", "/console/review/same", Leaves::None("decides each of many: a row each, as decide")),
    ("POST", "/console/review/waiting", Row("quarantine.discard")),
    ("POST", "/console/review/twins", Row("twin.different")),
    ("POST", "/console/review/twins/undo", Row("twin.undo")),
    ("POST", "/console/review/clocks", Row("clock.noted")),
    ("POST", "/console/import", Row("import.places")),
    ("POST", "/console/phones/invite", Row("enrol.code")),
    ("POST", "/console/phones/revoke", Row("device.revoke")),
    ("POST", "/console/people", Row("person.add")),
    ("POST", "/console/people/retire", Row("person.retire")),
    ("POST", "/console/checklists/propose", Row("checklist.publish")),
    ("GET", "/console/export/{file}", Row("export")),
];

fn rows(world: &World) -> Vec<(String, bool)> {
    let mut rows = Vec::new();
    audit::walk(&*world.app.store, &mut |row| rows.push((row.action.clone(), row.success)))
        .unwrap();
    rows
}

/// A world with a conflict, and a supervisor who has signed in.
struct Scene {
    q: Quarrel,
    cookie: String,
    csrf: String,
}

impl Scene {
    async fn new() -> Self {
        let q = quarrel().await;
        let cookie = super::console::sign_in(&q.world).await;
        let (_, today) = page(&q.world, "/console/today", &cookie).await;
        let csrf = between(&today, "name=\"csrf\" value=\"", "\"").to_owned();
        Self { q, cookie, csrf }
    }

    async fn form(&self, path: &str, form: &str) -> String {
        let form = format!("csrf={}&{form}", self.csrf);
        let done = post(&self.q.world, path, &self.cookie, &form).await;
        assert!(matches!(done.status().as_u16(), 200 | 303), "{path}: {}", done.status());
        if done.status() == 303 { header(&done, "location") } else { String::new() }
    }

    async fn json(&self, path: &str, value: serde_json::Value) {
        let request = Request::post(path).header("host", "server");
        let done = self.q.world.send(request.body(Body::from(value.to_string())).unwrap()).await;
        let (status, said) = (done.status(), body(done).await);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&said));
    }

    async fn taken(&self, path: &str, scope: &str) {
        let world = &self.q.world;
        let now = ironfeet_core::ground::Clock::now(&*world.clock);
        let scopes = [scope.to_owned()];
        let token = store::transact(&*world.app.store, |s| {
            account::api_token(s, ("program", &scopes, 9), &*world.entropy, now)
        });
        let request =
            Request::get(path).header("authorization", format!("Bearer {}", token.unwrap()));
        assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status(), 200);
    }

    async fn settle(&self) -> String {
        let (_, seen) = page(&self.q.world, "/console/review", &self.cookie).await;
        let take = self.q.form(&seen, "take", &format!("choose={}", self.q.a.hash));
        self.q.decide(&self.cookie, &take).await
    }

    /// A revoked phone's work waits.
    async fn hold(&mut self) {
        let q = &mut self.q;
        let (place, made) = q.world.place(&q.two, "乙");
        q.world.run(Command::Admin { act: revoke(q) }).unwrap();
        q.two.sync(&q.world, vec![q.two.item(place.id(), &made, GRID)]).await;
    }

    async fn sign_in_half(&self) -> (String, String, String) {
        let world = &self.q.world;
        let (name, secret) =
            ironfeet_server::command::first_administrator(&world.app).unwrap().unwrap();
        let form = format!("account={name}&password={secret}");
        let done = post(world, "/console/signin", "", &form).await;
        let cookie = header(&done, "set-cookie").split(';').next().unwrap().to_owned();
        let (_, text) = page(world, "/console/account", &cookie).await;
        let csrf = between(&text, "name=\"csrf\" value=\"", "\"").to_owned();
        (cookie, csrf, secret)
    }
}

fn revoke(q: &Quarrel) -> Admin {
    let act = ironfeet_server::command::Device::Revoke { id: q.two.device, stolen: false };
    Admin::Device { act }
}

async fn console_act(scene: &mut Scene, path: &str) {
    match path {
        "/console/review/decide" => drop(scene.settle().await),
        "/console/review/undo" => {
            let decided = scene.settle().await;
            let id = decided.split("undo=").nth(1).unwrap();
            scene.form(path, &format!("id={id}")).await;
        }
        "/console/review/waiting" => {
            scene.hold().await;
            let ticket = store::view(&*scene.q.world.app.store, |s| s.tickets_open()).unwrap();
            scene.form(path, &format!("act=discard&ticket={}", ticket[0].ticket)).await;
        }
        "/console/review/twins" | "/console/review/twins/undo" => {
            let (other, made) = scene.q.world.place(&scene.q.one, "平川路1号");
            let item = scene.q.one.item(other.id(), &made, GRID);
            scene.q.one.sync(&scene.q.world, vec![item]).await;
            let mut pair = [scene.q.place.id(), other.id()];
            pair.sort();
            let pair = format!("a={}&b={}", pair[0], pair[1]);
            scene.form("/console/review/twins", &pair).await;
            if path.ends_with("undo") {
                scene.form(path, &pair).await;
            }
        }
        "/console/review/clocks" => {
            scene.q.two.ahead_ms = 3_600_000;
            let (place, made) = scene.q.world.place(&scene.q.two, "丙");
            let item = scene.q.two.item(place.id(), &made, GRID);
            scene.q.two.sync(&scene.q.world, vec![item]).await;
            scene.form(path, &format!("id={}", scene.q.two.device)).await;
        }
        "/console/import" => {
            let file = format!("grid,kind,address,lat,lon%0A{GRID},dwelling,%E4%B8%81,33,119%0A");
            scene.form(path, &format!("text={file}")).await;
            super::desk::imported(&scene.q.world).await;
        }
        "/console/phones/invite" => {
            scene.form(path, &format!("person=W1&grids={GRID}")).await;
        }
        "/console/phones/revoke" => {
            scene.form(path, &format!("id={}", scene.q.two.device)).await;
        }
        "/console/people" => {
            super::people::act(&scene.q.world, path, "id=x1&post=auditor").await.unwrap();
        }
        "/console/people/retire" => {
            super::people::act(&scene.q.world, "/console/people", "id=x1&post=auditor")
                .await
                .unwrap();
            super::people::act(&scene.q.world, path, "id=x1").await.unwrap();
        }
        "/console/checklists/propose" => {
            let yaml = include_str!("../../../core/content/checklists.yaml");
            let version = between(yaml, "content_version: ", "\n");
            let yaml = yaml.replacen(version, "'9999.1'", 1);
            let yaml: String = yaml.bytes().map(|b| format!("%{b:02x}")).collect();
            scene.form(path, &format!("act=publish&yaml={yaml}")).await;
        }
        "/console/export/{file}" => {
            let (status, _) =
                page(&scene.q.world, "/console/export/places.csv", &scene.cookie).await;
            assert_eq!(status, 200);
        }
        _ => panic!("{path} has no act: write how it is done"),
    }
}

async fn account_act(scene: &Scene, path: &str) {
    let world = &scene.q.world;
    let (cookie, csrf, secret) = scene.sign_in_half().await;
    let form = match path {
        "/console/signin" => return,
        "/console/account/password" => format!("csrf={csrf}&old={secret}&new=Long-enough-9"),
        _ => {
            let (_, text) = page(world, "/console/account", &cookie).await;
            let base32 = between(&text, "<code>", "</code>").to_owned();
            let now = ironfeet_core::ground::Clock::now(&*world.clock);
            let bytes = totp_rs::Secret::try_from_base32(&base32).unwrap().as_bytes().to_vec();
            let code = account::factor("admin", &bytes).unwrap();
            let seconds = u64::try_from(now.0 / 1_000).unwrap();
            format!("csrf={csrf}&factor={}", code.generate(seconds))
        }
    };
    assert_eq!(post(world, path, &cookie, &form).await.status(), 303, "{path}");
}

async fn phone_act(scene: &mut Scene, path: &str) {
    let secret = SoftwareSigner::new(&[77; 32]);
    let key = hex::encode(secret.public_key());
    let (install, author) = (hex::encode([5; 16]), hex::encode([6; 16]));
    if path == "/v1/enrol" {
        let now = ironfeet_core::ground::Clock::now(&*scene.q.world.clock);
        let world = &scene.q.world;
        let (code, _) = store::transact(&*world.app.store, |s| {
            enrol::code(s, &*world.entropy, &"W9".parse().unwrap(), &[GRID.parse().unwrap()], now)
        })
        .unwrap();
        let ask = json!({
            "code": code, "install_id": install, "author": author, "public_key": key, "app": "1",
        });
        return scene.json(path, ask).await;
    }
    let nonce = Request::post("/v1/nonce").body(Body::empty()).unwrap();
    let nonce = body(scene.q.world.send(nonce).await).await;
    let nonce: serde_json::Value = serde_json::from_slice(&nonce).unwrap();
    let about = json!({ "install_id": install, "public_key": key });
    let q = &scene.q;
    let url = format!("http://server{path}");
    let nonce = nonce["nonce"].as_str().unwrap();
    let said = proof::assertion(&*q.one.signer, q.one.device, &url, nonce, &about);
    scene.json(path, json!({ "assertion": said.unwrap() })).await;
}

#[tokio::test]
async fn every_act_of_every_route_leaves_its_row() {
    let acts: BTreeSet<_> =
        ACTS.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
    let reads = |method: &str| matches!(method, "GET" | "HEAD" | "OPTIONS");
    let exports = |path: &str| path.contains("export/") || path == "/v1/audit";
    let changing: BTreeSet<_> =
        registered().into_iter().filter(|(m, path)| !reads(m) || exports(path)).collect();
    assert_eq!(acts, changing, "a route that may change something says here what it leaves");
    for (_, path, leaves) in ACTS {
        let action = match leaves {
            Row(action) => action,
            Leaves::None(reason) => {
                assert!(!reason.is_empty());
                continue;
            }
        };
        let mut scene = Scene::new().await;
        let before = rows(&scene.q.world).len();
        match *path {
            "/console/login" => {
                let code = scene.q.world.run(Command::Admin { act: Admin::ConsoleCode }).unwrap();
                let form = format!("code={}", code.json["code"].as_str().unwrap());
                post(&scene.q.world, path, "", &form).await;
            }
            "/console/logout" => drop(scene.form(path, "").await),
            "/v1/audit" => scene.taken(path, "audit").await,
            "/v1/export/{file}" => scene.taken("/v1/export/visits.csv", "export").await,
            path if path.starts_with("/v1/") => phone_act(&mut scene, path).await,
            "/console/signin" | "/console/account/password" | "/console/account/factor" => {
                account_act(&scene, path).await;
            }
            path => console_act(&mut scene, path).await,
        }
        let after = rows(&scene.q.world);
        let new = &after[before..];
        assert!(new.contains(&((*action).to_owned(), true)), "{path}: {action} in {new:?}");
    }
}

#[tokio::test]
async fn what_was_refused_is_in_the_trail_too_without_what_was_typed() {
    let scene = Scene::new().await;
    let world = &scene.q.world;
    first_code(&world.app).unwrap();
    let before = rows(world).len();
    post(world, "/console/login", "", "code=AAAA-AAAA").await;
    post(world, "/console/signin", "", "account=my-Secret-9&password=x").await;
    post(world, "/console/signin", "", "account=other&password=x").await;
    let (cookie, csrf, _) = scene.sign_in_half().await;
    let wrong = format!("csrf={csrf}&old=wrong&new=Long-enough-9");
    post(world, "/console/account/password", &cookie, &wrong).await;
    post(world, "/console/account/factor", &cookie, &format!("csrf={csrf}&factor=000000")).await;
    let ask = json!({ "code": "AAAA-AAAA-AAAA-AAAA", "install_id": hex::encode([5; 16]),
        "author": hex::encode([6; 16]), "public_key": hex::encode([7; 32]), "app": "1" });
    let request = Request::post("/v1/enrol").body(Body::from(ask.to_string())).unwrap();
    assert_eq!(world.send(request).await.status(), 403);
    let new: Vec<_> = rows(world).drain(before..).filter(|(_, done)| !done).collect();
    let refused = [
        "console.login",
        "console.login",
        "console.login",
        "console.password",
        "console.factor",
        "device.enrol",
    ];
    assert_eq!(new.iter().map(|(action, _)| action.as_str()).collect::<Vec<_>>(), refused);
    let mut actors = BTreeSet::new();
    audit::walk(&*world.app.store, &mut |row| {
        assert!(!format!("{} {}", row.actor, row.object).contains("Secret"));
        actors.insert(row.actor.clone());
    })
    .unwrap();
    let unknown = actors.iter().filter(|actor| actor.starts_with("unknown:")).count();
    assert_eq!(unknown, 2, "each stranger has a number: {actors:?}");
}
