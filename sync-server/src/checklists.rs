//! The checklists in use: the newest published file, or the product's own.
//!
//! Parsed once and kept; a published file is never changed, only followed by another.

use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

use ironfeet_core::checklist::{Content, ContentErrors, DEFAULT_YAML};
use ironfeet_core::model::UtcMillis;

use crate::audit;
use crate::store::desk::ChecklistRow;
use crate::store::{self, Session, Store, StoreError};

/// The checklists in use, shared by all requests.
pub struct Checklists(RwLock<Arc<Content>>);

impl Checklists {
    /// What the store holds, or the product's own. A file that this version cannot read any more is
    /// passed over and told to the operator.
    ///
    /// # Errors
    /// Of the store.
    pub fn open(store: &dyn Store) -> Result<Self, StoreError> {
        let rows = store::view(store, |s| s.checklists())?;
        let newest = rows.first().and_then(|row| match Content::load(&row.yaml) {
            Ok(content) => Some(content),
            Err(errors) => {
                let first = errors.0.first().map_or("", |error| error.code);
                tracing::error!(
                    version = row.version,
                    first,
                    "published checklists cannot be read"
                );
                None
            }
        });
        Ok(Self(RwLock::new(Arc::new(newest.unwrap_or_else(Content::default_content)))))
    }

    /// Those in use now.
    #[must_use]
    pub fn get(&self) -> Arc<Content> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses these from now on; call it when they are durable.
    pub fn put(&self, content: Content) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(content);
    }
}

/// Why a file is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file has mistakes.
    #[error("the file has mistakes")]
    Content(#[from] ContentErrors),
    /// A file with this version was published before, with other content.
    #[error("this version was published before; give the file another one")]
    Version,
    /// The store failed; nothing was written.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The file in use, as it came.
///
/// # Errors
/// Of the store.
pub fn yaml(s: &dyn Session) -> Result<String, StoreError> {
    let newest = s.checklists()?.into_iter().next();
    Ok(newest.map_or_else(|| DEFAULT_YAML.to_owned(), |row| row.yaml))
}

/// Publishes a file that was checked.
///
/// # Errors
/// [`PublishError`]; nothing was written then.
pub fn publish(
    s: &dyn Session,
    yaml: &str,
    content: &Content,
    by: &str,
    at: UtcMillis,
) -> Result<u64, PublishError> {
    let version = content.version().to_owned();
    let sha256: [u8; 32] = Sha256::digest(yaml.as_bytes()).into();
    let own: [u8; 32] = Sha256::digest(DEFAULT_YAML.as_bytes()).into();
    let taken = s.checklists()?.iter().any(|row| row.version == version)
        || Content::shared_default().version() == version && sha256 != own;
    if taken {
        return Err(PublishError::Version);
    }
    let (yaml, actor) = (yaml.to_owned(), by.to_owned());
    let row = ChecklistRow { n: 0, version: version.clone(), sha256, yaml, actor, at };
    let n = s.checklist_put(&row)?;
    audit::note(s, at, by, "checklist.publish", &format!("{n} {version} {}", hex::encode(sha256)))?;
    Ok(n)
}
