//! Accounts and the posts they hold: what a row must say; adding, changing, retiring. Every act is in the trail.
//!
//! Who may do this is decided by the caller. Must not know phones beyond taking their trust.

use std::collections::BTreeSet;

use thiserror::Error;

use ironfeet_core::checklist::Content;
use ironfeet_core::model::{DeviceId, PersonId, Role, UtcMillis};
use ironfeet_core::rules::{self, Act};

use crate::store::{DeviceStatus, PersonRow, Register, Session, StoreError};
use crate::{audit, enrol};

/// Why a row cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PersonError {
    /// The post works in an area, and none is named.
    #[error("this post needs an area")]
    NoArea,
    /// An area is written in another way.
    #[error("an area is 6, 9, 12 or 15 digits")]
    Area,
    /// The server is no post of a person.
    #[error("there is no such role or post")]
    Post,
}

impl PersonError {
    /// The same in Chinese.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Self::NoArea => "此岗位需要区域",
            Self::Area => "区域应为6、9、12或15位数字",
            Self::Post => "没有这个角色或岗位",
        }
    }
}

/// Whether a row says what its post needs.
///
/// # Errors
/// [`PersonError`].
pub fn check(person: &PersonRow) -> Result<(), PersonError> {
    let fits = |area: &String| {
        matches!(area.len(), 6 | 9 | 12 | 15) && area.bytes().all(|b| b.is_ascii_digit())
    };
    let everywhere = !rules::may(person.post, Act::Read, "place", "facts");
    if person.post == Role::Server {
        Err(PersonError::Post)
    } else if person.areas.is_empty() && !everywhere {
        Err(PersonError::NoArea)
    } else if person.areas.iter().all(fits) {
        Ok(())
    } else {
        Err(PersonError::Area)
    }
}

/// Codes of the departments there are: those that the checklists name and those that were added, less those that
/// were taken out of use.
///
/// # Errors
/// Of the store.
pub fn departments(s: &dyn Session, content: &Content) -> Result<BTreeSet<String>, StoreError> {
    let mut known: BTreeSet<String> =
        content.words().departments.keys().map(ToString::to_string).collect();
    for row in s.register(Register::Department)? {
        match row.retired_at {
            None => known.insert(row.id),
            Some(_) => known.remove(&row.id),
        };
    }
    Ok(known)
}

/// Adds a checked account, or gives it another post; phones lose grids that the new areas do not cover.
///
/// # Errors
/// Of the store.
pub fn put(
    s: &dyn Session,
    person: &PersonRow,
    by: &str,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let before = s.person(&person.id)?;
    s.person_put(person)?;
    audit::note(s, now, by, "person.add", person.id.as_str())?;
    if before.is_some_and(|before| before.areas != person.areas) {
        let theirs = s.devices()?.into_iter().filter(|phone| phone.person == person.id);
        for phone in theirs {
            enrol::narrow(s, phone, person, (by, now))?;
        }
    }
    Ok(())
}

/// The account and its phones lose trust in one step; gives the phones. What they still hand in waits for
/// review. `None` when there is no such account in use.
///
/// # Errors
/// Of the store.
pub fn retire(
    s: &dyn Session,
    person: &PersonId,
    by: &str,
    now: UtcMillis,
) -> Result<Option<Vec<DeviceId>>, StoreError> {
    if !s.person_retire(person, now)? {
        return Ok(None);
    }
    audit::note(s, now, by, "person.retire", person.as_str())?;
    let theirs = s.devices()?.into_iter().filter(|d| d.person == *person);
    let mut phones = Vec::new();
    for device in theirs.filter(|d| d.status == DeviceStatus::Active) {
        enrol::revoke_by(s, &device.id, false, now, by)?;
        phones.push(device.id);
    }
    Ok(Some(phones))
}
