//! Signing in and out of the console, and the headers of every page. The pages are in `desk`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::Lang;

use super::error::{Error, off};
use super::session::Session;
use crate::app::App;
use crate::store::{PersonRow, StoreError};
use crate::{account, audit, enrol, store};

pub(super) const COOKIE: &str = "ironfeet";
pub(super) const LANG_COOKIE: &str = "ironfeet_lang";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Which language a page speaks.
#[derive(Clone, Copy)]
pub(super) struct In(pub(super) Lang);

impl In {
    pub(super) fn t<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.0 {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self.0 {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    lang: In,
    wrong: bool,
}

pub(super) fn page(template: &impl Template) -> Result<Response, Error> {
    Ok(Html(template.render().map_err(|_| Error::Interrupted)?).into_response())
}

pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

pub(super) fn language(headers: &HeaderMap, asked: Option<&str>) -> In {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let wanted = asked.or_else(|| cookie(headers, LANG_COOKIE)).or(accepted).unwrap_or("zh");
    In(if wanted.starts_with("en") { Lang::En } else { Lang::Zh })
}

pub(super) fn session(app: &App, headers: &HeaderMap) -> Option<Session> {
    any_session(app, headers).filter(|session| !session.half)
}

/// What codes of an account's areas begin with. Who has no area sees records of none: no code begins with this.
pub(super) fn scope(person: &PersonRow) -> Vec<String> {
    if person.areas.is_empty() {
        return vec!["-".to_owned()];
    }
    person.areas.iter().map(|area| store::prefix(area).to_owned()).collect()
}

/// A session with the post and the areas that its account has now, also one that may only set up its account.
/// An account that was retired has none.
pub(super) fn any_session(app: &App, headers: &HeaderMap) -> Option<Session> {
    let token = cookie(headers, COOKIE)?;
    let mut session = app.sessions.find(token, app.clock.now(), &app.config.console)?;
    let id = session.actor.parse().ok()?;
    let holds =
        |s: &dyn store::Session| Ok::<_, StoreError>((s.person_retired(&id)?, s.person(&id)?));
    match store::view(&*app.store, holds) {
        Ok((None, Some(person))) => {
            session.post = person.post;
            session.areas = scope(&person);
            Some(session)
        }
        Ok((None, None)) => Some(session),
        _ => {
            app.sessions.end(token);
            None
        }
    }
}

/// The cookie of a session.
pub(super) fn keep_session(app: &App, response: &mut Response, token: &str) {
    let secure = if app.config.is_tls() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    set_cookie(response, &text);
}

pub(super) fn to_login() -> Response {
    Redirect::to("/console/login").into_response()
}

pub(super) fn set_cookie(response: &mut Response, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Lets the page ask the tile source too; pages without a map never may.
pub(super) fn allow_tiles(app: &App, response: &mut Response) {
    let Some(origin) = app.config.console.tile_origin() else { return };
    let policy = POLICY
        .replace("connect-src 'self'", &format!("connect-src 'self' {origin}"))
        .replace("img-src 'self'", &format!("img-src 'self' {origin}"));
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Headers that every page carries.
pub(super) async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Where to go.
pub(super) async fn home() -> Redirect {
    Redirect::to("/console/today")
}

/// What a link may ask.
#[derive(Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
}

/// The form to sign in.
pub(super) async fn login_page(
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let lang = language(&headers, asked.lang.as_deref());
    let mut response = page(&LoginPage { lang, wrong: false })?;
    remember(&mut response, lang, &asked);
    Ok(response)
}

fn remember(response: &mut Response, lang: In, asked: &Asked) {
    if asked.lang.is_some() {
        let code = lang.code();
        set_cookie(response, &format!("{LANG_COOKIE}={code}; Path=/; SameSite=Strict; HttpOnly"));
    }
}

/// The form again; it says that something was wrong, not what.
pub(super) fn refused_login(headers: &HeaderMap) -> Result<Response, Error> {
    let form = page(&LoginPage { lang: language(headers, None), wrong: true })?;
    Ok((StatusCode::FORBIDDEN, form).into_response())
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Login {
    code: String,
}

/// Signs in with the one-time code: to the pages that set up a password and a second factor, and no other.
pub(super) async fn login(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Login>,
) -> Result<Response, Error> {
    let now = app.clock.now();
    if !app.sessions.may_try(now) {
        return Err(Error::TooMany);
    }
    let inner = app.clone();
    let right = off(move || {
        let given = enrol::code_hash(&form.code);
        // The code is the one-time password of the account that it leads to.
        let alone = inner.config.console.code_alone;
        let password = (!alone).then(|| account::hashed(form.code.trim(), &*inner.entropy));
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| {
            let right = s.meta(enrol::CONSOLE_CODE)?.is_some_and(|hash| hash == given);
            if right {
                s.meta_put(enrol::CONSOLE_CODE, &[])?;
                match &password {
                    Some(hash) => account::by_code(s, hash, now)?,
                    None => audit::note(s, now, account::CODE, "console.login", "console")?,
                }
            } else {
                audit::refused(s, now, "nobody", "console.login", "console")?;
            }
            Ok(right)
        })?)
    })
    .await?;
    if !right {
        app.sessions.failed(now);
        return refused_login(&headers);
    }
    let token = app.sessions.begin(&*app.entropy, now);
    let half = !app.config.console.code_alone;
    if half {
        app.sessions.halve(&token, account::factor_secret(&*app.entropy));
    }
    let next = if half { super::signin::SETUP } else { super::signin::HOME };
    let mut response = Redirect::to(next).into_response();
    keep_session(&app, &mut response, &token);
    Ok(response)
}

/// Acts carry the session's secret.
#[derive(Deserialize)]
pub(super) struct Act {
    csrf: String,
}

/// Signs out.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Act>,
) -> Result<Response, Error> {
    let known = session(&app, &headers).filter(|session| session.csrf == form.csrf);
    if let (Some(known), Some(token)) = (known, cookie(&headers, COOKIE)) {
        app.sessions.end(token);
        let (inner, now) = (app.clone(), app.clock.now());
        off(move || {
            let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
            let note = move |s: &dyn store::Session| {
                audit::note(s, now, &known.actor, "console.logout", "console")
            };
            Ok(writer.run(note)?)
        })
        .await?;
    }
    Ok(to_login())
}
