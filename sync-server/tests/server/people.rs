//! Accounts in the console: who may change them, what it changes at once, and what is refused in words.

use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::{PersonId, Role};
use ironfeet_server::store::{self, DeviceStatus, PersonRow};

use super::console::{between, header, page, post, quarrel};
use super::world::{GRID, World};

/// A session of an account with its secret.
async fn signed_in(world: &World, id: &str, role: Role) -> (String, String) {
    let now = world.clock.now();
    let areas = vec![String::new()];
    let token = world.app.sessions.begin_as(&*world.entropy, now, id, role, areas);
    let cookie = format!("ironfeet={token}");
    let (_, today) = page(world, "/console/today", &cookie).await;
    (cookie, between(&today, "name=\"csrf\" value=\"", "\"").to_owned())
}

/// An administrator's act on accounts; where it leads.
pub(crate) async fn act(world: &World, path: &str, form: &str) -> Result<String, String> {
    let (cookie, csrf) = signed_in(world, "root1", Role::SystemAdministrator).await;
    let done = post(world, path, &cookie, &format!("csrf={csrf}&{form}")).await;
    if done.status() == 303 {
        return Ok(header(&done, "location"));
    }
    let said = String::from_utf8(super::world::body(done).await).unwrap();
    Err(said)
}

fn account(world: &World, id: &str) -> Option<PersonRow> {
    let id: PersonId = id.parse().unwrap();
    store::view(&*world.app.store, |s| s.person(&id)).unwrap()
}

#[tokio::test]
async fn an_administrator_gives_posts_and_takes_them_and_it_counts_at_once() {
    let q = quarrel().await;
    let world = &q.world;
    let keep = "id=sv77&post=supervisor&areas=329901";
    assert_eq!(act(world, "/console/people", keep).await.unwrap(), "/console/people?said=kept");
    assert_eq!(account(world, "sv77").unwrap().areas, ["329901"]);

    let (cookie, csrf) = signed_in(world, "sv77", Role::Supervisor).await;
    assert!(page(world, "/console/review", &cookie).await.1.contains("平川路1号"));
    let elsewhere = "id=sv77&post=supervisor&areas=329999";
    act(world, "/console/people", elsewhere).await.unwrap();
    let queue = page(world, "/console/review", &cookie).await.1;
    assert!(queue.contains("没有等待决定的冲突"), "the area counts in the running session");
    act(world, "/console/people", "id=sv77&post=auditor").await.unwrap();
    assert_eq!(page(world, "/console/review", &cookie).await.0, 403, "the post counts too");
    let form = format!("csrf={csrf}&id=sv77&post=system_administrator");
    assert_eq!(post(world, "/console/people", &cookie, &form).await.status(), 403);
    act(world, "/console/people/retire", "id=sv77").await.unwrap();
    assert_eq!(page(world, "/console/today", &cookie).await.0, 303, "signed out");
}

#[tokio::test]
async fn an_account_that_ends_takes_the_trust_of_its_phones() {
    let q = quarrel().await;
    let person = store::view(&*q.world.app.store, |s| s.devices()).unwrap()[0].person.clone();
    act(&q.world, "/console/people/retire", &format!("id={person}")).await.unwrap();
    let devices = store::view(&*q.world.app.store, |s| s.devices()).unwrap();
    let theirs = devices.iter().filter(|d| d.person == person);
    assert!(theirs.clone().count() > 0);
    assert!(theirs.map(|d| d.status).all(|status| status == DeviceStatus::Revoked));
}

#[tokio::test]
async fn what_does_not_fit_is_told_and_kept_in_the_form() {
    let q = quarrel().await;
    let tell = [
        (format!("id=w88&post=inspector&areas={}", &GRID[..11]), "区域应为6、9、12或15位数字"),
        ("id=w88&post=inspector&areas=".to_owned(), "此岗位需要区域"),
        ("id=w88&post=server".to_owned(), "没有这个角色或岗位"),
        ("id=w88&post=king".to_owned(), "没有这个角色或岗位"),
        ("id=root1&post=supervisor&areas=329901".to_owned(), "不能改自己的岗位"),
        ("id=w88&post=handler&areas=329901&department=%2A".to_owned(), "没有这个部门代码"),
    ];
    for (form, told) in tell {
        let page = act(&q.world, "/console/people", &form).await.unwrap_err();
        assert!(page.contains(told), "{form}");
        assert!(page.contains("value=\"w88\"") || form.starts_with("id=root1"), "{form}");
    }
    assert_eq!(account(&q.world, "w88"), None, "nothing was kept");
    let own = act(&q.world, "/console/people/retire", "id=root1").await;
    assert!(own.is_err(), "nobody ends their own account");
}
