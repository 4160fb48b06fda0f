//! The queue of photos: which one next, what is done about one that fails, how far all of them are.
//!
//! Runs beside the data and never in its way: it has calls of its own, holds the store only to read and
//! write a row, and a photo that fails rests while the others go. Nothing here stops a sync.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::reason::{Reason, Snag};
use super::upload::{Broken, Keeper, Turn, Upload};
use crate::limits::PHOTO_PAUSE_MS_MAX;
use crate::model::{DocId, UtcMillis};
use crate::phone::status::FAILURE_SEPARATOR;
use crate::phone::sync::{SyncError, Watch};
use crate::phone::transport::{Pass, Transport, TransportError};
use crate::phone::{Phone, PhoneError};
use crate::store::blob::{self, BlobRow};
use crate::store::visit;

/// After so many photos in a row found no way to the server, there is none.
const NO_WAY_MAX: u32 = 2;

/// What sending photos may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhotoBudget {
    /// The person wants photos sent over a free line only.
    pub free_line_only: bool,
    /// The line of this moment is free (Wi-Fi); the platform knows.
    pub line_is_free: bool,
    /// No more bytes than these in this call; `None` for no end.
    pub bytes_max: Option<u64>,
}

/// How far sending photos has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhotoProgress {
    /// Photos sent so far in this call.
    pub files_done: u64,
    /// Photos that this call set out to send.
    pub files_total: u64,
    /// Their bytes that the server has.
    pub bytes_done: u64,
    /// Their bytes.
    pub bytes_total: u64,
}

/// What sending photos did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhotoReport {
    /// Photos that the server has now.
    pub sent: u64,
    /// Photos that failed in this call; each row tells why.
    pub failed: u64,
    /// Photos still to be sent, those that failed for good not counted.
    pub waiting: u64,
    /// Bytes of photos that arrived.
    pub bytes_up: u64,
    /// Nothing was sent: the line costs money and the person wants a free one.
    pub held_for_free_line: bool,
    /// It ended before the queue did, by the budget or because it was stopped: call again.
    pub unfinished: bool,
    /// When the next photo is due that rests after a failure.
    pub next_try_at: Option<UtcMillis>,
}

/// One call on its way.
struct Run<'a> {
    phone: &'a Phone,
    transport: &'a dyn Transport,
    watch: &'a dyn Watch,
    budget: PhotoBudget,
    total: PhotoProgress,
    files_done: AtomicU64,
    bytes_done: AtomicU64,
    bytes_up: AtomicU64,
}

impl Keeper for Run<'_> {
    fn keep(&self, row: &BlobRow) -> Result<(), PhoneError> {
        self.phone.with(|inner| Ok(inner.store()?.write(|db| blob::put(db, row))?))
    }

    fn moved(&self, _: &BlobRow, bytes: u64) {
        self.bytes_up.fetch_add(bytes, Ordering::Relaxed);
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn stop(&self) -> bool {
        let spent = self.bytes_up.load(Ordering::Relaxed);
        self.watch.stopped() || self.budget.bytes_max.is_some_and(|max| spent >= max)
    }
}

impl Run<'_> {
    fn tell(&self) {
        self.watch.photos(PhotoProgress {
            files_done: self.files_done.load(Ordering::Relaxed),
            bytes_done: self.bytes_done.load(Ordering::Relaxed),
            ..self.total
        });
    }

    /// Sends one photo as far as it goes.
    async fn turn(&self, pass: &Pass, row: &mut BlobRow) -> Result<Turn, Broken> {
        let Some(visit) = self.phone.photo_visit(row).map_err(Broken::Phone)? else {
            return Err(Snag::Later(Reason::NoVisit).into());
        };
        row.document = Some(visit);
        let blobs = self.phone.with(|inner| Ok(inner.store()?.blobs())).map_err(Broken::Phone)?;
        let bytes = blobs.read(&row.sha256).map_err(|_| Snag::GiveUp(Reason::Unreadable))?;
        let (transport, bytes) = (self.transport, &bytes[..]);
        Upload { transport, pass, keeper: self, bytes, visit }.run(row).await
    }

    /// Writes down what became of a photo that did not get through.
    fn snagged(&self, row: &mut BlobRow, snag: &Snag) -> Result<(), PhoneError> {
        let now = self.phone.with(|i| Ok(i.now()))?.0;
        let reason = match snag {
            Snag::Token => return Ok(()),
            Snag::Busy(after_s) => {
                let rest = i64::try_from(*after_s).unwrap_or(i64::MAX).saturating_mul(1_000);
                let until = now.saturating_add(rest.min(PHOTO_PAUSE_MS_MAX));
                row.reason = Some(kept(&Reason::Way(TransportError::Busy { after_s: *after_s })));
                self.keep(row)?;
                return self.phone.with(|i| Ok(i.store()?.write(|db| blob::pause(db, until))?));
            }
            Snag::Later(reason) => {
                row.tries = row.tries.saturating_add(1);
                row.not_before = now.saturating_add(reason.pause_ms(row.tries));
                reason
            }
            Snag::GiveUp(reason) => {
                row.state = "failed".to_owned();
                row.upload = None;
                reason
            }
        };
        row.reason = Some(kept(reason));
        self.keep(row)
    }

    fn sent(&self, row: &mut BlobRow) -> Result<(), PhoneError> {
        row.state = "sent".to_owned();
        row.sent = row.bytes;
        (row.reason, row.upload, row.tries, row.not_before) = (None, None, 0, 0);
        self.files_done.fetch_add(1, Ordering::Relaxed);
        self.keep(row)?;
        self.tell();
        Ok(())
    }
}

