//! Places and counts in SQLite.

use rusqlite::Row;

use ironfeet_core::model::{DocId, UtcMillis};

use super::super::Session;
use super::super::convert as from;
use super::super::projection::place;
use super::{Query, merge};
use crate::store::StoreError;
use crate::store::desk::{Counts, PlaceFilter, PlaceLine};

pub(super) const LINE: &str = "SELECT p.doc_id, p.pid, p.kind, p.address, p.name, p.lat, p.lon,
    p.gen, p.last_visit, p.open, p.worst, p.updated_at FROM place_row p";
const ALIVE: &str =
    "NOT EXISTS (SELECT 1 FROM doc g WHERE g.doc_id = p.doc_id AND g.state = 'deleted')";

pub(super) fn line(row: &Row<'_>) -> rusqlite::Result<PlaceLine> {
    Ok(PlaceLine {
        place: place(row, 0)?,
        last_visit: from::time_or_none(row, 8)?,
        open: from::count(row, 9)?,
        worst: row.get(10)?,
    })
}

/// The conditions of a filter.
fn filtered(filter: &PlaceFilter) -> Query {
    let mut query = Query::new(LINE);
    query.scope("p.pid", &filter.scope);
    if let Some(grid) = &filter.grid {
        query.scope("p.pid", std::slice::from_ref(grid));
    }
    query.equal("p.kind", filter.kind.as_ref());
    if let Some(worst) = filter.worst {
        // Said as a list, so that the index of places with findings serves.
        let all: Vec<String> = (1..=worst.min(4)).map(|n| n.to_string()).collect();
        query.and(&format!("p.worst < 9 AND p.worst IN ({})", all.join(",")), []);
    }
    if let Some(before) = filter.before {
        query.and("(p.last_visit IS NULL OR p.last_visit < ?)", [before.0.into()]);
    }
    if let Some(address) = &filter.address {
        let end = format!("{address}\u{10ffff}");
        query.and("p.address >= ? AND p.address < ?", [address.clone().into(), end.into()]);
    }
    query.and(ALIVE, []);
    query
}

impl Session<'_> {
    pub(super) fn place_lines(
        &self,
        filter: &PlaceFilter,
        after: Option<&(String, String, DocId)>,
        limit: usize,
    ) -> Result<Vec<PlaceLine>, StoreError> {
        let mut query = filtered(filter);
        if let Some((pid, address, doc)) = after {
            query.and(
                "p.pid >= ? AND (p.pid, p.address, p.doc_id) > (?, ?, ?)",
                [
                    pid.clone().into(),
                    pid.clone().into(),
                    address.clone().into(),
                    doc.0.to_vec().into(),
                ],
            );
        }
        self.listed(query.end("p.pid, p.address, p.doc_id", limit), line)
    }

    pub(super) fn place_changes(
        &self,
        filter: &PlaceFilter,
        (at, doc): (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(PlaceLine, UtcMillis)>, StoreError> {
        let mut query = filtered(filter);
        let key = [at.0.into(), at.0.into(), doc.0.to_vec().into()];
        query.and("p.updated_at >= ? AND (p.updated_at, p.doc_id) > (?, ?)", key);
        self.listed(query.end("p.updated_at, p.doc_id", limit), |row| {
            Ok((line(row)?, from::time(row, 11)?))
        })
    }

    fn number(&self, query: Query) -> Result<u64, StoreError> {
        let Query { sql, values } = query;
        let found = self.first(&sql, rusqlite::params_from_iter(values), |row| from::count(row, 0));
        Ok(found?.unwrap_or(0))
    }

    fn counted(
        &self,
        scope: &[String],
        select: &str,
        pid: &str,
        more: &str,
        at: Option<UtcMillis>,
    ) -> Result<u64, StoreError> {
        let mut query = Query::new(select);
        query.scope(pid, scope);
        if !more.is_empty() {
            query.and(more, at.map(|at| at.0.into()));
        }
        self.number(query)
    }

    /// Conflicts, tickets, pairs, clocks.
    pub(super) fn waits(&self, scope: &[String]) -> Result<[u64; 4], StoreError> {
        let from = |table: &str| format!("SELECT count(*) FROM {table}");
        let pairs = format!("SELECT count(*) {}", merge::PAIRS);
        Ok([
            self.counted(scope, &from("conflict_row"), "pid", "", None)?,
            self.counted(scope, &from("quarantine"), "pid", "decision IS NULL", None)?,
            self.counted(scope, &pairs, "t.pid", merge::WAITS, None)?,
            self.clocks_off()?.iter().filter(|row| row.waits()).count() as u64,
        ])
    }

    /// Places, those visited not too long ago, those never visited: by the kept lines of grids.
    fn cover(&self, scope: &[String]) -> Result<[u64; 3], StoreError> {
        let mut query = Query::new(
            "SELECT coalesce(sum(places), 0), coalesce(sum(fresh), 0), coalesce(sum(never), 0)
             FROM grid_row",
        );
        query.scope("pid", scope);
        let Query { sql, values } = query;
        let found = self.first(&sql, rusqlite::params_from_iter(values), |row| {
            Ok([from::count(row, 0)?, from::count(row, 1)?, from::count(row, 2)?])
        });
        Ok(found?.unwrap_or_default())
    }

    pub(super) fn led(
        &self,
        scope: &[String],
        lead: &str,
        now: UtcMillis,
    ) -> Result<[u64; 2], StoreError> {
        let mut query = Query::new(
            "SELECT count(*), coalesce(sum(due_at < ?), 0) FROM finding_row INDEXED BY finding_row_lead",
        );
        query.values.push(now.0.into());
        query.and("open = 1 AND lead = ?", [lead.to_owned().into()]).scope("pid", scope);
        let Query { sql, values } = query;
        let found = self.first(&sql, rusqlite::params_from_iter(values), |row| {
            Ok([from::count(row, 0)?, from::count(row, 1)?])
        });
        Ok(found?.unwrap_or_default())
    }

    pub(super) fn first_page(
        &self,
        scope: &[String],
        now: UtcMillis,
        day: UtcMillis,
        heard: UtcMillis,
    ) -> Result<Counts, StoreError> {
        let open = "SELECT count(*) FROM finding_row INDEXED BY finding_row_open";
        let grave = |severity: &str| {
            let more = format!("open = 1 AND severity = '{severity}'");
            self.counted(scope, open, "pid", &more, None)
        };
        let visits = "SELECT count(*) FROM visit_row";
        let photos = "SELECT count(*) FROM photo_row INDEXED BY photo_row_missing";
        // Phones have no partition of their own.
        let device = |more: &str, at: Option<UtcMillis>| {
            self.counted(&[String::new()], "SELECT count(*) FROM device", "", more, at)
        };
        let [conflicts, tickets, twins, clocks] = self.waits(scope)?;
        Ok(Counts {
            conflicts,
            tickets,
            twins,
            clocks,
            open: [grave("S1")?, grave("S2")?, grave("S3")?, grave("S4")?],
            overdue: self.counted(scope, open, "pid", "open = 1 AND due_at < ?", Some(now))?,
            cases: self.counted(
                scope,
                "SELECT count(*) FROM finding_row INDEXED BY finding_row_cases",
                "pid",
                "open = 1 AND route = 'case'",
                None,
            )?,
            places: self.cover(scope)?,
            visits: self.counted(scope, visits, "pid", "started_at >= ?", Some(day))?,
            photos: self.counted(scope, photos, "pid", "here = 0", None)?,
            phones: device("status = 'active'", None)?,
            silent: device("status = 'active' AND coalesce(last_seen, 0) < ?", Some(heard))?,
        })
    }
}
