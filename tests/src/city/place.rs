//! The places of a grid, made one by one when asked for: dwellings, premises, rentals, workshops,
//! sites, shared areas, facilities. Facts about things only, never about people.

use ironfeet_core::model::{DocId, GridCode, PlaceId, PlaceKind, Scalar, UtcMillis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::City;
use super::area::Grid;
use super::names;
use super::seed::{in_grid, pick, stream};

/// A place as a city would import it.
#[derive(Clone, Debug, PartialEq)]
pub struct CityPlace {
    /// Identity, the same for the same seed.
    pub id: PlaceId,
    /// What kind.
    pub kind: PlaceKind,
    /// The grid it lies in.
    pub grid: GridCode,
    /// Address text; no person in it.
    pub address: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Other facts, by field name.
    pub facts: Vec<(&'static str, Scalar)>,
}

/// When the city's register was written: 2026-01-05, 08:00 in China.
const REGISTERED_AT: UtcMillis = UtcMillis(1_767_571_200_000);

impl Grid {
    /// How many places of a kind it holds.
    #[must_use]
    pub fn count(&self, kind: PlaceKind) -> u32 {
        match kind {
            PlaceKind::Dwelling => self.households,
            PlaceKind::SmallPremises => self.small_premises,
            PlaceKind::Rental => self.rentals,
            PlaceKind::Workshop => self.workshops,
            PlaceKind::ConstructionSite => self.licensed_sites + self.small_sites,
            PlaceKind::SharedArea => self.apartment_buildings,
            PlaceKind::PublicFacility => self.facilities,
        }
    }

    /// How many places it holds.
    #[must_use]
    pub fn places(&self) -> u32 {
        PlaceKind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// The number of a kind's first place in the grid.
    #[must_use]
    pub fn first(&self, kind: PlaceKind) -> u32 {
        PlaceKind::ALL.into_iter().take_while(|k| *k != kind).map(|k| self.count(k)).sum()
    }

    /// The kind of the place with this number, and its number within the kind.
    #[must_use]
    pub fn kind_of(&self, place: u32) -> Option<(PlaceKind, u32)> {
        let mut rest = place;
        for kind in PlaceKind::ALL {
            let n = self.count(kind);
            if rest < n {
                return Some((kind, rest));
            }
            rest -= n;
        }
        None
    }
}

/// Houses of a village group 村民小组.
const VILLAGE_GROUP: u32 = 40;

/// A building: where it stands and what it is called.
struct Building {
    lat: f64,
    lon: f64,
    address: String,
    code: String,
    storeys: i64,
    kind: &'static str,
}

impl City {
    /// One place by grid number and number within the grid; `None` past the last.
    #[must_use]
    pub fn place(&self, grid: usize, number: u32) -> Option<CityPlace> {
        let at = self.grids().get(grid)?;
        let (kind, n) = at.kind_of(number)?;
        let mut rng = stream(self.seed(), "place", in_grid(grid, number));
        let id = PlaceId(DocId::new(REGISTERED_AT, rng.random()));
        let (building, address, mut facts) = self.describe(&mut rng, grid, kind, n);
        facts.push(("building_code", Scalar::from(building.code)));
        Some(CityPlace {
            id,
            kind,
            grid: at.code.clone(),
            address,
            lat: building.lat,
            lon: building.lon,
            facts,
        })
    }

    /// The places of one grid, one at a time.
    pub fn places(&self, grid: usize) -> impl Iterator<Item = CityPlace> + '_ {
        (0..).map_while(move |n| self.place(grid, n))
    }

    /// Every place of the city, one at a time.
    pub fn all_places(&self) -> impl Iterator<Item = CityPlace> + '_ {
        (0..self.grids().len()).flat_map(|grid| self.places(grid))
    }

    fn describe(
        &self,
        rng: &mut ChaCha8Rng,
        grid: usize,
        kind: PlaceKind,
        n: u32,
    ) -> (Building, String, Vec<(&'static str, Scalar)>) {
        let at = &self.grids()[grid];
        match kind {
            PlaceKind::Dwelling | PlaceKind::Rental => self.home(rng, grid, kind, n),
            PlaceKind::SharedArea => {
                let b = self.building(grid, n);
                let address = format!("{}公共部位", b.address);
                let mut facts = structure(&b);
                facts.push(("ebike_shed", Scalar::Bool(rng.random_bool(0.4))));
                facts.push(("dwellings", Scalar::Int(i64::from(flats_in(at, n)))));
                (b, address, facts)
            }
            PlaceKind::PublicFacility => {
                let b = self.house(grid, at.apartment_buildings + at.self_built + n);
                let what = *pick(rng, &names::FACILITIES);
                let address = format!("{}{what}", b.address);
                (b, address, vec![("name", Scalar::from(what))])
            }
            PlaceKind::SmallPremises | PlaceKind::Workshop | PlaceKind::ConstructionSite => {
                self.trade(rng, grid, kind, n)
            }
        }
    }

    fn home(
        &self,
        rng: &mut ChaCha8Rng,
        grid: usize,
        kind: PlaceKind,
        n: u32,
    ) -> (Building, String, Vec<(&'static str, Scalar)>) {
        let at = &self.grids()[grid];
        let flats = at.households - at.self_built;
        let (b, address) = if n < flats && kind == PlaceKind::Dwelling && at.apartment_buildings > 0
        {
            let building = building_of(at, n);
            let within = n - flats_before(at, building);
            let b = self.building(grid, building);
            let address = format!("{}{}", b.address, room(within, &b));
            (b, address)
        } else {
            // Self-built houses one by one; rentals are spread over all buildings.
            let houses = at.apartment_buildings + at.self_built;
            let number = if kind == PlaceKind::Dwelling {
                at.apartment_buildings + n.saturating_sub(flats)
            } else {
                rng.random_range(0..houses.max(1))
            };
            let b = self.building(grid, number);
            let address = if kind == PlaceKind::Rental {
                format!("{}出租{}室", b.address, n + 1)
            } else {
                b.address.clone()
            };
            (b, address)
        };
        let mut facts = structure(&b);
        let fuel = if at.urban { "管道天然气" } else { *pick(rng, &names::VILLAGE_FUELS) };
        facts.push(("fuel", Scalar::from(fuel)));
        facts.push(("smoke_alarm", Scalar::Bool(rng.random_bool(0.3))));
        if kind == PlaceKind::Rental {
            let rooms = if n < at.group_rentals {
                rng.random_range(10..31)
            } else {
                rng.random_range(1..6)
            };
            facts.push(("rooms", Scalar::Int(rooms)));
        }
        (b, address, facts)
    }

    fn trade(
        &self,
        rng: &mut ChaCha8Rng,
        grid: usize,
        kind: PlaceKind,
        n: u32,
    ) -> (Building, String, Vec<(&'static str, Scalar)>) {
        let at = &self.grids()[grid];
        let houses = (at.apartment_buildings + at.self_built).max(8);
        let b = self.building(grid, rng.random_range(0..houses));
        let (name, usage, area) = match kind {
            PlaceKind::SmallPremises => {
                let (what, usage) = *pick(rng, &names::SHOPS);
                let word = names::area(rng.random_range(0..500));
                (format!("{word}{what}"), usage.to_owned(), rng.random_range(12.0..190.0))
            }
            PlaceKind::Workshop => {
                let trade = *pick(rng, &names::TRADES);
                let word = names::area(rng.random_range(0..500));
                (format!("{word}{trade}坊"), trade.to_owned(), rng.random_range(40.0..900.0))
            }
            _ if n < at.licensed_sites => {
                let what = *pick(rng, &names::PROJECTS);
                let word = names::area(rng.random_range(0..500));
                let area = rng.random_range(2_000.0..30_000.0);
                (format!("{word}{what}工程"), "有施工许可的项目".to_owned(), area)
            }
            _ => ("自建房翻建".to_owned(), "自建房".to_owned(), rng.random_range(90.0..400.0)),
        };
        let address = format!("{} {name}", b.address);
        let mut facts = structure(&b);
        facts.push(("name", Scalar::from(name)));
        facts.push(("use", Scalar::from(usage)));
        facts.push(("floor_area_m2", Scalar::Float(f64::round(area))));
        (b, address, facts)
    }

    fn building(&self, grid: usize, number: u32) -> Building {
        if number < self.grids()[grid].apartment_buildings {
            self.block(grid, number)
        } else {
            self.house(grid, number)
        }
    }

    fn block(&self, grid: usize, number: u32) -> Building {
        let at = &self.grids()[grid];
        let mut rng = stream(self.seed(), "building", in_grid(grid, number));
        let (lat, lon) = self.inside(grid, &mut rng);
        let high = number % 4 == 3;
        let serial = at.first_building + number;
        let estate = names::area(at.community * 5 + 300 + serial as usize / 24);
        Building {
            lat,
            lon,
            address: format!("{}{estate}小区{}幢", self.community(grid).name, serial % 24 + 1),
            code: building_code(self, grid, serial),
            storeys: if high { rng.random_range(11..34) } else { rng.random_range(4..8) },
            kind: if high { "高层住宅" } else { "多层住宅" },
        }
    }

    /// In towns by road and number, in villages by group 组 and number.
    pub(super) fn house_address(&self, grid: usize, number: u32) -> String {
        let at = &self.grids()[grid];
        let community = &self.community(grid).name;
        let serial = (at.first_building + number).min(99_998);
        if at.urban {
            let road = names::ROADS[(grid * 3 + number as usize / 60) % names::ROADS.len()];
            format!("{community}{road}{}号", serial + 1)
        } else {
            format!("{community}{}组{}号", serial / VILLAGE_GROUP + 1, serial % VILLAGE_GROUP + 1)
        }
    }

    fn house(&self, grid: usize, number: u32) -> Building {
        let at = &self.grids()[grid];
        let mut rng = stream(self.seed(), "building", in_grid(grid, number));
        let (lat, lon) = self.inside(grid, &mut rng);
        let serial = (at.first_building + number).min(99_998);
        Building {
            lat,
            lon,
            address: self.house_address(grid, number),
            code: building_code(self, grid, serial),
            storeys: rng.random_range(1..5),
            kind: "自建房",
        }
    }
}

fn building_code(city: &City, grid: usize, serial: u32) -> String {
    format!("{}{:05}", city.community(grid).code, serial + 1)
}

fn structure(b: &Building) -> Vec<(&'static str, Scalar)> {
    vec![
        ("building_type", Scalar::from(b.kind)),
        ("storeys", Scalar::Int(b.storeys)),
        ("lift", Scalar::Bool(b.storeys > 7)),
    ]
}

fn flats_before(grid: &Grid, building: u32) -> u32 {
    let flats = u64::from(grid.households - grid.self_built);
    let n = u64::from(grid.apartment_buildings.max(1));
    u32::try_from(u64::from(building) * flats / n).unwrap_or(u32::MAX)
}

fn flats_in(grid: &Grid, building: u32) -> u32 {
    flats_before(grid, building + 1) - flats_before(grid, building)
}

fn building_of(grid: &Grid, flat: u32) -> u32 {
    let n = grid.apartment_buildings;
    let (mut low, mut high) = (0, n);
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        if flats_before(grid, middle) <= flat {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Entrances of two flats a floor.
fn room(within: u32, b: &Building) -> String {
    let storeys = u32::try_from(b.storeys).unwrap_or(1);
    let (entrance, rest) = (within / (storeys * 2), within % (storeys * 2));
    format!("{}单元{}{:02}室", entrance + 1, rest / 2 + 1, rest % 2 + 1)
}
