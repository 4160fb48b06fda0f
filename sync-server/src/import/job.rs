//! An import while the server runs: looked at whole first, then written in steps that let the phones through.
//!
//! One at a time. Nothing is written while one row is wrong. One that was cut short is simply brought again: rows that are
//! there already are left alone.

use std::sync::{Arc, Mutex, PoisonError};

use ironfeet_core::model::{Pid, UtcMillis};

use super::{
    ERRORS_MAX, Format, ImportError, Imported, Row, RowError, STEP, note, read, say, some, unique,
};
use crate::app::App;
use crate::store::StoreError;

/// How an import stands.
#[derive(Debug, Default)]
pub enum Stage {
    /// None was brought since the server started.
    #[default]
    None,
    /// The file is read and every row looked at.
    Reading,
    /// Rows are written.
    Writing {
        /// Rows written.
        done: u64,
        /// Rows in the file.
        total: u64,
    },
    /// All are in.
    Done(Imported),
    /// Nothing more is written. `done`: rows that were written before.
    Failed {
        /// Why.
        error: ImportError,
        /// Rows written before.
        done: u64,
    },
}

/// The newest import.
#[derive(Debug, Default)]
pub struct Job {
    /// Its file's name.
    pub file: String,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: UtcMillis,
    /// How it stands.
    pub stage: Stage,
}

/// Shared by all requests.
#[derive(Debug, Default)]
pub struct Jobs(Mutex<Job>);

impl Jobs {
    /// Looks at the newest import.
    pub fn look<T>(&self, read: impl FnOnce(&Job) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn stage(&self, stage: Stage) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stage = stage;
    }

    /// Begins a new import; `false` while another one is under way.
    pub fn begin(&self, file: &str, by: &str, at: UtcMillis) -> bool {
        let mut job = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(job.stage, Stage::Reading | Stage::Writing { .. }) {
            return false;
        }
        let (file, by) = (file.to_owned(), by.to_owned());
        *job = Job { file, by, at, stage: Stage::Reading };
        true
    }
}

/// What is brought.
pub struct Brought {
    /// The file.
    pub bytes: Vec<u8>,
    /// How it is written.
    pub format: Format,
    /// Who brings it.
    pub by: String,
    /// Prefixes of grids that they may write.
    pub scope: Vec<String>,
}

/// Carries out the import that was begun. Blocks.
pub fn run(app: &Arc<App>, brought: &Brought) {
    let mut done = 0;
    let stage = match carry_out(app, brought, &mut done) {
        Ok(imported) => Stage::Done(imported),
        Err(error) => Stage::Failed { error, done },
    };
    app.imports.stage(stage);
}

fn carry_out(app: &Arc<App>, brought: &Brought, done: &mut u64) -> Result<Imported, ImportError> {
    let rows = read(&brought.bytes, brought.format)?;
    within(&rows, &brought.scope)?;
    unique(&rows)?;
    let writer = app.writer.as_ref().ok_or(StoreError::Busy)?;
    let (total, rows) = (rows.len(), Arc::new(rows));
    let mut imported = Imported::default();
    for from in (0..total).step_by(STEP) {
        let (at, of) = (from as u64, total as u64);
        app.imports.stage(Stage::Writing { done: at, total: of });
        let (inner, rows) = (app.clone(), rows.clone());
        let part = from..(from + STEP).min(total);
        let (came, pids) = writer.run(move |s| {
            let rows = rows.get(part.clone()).unwrap_or_default();
            let pids: Vec<Pid> = rows.iter().map(|row| Pid::Grid(row.grid.clone())).collect();
            Ok((some(s, &inner, rows)?, pids))
        })?;
        imported.add(came);
        *done = (from + STEP).min(total) as u64;
        app.nudge.wake(&pids);
    }
    let (by, now) = (brought.by.clone(), app.clock.now());
    writer.run(move |s| note(s, &by, &imported, now))?;
    Ok(imported)
}

/// Rows outside of the areas of whoever brings them.
fn within(rows: &[Row], scope: &[String]) -> Result<(), ImportError> {
    let inside = |row: &&Row| scope.iter().any(|prefix| row.grid.as_str().starts_with(&**prefix));
    let error = |row: &Row| RowError {
        line: row.line,
        column: "grid".to_owned(),
        what: say("不在您的区域内", "lies outside of your areas"),
    };
    let outside = rows.iter().filter(|row| !inside(row));
    let errors: Vec<RowError> = outside.map(error).take(ERRORS_MAX).collect();
    if errors.is_empty() { Ok(()) } else { Err(ImportError::Rows(errors)) }
}
