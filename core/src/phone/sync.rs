//! The driver of the sync: runs the effects of [`crate::sync::client`] over a transport and the store.
//!
//! Dull on purpose: one loop, one arm per effect. It holds the store only for
//! slices of some 50 records, so an answer typed meanwhile never waits long;
//! it may be stopped between any two slices and goes on where it was.

mod ahead;
mod bundle;
mod checklists;
mod error;
mod gather;
mod heal;
mod heard;
mod land;
mod offer;
mod receive;

use std::collections::VecDeque;

use serde::Serialize;

use crate::document::Record;
use crate::limits;
use crate::model::{DocId, Lang, Pid, UtcMillis};
use crate::store::{document, kept, member, meta};
use crate::sync::client::{Client, Effect, Held, Identity, Input, Member, Outcome};
use crate::sync::digest::DocState;
use crate::sync::frame;
use crate::sync::manifest;
use crate::sync::message::{LocateResponse, SyncRequest, SyncResponse};

use super::photo::PhotoProgress;
use super::transport::{Pass, Traffic, Transport, TransportError};
use super::{Phone, PhoneError};
use bundle::Pace;
pub use error::SyncError;
pub(super) use heal::read_again;
use heard::Heard;
pub(super) use offer::torn_log;

/// How far a sync has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Records taken in so far.
    pub documents_done: u64,
    /// Records that will come, as far as known.
    pub documents_total: u64,
    /// Bytes received so far.
    pub bytes_done: u64,
    /// Bytes that will come, as far as known.
    pub bytes_total: u64,
}

/// Who watches a sync and may stop it.
pub trait Watch: Sync {
    /// Told after each slice.
    fn progress(&self, progress: Progress);
    /// Told after each piece of a photo ([`Phone::photo_send`]).
    fn photos(&self, _: PhotoProgress) {}
    /// Asked between slices; `true` stops.
    fn stopped(&self) -> bool;
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: Progress) {}

    fn stopped(&self) -> bool {
        false
    }
}

/// What a sync did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Changes the server took.
    pub pushed: u64,
    /// Log entries and bundled records taken in.
    pub pulled: u64,
    /// Changes refused for good.
    pub refused: u64,
    /// Changes that wait for review.
    pub quarantined: u64,
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Requests made.
    pub requests: u64,
    /// How long it took, ms.
    pub ms: i64,
    /// Seconds until the server wants to be asked again.
    pub next_poll_s: u32,
    /// Something is left for the next sync.
    pub unfinished: bool,
}

/// Looks members up in the store, one by one.
struct StoreHeld<'a>(&'a Phone);

impl Held for StoreHeld<'_> {
    fn member(&self, pid: &Pid, doc: &DocId) -> Option<Member> {
        let row = self.0.with(|i| Ok(member::find(i.store()?.db(), &pid.to_string(), *doc)?));
        row.ok().flatten().map(|row| of_row(&row))
    }
}

fn of_row(row: &member::MemberRow) -> Member {
    let state = if row.frozen { DocState::Frozen } else { DocState::Live };
    Member { heads: row.heads.clone(), state, move_gen: row.move_gen }
}

fn to_row(doc: DocId, member: &Member) -> member::MemberRow {
    member::MemberRow {
        doc,
        heads: member.heads.clone(),
        frozen: member.state == DocState::Frozen,
        move_gen: member.move_gen,
    }
}

/// One sync on its way.
struct Run<'a> {
    phone: &'a Phone,
    transport: &'a dyn Transport,
    watch: &'a dyn Watch,
    pass: Pass,
    progress: Progress,
    bundled: u64,
    pace: Pace,
    heard: Heard,
}

/// A sync that came to its end.
struct Done {
    outcome: Outcome,
    bundled: u64,
    heard: Heard,
}

impl Phone {
    /// Sends what waits and takes in what is new.
    ///
    /// # Errors
    /// [`SyncError`]; what came before the error is on disk and nothing is lost. The reason is kept
    /// for [`Phone::status`].
    pub async fn sync(
        &self,
        transport: &dyn Transport,
        app: &str,
        watch: &dyn Watch,
    ) -> Result<SyncReport, SyncError> {
        let began = self.with(|i| Ok(i.now()))?;
        let before = transport.traffic();
        let done = self.run_sync(transport, app, watch).await;
        let ended = self.with(|i| Ok(i.now()))?;
        self.note_end(&done, ended)?;
        let Done { outcome, bundled, .. } = done?;
        Ok(report(&outcome, bundled, before, transport.traffic(), ended.0 - began.0))
    }

