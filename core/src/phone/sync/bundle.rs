//! A partition taken from a bundle: chunk by chunk, resumable at each, the cursor set with the last.

use std::future::poll_fn;
use std::task::Poll;

use crate::limits;
use crate::model::Pid;
use crate::phone::transport::Pieces;
use crate::phone::{Phone, PhoneError};
use crate::store::entry::BundleRow;
use crate::store::{Db, claim, entry, member};
use crate::sync::bundle::{BundleHeader, FrameReader};
use crate::sync::client::{self, Distrust, Standing};
use crate::sync::digest::Digest;
use crate::sync::frame;
use crate::sync::message::BundleRef;

use super::ahead::{Ahead, Landing, Portion};
use super::land::write_standing;
use super::{Run, SyncError, of_row, to_row};

/// Records written in one transaction at most: each commit writes the pages again that all records share. An
/// answer ends it early.
const SLICE_DOCS: usize = 250;
/// Records written in one transaction while answers keep coming.
const SLICE_DOCS_MIN: usize = 8;
/// Records after which the write-ahead log is moved into the file.
const TEND_DOCS: u64 = 2_000;

/// How many records go into one transaction: fewer after each that somebody waited for, more again after others.
#[derive(Clone, Copy)]
pub(super) struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(SLICE_DOCS)
    }
}

impl Pace {
    fn after(&mut self, awaited: bool) {
        self.0 =
            if awaited { (self.0 / 2).max(SLICE_DOCS_MIN) } else { (self.0 * 2).min(SLICE_DOCS) };
    }
}

