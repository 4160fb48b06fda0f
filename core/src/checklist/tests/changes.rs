//! Two versions side by side, and a list as people read it.

use super::*;
use crate::model::Lang;

#[test]
fn a_version_that_says_the_same_differs_in_nothing() {
    let content = Content::default_content();
    let again = Content::load(&format!("# a remark more\n{DEFAULT_YAML}")).unwrap();
    assert_eq!(diff(&content, &again), []);
}

#[test]
fn changes_are_told_thing_by_thing() {
    let mut yaml = DEFAULT_YAML.to_owned();
    for (from, to) in [
        ("  version: 1\n  title: {zh: 居民住户", "  version: 2\n  title: {zh: 居民住户"),
        ("code: HH-A4-F3", "code: HH-A4-F9"),
        (
            "ask_if: {item: HH-A2, contains: solid}",
            "ask_if: {item: HH-A2, contains_any: [solid, lpg]}",
        ),
        ("q: {zh: 房屋类型, en: Building type}", "q: {zh: 房屋类别, en: Kind of building}"),
        (
            "    lead: FIRE\n    co: [STREET, COMM, PROP]",
            "    lead: STREET\n    co: [FIRE, COMM, PROP]",
        ),
        (
            "deadline: {kind: work_day, value: 1}\n        route: case\n        public_area",
            "deadline: {kind: urgent_hour, value: 8}\n        route: case\n        public_area",
        ),
    ] {
        assert!(yaml.contains(from), "{from}");
        yaml = yaml.replacen(from, to, 1);
    }
    let new = Content::load(&yaml).unwrap();
    let changes = diff(Content::shared_default(), &new);
    let both = [Lang::En, Lang::Zh]
        .map(|lang| changes.iter().flat_map(|c| c.lines(lang)).collect::<Vec<_>>().join("\n"));
    expect![[r#"
        changed category FIR01
          lead: FIRE → STREET
          co: STREET, COMM, PROP → FIRE, COMM, PROP
        changed list household
          version: 1 → 2
        changed item HH-A1
          question: Building type → Kind of building
        changed item HH-C5
          asked if: HH-A2 has "Coal, wood, charcoal" → HH-A2 has "Coal, wood, charcoal / LPG cylinder"
        removed finding HH-A4-F3
          title: Charging by a wire hung from a window
        added finding HH-A4-F9
          title: Charging by a wire hung from a window
        changed finding HH-B1-F1
          deadline: within 1 working day → within 8 hours, day and night

        修改 分类 FIR01
          牵头: FIRE → STREET
          协办: STREET, COMM, PROP → FIRE, COMM, PROP
        修改 检查表 household
          版本: 1 → 2
        修改 条目 HH-A1
          问题: 房屋类型 → 房屋类别
        修改 条目 HH-C5
          何时问: HH-A2 含“煤、柴、炭” → HH-A2 含“煤、柴、炭／瓶装液化气”
        删除 发现项 HH-A4-F3
          名称: 飞线充电
        新增 发现项 HH-A4-F9
          名称: 飞线充电
        修改 发现项 HH-B1-F1
          期限: 1个工作日内 → 8小时内（昼夜连续计算）"#]].assert_eq(&both.join("\n\n"));
    let back = diff(&new, Content::shared_default());
    assert_eq!(back.len(), changes.len(), "what is added one way is removed the other");
}

#[test]
fn a_list_can_be_read_before_it_is_used() {
    let content = Content::shared_default();
    let mut out = String::new();
    for list in content.lists() {
        for line in preview(content, list) {
            assert!(!line.zh.is_empty() && !line.en.is_empty());
            if list.id == "rental" {
                out.push_str(&format!("{}\n{}\n", line.zh, line.en));
            }
        }
    }
    expect_test::expect_file!["rental_preview.txt"].assert_eq(&out);
}
