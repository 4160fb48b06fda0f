//! Places from a file: brought here, looked at whole, written with progress; wrong rows are told one by one.

use std::path::Path;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Form, FromRequest as _, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::super::error::Error;
use super::frame::{Desk, Frame, Refusal, Said};
use super::rights::Right;
use crate::import::job::{self, Brought, Stage};
use crate::import::{ERRORS_MAX, Format, ImportError};
use crate::words;

/// The largest file; a city of 1,500,000 places is smaller.
pub(super) const FILE_BYTES: usize = 256 * 1024 * 1024;
/// What a form without a script sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// How the newest import stands, as it is told.
struct State {
    file: String,
    by: String,
    at: String,
    /// Under way: it is asked again.
    runs: bool,
    /// Rows done, of how many.
    done: u64,
    total: u64,
    /// A closing word.
    text: String,
    good: bool,
    /// Line, column, what would be right.
    errors: Vec<(u64, String, String)>,
}

impl State {
    /// Done of total, in hundredths.
    fn percent(&self) -> u64 {
        (self.done * 100).checked_div(self.total).unwrap_or(0)
    }
}

#[derive(Template)]
#[template(path = "import_state.html")]
struct StatePart {
    f: Frame,
    state: Option<State>,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    f: Frame,
    state: Option<State>,
    errors_max: usize,
}

fn told(desk: &Desk) -> Option<State> {
    let t = |zh: &'static str, en: &'static str| desk.lang.t(zh, en).to_owned();
    desk.app.imports.look(|job| {
        let mut state = State {
            file: job.file.clone(),
            by: job.by.clone(),
            at: words::time(job.at),
            runs: false,
            done: 0,
            total: 0,
            text: String::new(),
            good: true,
            errors: Vec::new(),
        };
        match &job.stage {
            Stage::None => return None,
            Stage::Reading => {
                (state.runs, state.text) = (true, t("正在逐行检查", "Looking at every row"));
            }
            Stage::Writing { done, total } => {
                (state.runs, state.text) = (true, t("正在写入", "Writing"));
                (state.done, state.total) = (*done, *total);
            }
            Stage::Done(all) => {
                let (added, changed, same) = (all.added, all.changed, all.same);
                state.text = match desk.lang() {
                    ironfeet_core::model::Lang::Zh => {
                        format!("完成：新增 {added}，变更 {changed}，相同 {same}。")
                    }
                    ironfeet_core::model::Lang::En => {
                        format!("Done: {added} added, {changed} changed, {same} the same.")
                    }
                };
            }
            Stage::Failed { error, done } => {
                (state.good, state.done) = (false, *done);
                state.text = failed(desk, error, *done);
                if let ImportError::Rows(rows) = error {
                    let row = |e: &crate::import::RowError| {
                        (e.line, e.column.clone(), e.what.get(desk.lang()).to_owned())
                    };
                    state.errors = rows.iter().map(row).collect();
                }
            }
        }
        Some(state)
    })
}

fn failed(desk: &Desk, error: &ImportError, done: u64) -> String {
    let t = |zh: &'static str, en: &'static str| desk.lang.t(zh, en);
    match error {
        ImportError::Rows(_) => t(
            "文件中有错，什么都没有导入。改好后再提交：",
            "The file has mistakes; nothing was imported. Mend them and bring it again:",
        )
        .to_owned(),
        ImportError::Personal(columns) => {
            let text = t(
                "文件中有关于个人的列，什么都没有导入。请删去：",
                "The file has columns about people; nothing was imported. Take out:",
            );
            format!("{text} {}", columns.join(", "))
        }
        ImportError::File(_) => t(
            "读不懂这个文件：需要 UTF-8 的 CSV，或点要素的 GeoJSON。",
            "This file cannot be read: a CSV in UTF-8 or a GeoJSON of points is needed.",
        )
        .to_owned(),
        ImportError::Store(_) => {
            let text = t(
                "写入中断；再提交同一文件即可，已写入的不会重复。已写入：",
                "Writing stopped; bring the same file again, rows written before are not doubled. Written:",
            );
            format!("{text} {done}")
        }
    }
}

/// The form, and the newest import.
pub(super) async fn page(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Import)?;
    let f = desk.frame(Right::Import).await?;
    let state = told(&desk);
    desk.show(&ImportPage { f, state, errors_max: ERRORS_MAX })
}

/// The newest import alone, asked again while it runs.
pub(super) async fn state(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Import)?;
    let f = desk.frame(Right::Import).await?;
    let part = StatePart { f, state: told(&desk) };
    Ok(Html(part.render().map_err(|_| Error::Interrupted)?).into_response())
}

/// What a form without a script sends: the text of the file.
#[derive(Deserialize)]
struct Pasted {
    csrf: String,
    #[serde(default)]
    text: String,
}

/// The file as it came: its name, its bytes, the session's secret.
async fn file(request: Request) -> Result<(String, Vec<u8>, String), Refusal> {
    let (kind, name, csrf) = {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        (header(CONTENT_TYPE.as_str()), unescape(&header("x-file-name")), header("x-csrf"))
    };
    let wrong = |_| Refusal::Failed(Error::Parameter);
    if kind.starts_with(FORM) {
        let form = Form::<Pasted>::from_request(request, &()).await;
        let Form(Pasted { csrf, text }) = form.map_err(|_| Refusal::Failed(Error::Parameter))?;
        let ending = if text.trim_start().starts_with('{') { "geojson" } else { "csv" };
        return Ok((format!("pasted.{ending}"), text.into_bytes(), csrf));
    }
    let body = Bytes::from_request(request, &()).await.map_err(wrong)?;
    Ok((name, body.into(), csrf))
}

/// A text as it was before it was made fit for a header.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'%' => {
                if let (Some(high), Some(low)) = (hex(rest.next()), hex(rest.next())) {
                    bytes.extend(u8::try_from(high * 16 + low));
                }
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes a file and begins; the page then shows how far it is.
pub(super) async fn bring(desk: Desk, request: Request) -> Result<Response, Refusal> {
    desk.may(Right::Import)?;
    let (name, bytes, csrf) = file(request).await?;
    desk.may_act(Right::Import, &csrf)?;
    // The name is only shown, and tells the format.
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    let Some(format) = Format::of(Path::new(&name)) else {
        let mut f = desk.frame(Right::Import).await?;
        let text = desk.lang.t("只接受 .csv 或 .geojson 文件。", "Only .csv or .geojson files.");
        f.said = Some(Said::plain(text, false));
        let state = told(&desk);
        return desk.show(&ImportPage { f, state, errors_max: ERRORS_MAX });
    };
    let by = desk.by.actor.clone();
    if desk.app.imports.begin(&name, &by, desk.now) {
        let brought = Brought { bytes, format, by, scope: desk.scope.clone() };
        let app = desk.app.clone();
        tokio::task::spawn_blocking(move || job::run(&app, &brought));
    }
    Ok(Redirect::to("/console/import").into_response())
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn names_of_files_are_read_as_the_browser_wrote_them() {
        for (sent, name) in
            [("a.csv", "a.csv"), ("%E5%9C%BA%E6%89%80.csv", "场所.csv"), ("%zz%4", "")]
        {
            assert_eq!(unescape(sent), name);
        }
    }
}
