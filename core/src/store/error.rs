//! What can go wrong with the file, by what the caller can do. Never holds content of a row.

use rusqlite::ErrorCode;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key does not open this store. Nothing on disk was touched.
    #[error("the key does not open this store")]
    WrongKey,
    /// There is no store in this folder.
    #[error("there is no store here")]
    Missing,
    /// There is already a store in this folder.
    #[error("there is already a store here")]
    Exists,
    /// A newer version of the app wrote this store: update the app. Nothing was touched.
    #[error("the store has version {found}, this app knows up to {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version this app knows.
        known: i64,
    },
    /// The file is damaged: [`crate::store::salvage`] moves it aside and saves what can be read.
    #[error("the store is damaged")]
    Damaged,
    /// No room on the disk; nothing of this write was kept.
    #[error("no room on the disk")]
    Full,
    /// Another process holds the store.
    #[error("the store is in use by another process")]
    Busy,
    /// A sealed file (blob, rescue) does not open: wrong key or changed bytes.
    #[error("the sealed file does not open")]
    Sealed,
    /// The disk refused.
    #[error("the disk refused")]
    Disk(#[source] std::io::Error),
    /// SQLite refused for a reason that is none of the above.
    #[error("the database refused")]
    Sql(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        // The tables are strict and their columns ours: a value of another shape is damage.
        if matches!(
            error,
            E::Utf8Error(..)
                | E::InvalidColumnType(..)
                | E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
        ) {
            return Self::Damaged;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sql(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            _ => Self::Disk(error),
        }
    }
}
