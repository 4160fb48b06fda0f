//! Lists taken out of the system as files: streamed, page by page, never held whole.

use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc;

use ironfeet_core::model::{DocId, Lang, PlaceKind, UtcMillis};

use super::super::error::Error;
use super::frame::{Desk, Frame, Refusal};
use super::rights::Right;
use crate::app::App;
use crate::export::{self, Ask, Format, What};
use crate::words;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    f: Frame,
    /// Kinds of places and checklists: code and name.
    kinds: Vec<(String, String)>,
    lists: Vec<(String, String)>,
}

/// The form.
pub(super) async fn page(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Export)?;
    let f = desk.frame(Right::Export).await?;
    let kind = |kind: PlaceKind| {
        (kind.as_str().to_owned(), words::kind(kind.as_str(), desk.lang()).to_owned())
    };
    let kinds = PlaceKind::ALL.into_iter().map(kind).collect();
    let named = |list: &ironfeet_core::checklist::Checklist| {
        (list.id.clone(), list.title.get(desk.lang()).to_owned())
    };
    let lists = f.content.lists().iter().map(named).collect();
    desk.show(&ExportPage { f, kinds, lists })
}

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(in super::super) struct Asked {
    #[serde(default)]
    grid: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    list: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    open: String,
    /// `MS` or `MS.DOCUMENT`: the `updated_at` of the last row had.
    #[serde(default)]
    updated_after: String,
}

impl Asked {
    /// What this asks for, of a file of this name.
    pub(in super::super) fn ask(
        &self,
        name: &str,
        scope: Vec<String>,
        lang: Lang,
    ) -> Result<Ask, Error> {
        let (what, format) = name.split_once('.').ok_or(Error::NotFound)?;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let digits: String = self.grid.chars().filter(char::is_ascii_digit).collect();
        Ok(Ask {
            what: What::find(what).ok_or(Error::NotFound)?,
            format: Format::find(format).ok_or(Error::NotFound)?,
            scope,
            grid: some(&digits),
            kind: some(&self.kind),
            list: some(&self.list),
            severity: some(&self.severity),
            open: self.open == "1",
            after: self.after().ok_or(Error::Parameter)?,
            lang,
        })
    }

    fn after(&self) -> Option<(UtcMillis, DocId)> {
        let (at, doc) = self.updated_after.split_once('.').unwrap_or((&self.updated_after, ""));
        let end = DocId([0xff; 16]);
        match at {
            "" => Some((UtcMillis(-1), DocId([0; 16]))),
            at => Some((
                UtcMillis(at.parse().ok()?),
                if doc.is_empty() { end } else { doc.parse().ok()? },
            )),
        }
    }
}

/// One file.
pub(super) async fn file(
    desk: Desk,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    desk.may(Right::Export)?;
    let ask = asked.ask(&name, desk.scope.clone(), desk.lang())?;
    let (by, now) = (desk.by.actor.clone(), desk.now);
    let object = name;
    let noted =
        super::act(&desk.app, move |s, _| Ok(crate::audit::note(s, now, &by, "export", &object)?));
    noted.await?.map_err(|_| Error::Interrupted)?;
    Ok(stream(&desk.app, ask))
}

/// The file as it is written.
pub(in super::super) fn stream(app: &Arc<App>, ask: Ask) -> Response {
    let (what, format, day) = (ask.what, ask.format, words::civil_day(app.clock.now()));
    // A few pieces ahead of the reader at most.
    let (pieces, ready) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let app = app.clone();
    tokio::task::spawn_blocking(move || {
        let mut give = |piece: Vec<u8>| pieces.blocking_send(Ok(Bytes::from(piece))).is_ok();
        if let Err(error) = export::write(&app, &ask, &mut give) {
            tracing::error!(%error, "an export ended early");
            // The reader must not take half a file for a whole one.
            let _gone = pieces.blocking_send(Err(std::io::Error::other("the export ended early")));
        }
    });
    let body = Body::from_stream(stream::unfold(ready, |mut ready| async move {
        ready.recv().await.map(|piece| (piece, ready))
    }));
    let disposition = format!("attachment; filename=\"{}-{day}.{}\"", what.name(), format.name());
    let headers =
        [("content-type", format.media().to_owned()), ("content-disposition", disposition)];
    (headers, body).into_response()
}
