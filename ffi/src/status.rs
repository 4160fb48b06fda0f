//! How the phone stands: counts, what waits, notices, what was saved.

use std::fmt::Write as _;

use ironfeet_core::phone;

use crate::guard;
use crate::words::{Lang, Role};

/// How the phone stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    /// This installation.
    pub install_id: String,
    /// Whose store it is.
    pub person: String,
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
    /// Changes that the server refused.
    pub refused: i64,
    /// Changes that wait for a supervisor's review.
    pub waiting_for_review: i64,
    /// Until when the phone works offline, ms since 1970; none before the server gave a lease.
    pub offline_until: Option<i64>,
    /// Work handed in after this waits for a supervisor's review, ms since 1970.
    pub hand_in_by: Option<i64>,
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
    /// Why one of them failed, in words.
    pub photos_failure: Option<String>,
    /// Notices not put away.
    pub notices: i64,
    /// Grids and inboxes, and how far each was read.
    pub cursors: Vec<Cursor>,
    /// When the last sync succeeded, ms since 1970.
    pub last_success: Option<i64>,
    /// Why the last sync failed, in words.
    pub last_failure: Option<String>,
}

impl Status {
    /// In a language.
    pub(crate) fn told(status: phone::Status, lang: Lang) -> Self {
        let failure = status.last_failure_in(lang.into()).map(str::to_owned);
        let phone::Status {
            install_id,
            person,
            role,
            encrypted,
            copied,
            schema,
            content,
            places,
            visits,
            drafts,
            open_findings,
            open_tasks,
            conflicts,
            pending,
            refused,
            waiting_for_review,
            offline_until,
            hand_in_by,
            will_wait,
            set_aside,
            photos_waiting,
            photos_sending,
            photos_failed,
            photos_failure,
            notices,
            cursors,
            last_success,
            last_failure: _,
        } = status;
        Self {
            install_id: install_id.to_string(),
            person: person.to_string(),
            role: role.into(),
            encrypted,
            copied,
            schema,
            content,
            places,
            visits,
            drafts,
            open_findings,
            open_tasks,
            conflicts,
            pending,
            refused,
            waiting_for_review,
            offline_until: offline_until.map(|at| at.0),
            hand_in_by: hand_in_by.map(|at| at.0),
            will_wait,
            set_aside,
            photos_waiting,
            photos_sending,
            photos_failed,
            photos_failure: photos_failure.map(|why| why.get(lang.into()).to_owned()),
            notices,
            cursors: cursors.into_iter().map(Into::into).collect(),
            last_success: last_success.map(|at| at.0),
            last_failure: failure,
        }
    }
}

/// How far a partition was read.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Cursor {
    /// The partition: a grid, or a department's inbox.
    pub pid: String,
    /// The last entry read.
    pub seq: i64,
    /// Records in it.
    pub documents: i64,
}

impl From<phone::PartStatus> for Cursor {
    fn from(part: phone::PartStatus) -> Self {
        let phone::PartStatus { pid, seq, documents } = part;
        Self { pid, seq, documents }
    }
}

/// A notice to the person: what was refused, what waits for review, what was decided.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Notice {
    /// Its number: put it away with it.
    pub id: i64,
    /// The record it is about; none when about none, or several.
    pub doc: Option<String>,
    /// The change it is about; none when about none, or several.
    pub change: Option<String>,
    /// Stable code, for the app's own decisions.
    pub code: String,
    /// What happened and why, in the person's language. Never content of a record.
    pub text: String,
    /// When, ms since 1970; the last time where it is said of several changes.
    pub at: i64,
    /// Of how many changes, or how often, it is said.
    pub count: i64,
    /// The records it is about, newest first.
    pub records: Vec<NoticeRecord>,
}

/// A record that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NoticeRecord {
    /// The record.
    pub doc: String,
    /// Of how many of its changes, or how often, it is said.
    pub count: i64,
}

impl From<phone::NoticeRecord> for NoticeRecord {
    fn from(record: phone::NoticeRecord) -> Self {
        let phone::NoticeRecord { doc, count } = record;
        Self { doc: doc.to_string(), count }
    }
}

impl Notice {
    /// In a language.
    pub(crate) fn told(row: phone::NoticeRow, lang: Lang) -> Self {
        let text = row.words(lang.into());
        let phone::NoticeRow { id, doc, change, code, text: _, at, count, records } = row;
        Self {
            id,
            doc: doc.map(|doc| doc.to_string()),
            change: change.map(|change| change.to_string()),
            code,
            text,
            at: at.0,
            count,
            records: records.into_iter().map(Into::into).collect(),
        }
    }
}

/// What was saved from a damaged store.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Recovered {
    /// Where the damaged file is kept; never deleted.
    pub moved_to: String,
    /// Records saved, whole or in part.
    pub documents: i64,
    /// Changes saved.
    pub changes: i64,
    /// Of these, not yet sent.
    pub unsent: i64,
    /// Tables of which some rows could not be read.
    pub torn: Vec<String>,
}

impl From<phone::Salvaged> for Recovered {
    fn from(saved: phone::Salvaged) -> Self {
        let phone::Salvaged { moved_to, documents, changes, unsent, torn } = saved;
        let moved_to = moved_to.to_string_lossy().into_owned();
        Self { moved_to, documents, changes, unsent, torn }
    }
}

/// What a rescue file carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Rescued {
    /// Unsent changes written, or taken in.
    pub changes: u64,
    /// Records they belong to.
    pub documents: u64,
    /// Unsent photos.
    pub photos: u64,
}

impl From<phone::Rescued> for Rescued {
    fn from(rescued: phone::Rescued) -> Self {
        let phone::Rescued { changes, documents, photos } = rescued;
        Self { changes: changes as u64, documents: documents as u64, photos: photos as u64 }
    }
}

/// Counts and versions as lines of text. Neither person nor installation nor any content of a record; no grid
/// either, because a grid is the work of one person.
pub(crate) fn diagnostics(status: &Status) -> String {
    let counts = [
        ("schema", status.schema),
        ("encrypted", i64::from(status.encrypted)),
        ("copied", i64::from(status.copied)),
        ("places", status.places),
        ("visits", status.visits),
        ("drafts", status.drafts),
        ("open_findings", status.open_findings),
        ("open_tasks", status.open_tasks),
        ("conflicts", status.conflicts),
        ("pending", status.pending),
        ("refused", status.refused),
        ("waiting_for_review", status.waiting_for_review),
        ("set_aside", status.set_aside),
        ("photos_waiting", status.photos_waiting),
        ("photos_failed", status.photos_failed),
        ("notices", status.notices),
        ("last_success_ms", status.last_success.unwrap_or(0)),
    ];
    let mut text = format!("core {}\ncontent {}\n", env!("CARGO_PKG_VERSION"), status.content);
    for (what, n) in counts {
        writeln!(text, "{what} {n}").expect("writing to a String cannot fail");
    }
    if let Some(place) = guard::last_fault() {
        writeln!(text, "last_fault {place}").expect("writing to a String cannot fail");
    }
    let system = (std::env::consts::OS, std::env::consts::ARCH);
    writeln!(text, "system {} {}", system.0, system.1).expect("writing to a String cannot fail");
    for (n, cursor) in status.cursors.iter().enumerate() {
        writeln!(text, "cursor {n} {} {}", cursor.seq, cursor.documents)
            .expect("writing to a String cannot fail");
    }
    text
}
