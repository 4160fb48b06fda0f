//! Today's list: where to go, why, and until when.

use std::collections::HashSet;

use serde::Serialize;

use crate::model::{PlaceId, Severity, UtcMillis};
use crate::store::today::{self, Day};

use super::{Phone, PhoneError, due, show};

/// Rows unless the caller says otherwise.
const ROWS: usize = 200;

/// A place to go to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TodayRow {
    /// The place.
    pub place: PlaceId,
    /// Its address, empty where the place is not on this phone.
    pub address: String,
    /// `open_finding`, `overdue`, `due`, `task` or `first_visit`: the strongest reason.
    pub why: &'static str,
    /// When that is due; `None` without a date.
    pub due: Option<UtcMillis>,
    /// The gravest open finding there.
    pub severity: Option<Severity>,
}

impl Phone {
    /// Open findings by severity and deadline first, then overdue re-visits, those due today, tasks,
    /// and places nobody has been to. Each place once. At most 200 rows; see [`Phone::today_rows`].
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn today(&self) -> Result<Vec<TodayRow>, PhoneError> {
        self.today_rows(ROWS)
    }

    /// Today's list with at most `limit` rows.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn today_rows(&self, limit: usize) -> Result<Vec<TodayRow>, PhoneError> {
        self.with(|inner| {
            let (from, to) = due::day(inner.now());
            let rounds = inner.contents.rounds().to_vec();
            let day = Day { from: from.0, to: to.0 };
            let lines = today::lines(inner.store()?.db(), day, &rounds, limit)?;
            let mut seen = HashSet::new();
            let rows = lines.into_iter().filter(|l| seen.insert(l.place)).take(limit);
            Ok(rows
                .map(|line| TodayRow {
                    place: PlaceId(line.place),
                    address: line.address,
                    why: line.why.as_str(),
                    due: line.due.map(UtcMillis),
                    severity: line.severity.map(show::severity),
                })
                .collect())
        })
    }
}
