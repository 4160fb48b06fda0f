//! Gives phones the leases they work under offline, and moves their end at each sync.
//!
//! A lease is a row here and a number on the phone. It carries no signature: only this server reads it back,
//! and it believes its own row. Must not judge work: [`ironfeet_core::sync::lease`] does.

use std::sync::Arc;

use ironfeet_core::model::{DeviceId, UtcMillis};
use ironfeet_core::sync::lease::{Lease, Validity};
use ironfeet_core::sync::message::Term;

use crate::app::App;
use crate::config;
use crate::store::{self, DeviceStatus, Session, StoreError};

const HOUR: i64 = 3_600_000;

/// An end is not moved again before this has passed of it: a phone that syncs often writes nothing.
const SPENT: i64 = HOUR;

/// When the grace of a lease ends.
pub(crate) fn hand_in_by(settings: &config::Sync, lease: &Lease) -> UtcMillis {
    let grace = i64::from(settings.lease_grace_days) * 24 * HOUR;
    UtcMillis(lease.not_after.0.saturating_add(grace))
}

/// The lease that a manifest of this phone names, and what it is worth now.
pub(crate) fn named(
    s: &dyn Session,
    settings: &config::Sync,
    (device, number, counter): (DeviceId, u64, u64),
    now: UtcMillis,
) -> Result<(Option<Lease>, Validity), StoreError> {
    if number == 0 {
        return Ok((None, Validity::Unknown));
    }
    let lease = s.lease(number)?.filter(|lease| lease.device == device);
    let worth = |lease: &Lease| lease.validity(counter, now, hand_in_by(settings, lease));
    let validity = lease.as_ref().map_or(Validity::Unknown, worth);
    Ok((lease, validity))
}

/// The lease a phone works under from now on; `None` where none is given: leases are off, the phone was
/// revoked, its person retired.
///
/// # Errors
/// Of the store.
pub fn renew(app: &Arc<App>, device: &DeviceId) -> Result<Option<Term>, StoreError> {
    let settings = &app.config.sync;
    if settings.lease_hours == 0 {
        return Ok(None);
    }
    let now = app.clock.now();
    let found = store::view(&*app.store, |s| wanted(s, app, device, now))?;
    let Some((lease, fresh)) = found else { return Ok(None) };
    if fresh {
        let Some(writer) = app.writer.as_ref() else { return Ok(None) };
        let row = lease.clone();
        writer.run(move |s| s.lease_put(&row))?;
    }
    Ok(Some(Term {
        id: lease.id,
        not_before: lease.not_before,
        not_after: lease.not_after,
        hand_in_by: hand_in_by(settings, &lease),
    }))
}

/// The lease as it should be now, and whether it must be written.
fn wanted(
    s: &dyn Session,
    app: &App,
    device: &DeviceId,
    now: UtcMillis,
) -> Result<Option<(Lease, bool)>, StoreError> {
    let settings = &app.config.sync;
    let active = |row: &store::DeviceRow| row.status == DeviceStatus::Active;
    let Some(row) = s.device(device)?.filter(active) else { return Ok(None) };
    let Some(person) = s.person(&row.person)? else { return Ok(None) };
    if s.person_retired(&row.person)?.is_some() {
        return Ok(None);
    }
    let areas = person.reach();
    let not_after = UtcMillis(now.0.saturating_add(i64::from(settings.lease_hours) * HOUR));
    // One whose grace ended is not brought back: what was done under it stays late.
    let goes_on = |lease: &Lease| {
        lease.role == person.post
            && lease.grids == row.grids
            && lease.areas == areas
            && now <= hand_in_by(settings, lease)
    };
    if let Some(lease) = s.lease_newest(device)?.filter(goes_on) {
        let moved = not_after.0.saturating_sub(lease.not_after.0) >= SPENT;
        let not_after = if moved { not_after } else { lease.not_after };
        return Ok(Some((Lease { not_after, ..lease }, moved)));
    }
    let mut random = [0; 8];
    app.entropy.fill(&mut random);
    let lease = Lease {
        // Never 0, which is no lease, and never beyond what a row can hold.
        id: (u64::from_be_bytes(random) >> 1).max(1),
        device: *device,
        author: row.author,
        role: person.post,
        grids: row.grids,
        areas,
        from_counter: row.max_counter,
        not_before: now,
        not_after,
    };
    Ok(Some((lease, true)))
}
