//! Clocks of phones and what they still owe, in SQLite.

use rusqlite::params;

use ironfeet_core::model::{Author, DeviceId, UtcMillis};

use super::super::Session;
use super::super::convert as from;
use crate::store::StoreError;
use crate::store::desk::ClockRow;

/// A smaller difference is what any line and any clock has.
const LEAST_MS: i64 = 60_000;

impl Session<'_> {
    pub(super) fn see_clock(
        &self,
        device: &DeviceId,
        ahead_ms: i64,
        at: UtcMillis,
    ) -> Result<(), StoreError> {
        if ahead_ms.abs() < LEAST_MS {
            self.run("DELETE FROM device_clock WHERE device_id = ?1", [device.0])?;
            return Ok(());
        }
        self.run(
            "INSERT INTO device_clock (device_id, ahead_ms, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (device_id) DO UPDATE SET ahead_ms = ?2, at = ?3",
            params![device.0, ahead_ms, at.0],
        )?;
        Ok(())
    }

    pub(super) fn clocks_off(&self) -> Result<Vec<ClockRow>, StoreError> {
        self.all(
            "SELECT c.device_id, c.ahead_ms, c.at, c.noted_ms FROM device_clock c
             JOIN device d ON d.device_id = c.device_id
             WHERE d.status = 'active' AND abs(c.ahead_ms) > ?1
             ORDER BY abs(c.ahead_ms) DESC, c.device_id",
            [ClockRow::OFF_MS],
            |row| {
                Ok(ClockRow {
                    device: from::device(row, 0)?,
                    ahead_ms: row.get(1)?,
                    at: from::time(row, 2)?,
                    noted_ms: row.get(3)?,
                })
            },
        )
    }

    pub(super) fn awaited_photos(&self) -> Result<Vec<(Author, u64)>, StoreError> {
        self.all(
            "SELECT c.author, count(*) FROM photo_row p JOIN change c ON c.doc_id = p.doc_id AND c.n = 0
             WHERE p.here = 0 AND c.author IS NOT NULL GROUP BY c.author",
            [],
            |row| Ok((from::author(row, 0)?, from::count(row, 1)?)),
        )
    }
}
