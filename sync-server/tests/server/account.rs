//! Accounts: the register, the first administrator, signing in, lock-out, and the trail of all of it.

use axum::body::Body;
use axum::http::{Request, Response};

use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::{Role, UtcMillis};
use ironfeet_server::audit::Found;
use ironfeet_server::command::{
    self, Admin, ApiToken, AuditCommand, Command, Entry, Login, Person, Post, RoleAct,
};
use ironfeet_server::{account, audit, store};

use super::world::{GRID, World, body};

fn admin(world: &World, act: Admin) -> Result<serde_json::Value, String> {
    let done = world.run(Command::Admin { act });
    done.map(|report| report.json).map_err(|error| error.to_string())
}

fn trail(world: &World) -> Vec<String> {
    let mut rows = Vec::new();
    audit::walk(&*world.app.store, &mut |row| {
        let outcome = if row.success { "" } else { " refused" };
        rows.push(format!("{} {}{outcome}", row.actor, row.action));
    })
    .unwrap();
    rows
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
    (response.status().as_u16(), String::from_utf8(body(response).await).unwrap())
}

fn to(response: &Response<Body>) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn cookie(response: &Response<Body>) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} in {text}")) + from.len();
    text[start..].split(to).next().unwrap()
}

fn code(secret: &[u8], now: UtcMillis) -> String {
    let at = u64::try_from(now.0 / 1_000).unwrap();
    account::factor("x", secret).unwrap().generate(at).to_string()
}

const NEW: &str = "Pingchuan-7-lu";

#[tokio::test]
async fn the_first_administrator_comes_in_by_a_one_time_password_and_two_factors() {
    let world = World::new();
    let (name, secret) = command::first_administrator(&world.app).unwrap().unwrap();
    assert_eq!(command::first_administrator(&world.app).unwrap(), None, "told once");
    let signed =
        post(&world, "/console/signin", "", &format!("account={name}&password={secret}")).await;
    assert_eq!(to(&signed), "/console/account");
    let half = cookie(&signed);
    assert_eq!(
        page(&world, "/console/today", &half).await.0,
        303,
        "half a session opens nothing else"
    );
    let (_, shown) = page(&world, "/console/account", &half).await;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
    let base32 = between(&shown, "<code>", "</code>");
    let factor = totp(base32);

    for (form, status) in [
        (format!("csrf=x&old={secret}&new={NEW}"), 403),
        (format!("csrf={csrf}&old={secret}&new=short-1A"), 422),
        (format!("csrf={csrf}&old={secret}&new=onlylettershere"), 422),
        (format!("csrf={csrf}&old={secret}&new=Admin-2026-2027"), 422),
        (format!("csrf={csrf}&old=wrong&new={NEW}"), 422),
    ] {
        let answer = post(&world, "/console/account/password", &half, &form).await;
        assert_eq!(answer.status().as_u16(), status, "{form}");
    }
    let wrong =
        post(&world, "/console/account/factor", &half, &format!("csrf={csrf}&factor=000000")).await;
    assert_eq!(wrong.status(), 422);
    let set = format!("csrf={csrf}&factor={}", code(&factor, world.clock.now()));
    assert_eq!(to(&post(&world, "/console/account/factor", &half, &set).await), "/console/login");

    // Again, now with the second factor, whose code of before counts no more.
    let used = code(&factor, world.clock.now());
    let again =
        |password: &str, code: &str| format!("account={name}&password={password}&factor={code}");
    assert_eq!(post(&world, "/console/signin", "", &again(&secret, &used)).await.status(), 403);
    world.pass_days(1);
    let signed =
        post(&world, "/console/signin", "", &again(&secret, &code(&factor, world.clock.now())))
            .await;
    let half = cookie(&signed);
    let (_, shown) = page(&world, "/console/account", &half).await;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
    let form = format!("csrf={csrf}&old={secret}&new={NEW}");
    assert_eq!(
        to(&post(&world, "/console/account/password", &half, &form).await),
        "/console/login"
    );
    assert_eq!(page(&world, "/console/account", &half).await.0, 303, "every older session ended");
    world.pass_days(1);
    let full =
        post(&world, "/console/signin", "", &again(NEW, &code(&factor, world.clock.now()))).await;
    assert_eq!(to(&full), "/console/today");
    let full = cookie(&full);
    assert_eq!(page(&world, "/console/today", &full).await.0, 200);

    admin(&world, Admin::Person { act: Person::Retire { id: name.parse().unwrap() } }).unwrap();
    assert_eq!(
        page(&world, "/console/today", &full).await.0,
        303,
        "a retired account is out at once"
    );
    the_trail_tells_of_all(&world);
}

