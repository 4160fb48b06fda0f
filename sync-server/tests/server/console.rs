//! The supervisors' pages: signing in, both values side by side, one action, back to the phones.

use axum::body::Body;
use axum::http::{Request, Response};

use ironfeet_core::document::{Document, MadeChange, Record};
use ironfeet_core::model::Role;
use ironfeet_server::command::first_code;

use super::world::{GRID, Phone, World, body};

pub(crate) fn header(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

pub(crate) async fn post(world: &World, path: &str, cookie: &str, form: &str) -> Response<Body> {
    let request = Request::post(path)
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    world.send(request).await
}

pub(crate) async fn page(world: &World, path: &str, cookie: &str) -> (u16, String) {
    let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
    let response = world.send(request).await;
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    (response.status().as_u16(), String::from_utf8(body(response).await).unwrap())
}

pub(crate) fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} in {text}")) + from.len();
    text[start..].split(to).next().unwrap()
}

/// Two phones that wrote the same field of a place without knowing of each other.
pub(crate) struct Quarrel {
    pub(crate) world: World,
    pub(crate) one: Phone,
    pub(crate) two: Phone,
    pub(crate) place: Document,
    pub(crate) a: MadeChange,
    b: MadeChange,
}

pub(crate) async fn quarrel() -> Quarrel {
    let world = World::new();
    let (mut one, mut two) = (world.phone("W1", &[GRID]), world.phone("W2", &[GRID]));
    let (mut place, birth) = world.place(&one, "平川路1号");
    one.sync(&world, vec![one.item(place.id(), &birth, GRID)]).await;
    let mut twin = place.clone();
    let a = world.fact(&one, &mut place, "building_type", "砖混");
    let b = world.fact(&two, &mut twin, "building_type", "框架");
    one.sync(&world, vec![one.item(place.id(), &a, GRID)]).await;
    two.sync(&world, vec![two.item(place.id(), &b, GRID)]).await;
    Quarrel { world, one, two, place, a, b }
}

pub(crate) async fn sign_in(world: &World) -> String {
    let secret = first_code(&world.app).unwrap().unwrap();
    let signed = post(world, "/console/login", "", &format!("code={secret}")).await;
    header(&signed, "set-cookie").split(';').next().unwrap().to_owned()
}

impl Quarrel {
    /// Both phones sync and say what they show, and which values they see in conflict.
    async fn phones_show(&mut self) -> Vec<(String, Vec<String>)> {
        let mut shown = Vec::new();
        for phone in [&mut self.one, &mut self.two] {
            phone.sync(&self.world, vec![]).await;
            let reading = phone.replica.document(self.place.id()).read();
            let Record::Place(place) = reading.record else { panic!("a place") };
            let fact = place.facts["building_type"].value.as_str().unwrap().to_owned();
            let values = reading.conflicts.iter().flat_map(|c| &c.values);
            let mut values: Vec<String> =
                values.map(|v| v.value.as_str().unwrap().to_owned()).collect();
            values.sort();
            shown.push((fact, values));
        }
        shown
    }

    pub(crate) fn form(&self, page: &str, act: &str, more: &str) -> String {
        let field =
            |name: &str| between(page, &format!("name=\"{name}\" value=\""), "\"").to_owned();
        format!(
            "csrf={}&doc={}&container=facts&field=building_type&rivals={}&here=/console/review&\
             next=/console/review&act={act}&{more}",
            field("csrf"),
            self.place.id(),
            field("rivals"),
        )
    }

    pub(crate) async fn decide(&self, cookie: &str, form: &str) -> String {
        let done = post(&self.world, "/console/review/decide", cookie, form).await;
        assert_eq!(done.status(), 303);
        header(&done, "location")
    }

    async fn undo(&self, cookie: &str, csrf: &str, id: &str) -> String {
        let form = format!("csrf={csrf}&id={id}");
        header(&post(&self.world, "/console/review/undo", cookie, &form).await, "location")
    }
}

