//! One upload from its announcement to the whole file.
//!
//! Bytes are on disk before the row says so, and the file under its hash before the row of the file. A crash
//! between costs the last piece at most.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use ironfeet_core::model::{Pid, UtcMillis};

use super::meta::{Checksum, Told};
use super::{PhotoError, Refused, Size};
use crate::app::App;
use crate::store::{self, DeviceRow, DeviceStatus, FileRow, Session, StoreError, UploadRow};

/// Uploads swept in one round.
const SWEEP_MAX: usize = 500;

/// An upload and who asks for it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The phone.
    pub device: DeviceRow,
    /// The upload.
    pub id: [u8; 16],
}

/// A piece of a file as it comes.
pub struct Piece<S> {
    /// Where it begins.
    pub offset: u64,
    /// What its bytes hash to, if that is told.
    pub checksum: Option<Checksum>,
    /// The bytes; an error is a line that was cut.
    pub body: S,
}

/// Begins an upload, or gives the one the phone began before. Blocks.
///
/// # Errors
/// [`Refused::Metadata`], [`Refused::TooMany`], [`PhotoError::Forbidden`], of the store.
pub fn fresh(app: &Arc<App>, device: DeviceRow, told: Told) -> Result<UploadRow, PhotoError> {
    let now = app.clock.now();
    let id = app.entropy.sixteen();
    let expires_at = now.plus_days(i64::from(app.config.photos.upload_days));
    let open_max = u64::from(app.config.photos.open_max);
    run(app, move |s| begin(s, &device, &told, (id, now, expires_at), open_max))
}

fn begin(
    s: &dyn Session,
    device: &DeviceRow,
    told: &Told,
    (id, now, expires_at): ([u8; 16], UtcMillis, UtcMillis),
    open_max: u64,
) -> Result<Result<UploadRow, PhotoError>, StoreError> {
    if !may_send(s, device, told)? {
        return Ok(Err(PhotoError::Forbidden));
    }
    let file = s.file(&told.sha256)?;
    if file.as_ref().is_some_and(|file| file.bytes != told.bytes) {
        return Ok(Err(Refused::Metadata.into()));
    }
    let before = s.upload_of(&device.id, &told.sha256)?.filter(|row| row.expires_at > now);
    if let Some(row) = before {
        if row.bytes != told.bytes {
            return Ok(Err(Refused::Metadata.into()));
        }
        let row = UploadRow { doc: told.doc, media: told.media.clone(), ..row };
        s.upload_put(&row)?;
        return Ok(Ok(row));
    }
    if file.is_none() && s.uploads_of(&device.id)? >= open_max {
        return Ok(Err(Refused::TooMany.into()));
    }
    let row = UploadRow {
        id,
        device: device.id,
        sha256: told.sha256,
        doc: told.doc,
        media: told.media.clone(),
        bytes: told.bytes,
        arrived: file.map_or(0, |file| file.bytes),
        expires_at,
    };
    s.upload_put(&row)?;
    Ok(Ok(row))
}

/// A phone hands in photos of records that are not known yet, of its own areas, or that ask for this very
/// photo. One that lost its rights still hands in its work; a stolen one nothing.
fn may_send(s: &dyn Session, device: &DeviceRow, told: &Told) -> Result<bool, StoreError> {
    if device.status == DeviceStatus::Stolen {
        return Ok(false);
    }
    let Some(row) = s.doc(&told.doc)? else { return Ok(true) };
    let own = device.grids.iter().any(|grid| row.pid == Pid::Grid(grid.clone()));
    Ok(own || s.rows(&told.doc)?.photos.iter().any(|photo| photo.sha256 == told.sha256))
}

/// The upload as it stands. Blocks.
///
/// # Errors
/// [`PhotoError::Unknown`], [`Refused::Gone`], of the store.
pub fn ask(app: &App, ask: &Ask) -> Result<UploadRow, PhotoError> {
    let now = app.clock.now();
    store::view(&*app.store, |s| {
        let row = s.upload(&ask.id)?.filter(|row| row.device == ask.device.id);
        let row = row.ok_or(PhotoError::Unknown)?;
        if row.expires_at <= now {
            return Err(Refused::Gone.into());
        }
        // Another phone or another upload may have brought it meanwhile.
        let arrived = s.file(&row.sha256)?.map_or(row.arrived, |_| row.bytes);
        Ok(UploadRow { arrived, ..row })
    })
}