    async fn run_sync(
        &self,
        transport: &dyn Transport,
        app: &str,
        watch: &dyn Watch,
    ) -> Result<Done, SyncError> {
        let (mut bundled, mut so_far) = (0, Outcome::default());
        let mut fresh = false;
        loop {
            let enrolment = self.ready(transport, fresh).await?;
            let install = self.with(|i| Ok(i.store()?.owner().install_id))?;
            let identity = Identity {
                app: app.to_owned(),
                install,
                device: enrolment.device,
                priority: Vec::new(),
            };
            let (pass, progress) = (self.pass(&enrolment)?, Progress::default());
            let pace = Pace::default();
            let heard = Heard::of(self)?;
            let mut run =
                Run { phone: self, transport, watch, pass, progress, bundled, pace, heard };
            let mut client = Client::new(identity).after(so_far);
            let driven = run.drive(&mut client).await;
            so_far = client.outcome().clone();
            bundled += run.bundled;
            match driven {
                // The clock was set, the token ended on the way, the server began anew: once more, with
                // a new token.
                Err(SyncError::Transport(TransportError::Refused { status: 401, .. }))
                    if !fresh =>
                {
                    fresh = true;
                }
                // A copy goes on at once under its own key, so that its work need not wait.
                Ok(_) if self.is_copied()? && !std::mem::replace(&mut fresh, true) => {}
                driven => {
                    self.sweep()?;
                    return Ok(Done { outcome: driven?, bundled, heard: run.heard });
                }
            }
        }
    }

    fn note_end(&self, done: &Result<Done, SyncError>, at: UtcMillis) -> Result<(), PhoneError> {
        self.with(|inner| {
            inner.store()?.write(|db| match done {
                Ok(done) => {
                    done.heard.keep(db)?;
                    meta::put(db, "last_success", at.0.to_string().as_bytes())?;
                    meta::remove(db, "last_failure")
                }
                Err(error) => {
                    let told = [Lang::Zh, Lang::En].map(|lang| error.words(lang));
                    let words = told.join(super::status::FAILURE_SEPARATOR);
                    meta::put(db, "last_failure", words.as_bytes())
                }
            })?;
            Ok(())
        })
    }

    /// Takes away records that left every partition and hold nothing unsent.
    fn sweep(&self) -> Result<(), PhoneError> {
        let mut any = false;
        loop {
            let swept = self.with(|inner| {
                let strays = member::strays(inner.store()?.db(), 50)?;
                for doc in &strays {
                    inner.forget(*doc)?;
                }
                Ok(strays.len())
            })?;
            if swept == 0 {
                break;
            }
            any = true;
        }
        // What a backup holds already need not be kept.
        self.with(|inner| match any {
            true => Ok(inner.store()?.write(kept::drop_durable)?),
            false => Ok(()),
        })
    }

    /// Waits until the server has something new for this phone, or some time has passed.
    ///
    /// # Errors
    /// [`SyncError::NotEnrolled`], [`SyncError::Transport`].
    pub async fn wait(&self, transport: &dyn Transport) -> Result<(), SyncError> {
        let enrolment = self.enrolment()?.ok_or(SyncError::NotEnrolled)?;
        let pids = self.status()?.cursors.into_iter().map(|c| format!("{}:{}", c.pid, c.seq));
        let pids: Vec<String> = pids.take(limits::CURSORS_MAX).collect();
        let path = format!("/v1/wait?pids={}", pids.join(","));
        let mut pieces = transport.open(&path, &self.pass(&enrolment)?, 0).await?;
        while pieces.next().await?.is_some() {}
        Ok(())
    }
}

fn report(outcome: &Outcome, bundled: u64, before: Traffic, after: Traffic, ms: i64) -> SyncReport {
    SyncReport {
        pushed: outcome.pushed,
        pulled: outcome.pulled + bundled,
        refused: outcome.refused,
        quarantined: outcome.quarantined,
        bytes_up: after.bytes_up - before.bytes_up,
        bytes_down: after.bytes_down - before.bytes_down,
        requests: after.requests - before.requests,
        ms,
        next_poll_s: outcome.next_poll_s,
        unfinished: outcome.unfinished,
    }
}

