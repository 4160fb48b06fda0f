//! People, codes and phones in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{Author, DeviceId, InstallId, PersonId, Pid, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{CodeRow, DeviceRow, DeviceStatus, People, PersonRow, StoreError};

const DEVICE: &str = "SELECT device_id, person_id, public_key, author, install_id,
    grids, status, max_counter, app, enrolled_at, last_seen, renewed_from FROM device";

fn person(row: &Row<'_>) -> rusqlite::Result<PersonRow> {
    Ok(PersonRow {
        id: from::parsed(row, 0)?,
        post: from::parsed(row, 1)?,
        areas: from::words(row, 2)?,
        department: row.get::<_, Option<String>>(3)?.and_then(|text| text.parse().ok()),
        added_at: from::time(row, 4)?,
    })
}

fn device(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    Ok(DeviceRow {
        id: from::device(row, 0)?,
        person: from::parsed(row, 1)?,
        public_key: row.get(2)?,
        author: from::author(row, 3)?,
        install: InstallId(from::bytes(row, 4)?),
        grids: from::words(row, 5)?,
        status: from::named(row, 6, DeviceStatus::find)?,
        max_counter: from::count(row, 7)?,
        app: row.get(8)?,
        enrolled_at: from::time(row, 9)?,
        last_seen: from::time_or_none(row, 10)?,
        renewed_from: from::bytes_or_none(row, 11)?.map(DeviceId),
    })
}

impl Session<'_> {
    fn device_where(&self, clause: &str, key: &[u8]) -> Result<Option<DeviceRow>, StoreError> {
        self.first(&format!("{DEVICE} WHERE {clause}"), [key], device)
    }
}

fn code(row: &Row<'_>) -> rusqlite::Result<CodeRow> {
    Ok(CodeRow {
        code_hash: from::bytes(row, 0)?,
        person: from::parsed(row, 1)?,
        grids: from::words(row, 2)?,
        expires_at: from::time(row, 3)?,
    })
}

impl People for Session<'_> {
    fn person_put(&self, person: &PersonRow) -> Result<(), StoreError> {
        let department = person.department.as_ref().map(ToString::to_string);
        self.run(
            "INSERT INTO person (person_id, post, areas, department, added_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (person_id) DO UPDATE SET post = excluded.post, areas = excluded.areas,
               department = excluded.department, retired_at = NULL",
            params![
                person.id.as_str(),
                person.post.as_str(),
                from::spaced(&person.areas),
                department,
                person.added_at.0
            ],
        )?;
        Ok(())
    }

    fn person(&self, id: &PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.first(
            "SELECT person_id, post, areas, department, added_at FROM person WHERE person_id = ?1",
            [id.as_str()],
            person,
        )
    }

    fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.all(
            "SELECT person_id, post, areas, department, added_at FROM person ORDER BY person_id",
            [],
            person,
        )
    }

    fn code_put(&self, code: &CodeRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO enrol_code (code_hash, person_id, grids, expires_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT (code_hash) DO UPDATE SET used_at = NULL",
            params![
                code.code_hash,
                code.person.as_str(),
                from::spaced(&code.grids),
                code.expires_at.0
            ],
        )?;
        Ok(())
    }

    fn code_take(&self, hash: &[u8; 32], now: UtcMillis) -> Result<Option<CodeRow>, StoreError> {
        self.first(
            "UPDATE enrol_code SET used_at = ?2
             WHERE code_hash = ?1 AND used_at IS NULL AND expires_at > ?2
             RETURNING code_hash, person_id, grids, expires_at",
            params![hash, now.0],
            code,
        )
    }

    fn code_used(&self, hash: &[u8; 32], now: UtcMillis) -> Result<Option<CodeRow>, StoreError> {
        self.first(
            "SELECT code_hash, person_id, grids, expires_at FROM enrol_code
             WHERE code_hash = ?1 AND used_at IS NOT NULL AND expires_at > ?2",
            params![hash, now.0],
            code,
        )
    }

    fn device_put(&self, device: &DeviceRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO device (device_id, person_id, public_key, author, install_id,
               grids, status, max_counter, app, enrolled_at, last_seen, renewed_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (device_id) DO UPDATE SET status = excluded.status,
               grids = excluded.grids, install_id = excluded.install_id",
            params![
                device.id.0,
                device.person.as_str(),
                device.public_key,
                device.author.0,
                device.install.0,
                from::spaced(&device.grids),
                device.status.as_str(),
                from::signed(device.max_counter),
                device.app,
                device.enrolled_at.0,
                device.last_seen.map(|at| at.0),
                device.renewed_from.map(|id| id.0)
            ],
        )?;
        Ok(())
    }

    fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        self.device_where("device_id = ?1", &id.0)
    }

    fn device_by_author(&self, author: &Author) -> Result<Option<DeviceRow>, StoreError> {
        self.device_where("author = ?1 ORDER BY enrolled_at, device_id LIMIT 1", &author.0)
    }

    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        self.all(&format!("{DEVICE} ORDER BY enrolled_at, device_id"), [], device)
    }

    fn device_seen(
        &self,
        id: &DeviceId,
        at: UtcMillis,
        counter: u64,
        app: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE device SET last_seen = max(coalesce(last_seen, ?2), ?2),
               max_counter = max(max_counter, ?3), app = ?4 WHERE device_id = ?1",
            params![id.0, at.0, from::signed(counter), app],
        )?;
        Ok(())
    }

    fn cursor_seen(
        &self,
        id: &DeviceId,
        pid: &Pid,
        seq: u64,
        at: UtcMillis,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO device_cursor (device_id, pid, seq, seen_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (device_id, pid) DO UPDATE SET seq = excluded.seq, seen_at = excluded.seen_at",
            params![id.0, pid.to_string(), from::signed(seq), at.0],
        )?;
        Ok(())
    }
}
