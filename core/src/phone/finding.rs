//! Findings and conflicts over all records, and the choice among the values of a conflict.

use serde::Serialize;

use crate::document::{Edit, Record, Settle};
use crate::model::{
    ChangeHash, DepartmentCode, DocId, PlaceId, Route, Severity, Text, UtcMillis, VisitId,
};
use crate::rules::Act;
use crate::store::{self, search};

use super::show::{self, ConflictView};
use super::{Phone, PhoneError};

/// Rows of a list.
const LIST_MAX: usize = 5_000;

/// A finding as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingRow {
    /// Code in the checklist.
    pub code: String,
    /// The visit that raised it.
    pub visit: VisitId,
    /// The place.
    pub place: PlaceId,
    /// Its address, empty where the place is not on this phone.
    pub address: String,
    /// Checklist.
    pub list: String,
    /// What it is.
    pub title: Text,
    /// How grave.
    pub severity: Severity,
    /// Category of the taxonomy.
    pub category: String,
    /// What happens with it.
    pub route: Route,
    /// Lead department.
    pub lead: Option<DepartmentCode>,
    /// When it was raised.
    pub raised_at: UtcMillis,
    /// When its time limit ends; `None` for advice.
    pub due: Option<UtcMillis>,
    /// Whether nobody found it gone yet.
    pub open: bool,
}

impl From<store::finding::FindingRow> for FindingRow {
    fn from(row: store::finding::FindingRow) -> Self {
        let line = row.line;
        Self {
            visit: VisitId(row.visit),
            place: PlaceId(row.place),
            address: row.address,
            title: Text { zh: line.title_zh, en: line.title_en },
            severity: show::severity(line.severity),
            route: show::route(&line.route),
            lead: line.lead.parse().ok(),
            raised_at: UtcMillis(line.at),
            due: line.due_at.map(UtcMillis),
            open: row.open,
            code: line.code,
            list: line.list,
            category: line.category,
        }
    }
}

impl Phone {
    /// Findings of finished visits, open ones by severity and deadline first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn findings(&self, open_only: bool) -> Result<Vec<FindingRow>, PhoneError> {
        self.with(|inner| {
            let rows = store::finding::list(inner.store()?.db(), None, open_only, LIST_MAX)?;
            Ok(rows.into_iter().map(FindingRow::from).collect())
        })
    }

    /// Findings whose title, fix, category or code holds every word of a text, best first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn finding_search(&self, text: &str, limit: usize) -> Result<Vec<FindingRow>, PhoneError> {
        self.with(|inner| {
            let db = inner.store()?.db();
            let mut found = Vec::new();
            for (visit, code) in search::findings(db, text, limit)? {
                found.extend(store::finding::find(db, visit, &code)?.map(FindingRow::from));
            }
            Ok(found)
        })
    }

    /// Fields with more than one value, over all records.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn conflicts(&self) -> Result<Vec<ConflictView>, PhoneError> {
        self.with(|inner| {
            let rows = store::visit::conflicts(inner.store()?.db())?;
            let parse = |(_, json): (DocId, String)| {
                serde_json::from_str(&json).map_err(|e| PhoneError::internal("conflicts", e))
            };
            rows.into_iter().map(parse).collect()
        })
    }

    /// Chooses one of the values of a field in conflict, named by the change that wrote it.
    ///
    /// A supervisor may settle any field; others only fields they may write.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with code `no_conflict` or `not_your_right`.
    pub fn settle(
        &self,
        doc: DocId,
        container: &str,
        field: &str,
        choose: ChangeHash,
    ) -> Result<ChangeHash, PhoneError> {
        self.with(|inner| {
            let kind = match &inner.entry(doc)?.reading.record {
                Record::Place(_) => "place",
                Record::Visit(_) => "visit",
                Record::Task(_) => "task",
                Record::Unknown { .. } => return Err(PhoneError::NotFound { what: "record" }),
            };
            inner
                .allow(Act::Settle, kind, container)
                .or_else(|_| inner.allow(Act::Write, kind, container))?;
            let settle =
                Settle { container: container.to_owned(), field: field.to_owned(), choose };
            inner.edit(doc, |_, _| Ok(Edit::Settle(settle)))
        })
    }
}
