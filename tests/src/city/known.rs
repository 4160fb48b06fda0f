//! What somebody who stands in a place answers because it is so: kind of building, fuel, floor area, rooms.

use ironfeet_core::model::{PlaceKind, Scalar};

use super::CityPlace;

/// Answers that follow from what the register says of a place: item and text.
#[must_use]
pub fn known(place: &CityPlace) -> Vec<(&'static str, String)> {
    let text = |name: &str| {
        let found = place.facts.iter().find(|(field, _)| *field == name).map(|(_, value)| value);
        match found {
            Some(Scalar::Str(text)) => text.clone(),
            Some(Scalar::Int(n)) => n.to_string(),
            Some(Scalar::Float(x)) => x.round().to_string(),
            _ => String::new(),
        }
    };
    let answers = match place.kind {
        PlaceKind::Dwelling => vec![
            ("HH-A1", code(&BUILDINGS, &text("building_type"))),
            ("HH-A2", code(&FUELS, &text("fuel"))),
            ("HH-A5", "none".to_owned()),
        ],
        PlaceKind::SmallPremises => shop(&text("use"), text("floor_area_m2")),
        PlaceKind::Rental => vec![("RH-A2", text("rooms")), ("RH-A5", text("storeys"))],
        _ => Vec::new(),
    };
    answers.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// Answers about a shop of this use.
#[must_use]
pub fn shop(usage: &str, floor_area_m2: String) -> Vec<(&'static str, String)> {
    let beds = if usage == "小旅馆" { "12" } else { "0" };
    vec![
        ("SP-A1", code(&SHOPS, usage)),
        ("SP-A2", floor_area_m2),
        ("SP-A3", "f1".to_owned()),
        ("SP-A5", beds.to_owned()),
    ]
}

fn code(words: &[(&str, &str)], word: &str) -> String {
    let found = words.iter().find(|(of, _)| *of == word);
    found.map_or_else(String::new, |(_, code)| (*code).to_owned())
}

const BUILDINGS: [(&str, &str); 3] =
    [("高层住宅", "high"), ("多层住宅", "multi"), ("自建房", "self")];
const FUELS: [(&str, &str); 4] =
    [("管道天然气", "piped"), ("瓶装液化气", "lpg"), ("柴草", "solid"), ("用电", "elec")];
const SHOPS: [(&str, &str); 10] = [
    ("小商店", "shop"),
    ("小餐饮", "rest"),
    ("小旅馆", "hotel"),
    ("小美容洗浴", "beauty"),
    ("小诊所", "clinic"),
    ("小网吧", "net"),
    ("小歌舞娱乐", "ent"),
    ("小学校", "school"),
    ("电动自行车销售维修", "ebike"),
    ("快递站点", "express"),
];

#[cfg(test)]
mod tests {
    use ironfeet_core::checklist::Content;

    use super::*;
    use crate::city::{City, Scale, list_for};

    #[test]
    fn every_place_with_a_checklist_knows_answers_that_its_items_have() {
        let content = Content::default_content();
        let city = City::new(Scale::Small, 7);
        let kinds = [PlaceKind::Dwelling, PlaceKind::SmallPremises, PlaceKind::Rental];
        for place in (0..city.grids().len()).flat_map(|grid| city.places(grid).step_by(3)) {
            let answers = known(&place);
            if !kinds.contains(&place.kind) {
                continue;
            }
            assert!(answers.len() >= 2, "{place:?}");
            let list = content.list(list_for(place.kind).unwrap()).unwrap();
            for (item, text) in answers {
                let found = list.items().map(|(_, i)| i).find(|i| *i.id == *item).unwrap();
                let choices = content.choices(found);
                assert!(
                    choices.is_empty() || choices.iter().any(|c| c.code == text),
                    "{item} {text}"
                );
            }
        }
    }
}
