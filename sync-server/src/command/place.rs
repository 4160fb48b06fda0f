//! `admin place`: places to other grids and to departments.

use clap::Subcommand;
use serde_json::json;

use ironfeet_core::model::{GridCode, Pid, PlaceId};

use super::{CommandError, Ground, Report};
use crate::app::App;
use crate::lifecycle::{self, LifeError};
use crate::store::{self, Session};

/// Places.
#[derive(Debug, Subcommand)]
pub enum Place {
    /// Move a place to another grid, its visits and tasks with it.
    Move {
        /// The place.
        id: PlaceId,
        /// The grid.
        #[arg(long)]
        to: GridCode,
    },
    /// Show a place to a department, its visits and tasks with it.
    Share {
        /// The place.
        id: PlaceId,
        /// The department's inbox: DEPARTMENT@AREA, such as FIRE@329901.
        #[arg(long, value_parser = inbox)]
        to: Pid,
    },
    /// Take a place out of a department's sight again.
    Unshare {
        /// The place.
        id: PlaceId,
        /// The department's inbox.
        #[arg(long, value_parser = inbox)]
        from: Pid,
    },
}

fn inbox(text: &str) -> Result<Pid, String> {
    format!("d{text}")
        .parse()
        .map_err(|_| "expected DEPARTMENT@AREA, the area 6, 9 or 12 digits".to_owned())
}

pub(super) fn run(ground: &Ground, act: Place) -> Result<Report, CommandError> {
    match act {
        Place::Move { id, to } => move_place(ground, id, &to),
        Place::Share { id, to } => share_place(ground, id, &to, true),
        Place::Unshare { id, from } => share_place(ground, id, &from, false),
    }
}

fn move_place(ground: &Ground, id: PlaceId, to: &GridCode) -> Result<Report, CommandError> {
    let app = ground.app()?;
    let now = app.clock.now();
    let act = |s: &dyn Session, app: &App| lifecycle::move_place(s, app, &id.0, to, now);
    let (seq, moved) =
        store::transact(&*app.store, |s| act(s, &app)).map_err(|e| refused(ground, e))?;
    Ok(Report::done(json!({ "seq": seq, "moved": moved }), seq.to_string()))
}

fn share_place(
    ground: &Ground,
    id: PlaceId,
    inbox: &Pid,
    here: bool,
) -> Result<Report, CommandError> {
    let app = ground.app()?;
    let now = app.clock.now();
    let act = |s: &dyn Session| lifecycle::share_place(s, &app, &id.0, inbox, here, now);
    let (seq, records) = store::transact(&*app.store, act).map_err(|e| refused(ground, e))?;
    Ok(Report::done(json!({ "seq": seq, "records": records }), seq.to_string()))
}

fn refused(ground: &Ground, error: LifeError) -> CommandError {
    match error {
        LifeError::Store(error) => CommandError::Store(error),
        other => CommandError::refused(other.code(), ground.say(&other.zh(), &other.to_string())),
    }
}
