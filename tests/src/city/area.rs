//! Counties, townships, communities and grids, with what each grid holds. Codes as in the domain
//! page, section 1.2, all under 3299xx, which is no real prefecture.

use ironfeet_core::model::{AreaCode, GridCode};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::border::Node;
use super::names;
use super::profile::Profile;
use super::seed::{self, share, share_at_least_one};

/// A community or village, the owner of grids.
#[derive(Clone, Debug)]
pub struct Community {
    /// Area code, 12 digits.
    pub code: AreaCode,
    /// Name with its township, such as `翠屏街道杏园社区`.
    pub name: String,
    /// Resident committee (true) or village.
    pub urban: bool,
    /// Number of its township in the city.
    pub township: usize,
}

/// A grid and how much of each thing it holds.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Grid code, 15 digits.
    pub code: GridCode,
    /// Name for people.
    pub name: String,
    /// Number of its community in the city.
    pub community: usize,
    /// In a resident committee (true) or village.
    pub urban: bool,
    /// Households; dwellings on record. None in special grids.
    pub households: u32,
    /// How many of the households live in self-built houses.
    pub self_built: u32,
    /// Apartment buildings; the other households live in them.
    pub apartment_buildings: u32,
    /// Serial number of its first building in the community, for building codes.
    pub(crate) first_building: u32,
    /// Small premises.
    pub small_premises: u32,
    /// Rentals, group rentals first.
    pub rentals: u32,
    /// Group rentals among them.
    pub group_rentals: u32,
    /// Workshops.
    pub workshops: u32,
    /// Licensed sites.
    pub licensed_sites: u32,
    /// Small and self-build sites.
    pub small_sites: u32,
    /// Micro-grids.
    pub micro_grids: u32,
    /// Public facilities (own choice: one per 100 households, two in a special grid).
    pub facilities: u32,
}

/// Areas and grids in code order.
pub(crate) struct Areas {
    pub(crate) counties: Vec<(String, String)>,
    pub(crate) townships: Vec<Township>,
    pub(crate) communities: Vec<Community>,
    pub(crate) grids: Vec<Grid>,
}

/// A street, town or development zone.
#[derive(Clone, Debug)]
pub struct Township {
    /// First nine digits of its communities' area codes.
    pub code: String,
    /// Name, such as `翠屏街道`.
    pub name: String,
    /// Number of its county in the city.
    pub county: usize,
    urban: Option<bool>,
}

impl Areas {
    pub(crate) fn new(profile: &Profile, seed: u64) -> Self {
        let counties: Vec<(String, String)> = (0..profile.counties)
            .map(|i| (format!("3299{:02}", i + 1), names::COUNTIES[i as usize % 9].to_owned()))
            .collect();
        let townships = townships(profile, &counties);
        let communities = communities(profile, &townships);
        let grids = grids(profile, seed, &communities);
        Self { counties, townships, communities, grids }
    }

    /// The tree of areas for the borders: leaves are grids by number, weights square metres.
    pub(crate) fn tree(&self, seed: u64) -> Node {
        let mut rng = seed::stream(seed, "area", 0);
        let mut by_community: Vec<Vec<Node>> =
            self.communities.iter().map(|_| Vec::new()).collect();
        for (i, grid) in self.grids.iter().enumerate() {
            by_community[grid.community].push(Node::Leaf(i, square_metres(grid, &mut rng)));
        }
        let mut by_township: Vec<Vec<Node>> = self.townships.iter().map(|_| Vec::new()).collect();
        for (community, leaves) in self.communities.iter().zip(by_community) {
            by_township[community.township].push(Node::Group(leaves));
        }
        let mut by_county: Vec<Vec<Node>> = self.counties.iter().map(|_| Vec::new()).collect();
        for (township, members) in self.townships.iter().zip(by_township) {
            by_county[township.county].push(Node::Group(members));
        }
        // Streets have the first codes; half of the towns go before them, so that they lie in the middle.
        for members in &mut by_county {
            let towns = members.len() / 4;
            members.rotate_right(towns);
        }
        Node::Group(by_county.into_iter().map(Node::Group).collect())
    }
}