impl Run<'_> {
    fn now(&self) -> Result<UtcMillis, PhoneError> {
        self.phone.with(|i| Ok(i.now()))
    }

    async fn drive(&mut self, client: &mut Client) -> Result<Outcome, SyncError> {
        let mut todo = VecDeque::from(client.step(self.now()?, Input::Start)?);
        while let Some(effect) = todo.pop_front() {
            self.check_stop()?;
            let next = match effect {
                Effect::Gather => {
                    let gathered = self.phone.gather()?;
                    client.step(self.now()?, gathered)?
                }
                Effect::Sync(request) => {
                    let answer = self.exchange(*request).await?;
                    self.phone.heard_counter(answer.peer_counter)?;
                    client.step(self.now()?, Input::Answered(answer, &StoreHeld(self.phone)))?
                }
                Effect::Apply(batch) => {
                    if self.land(*batch).await? {
                        client.go_on();
                    }
                    Vec::new()
                }
                Effect::Locate(pid) => {
                    let seq = self.locate(&pid).await?;
                    client.step(self.now()?, Input::Located(pid, seq))?
                }
                Effect::Rewind(pid, seq) => {
                    self.phone.rewind(&pid, seq)?;
                    Vec::new()
                }
                Effect::Bundle(pid, bundle) => {
                    self.take_bundle(&pid, &bundle).await?;
                    Vec::new()
                }
                Effect::Heal(pid, seq) => match self.compare(&pid, seq).await? {
                    Some(answer) => client.step(self.now()?, Input::Healed(pid, answer))?,
                    None => Vec::new(),
                },
                Effect::Mend(pid, answer) => {
                    self.phone.mend_partition(&pid, &answer)?;
                    Vec::new()
                }
                Effect::Leave(pids) => {
                    self.phone.leave(&pids)?;
                    Vec::new()
                }
                Effect::Reinstall => Vec::new(),
                Effect::Done(outcome) => return Ok(outcome),
            };
            // What follows from an effect goes before what was planned after it.
            for effect in next.into_iter().rev() {
                todo.push_front(effect);
            }
            if todo.is_empty() {
                todo.extend(client.step(self.now()?, Input::Applied)?);
            }
        }
        Ok(client.outcome().clone())
    }

    fn check_stop(&self) -> Result<(), SyncError> {
        if self.watch.stopped() { Err(SyncError::Cancelled) } else { Ok(()) }
    }

    async fn exchange(&mut self, mut request: SyncRequest) -> Result<SyncResponse, SyncError> {
        let signer = self.phone.signer()?;
        for manifest in &mut request.push {
            self.phone.note_counter(manifest.counter)?;
            manifest::sign(manifest, &*signer)?;
        }
        self.heard.name_in(&mut request);
        let frame = frame::encode(&request);
        let answer = self.transport.post_frame("/v1/sync", &self.pass, frame).await?;
        let answer = self.heard.take(answer, &request)?;
        self.phone.offers_made(&request.offers)?;
        self.take_checklists(&answer).await?;
        Ok(answer)
    }

    async fn locate(&self, pid: &Pid) -> Result<u64, SyncError> {
        let request = self.phone.locate_request(pid)?;
        let frame = frame::encode(&request);
        let answer = self.transport.post_frame("/v1/locate", &self.pass, frame).await?;
        Ok(frame::decode::<LocateResponse>(&answer)?.seq)
    }
}

impl super::Inner {
    /// Takes a record away: views, changes, row, and photos of it that were looked at here.
    pub(super) fn forget(&mut self, doc: DocId) -> Result<(), PhoneError> {
        self.store()?;
        let Some(store) = &mut self.store else { return Err(PhoneError::Busy) };
        let records = &mut self.records;
        let contents = &self.contents;
        let looked = store.write(|db| {
            let Some(row) = document::find(db, doc)? else { return Ok(Vec::new()) };
            records.load(db, doc, contents)?;
            let mut looked = Vec::new();
            if let Some(entry) = records.take(doc) {
                let empty = crate::store::views::Views::default();
                crate::store::views::put(db, row.n, Some(&entry.views), &empty)?;
                if let Record::Visit(visit) = entry.reading.record {
                    looked.extend(visit.photos.into_iter().map(|photo| photo.sha256));
                }
            }
            member::forget(db, row.n, doc)?;
            Ok::<_, PhoneError>(looked)
        })?;
        looked.iter().try_for_each(|sha256| Ok(store.drop_looked(sha256)?))
    }
}
