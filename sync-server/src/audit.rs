//! The trail of decisions: append-only, each row hashed over the one before.
//!
//! Holds who, what, to which identity or code, and whether it was done; never content or anything about people
//! beyond account names. What it had reached is kept beside the database, too: see [`witness`].

pub mod witness;

use std::path::Path;

use sha2::{Digest as _, Sha256};

use ironfeet_core::model::UtcMillis;

use crate::store::{AuditRow, Session, Store, StoreError, view};
use witness::Mark;

/// Rows read at once.
const PAGE: usize = 1_000;

/// What a walk through the trail found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Every row fits.
    Whole {
        /// Rows.
        rows: u64,
    },
    /// This row was changed, or one before it taken out.
    Changed {
        /// Its number.
        row: u64,
    },
    /// The chain holds, but rows at its end that the witness saw are gone.
    Cut {
        /// Rows there.
        rows: u64,
        /// Rows that the witness saw.
        seen: u64,
    },
}

/// Appends an act that was done.
///
/// # Errors
/// Of the store.
pub fn note(
    s: &dyn Session,
    at: UtcMillis,
    actor: &str,
    action: &str,
    object: &str,
) -> Result<(), StoreError> {
    append(s, at, (actor, action, object), true)
}

/// Appends an act that was tried and refused.
///
/// # Errors
/// Of the store.
pub fn refused(
    s: &dyn Session,
    at: UtcMillis,
    actor: &str,
    action: &str,
    object: &str,
) -> Result<(), StoreError> {
    append(s, at, (actor, action, object), false)
}

fn append(
    s: &dyn Session,
    at: UtcMillis,
    (actor, action, object): (&str, &str, &str),
    success: bool,
) -> Result<(), StoreError> {
    let (n, prev) = s.audit_last()?.map_or((1, [0; 32]), |last| (last.n + 1, last.hash));
    let row = AuditRow {
        n,
        at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        success,
        prev,
        hash: [0; 32],
    };
    let hash = hash(&row);
    s.audit_put(&AuditRow { hash, ..row })
}

/// A row as programs read it.
#[must_use]
pub fn json(row: &AuditRow) -> serde_json::Value {
    serde_json::json!({
        "n": row.n, "at": row.at, "actor": row.actor, "action": row.action,
        "object": row.object, "success": row.success,
        "prev": hex::encode(row.prev), "hash": hex::encode(row.hash),
    })
}

fn hash(row: &AuditRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    // A done act hashes as it did before rows told of refused ones.
    hasher.update(if row.success { &b"ironfeet audit 1"[..] } else { b"ironfeet audit refused" });
    hasher.update(row.n.to_be_bytes());
    hasher.update(row.at.0.to_be_bytes());
    for text in [&row.actor, &row.action, &row.object] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(row.prev);
    hasher.finalize().into()
}

/// Walks the whole trail, and compares it with what the witness in a file saw.
///
/// # Errors
/// Of the store, or [`StoreError::Engine`] when the witness cannot be read.
pub fn verify(store: &dyn Store, witness: Option<&Path>) -> Result<Found, StoreError> {
    let seen = witness.map(witness::read).transpose()?.flatten().unwrap_or_default();
    let mut last = Mark::default();
    let mut broken = None;
    walk(store, &mut |row| {
        let fits = row.n == last.n + 1 && row.prev == last.hash && row.hash == hash(row);
        let other = row.n == seen.n && row.hash != seen.hash;
        last = Mark { n: last.n + 1, hash: row.hash };
        if broken.is_none() && (!fits || other) {
            broken = Some(last.n);
        }
    })?;
    Ok(match broken {
        Some(row) => Found::Changed { row },
        None if last.n < seen.n => Found::Cut { rows: last.n, seen: seen.n },
        None => Found::Whole { rows: last.n },
    })
}

/// Shows every row in order.
///
/// # Errors
/// Of the store.
pub fn walk(store: &dyn Store, show: &mut dyn FnMut(&AuditRow)) -> Result<(), StoreError> {
    view(store, |s| {
        let mut after = 0;
        loop {
            let rows = s.audit_after(after, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.n;
            rows.iter().for_each(&mut *show);
        }
    })
}