#[tokio::test]
async fn nobody_sees_the_console_unasked_and_a_code_works_once() {
    let world = World::new();
    for path in ["/console/today", "/console/review", "/console/review/waiting", "/console/live"] {
        assert_eq!(page(&world, path, "").await.0, 303, "{path}");
    }
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
    let (_, today) = page(&world, "/console/today", &cookie).await;
    let csrf = between(&today, "name=\"csrf\" value=\"", "\"");
    let out = post(&world, "/console/logout", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(out.status(), 303);
    assert_eq!(page(&world, "/console/today", &cookie).await.0, 303);
}

#[tokio::test]
async fn a_conflict_is_settled_in_one_action_and_the_phones_receive_it() {
    let mut q = quarrel().await;
    let cookie = sign_in(&q.world).await;
    let (_, zh) = page(&q.world, "/console/review", &cookie).await;
    for shown in ["建筑类型", "砖混", "框架", "平川路1号", "网格员", "采用这个", "都留作备注"]
    {
        assert!(zh.contains(shown), "{shown}");
    }
    let (_, en) = page(&q.world, "/console/review?lang=en", &cookie).await;
    assert!(en.contains("Take this") && en.contains("grid worker") && en.contains("Building type"));
    let take = q.form(&zh, "take", &format!("choose={}", q.a.hash));
    let forged = take.replacen("csrf=", "csrf=x", 1);
    let refused = post(&q.world, "/console/review/decide", &cookie, &forged).await;
    assert_eq!(refused.status(), 403);
    assert!(q.decide(&cookie, &take).await.contains("said=decided"));
    // A colleague who still had the page open learns that and by whom it was settled.
    let late = q.decide(&cookie, &take).await;
    assert!(late.contains("said=settled"), "{late}");
    assert_eq!(q.phones_show().await, vec![("砖混".to_owned(), vec![]); 2]);
    let (_, empty) = page(&q.world, "/console/review", &cookie).await;
    assert!(empty.contains("没有等待决定的冲突"));
    let (_, today) = page(&q.world, "/console/today", &cookie).await;
    assert!(today.contains("采用一个值"));
    q.world.verify();
}

#[tokio::test]
async fn a_decision_taken_back_is_a_conflict_again_with_its_first_writers() {
    let mut q = quarrel().await;
    let cookie = sign_in(&q.world).await;
    let (_, first) = page(&q.world, "/console/review", &cookie).await;
    let take = q.form(&first, "take", &format!("choose={}", q.b.hash));
    let decided = q.decide(&cookie, &take).await;
    let id = decided.split("undo=").nth(1).unwrap().to_owned();
    assert_eq!(q.phones_show().await[0].0, "框架");
    let csrf = between(&first, "name=\"csrf\" value=\"", "\"").to_owned();
    let undone = q.undo(&cookie, &csrf, &id).await;
    assert!(undone.contains("said=undone"), "{undone}");
    assert!(q.undo(&cookie, &csrf, &id).await.contains("said=settled"), "once");
    for (_, values) in q.phones_show().await {
        assert_eq!(values, ["框架", "砖混"], "both stand side by side again");
    }
    let (_, again) = page(&q.world, &undone, &cookie).await;
    assert_eq!(
        again.matches("<strong>网格员</strong>").count(),
        2,
        "the first writers, not the server"
    );
    // And it can be decided anew, the other way.
    let choose = between(&again, "name=\"choose\" value=\"", "\"").to_owned();
    let take = q.form(&again, "take", &format!("choose={choose}"));
    assert!(q.decide(&cookie, &take).await.contains("said=decided"));
    assert!(q.phones_show().await.iter().all(|(_, values)| values.is_empty()));
    q.world.verify();
}

#[tokio::test]
async fn an_own_value_is_checked_and_both_can_be_kept_as_a_remark() {
    let mut q = quarrel().await;
    let cookie = sign_in(&q.world).await;
    let (_, first) = page(&q.world, "/console/review", &cookie).await;
    for (text, said) in [("", "value"), ("13812345678", "personal")] {
        let own = q.form(&first, "own", &format!("text={text}"));
        assert!(q.decide(&cookie, &own).await.contains(&format!("said={said}")), "{text}");
    }
    let own = q.form(&first, "own", "text=%E8%87%AA%E5%BB%BA%E6%88%BF");
    let decided = q.decide(&cookie, &own).await;
    assert_eq!(q.phones_show().await, vec![("自建房".to_owned(), vec![]); 2]);
    let id = decided.split("undo=").nth(1).unwrap().to_owned();
    let csrf = between(&first, "name=\"csrf\" value=\"", "\"").to_owned();
    q.undo(&cookie, &csrf, &id).await;
    assert_eq!(q.phones_show().await[0].1, ["框架", "砖混", "自建房"]);
    let (_, again) = page(&q.world, "/console/review", &cookie).await;
    let choose = between(&again, "name=\"choose\" value=\"", "\"").to_owned();
    let both = q.form(&again, "both", &format!("choose={choose}&text=both-said"));
    assert!(q.decide(&cookie, &both).await.contains("said=decided"));
    q.phones_show().await;
    let reading = q.one.replica.document(q.place.id()).read();
    let Record::Place(place) = reading.record else { panic!("a place") };
    assert_eq!(place.remarks.len(), 1);
    assert_eq!(place.remarks[0].text, "both-said");
    assert!(reading.conflicts.is_empty(), "one change settles and keeps the remark");
    q.world.verify();
}

#[tokio::test]
async fn a_value_that_arrived_meanwhile_is_never_decided_unseen() {
    let mut q = quarrel().await;
    let cookie = sign_in(&q.world).await;
    let (_, seen) = page(&q.world, "/console/review", &cookie).await;
    let mut three = q.world.phone("W3", &[GRID]);
    three.sync(&q.world, vec![]).await;
    // It knew of neither value: its fact stands beside both.
    let mut place = q.one.replica.document(q.place.id()).before(&q.a.hash).unwrap();
    let c = q.world.fact(&three, &mut place, "building_type", "钢结构");
    three.sync(&q.world, vec![three.item(q.place.id(), &c, GRID)]).await;
    let take = q.form(&seen, "take", &format!("choose={}", q.a.hash));
    assert!(q.decide(&cookie, &take).await.contains("said=newer"));
    assert_eq!(q.phones_show().await[0].1.len(), 3);
    q.world.verify();
}

/// Every page with the posts that may see it; acts are pages too.
const PAGES: &[(&str, &[Role])] = {
    use Role as R;
    &[
        ("/console/review", &[R::Supervisor]),
        ("/console/review/waiting", &[R::Supervisor]),
        ("/console/review/twins", &[R::Supervisor]),
        ("/console/review/clocks", &[R::Supervisor]),
        ("/console/review/decided", &[R::Supervisor]),
        ("/console/import", &[R::Supervisor]),
        ("/console/phones", &[R::Supervisor, R::SystemAdministrator]),
        ("/console/people", &[R::SystemAdministrator]),
        ("/console/audit", &[R::Auditor, R::PrivacyOfficer]),
        ("/console/export", &[R::Supervisor, R::Evaluator]),
        ("/console/export/places.csv", &[R::Supervisor, R::Evaluator]),
        ("/console/places", RECORDS),
        ("/console/visits", RECORDS),
        ("/console/findings", RECORDS),
        ("/console/map", RECORDS),
        ("/console/map/grids", RECORDS),
    ]
};
const RECORDS: &[Role] = &[
    Role::Inspector,
    Role::CommunityPolice,
    Role::Acceptor,
    Role::Dispatcher,
    Role::Handler,
    Role::Checker,
    Role::Supervisor,
    Role::Evaluator,
];

#[tokio::test]
async fn a_post_sees_its_own_pages_and_every_link_of_its_navigation_opens() {
    let q = quarrel().await;
    let now = ironfeet_core::ground::Clock::now(&*q.world.clock);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Server) {
        let sessions = &q.world.app.sessions;
        let token =
            sessions.begin_as(&*q.world.entropy, now, "somebody", role, vec![String::new()]);
        let cookie = format!("ironfeet={token}");
        let (status, today) = page(&q.world, "/console/today", &cookie).await;
        assert_eq!(status, 200, "{role}");
        let nav = between(&today, "<nav", "</nav>");
        for link in nav.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap();
            assert_eq!(page(&q.world, link, &cookie).await.0, 200, "{role} {link}");
        }
        for (path, posts) in PAGES {
            let wanted = if posts.contains(&role) { 200 } else { 403 };
            assert_eq!(page(&q.world, path, &cookie).await.0, wanted, "{role} {path}");
        }
        let csrf = between(&today, "name=\"csrf\" value=\"", "\"");
        let (_, seen) =
            page(&q.world, "/console/review", &sign_in_as(&q.world, Role::Supervisor)).await;
        if role != Role::Supervisor {
            let rivals = between(&seen, "name=\"rivals\" value=\"", "\"");
            let form = format!(
                "csrf={csrf}&doc={}&container=facts&field=building_type&rivals={rivals}&here=/&next=/&\
                 act=take&choose={}",
                q.place.id(),
                q.a.hash
            );
            for path in
                ["/console/review/decide", "/console/review/undo", "/console/checklists/propose"]
            {
                let form = if path.ends_with("decide") {
                    &form
                } else {
                    &format!("csrf={csrf}&id=1&yaml=x")
                };
                let publishes = role == Role::SystemAdministrator && path.ends_with("propose");
                let done = post(&q.world, path, &cookie, form).await.status().as_u16();
                assert_eq!(done, if publishes { 200 } else { 403 }, "{role} {path}");
            }
        }
    }
    q.world.verify();
}

