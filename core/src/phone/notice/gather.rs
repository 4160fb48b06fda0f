//! Notices as they are shown: what is said of several changes for one reason is one notice with a count. The store
//! keeps a row for each.

use serde::Serialize;

use crate::model::{ChangeHash, DocId, UtcMillis};
use crate::phone::{Phone, PhoneError};
use crate::store::inbox;

/// Rows that are looked at for one answer, the newest.
const ROWS_MAX: usize = 5_000;

/// A notice to the person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoticeRow {
    /// Its number: put it away with it.
    pub id: i64,
    /// The record it is about; `None` when about none, or several.
    pub doc: Option<DocId>,
    /// The change it is about; `None` when about none, or several.
    pub change: Option<ChangeHash>,
    /// Stable code.
    pub code: String,
    /// Words, or values for them as JSON. Never content of a record.
    pub text: String,
    /// When; the last time where it is said of several.
    pub at: UtcMillis,
    /// Of how many changes, or how often, it is said.
    pub count: i64,
    /// The records it is about, newest first.
    pub records: Vec<NoticeRecord>,
}

/// A record that a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeRecord {
    /// The record.
    pub doc: DocId,
    /// Of how many of its changes, or how often, it is said.
    pub count: i64,
}

impl Phone {
    /// Notices, newest first; only those not put away when `open_only`.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn notices(&self, open_only: bool) -> Result<Vec<NoticeRow>, PhoneError> {
        self.with(|inner| Ok(gather(&inbox::list(inner.store()?.db(), open_only, ROWS_MAX)?)))
    }

    /// Notices that came after this one and were not put away, oldest first; `0` before any.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn notices_after(&self, id: i64) -> Result<Vec<NoticeRow>, PhoneError> {
        let mut rows = self.with(|inner| Ok(inbox::list(inner.store()?.db(), true, ROWS_MAX)?))?;
        rows.retain(|row| row.id > id);
        let mut news = gather(&rows);
        news.reverse();
        Ok(news)
    }

    /// Puts a notice away. What is said for the same reason after it was shown stays.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`] when there is none of this number that is open.
    pub fn notice_resolve(&self, id: i64) -> Result<(), PhoneError> {
        self.with(|inner| {
            let at = inner.now().0;
            let rows = inbox::list(inner.store()?.db(), true, ROWS_MAX)?;
            let shown = rows.iter().find(|row| row.id == id);
            let shown = shown.ok_or(PhoneError::NotFound { what: "notice" })?;
            let with_it = rows.iter().filter(|row| row.id <= id && key(row) == key(shown));
            inner.store()?.write(|db| {
                with_it.map(|row| row.id).try_for_each(|id| inbox::resolve(db, id, at).map(drop))
            })?;
            Ok(())
        })
    }
}

/// How many notices are shown that were not put away.
pub(in crate::phone) fn open(db: &crate::store::Db) -> Result<usize, crate::store::StoreError> {
    Ok(gather(&inbox::list(db, true, ROWS_MAX)?).len())
}

/// The reason within what the server said: before it stands a ticket, after it words of its own.
pub(super) fn reason<'t>(code: &str, text: &'t str) -> &'t str {
    match code {
        "waiting_for_review" | "review_accepted" | "review_discarded" => {
            text.split_once(' ').map_or(text, |(_, reason)| reason)
        }
        "refused" => text.split(':').next().unwrap_or(text),
        _ => text,
    }
}

/// What is one notice: the same said for the same reason, and put away together.
fn key(row: &inbox::Notice) -> (&str, &str, Option<i64>) {
    (&row.code, reason(&row.code, &row.text), row.resolved)
}

/// `rows`: newest first.
fn gather(rows: &[inbox::Notice]) -> Vec<NoticeRow> {
    let mut shown: Vec<NoticeRow> = Vec::new();
    let mut at = std::collections::HashMap::new();
    for row in rows {
        let place = *at.entry(key(row)).or_insert_with(|| {
            shown.push(NoticeRow {
                id: row.id,
                doc: row.doc,
                change: row.change,
                code: row.code.clone(),
                text: row.text.clone(),
                at: UtcMillis(row.created),
                count: 0,
                records: Vec::new(),
            });
            shown.len() - 1
        });
        let Some(notice) = shown.get_mut(place) else { continue };
        notice.count += 1;
        notice.doc = notice.doc.filter(|doc| row.doc == Some(*doc));
        notice.change = notice.change.filter(|change| row.change == Some(*change));
        if let Some(doc) = row.doc {
            match notice.records.iter_mut().find(|record| record.doc == doc) {
                Some(record) => record.count += 1,
                None => notice.records.push(NoticeRecord { doc, count: 1 }),
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_several_changes_for_one_reason_is_one_notice_that_names_their_records() {
        let row = |id: i64, doc: u8, text: &str| inbox::Notice {
            id,
            doc: Some(DocId([doc; 16])),
            change: Some(ChangeHash([u8::try_from(id).unwrap(); 32])),
            code: "waiting_for_review".to_owned(),
            text: text.to_owned(),
            created: id,
            resolved: None,
        };
        let rows = [
            row(5, 2, "15 revoked"),
            row(4, 1, "14 revoked"),
            row(3, 1, "13 scope"),
            row(2, 1, "12 revoked"),
            inbox::Notice { resolved: Some(9), ..row(1, 1, "11 revoked") },
        ];
        let shown = gather(&rows);
        let told: Vec<_> = shown.iter().map(|n| (n.id, n.count, n.doc, n.records.len())).collect();
        let one = Some(DocId([1; 16]));
        assert_eq!(told, [(5, 3, None, 2), (3, 1, one, 1), (1, 1, one, 1)]);
        let of = |doc: u8, count| NoticeRecord { doc: DocId([doc; 16]), count };
        assert_eq!(shown[0].records, [of(2, 1), of(1, 2)]);
        assert_eq!(shown[0].change, None);
        assert_eq!(shown[1].change, Some(ChangeHash([3; 32])));
        let sum: i64 = shown.iter().map(|notice| notice.count).sum();
        assert_eq!(sum, 5, "none is left out");
    }
}
