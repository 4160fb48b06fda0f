//! Outlines of grids from the city's own map: a GeoJSON collection of polygons, all or nothing.
//!
//! Only the grid's code is read of what a feature says; anything else in the file is not kept.

use std::collections::HashSet;

use serde_json::{Value, json};

use ironfeet_core::model::{GridCode, Text};

use super::{ERRORS_MAX, ImportError, Imported, RowError, say};
use crate::app::App;
use crate::audit;
use crate::store::Session;

/// Points of an outline at most, so that a map of thousands of grids stays quick.
pub const POINTS_MAX: usize = 2_000;
/// Names under which a feature gives its grid.
const GRID: [&str; 3] = ["grid", "网格", "网格编码"];

/// A grid and its outline.
#[derive(Clone, Debug, PartialEq)]
pub struct Border {
    /// The grid.
    pub grid: GridCode,
    /// `coordinates` of a GeoJSON `MultiPolygon` as JSON text, rounded to about a metre.
    pub outline: String,
}

/// Reads a whole file; every feature is looked at, so that all mistakes are told at once.
///
/// # Errors
/// [`ImportError::Rows`] with the number of the feature, [`ImportError::File`].
pub fn read(bytes: &[u8]) -> Result<Vec<Border>, ImportError> {
    let file = |what: &str| ImportError::File(what.to_owned());
    let json: Value = serde_json::from_slice(bytes).map_err(|_| file("it is no JSON"))?;
    let features = json["features"].as_array().ok_or_else(|| file("it is no FeatureCollection"))?;
    let (mut borders, mut errors, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (line, feature) in (1_u64..).zip(features) {
        match border(feature) {
            Ok(border) if seen.insert(border.grid.clone()) => borders.push(border),
            Ok(_) => {
                errors.push(wrong(
                    line,
                    "grid",
                    say("在文件中出现两次", "stands twice in the file"),
                ));
            }
            Err((column, what)) => errors.push(wrong(line, column, what)),
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() { Ok(borders) } else { Err(ImportError::Rows(errors)) }
}

fn wrong(line: u64, column: &str, what: Text) -> RowError {
    RowError { line, column: column.to_owned(), what }
}

type Wrong = (&'static str, Text);

fn border(feature: &Value) -> Result<Border, Wrong> {
    let named = GRID.iter().find_map(|name| feature["properties"].get(*name));
    let code = match named {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(("grid", say("缺这一项", "is missing"))),
    };
    let grid = code.parse().map_err(|e: <GridCode as std::str::FromStr>::Err| {
        ("grid", say("应为 15 位网格代码", e.to_string()))
    })?;
    let geometry = &feature["geometry"];
    let shape = &geometry["coordinates"];
    let polygons = match geometry["type"].as_str() {
        Some("Polygon") => vec![rings(shape)?],
        Some("MultiPolygon") => {
            let each = shape.as_array().ok_or_else(no_ring)?;
            each.iter().map(rings).collect::<Result<_, _>>()?
        }
        _ => {
            return Err((
                "geometry",
                say("应为 Polygon 或 MultiPolygon", "expected a Polygon or a MultiPolygon"),
            ));
        }
    };
    let points: usize = polygons.iter().flatten().map(Vec::len).sum();
    if points == 0 || points > POINTS_MAX {
        return Err((
            "geometry",
            say(
                format!("应为 1 至 {POINTS_MAX} 个点"),
                format!("expected 1 to {POINTS_MAX} points"),
            ),
        ));
    }
    Ok(Border { grid, outline: json!(polygons).to_string() })
}

fn no_ring() -> Wrong {
    let zh = "应为 [经度, 纬度]（WGS 84）的环，至少 4 点，首尾相同";
    let en = "expected rings of [longitude, latitude] in degrees (WGS 84), 4 points or more, the last one like the first";
    ("geometry", say(zh, en))
}

type Ring = Vec<[f64; 2]>;

fn rings(polygon: &Value) -> Result<Vec<Ring>, Wrong> {
    polygon.as_array().ok_or_else(no_ring)?.iter().map(ring).collect()
}

fn ring(value: &Value) -> Result<Ring, Wrong> {
    let points = value.as_array().ok_or_else(no_ring)?;
    let ring: Option<Ring> = points.iter().map(point).collect();
    match ring {
        Some(ring) if ring.len() >= 4 && ring.first() == ring.last() => Ok(ring),
        _ => Err(no_ring()),
    }
}

fn point(value: &Value) -> Option<[f64; 2]> {
    let (lon, lat) = (value[0].as_f64()?, value[1].as_f64()?);
    let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
    ((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat))
        .then(|| [round(lon), round(lat)])
}

/// Keeps outlines; those of other grids stay as they are.
///
/// # Errors
/// Of the store; nothing was written then.
pub fn keep(s: &dyn Session, app: &App, borders: &[Border]) -> Result<Imported, ImportError> {
    let mut done = Imported::default();
    for Border { grid, outline } in borders {
        match s.border(grid)? {
            None => done.added += 1,
            Some(known) if known == *outline => {
                done.same += 1;
                continue;
            }
            Some(_) => done.changed += 1,
        }
        s.border_put(grid, outline)?;
    }
    let Imported { added, changed, same } = done;
    let object = format!("added {added} changed {changed} same {same}");
    audit::note(s, app.clock.now(), "admin", "import.borders", &object)?;
    Ok(done)
}
