//! What two people state differently about one place, and the shop that both find and no register knows.
//! Each text is what a person types; nothing is about people.

use ironfeet_core::model::{PlaceKind, Scalar};
use rand::RngExt;

use super::City;
use super::names;
use super::place::CityPlace;
use super::seed::{in_grid, pick, stream};

/// A shop that opened after the register was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlisted {
    /// The address as the first and as the second of two people writes it.
    pub addresses: [String; 2],
    /// The sign above its door.
    pub name: String,
    /// What it is used for.
    pub usage: &'static str,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// Facts of a kind of place about which people who stand in front of it may differ.
pub(crate) fn fields(kind: PlaceKind) -> &'static [&'static str] {
    match kind {
        PlaceKind::Dwelling => &["storeys", "use", "access_note", "building_type"],
        PlaceKind::Rental => &["rooms", "use", "access_note", "storeys"],
        PlaceKind::SmallPremises | PlaceKind::Workshop => {
            &["use", "floor_area_m2", "access_note", "storeys"]
        }
        PlaceKind::ConstructionSite => &["floor_area_m2", "access_note", "storeys"],
        PlaceKind::SharedArea => &["dwellings", "storeys", "access_note"],
        PlaceKind::PublicFacility => &["access_note"],
    }
}

/// Ways to a door; each pair names two that a place can have at once.
const WAYS: [[&str; 2]; 4] = [
    ["从东侧巷口进，走消防楼梯", "从北门进，乘 2 号电梯"],
    ["沿河堤走到底，铁门右手边", "从村委会后面的水泥路进"],
    ["地下车库 B 区上楼", "临街卷帘门旁边的小门"],
    ["门口在修路，从菜场绕", "正门可进，台阶较陡"],
];

/// What the first and the second person write into the field.
#[must_use]
pub fn both_say(place: &CityPlace, field: &str) -> [String; 2] {
    let registered = place.facts.iter().find(|(name, _)| *name == field).map(|(_, value)| value);
    match (field, registered) {
        ("floor_area_m2", Some(Scalar::Float(area))) => {
            [(area * 1.2).round().to_string(), (area * 1.5).round().to_string()]
        }
        ("storeys" | "rooms" | "dwellings", Some(Scalar::Int(n))) => {
            [(n + 1).to_string(), (n + 2).to_string()]
        }
        ("use", Some(Scalar::Str(usage))) => [format!("{usage}兼住宿"), format!("{usage}兼仓储")],
        ("use", _) if place.kind == PlaceKind::Rental => {
            ["整栋出租", "分间出租"].map(str::to_owned)
        }
        ("use", _) => ["居住兼仓储", "居住兼小卖部"].map(str::to_owned),
        ("building_type", Some(Scalar::Str(kind))) => {
            [format!("{kind}，底层改店面"), format!("{kind}，顶层加建")]
        }
        _ => WAYS[place.address.len() % WAYS.len()].map(str::to_owned),
    }
}

impl City {
    /// The shop that two people find near a place on the same day: the same for both.
    #[must_use]
    pub fn unlisted(&self, grid: usize, near: u32) -> Option<Unlisted> {
        let beside = self.place(grid, near)?;
        let mut rng = stream(self.seed(), "unlisted", in_grid(grid, near));
        let (what, usage) = *pick(&mut rng, &names::SHOPS);
        let name = format!("{}{what}", names::area(rng.random_range(0..500)));
        let street = self.house_address(grid, rng.random_range(0..40));
        Some(Unlisted {
            addresses: [format!("{street} {name}"), format!("{}-{name}", wide(&street))],
            name,
            usage,
            lat: beside.lat,
            lon: beside.lon,
        })
    }
}

/// Digits as a Chinese keyboard may write them.
fn wide(text: &str) -> String {
    let one = |c: char| c.to_digit(10).and_then(|d| char::from_u32(0xFF10 + d)).unwrap_or(c);
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ironfeet_core::model::{FactField, screen_text};

    use super::*;
    use crate::city::Scale;

    #[test]
    fn both_values_are_ones_that_a_phone_takes_and_they_differ() {
        let city = City::new(Scale::Small, 7);
        let mut kinds = BTreeSet::new();
        for place in (0..city.grids().len()).flat_map(|grid| city.places(grid).step_by(3)) {
            kinds.insert(place.kind);
            for field in fields(place.kind) {
                let [a, b] = both_say(&place, field);
                assert_ne!(a, b, "{field}");
                for text in [a, b] {
                    assert!(FactField::find(field).unwrap().parse(&text).is_ok(), "{field} {text}");
                    assert_eq!(screen_text(&text), [], "{text}");
                }
            }
        }
        assert_eq!(kinds.len(), PlaceKind::ALL.len());
    }

    #[test]
    fn the_two_who_add_a_shop_write_the_same_door_otherwise() {
        let city = City::new(Scale::Small, 7);
        let narrow = |text: &str| -> String {
            let one = |c: char| match u32::from(c) {
                n @ 0xFF10..=0xFF19 => char::from_u32(n - 0xFF10 + 0x30).unwrap(),
                _ => c,
            };
            text.chars().map(one).filter(|c| c.is_alphanumeric()).collect()
        };
        for near in 0..40 {
            let shop = city.unlisted(3, near).unwrap();
            let [a, b] = &shop.addresses;
            assert_ne!(a, b);
            assert_eq!(narrow(a), narrow(b));
            assert_eq!(Some(shop), city.unlisted(3, near));
        }
    }
}
