//! The trail of decisions: append-only, each row hashed over the one before.
//!
//! Holds who, what and to which identity or code; never content or anything about people
//! beyond account names.

use sha2::{Digest as _, Sha256};

use ironfeet_core::model::UtcMillis;

use crate::store::{AuditRow, Session, Store, StoreError, view};

/// Rows read at once.
const PAGE: usize = 1_000;

/// Appends one act.
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
    let (n, prev) = s.audit_last()?.map_or((1, [0; 32]), |last| (last.n + 1, last.hash));
    let row = AuditRow {
        n,
        at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
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
        "object": row.object, "hash": hex::encode(row.hash),
    })
}

fn hash(row: &AuditRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"ironfeet audit 1");
    hasher.update(row.n.to_be_bytes());
    hasher.update(row.at.0.to_be_bytes());
    for text in [&row.actor, &row.action, &row.object] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(row.prev);
    hasher.finalize().into()
}

/// Walks the whole trail: the number of rows, or the first row that does not fit.
///
/// # Errors
/// Of the store.
pub fn verify(store: &dyn Store) -> Result<Result<u64, u64>, StoreError> {
    let mut prev = [0; 32];
    let mut n = 0;
    let mut broken = None;
    walk(store, &mut |row| {
        n += 1;
        if broken.is_none() && (row.n != n || row.prev != prev || row.hash != hash(row)) {
            broken = Some(n);
        }
        prev = row.hash;
    })?;
    Ok(broken.map_or(Ok(n), Err))
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
