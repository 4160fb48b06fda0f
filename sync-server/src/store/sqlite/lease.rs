//! Leases in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::DeviceId;
use ironfeet_core::sync::lease::Lease;

use super::Session;
use super::convert as from;
use crate::store::{Leases, StoreError};

const LEASE: &str = "SELECT lease_id, device_id, author, post, grids, areas,
    from_counter, not_before, not_after FROM lease";

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease {
        id: from::count(row, 0)?,
        device: from::device(row, 1)?,
        author: from::author(row, 2)?,
        role: from::parsed(row, 3)?,
        grids: from::words(row, 4)?,
        areas: from::words(row, 5)?,
        from_counter: from::count(row, 6)?,
        not_before: from::time(row, 7)?,
        not_after: from::time(row, 8)?,
    })
}

impl Leases for Session<'_> {
    fn lease_put(&self, lease: &Lease) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO lease (lease_id, device_id, author, post, grids, areas,
               from_counter, not_before, not_after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (lease_id) DO UPDATE SET not_after = max(not_after, excluded.not_after)",
            params![
                from::signed(lease.id),
                lease.device.0,
                lease.author.0,
                lease.role.as_str(),
                from::spaced(&lease.grids),
                from::spaced(&lease.areas),
                from::signed(lease.from_counter),
                lease.not_before.0,
                lease.not_after.0
            ],
        )?;
        Ok(())
    }

    fn lease(&self, id: u64) -> Result<Option<Lease>, StoreError> {
        self.first(&format!("{LEASE} WHERE lease_id = ?1"), [from::signed(id)], lease)
    }

    fn lease_newest(&self, device: &DeviceId) -> Result<Option<Lease>, StoreError> {
        let newest = "WHERE device_id = ?1 ORDER BY not_before DESC, lease_id DESC LIMIT 1";
        self.first(&format!("{LEASE} {newest}"), [device.0], lease)
    }
}