/// Own choice: about 12 urban grids or one village grid to the square kilometre.
fn square_metres(grid: &Grid, rng: &mut ChaCha8Rng) -> f64 {
    let jitter = rng.random_range(0.75..1.35);
    let households = f64::from(grid.households);
    let base = match (grid.code.is_special(), grid.urban) {
        (true, _) => 160_000.0,
        (false, true) => 80_000.0 * households / 341.0,
        (false, false) => 1_000_000.0 * households / 341.0,
    };
    base * jitter
}

fn townships(profile: &Profile, counties: &[(String, String)]) -> Vec<Township> {
    let mut out: Vec<Township> = Vec::new();
    let even = vec![1.0; counties.len()];
    let kinds = [
        (profile.streets, 1, "街道", Some(true)),
        (profile.towns, 100, "镇", Some(false)),
        (profile.other_townships, 400, "开发区", Some(false)),
    ];
    let alone = profile.towns == 0;
    for (total, first, suffix, urban) in kinds {
        for (county, n) in share(total, &even).into_iter().enumerate() {
            for i in 0..n {
                out.push(Township {
                    code: format!("{}{:03}", counties[county].0, first + i),
                    name: format!("{}{suffix}", names::area(out.len())),
                    county,
                    urban: if alone { None } else { urban },
                });
            }
        }
    }
    out.sort_by(|a, b| a.code.cmp(&b.code));
    out
}

fn communities(profile: &Profile, townships: &[Township]) -> Vec<Community> {
    let mut out: Vec<Community> = Vec::new();
    let kinds = [
        (profile.resident_committees, true, 1, "社区"),
        (profile.village_committees, false, 200, "村"),
    ];
    for (total, urban, first, suffix) in kinds {
        let weights: Vec<f64> = townships
            .iter()
            .map(|t| f64::from(u8::from(t.urban.is_none_or(|u| u == urban))))
            .collect();
        for (township, n) in share(total, &weights).into_iter().enumerate() {
            for i in 0..n {
                let at = &townships[township];
                let code = format!("{}{:03}", at.code, first + i);
                out.push(Community {
                    code: code.parse().expect("3299xx + three + three digits"),
                    name: format!("{}{}{suffix}", at.name, names::area(200 + out.len())),
                    urban,
                    township,
                });
            }
        }
    }
    out.sort_by(|a, b| a.code.cmp(&b.code));
    out
}

fn grids(profile: &Profile, seed: u64, communities: &[Community]) -> Vec<Grid> {
    let urban_twice = |c: &Community| if c.urban { 2.0 } else { 1.0 };
    let weights: Vec<f64> = communities.iter().map(urban_twice).collect();
    let base = share_at_least_one(profile.base_grids, &weights);
    let weights: Vec<f64> = communities.iter().map(|c| urban_twice(c) - 0.6).collect();
    let special = share(profile.special_grids, &weights);
    let mut grids = Vec::new();
    for (number, community) in communities.iter().enumerate() {
        let mut add = |serial: u64, name: String| {
            let code = format!("{}{serial:03}", community.code);
            grids.push(Grid {
                code: code.parse().expect("an area code and a serial in range"),
                name,
                community: number,
                urban: community.urban,
                households: 0,
                self_built: 0,
                apartment_buildings: 0,
                first_building: 0,
                small_premises: 0,
                rentals: 0,
                group_rentals: 0,
                workshops: 0,
                licensed_sites: 0,
                small_sites: 0,
                micro_grids: 0,
                facilities: 0,
            });
        };
        for i in 1..=base[number] {
            add(i, format!("{}第{i}网格", community.name));
        }
        for i in 0..special[number] {
            let what = names::SPECIAL[(number + i as usize) % names::SPECIAL.len()];
            add(801 + i, format!("{}{what}网格", community.name));
        }
    }
    fill(profile, seed, &mut grids);
    grids
}

