//! Frames in, frames out: sync, locate, heal.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use ironfeet_core::limits;
use ironfeet_core::model::UtcMillis;
use ironfeet_core::sync::chunk;
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{
    Answer, HealRequest, LocateRequest, PROTO, SyncRequest, SyncResponse,
};
use sha2::{Digest as _, Sha256};

use super::body::Frame;
use super::caller::Token;
use super::error::{Error, off};
use crate::app::App;
use crate::store::{self, DeviceRow, StoreError};
use crate::{intake, lease, pull, reseed};

fn framed(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, frame::MEDIA)], bytes).into_response()
}

/// `POST /v1/sync`: first what the phone has, then what it lacks.
pub(super) async fn sync(
    State(app): State<Arc<App>>,
    token: Token,
    Frame(body): Frame,
) -> Result<Response, Error> {
    let _turn = app.gate.acquire().await.map_err(|_| Error::Interrupted)?;
    let inner = app.clone();
    off(move || {
        let device = token.device(&inner)?;
        let request: SyncRequest = frame::decode(&body)?;
        Ok(framed(frame::encode(&said(answer(&inner, &device, &request)?, request.etag))))
    })
    .await
}

/// An answer as it is said to a phone that keeps the one of this tag: in full, unless it would hear the same.
fn said(mut answer: SyncResponse, kept: Option<[u8; 8]>) -> Answer {
    if answer.is_quiet() {
        let now = std::mem::replace(&mut answer.server_time, UtcMillis(0));
        let tag = Sha256::digest(frame::encode(&answer)).first_chunk().copied();
        if tag.is_some() && tag == kept {
            return Answer::Same(now);
        }
        (answer.server_time, answer.etag) = (now, tag);
    }
    Answer::Whole(Box::new(answer))
}

fn answer(
    app: &Arc<App>,
    device: &DeviceRow,
    request: &SyncRequest,
) -> Result<SyncResponse, Error> {
    // Work is taken in whatever the app speaks; only what it would have to read needs the version.
    let understood = request.proto == PROTO;
    if !understood && request.push.is_empty() {
        return Err(Error::Proto);
    }
    if request.device != device.id {
        return Err(Error::Device);
    }
    if request.cursors.len() > limits::CURSORS_MAX {
        return Err(Error::Limit("cursors"));
    }
    if request.claims.len() > limits::CLAIMS_MAX {
        return Err(Error::Limit("claims"));
    }
    if let Some(limit) = intake::beyond(&request.push) {
        return Err(Error::Limit(limit));
    }
    let now = app.clock.now();
    let heard = request.cursors.iter().map(|cursor| (cursor.pid.clone(), cursor.seq));
    app.contacts.hear(device.id, now, &request.app, heard);
    for failed in request.apply_failed.iter().take(limits::PUSH_CHANGES_MAX) {
        tracing::warn!(doc = %failed.doc, change = %failed.hash, "a phone could not apply a change");
    }
    for offer in &request.offers {
        reseed::take(app, device, offer)?;
    }
    let copied = is_copy(app, device, request)?;
    let receipts = intake::push(app, &request.push)?;
    let carried = carried(request);
    let parts = match understood {
        true => pull::parts(app, device, &request.cursors, &request.want, &carried)?,
        false => Vec::new(),
    };
    let after = store::view(&*app.store, |s| {
        let row = s.device(&device.id)?;
        let told = (pull::notices(s, device)?, pull::grants(s, device)?, pull::role(s, device)?);
        Ok::<_, StoreError>((row, told))
    })?;
    let (row, (notices, grants, role)) = after;
    told(app, &notices);
    Ok(SyncResponse {
        server_time: now,
        history: app.identity.history(),
        peer_counter: row.map_or(0, |row| row.max_counter) + u64::from(copied),
        push: receipts,
        parts,
        notices,
        next_poll_s: app.config.sync.poll_s,
        checklists: app.checklists.named(),
        grants,
        lease: lease::renew(app, &device.id)?,
        lost: pull::lost(app, &request.claims)?,
        role: role.map(|role| role.to_string()),
        etag: None,
    })
}

/// Whether another copy of this phone's data used its counter for something else (protocol 4.5, I4). Such a
/// phone hears of a counter beyond its own and goes on under a key of its own.
fn is_copy(app: &App, device: &DeviceRow, request: &SyncRequest) -> Result<bool, StoreError> {
    let own = request.push.iter().filter(|m| m.device == device.id);
    let mut reused = own.filter(|m| m.counter <= device.max_counter).peekable();
    if reused.peek().is_none() {
        return Ok(request.install != device.install);
    }
    store::view(&*app.store, |s| {
        for manifest in reused.by_ref() {
            if !s.manifest_known(&intake::manifest_id(manifest))? {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// Changes whose bytes came with this request: they go back as echoes.
fn carried(
    request: &SyncRequest,
) -> HashSet<(ironfeet_core::model::DocId, ironfeet_core::model::ChangeHash)> {
    let items = request.push.iter().flat_map(|manifest| &manifest.items);
    items.map(|item| (item.doc, chunk::rebuild(&item.body).1)).collect()
}

/// Notes that a phone was told of decisions; if that is lost it is told again.
fn told(app: &App, notices: &[ironfeet_core::sync::message::Notice]) {
    if notices.is_empty() {
        return;
    }
    let tickets: Vec<u64> = notices.iter().map(|notice| notice.ticket).collect();
    let noted = app.writer.as_ref().map(|writer| {
        writer.run(move |s| tickets.iter().try_for_each(|ticket| s.ticket_told(*ticket)))
    });
    if matches!(noted, Some(Err(_))) {
        tracing::warn!("a notice could not be noted as told");
    }
}

/// `POST /v1/locate`: the last entry a phone and this server have in common.
pub(super) async fn locate(
    State(app): State<Arc<App>>,
    token: Token,
    Frame(body): Frame,
) -> Result<Response, Error> {
    off(move || {
        let device = token.device(&app)?;
        let request: LocateRequest = frame::decode(&body)?;
        let found = pull::locate(&app, &device, &request)?.ok_or(Error::Forbidden)?;
        Ok(framed(frame::encode(&found)))
    })
    .await
}

/// `POST /v1/heal`: documents that differ though the cursors agree.
pub(super) async fn heal(
    State(app): State<Arc<App>>,
    token: Token,
    Frame(body): Frame,
) -> Result<Response, Error> {
    let _turn = app.gate.acquire().await.map_err(|_| Error::Interrupted)?;
    let inner = app.clone();
    off(move || {
        let device = token.device(&inner)?;
        let request: HealRequest = frame::decode(&body)?;
        let found = pull::heal(&inner, &device, &request)?.ok_or(Error::Forbidden)?;
        Ok(framed(frame::encode(&found)))
    })
    .await
}
