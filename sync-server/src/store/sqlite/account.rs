//! The register, logins and tokens of programs in SQLite.

use rusqlite::{Row, params};

use ironfeet_core::model::{PersonId, Role, UtcMillis};

use super::Session;
use super::convert as from;
use crate::store::{Accounts, ApiTokenRow, LoginRow, Register, RegisterRow, StoreError};

const REGISTER: &str = "SELECT id, title, role, areas, department, retired_at FROM register";
const TOKEN: &str =
    "SELECT name, token_hash, scopes, made_at, expires_at, revoked_at FROM api_token";

fn entry(row: &Row<'_>) -> rusqlite::Result<RegisterRow> {
    let role: Option<String> = row.get(2)?;
    Ok(RegisterRow {
        id: row.get(0)?,
        title: row.get(1)?,
        role: role.and_then(|name| name.parse::<Role>().ok()),
        areas: from::words(row, 3)?,
        department: row.get::<_, Option<String>>(4)?.and_then(|text| text.parse().ok()),
        retired_at: from::time_or_none(row, 5)?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<ApiTokenRow> {
    Ok(ApiTokenRow {
        name: row.get(0)?,
        token_hash: from::bytes(row, 1)?,
        scopes: from::words(row, 2)?,
        made_at: from::time(row, 3)?,
        expires_at: from::time(row, 4)?,
        revoked_at: from::time_or_none(row, 5)?,
    })
}

impl Accounts for Session<'_> {
    fn register_put(&self, list: Register, row: &RegisterRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO register (kind, id, title, role, areas, department, retired_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                list.as_str(),
                row.id,
                row.title,
                row.role.map(Role::as_str),
                from::spaced(&row.areas),
                row.department.as_ref().map(ToString::to_string),
                row.retired_at.map(|at| at.0)
            ],
        )?;
        Ok(())
    }

    fn registered(&self, list: Register, id: &str) -> Result<Option<RegisterRow>, StoreError> {
        self.first(&format!("{REGISTER} WHERE kind = ?1 AND id = ?2"), [list.as_str(), id], entry)
    }

    fn register(&self, list: Register) -> Result<Vec<RegisterRow>, StoreError> {
        self.all(&format!("{REGISTER} WHERE kind = ?1 ORDER BY id"), [list.as_str()], entry)
    }

    fn person_retire(&self, id: &PersonId, at: UtcMillis) -> Result<bool, StoreError> {
        let changed = self.run(
            "UPDATE person SET retired_at = ?2 WHERE person_id = ?1 AND retired_at IS NULL",
            params![id.as_str(), at.0],
        )?;
        Ok(changed > 0)
    }

    fn person_retired(&self, id: &PersonId) -> Result<Option<UtcMillis>, StoreError> {
        let sql = "SELECT retired_at FROM person WHERE person_id = ?1";
        Ok(self.first(sql, [id.as_str()], |row| from::time_or_none(row, 0))?.flatten())
    }

    fn login_put(&self, login: &LoginRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO login (person_id, password_hash, one_time, factor, factor_step,
               failures, locked_until, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                login.person.as_str(),
                login.password_hash,
                login.one_time,
                login.factor,
                from::signed(login.factor_step),
                login.failures,
                login.locked_until.0,
                login.changed_at.0
            ],
        )?;
        Ok(())
    }

    fn login(&self, person: &PersonId) -> Result<Option<LoginRow>, StoreError> {
        self.first(
            "SELECT person_id, password_hash, one_time, factor, factor_step, failures, locked_until,
               changed_at FROM login WHERE person_id = ?1",
            [person.as_str()],
            |row| {
                Ok(LoginRow {
                    person: from::parsed(row, 0)?,
                    password_hash: row.get(1)?,
                    one_time: row.get(2)?,
                    factor: row.get(3)?,
                    factor_step: from::count(row, 4)?,
                    failures: row.get(5)?,
                    locked_until: from::time(row, 6)?,
                    changed_at: from::time(row, 7)?,
                })
            },
        )
    }

    fn no_login(&self) -> Result<bool, StoreError> {
        Ok(self.first("SELECT 1 FROM login LIMIT 1", [], |_| Ok(()))?.is_none())
    }

    fn api_token_put(&self, row: &ApiTokenRow) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO api_token (name, token_hash, scopes, made_at, expires_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.name,
                row.token_hash,
                from::spaced(&row.scopes),
                row.made_at.0,
                row.expires_at.0,
                row.revoked_at.map(|at| at.0)
            ],
        )?;
        Ok(())
    }

    fn api_token(&self, hash: &[u8; 32]) -> Result<Option<ApiTokenRow>, StoreError> {
        self.first(&format!("{TOKEN} WHERE token_hash = ?1"), [hash], token)
    }

    fn api_tokens(&self) -> Result<Vec<ApiTokenRow>, StoreError> {
        self.all(&format!("{TOKEN} ORDER BY name"), [], token)
    }
}