fn the_trail_tells_of_all(world: &World) {
    let rows = trail(world);
    for row in [
        "admin login.reset",
        "admin console.login.half",
        "admin console.factor",
        "admin console.password",
        "admin console.login",
        "admin console.login refused",
        "admin person.retire",
    ] {
        assert!(rows.iter().any(|r| r == row), "{row} in {rows:?}");
    }
}

fn totp(base32: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(base32).unwrap().as_bytes().to_vec()
}

#[tokio::test]
async fn five_failures_lock_an_account_for_a_while_and_nobody_hears_which_part_was_wrong() {
    let world = World::new();
    let (name, secret) = command::first_administrator(&world.app).unwrap().unwrap();
    let form = |account: &str, password: &str| format!("account={account}&password={password}");
    let unknown = post(&world, "/console/signin", "", &form("nobody", "x")).await;
    let unknown = (unknown.status(), body(unknown).await);
    for n in 0..account::FAILURES_MAX {
        let wrong = post(&world, "/console/signin", "", &form(name, "wrong")).await;
        assert_eq!((wrong.status(), body(wrong).await), unknown, "try {n}");
    }
    let right = post(&world, "/console/signin", "", &form(name, &secret)).await;
    assert_eq!((right.status(), body(right).await), unknown, "locked");
    assert!(trail(&world).contains(&"admin console.lock".to_owned()));
    world.pass_days(1);
    let right = post(&world, "/console/signin", "", &form(name, &secret)).await;
    assert_eq!(to(&right), "/console/account", "and open again");
    for _ in 0..40 {
        post(&world, "/console/signin", "", &form("nobody", "x")).await;
    }
    let flood = post(&world, "/console/signin", "", &form("nobody", "x")).await;
    assert_eq!(flood.status(), 429);
    assert!(flood.headers().contains_key("retry-after"));
}

#[test]
fn sessions_end_when_idle_and_in_any_case() {
    let world = World::new();
    let rules = &world.app.config.console;
    let now = world.clock.now();
    let at = |minutes: i64| UtcMillis(now.0 + minutes * 60_000);
    let token = world.app.sessions.begin(&*world.entropy, now);
    let idle = i64::from(rules.idle_minutes);
    assert!(world.app.sessions.find(&token, at(idle), rules).is_some());
    assert!(world.app.sessions.find(&token, at(2 * idle + 1), rules).is_none(), "idle");
    let token = world.app.sessions.begin(&*world.entropy, now);
    let whole = i64::from(rules.absolute_hours) * 60;
    let mut minutes = 0;
    while minutes <= whole {
        assert!(world.app.sessions.find(&token, at(minutes), rules).is_some());
        minutes += idle;
    }
    assert!(world.app.sessions.find(&token, at(whole + 1), rules).is_none(), "in any case");
}

