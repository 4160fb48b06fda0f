//! Why no page is shown, as a page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::super::console::{In, to_login};
use super::super::error::Error;

/// Why no page is shown.
pub(super) enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// Not for this post.
    NotYours(In),
    /// There is no such thing.
    Missing(In),
    /// Something failed.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    lang: In,
    title: &'static str,
    text: &'static str,
}

/// A title and a sentence, each in Chinese and English.
type Told = [[&'static str; 2]; 2];

const NOT_YOURS: Told = [
    ["您的岗位看不到这一页", "This page is not for your post"],
    ["需要时请联系系统管理员调整岗位。", "Ask a system administrator if your post should have it."],
];
const MISSING: Told = [
    ["没有找到", "Nothing here"],
    [
        "这条记录不存在，或不在您的网格内。",
        "There is no such record, or it lies outside of your grids.",
    ],
];

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, lang, told) = match self {
            Self::SignIn => return to_login(),
            Self::Failed(error) => return error.into_response(),
            Self::NotYours(lang) => (StatusCode::FORBIDDEN, lang, NOT_YOURS),
            Self::Missing(lang) => (StatusCode::NOT_FOUND, lang, MISSING),
        };
        let [title, text] = told.map(|[zh, en]| lang.t(zh, en));
        let page = RefusedPage { lang, title, text };
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => Error::Interrupted.into_response(),
        }
    }
}
