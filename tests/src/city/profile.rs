//! The three sizes of the city, with the figures of the domain page, section 3.3.
//!
//! Knows numbers only; what is made of them is in the other files of `city/`.

/// How large a city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 20,000 people: CI and the first look.
    Small,
    /// 500,000 people: a county-level city.
    Medium,
    /// 5,000,000 people: the whole prefecture.
    Full,
}

impl Scale {
    /// The name used on command lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Full => "full",
        }
    }

    /// The figures of this size.
    #[must_use]
    pub fn profile(self) -> &'static Profile {
        match self {
            Self::Small => &SMALL,
            Self::Medium => &MEDIUM,
            Self::Full => &FULL,
        }
    }
}

impl std::str::FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Small, Self::Medium, Self::Full]
            .into_iter()
            .find(|scale| scale.as_str() == text)
            .ok_or_else(|| "small, medium or full".to_owned())
    }
}

/// What there is in a city. All numbers are counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Which size this is.
    pub scale: Scale,
    /// Residents; only ever a number.
    pub population: u64,
    /// Households, 2.62 people each.
    pub households: u64,
    /// County-level units.
    pub counties: u64,
    /// Streets 街道.
    pub streets: u64,
    /// Towns 镇.
    pub towns: u64,
    /// Other township-level units (development zones).
    pub other_townships: u64,
    /// Resident committees 社区.
    pub resident_committees: u64,
    /// Village committees 村.
    pub village_committees: u64,
    /// Base grids.
    pub base_grids: u64,
    /// Special grids (parks, markets, hospitals, sites).
    pub special_grids: u64,
    /// Micro-grids, about 64 households each.
    pub micro_grids: u64,
    /// Apartment buildings, a quarter of them high-rise.
    pub apartment_buildings: u64,
    /// Self-built houses, one household each.
    pub self_built_houses: u64,
    /// Small premises.
    pub small_premises: u64,
    /// Rental dwellings, the group rentals included.
    pub rentals: u64,
    /// Group rentals.
    pub group_rentals: u64,
    /// Workshops.
    pub workshops: u64,
    /// Licensed construction sites.
    pub licensed_sites: u64,
    /// Small and self-build sites.
    pub small_sites: u64,
    /// Full-time grid workers.
    pub full_time: u64,
    /// Part-time grid workers.
    pub part_time: u64,
    /// Community police.
    pub police: u64,
    /// Acceptors, dispatchers and checkers together.
    pub desks: u64,
    /// Department handlers.
    pub handlers: u64,
    /// Supervisors, auditors and privacy officers together.
    pub supervision: u64,
}

const SMALL: Profile = Profile {
    scale: Scale::Small,
    population: 20_000,
    households: 7_630,
    counties: 1,
    streets: 1,
    towns: 0,
    other_townships: 0,
    resident_committees: 3,
    village_committees: 3,
    base_grids: 22,
    special_grids: 3,
    micro_grids: 119,
    apartment_buildings: 136,
    self_built_houses: 2_560,
    small_premises: 520,
    rentals: 840,
    group_rentals: 25,
    workshops: 38,
    licensed_sites: 3,
    small_sites: 10,
    full_time: 8,
    part_time: 22,
    police: 4,
    desks: 4,
    handlers: 8,
    supervision: 2,
};

const MEDIUM: Profile = Profile {
    scale: Scale::Medium,
    population: 500_000,
    households: 190_800,
    counties: 1,
    streets: 5,
    towns: 5,
    other_townships: 0,
    resident_committees: 72,
    village_committees: 84,
    base_grids: 560,
    special_grids: 62,
    micro_grids: 2_980,
    apartment_buildings: 3_400,
    self_built_houses: 64_000,
    small_premises: 13_000,
    rentals: 21_000,
    group_rentals: 620,
    workshops: 950,
    licensed_sites: 62,
    small_sites: 240,
    full_time: 198,
    part_time: 544,
    police: 105,
    desks: 100,
    handlers: 180,
    supervision: 16,
};

const FULL: Profile = Profile {
    scale: Scale::Full,
    population: 5_000_000,
    households: 1_908_000,
    counties: 9,
    streets: 48,
    towns: 50,
    other_townships: 6,
    resident_committees: 720,
    village_committees: 840,
    base_grids: 5_600,
    special_grids: 620,
    micro_grids: 29_800,
    apartment_buildings: 34_000,
    self_built_houses: 640_000,
    small_premises: 130_000,
    rentals: 210_000,
    group_rentals: 6_200,
    workshops: 9_500,
    licensed_sites: 620,
    small_sites: 2_400,
    full_time: 1_980,
    part_time: 5_440,
    police: 1_050,
    desks: 1_000,
    handlers: 1_800,
    supervision: 160,
};
