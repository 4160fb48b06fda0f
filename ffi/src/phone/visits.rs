//! Visits and their photos. One line per method; knows nothing but `core::phone` and the mirrors.

use ironfeet_core::phone::Phone;

use super::{PhoneCore, id, rows};
use crate::error::PhoneError;
use crate::photo::PhotoRow;
use crate::question::Question;
use crate::visit::{ChecklistRow, VisitRow, VisitView};
use crate::words::PlaceKind;

#[uniffi::export]
impl PhoneCore {
    /// The checklists for a kind of place.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn checklists(&self, kind: PlaceKind) -> Result<Vec<ChecklistRow>, PhoneError> {
        let told = |row| ChecklistRow::told(row, self.language());
        self.ask(|phone| phone.checklists(kind.into())).map(|r| r.into_iter().map(told).collect())
    }

    /// Begins a visit; gives its id. A quick one asks only the quick items and open findings and carries the
    /// other answers of the last visit over, with their date.
    ///
    /// # Errors
    /// `NotFound` for the place, `InvalidInput` for an unknown checklist.
    pub fn visit_start(&self, place: &str, list: &str, quick: bool) -> Result<String, PhoneError> {
        let place = id(place)?;
        self.act(|phone| phone.visit_start(place, list, quick)).map(|visit| visit.to_string())
    }

    /// The questions asked now, in order. Ask again after every answer.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn questions(&self, visit: &str) -> Result<Vec<Question>, PhoneError> {
        let visit = id(visit)?;
        let told = |question| Question::told(question, self.language());
        self.ask(|phone| phone.visit_questions(visit)).map(|q| q.into_iter().map(told).collect())
    }

    /// Saves an answer as a person types it: a code, codes with commas between, a number, a date, text.
    /// Answers of questions that it hides are taken out. On disk when it returns.
    ///
    /// # Errors
    /// `InvalidInput` and `PersonalText` name the item; `Refused` once finished.
    pub fn answer(&self, visit: &str, item: &str, value: &str) -> Result<(), PhoneError> {
        let visit = id(visit)?;
        self.act(|phone| phone.visit_answer(visit, item, value)).map(drop)
    }

    /// Adds a note to a visit; also after the finish.
    ///
    /// # Errors
    /// `PersonalText`, `NotFound`.
    pub fn note(&self, visit: &str, text: &str) -> Result<(), PhoneError> {
        let visit = id(visit)?;
        self.act(|phone| phone.visit_note(visit, text)).map(drop)
    }

    /// Everything about a visit.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn visit(&self, id: &str) -> Result<VisitView, PhoneError> {
        let visit = self::id(id)?;
        let language = self.language();
        self.ask(|phone| VisitView::told(phone.visit_show(visit)?, phone, language))
    }

    /// Visits that are begun and not finished, oldest first.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn drafts(&self) -> Result<Vec<VisitRow>, PhoneError> {
        self.ask(Phone::visit_drafts).map(rows)
    }

    /// Finishes a visit with the findings its answers raise. Photos and position are never needed.
    ///
    /// # Errors
    /// `Refused` with code `missing_answers` while a required question is not answered.
    pub fn finish(&self, visit: &str) -> Result<VisitView, PhoneError> {
        let visit = id(visit)?;
        let language = self.language();
        self.act(|phone| VisitView::told(phone.visit_finish(visit)?, phone, language))
    }

    /// The advice slip of a visit, line by line, to be shown or printed. About the place only.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn advice_slip(&self, visit: &str) -> Result<Vec<String>, PhoneError> {
        let visit = id(visit)?;
        self.ask(|phone| phone.advice_slip(visit, self.language().into()))
    }
}

#[uniffi::export]
impl PhoneCore {
    /// Adds a photo (JPEG, PNG, WebP; up to 20 MB) to a visit; also after the finish. It is turned upright, made
    /// smaller, and stripped of everything but the picture. On disk, sealed, when it returns.
    ///
    /// # Errors
    /// `InvalidInput` when it is too large, no picture, or HEIC (have the platform convert it), `StorageFull`.
    #[expect(clippy::needless_pass_by_value, reason = "a slice would be a direct buffer in Kotlin")]
    pub fn photo_add(
        &self,
        visit: &str,
        photo: Vec<u8>,
        finding: Option<String>,
    ) -> Result<PhotoRow, PhoneError> {
        let visit = id(visit)?;
        let added = self.act(|phone| phone.photo_add(visit, &photo, finding));
        added.map(|row| PhotoRow::told(row, self.language()))
    }

    /// Says why there is no photo of a finding.
    ///
    /// # Errors
    /// `PersonalText`, `NotFound`.
    pub fn photo_reason(&self, visit: &str, finding: &str, reason: &str) -> Result<(), PhoneError> {
        let visit = id(visit)?;
        self.act(|phone| phone.photo_reason(visit, finding, reason)).map(drop)
    }

    /// The photos of this phone and how far each got, oldest first.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn photos(&self) -> Result<Vec<PhotoRow>, PhoneError> {
        self.ask(Phone::photo_list).map(|rows| self.photo_rows(rows))
    }

    /// Puts photos that failed back into the queue; gives the whole list.
    ///
    /// # Errors
    /// `StorageFull`.
    pub fn photo_retry(&self) -> Result<Vec<PhotoRow>, PhoneError> {
        self.act(Phone::photo_retry).map(|rows| self.photo_rows(rows))
    }

    /// The bytes of a photo of this phone; `photo_get` also fetches those of others.
    ///
    /// # Errors
    /// `NotFound` when it is not on this phone.
    pub fn photo_bytes(&self, sha256: &str) -> Result<Vec<u8>, PhoneError> {
        let sha256 = id(sha256)?;
        self.ask(|phone| phone.photo_bytes(&sha256))
    }
}

impl PhoneCore {
    fn photo_rows(&self, rows: Vec<ironfeet_core::phone::PhotoRow>) -> Vec<PhotoRow> {
        let language = self.language();
        rows.into_iter().map(|row| PhotoRow::told(row, language)).collect()
    }
}