/// Both languages in one line, as the row keeps them.
fn kept(reason: &Reason) -> String {
    let words = reason.words();
    [words.zh, words.en].join(FAILURE_SEPARATOR)
}

impl Phone {
    /// Sends photos that wait, oldest first, as far as the budget goes. Call it after a sync: the data comes
    /// first. A photo that fails rests or is given up, with its reason in [`Phone::photo_list`], and the next
    /// one goes; edits are never blocked.
    ///
    /// # Errors
    /// [`SyncError::Transport`] when there is no way to the server for one photo after the other,
    /// [`SyncError::NotEnrolled`]; what came before the error is on disk.
    pub async fn photo_send(
        &self,
        transport: &dyn Transport,
        budget: PhotoBudget,
        watch: &dyn Watch,
    ) -> Result<PhotoReport, SyncError> {
        let due = self.photos_due()?;
        let held = budget.free_line_only && !budget.line_is_free;
        let mut report =
            PhotoReport { held_for_free_line: held && !due.is_empty(), ..PhotoReport::default() };
        let done = match held || due.is_empty() {
            true => Ok(()),
            false => {
                let run = Run::new(self, transport, budget, watch, &due);
                let done = run.queue(due, &mut report).await;
                report.bytes_up = run.bytes_up.load(Ordering::Relaxed);
                done
            }
        };
        done?;
        let rows = self.with(|inner| Ok(blob::list(inner.store()?.db())?))?;
        let open: Vec<&BlobRow> = rows.iter().filter(|row| is_open(row)).collect();
        report.waiting = open.len() as u64;
        let next = open.iter().map(|row| row.not_before).min().filter(|at| *at > 0);
        report.next_try_at = next.map(UtcMillis);
        Ok(report)
    }

    /// Photos that may be tried now, oldest first.
    fn photos_due(&self) -> Result<Vec<BlobRow>, PhoneError> {
        self.with(|inner| {
            let now = inner.now().0;
            let mut rows = blob::list(inner.store()?.db())?;
            // A clock that was set back must not make a photo wait for years.
            let late = now.saturating_add(PHOTO_PAUSE_MS_MAX);
            rows.retain(|row| is_open(row) && (row.not_before <= now || row.not_before > late));
            Ok(rows)
        })
    }

    /// The visit a photo belongs to: as it was added, or the first one that refers to it.
    fn photo_visit(&self, row: &BlobRow) -> Result<Option<DocId>, PhoneError> {
        if row.document.is_some() {
            return Ok(row.document);
        }
        self.with(|inner| {
            for doc in visit::with_photos(inner.store()?.db())? {
                let (found, _) = inner.visit(crate::model::VisitId(doc))?;
                if found.photos.iter().any(|photo| photo.sha256 == row.sha256) {
                    return Ok(Some(doc));
                }
            }
            Ok(None)
        })
    }
}

fn is_open(row: &BlobRow) -> bool {
    matches!(row.state.as_str(), "waiting" | "sending")
}

impl<'a> Run<'a> {
    fn new(
        phone: &'a Phone,
        transport: &'a dyn Transport,
        budget: PhotoBudget,
        watch: &'a dyn Watch,
        due: &[BlobRow],
    ) -> Self {
        let sum = |of: fn(&BlobRow) -> i64| due.iter().map(|row| of(row).unsigned_abs()).sum();
        let total = PhotoProgress {
            files_total: due.len() as u64,
            bytes_total: sum(|row| row.bytes),
            ..PhotoProgress::default()
        };
        let begun: u64 = sum(|row| row.sent);
        let (files_done, bytes_up) = (AtomicU64::new(0), AtomicU64::new(0));
        let bytes_done = AtomicU64::new(begun);
        Self { phone, transport, watch, budget, total, files_done, bytes_done, bytes_up }
    }

    async fn queue(&self, due: Vec<BlobRow>, report: &mut PhotoReport) -> Result<(), SyncError> {
        let mut pass = self.phone.pass(&self.phone.ready(self.transport, false).await?)?;
        let (mut no_way, mut fresh) = (0, false);
        for mut row in due {
            loop {
                if self.stop() {
                    report.unfinished = true;
                    return Ok(());
                }
                match self.turn(&pass, &mut row).await {
                    Ok(Turn::Sent) => {
                        self.sent(&mut row)?;
                        report.sent += 1;
                        no_way = 0;
                    }
                    Ok(Turn::Stopped) => {
                        report.unfinished = true;
                        return Ok(());
                    }
                    Err(Broken::Phone(error)) => return Err(error.into()),
                    // The token ended on the way: once more, with a new one.
                    Err(Broken::Snag(Snag::Token)) if !fresh => {
                        pass = self.phone.pass(&self.phone.ready(self.transport, true).await?)?;
                        fresh = true;
                        continue;
                    }
                    Err(Broken::Snag(snag)) => {
                        report.failed += 1;
                        self.snagged(&mut row, &snag)?;
                        no_way = ended(snag, no_way)?;
                    }
                }
                break;
            }
        }
        Ok(())
    }
}

/// How many photos in a row found no way, unless that ends the call.
fn ended(snag: Snag, no_way: u32) -> Result<u32, SyncError> {
    match snag {
        Snag::Token => Err(TransportError::Refused { status: 401, code: String::new() }.into()),
        Snag::Busy(after_s) => Err(TransportError::Busy { after_s }.into()),
        Snag::Later(Reason::Way(error)) if no_way + 1 == NO_WAY_MAX => Err(error.into()),
        Snag::Later(Reason::Way(_)) => Ok(no_way + 1),
        Snag::Later(_) | Snag::GiveUp(_) => Ok(0),
    }
}
