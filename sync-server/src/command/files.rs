//! `import`, `backup`, `restore`, `bump-epoch`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::{CommandError, DATABASE, Ground, Report, checklists};
use crate::identity::{self, Identity, WITNESS};
use crate::import::{self, Format, ImportError, Imported, border};
use crate::store::sqlite::Sqlite;
use crate::store::{self, PartitionRow, StoreError};
use crate::{audit, verify};

/// What to bring in.
#[derive(Debug, Subcommand)]
pub enum ImportWhat {
    /// Places, from .csv or .geojson.
    Places {
        /// The file.
        file: PathBuf,
    },
    /// Outlines of grids for the map, from .geojson; a feature's property `grid` names its grid.
    Borders {
        /// The file.
        file: PathBuf,
    },
    /// Checklists, from .yaml; they are published at once.
    Checklists {
        /// The file.
        file: PathBuf,
        /// Only tell mistakes and differences.
        #[arg(long)]
        check: bool,
    },
}

pub(super) fn import(ground: &Ground, what: &ImportWhat) -> Result<Report, CommandError> {
    let (file, borders) = match what {
        ImportWhat::Checklists { file, check } => return checklists::import(ground, file, *check),
        ImportWhat::Places { file } => (file, false),
        ImportWhat::Borders { file } => (file, true),
    };
    let app = ground.app()?;
    let format = Format::of(file).ok_or_else(|| {
        let text = ground.say("只接受 .csv 或 .geojson", "only .csv or .geojson");
        CommandError::refused("file", text)
    })?;
    let bytes = std::fs::read(file).map_err(|e| CommandError::File(file.clone(), e))?;
    let done = if borders {
        border::read(&bytes)
            .and_then(|borders| store::transact(&*app.store, |s| border::keep(s, &app, &borders)))
    } else {
        import::read(&bytes, format).and_then(|rows| {
            store::transact(&*app.store, |s| {
                import::places(s, &app, &rows, &mut |done| (ground.progress)(done))
            })
        })
    };
    let Imported { added, changed, same } = done.map_err(|error| refused(ground, error))?;
    let json = json!({ "added": added, "changed": changed, "same": same });
    let (new, other, old) =
        (ground.say("新增", "added"), ground.say("变更", "changed"), ground.say("相同", "same"));
    Ok(Report::done(json, format!("{new} {added} · {other} {changed} · {old} {same}")))
}

fn refused(ground: &Ground, error: ImportError) -> CommandError {
    match error {
        ImportError::Store(error) => CommandError::Store(error),
        ImportError::Rows(rows) => {
            let line = |e: &import::RowError| {
                let (line, what) = (ground.say("行", "line"), e.what.get(ground.lang));
                format!("{line} {} {}: {what}", e.line, e.column)
            };
            let lines: Vec<String> = rows.iter().map(line).collect();
            CommandError::refused("rows", lines.join("\n"))
        }
        other => CommandError::refused(other.code(), other.to_string()),
    }
}

pub(super) fn backup(ground: &Ground, file: &Path, durable: bool) -> Result<Report, CommandError> {
    if file.exists() {
        let text = ground.say("文件已存在", "the file exists already");
        return Err(CommandError::refused("exists", text));
    }
    let app = ground.app()?;
    app.store.copy_to(file)?;
    let copy = Sqlite::open(file)?;
    let found = verify::verify(&copy, &app.identity)?;
    let partitions = store::view(&copy, |s| s.partitions())?;
    drop(copy);
    if !found.ok {
        return Err(StoreError::Damaged("the copy is not whole; run verify").into());
    }
    if durable {
        store::transact(&*app.store, |s| {
            partitions.iter().try_for_each(|row| keep_durable(s, row))
        })?;
    }
    let bytes = std::fs::metadata(file).map_or(0, |m| m.len());
    let now = app.clock.now();
    store::transact(&*app.store, |s| audit::note(s, now, "admin", "backup", "database"))?;
    let json = json!({
        "ok": true, "bytes": bytes, "documents": found.documents, "changes": found.changes,
        "durable": durable,
    });
    Ok(Report::done(json, format!("{bytes}")))
}

/// The copy holds the log up to here; the partition may have grown since.
fn keep_durable(s: &dyn store::Session, copied: &PartitionRow) -> Result<(), StoreError> {
    for row in s.partitions_lock(std::slice::from_ref(&copied.pid))? {
        let durable_seq = row.durable_seq.max(copied.last_seq());
        s.partition_put(&PartitionRow { durable_seq, ..row })?;
    }
    Ok(())
}

