//! Checklists that the city published: for visits begun from now on, and never silently ignored.

use super::*;
use crate::checklist::DEFAULT_YAML;
use crate::model::Lang;

const OLD: &str = "补充说明（不写姓名、电话、证件号，不写个人情况）";

/// The product's file with one question of the household list in other words.
fn file(version: u32, question: &str) -> String {
    let yaml = DEFAULT_YAML.replacen("'2026.1'", &format!("'2026.{version}'"), 1);
    let list = format!("- id: household\n  version: {version}\n");
    yaml.replacen(OLD, question, 1).replacen("- id: household\n  version: 1\n", &list, 1)
}

fn question(phone: &Phone, visit: VisitId) -> String {
    let asked = phone.visit_questions(visit).unwrap();
    asked.iter().find(|q| q.item == "V-05").map(|q| q.question.zh.clone()).unwrap_or_default()
}

#[test]
fn each_visit_keeps_to_the_file_it_was_begun_with_also_when_opened_again() {
    let world = World::new(41);
    let mut phone = world.init();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let mut visits = Vec::new();
    for (version, words) in [(1, OLD), (2, "第二版"), (3, "第三版")] {
        if version > 1 {
            phone.adopt(file(version, words).as_bytes()).unwrap();
        }
        assert_eq!(phone.status().unwrap().content, format!("2026.{version}"));
        let visit = phone.visit_start(place, "household", false).unwrap();
        assert_eq!(phone.visit_show(visit).unwrap().list_version, version);
        visits.push((visit, words));
    }
    for _ in 0..2 {
        for (visit, words) in &visits {
            assert_eq!(question(&phone, *visit), *words);
        }
        assert!(phone.verify().unwrap().ok);
        drop(phone);
        phone = world.open();
    }
    for (visit, _) in &visits {
        assert!(run_through(&phone, *visit, false).finished_at.is_some());
    }
    assert!(
        phone.verify().unwrap().ok,
        "what a finished visit cleared is reckoned by its own file"
    );
}

#[test]
fn a_file_that_this_app_cannot_read_changes_nothing_and_is_told() {
    let world = World::new(42);
    let phone = world.init();
    phone.adopt(file(2, "第二版").as_bytes()).unwrap();
    let newer = file(3, "第三版").replacen("type: text", "type: hologram", 1);
    phone.adopt(newer.as_bytes()).unwrap();
    assert_eq!(phone.status().unwrap().content, "2026.2", "the last good one");
    let notices = phone.notices(true).unwrap();
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(notice.code, "checklists_unreadable");
    assert!(
        notice.words(Lang::En).contains("update") && notice.words(Lang::Zh).contains("更新应用")
    );
}

#[test]
fn what_came_with_the_app_gives_way_to_what_the_city_publishes() {
    let world = World::new(43);
    let options = |own: &str| OpenOptions { content: Some(own.to_owned()), ..world.options(KEY) };
    let phone = Phone::init(
        options(&file(2, "随应用")),
        "wang.wei".parse().unwrap(),
        Role::Inspector,
        &[GRID.parse().unwrap()],
    );
    let phone = phone.unwrap();
    let place = phone.place_add(&new_place("幸福路12号")).unwrap();
    let before = phone.visit_start(place, "household", false).unwrap();
    phone.adopt(file(5, "本市发布").as_bytes()).unwrap();
    drop(phone);
    let phone = Phone::open(options(&file(2, "随应用"))).unwrap();
    let after = phone.visit_start(place, "household", false).unwrap();
    assert_eq!(
        (question(&phone, before), question(&phone, after)),
        ("随应用".into(), "本市发布".into())
    );
}
