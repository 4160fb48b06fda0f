//! How the phone stands: counts, what waits, cursors, notices, in one answer.

mod words;

use serde::Serialize;

use crate::model::{InstallId, Lang, PersonId, Role, Text, UtcMillis};
use crate::store::{archive, blob, lease, meta, outbox, part, place};

use super::{Phone, PhoneError, notice};

/// Between the two languages of a failure, as it is kept.
pub(super) const FAILURE_SEPARATOR: &str = " / ";

/// How the phone stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// This installation.
    pub install_id: InstallId,
    /// Whose store it is.
    pub person: PersonId,
    /// Their post.
    pub role: Role,
    /// Whether the database file itself is encrypted in this build.
    pub encrypted: bool,
    /// Whether the folder was once restored or cloned.
    pub copied: bool,
    /// Version of the store's tables.
    pub schema: i64,
    /// Version of the checklists.
    pub content: String,
    /// Places.
    pub places: i64,
    /// Visits.
    pub visits: i64,
    /// Visits not finished.
    pub drafts: i64,
    /// Open findings.
    pub open_findings: i64,
    /// Open tasks.
    pub open_tasks: i64,
    /// Fields with more than one value.
    pub conflicts: i64,
    /// Changes not yet sent, or sent without an answer.
    pub pending: i64,
    /// Changes the server refused.
    pub refused: i64,
    /// Changes that wait for a supervisor's review.
    pub waiting_for_review: i64,
    /// Until when the phone works offline; `None` before the server gave a lease.
    pub offline_until: Option<UtcMillis>,
    /// Work handed in after this waits for a supervisor's review.
    pub hand_in_by: Option<UtcMillis>,
    /// Unsent changes that will wait for review, because their time to be handed in has passed.
    pub will_wait: i64,
    /// Changes set aside because they cannot be applied here.
    pub set_aside: i64,
    /// Photos not yet sent, whatever their state.
    pub photos_waiting: i64,
    /// Of these, photos of which some bytes are at the server.
    pub photos_sending: i64,
    /// Of these, photos that are not tried again until a person says so.
    pub photos_failed: i64,
    /// Why one of them failed, in words: one that was given up, else one that is tried again by itself.
    pub photos_failure: Option<Text>,
    /// Notices not put away.
    pub notices: i64,
    /// Partitions and how far each was read.
    pub cursors: Vec<PartStatus>,
    /// When the last sync succeeded.
    pub last_success: Option<UtcMillis>,
    /// Why the last sync failed, in words.
    pub last_failure: Option<String>,
}

impl Status {
    /// Why the last sync failed, in one language.
    #[must_use]
    pub fn last_failure_in(&self, lang: Lang) -> Option<&str> {
        let both = self.last_failure.as_deref()?;
        let (zh, en) = both.split_once(FAILURE_SEPARATOR).unwrap_or((both, both));
        Some(if lang == Lang::Zh { zh } else { en })
    }
}

/// A partition and how far it was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartStatus {
    /// The partition.
    pub pid: String,
    /// Last entry read.
    pub seq: i64,
    /// Documents.
    pub documents: i64,
}

impl Phone {
    /// How the phone stands.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn status(&self) -> Result<Status, PhoneError> {
        self.with(|inner| {
            let (owner, now) = (inner.owner.clone(), inner.now());
            let store = inner.store()?;
            let install_id = store.owner().install_id;
            let db = store.db();
            let tally = place::tally(db)?;
            let counts = outbox::counts(db)?;
            let photos = blob::tally(db)?;
            let held = lease::current(db)?;
            let cursor =
                |p: part::PartRow| PartStatus { pid: p.pid, seq: p.seq, documents: p.count };
            let last_success = meta::text(db, "last_success")?.and_then(|at| at.parse().ok());
            Ok(Status {
                install_id,
                person: owner.person,
                role: owner.role,
                encrypted: store.encrypted(),
                copied: meta::get(db, "copied")?.is_some(),
                schema: crate::store::known_version(),
                content: meta::text(db, "content_version")?.unwrap_or_default(),
                places: tally.places,
                visits: tally.visits,
                drafts: tally.drafts,
                open_findings: tally.open_findings,
                open_tasks: tally.open_tasks,
                conflicts: tally.conflicts,
                pending: counts.pending,
                refused: counts.refused,
                waiting_for_review: counts.quarantined,
                offline_until: held.map(|lease| lease.not_after),
                hand_in_by: held.map(|lease| lease.hand_in_by),
                will_wait: lease::overdue(db, now)?,
                set_aside: archive::count(db)?,
                photos_waiting: photos.waiting + photos.sending + photos.failed,
                photos_sending: photos.sending,
                photos_failed: photos.failed,
                photos_failure: photos.reason.as_deref().map(super::photo::told),
                notices: count(notice::open(db)?),
                cursors: part::list(db)?.into_iter().map(cursor).collect(),
                last_success: last_success.map(UtcMillis),
                last_failure: meta::text(db, "last_failure")?,
            })
        })
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
