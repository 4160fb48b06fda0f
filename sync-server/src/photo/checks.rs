//! Does each file's row have its bytes, and are they those of its hash? For `verify`.

use object_store::ObjectStoreExt as _;
use sha2::{Digest as _, Sha256};

use super::{Photos, Size, key};
use crate::store::{self, FileRow, Store, StoreError};

/// Rows read at once.
const PAGE: usize = 500;

/// What is wrong with the folder, by hash, and how many files it should have.
///
/// # Errors
/// Of the store, or when the system gives no thread.
pub fn missing(store: &dyn Store, photos: &Photos) -> Result<(Vec<String>, u64), StoreError> {
    // On a thread of its own: whoever calls may be inside an async runtime.
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|e| StoreError::Engine(Box::new(e)))?;
            runtime.block_on(walk(store, photos))
        });
        walk.join().unwrap_or(Err(StoreError::Damaged("the photos could not be read")))
    })
}

async fn walk(store: &dyn Store, photos: &Photos) -> Result<(Vec<String>, u64), StoreError> {
    let (mut wrong, mut count, mut after) = (Vec::new(), 0, None);
    loop {
        let page = store::view(store, |s| s.files(after.as_ref(), PAGE))?;
        let Some(last) = page.last() else { return Ok((wrong, count)) };
        after = Some(last.sha256);
        count += page.len() as u64;
        for row in &page {
            if let Some(what) = check(photos, row).await {
                wrong.push(format!("photo {}: {what}", row.sha256));
            }
        }
    }
}

async fn check(photos: &Photos, row: &FileRow) -> Option<&'static str> {
    let found = match photos.whole.get(&key(&row.sha256, Size::Whole)).await {
        Ok(found) => found.bytes().await,
        Err(object_store::Error::NotFound { .. }) => return Some("its bytes are not there"),
        Err(error) => Err(error),
    };
    match found {
        Ok(bytes) if Sha256::digest(&bytes)[..] == row.sha256.0 => None,
        Ok(_) => Some("its bytes are others"),
        Err(_) => Some("its bytes cannot be read"),
    }
}
