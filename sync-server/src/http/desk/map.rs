//! The map: every grid's coverage and gravest findings; the places of one grid. Without tiles it still draws.

use askama::Template;
use axum::Json;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::console::allow_tiles;
use super::super::error::off;
use super::frame::{Desk, Frame, Refusal};
use super::rights::Right;
use crate::coverage::{self, STALE_DAYS};
use crate::store;
use crate::store::desk::{GridLine, PlaceFilter};
use crate::words;

/// Grids in the table beside the map.
const TABLE: usize = 200;
/// Places of one grid drawn.
const PLACES: usize = 3_000;

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    f: Frame,
    grids: Vec<GridLine>,
    /// What all their names begin with.
    within: String,
    total: usize,
    tiles: String,
    attribution: String,
}

impl MapPage {
    fn share(&self, line: &GridLine) -> u64 {
        (line.fresh * 100).checked_div(line.places).unwrap_or(0)
    }

    /// A grid's name without what all begin with.
    fn brief<'t>(&self, title: &'t str) -> &'t str {
        title.strip_prefix(&*self.within).unwrap_or(title)
    }
}

/// The street, town or village that every name begins with.
fn within(grids: &[GridLine]) -> String {
    let mut titles = grids.iter().filter_map(|line| line.title.as_deref());
    let first = titles.next().unwrap_or_default();
    let shared = titles.fold(first, |shared, title| {
        let same = shared.char_indices().zip(title.chars()).take_while(|((_, a), b)| a == b);
        &shared[..same.last().map_or(0, |((at, c), _)| at + c.len_utf8())]
    });
    let end = shared.char_indices().rfind(|(_, c)| matches!(c, '道' | '镇' | '乡' | '村' | '区'));
    end.map_or_else(String::new, |(at, c)| shared[..at + c.len_utf8()].to_owned())
}

/// Grids in reach, or one of them.
async fn grids(desk: &Desk, only: &str) -> Result<Vec<GridLine>, Refusal> {
    let (app, mut scope, now) = (desk.app.clone(), desk.scope.clone(), desk.now);
    if !only.is_empty() {
        scope.retain(|prefix| only.starts_with(prefix.as_str()));
        scope = scope.first().map(|_| only.to_owned()).into_iter().collect();
    }
    Ok(off(move || Ok(coverage::grids(&*app.store, &scope, now)?)).await?)
}

/// The map with its table.
pub(super) async fn page(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let f = desk.frame_at(Right::Records, "/console/map").await?;
    let mut grids = grids(&desk, "").await?;
    let total = grids.len();
    grids.sort_by_key(|line| {
        (std::cmp::Reverse(line.worst), line.fresh * 1_000 / line.places.max(1))
    });
    grids.truncate(TABLE);
    let console = &desk.app.config.console;
    let (tiles, attribution) = (console.tiles.clone(), console.tiles_attribution.clone());
    let mut shown =
        desk.show(&MapPage { f, within: within(&grids), grids, total, tiles, attribution })?;
    allow_tiles(&desk.app, &mut shown);
    Ok(shown)
}

fn collection(features: impl Iterator<Item = Value>) -> Response {
    let features: Vec<Value> = features.collect();
    Json(json!({ "type": "FeatureCollection", "features": features })).into_response()
}

/// Grids by their outlines; without one, as rectangles around their places.
pub(super) async fn grids_json(
    desk: Desk,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let only: String = asked.grid.chars().filter(char::is_ascii_digit).collect();
    let grids = grids(&desk, &only).await?;
    let features = grids.iter().filter_map(|line| {
        let polygons = line.border.as_deref().map(serde_json::from_str::<Value>);
        let polygons = match polygons.and_then(Result::ok) {
            Some(outline) => outline,
            None => rectangle(line.extent?),
        };
        let gravest = line.worst.iter().position(|n| *n > 0).map_or(9, |n| n + 1);
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "MultiPolygon", "coordinates": polygons },
            "properties": {
                "grid": words::grid(&line.pid), "title": line.title, "places": line.places, "fresh": line.fresh,
                "share": line.fresh as f64 / line.places.max(1) as f64, "worst": gravest,
            },
        }))
    });
    Ok(collection(features))
}

fn rectangle([s, w, n, e]: [f64; 4]) -> Value {
    json!([[[[w, s], [e, s], [e, n], [w, n], [w, s]]]])
}

/// What a link may ask.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    grid: String,
}

/// The places of one grid as points.
pub(super) async fn places_json(
    desk: Desk,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let grid: String = asked.grid.chars().filter(char::is_ascii_digit).collect();
    let filter =
        PlaceFilter { scope: desk.scope.clone(), grid: Some(grid), ..PlaceFilter::default() };
    let (app, stale) = (desk.app.clone(), desk.now.plus_days(-STALE_DAYS));
    let places =
        off(move || Ok(store::view(&*app.store, |s| s.places_page(&filter, None, PLACES))?))
            .await?;
    let features = places.iter().filter_map(|line| {
        let (lat, lon) = line.place.position?;
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [lon, lat] },
            "properties": {
                "id": line.place.doc, "address": line.place.address, "worst": line.worst,
                "fresh": line.last_visit.is_some_and(|at| at >= stale),
            },
        }))
    });
    Ok(collection(features))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_names_begin_with_is_said_once() {
        let line = |title: &str| GridLine {
            pid: "g329901001001001".parse().unwrap(),
            places: 1,
            fresh: 0,
            never: 0,
            worst: [0; 4],
            title: (!title.is_empty()).then(|| title.to_owned()),
            border: None,
            extent: None,
        };
        let of = |titles: &[&str]| within(&titles.iter().map(|t| line(t)).collect::<Vec<_>>());
        assert_eq!(of(&["枫屏街道石岗社区第1网格", "枫屏街道荷汀社区第1网格"]), "枫屏街道");
        assert_eq!(of(&["枫屏街道石岗社区第1网格", "枫屏街道石岗社区第2网格"]), "枫屏街道石岗社区");
        assert_eq!(of(&["枫屏街道", "荷汀镇"]), "");
        assert_eq!(of(&[]), "");
    }
}