#[test]
fn the_tree_of_areas_comes_from_a_file_whole_or_not_at_all() {
    let world = World::new();
    let import = |text: &str| {
        let file = world.dir.path().join("org.csv");
        std::fs::write(&file, text).unwrap();
        admin(&world, Admin::Org { act: Entry::Import { file } })
    };
    let refused =
        import("id,title\n329900,平川市\n32990,坏\n329902001,某街道\n329900,再来\n329901,\n")
            .unwrap_err();
    for told in ["line 3: id", "line 4: no such area above", "line 5: id: twice", "line 6: title"] {
        assert!(refused.contains(told), "{told} in {refused}");
    }
    let list = |world: &World| admin(world, Admin::Org { act: Entry::List }).unwrap();
    assert_eq!(list(&world).as_array().unwrap().len(), 0, "nothing was taken");
    let file = format!(
        "id,title\n{GRID},第一网格\n329901001012,王府社区\n329901001,城东街道\n329901,东区\n329900,平川市\n"
    );
    assert_eq!(import(&file).unwrap()["added"], 5, "in any order");
    let all = list(&world);
    let levels: Vec<&str> =
        all.as_array().unwrap().iter().map(|a| a["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["city", "county", "street", "community", "grid"]);
    assert_eq!(all[4]["in"], "329901001012");
    let retire = |id: &str| admin(&world, Admin::Org { act: Entry::Retire { id: id.to_owned() } });
    assert!(retire("329901001012").is_err(), "its grid is in use");
    retire(GRID).unwrap();
    retire("329901001012").unwrap();
    assert!(retire(GRID).is_err(), "once");
}

#[test]
fn posts_give_people_role_areas_and_department() {
    let world = World::new();
    let post = |role: Role, area: &str| Post::Add {
        id: "FIRE-1".to_owned(),
        title: "消防处置岗".to_owned(),
        role,
        area: vec![area.to_owned()],
        department: Some("FIRE".parse().unwrap()),
    };
    assert!(admin(&world, Admin::Post { act: post(Role::Handler, "12") }).is_err());
    assert!(admin(&world, Admin::Post { act: post(Role::Server, "329901") }).is_err());
    admin(&world, Admin::Post { act: post(Role::Handler, "329901") }).unwrap();
    let add = |post: &str| Person::Add {
        id: "H1".parse().unwrap(),
        post: post.to_owned(),
        area: vec![],
        department: None,
    };
    let made = admin(&world, Admin::Person { act: add("FIRE-1") }).unwrap();
    assert_eq!(
        (made["post"].as_str(), made["department"].as_str()),
        (Some("handler"), Some("FIRE"))
    );
    assert!(admin(&world, Admin::Person { act: add("FIRE-2") }).is_err());
    assert!(
        admin(&world, Admin::Person { act: add("inspector") }).is_err(),
        "an inspector has an area"
    );
    let roles = admin(&world, Admin::Role { act: RoleAct::List }).unwrap();
    assert_eq!(roles.as_array().unwrap().len(), Role::ALL.len() - 1);
    let department = Entry::Add { id: "FIRE".to_owned(), title: "消防".to_owned() };
    admin(&world, Admin::Department { act: department }).unwrap();
    let rows = trail(&world);
    for row in ["admin post.add", "admin person.add", "admin department.add"] {
        assert!(rows.iter().any(|r| r == row), "{row}");
    }
}

#[test]
fn whoever_loses_an_area_or_the_account_loses_the_phones_rights_too() {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let device = || store::view(&*world.app.store, |s| s.device(&phone.device)).unwrap().unwrap();
    let person = Person::Add {
        id: "W1".parse().unwrap(),
        post: "inspector".to_owned(),
        area: vec!["329901001099".to_owned()],
        department: None,
    };
    admin(&world, Admin::Person { act: person }).unwrap();
    assert!(device().grids.is_empty());
    assert!(trail(&world).contains(&"admin device.grids".to_owned()));
    admin(&world, Admin::Person { act: Person::Retire { id: "W1".parse().unwrap() } }).unwrap();
    assert_eq!(device().status.as_str(), "revoked");
    let reset = Admin::Login { act: Login::Reset { person: "W1".parse().unwrap() } };
    assert!(admin(&world, reset).is_err(), "a retired account gets no login");
}

#[test]
fn tokens_of_programs_are_made_listed_and_taken_back() {
    let world = World::new();
    let add = |scope: &str| ApiToken::Add {
        name: "siem".to_owned(),
        scope: vec![scope.to_owned()],
        days: 9,
    };
    assert!(admin(&world, Admin::ApiToken { act: add("everything") }).is_err());
    let text = admin(&world, Admin::ApiToken { act: add("audit") }).unwrap()["token"].clone();
    assert!(admin(&world, Admin::ApiToken { act: add("audit") }).is_err(), "the name is in use");
    let list = admin(&world, Admin::ApiToken { act: ApiToken::List }).unwrap();
    assert!(!list.to_string().contains(text.as_str().unwrap()), "shown once");
    let now = world.clock.now();
    let allowed = || {
        store::view(&*world.app.store, |s| {
            account::allowed(s, text.as_str().unwrap(), "audit", now)
        })
        .unwrap()
    };
    assert_eq!(allowed(), Some(("siem".to_owned(), true)));
    admin(&world, Admin::ApiToken { act: ApiToken::Revoke { name: "siem".to_owned() } }).unwrap();
    assert_eq!(allowed(), None);
}

#[tokio::test]
async fn a_one_time_code_opens_nothing_before_a_password_and_a_second_factor_are_set() {
    let world = World::with(|config| config.console.code_alone = false);
    let typed = command::first_code(&world.app).unwrap().unwrap();
    let signed = post(&world, "/console/login", "", &format!("code={typed}")).await;
    assert_eq!(to(&signed), "/console/account");
    let half = cookie(&signed);
    assert_eq!(page(&world, "/console/today", &half).await.0, 303, "nothing else is open");
    let (_, shown) = page(&world, "/console/account", &half).await;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
    let factor = totp(between(&shown, "<code>", "</code>"));
    let set = format!("csrf={csrf}&factor={}", code(&factor, world.clock.now()));
    assert_eq!(to(&post(&world, "/console/account/factor", &half, &set).await), "/console/login");
    world.pass_days(1);
    let again = |password: &str, at| {
        format!("account={}&password={password}&factor={}", account::CODE, code(&factor, at))
    };
    let signed = post(&world, "/console/signin", "", &again(&typed, world.clock.now())).await;
    assert_eq!(to(&signed), "/console/account", "the code is a one-time password");
    let half = cookie(&signed);
    let (_, shown) = page(&world, "/console/account", &half).await;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
    let change = format!("csrf={csrf}&old={typed}&new={NEW}");
    let changed = post(&world, "/console/account/password", &half, &change).await;
    assert_eq!(to(&changed), "/console/login");
    world.pass_days(1);
    let signed = post(&world, "/console/signin", "", &again(NEW, world.clock.now())).await;
    assert_eq!(to(&signed), "/console/today");
    assert_eq!(page(&world, "/console/review", &cookie(&signed)).await.0, 200);
    // Another code of the operator's takes the factor away and begins again; it counts once.
    let made = admin(&world, Admin::ConsoleCode).unwrap();
    let next = format!("code={}", made["code"].as_str().unwrap());
    assert_eq!(to(&post(&world, "/console/login", "", &next).await), "/console/account");
    assert_eq!(post(&world, "/console/login", "", &next).await.status(), 403);
}

#[test]
fn one_changed_row_of_the_trail_is_found() {
    let world = World::new();
    for n in 0..5 {
        world.phone(&format!("W{n}"), &[GRID]);
    }
    let verify = || audit::verify(&*world.app.store, Some(&world.app.audit_witness())).unwrap();
    let Found::Whole { rows } = verify() else { panic!("{:?}", verify()) };
    world.app.note().unwrap();
    let file = world.dir.path().join(command::DATABASE);
    for (what, sql, found) in [
        (
            "rows cut off the end",
            format!("DELETE FROM audit WHERE n > {}", rows - 2),
            Found::Cut { rows: rows - 2, seen: rows },
        ),
        (
            "success",
            "UPDATE audit SET success = 1 - success WHERE n = 6".to_owned(),
            Found::Changed { row: 6 },
        ),
        (
            "an actor",
            "UPDATE audit SET actor = 'x' WHERE n = 4".to_owned(),
            Found::Changed { row: 4 },
        ),
        ("a row taken out", "DELETE FROM audit WHERE n = 3".to_owned(), Found::Changed { row: 3 }),
    ] {
        let db = rusqlite::Connection::open(&file).unwrap();
        db.execute(&sql, []).unwrap();
        drop(db);
        assert_eq!(verify(), found, "{what}");
        // A server that goes on running does not wipe out the evidence.
        world.app.note().unwrap();
        assert_eq!(verify(), found, "{what}, later");
        let told = world.run(Command::Audit { act: AuditCommand::Verify }).unwrap();
        assert_eq!((told.exit, told.json["ok"].as_bool()), (4, Some(false)), "{what}");
    }
}
