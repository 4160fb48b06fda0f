//! The supervisors' pages: signing in, both values side by side, one action, back to the phones.

use axum::body::Body;
use axum::http::{Request, Response};

use ironfeet_server::command::first_code;

use super::world::{GRID, World, body};

fn header(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

async fn post(world: &World, path: &str, cookie: &str, form: &str) -> Response<Body> {
    let request = Request::post(path)
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    world.send(request).await
}

async fn page(world: &World, path: &str, cookie: &str) -> (u16, String) {
    let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
    let response = world.send(request).await;
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    (response.status().as_u16(), String::from_utf8(body(response).await).unwrap())
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} in {text}")) + from.len();
    text[start..].split(to).next().unwrap()
}

#[tokio::test]
async fn a_conflict_is_settled_in_one_action_and_the_phones_receive_it() {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "平川路1号");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    let mut twin = place.clone();
    let a = world.fact(&one, &mut place, "building_type", "砖混");
    let b = world.fact(&two, &mut twin, "building_type", "框架");
    one.sync(&world, vec![one.item(place.id(), &a, GRID)]).await;
    two.sync(&world, vec![two.item(place.id(), &b, GRID)]).await;

    assert_eq!(page(&world, "/console/conflicts", "").await.0, 303, "nobody sees it unasked");
    let secret = first_code(&world.app).unwrap().unwrap();
    assert_eq!(first_code(&world.app).unwrap(), None, "printed once");
    let wrong = post(&world, "/console/login", "", "code=AAAA").await;
    assert_eq!(wrong.status(), 403);
    let signed = post(&world, "/console/login", "", &format!("code={secret}")).await;
    let set = header(&signed, "set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let twice = post(&world, "/console/login", "", &format!("code={secret}")).await;
    assert_eq!(twice.status(), 403, "a one-time code works once");

    let (_, zh) = page(&world, "/console/conflicts", &cookie).await;
    for shown in ["冲突", "砖混", "框架", "平川路1号", "网格员", "采用这个"] {
        assert!(zh.contains(shown), "{shown}");
    }
    let (_, en) = page(&world, "/console/conflicts?lang=en", &cookie).await;
    assert!(en.contains("Take this") && en.contains("grid worker"));
    let csrf = between(&zh, "name=\"csrf\" value=\"", "\"");
    let form = |csrf: &str| {
        format!(
            "csrf={csrf}&doc={}&container=facts&field=building_type&choose={}",
            place.id(),
            a.hash
        )
    };
    let forged = post(&world, "/console/conflicts/settle", &cookie, &form("x")).await;
    assert_eq!(forged.status(), 403);
    for (said, n) in [("taken", 0), ("settled", 1)] {
        let done = post(&world, "/console/conflicts/settle", &cookie, &form(csrf)).await;
        assert!(header(&done, "location").ends_with(said), "act {n}");
    }
    let (_, empty) = page(&world, "/console/conflicts", &cookie).await;
    assert!(empty.contains("没有等待处理的冲突"));
    for phone in [&mut one, &mut two] {
        phone.sync(&world, vec![]).await;
        let reading = phone.replica.document(place.id()).read();
        assert!(reading.conflicts.is_empty());
        let ironfeet_core::document::Record::Place(place) = reading.record else {
            panic!("a place")
        };
        assert_eq!(place.facts["building_type"].value.as_str(), Some("砖混"));
    }
    let out = post(&world, "/console/logout", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(out.status(), 303);
    assert_eq!(page(&world, "/console/conflicts", &cookie).await.0, 303);
    world.verify();
}
