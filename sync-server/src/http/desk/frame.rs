//! Who is at the desk, and what every page shares: language, navigation, secret, refusals.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};

use ironfeet_core::checklist::Content;
use ironfeet_core::model::{Lang, Pid, Role, Scalar, UtcMillis};

use super::super::console::{In, LANG_COOKIE, language, session, set_cookie};
use super::super::error::{Error, off};
pub(super) use super::refusal::Refusal;
use super::rights::{Right, may};
use super::ways::{self, Way};
use crate::app::App;
use crate::review::decide::By;
use crate::store;
use crate::words;

/// Phones not heard for this long are silent.
pub(super) const SILENT_HOURS: i64 = 72;

/// Somebody signed in, and what is asked of the page.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) lang: In,
    pub(super) now: UtcMillis,
    pub(super) by: By,
    pub(super) scope: Vec<String>,
    pub(super) csrf: String,
    uri: Uri,
}

impl FromRequestParts<Arc<App>> for Desk {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let session = session(app, &parts.headers).ok_or(Refusal::SignIn)?;
        let uri = parts.uri.clone();
        let asked =
            uri.query().unwrap_or_default().split('&').find_map(|p| p.strip_prefix("lang="));
        Ok(Self {
            lang: language(&parts.headers, asked),
            app: app.clone(),
            now: app.clock.now(),
            by: By { actor: session.actor, post: session.post },
            scope: session.areas,
            csrf: session.csrf,
            uri,
        })
    }
}

/// What every page shares.
pub(super) struct Frame {
    pub(super) lang: In,
    pub(super) now: UtcMillis,
    pub(super) csrf: String,
    pub(super) post: &'static str,
    pub(super) actor: String,
    /// Conflicts, tickets, pairs, clocks that wait; nothing for who does not decide.
    pub(super) waiting: [u64; 4],
    pub(super) ways: Vec<Way>,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) said: Option<Said>,
    /// The checklists in use, for words.
    pub(super) content: Arc<Content>,
}

/// What came of the act before.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) good: bool,
    /// A decision that can be taken back.
    pub(super) undo: Option<u64>,
    /// A pair about which can be taken back what was said.
    pub(super) pair: Option<(String, String)>,
}

impl Said {
    /// What went well, or not; nothing to take back.
    pub(super) fn plain(text: impl Into<String>, good: bool) -> Self {
        Self { text: text.into(), good, undo: None, pair: None }
    }
}

impl Frame {
    pub(super) fn t<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        self.lang.t(zh, en)
    }

    pub(super) fn time(&self, at: &UtcMillis) -> String {
        words::time(*at)
    }

    pub(super) fn time_or(&self, at: &Option<UtcMillis>) -> String {
        at.map_or_else(|| "—".to_owned(), words::time)
    }

    /// When a time limit ends: a day's last moment is its 24:00, not the next day's first.
    pub(super) fn due(&self, at: &UtcMillis) -> String {
        words::until(*at)
    }

    /// From when to when; the day once where it is one.
    pub(super) fn span(&self, from: &UtcMillis, to: &UtcMillis) -> String {
        words::from_to(*from, *to)
    }

    /// A number of things.
    pub(super) fn n<N>(&self, n: &N, zh: &str, one: &str, many: &str) -> String
    where
        N: Copy + TryInto<u64>,
    {
        let n = (*n).try_into().unwrap_or(u64::MAX);
        format!("{n} {}", self.t(zh, if n == 1 { one } else { many }))
    }

    pub(super) fn machine(&self, at: &UtcMillis) -> String {
        words::machine(*at)
    }

    pub(super) fn ago(&self, at: &UtcMillis) -> String {
        words::ago(*at, self.now, self.lang.0)
    }

    pub(super) fn post_of(&self, role: &Option<Role>) -> &'static str {
        role.map_or_else(|| self.t("岗位未知", "unknown post"), |r| words::post(r, self.lang.0))
    }

    pub(super) fn by(&self, role: &Role) -> &'static str {
        words::post(*role, self.lang.0)
    }

    /// A post by its stable name.
    pub(super) fn post_named(&self, name: &str) -> &'static str {
        self.post_of(&name.parse::<Role>().ok())
    }

    /// What somebody decided about a field.
    pub(super) fn act(&self, code: &str) -> &'static str {
        match code {
            "take" => self.t("采用一个值", "took a value"),
            "own" => self.t("另写一个值", "wrote another value"),
            "both" => self.t("都留作备注", "kept both as a remark"),
            _ => self.t("撤销", "took back"),
        }
    }

    pub(super) fn kind<'c>(&self, code: &'c str) -> &'c str {
        words::kind(code, self.lang.0)
    }

    pub(super) fn record<'c>(&self, code: &'c str) -> &'c str {
        words::record(code, self.lang.0)
    }

    pub(super) fn reason<'c>(&self, code: &'c str) -> &'c str {
        words::reason(code, self.lang.0)
    }

    pub(super) fn advice(&self, code: &str) -> &'static str {
        words::advice(code, self.lang.0)
    }

    pub(super) fn field(&self, container: &str, name: &str) -> String {
        words::field(&self.content, container, name, self.lang.0)
    }

    pub(super) fn value(&self, container: &str, name: &str, value: &Scalar) -> String {
        words::value(&self.content, container, name, value, self.lang.0)
    }

    pub(super) fn status<'c>(&self, code: &'c str) -> &'c str {
        words::status(code, self.lang.0)
    }

    pub(super) fn route<'c>(&self, code: &'c str) -> &'c str {
        words::route(code, self.lang.0)
    }

    pub(super) fn severity(&self, code: impl AsRef<str>) -> &'static str {
        words::severity(code.as_ref(), self.lang.0)
    }

    /// A checklist's title.
    pub(super) fn list(&self, id: &str) -> String {
        words::list(&self.content, id, self.lang.0)
    }

    /// A category's name.
    pub(super) fn category(&self, code: &str) -> String {
        let found = self.content.category(code);
        found.map_or_else(|| code.to_owned(), |c| c.name.get(self.lang.0).to_owned())
    }

    /// A finding's title.
    pub(super) fn finding(&self, code: &str) -> String {
        let found = self.content.finding(code);
        let title = found.map(|(_, _, rule)| rule.title.get(self.lang.0).to_owned());
        title.unwrap_or_else(|| code.to_owned())
    }

    /// A department's name.
    pub(super) fn department(&self, code: impl AsRef<str>) -> String {
        let code = code.as_ref();
        let found = code.parse().ok().and_then(|code| self.content.words().departments.get(&code));
        found.map_or_else(|| code.to_owned(), |name| name.get(self.lang.0).to_owned())
    }

    /// One text of two.
    pub(super) fn say<'t>(&self, text: &'t ironfeet_core::model::Text) -> &'t str {
        text.get(self.lang.0)
    }

    pub(super) fn grid(&self, pid: &Pid) -> String {
        words::grid(pid)
    }
}

