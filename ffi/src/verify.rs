//! Whether all is whole.

use ironfeet_core::phone;

/// What a check of the whole store found.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifyReport {
    /// Records looked at.
    pub documents: u64,
    /// Changes looked at.
    pub changes: u64,
    /// Whether everything is whole.
    pub ok: bool,
    /// What was not. Records and views among these are mended by now.
    pub problems: Vec<Problem>,
}

/// Something that was not whole.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// The record, where it is about one.
    pub doc: Option<String>,
    /// `changes`, `heads`, `snapshot`, `views`, `search`, `photo` or `log`.
    pub what: String,
}

impl From<phone::VerifyReport> for VerifyReport {
    fn from(report: phone::VerifyReport) -> Self {
        let phone::VerifyReport { documents, changes, ok, problems } = report;
        Self {
            documents: documents as u64,
            changes: changes as u64,
            ok,
            problems: problems.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<phone::Problem> for Problem {
    fn from(problem: phone::Problem) -> Self {
        let phone::Problem { doc, what } = problem;
        Self { doc: doc.map(|doc| doc.to_string()), what: what.to_owned() }
    }
}
