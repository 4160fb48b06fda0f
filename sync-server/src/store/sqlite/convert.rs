//! Between values of SQLite's rows and the words of the domain.

use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};

use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, UtcMillis};

type Result<T> = rusqlite::Result<T>;

fn wrong(column: usize, typ: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, typ, Box::new(FromSqlError::InvalidType))
}

/// Exactly `N` bytes.
pub(super) fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N]> {
    row.get_ref(column)?.as_blob()?.try_into().map_err(|_| wrong(column, Type::Blob))
}

/// Exactly `N` bytes, or nothing.
pub(super) fn bytes_or_none<const N: usize>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<[u8; N]>> {
    if row.get_ref(column)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    bytes(row, column).map(Some)
}

pub(super) fn doc(row: &Row<'_>, column: usize) -> Result<DocId> {
    bytes(row, column).map(DocId)
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> Result<ChangeHash> {
    bytes(row, column).map(ChangeHash)
}

pub(super) fn device(row: &Row<'_>, column: usize) -> Result<DeviceId> {
    bytes(row, column).map(DeviceId)
}

pub(super) fn author(row: &Row<'_>, column: usize) -> Result<Author> {
    bytes(row, column).map(Author)
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<UtcMillis> {
    row.get(column).map(UtcMillis)
}

pub(super) fn time_or_none(row: &Row<'_>, column: usize) -> Result<Option<UtcMillis>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UtcMillis))
}

/// A number that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| wrong(column, Type::Integer))
}

/// A text that names something: a partition, a post, a state.
pub(super) fn named<T>(
    row: &Row<'_>,
    column: usize,
    find: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    find(row.get_ref(column)?.as_str()?).ok_or_else(|| wrong(column, Type::Text))
}

/// A text parsed by its type.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<T> {
    named(row, column, |text| text.parse().ok())
}

/// Words joined by spaces.
pub(super) fn words<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<Vec<T>> {
    named(row, column, |text| text.split_whitespace().map(|w| w.parse().ok()).collect())
}

/// Numbers go into rows signed; ours never reach the sign.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Hashes side by side.
pub(super) fn heads(row: &Row<'_>, column: usize) -> Result<Vec<ChangeHash>> {
    let blob = row.get_ref(column)?.as_blob()?;
    let (hashes, rest) = blob.as_chunks::<32>();
    if rest.is_empty() {
        Ok(hashes.iter().copied().map(ChangeHash).collect())
    } else {
        Err(wrong(column, Type::Blob))
    }
}

pub(super) fn join(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

pub(super) fn spaced<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
