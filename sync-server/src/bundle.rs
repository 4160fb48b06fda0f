//! Bundles: partitions prepared as files for phones that start empty.
//!
//! Built from change rows without loading a document, kept beside the database,
//! rebuilt when the log behind one has grown too long. Their format is the core's.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use ironfeet_core::model::{DocId, Pid};
use ironfeet_core::sync::bundle::{BundleHeader, ChunkWriter, put_frame};
use ironfeet_core::sync::frame;
use ironfeet_core::sync::message::{BundleRef, HealDoc, SCHEMA};
use ironfeet_core::sync::stamp;

use crate::app::App;
use crate::log;
use crate::store::{self, BundleRow, DocState, PartitionRow, Session, StoreError};
use crate::tail;

/// Documents read at once.
const PAGE: usize = 500;
/// A log this short behind a bundle never asks for a new one.
const TAIL_MIN: u64 = 200;

/// Bundles on disk.
pub struct Bundles {
    folder: PathBuf,
    building: Mutex<HashMap<Pid, Arc<Mutex<()>>>>,
}

impl Bundles {
    /// Bundles in a folder, which is made when the first is built.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, building: Mutex::default() }
    }

    /// A partition's bundle, built anew when it is too far behind; `None`: no such partition.
    /// Blocks while it is built; whoever asks meanwhile waits for the same one.
    ///
    /// # Errors
    /// Of the store or the disk.
    pub fn fresh(&self, app: &App, pid: &Pid) -> Result<Option<BundleRef>, StoreError> {
        let lock = {
            let mut building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
            building.entry(pid.clone()).or_default().clone()
        };
        let _one_at_a_time = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (partition, bundle) =
            store::view(&*app.store, |s| Ok::<_, StoreError>((s.partition(pid)?, s.bundle(pid)?)))?;
        let Some(partition) = partition else { return Ok(None) };
        let share = app.config.sync.bundle_tail_percent;
        let near = |row: &BundleRow| {
            let tail = partition.last_seq().saturating_sub(row.upto_seq);
            row.upto_seq <= partition.last_seq()
                && tail <= TAIL_MIN.max(row.upto_seq * share / 100)
                && self.folder.join(&row.file).is_file()
        };
        if let Some(row) = bundle.as_ref().filter(|row| near(row)) {
            return Ok(Some(reference(row)));
        }
        let row = self.build(app, pid, bundle.map_or(1, |row| row.n + 1))?;
        Ok(row.map(|row| reference(&row)))
    }

    fn build(&self, app: &App, pid: &Pid, n: u64) -> Result<Option<BundleRow>, StoreError> {
        std::fs::create_dir_all(&self.folder).map_err(disk)?;
        let file = format!("{}.{n}.bundle", pid.to_string().replace('@', "-"));
        let path = self.folder.join(&file);
        let built = store::view(&*app.store, |s| {
            let Some(partition) = s.partition(pid)? else { return Ok(None) };
            write(app, s, &partition, &path).map(|sums| Some((partition, sums)))
        })?;
        let Some((partition, (bytes, sha256))) = built else { return Ok(None) };
        let row = BundleRow {
            pid: pid.clone(),
            n,
            upto_seq: partition.last_seq(),
            bytes,
            documents: partition.count,
            file,
            sha256,
            made_at: app.clock.now(),
        };
        let kept = row.clone();
        match &app.writer {
            Some(writer) => writer.run(move |s| s.bundle_put(&kept))?,
            None => store::transact(&*app.store, |s| s.bundle_put(&kept))?,
        }
        self.sweep(pid, n);
        Ok(Some(row))
    }

    /// Removes bundles that nobody is pointed to any more: all but the newest two.
    fn sweep(&self, pid: &Pid, n: u64) {
        let name = pid.to_string().replace('@', "-");
        for old in 1..n.saturating_sub(1) {
            let path = self.folder.join(format!("{name}.{old}.bundle"));
            if path.exists() && std::fs::remove_file(&path).is_err() {
                tracing::warn!(%pid, n = old, "an old bundle could not be removed");
            }
        }
    }

    /// The file of a bundle, if it is there.
    #[must_use]
    pub fn file(&self, pid: &Pid, n: u64) -> Option<PathBuf> {
        let name = pid.to_string().replace('@', "-");
        let path = self.folder.join(format!("{name}.{n}.bundle"));
        path.is_file().then_some(path)
    }
}

fn reference(row: &BundleRow) -> BundleRef {
    BundleRef {
        n: row.n,
        upto_seq: row.upto_seq,
        bytes: row.bytes,
        count: u32::try_from(row.documents).unwrap_or(u32::MAX),
        sha256: row.sha256,
    }
}

fn disk(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Engine(Box::new(error)),
    }
}

/// Writes a bundle file; its size and hash.
fn write(
    app: &App,
    s: &dyn Session,
    partition: &PartitionRow,
    path: &Path,
) -> Result<(u64, [u8; 32]), StoreError> {
    let beside = path.with_extension("new");
    let mut out = Out {
        file: std::io::BufWriter::new(std::fs::File::create(&beside).map_err(disk)?),
        hasher: Sha256::new(),
        bytes: 0,
    };
    out.put(&header(app, partition))?;
    let mut writer = ChunkWriter::default();
    let mut after: Option<DocId> = None;
    loop {
        let page = s.present(&partition.pid, after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for row in &page {
            let doc = HealDoc {
                doc: row.id,
                move_gen: log::wire_gen(row.move_gen),
                frozen: row.state != DocState::Live,
                bodies: tail::bodies(s, &row.id, row.changes)?,
            };
            writer.push(doc).iter().try_for_each(|bytes| out.put(bytes))?;
        }
    }
    writer.finish().iter().try_for_each(|bytes| out.put(bytes))?;
    let (bytes, sha256) = out.end()?;
    std::fs::rename(&beside, path).map_err(disk)?;
    Ok((bytes, sha256))
}

fn header(app: &App, partition: &PartitionRow) -> Vec<u8> {
    let (pid, seq) = (partition.pid.clone(), partition.last_seq());
    let header = BundleHeader {
        history: app.identity.history(),
        upto_seq: seq,
        chain: partition.chain,
        digest: partition.digest,
        count: u32::try_from(partition.count).unwrap_or(u32::MAX),
        stamp: stamp::stamp(&app.identity.stamp_key, &pid, seq, &partition.chain),
        schema: SCHEMA,
        made_at: app.clock.now(),
        durable_seq: partition.durable_seq,
        pid,
    };
    let mut out = Vec::new();
    put_frame(&mut out, &frame::encode(&header));
    out
}

struct Out {
    file: std::io::BufWriter<std::fs::File>,
    hasher: Sha256,
    bytes: u64,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(disk)
    }

    fn end(self) -> Result<(u64, [u8; 32]), StoreError> {
        let file = self.file.into_inner().map_err(|e| disk(e.into_error()))?;
        file.sync_all().map_err(disk)?;
        Ok((self.bytes, self.hasher.finalize().into()))
    }
}