impl Run<'_> {
    /// Takes a bundle in, from where an earlier sync was cut off.
    pub(super) async fn take_bundle(
        &mut self,
        pid: &Pid,
        bundle: &BundleRef,
    ) -> Result<(), SyncError> {
        let mut at = self.phone.begin_bundle(pid, bundle.n)?;
        self.progress.documents_total += u64::from(bundle.count);
        self.progress.bytes_total += bundle.bytes;
        if at.byte < bundle.bytes {
            let mut ahead = Ahead::begin(pid)?;
            let fetched = self.fetch(pid, &mut at, bundle, &mut ahead).await;
            // Chunks that came whole before the line was cut are not fetched again.
            if matches!(fetched, Ok(()) | Err(SyncError::Transport(_))) {
                while !ahead.is_empty() {
                    self.land_next(pid, &mut at, &mut ahead).await?;
                }
            }
            fetched?;
        }
        self.phone.end_bundle(pid, &at)?;
        Ok(())
    }

    async fn fetch(
        &mut self,
        pid: &Pid,
        at: &mut BundleRow,
        bundle: &BundleRef,
        ahead: &mut Ahead,
    ) -> Result<(), SyncError> {
        let path = format!("/v1/bundle/{pid}/{}", bundle.n);
        let mut pieces = self.transport.open(&path, &self.pass, at.byte).await?;
        let mut reader = FrameReader::from_byte(at.byte);
        while let Some(piece) = self.next_piece(pid, at, &mut *pieces, ahead).await? {
            reader.push(&piece);
            while let Some(bytes) = reader.next_frame()? {
                if at.header.is_empty() {
                    client::take_bundle_header(pid, &frame::decode(&bytes)?)?;
                    (at.header, at.byte) = (bytes, reader.taken);
                    self.phone.note_bundle(pid, at)?;
                    continue;
                }
                while ahead.is_full() {
                    self.land_next(pid, at, ahead).await?;
                }
                ahead.push(bytes, reader.taken);
            }
        }
        Ok(())
    }

    /// The next piece from the line. While none is there, what came before is written.
    async fn next_piece(
        &mut self,
        pid: &Pid,
        at: &mut BundleRow,
        pieces: &mut dyn Pieces,
        ahead: &mut Ahead,
    ) -> Result<Option<Vec<u8>>, SyncError> {
        let mut next = pieces.next();
        loop {
            if ahead.is_empty() {
                return Ok(next.await?);
            }
            // Twice: in between, whoever reads the line has its turn.
            for _ in 0..2 {
                if let Poll::Ready(piece) = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
                {
                    return Ok(piece?);
                }
                tokio::task::yield_now().await;
            }
            self.land_next(pid, at, ahead).await?;
        }
    }

    /// Writes the next portion of what was handed over.
    async fn land_next(
        &mut self,
        pid: &Pid,
        at: &mut BundleRow,
        ahead: &mut Ahead,
    ) -> Result<(), SyncError> {
        self.check_stop()?;
        let portion = ahead.next()?;
        let (records, end) = (portion.landing.len() as u64, portion.end);
        at.byte = end.unwrap_or(at.byte);
        // Only the last portion of a chunk moves the byte: a cut in between takes the chunk again.
        self.phone.land_docs(pid, portion, end.map(|_| &*at), &mut self.pace)?;
        let before = self.bundled;
        self.bundled += records;
        if before / TEND_DOCS != self.bundled / TEND_DOCS {
            self.phone.tend_beside()?;
        }
        self.progress.documents_done += records;
        self.progress.bytes_done = at.byte;
        self.watch.progress(self.progress);
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl Phone {
    /// Where to go on; another bundle than the one half taken begins anew.
    fn begin_bundle(&self, pid: &Pid, n: u64) -> Result<BundleRow, PhoneError> {
        self.with(|inner| {
            let store = inner.store()?;
            let name = pid.to_string();
            if let Some(half) = entry::bundle(store.db(), &name)?.filter(|b| b.n == n) {
                return Ok(half);
            }
            let fresh = BundleRow { n, header: Vec::new(), byte: 0 };
            store.write(|db| {
                member::clear(db, &name)?;
                write_standing(db, &Standing::new(pid.clone()))?;
                entry::put_bundle(db, &name, Some(&fresh))
            })?;
            Ok(fresh)
        })
    }

    fn note_bundle(&self, pid: &Pid, at: &BundleRow) -> Result<(), PhoneError> {
        self.with(|inner| {
            Ok(inner.store()?.write(|db| entry::put_bundle(db, &pid.to_string(), Some(at)))?)
        })
    }

    /// Writes whole records, how the partition holds them, and how far the bundle was taken. Where an answer
    /// waits meanwhile, it goes between any two records; while more answers may come, transactions are
    /// short (`pace` records), so that none waits for a long commit. None waits for the disk either: what a power
    /// cut takes away is fetched again, and the end of the bundle is durable with all before it.
    pub(super) fn land_docs(
        &self,
        pid: &Pid,
        portion: Portion,
        mark: Option<&BundleRow>,
        pace: &mut Pace,
    ) -> Result<(), PhoneError> {
        let name = pid.to_string();
        let Portion { landing, incoming, prepared, .. } = portion;
        let mut prepared = prepared.into_iter();
        let mut landed = 0;
        while landed < landing.len() {
            let asked = (landing.len() - landed).min(pace.0);
            let taken = self.with(|inner| {
                let rest = &landing[landed..landed + asked];
                let note = |db: &Db, taken: usize| {
                    let claimed = claim::any(db)?;
                    for Landing { doc, member, changes } in &rest[..taken] {
                        member::hold(db, &name, *doc, Some(&to_row(*doc, member)))?;
                        if claimed {
                            changes.iter().try_for_each(|hash| claim::drop(db, *doc, hash))?;
                        }
                    }
                    if let Some(at) = mark.filter(|_| landed + taken == landing.len()) {
                        entry::put_bundle(db, &name, Some(at))?;
                    }
                    Ok(())
                };
                let waits = || self.is_awaited();
                let incoming = &incoming[landed..landed + asked];
                let done = inner
                    .undelayed(|inner| inner.apply_until(incoming, &mut prepared, &waits, note));
                Ok(done?.1)
            })?;
            landed += taken;
            pace.after(taken < asked);
        }
        Ok(())
    }

    /// The sum over what was taken must be the header's; only then does the cursor stand.
    fn end_bundle(&self, pid: &Pid, at: &BundleRow) -> Result<(), SyncError> {
        let header: BundleHeader = frame::decode(&at.header)?;
        let standing = client::take_bundle_header(pid, &header)?;
        let name = pid.to_string();
        let whole = self.with(|inner| {
            let members = member::list(inner.store()?.db(), &name)?;
            let mut digest = Digest::default();
            for row in &members {
                digest.add(&of_row(row).item(&row.doc));
            }
            let whole =
                digest == standing.digest && members.len() as u64 == u64::from(standing.count);
            inner.store()?.write(|db| {
                entry::put_bundle(db, &name, None)?;
                if whole {
                    entry::forget_upto(db, &name, standing.seq)?;
                    write_standing(db, &standing)?;
                }
                Ok::<_, PhoneError>(())
            })?;
            Ok(whole)
        })?;
        debug_assert!(at.byte <= limits::FRAME_BYTES_MAX as u64 * 1_000);
        if whole { Ok(()) } else { Err(Distrust::Bundle { pid: pid.clone() }.into()) }
    }
}