/// Adds a piece; gives the upload as it stands then. With the last byte the whole file is compared with its
/// hash: bytes of another file are thrown away, and the upload begins anew.
///
/// # Errors
/// [`Refused`], [`PhotoError::Unknown`], of the disk and the store.
pub async fn take<S, E>(
    app: &Arc<App>,
    asked: Ask,
    mut piece: Piece<S>,
) -> Result<UploadRow, PhotoError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let _held = app.photos.hold(asked.id)?;
    let inner = app.clone();
    let mut row = off(move || ask(&inner, &asked)).await?;
    if row.arrived != piece.offset {
        return Err(Refused::Offset.into());
    }
    if row.arrived == row.bytes {
        return Ok(row);
    }
    let path = app.photos.part(&row.id);
    let mut file = tokio::fs::OpenOptions::new();
    let mut file = file.create(true).truncate(false).write(true).open(&path).await?;
    // What lies beyond was not counted: a piece that was refused, or a crash.
    file.set_len(row.arrived).await?;
    file.seek(std::io::SeekFrom::Start(row.arrived)).await?;
    let came = append(&mut file, row.bytes - row.arrived, &mut piece).await?;
    file.flush().await?;
    file.sync_data().await?;
    app.metrics.photo_bytes(came);
    row.arrived += came;
    if row.arrived == row.bytes {
        return whole(app, row).await;
    }
    note(app, &row).await?;
    Ok(row)
}

/// Writes what comes; how much of it counts.
async fn append<S, E>(
    file: &mut tokio::fs::File,
    left: u64,
    piece: &mut Piece<S>,
) -> Result<u64, PhotoError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut came = 0_u64;
    while let Some(next) = piece.body.next().await {
        // A line that was cut: what came before counts, unless a checksum says what should have come.
        let Ok(bytes) = next else { break };
        came += bytes.len() as u64;
        if came > left {
            return Err(Refused::TooLarge.into());
        }
        if let Some(checksum) = &mut piece.checksum {
            checksum.feed(&bytes);
        }
        file.write_all(&bytes).await?;
    }
    if piece.checksum.take().is_none_or(Checksum::fits) {
        Ok(came)
    } else {
        Err(Refused::Checksum.into())
    }
}

async fn whole(app: &Arc<App>, row: UploadRow) -> Result<UploadRow, PhotoError> {
    let path = app.photos.part(&row.id);
    let read = path.clone();
    let (bytes, hash) = off(move || {
        let bytes = std::fs::read(read)?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        Ok((bytes, hash))
    })
    .await?;
    if hash != row.sha256.0 {
        app.metrics.upload("spoiled");
        note(app, &UploadRow { arrived: 0, ..row }).await?;
        return Err(Refused::Checksum.into());
    }
    app.photos.put(&row.sha256, Size::Whole, bytes).await?;
    let file = FileRow {
        sha256: row.sha256,
        bytes: row.bytes,
        media: row.media.clone(),
        received_at: app.clock.now(),
        device: row.device,
    };
    let (inner, kept) = (app.clone(), row.clone());
    off(move || {
        run(&inner, move |s| {
            s.file_put(&file)?;
            s.upload_arrived(&kept.id, kept.arrived)?;
            Ok(Ok(()))
        })
    })
    .await?;
    app.metrics.upload("whole");
    // It lies under its hash now; what stays here is swept with its row.
    if tokio::fs::remove_file(&path).await.is_err() {
        tracing::warn!("the bytes of a finished upload could not be taken away yet");
    }
    Ok(row)
}

async fn note(app: &Arc<App>, row: &UploadRow) -> Result<(), PhotoError> {
    let (inner, id, arrived) = (app.clone(), row.id, row.arrived);
    off(move || {
        run(&inner, move |s| {
            s.upload_arrived(&id, arrived)?;
            Ok(Ok(()))
        })
    })
    .await
}

/// Forgets uploads that are over, with their bytes; how many. Blocks.
///
/// # Errors
/// Of the disk and the store.
pub fn sweep(app: &App) -> Result<u64, PhotoError> {
    let now = app.clock.now();
    let mut swept = 0;
    for id in store::view(&*app.store, |s| s.uploads_expired(now, SWEEP_MAX))? {
        let Ok(_held) = app.photos.hold(id) else { continue };
        match std::fs::remove_file(app.photos.part(&id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        store::transact(&*app.store, |s| s.upload_drop(&id))?;
        app.metrics.upload("expired");
        swept += 1;
    }
    Ok(swept)
}

/// In the writing thread; the inner error is the caller's.
fn run<T: Send + 'static>(
    app: &App,
    work: impl FnMut(&dyn Session) -> Result<Result<T, PhotoError>, StoreError> + Send + 'static,
) -> Result<T, PhotoError> {
    app.writer.as_ref().ok_or(StoreError::Busy)?.run(work)?
}

async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PhotoError> + Send + 'static,
) -> Result<T, PhotoError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Busy)?
}
