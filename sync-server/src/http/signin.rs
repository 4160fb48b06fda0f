//! Signing in with an account, changing its password, setting up its second factor.
//!
//! A session is half until both are done: it opens these pages and no other.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::console::{
    COOKIE, In, any_session, cookie, keep_session, language, page, refused_login, scope, to_login,
};
use super::error::{Error, off};
use super::session::Session;
use crate::account::{self, Attempt, Entry, Weak};
use crate::app::App;
use crate::store;

/// Where a full session goes.
pub(super) const HOME: &str = "/console/today";
/// Where a half session goes.
pub(super) const SETUP: &str = "/console/account";

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct SignIn {
    account: String,
    password: String,
    #[serde(default)]
    factor: String,
}

/// `POST /console/signin`.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Result<Response, Error> {
    let now = app.clock.now();
    if !app.sessions.may_try(now) {
        return Err(Error::TooMany);
    }
    let inner = app.clone();
    let entry = off(move || {
        let right = account::is_right(&*inner.store, &form.account, &form.password)?;
        let attempt = Attempt { account: form.account, right, code: form.factor };
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| account::sign_in(s, &attempt, now))?)
    })
    .await?;
    let (person, half) = match entry {
        Entry::Full(person) => (person, false),
        Entry::Half(person) => (person, true),
        Entry::Refused => {
            app.sessions.failed(now);
            return refused_login(&headers);
        }
    };
    let areas = scope(&person);
    let token = app.sessions.begin_as(&*app.entropy, now, person.id.as_str(), person.post, areas);
    if half {
        app.sessions.halve(&token, account::factor_secret(&*app.entropy));
    }
    let mut response = Redirect::to(if half { SETUP } else { HOME }).into_response();
    keep_session(&app, &mut response, &token);
    Ok(response)
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    lang: In,
    csrf: String,
    account: String,
    /// The second factor is still to be set up: its secret as text and as a link for an app.
    secret: Option<(String, String)>,
    /// The password was given by an administrator.
    one_time: bool,
    said: Option<&'static str>,
}

async fn shown(
    app: &Arc<App>,
    headers: &HeaderMap,
    session: &Session,
    said: Option<&'static str>,
) -> Result<Response, Error> {
    let inner = app.clone();
    let id = session.actor.parse().map_err(|_| Error::Forbidden)?;
    let login = off(move || Ok(store::view(&*inner.store, |s| s.login(&id))?)).await?;
    let login = login.ok_or(Error::Forbidden)?;
    let factor = account::factor(&session.actor, &session.factor);
    let open = login.factor.is_none() && !session.factor.is_empty();
    let text = |f: totp_rs::Totp| (f.secret().to_base32(), f.to_url().unwrap_or_default());
    let response = page(&AccountPage {
        lang: language(headers, None),
        csrf: session.csrf.clone(),
        account: session.actor.clone(),
        secret: factor.filter(|_| open).map(text),
        one_time: login.one_time,
        said,
    })?;
    let status = if said.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, response).into_response())
}

/// `GET /console/account`: one's own password and second factor.
pub(super) async fn page_of(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    match any_session(&app, &headers) {
        Some(session) => shown(&app, &headers, &session, None).await,
        None => Ok(to_login()),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Change {
    csrf: String,
    old: String,
    new: String,
}

fn words(weak: Weak, lang: In) -> &'static str {
    match weak {
        Weak::Length => lang.t("口令应为12到128个字符。", "A password has 12 to 128 characters."),
        Weak::Kinds => lang.t(
            "口令应含大写、小写、数字、符号、汉字中的三种。",
            "Use three of: capital letters, small letters, digits, signs, other scripts.",
        ),
        Weak::Known => lang.t(
            "口令不得包含账号名，也不得与原口令相同。",
            "A password must not hold the account's name, nor be the one before.",
        ),
    }
}

/// `POST /console/account/password`.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Change>,
) -> Result<Response, Error> {
    let Some(session) = any_session(&app, &headers) else { return Ok(to_login()) };
    if session.csrf != form.csrf {
        return Err(Error::Forbidden);
    }
    let lang = language(&headers, None);
    let fits = account::policy(&session.actor, &form.new);
    let fits = if form.old == form.new { Err(Weak::Known) } else { fits };
    if let Err(weak) = fits {
        return shown(&app, &headers, &session, Some(words(weak, lang))).await;
    }
    let id = session.actor.parse().map_err(|_| Error::Forbidden)?;
    let (inner, now) = (app.clone(), app.clock.now());
    let actor = session.actor.clone();
    let done = off(move || {
        let right = account::is_right(&*inner.store, &actor, &form.old)?;
        let hash = account::hashed(&form.new, &*inner.entropy);
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| account::change(s, &id, (right, &hash), now))?)
    })
    .await?;
    if !done {
        let said = lang.t("原口令不正确。", "The old password is not right.");
        return shown(&app, &headers, &session, Some(said)).await;
    }
    // Whoever knew the old password is out.
    app.sessions.end_all(&session.actor);
    Ok(to_login())
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Factor {
    csrf: String,
    factor: String,
}

/// `POST /console/account/factor`.
pub(super) async fn factor(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Factor>,
) -> Result<Response, Error> {
    let Some(session) = any_session(&app, &headers) else { return Ok(to_login()) };
    if session.csrf != form.csrf {
        return Err(Error::Forbidden);
    }
    let id = session.actor.parse().map_err(|_| Error::Forbidden)?;
    let (inner, now, secret) = (app.clone(), app.clock.now(), session.factor.clone());
    let done = off(move || {
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| account::set_factor(s, &id, &secret, &form.factor, now))?)
    })
    .await?;
    if !done {
        let lang = language(&headers, None);
        let said = lang.t("验证码不正确。", "The code is not right.");
        return shown(&app, &headers, &session, Some(said)).await;
    }
    if let Some(token) = cookie(&headers, COOKIE) {
        app.sessions.end(token);
    }
    Ok(to_login())
}
