//! Is everything whole? Every page, every document from its rows, every snapshot, every view.
//!
//! What is found wrong with a record or a log is mended at once, and reported.

use serde::Serialize;

use crate::document::{Document, parse_change};
use crate::model::{ChangeHash, DocId};
use crate::store::document::{self, DocRow};
use crate::store::{blob, kept, part, views};

use super::sync::{read_again, torn_log};
use super::{Inner, Phone, PhoneError, mend};

/// Documents looked at in one go.
const PAGE: usize = 500;

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Documents looked at.
    pub documents: usize,
    /// Changes looked at.
    pub changes: usize,
    /// Whether everything is whole.
    pub ok: bool,
    /// What was not. Records, views and logs among these are mended by now.
    pub problems: Vec<Problem>,
}

/// Something that was not whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The record, where it is about one.
    pub doc: Option<DocId>,
    /// `changes`, `heads`, `snapshot`, `views`, `search`, `photo` or `log`.
    pub what: &'static str,
}

impl Phone {
    /// Checks the whole store: pages, strict load of every document from its changes, hashes and
    /// heads, snapshots, views rebuilt and compared, photos, and whether what is kept of each log leads to
    /// where its cursor stands.
    ///
    /// # Errors
    /// [`PhoneError::Damaged`] when the database file itself is; it is exchanged by then.
    pub fn verify(&self) -> Result<VerifyReport, PhoneError> {
        self.with(Inner::verify)
    }
}

impl Phone {
    /// The changes a record stands on, sorted: two phones with the same heads show the same.
    ///
    /// # Errors
    /// [`PhoneError::NotFound`] when it is not here.
    pub fn heads(&self, id: DocId) -> Result<Vec<ChangeHash>, PhoneError> {
        self.with(|inner| {
            let row = document::find(inner.store()?.db(), id)?;
            row.map(|row| row.local_heads).ok_or(PhoneError::NotFound { what: "record" })
        })
    }

    /// Whether this phone holds a change, with its bytes, in sight or kept.
    ///
    /// # Errors
    /// [`PhoneError`] when the store cannot be read.
    pub fn holds(&self, id: DocId, hash: ChangeHash) -> Result<bool, PhoneError> {
        self.with(|inner| {
            let db = inner.store()?.db();
            Ok(document::raw_of(db, id, &hash)?.is_some() || kept::raw_of(db, id, &hash)?.is_some())
        })
    }
}

impl Inner {
    fn verify(&mut self) -> Result<VerifyReport, PhoneError> {
        self.store()?.check()?;
        let mut report = VerifyReport::default();
        let mut torn = Vec::new();
        let mut after = 0;
        loop {
            let page = document::list(self.store()?.db(), after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.n;
            for row in &page {
                if let Some(what) = self.look(row, &mut report)? {
                    report.problems.push(Problem { doc: Some(row.id), what });
                    torn.push(row.id);
                }
            }
        }
        for id in torn {
            self.mend(id)?;
        }
        self.compare_views(&mut report)?;
        self.look_at_photos(&mut report)?;
        self.look_at_logs(&mut report)?;
        report.ok = report.problems.is_empty();
        Ok(report)
    }

    /// What is wrong with one document.
    fn look(
        &mut self,
        row: &DocRow,
        report: &mut VerifyReport,
    ) -> Result<Option<&'static str>, PhoneError> {
        let db = self.store()?.db();
        let changes = document::changes(db, row.id, 0)?;
        report.documents += 1;
        report.changes += changes.len();
        let named = |c: &document::ChangeRow| parse_change(&c.raw).is_ok_and(|p| p.hash == c.hash);
        if !changes.iter().all(named) {
            return Ok(Some("changes"));
        }
        let raws = changes.iter().map(|c| &c.raw[..]);
        let Ok(document) = Document::from_changes(row.id, raws) else {
            return Ok(Some("changes"));
        };
        if document.heads() != row.local_heads || !mend::acked_are_past(&changes, &row.acked_heads)
        {
            return Ok(Some("heads"));
        }
        let Some((through, bytes)) = document::snapshot(db, row.n)? else { return Ok(None) };
        let rest = changes.iter().filter(|c| c.k > through).map(|c| &c.raw[..]);
        let same = Document::load(row.id, &bytes)
            .is_ok_and(|mut saved| saved.extend(rest).is_ok() && saved.heads() == row.local_heads);
        Ok((!same).then_some("snapshot"))
    }

    /// Builds the views anew and compares; what differs is replaced.
    fn compare_views(&mut self, report: &mut VerifyReport) -> Result<(), PhoneError> {
        self.records.clear();
        let contents = &self.contents;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let (tx, _) = store.begin_fresh()?;
        let searchable = views::search_is_whole(&tx)?;
        let before = views::fingerprint(&tx)?;
        mend::rebuild(&tx, contents)?;
        if !searchable {
            views::rebuild_search(&tx)?;
        }
        let same = views::fingerprint(&tx)? == before;
        if same && searchable {
            // Nothing to keep: the transaction is dropped.
            return Ok(());
        }
        tx.commit().map_err(crate::store::StoreError::from)?;
        if !same {
            report.problems.push(Problem { doc: None, what: "views" });
        }
        if !searchable {
            report.problems.push(Problem { doc: None, what: "search" });
        }
        Ok(())
    }

    fn look_at_photos(&mut self, report: &mut VerifyReport) -> Result<(), PhoneError> {
        let store = self.store()?;
        for photo in blob::list(store.db())? {
            if photo.state != "sent" && store.read_blob(&photo.sha256).is_err() {
                report.problems.push(Problem { doc: None, what: "photo" });
            }
        }
        Ok(())
    }

    /// What a restored server is to be offered must be what it once wrote; else it is read again.
    fn look_at_logs(&mut self, report: &mut VerifyReport) -> Result<(), PhoneError> {
        let author = self.owner.author;
        let store = self.store()?;
        for part in part::list(store.db())? {
            let Some(after) = torn_log(store.db(), &part)? else { continue };
            store.write(|db| read_again(db, &part.pid, after, &author))?;
            report.problems.push(Problem { doc: None, what: "log" });
        }
        Ok(())
    }
}
