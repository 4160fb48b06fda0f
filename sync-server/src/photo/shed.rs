//! Where whole photos lie: a folder, or object storage that speaks S3. Both by the same names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use super::disk;
use crate::config::S3;
use crate::store::StoreError;

/// A request to the storage takes at most this long.
const REQUEST: Duration = Duration::from_secs(60);
/// Until the storage must have answered the door.
const CONNECT: Duration = Duration::from_secs(10);
/// A request that failed by no fault of its own is made again at most so often, within [`REQUEST`].
const RETRIES_MAX: usize = 3;

fn engine(error: object_store::Error) -> StoreError {
    StoreError::Engine(Box::new(error))
}

/// A folder below the data.
pub(super) fn folder(whole: &Path) -> Result<Arc<dyn ObjectStore>, StoreError> {
    std::fs::create_dir_all(whole).map_err(disk)?;
    let opened = LocalFileSystem::new_with_prefix(whole).map_err(engine)?.with_fsync(true);
    Ok(Arc::new(opened))
}

/// Object storage as it is configured. Nothing is asked yet: a storage that is away now fails the first photo, not the start.
pub(super) fn s3(s3: &S3) -> Result<Arc<dyn ObjectStore>, StoreError> {
    // The one TLS of the whole program.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let options = ClientOptions::new()
        .with_allow_http(s3.is_plain_allowed())
        .with_timeout(REQUEST)
        .with_connect_timeout(CONNECT);
    let retry =
        RetryConfig { max_retries: RETRIES_MAX, retry_timeout: REQUEST, ..RetryConfig::default() };
    let bucket = AmazonS3Builder::new()
        .with_endpoint(s3.endpoint.trim_end_matches('/'))
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_access_key_id(&s3.key)
        .with_secret_access_key(&s3.secret)
        .with_client_options(options)
        .with_retry(retry)
        .build()
        .map_err(engine)?;
    Ok(match s3.prefix.trim_matches('/') {
        "" => Arc::new(bucket),
        prefix => Arc::new(PrefixStore::new(bucket, prefix)),
    })
}
