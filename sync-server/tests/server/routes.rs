//! Every route has a caller, and refuses all others.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;

use ironfeet_core::sync::frame;
use ironfeet_server::account;
use ironfeet_server::http::table::{Caller, OPEN_PAGES, ROUTES, openapi};
use ironfeet_server::store;

use super::world::{GRID, Keys, World, body};

fn sources(dir: &std::path::Path, out: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else {
            out.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// Every `.route("path", get(…).post(…))` of the room `http`, as method and path.
pub(crate) fn registered() -> BTreeSet<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(root.join("src/http.rs")).unwrap();
    sources(&root.join("src/http"), &mut text);
    let mut found = BTreeSet::new();
    for part in text.split(".route(").skip(1) {
        let path = part.trim_start().strip_prefix('"').expect("a path as a text").split('"').next();
        let until = part.find("\n        .").or_else(|| part.find(';')).unwrap_or(part.len());
        for method in ["get", "post", "put", "patch", "delete", "head", "options"] {
            let handler = &part[..until];
            if handler.contains(&format!(" {method}(")) || handler.contains(&format!(".{method}("))
            {
                found.insert((method.to_uppercase(), path.unwrap().to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_route_says_who_may_call_it() {
    let all = registered();
    assert!(all.len() > 30, "the routes were not found: {all:?}");
    let known = |method: &str, path: &str| {
        ROUTES.iter().any(|r| r.method == method && r.path == path)
            || OPEN_PAGES.contains(&(method, path))
            // The pages of the console: each asks for a session, which the next test checks.
            || path.starts_with("/console/")
    };
    let without: Vec<_> = all.iter().filter(|(m, p)| !known(m, p)).collect();
    assert!(without.is_empty(), "routes without a caller: {without:?}");
    let there = |m: &str, p: &str| all.contains(&(m.to_owned(), p.to_owned()));
    let gone: Vec<_> = ROUTES.iter().filter(|r| !there(r.method, r.path)).collect();
    assert!(gone.is_empty(), "callers without a route: {gone:?}");
    assert!(OPEN_PAGES.iter().all(|(m, p)| there(m, p)), "an open page that is not there");
}

fn filled(path: &str) -> String {
    let path = path.replace("{pid}", &format!("g{GRID}")).replace("{n}", "1");
    path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057")
        .replace("{file}", "places.csv")
        .replace("{upload}", &"0".repeat(32))
        .replace("{sha256}", &"0".repeat(64))
}

#[tokio::test]
async fn no_page_of_the_console_is_shown_to_nobody_or_to_half_a_session() {
    let world = World::new();
    let now = ironfeet_core::ground::Clock::now(&*world.clock);
    let half = world.app.sessions.begin(&*world.entropy, now);
    world.app.sessions.halve(&half, vec![1; 20]);
    for (method, path) in registered() {
        let open = OPEN_PAGES.contains(&(method.as_str(), path.as_str()));
        if open || !path.starts_with("/console/") {
            continue;
        }
        for cookie in [String::new(), "ironfeet=nobody".to_owned(), format!("ironfeet={half}")] {
            if cookie.contains(&half) && path.starts_with("/console/account") {
                continue;
            }
            let request = Request::builder()
                .method(method.as_str())
                .uri(filled(&path))
                .header("cookie", &cookie)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from("csrf=x&old=a&new=b&factor=1"))
                .unwrap();
            let response = world.send(request).await;
            let status = response.status().as_u16();
            let to = response.headers().get("location").map(|v| v.to_str().unwrap().to_owned());
            let signing_in = status == 303 && to.as_deref() == Some("/console/login");
            let refused = matches!(status, 400..=403 | 415 | 422);
            assert!(signing_in || refused, "{method} {path} with {cookie:?}: {status} {to:?}");
        }
    }
}

#[tokio::test]
async fn a_phones_routes_refuse_everybody_but_its_key() {
    let world = World::with(|config| config.sync.wait_ms_max = 1);
    let (one, two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let body_of = || frame::encode(&one.request(vec![], vec![]));
    let stolen = Keys { token: one.keys.token.clone(), ..two.keys.clone() };
    for route in ROUTES.iter().filter(|r| r.caller == Caller::Device) {
        let path = filled(route.path);
        let asked = if path == "/v1/wait" { format!("{path}?pids=g{GRID}") } else { path.clone() };
        let other = if path == "/v1/wait" { "/v1/sync" } else { "/v1/wait" };
        let method = route.method;
        let make = || Request::builder().method(method).uri(&asked).header("host", "server");
        let token = |value: String| make().header("authorization", value);
        let used = one.keys.proof(method, &path);
        let good = token(format!("DPoP {}", one.keys.token)).header("dpop", &used);
        let first = world.send(good.body(Body::from(body_of())).unwrap()).await;
        assert_ne!(first.status().as_u16(), 401, "{path}: the right caller is let in");
        let cases = [
            ("nothing", make(), "token"),
            ("another scheme", token(format!("Bearer {}", one.keys.token)), "token"),
            (
                "a made-up token",
                token("DPoP abc".to_owned()).header("dpop", one.keys.proof(method, &path)),
                "token",
            ),
            ("no proof", token(format!("DPoP {}", one.keys.token)), "proof"),
            ("a stolen token", stolen.show(make(), method, &path), "proof"),
            (
                "a proof of another route",
                token(format!("DPoP {}", one.keys.token))
                    .header("dpop", one.keys.proof(method, other)),
                "proof",
            ),
            (
                "a proof used before",
                token(format!("DPoP {}", one.keys.token)).header("dpop", &used),
                "proof_replayed",
            ),
        ];
        for (what, request, code) in cases {
            let response = world.send(request.body(Body::from(body_of())).unwrap()).await;
            let status = response.status().as_u16();
            let asks = response.headers().contains_key("www-authenticate");
            let said = String::from_utf8(body(response).await).unwrap();
            assert_eq!(status, 401, "{path} with {what}: {said}");
            // The answer to HEAD has no body.
            let silent = method == "HEAD" && said.is_empty();
            assert!(
                asks && (silent || said.contains(&format!("\"code\":\"{code}\""))),
                "{path} {what}: {said}"
            );
        }
    }
    world.pass_days(1);
    let late = one.keys.show(Request::post("/v1/sync"), "POST", "/v1/sync");
    let response = world.send(late.body(Body::from(body_of())).unwrap()).await;
    assert!(String::from_utf8(body(response).await).unwrap().contains("token_expired"));
}

#[tokio::test]
async fn routes_that_give_tokens_ask_for_the_key() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    for route in ROUTES.iter().filter(|r| r.caller == Caller::Key) {
        let proof = phone.keys.proof("POST", route.path);
        for (text, status) in [
            (String::new(), 400),
            ("{}".to_owned(), 400),
            (r#"{"assertion":"a.b.c"}"#.to_owned(), 401),
            (format!(r#"{{"assertion":"{proof}"}}"#), 401),
        ] {
            let request = Request::post(route.path).header("host", "server");
            let response = world.send(request.body(Body::from(text.clone())).unwrap()).await;
            assert_eq!(response.status().as_u16(), status, "{} {text}", route.path);
        }
    }
}

#[tokio::test]
async fn programs_do_what_their_token_allows_and_no_more() {
    let world = World::new();
    let now = ironfeet_core::ground::Clock::now(&*world.clock);
    let make = |name: &str, scope: &str| {
        let scopes = [scope.to_owned()];
        store::transact(&*world.app.store, |s| {
            account::api_token(s, (name, &scopes, 10), &*world.entropy, now)
        })
        .unwrap()
    };
    let phone = world.phone("W1", &[GRID]);
    let mut scopes = BTreeSet::new();
    for route in ROUTES {
        let Caller::Program(scope) = route.caller else { continue };
        scopes.insert(scope);
        let other = account::SCOPES.iter().find(|s| **s != scope).unwrap();
        let (right, wrong) = (make(&format!("{scope}-a"), scope), make("b", other));
        let ask = async |token: &str| {
            let request = Request::get(filled(route.path)).header("authorization", token);
            world.send(request.body(Body::empty()).unwrap()).await.status().as_u16()
        };
        assert_eq!(ask(&format!("Bearer {right}")).await, 200);
        assert_eq!(ask(&format!("Bearer {wrong}")).await, 403, "{}: another scope", route.path);
        for bad in ["", "Bearer", "Bearer x", &format!("DPoP {}", phone.keys.token)] {
            assert_eq!(ask(bad).await, 401, "{} {bad}", route.path);
        }
        store::transact(&*world.app.store, |s| {
            let row = s.api_token(&ironfeet_server::enrol::hash(&right))?.unwrap();
            s.api_token_put(&store::ApiTokenRow { expires_at: now, ..row })
        })
        .unwrap();
        assert_eq!(ask(&format!("Bearer {right}")).await, 401, "{}: ended", route.path);
    }
    let known: BTreeSet<_> = account::SCOPES.iter().copied().collect();
    assert_eq!(scopes, known, "a scope that opens nothing");
}

#[test]
fn the_committed_openapi_file_is_the_table() {
    let text = serde_json::to_string_pretty(&openapi()).unwrap() + "\n";
    expect_test::expect_file!["../../../docs/openapi.json"].assert_eq(&text);
}
