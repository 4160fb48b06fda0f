//! A synthetic city, the same for the same seed: the fictional prefecture 平川, codes 3299xx.
//!
//! Areas and grids are held in memory (6,220 in the full city); places, people and days are made
//! one at a time when asked for, so that five million people's city fits anywhere. Figures are
//! those of the domain page, section 3.3. Names are invented; no person appears in a record.
//! The city lies in open sea, so that no dot on a map is somebody's home.
//!
//! Must not know the phone, the server or the network.

mod answers;
mod area;
mod border;
mod day;
mod differ;
mod known;
mod names;
mod people;
mod place;
mod profile;
mod rates;
mod seed;

#[cfg(test)]
mod tests;

pub use answers::{Answering, list_for, remark};
pub use area::{Community, Grid, Township};
pub use day::{Both, Joint, Outing, PlannedVisit, visit_key};
pub use differ::{Unlisted, both_say};
pub use known::{known, shop};
pub use people::{Job, Person};
pub use place::CityPlace;
pub use profile::{Profile, Scale};
pub use rates::{
    NOT_ENTERED, Outcome, Rates, STREAMS, Stream, StreamRates, is_working_day, season,
    severity_mix, volume,
};
pub(crate) use seed::stream;

use area::Areas;
use border::{Borders, Point};
use rand_chacha::ChaCha8Rng;

/// The city.
pub struct City {
    seed: u64,
    profile: &'static Profile,
    areas: Areas,
    borders: Borders,
}

/// The middle of the city, degrees north and east: in the Yellow Sea.
const MIDDLE: (f64, f64) = (33.5, 123.6);
const METRES_PER_DEGREE: f64 = 111_320.0;

impl City {
    /// The city of this size and seed.
    #[must_use]
    pub fn new(scale: Scale, seed: u64) -> Self {
        let profile = scale.profile();
        let areas = Areas::new(profile, seed);
        let borders = Borders::divide(seed, &areas.tree(seed), areas.grids.len());
        Self { seed, profile, areas, borders }
    }

    /// The seed it was made from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Its figures.
    #[must_use]
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Six-digit county codes and names.
    #[must_use]
    pub fn counties(&self) -> &[(String, String)] {
        &self.areas.counties
    }

    /// Streets, towns and zones, in code order.
    #[must_use]
    pub fn townships(&self) -> &[Township] {
        &self.areas.townships
    }

    /// Communities and villages, in code order.
    #[must_use]
    pub fn communities(&self) -> &[Community] {
        &self.areas.communities
    }

    /// Grids, in code order.
    #[must_use]
    pub fn grids(&self) -> &[Grid] {
        &self.areas.grids
    }

    /// The community of a grid.
    ///
    /// # Panics
    /// When there is no such grid.
    #[must_use]
    pub fn community(&self, grid: usize) -> &Community {
        &self.areas.communities[self.areas.grids[grid].community]
    }

    /// The border of a grid: `[lon, lat]` in degrees, counter-clockwise, closed (first = last).
    /// Neighbours share their points exactly.
    ///
    /// # Panics
    /// When there is no such grid.
    #[must_use]
    pub fn border(&self, grid: usize) -> Vec<[f64; 2]> {
        let mut ring: Vec<[f64; 2]> = self
            .borders
            .ring(grid)
            .into_iter()
            .map(|p| {
                let (lat, lon) = degrees(p);
                [lon, lat]
            })
            .collect();
        ring.dedup(); // points nearer than the rounding
        if ring.first() == ring.last() {
            ring.pop();
        }
        if let Some(first) = ring.first().copied() {
            ring.push(first);
        }
        ring
    }

    fn inside(&self, grid: usize, rng: &mut ChaCha8Rng) -> (f64, f64) {
        degrees(self.borders.inside(grid, rng))
    }
}

/// Latitude and longitude, rounded to a centimetre or so.
fn degrees(p: Point) -> (f64, f64) {
    let round = |x: f64| (x * 1e7).round() / 1e7;
    let lat = MIDDLE.0 + p.y / METRES_PER_DEGREE;
    let lon = MIDDLE.1 + p.x / (METRES_PER_DEGREE * MIDDLE.0.to_radians().cos());
    (round(lat), round(lon))
}