impl Desk {
    /// The one check of rights, first in every handler.
    pub(super) fn may(&self, right: Right) -> Result<(), Refusal> {
        if may(self.by.post, right) { Ok(()) } else { Err(Refusal::NotYours(self.lang)) }
    }

    /// The one check of an act: the right, and the session's secret.
    pub(super) fn may_act(&self, right: Right, csrf: &str) -> Result<(), Refusal> {
        self.may(right)?;
        if self.csrf == csrf { Ok(()) } else { Err(Refusal::Failed(Error::Forbidden)) }
    }

    pub(super) fn lang(&self) -> Lang {
        self.lang.0
    }

    pub(super) fn missing(&self) -> Refusal {
        Refusal::Missing(self.lang)
    }

    fn in_language(&self, code: &str) -> String {
        let query = self.uri.query().unwrap_or_default();
        let kept = query.split('&').filter(|p| !p.is_empty() && !p.starts_with("lang="));
        let mut parts: Vec<String> = kept.map(str::to_owned).collect();
        parts.push(format!("lang={code}"));
        format!("?{}", parts.join("&"))
    }

    /// The frame of a right's first page.
    pub(super) async fn frame(&self, here: Right) -> Result<Frame, Error> {
        self.frame_at(here, ways::first(here)).await
    }

    /// The frame of a page that stands under one entry of the navigation.
    pub(super) async fn frame_at(&self, right: Right, here: &str) -> Result<Frame, Error> {
        self.may(right).map_err(|_| Error::Forbidden)?;
        let (app, scope) = (self.app.clone(), self.scope.clone());
        let decides = may(self.by.post, Right::Review);
        let waiting = off(move || {
            if !decides {
                return Ok([0; 4]);
            }
            Ok(store::view(&*app.store, |s| s.waiting(&scope))?)
        })
        .await?;
        Ok(Frame {
            lang: self.lang,
            now: self.now,
            csrf: self.csrf.clone(),
            post: words::post(self.by.post, self.lang.0),
            actor: self.by.actor.clone(),
            waiting,
            ways: ways::ways(self.by.post, self.lang, here, waiting.iter().sum()),
            zh: self.in_language("zh"),
            en: self.in_language("en"),
            said: None,
            content: self.app.checklists.get(),
        })
    }

    /// The page as an answer; remembers the language.
    pub(super) fn show(&self, page: &impl Template) -> Result<Response, Refusal> {
        let html = page.render().map_err(|_| Error::Interrupted)?;
        let mut response = Html(html).into_response();
        if self.uri.query().is_some_and(|query| query.contains("lang=")) {
            let code = self.lang.code();
            let cookie = format!("{LANG_COOKIE}={code}; Path=/; SameSite=Strict; HttpOnly");
            set_cookie(&mut response, &cookie);
        }
        Ok(response)
    }
}

/// A text for a query string.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A path with its query; empty values are left out.
pub(super) fn link(path: &str, pairs: &[(&str, &str)]) -> String {
    let full = pairs.iter().filter(|(_, value)| !value.is_empty());
    let parts: Vec<String> = full.map(|(key, value)| format!("{key}={}", escape(value))).collect();
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}

/// A list's own address with one filter set anew; `after`, where the list goes on, is never kept.
pub(super) fn relink(path: &str, own: &[(&str, &String)], name: &str, value: &str) -> String {
    let mut pairs: Vec<(&str, &str)> =
        own.iter().map(|(n, v)| (*n, if *n == name { value } else { v.as_str() })).collect();
    if name == "after" {
        pairs.push((name, value));
    }
    link(path, &pairs)
}

/// Where to go after an act: a page of the console, nowhere else.
pub(super) fn inside(path: &str) -> &str {
    if path.starts_with("/console/") && !path.contains(['\\', '\r', '\n']) {
        path
    } else {
        "/console/today"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_what_is_set() {
        assert_eq!(link("/a", &[("b", ""), ("c", "走 访&")]), "/a?c=%E8%B5%B0%20%E8%AE%BF%26");
        assert_eq!(link("/a", &[("b", "")]), "/a");
    }

    #[test]
    fn an_act_leads_to_no_other_place() {
        for bad in
            ["https://example.org/", "//example.org/console/", "/console/a\r\nx: y", "/v1/sync"]
        {
            assert_eq!(inside(bad), "/console/today");
        }
        assert_eq!(inside("/console/review?at=1"), "/console/review?at=1");
    }
}
