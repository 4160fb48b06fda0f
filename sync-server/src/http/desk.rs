//! The console's pages: their routes, who may see which, and the frame they share.
//!
//! Pages are made on the server and work without scripts; scripts make them quicker. A handler
//! asks for its right in its first line; every act carries the session's secret.

mod assets;
mod checklists;
mod clocks;
mod conflicts;
mod decided;
pub(super) mod exports;
mod findings;
mod frame;
mod imports;
mod live;
mod map;
mod people;
mod phones;
mod photos;
mod places;
mod quarantine;
mod refusal;
mod rights;
mod settle;
mod sides;
mod tabs;
mod tiles;
mod today;
mod trail;
mod twin_view;
mod twins;
mod visits;
mod ways;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use ironfeet_core::limits;

use super::error::{Error, off};
use crate::app::App;
use crate::review::ReviewError;
use crate::store::{Session, StoreError};

/// A file of checklists as a form sends it: Chinese takes nine bytes a character there.
const FILE_BYTES: usize = 4 * 1024 * 1024;

/// Pages and acts.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/assets/{*file}", get(assets::file))
        .route("/console/today", get(today::page))
        .route("/console/review", get(conflicts::page))
        .route("/console/review/decide", post(settle::decide))
        .route("/console/review/undo", post(settle::undo))
        .route("/console/review/same", post(settle::same))
        .route("/console/review/waiting", get(quarantine::page).post(quarantine::act))
        .route("/console/review/twins", get(twins::page).post(twins::act))
        .route("/console/review/twins/undo", post(twins::undo))
        .route("/console/review/clocks", get(clocks::page).post(clocks::note))
        .route("/console/review/decided", get(decided::page))
        .route("/console/places", get(places::list))
        .route("/console/places/{id}", get(places::one))
        .route("/console/visits", get(visits::list))
        .route("/console/visits/{id}", get(visits::one))
        .route("/console/findings", get(findings::list))
        .route("/console/map", get(map::page))
        .route("/console/map/grids", get(map::grids_json))
        .route("/console/map/places", get(map::places_json))
        .route("/console/checklists", get(checklists::page))
        .route("/console/checklists/file", get(checklists::download))
        .route("/console/checklists/list/{id}", get(checklists::one))
        .route("/console/checklists/version/{n}", get(checklists::version))
        .route("/console/photos/{sha256}", get(photos::one))
        .route("/console/phones", get(phones::page))
        .route("/console/phones/invite", post(phones::invite))
        .route("/console/phones/revoke", post(phones::revoke))
        .route("/console/people", get(people::page).post(people::keep))
        .route("/console/people/retire", post(people::retire))
        .route("/console/export", get(exports::page))
        .route("/console/audit", get(trail::page))
        .layer(DefaultBodyLimit::max(limits::JSON_BYTES_MAX))
        .merge(files())
}

/// Takes whole files.
fn files() -> Router<Arc<App>> {
    Router::new()
        .route("/console/checklists/propose", post(checklists::propose))
        .layer(DefaultBodyLimit::max(FILE_BYTES))
}

/// Takes files of places, which are larger.
fn places_files() -> Router<Arc<App>> {
    Router::new()
        .route("/console/import", get(imports::page).post(imports::bring))
        .route("/console/import/state", get(imports::state))
        .layer(DefaultBodyLimit::max(imports::FILE_BYTES))
}

/// Answers that take as long as they take.
pub(super) fn streams() -> Router<Arc<App>> {
    Router::new()
        .route("/console/live", get(live::live))
        .route("/console/export/{file}", get(exports::file))
        .merge(places_files())
}

/// Runs an act in one transaction of the writing thread. The inner error is for the person; nothing
/// was written then.
async fn act<T: Send + 'static>(
    app: &Arc<App>,
    work: impl Fn(&dyn Session, &App) -> Result<T, ReviewError> + Send + 'static,
) -> Result<Result<T, ReviewError>, Error> {
    let app = app.clone();
    off(move || {
        let writer = app.writer.as_ref().ok_or(Error::Interrupted)?;
        let refused = Arc::new(Mutex::new(None));
        let (slot, inner) = (refused.clone(), app.clone());
        let done = writer.run(move |s| {
            work(s, &inner).map_err(|error| match error {
                ReviewError::Store(error) => error,
                other => {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(other);
                    StoreError::GivenUp
                }
            })
        });
        let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (done, refused) {
            (Ok(value), _) => Ok(Ok(value)),
            (Err(_), Some(refused)) => Ok(Err(refused)),
            (Err(error), None) => Err(error.into()),
        }
    })
    .await
}
