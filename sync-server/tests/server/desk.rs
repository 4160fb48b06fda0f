//! The desk beyond fields in conflict: doubles, edits of what is gone, clocks, files of places, the first page by post.

use axum::body::Body;
use axum::http::Request;

use ironfeet_core::document::Record;
use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::{DocId, Role};
use ironfeet_server::import::job::Stage;
use ironfeet_server::store::{self, DocState};
use ironfeet_server::{enrol, lifecycle};

use super::console::{between, header, page, post, sign_in};
use super::world::{GRID, OTHER, Phone, World};

/// Waits for the import that was begun.
pub(crate) async fn imported(world: &World) {
    let runs = || {
        let stage = |job: &ironfeet_server::import::job::Job| {
            matches!(job.stage, Stage::Reading | Stage::Writing { .. })
        };
        world.app.imports.look(stage)
    };
    while runs() {
        tokio::task::yield_now().await;
    }
}

struct Scene {
    world: World,
    phone: Phone,
    cookie: String,
    csrf: String,
}

async fn scene() -> Scene {
    let world = World::new();
    let phone = world.phone("W1", &[GRID]);
    let cookie = sign_in(&world).await;
    let (_, today) = page(&world, "/console/today", &cookie).await;
    let csrf = between(&today, "name=\"csrf\" value=\"", "\"").to_owned();
    Scene { world, phone, cookie, csrf }
}

impl Scene {
    async fn see(&self, path: &str) -> String {
        let (status, text) = page(&self.world, path, &self.cookie).await;
        assert_eq!(status, 200, "{path}");
        text
    }

    async fn act(&self, path: &str, form: &str) -> String {
        let form = format!("csrf={}&{form}", self.csrf);
        let done = post(&self.world, path, &self.cookie, &form).await;
        assert_eq!(done.status(), 303, "{path}");
        header(&done, "location")
    }

    fn changes(&self, id: &DocId) -> u64 {
        store::view(&*self.world.app.store, |s| s.doc(id)).unwrap().unwrap().changes
    }

    fn state(&self, id: &DocId) -> DocState {
        store::view(&*self.world.app.store, |s| s.doc(id)).unwrap().unwrap().state
    }
}

fn pair(a: DocId, b: DocId) -> String {
    let mut both = [a, b];
    both.sort();
    format!("a={}&b={}", both[0], both[1])
}

