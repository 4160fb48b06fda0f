//! The checklists in use: the newest published file, or the product's own. And those before them: a visit keeps
//! to the file it was begun with.
//!
//! Parsed once and kept; a published file is never changed, only followed by another.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sha2::{Digest as _, Sha256};

use ironfeet_core::checklist::{Checklist, Content, ContentErrors, DEFAULT_YAML};
use ironfeet_core::model::UtcMillis;

use crate::audit;
use crate::store::desk::ChecklistRow;
use crate::store::{self, Session, Store, StoreError};

/// Every file ever published that can be read; shared by all requests.
pub struct Checklists(RwLock<Files>);

struct Files {
    /// The product's own, then the published ones, oldest first. The last is in use.
    read: Vec<Arc<Content>>,
    /// SHA-256 of the file in use; `None`: the product's own.
    in_use: Option<[u8; 32]>,
    /// SHA-256 of the newest file in the store, also where it could not be read.
    newest: Option<[u8; 32]>,
}

impl Checklists {
    /// What the store holds, after the product's own. A file that this version cannot read any more is
    /// passed over and told to the operator.
    ///
    /// # Errors
    /// Of the store.
    pub fn open(store: &dyn Store) -> Result<Self, StoreError> {
        let rows = store::view(store, |s| s.checklists())?;
        let newest = rows.first().map(|row| row.sha256);
        let own = Arc::new(Content::default_content());
        let mut files = Files { read: vec![own], in_use: None, newest };
        for row in rows.iter().rev() {
            match Content::load(&row.yaml) {
                Ok(content) => {
                    files.read.push(Arc::new(content));
                    files.in_use = Some(row.sha256);
                }
                Err(errors) => {
                    let first = errors.0.first().map_or("", |error| error.code);
                    let version = &row.version;
                    tracing::error!(version, first, "published checklists cannot be read");
                }
            }
        }
        Ok(Self(RwLock::new(files)))
    }

    /// Takes up what another process has published.
    ///
    /// # Errors
    /// Of the store.
    pub fn look(&self, store: &dyn Store) -> Result<(), StoreError> {
        let newest = store::view(store, |s| s.checklists())?.first().map(|row| row.sha256);
        if newest != self.files().newest {
            let read = Self::open(store)?.0.into_inner().unwrap_or_else(PoisonError::into_inner);
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = read;
        }
        Ok(())
    }

    fn files(&self) -> RwLockReadGuard<'_, Files> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those in use now.
    ///
    /// # Panics
    /// Never: the product's own are always there.
    #[must_use]
    pub fn get(&self) -> Arc<Content> {
        self.files().read.last().expect("the product's own").clone()
    }

    /// Those a visit was begun with: the oldest file with this version of its list, so that a later file
    /// changes nothing about it; those in use when none has it.
    #[must_use]
    pub fn of(&self, list: &str, version: u32) -> Arc<Content> {
        let has =
            |content: &&Arc<Content>| content.list(list).is_some_and(|l| l.version == version);
        let found = self.files().read.iter().find(has).cloned();
        found.unwrap_or_else(|| self.get())
    }

    /// The first half of the SHA-256 of the file in use, as phones hear it; `None`: none was published.
    #[must_use]
    pub fn named(&self) -> Option<[u8; 16]> {
        self.files().in_use.and_then(|sha256| sha256.first_chunk().copied())
    }

    /// Uses this file from now on; call it when it is durable.
    pub fn put(&self, content: Content, yaml: &str) {
        let mut files = self.0.write().unwrap_or_else(PoisonError::into_inner);
        files.read.push(Arc::new(content));
        files.in_use = Some(Sha256::digest(yaml.as_bytes()).into());
        files.newest = files.in_use;
    }
}

/// The published file whose SHA-256 begins with this.
///
/// # Errors
/// Of the store.
pub fn file(s: &dyn Session, half: &[u8]) -> Result<Option<String>, StoreError> {
    let found = s.checklists()?.into_iter().find(|row| row.sha256.starts_with(half));
    Ok(found.map(|row| row.yaml))
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
    /// A list asks otherwise than one that was published under the same version: visits begun with that one
    /// could not be told from those of this one.
    #[error("list {0} asks otherwise than before under the same version; give it a higher one")]
    List(String),
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
    for row in s.checklists()? {
        if let Some(list) = Content::load(&row.yaml).ok().and_then(|old| mistaken(&old, content)) {
            return Err(PublishError::List(list));
        }
    }
    if let Some(list) = mistaken(Content::shared_default(), content) {
        return Err(PublishError::List(list));
    }
    let (yaml, actor) = (yaml.to_owned(), by.to_owned());
    let row = ChecklistRow { n: 0, version: version.clone(), sha256, yaml, actor, at };
    let n = s.checklist_put(&row)?;
    audit::note(s, at, by, "checklist.publish", &format!("{n} {version} {}", hex::encode(sha256)))?;
    Ok(n)
}

/// A list that asks otherwise in these two files, under one version.
fn mistaken(old: &Content, new: &Content) -> Option<String> {
    let asks = |content: &Content, list: &Checklist| {
        let items = content.items(list).map(|(_, item)| format!("{item:?}"));
        items.collect::<Vec<_>>()
    };
    let differs = |list: &&Checklist| {
        let before = old.list(&list.id).filter(|before| before.version == list.version);
        before.is_some_and(|before| asks(old, before) != asks(new, list))
    };
    new.lists().iter().find(differs).map(|list| list.id.to_string())
}