pub(super) fn restore(ground: &Ground, file: &Path) -> Result<Report, CommandError> {
    super::make_folder(&ground.config.data)?;
    let _lock = ground.lock()?;
    let beside = ground.config.data.join("restoring.db");
    std::fs::copy(file, &beside).map_err(|e| CommandError::File(file.to_owned(), e))?;
    let (restored, before) = (open_copy(ground, &beside)?, epoch_before(ground)?);
    let now = ground.clock.now();
    let epoch = restored.1.epoch.max(before) + 1;
    store::transact(&restored.0, |s| {
        identity::bump(s, epoch)?;
        audit::note(s, now, "admin", "restore", &format!("epoch {epoch}"))
    })?;
    let found = verify::verify(&restored.0, &Identity { epoch, ..restored.1.clone() })?;
    let entries = store::view(&restored.0, |s| s.entries_total())?;
    drop(restored.0);
    let kept = set_aside(ground, now.0)?;
    let database = ground.database();
    std::fs::rename(&beside, &database).map_err(|e| CommandError::File(database, e))?;
    let identity = Identity { epoch, ..restored.1 };
    let trail = ground.config.data.join(audit::witness::FILE);
    audit::witness::begin_anew(&*ground.store()?, &trail, now)?;
    identity.write_witness(entries, &ground.config.data.join(WITNESS))?;
    let json = json!({
        "ok": found.ok, "epoch": epoch, "documents": found.documents, "changes": found.changes,
        "kept": kept,
    });
    let exit = if found.ok { 0 } else { 4 };
    let text = format!("{} {epoch}", ground.say("已恢复，纪元", "restored, epoch"));
    Ok(Report { json, text, exit })
}

/// A database that was put back by hand, such as from a snapshot of the disk, with its witness: nobody could
/// notice. Phones compare chains anyway; the epoch says so at once.
pub(super) fn bump_epoch(ground: &Ground) -> Result<Report, CommandError> {
    let database = ground.database();
    if !database.is_file() {
        let text = ground.say("此目录没有数据库", "there is no database in this folder");
        return Err(CommandError::refused("no_database", text));
    }
    let _lock = ground.lock()?;
    let (store, now) = (ground.store()?, ground.clock.now());
    let identity = Identity::open(&*store, &*ground.entropy)?;
    let epoch = identity.epoch.max(epoch_before(ground)?) + 1;
    let entries = store::transact(&*store, |s| {
        identity::bump(s, epoch)?;
        audit::note(s, now, "admin", "epoch.bump", &format!("epoch {epoch}"))?;
        s.entries_total()
    })?;
    let identity = Identity { epoch, ..identity };
    identity.write_witness(entries, &ground.config.data.join(WITNESS))?;
    let text = format!("{} {epoch}", ground.say("新纪元", "new epoch"));
    Ok(Report::done(json!({ "ok": true, "epoch": epoch }), text))
}

fn open_copy(ground: &Ground, path: &Path) -> Result<(Sqlite, Identity), CommandError> {
    let copy = Sqlite::open(path)?;
    if store::view(&copy, |s| s.meta("origin"))?.is_none() {
        let text = ground.say("这不是本系统的备份", "this is no backup of this server");
        return Err(CommandError::refused("no_backup", text));
    }
    let identity = Identity::open(&copy, &*ground.entropy)?;
    Ok((copy, identity))
}

/// The highest epoch that this folder knows of.
fn epoch_before(ground: &Ground) -> Result<u32, CommandError> {
    let witness = identity::read_witness(&ground.config.data.join(WITNESS))?;
    let known = match ground.database().is_file().then(|| Sqlite::open(&ground.database())) {
        // A damaged database is why people restore; the witness is enough then.
        Some(Ok(store)) => Identity::open(&store, &*ground.entropy)?.epoch,
        _ => 0,
    };
    Ok(witness.map_or(0, |(epoch, _)| epoch).max(known))
}

/// Moves the old database aside; nothing is deleted.
fn set_aside(ground: &Ground, ms: i64) -> Result<Option<String>, CommandError> {
    let old = ground.database();
    if !old.exists() {
        return Ok(None);
    }
    let name = format!("before-restore-{ms}");
    let folder = ground.config.data.join(&name);
    super::make_folder(&folder)?;
    for ending in ["", "-wal", "-shm"] {
        let from = ground.config.data.join(format!("{DATABASE}{ending}"));
        if from.exists() {
            let to = folder.join(format!("{DATABASE}{ending}"));
            std::fs::rename(&from, to).map_err(|e| CommandError::File(from, e))?;
        }
    }
    Ok(Some(name))
}