/// Gives every grid its part of the city's totals.
fn fill(profile: &Profile, seed: u64, grids: &mut [Grid]) {
    let counts = households(profile, seed, grids);
    for (grid, n) in grids.iter_mut().zip(counts) {
        grid.households = n;
    }
    let homes = |g: &Grid| f64::from(g.households);
    let houses = |g: &Grid| homes(g) * if g.urban { 0.05 } else { 1.0 };
    put(grids, profile.self_built_houses, houses, |g, n| g.self_built = n.min(g.households));
    let flats = |g: &Grid| f64::from(g.households - g.self_built);
    put(grids, profile.apartment_buildings, flats, |g, n| g.apartment_buildings = n);
    every_flat_has_a_building(grids);
    let trade = |g: &Grid| if g.code.is_special() { 900.0 } else { homes(g) };
    put(grids, profile.small_premises, trade, |g, n| g.small_premises = n);
    let rented = |g: &Grid| homes(g) * if g.urban { 1.5 } else { 1.0 };
    put(grids, profile.rentals, rented, |g, n| g.rentals = n);
    let group = |g: &Grid| f64::from(g.rentals);
    put(grids, profile.group_rentals, group, |g, n| g.group_rentals = n.min(g.rentals));
    let work = |g: &Grid| trade(g) * if g.urban { 0.6 } else { 1.5 };
    put(grids, profile.workshops, work, |g, n| g.workshops = n);
    let special_first = |g: &Grid| if g.code.is_special() { 4_000.0 } else { homes(g) };
    put(grids, profile.licensed_sites, special_first, |g, n| g.licensed_sites = n);
    let build = |g: &Grid| f64::from(g.self_built) + 20.0;
    put(grids, profile.small_sites, build, |g, n| g.small_sites = n);
    put(grids, profile.micro_grids, homes, |g, n| g.micro_grids = n);
    for grid in grids.iter_mut() {
        grid.facilities = if grid.code.is_special() { 2 } else { (grid.households + 50) / 100 };
    }
    number_buildings(grids);
}

/// Shares a total among the grids by weight.
fn put(
    grids: &mut [Grid],
    total: u64,
    weight: impl Fn(&Grid) -> f64,
    set: impl Fn(&mut Grid, u32),
) {
    let weights: Vec<f64> = grids.iter().map(weight).collect();
    for (grid, n) in grids.iter_mut().zip(share(total, &weights)) {
        set(grid, u32::try_from(n).unwrap_or(u32::MAX));
    }
}

/// A grid with flats but no building gets one from the grid with the most.
fn every_flat_has_a_building(grids: &mut [Grid]) {
    for i in 0..grids.len() {
        if grids[i].apartment_buildings == 0 && grids[i].self_built < grids[i].households {
            let most = (0..grids.len()).max_by_key(|j| grids[*j].apartment_buildings).unwrap_or(i);
            grids[most].apartment_buildings -= 1;
            grids[i].apartment_buildings = 1;
        }
    }
}

fn number_buildings(grids: &mut [Grid]) {
    let (mut community, mut next) = (usize::MAX, 0);
    for grid in grids {
        if grid.community != community {
            (community, next) = (grid.community, 0);
        }
        grid.first_building = next;
        next += grid.apartment_buildings + grid.self_built;
    }
}

/// Lognormal around the mean, 180 to 620, none in special grids; the sum is exact.
fn households(profile: &Profile, seed: u64, grids: &[Grid]) -> Vec<u32> {
    const LEAST: f64 = 180.0;
    const MOST: f64 = 620.0;
    let mut rng = seed::stream(seed, "households", 0);
    let mean = profile.households as f64 / profile.base_grids as f64;
    let mut out: Vec<f64> = grids
        .iter()
        .map(|g| {
            let draw = mean * (0.28 * seed::normal(&mut rng) - 0.0392).exp();
            if g.code.is_special() { 0.0 } else { draw.clamp(LEAST, MOST) }
        })
        .collect();
    // Pull the sum to the total; the clamp is hit by few, so a few rounds are enough.
    for _ in 0..20 {
        let sum: f64 = out.iter().sum();
        let factor = profile.households as f64 / sum;
        for n in out.iter_mut().filter(|n| **n > 0.0) {
            *n = (*n * factor).clamp(LEAST, MOST);
        }
    }
    share(profile.households, &out).into_iter().map(|n| u32::try_from(n).unwrap_or(0)).collect()
}