#[tokio::test]
async fn two_records_of_a_place_become_one_with_one_history_and_two_again() {
    let mut s = scene().await;
    let (mut one, made) = s.world.place(&s.phone, "平川路1号");
    let (mut two, other) = s.world.place(&s.phone, "平川路１号");
    let fuel = s.world.fact(&s.phone, &mut two, "fuel", "管道燃气");
    let (mut visit, begun) = s.world.visit(&s.phone, two.id());
    let finished = s.world.finish(&s.phone, &mut visit);
    let items = vec![
        s.phone.item(one.id(), &made, GRID),
        s.phone.item(two.id(), &other, GRID),
        s.phone.item(two.id(), &fuel, GRID),
        s.phone.item(visit.id(), &begun, GRID),
        s.phone.item(visit.id(), &finished, GRID),
    ];
    s.phone.sync(&s.world, items).await;
    let shown = s.see("/console/review/twins").await;
    assert!(shown.contains("是同一处吗") && shown.contains("管道燃气"), "{shown}");
    assert!(s.see(&format!("/console/places/{}", one.id())).await.contains("去比较"));

    let keep = format!("{}&keep={}", pair(one.id(), two.id()), one.id());
    let before = s.changes(&one.id());
    assert!(s.act("/console/review/twins", &keep).await.contains("said=same"));
    assert_eq!(s.changes(&one.id()), before + 1, "one act is one change");
    assert_eq!((s.state(&one.id()), s.state(&two.id())), (DocState::Live, DocState::Deleted));
    let kept = s.see(&format!("/console/places/{}", one.id())).await;
    assert!(kept.contains(&format!("/console/visits/{}", visit.id())), "its visits count here");
    assert!(kept.contains("管道燃气"), "facts that only the other one had are taken over");
    let line = store::view(&*s.world.app.store, |t| t.place_line(&one.id())).unwrap().unwrap();
    assert!(line.last_visit.is_some(), "it was visited");
    s.phone.sync(&s.world, vec![]).await;
    assert_eq!(s.phone.replica.members.len(), 1, "the other left the phones with its visit");
    s.world.verify();
    ironfeet_server::projection::rebuild(&*s.world.app.store, &mut |_| {}).unwrap();
    let again = store::view(&*s.world.app.store, |t| t.place_line(&one.id())).unwrap().unwrap();
    assert_eq!(again, line, "the same rows after a rebuild");

    // A late edit of the one that is gone goes to the one that stays.
    let late = s.world.fact(&s.phone, &mut two, "use", "住宅");
    let item = s.phone.item(two.id(), &late, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    let waiting = s.see("/console/review/waiting").await;
    assert!(waiting.contains("记录已并入"), "{waiting}");
    let ticket = between(&waiting, "name=\"ticket\" value=\"", "\"").to_owned();
    s.act("/console/review/waiting", &format!("act=accept&ticket={ticket}")).await;
    assert!(s.see(&format!("/console/places/{}", one.id())).await.contains("住宅"));

    let undone = s.act("/console/review/twins/undo", &pair(one.id(), two.id())).await;
    assert!(undone.contains("said=undone"), "{undone}");
    assert_eq!((s.state(&two.id()), s.state(&visit.id())), (DocState::Live, DocState::Live));
    s.phone.sync(&s.world, vec![]).await;
    assert_eq!(s.phone.replica.members.len(), 3, "all are on the phones again");
    let line = store::view(&*s.world.app.store, |t| t.place_line(&one.id())).unwrap().unwrap();
    assert!(line.last_visit.is_none(), "each counts for itself again");
    assert!(
        s.act("/console/review/twins/undo", &pair(one.id(), two.id())).await.contains("settled")
    );
    // Nothing of this stops the next edit.
    let next = s.world.fact(&s.phone, &mut one, "use", "商住");
    let item = s.phone.item(one.id(), &next, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    s.world.verify();
}

#[tokio::test]
async fn two_visits_of_one_place_on_one_day_are_suggested_and_one_may_stay() {
    let mut s = scene().await;
    let (place, made) = s.world.place(&s.phone, "平川路1号");
    let (first, one) = s.world.visit(&s.phone, place.id());
    let (second, two) = s.world.visit(&s.phone, place.id());
    let (police, four) = s.world.visit_by(&s.phone, place.id(), Role::CommunityPolice, false);
    let (again, five) = s.world.visit_by(&s.phone, place.id(), Role::Inspector, true);
    s.world.pass_days(3);
    let (later, three) = s.world.visit(&s.phone, place.id());
    let items = vec![
        s.phone.item(place.id(), &made, GRID),
        s.phone.item(first.id(), &one, GRID),
        s.phone.item(second.id(), &two, GRID),
        s.phone.item(later.id(), &three, GRID),
        s.phone.item(police.id(), &four, GRID),
        s.phone.item(again.id(), &five, GRID),
    ];
    s.phone.sync(&s.world, items).await;
    let pairs = store::view(&*s.world.app.store, |t| t.twins_page(&[String::new()], None, 9));
    assert_eq!(
        pairs.unwrap().len(),
        1,
        "not that of three days later, of another post, or a quick one"
    );
    // The session of three days ago is over.
    let now = s.world.clock.now();
    s.cookie = format!("ironfeet={}", s.world.app.sessions.begin(&*s.world.entropy, now));
    let today = s.see("/console/today").await;
    s.csrf = between(&today, "name=\"csrf\" value=\"", "\"").to_owned();
    assert!(s.see("/console/review/twins").await.contains("是同一次走访吗"));
    let keep = format!("{}&keep={}", pair(first.id(), second.id()), first.id());
    s.act("/console/review/twins", &keep).await;
    assert_eq!(s.state(&second.id()), DocState::Archived);
    assert!(s.see(&format!("/console/visits/{}", second.id())).await.contains("是同一次"));
    s.phone.sync(&s.world, vec![]).await;
    s.world.verify();
}

#[tokio::test]
async fn the_work_of_a_revoked_phone_waits_record_by_record_in_words() {
    let mut s = scene().await;
    let (mut place, made) = s.world.place(&s.phone, "平川路1号");
    let item = s.phone.item(place.id(), &made, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    let (mut visit, begun) = s.world.visit(&s.phone, place.id());
    let finished = s.world.finish(&s.phone, &mut visit);
    let used = s.world.fact(&s.phone, &mut place, "use", "住宅");
    let id = s.phone.device;
    store::transact(&*s.world.app.store, |t| enrol::revoke(t, &id, false, s.world.clock.now()))
        .unwrap();
    let items = vec![
        s.phone.item(visit.id(), &begun, GRID),
        s.phone.item(visit.id(), &finished, GRID),
        s.phone.item(place.id(), &used, GRID),
    ];
    s.phone.sync(&s.world, items).await;
    let waiting = s.see("/console/review/waiting").await;
    assert_eq!(waiting.matches("name=\"ticket\"").count(), 2, "two records: {waiting}");
    assert!(waiting.contains("value=\"1.2\"") && waiting.contains("value=\"3\""), "{waiting}");
    for told in ["平川路1号", "居民住户安全走访检查表", "已完成", "<dd>住宅</dd>"]
    {
        assert!(waiting.contains(told), "{told}: {waiting}");
    }
    let raw = place.id().to_string();
    assert!(!waiting.replace(&format!("/console/places/{raw}"), "").contains(&raw), "no code");
    let done = s.act("/console/review/waiting", "ticket=3&one=accept.1.2").await;
    assert!(done.contains("n=2"), "only what its own button names: {done}");
    assert_eq!(s.state(&visit.id()), DocState::Live);
    let waiting = s.see("/console/review/waiting").await;
    assert_eq!(waiting.matches("name=\"ticket\"").count(), 1, "{waiting}");
    s.world.verify();
}

#[tokio::test]
async fn a_late_edit_of_a_deleted_record_brings_it_back_when_somebody_accepts_it() {
    let mut s = scene().await;
    let (mut place, made) = s.world.place(&s.phone, "平川路1号");
    let item = s.phone.item(place.id(), &made, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    store::transact(&*s.world.app.store, |t| {
        lifecycle::withdraw(t, &s.world.app, &place.id(), DocState::Deleted)
    })
    .unwrap();
    let late = s.world.fact(&s.phone, &mut place, "use", "住宅");
    let item = s.phone.item(place.id(), &late, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    assert!(s.phone.replica.members.is_empty(), "it left the phone");
    let waiting = s.see("/console/review/waiting").await;
    assert!(waiting.contains("回到手机"), "what accepting means is said");
    let ticket = between(&waiting, "name=\"ticket\" value=\"", "\"").to_owned();
    s.act("/console/review/waiting", &format!("act=accept&ticket={ticket}")).await;
    assert_eq!(s.state(&place.id()), DocState::Live);
    s.phone.sync(&s.world, vec![]).await;
    let Record::Place(place) = s.phone.replica.document(place.id()).read().record else { panic!() };
    assert_eq!(place.facts["use"].value.as_str(), Some("住宅"));
    s.world.verify();
}

#[tokio::test]
async fn a_phone_whose_clock_is_off_is_listed_until_somebody_took_note() {
    let mut s = scene().await;
    for (hours, listed) in [(0, false), (30, true), (-3, true)] {
        s.phone.ahead_ms = hours * 3_600_000;
        let (place, made) = s.world.place(&s.phone, &format!("{hours}"));
        let item = s.phone.item(place.id(), &made, GRID);
        s.phone.sync(&s.world, vec![item]).await;
        let shown = s.see("/console/review/clocks?lang=en").await;
        assert_eq!(shown.contains("class=\"tag warn\""), listed, "{hours}: {shown}");
        if listed {
            let words = if hours > 0 { "fast by 30 h" } else { "slow by 3 h" };
            assert!(shown.contains(words), "{shown}");
            s.act("/console/review/clocks", &format!("id={}", s.phone.device)).await;
            let noted = s.see("/console/review/clocks?lang=en").await;
            assert!(noted.contains("Told; waiting"), "{noted}");
        }
    }
    s.phone.ahead_ms = 0;
    let (place, made) = s.world.place(&s.phone, "right again");
    let item = s.phone.item(place.id(), &made, GRID);
    s.phone.sync(&s.world, vec![item]).await;
    assert!(s.see("/console/review/clocks?lang=en").await.contains("Every phone"));
}

#[tokio::test]
async fn a_file_of_places_is_taken_whole_or_told_row_by_row() {
    let s = scene().await;
    let supervisor = {
        let (now, areas) = (s.world.clock.now(), vec![GRID.to_owned()]);
        let token =
            s.world.app.sessions.begin_as(&*s.world.entropy, now, "sv1", Role::Supervisor, areas);
        format!("ironfeet={token}")
    };
    let (_, shown) = page(&s.world, "/console/import", &supervisor).await;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
    let bring = async |name: &str, file: String| {
        let request = Request::post("/console/import")
            .header("cookie", &supervisor)
            .header("content-type", "application/octet-stream")
            .header("x-csrf", &csrf)
            .header("x-file-name", name)
            .body(Body::from(file))
            .unwrap();
        assert_eq!(s.world.send(request).await.status(), 303);
        imported(&s.world).await;
        page(&s.world, "/console/import?lang=en", &supervisor).await.1
    };
    let head = "key,grid,kind,address,lat,lon\n";
    let row = |n: usize, grid: &str| format!("k{n},{grid},dwelling,进口路{n}号,33.5,123.5\n");
    let wrong = format!("{head}{}k2,{GRID},castle,乙,33,120\n", row(1, GRID));
    let told = bring("a.csv", wrong).await;
    assert!(told.contains("nothing was imported") && told.contains(">3<"), "{told}");
    let outside = format!("{head}{}{}", row(1, GRID), row(2, OTHER));
    assert!(bring("a.csv", outside).await.contains("lies outside of your areas"));
    let many: String = (0..1_100).map(|n| row(n, GRID)).collect();
    let done = bring("a.csv", format!("{head}{many}")).await;
    assert!(done.contains("1100 added"), "{done}");
    let again = bring("a.csv", format!("{head}{many}")).await;
    assert!(again.contains("1100 the same"), "{again}");
    s.world.verify();
    let nobody = Request::post("/console/import")
        .header("cookie", &supervisor)
        .header("content-type", "application/octet-stream")
        .header("x-csrf", "guessed")
        .header("x-file-name", "a.csv")
        .body(Body::from(head))
        .unwrap();
    assert_eq!(s.world.send(nobody).await.status(), 403, "without the session's secret");
}

#[tokio::test]
async fn the_first_page_of_every_post_leads_to_lists_that_open() {
    let s = scene().await;
    for post in Role::ALL.into_iter().filter(|post| *post != Role::Server) {
        let (now, areas) = (s.world.clock.now(), vec![String::new()]);
        let token = s.world.app.sessions.begin_as(&*s.world.entropy, now, "p1", post, areas);
        let cookie = format!("ironfeet={token}");
        let (status, today) = page(&s.world, "/console/today", &cookie).await;
        assert_eq!(status, 200, "{post}");
        let counts = today.split("class=\"counts\"").skip(1);
        let hrefs: Vec<String> = counts
            .flat_map(|part| part.split("href=\"").skip(1))
            .filter_map(|part| part.split('"').next())
            .map(|href| href.replace("&#38;", "&"))
            .collect();
        assert!(!hrefs.is_empty(), "{post} sees nothing of its own");
        for href in hrefs.iter().filter(|href| href.starts_with("/console/")) {
            assert_eq!(page(&s.world, href, &cookie).await.0, 200, "{post}: {href}");
        }
    }
}
