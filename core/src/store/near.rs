//! Places around a point, nearest first, by an R*Tree of their positions (WGS 84).

use rusqlite::{Connection, Row, params};

use super::StoreError;
use super::document::doc_id;
use crate::model::DocId;

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_320.0;
/// Mean radius of the earth, metres.
const EARTH_M: f64 = 6_371_008.8;
/// The first ring looked at, and the last.
const RING_M_MIN: f64 = 250.0;
const RING_M_MAX: f64 = 64_000.0;
/// The tree keeps single precision; a box is widened by its error.
const SLACK_DEG: f64 = 2e-5;

/// A place as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRow {
    /// Identity.
    pub id: DocId,
    /// Kind, or empty.
    pub kind: String,
    /// Address, or empty.
    pub address: String,
    /// Signboard or building name, or empty.
    pub name: String,
    /// Latitude and longitude in degrees, where known.
    pub position: Option<(f64, f64)>,
    /// Metres from the point asked about, where one was.
    pub metres: Option<f64>,
}

impl PlaceRow {
    /// From columns doc_id, kind, address, name, lat, lon.
    pub(super) fn of(row: &Row<'_>) -> Result<Self, StoreError> {
        let lat: Option<f64> = row.get(4)?;
        let lon: Option<f64> = row.get(5)?;
        Ok(Self {
            id: doc_id(&row.get::<_, Vec<u8>>(0)?)?,
            kind: row.get(1)?,
            address: row.get(2)?,
            name: row.get(3)?,
            position: lat.zip(lon),
            metres: None,
        })
    }
}

/// Writes the position of document `n`.
pub(super) fn put(db: &Connection, n: i64, position: Option<(f64, f64)>) -> Result<(), StoreError> {
    match position {
        None => db.prepare_cached("DELETE FROM near WHERE n = ?1")?.execute([n])?,
        Some((lat, lon)) => db
            .prepare_cached("INSERT OR REPLACE INTO near VALUES (?1, ?2, ?2, ?3, ?3)")?
            .execute(params![n, lat, lon])?,
    };
    Ok(())
}

/// Places around a point, nearest first, within 64 km.
///
/// # Errors
/// When the file cannot be read.
pub fn places(
    db: &Connection,
    lat: f64,
    lon: f64,
    limit: usize,
) -> Result<Vec<PlaceRow>, StoreError> {
    let mut ring = RING_M_MIN;
    loop {
        let mut found = within(db, lat, lon, ring)?;
        // A box reaches further at its corners; only what lies within the ring is in order.
        let sure = found.iter().filter(|p| p.metres.is_some_and(|m| m <= ring)).count();
        if sure >= limit || ring >= RING_M_MAX {
            found.truncate(limit);
            return Ok(found);
        }
        ring *= 4.0;
    }
}

fn within(db: &Connection, lat: f64, lon: f64, ring: f64) -> Result<Vec<PlaceRow>, StoreError> {
    let high = ring / DEGREE_M + SLACK_DEG;
    let wide = ring / (DEGREE_M * lat.to_radians().cos().max(0.01)) + SLACK_DEG;
    let mut list = db.prepare_cached(
        "SELECT d.doc_id, p.kind, p.address, p.name, p.lat, p.lon
         FROM near r JOIN v_place p ON p.n = r.n JOIN doc d ON d.n = r.n
         WHERE r.south >= ?1 AND r.north <= ?2 AND r.west >= ?3 AND r.east <= ?4",
    )?;
    let mut rows = list.query(params![lat - high, lat + high, lon - wide, lon + wide])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut place = PlaceRow::of(row)?;
        place.metres = place.position.map(|to| metres((lat, lon), to));
        found.push(place);
    }
    found.sort_by(|a, b| {
        let by_metres = a.metres.unwrap_or(f64::MAX).total_cmp(&b.metres.unwrap_or(f64::MAX));
        by_metres.then(a.id.cmp(&b.id))
    });
    Ok(found)
}

/// Great-circle distance (haversine), in metres.
fn metres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat1, lat2) = (from.0.to_radians(), to.0.to_radians());
    let high = ((lat2 - lat1) / 2.0).sin().powi(2);
    let wide = ((to.1 - from.1).to_radians() / 2.0).sin().powi(2);
    2.0 * EARTH_M * (high + lat1.cos() * lat2.cos() * wide).sqrt().min(1.0).asin()
}
