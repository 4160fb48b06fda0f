//! Findings: a list read by key, by severity, category and time limit.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use ironfeet_core::checklist::Content;
use ironfeet_core::model::{DocId, UtcMillis};

use super::super::error::off;
use super::frame::{Desk, Frame, Refusal, relink};
use super::places::Pick;
use super::rights::Right;
use super::visits::{digits, some};
use crate::store;
use crate::store::desk::{FindingFilter, FindingLine};
use crate::words;

/// Lines on a page.
const PAGE: usize = 50;

/// What a link to findings may ask.
#[derive(Clone, Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) grid: String,
    #[serde(default)]
    pub(super) severity: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) open: String,
    #[serde(default)]
    pub(super) overdue: String,
    #[serde(default)]
    pub(super) lead: String,
    #[serde(default)]
    pub(super) route: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    pub(super) fn filter(&self, scope: &[String], now: UtcMillis) -> FindingFilter {
        FindingFilter {
            scope: scope.to_vec(),
            grid: digits(&self.grid),
            severity: some(&self.severity),
            category: some(&self.category),
            lead: some(&self.lead),
            route: some(&self.route),
            open: self.open == "1",
            due_before: (self.overdue == "1").then_some(now),
            places: Vec::new(),
        }
    }

    fn with(&self, name: &str, value: &str) -> String {
        let own = [
            ("grid", &self.grid),
            ("severity", &self.severity),
            ("category", &self.category),
            ("open", &self.open),
            ("overdue", &self.overdue),
            ("lead", &self.lead),
            ("route", &self.route),
        ];
        relink("/console/findings", &own, name, value)
    }

    fn key(&self) -> Option<(UtcMillis, DocId, String)> {
        let mut parts = self.after.splitn(3, '.');
        let at = UtcMillis(parts.next()?.parse().ok()?);
        Some((at, parts.next()?.parse().ok()?, parts.next()?.to_owned()))
    }
}

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    f: Frame,
    asked: Asked,
    severities: Vec<Pick>,
    states: Vec<Pick>,
    majors: Vec<Pick>,
    leads: Vec<(String, String)>,
    findings: Vec<FindingLine>,
    more: String,
    export: bool,
}

impl FindingsPage {
    fn late(&self, line: &FindingLine) -> bool {
        line.open && line.finding.due_at.is_some_and(|at| at < self.f.now)
    }
}

/// The list of findings.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Records)?;
    let f = desk.frame_at(Right::Records, "/console/findings").await?;
    let (filter, key) = (asked.filter(&desk.scope, desk.now), asked.key());
    let app = desk.app.clone();
    let mut findings = off(move || {
        Ok(store::view(&*app.store, |s| s.findings_page(&filter, key.as_ref(), PAGE + 1))?)
    })
    .await?;
    let mut more = String::new();
    if findings.len() > PAGE {
        findings.truncate(PAGE);
        if let Some(FindingLine { finding, .. }) = findings.last() {
            let key = format!("{}.{}.{}", finding.raised_at.0, finding.doc, finding.code);
            more = asked.with("after", &key);
        }
    }
    let (severities, states, majors) = picks(&desk, &f.content, &asked);
    let export = super::rights::may(desk.by.post, Right::Export);
    let known = f.content.words().departments.keys();
    let leads = known.map(|code| (code.to_string(), f.department(code.to_string()))).collect();
    let page = FindingsPage { f, asked, severities, states, majors, leads, findings, more, export };
    desk.show(&page)
}

fn picks(desk: &Desk, content: &Content, asked: &Asked) -> (Vec<Pick>, Vec<Pick>, Vec<Pick>) {
    let t = |zh: &str, en: &str| desk.lang.t(zh, en).to_owned();
    let pick = |name: &str, value: &str, text: String, own: &str| Pick {
        href: asked.with(name, value),
        text,
        here: own == value,
    };
    let mut severities = vec![pick("severity", "", t("所有程度", "Any severity"), &asked.severity)];
    severities.extend(["S1", "S2", "S3", "S4"].map(|code| {
        let text = format!("{code} {}", words::severity(code, desk.lang()));
        pick("severity", code, text, &asked.severity)
    }));
    let other = |own: &str| if own == "1" { "" } else { "1" };
    let states = vec![
        Pick {
            href: asked.with("open", other(&asked.open)),
            text: t("未消除", "Open"),
            here: asked.open == "1",
        },
        Pick {
            href: asked.with("overdue", other(&asked.overdue)),
            text: t("已过期限", "Past the limit"),
            here: asked.overdue == "1",
        },
        Pick {
            href: asked.with("route", if asked.route == "case" { "" } else { "case" }),
            text: t("需立案", "To become a case"),
            here: asked.route == "case",
        },
    ];
    let mut majors = vec![pick("category", "", t("所有分类", "All categories"), &asked.category)];
    majors.extend(content.words().majors.iter().map(|major| {
        pick("category", &major.code, major.name.get(desk.lang()).to_owned(), &asked.category)
    }));
    (severities, states, majors)
}
