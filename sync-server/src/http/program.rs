//! What programs may take out, with tokens of their own: the trail of decisions, lists as files.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::console::language;
use super::desk::exports::{Asked, stream};
use super::error::{Error, off};
use crate::app::App;
use crate::pass::PassError;
use crate::{account, audit, store};

/// Rows in one answer.
const ROWS: usize = 1_000;

/// A program's token as it came; checked by [`Program::may`].
pub(super) struct Program(String);

impl<S: Send + Sync> FromRequestParts<S> for Program {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|text| text.strip_prefix("Bearer ")).ok_or(PassError::Token)?;
        Ok(Self(token.trim().to_owned()))
    }
}

impl Program {
    /// What the program is called, if its token allows this.
    pub(super) fn may(&self, app: &App, scope: &str) -> Result<String, Error> {
        let now = app.clock.now();
        let found = store::view(&*app.store, |s| account::allowed(s, &self.0, scope, now))?;
        match found {
            Some((name, true)) => Ok(name),
            Some((_, false)) => Err(Error::Forbidden),
            None => Err(PassError::Token.into()),
        }
    }
}

/// `GET /v1/export/{file}`: places, visits or findings of the whole city; taking them out is an act.
pub(super) async fn export(
    State(app): State<Arc<App>>,
    program: Program,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let ask = asked.ask(&name, vec![String::new()], language(&headers, None).0)?;
    let inner = app.clone();
    off(move || {
        let by = format!("api:{}", program.may(&inner, "export")?);
        let now = inner.clock.now();
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| audit::note(s, now, &by, "export", &name))?)
    })
    .await?;
    Ok(stream(&app, ask))
}

/// Rows behind this one.
#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /v1/audit?after=N`: the trail, a thousand rows at a time; taking it out is itself an act.
pub(super) async fn trail(
    State(app): State<Arc<App>>,
    program: Program,
    Query(asked): Query<After>,
) -> Result<Json<Value>, Error> {
    off(move || {
        let name = program.may(&app, "audit")?;
        let rows = store::view(&*app.store, |s| s.audit_after(asked.after, ROWS))?;
        let next = rows.last().map_or(asked.after, |row| row.n);
        let rows: Vec<Value> = rows.iter().map(audit::json).collect();
        let now = app.clock.now();
        let writer = app.writer.as_ref().ok_or(Error::Interrupted)?;
        let (who, what) = (format!("api:{name}"), format!("rows {}..{next}", asked.after));
        writer.run(move |s| audit::note(s, now, &who, "audit.export", &what))?;
        Ok(Json(json!({ "rows": rows, "next": next })))
    })
    .await
}
