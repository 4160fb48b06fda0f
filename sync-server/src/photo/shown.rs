//! A record's photos as a supervisor sees them: here, or still on a phone.

use ironfeet_core::model::{DeviceId, DocId, HashText, PhotoRef, UtcMillis};

use crate::store::{Session, StoreError};

/// A photo that a record shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of the file.
    pub sha256: HashText,
    /// When it was added (device time).
    pub at: UtcMillis,
    /// The finding it shows, if one.
    pub finding: Option<String>,
    /// Whether its bytes are here.
    pub here: bool,
    /// For one that is not here: the phone the record was begun on, where it probably waits.
    pub phone: Option<DeviceId>,
}

impl Shown {
    /// The beginning of the phone's identity, as the list of phones has it.
    #[must_use]
    pub fn phone_short(&self) -> String {
        self.phone.map_or_else(|| "—".to_owned(), |id| id.to_string().chars().take(8).collect())
    }
}

/// A record's photos, oldest first, each file once.
///
/// # Errors
/// Of the store.
pub fn shown(s: &dyn Session, doc: &DocId, photos: &[PhotoRef]) -> Result<Vec<Shown>, StoreError> {
    let mut all: Vec<Shown> = Vec::new();
    for photo in photos {
        if all.iter().any(|one| one.sha256 == photo.sha256) {
            continue;
        }
        all.push(Shown {
            sha256: photo.sha256,
            at: photo.at,
            finding: photo.finding.clone(),
            here: s.file(&photo.sha256)?.is_some(),
            phone: None,
        });
    }
    if all.iter().any(|photo| !photo.here) {
        let phone = begun_on(s, doc)?;
        all.iter_mut().filter(|photo| !photo.here).for_each(|photo| photo.phone = phone);
    }
    Ok(all)
}

fn begun_on(s: &dyn Session, doc: &DocId) -> Result<Option<DeviceId>, StoreError> {
    let author = s.changes(doc, 0)?.into_iter().find_map(|change| change.author);
    let Some(author) = author else { return Ok(None) };
    Ok(s.device_by_author(&author)?.map(|device| device.id))
}
