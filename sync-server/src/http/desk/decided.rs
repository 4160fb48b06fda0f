//! What was decided lately, with the way to take it back.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use ironfeet_core::model::DocId;

use super::super::error::off;
use super::frame::{Desk, Frame, Refusal};
use super::places::within;
use super::rights::Right;
use super::tabs::Tabs;
use crate::store::desk::{DecisionRow, TwinDecision};
use crate::store::{self, Session, StoreError};

/// Decisions on a page.
const PAGE: usize = 40;
/// Pairs shown.
const PAIRS: usize = 20;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    before: Option<u64>,
}

/// A decision about a field, and where.
pub(super) struct Line {
    pub(super) row: DecisionRow,
    pub(super) about: DocId,
    pub(super) place: String,
}

/// A decision about a pair, and what it was about.
struct Pair {
    row: TwinDecision,
    place: String,
    visit: bool,
}

#[derive(Template)]
#[template(path = "decided.html")]
struct DecidedPage {
    f: Frame,
    tabs: Tabs,
    lines: Vec<Line>,
    pairs: Vec<Pair>,
    more: Option<u64>,
}

/// The place a record is about, within reach, with its address.
fn about(s: &dyn Session, desk: &Desk, doc: &DocId) -> Result<Option<(DocId, String)>, StoreError> {
    let Some(row) = s.doc(doc)?.filter(|row| within(&desk.scope, &row.pid)) else {
        return Ok(None);
    };
    let about = row.about.unwrap_or(*doc);
    let address = s.rows(&about)?.place.map(|place| place.address).filter(|a| !a.is_empty());
    Ok(Some((about, address.unwrap_or_else(|| row.pid.to_string()))))
}

/// Decisions within reach, each with its place.
pub(super) fn lines(
    s: &dyn Session,
    desk: &Desk,
    rows: Vec<DecisionRow>,
) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for row in rows {
        if let Some((about, place)) = about(s, desk, &row.doc)? {
            lines.push(Line { row, about, place });
        }
    }
    Ok(lines)
}

/// Decisions about fields, about pairs, and the number before which there may be more.
type Seen = (Vec<Line>, Vec<Pair>, Option<u64>);

fn look(desk: &Desk, before: Option<u64>) -> Result<Seen, StoreError> {
    store::view(&*desk.app.store, |s| {
        let rows = s.decisions(before, PAGE)?;
        let more = (rows.len() == PAGE).then(|| rows.last().map(|row| row.id)).flatten();
        let lines = lines(s, desk, rows)?;
        let mut pairs = Vec::new();
        let decided = if before.is_none() { s.twin_decisions(PAIRS)? } else { Vec::new() };
        for row in decided {
            if let Some((about, place)) = about(s, desk, &row.a)? {
                pairs.push(Pair { visit: about != row.a, row, place });
            }
        }
        Ok((lines, pairs, more))
    })
}

/// The list.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let f = desk.frame(Right::Review).await?;
    let (desk, (lines, pairs, more)) = off(move || {
        let found = look(&desk, asked.before)?;
        Ok((desk, found))
    })
    .await?;
    desk.show(&DecidedPage { tabs: Tabs::of(&f, "decided"), f, lines, pairs, more })
}
