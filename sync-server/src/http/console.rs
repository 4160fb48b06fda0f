//! The supervisors' pages: sign in, conflicts side by side, one action settles one.
//!
//! Pages are made on the server; no script runs. Every act carries the session's secret.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::document::Settle;
use ironfeet_core::model::{Lang, Role, UtcMillis};

use super::error::{Error, off};
use super::session::Session;
use crate::app::App;
use crate::review::{self, Open, ReviewError};
use crate::words;
use crate::{audit, enrol};

const COOKIE: &str = "ironfeet";
const LANG_COOKIE: &str = "ironfeet_lang";
/// Conflicts on one page.
const PAGE: usize = 100;
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Which language a page speaks.
#[derive(Clone, Copy)]
struct In(Lang);

impl In {
    fn t<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.0 {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn code(&self) -> &'static str {
        match self.0 {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    fn post(&self, role: &Option<Role>) -> &'static str {
        role.map_or_else(|| self.t("未知", "unknown"), |role| words::post(role, self.0))
    }

    fn time(&self, at: &UtcMillis) -> String {
        words::time(*at)
    }

    fn server_time(&self, at: &Option<UtcMillis>) -> String {
        at.map_or_else(|| "—".to_owned(), words::time)
    }

    fn field(&self, name: &str) -> String {
        words::field(name, self.0)
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    lang: In,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "conflicts.html")]
struct ConflictsPage {
    lang: In,
    csrf: String,
    open: Vec<Open>,
    said: Option<&'static str>,
}

fn page(template: &impl Template) -> Result<Response, Error> {
    Ok(Html(template.render().map_err(|_| Error::Interrupted)?).into_response())
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

fn language(headers: &HeaderMap, asked: Option<&str>) -> In {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let wanted = asked.or_else(|| cookie(headers, LANG_COOKIE)).or(accepted).unwrap_or("zh");
    In(if wanted.starts_with("en") { Lang::En } else { Lang::Zh })
}

fn session(app: &App, headers: &HeaderMap) -> Option<Session> {
    let token = cookie(headers, COOKIE)?;
    app.sessions.find(token, app.clock.now(), &app.config.console)
}

fn to_login() -> Response {
    Redirect::to("/console/login").into_response()
}

fn set_cookie(response: &mut Response, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
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
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Where to go.
pub(super) async fn home() -> Redirect {
    Redirect::to("/console/conflicts")
}

/// The one style sheet.
pub(super) async fn css() -> Response {
    let text = include_str!("../../console/assets/console.css");
    let kept = "public, max-age=3600";
    ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, kept)], text).into_response()
}

/// What a link may ask.
#[derive(Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
    said: Option<String>,
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

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Login {
    code: String,
}

/// Signs in with the one-time code.
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
        let writer = inner.writer.as_ref().ok_or(Error::Interrupted)?;
        Ok(writer.run(move |s| {
            let right = s.meta(enrol::CONSOLE_CODE)?.is_some_and(|hash| hash == given);
            if right {
                s.meta_put(enrol::CONSOLE_CODE, &[])?;
                audit::note(s, now, "supervisor", "console.login", "console")?;
            }
            Ok(right)
        })?)
    })
    .await?;
    if !right {
        app.sessions.failed(now);
        let lang = language(&headers, None);
        let form = page(&LoginPage { lang, wrong: true })?;
        return Ok((StatusCode::FORBIDDEN, form).into_response());
    }
    let token = app.sessions.begin(&*app.entropy, now);
    let mut response = Redirect::to("/console/conflicts").into_response();
    let secure = if app.config.is_tls() { "; Secure" } else { "" };
    set_cookie(
        &mut response,
        &format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}"),
    );
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
    if let (Some(_), Some(token)) = (known, cookie(&headers, COOKIE)) {
        app.sessions.end(token);
    }
    Ok(to_login())
}

/// Open conflicts, both values side by side.
pub(super) async fn conflicts(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let Some(session) = session(&app, &headers) else { return Ok(to_login()) };
    let lang = language(&headers, asked.lang.as_deref());
    let open = off(move || Ok(review::conflicts(&app, PAGE)?)).await?;
    let said =
        match asked.said.as_deref() {
            Some("taken") => Some(lang.t(
                "已采用，手机下次同步时收到。",
                "Taken. Phones receive it with their next sync.",
            )),
            Some("settled") => {
                Some(lang.t("这一处已由他人处理。", "Somebody settled this one already."))
            }
            _ => None,
        };
    let mut response = page(&ConflictsPage { lang, csrf: session.csrf, open, said })?;
    remember(&mut response, lang, &asked);
    Ok(response)
}

/// Which value to take.
#[derive(Deserialize)]
pub(super) struct Take {
    csrf: String,
    doc: String,
    container: String,
    field: String,
    choose: String,
}

/// Takes one value: one change, one audit row.
pub(super) async fn settle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(form): Form<Take>,
) -> Result<Response, Error> {
    let Some(session) = session(&app, &headers) else { return Ok(to_login()) };
    if session.csrf != form.csrf {
        return Err(Error::Forbidden);
    }
    let doc = form.doc.parse().map_err(|_| Error::Parameter)?;
    let choose = form.choose.parse().map_err(|_| Error::Parameter)?;
    let chosen = Settle { container: form.container, field: form.field, choose };
    let outcome = off(move || {
        let inner = app.clone();
        let writer = app.writer.as_ref().ok_or(Error::Interrupted)?;
        let done =
            writer.run(move |s| match review::settle(s, &inner, &doc, &chosen, "supervisor") {
                Ok(_) => Ok(Some(s.presence(&doc)?)),
                Err(ReviewError::Store(error)) => Err(error),
                Err(_) => Ok(None),
            })?;
        Ok(done.inspect(|pids| app.nudge.wake(pids)))
    })
    .await?;
    let said = if outcome.is_some() { "taken" } else { "settled" };
    Ok(Redirect::to(&format!("/console/conflicts?said={said}")).into_response())
}
