//! The audit trail: search and verify.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::super::console::In;
use super::super::error::off;
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::rights::Right;
use crate::audit::Found;
use crate::store::desk::AuditFilter;
use crate::store::{self, AuditRow};
use crate::{audit, words};

/// Rows on a page.
const PAGE: usize = 100;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    before: Option<u64>,
    #[serde(default)]
    refused: String,
    #[serde(default)]
    verify: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    asked: Asked,
    rows: Vec<AuditRow>,
    more: String,
}

impl AuditPage {
    fn action_of(&self, row: &AuditRow) -> String {
        words::action(&row.action, self.f.lang.0).to_owned()
    }
}

fn said(found: Found, lang: In) -> Said {
    let text = match found {
        Found::Whole { rows } => {
            format!("{} {rows}", lang.t("完整，逐行核对：", "Whole; rows checked:"))
        }
        Found::Changed { row } => {
            format!("{} {row}", lang.t("从这一行起对不上：", "It does not fit from row"))
        }
        Found::Cut { rows, seen } => {
            let text =
                lang.t("末尾有行被删，现有/见证：", "Rows were cut off the end, there/seen:");
            format!("{text} {rows}/{seen}")
        }
    };
    Said::plain(text, matches!(found, Found::Whole { .. }))
}

/// The trail, newest first.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Audit)?;
    let mut f = desk.frame(Right::Audit).await?;
    let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let filter = AuditFilter {
        actor: some(&asked.actor),
        action: some(&asked.action),
        object: some(&asked.object),
        refused: asked.refused == "1",
    };
    let (app, before, verify) = (desk.app.clone(), asked.before, asked.verify == "1");
    let (mut rows, verified) = off(move || {
        let rows = store::view(&*app.store, |s| s.audit_page(&filter, before, PAGE + 1))?;
        let verified = if verify {
            Some(audit::verify(&*app.store, Some(&app.audit_witness()))?)
        } else {
            None
        };
        Ok((rows, verified))
    })
    .await?;
    let mut more = String::new();
    if rows.len() > PAGE {
        rows.truncate(PAGE);
        let last = rows.last().map_or(0, |row| row.n).to_string();
        let pairs = [
            ("actor", &*asked.actor),
            ("action", &asked.action),
            ("object", &asked.object),
            ("refused", &asked.refused),
            ("before", &last),
        ];
        more = link("/console/audit", &pairs);
    }
    f.said = verified.map(|found| said(found, desk.lang));
    desk.show(&AuditPage { f, asked, rows, more })
}