fn sign_in_as(world: &World, role: Role) -> String {
    let now = ironfeet_core::ground::Clock::now(&*world.clock);
    let areas = vec![String::new()];
    format!("ironfeet={}", world.app.sessions.begin_as(&*world.entropy, now, "s", role, areas))
}

#[tokio::test]
async fn a_supervisor_of_another_area_sees_nothing_and_decides_nothing() {
    let q = quarrel().await;
    let now = ironfeet_core::ground::Clock::now(&*q.world.clock);
    let sessions = &q.world.app.sessions;
    let areas = vec!["329999".to_owned()];
    let token = sessions.begin_as(&*q.world.entropy, now, "far", Role::Supervisor, areas);
    let cookie = format!("ironfeet={token}");
    let (_, queue) = page(&q.world, "/console/review", &cookie).await;
    assert!(queue.contains("没有等待决定的冲突") && !queue.contains("平川路1号"));
    let path = format!("/console/places/{}", q.place.id());
    assert_eq!(page(&q.world, &path, &cookie).await.0, 404);
    let (_, seen) =
        page(&q.world, "/console/review", &sign_in_as(&q.world, Role::Supervisor)).await;
    let csrf = between(&queue, "name=\"csrf\" value=\"", "\"");
    let form = q.form(&seen, "take", &format!("choose={}", q.a.hash));
    let form = form.replacen(&form[..form.find("&doc").unwrap()], &format!("csrf={csrf}"), 1);
    assert!(q.decide(&cookie, &form).await.contains("said=settled"), "as if it were not there");
    let pair = format!("csrf={csrf}&a={0}&b={0}", q.place.id());
    let twins = post(&q.world, "/console/review/twins", &cookie, &pair).await;
    assert!(header(&twins, "location").contains("said=settled"), "nor are its twins");
}

