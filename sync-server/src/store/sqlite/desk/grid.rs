//! How grids stand, in SQLite: one kept row for each, reckoned anew when its places changed.

use rusqlite::params;

use ironfeet_core::model::{Pid, UtcMillis};

use super::super::Session;
use super::super::convert as from;
use super::Query;
use crate::store::StoreError;
use crate::store::desk::GridLine;

/// Grids at most; a city has some thousands.
const GRIDS_MAX: usize = 20_000;

impl Session<'_> {
    pub(super) fn grids_to_reckon(
        &self,
        since: UtcMillis,
        limit: usize,
    ) -> Result<Vec<Pid>, StoreError> {
        self.all(
            "SELECT pid FROM grid_due UNION SELECT pid FROM grid_row WHERE oldest < ?1 LIMIT ?2",
            params![since.0, from::signed(limit as u64)],
            |row| from::parsed(row, 0),
        )
    }

    pub(super) fn reckon_grid(&self, pid: &Pid, since: UtcMillis) -> Result<(), StoreError> {
        let name = pid.to_string();
        self.run("DELETE FROM grid_row WHERE pid = ?1", [&name])?;
        self.run(
            "INSERT INTO grid_row SELECT pid, count(*), sum(last_visit IS NOT NULL AND last_visit >= ?2),
               sum(last_visit IS NULL), sum(worst = 1), sum(worst = 2), sum(worst = 3), sum(worst = 4),
               min(lat), min(lon), max(lat), max(lon), min(last_visit) FILTER (WHERE last_visit >= ?2)
             FROM place_row WHERE pid = ?1 AND doc_id NOT IN
               (SELECT doc_id FROM doc d WHERE d.doc_id = place_row.doc_id AND d.state = 'deleted')
             GROUP BY pid",
            params![name, since.0],
        )?;
        self.run("DELETE FROM grid_due WHERE pid = ?1", [&name])?;
        Ok(())
    }

    pub(super) fn grid_lines(&self, scope: &[String]) -> Result<Vec<GridLine>, StoreError> {
        let mut query = Query::new(
            "SELECT pid, places, fresh, never, worst_1, worst_2, worst_3, worst_4, south, west, north, east,
             (SELECT outline FROM border WHERE grid = substr(pid, 2)),
             (SELECT title FROM register WHERE kind = 'area' AND id = substr(pid, 2)) FROM grid_row",
        );
        query.scope("pid", scope);
        self.listed(query.end("pid", GRIDS_MAX), |row| {
            let number = |n: usize| from::count(row, n);
            let edge = |n: usize| row.get::<_, Option<f64>>(n);
            let corners = (edge(8)?, edge(9)?, edge(10)?, edge(11)?);
            Ok(GridLine {
                pid: from::parsed(row, 0)?,
                places: number(1)?,
                fresh: number(2)?,
                never: number(3)?,
                worst: [number(4)?, number(5)?, number(6)?, number(7)?],
                extent: match corners {
                    (Some(s), Some(w), Some(n), Some(e)) => Some([s, w, n, e]),
                    _ => None,
                },
                border: row.get(12)?,
                title: row.get(13)?,
            })
        })
    }
}