#[tokio::test]
async fn a_file_that_asks_otherwise_under_the_same_version_is_not_published() {
    let q = quarrel().await;
    let cookie = sign_in(&q.world).await;
    let csrf =
        between(&page(&q.world, "/console/today", &cookie).await.1, "name=\"csrf\" value=\"", "\"")
            .to_owned();
    let yaml = ironfeet_core::checklist::DEFAULT_YAML.replacen("'2026.1'", "'2026.9'", 1);
    let asks = yaml.replacen("补充说明", "本次补充", 1);
    let raised = (1..9).fold(asks.clone(), |text, n| {
        text.replace(&format!("\n  version: {n}\n"), "\n  version: 77\n")
    });
    for (yaml, told) in [(&asks, Some("household")), (&raised, None)] {
        let encoded: String = yaml.bytes().map(|b| format!("%{b:02x}")).collect();
        let form = format!("csrf={csrf}&act=publish&yaml={encoded}");
        let done = post(&q.world, "/console/checklists/propose", &cookie, &form).await;
        match told {
            None => assert_eq!(header(&done, "location"), "/console/checklists?said=published"),
            Some(list) => {
                assert_eq!(done.status(), 200);
                let shown = String::from_utf8(super::world::body(done).await).unwrap();
                assert!(shown.contains(&format!("请把它的 version 加一：{list}")), "{list}");
            }
        }
    }
    assert_eq!(q.world.app.checklists.get().version(), "2026.9");
    // What was recorded before says the same as before.
    q.world.verify();
}
