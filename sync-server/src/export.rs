//! Places, visits and findings as rows for other programs: CSV, workbook, GeoJSON.
//!
//! Oldest change first, so that the `updated_at` of the last row had is where the next export goes
//! on. Every page is read in a view of its own. Must not know HTTP.

mod form;

use ironfeet_core::model::{DocId, Lang, UtcMillis};

use crate::app::App;
use crate::store::desk::{PlaceFilter, VisitFilter};
use crate::store::{self, Session, StoreError};
use crate::words;

use form::Form;

/// Records read at once.
const PAGE: usize = 1_000;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Places.
    Places,
    /// Visits.
    Visits,
    /// Findings.
    Findings,
}

impl What {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Places => "places",
            Self::Visits => "visits",
            Self::Findings => "findings",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Places, Self::Visits, Self::Findings].into_iter().find(|w| w.name() == name)
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Places => &[
                "id",
                "grid",
                "kind",
                "address",
                "name",
                "lat",
                "lon",
                "last_visit",
                "open_findings",
                "worst_open",
                "updated_at",
            ],
            Self::Visits => &[
                "id",
                "place",
                "grid",
                "address",
                "list",
                "list_version",
                "post",
                "status",
                "started_at",
                "finished_at",
                "findings",
                "updated_at",
            ],
            Self::Findings => &[
                "visit",
                "code",
                "place",
                "grid",
                "address",
                "severity",
                "title",
                "category",
                "lead",
                "route",
                "raised_at",
                "due_at",
                "open",
                "updated_at",
            ],
        }
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, UTF-8 with its mark, formulas disarmed.
    Csv,
    /// A workbook; a new sheet each million rows.
    Xlsx,
    /// Features; without a position their geometry is null.
    GeoJson,
}

impl Format {
    /// The stable name, which is the file's ending.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::GeoJson => "geojson",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Csv, Self::Xlsx, Self::GeoJson].into_iter().find(|f| f.name() == name)
    }

    /// The media type.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which records.
    pub what: What,
    /// Which form.
    pub format: Format,
    /// Prefixes of grids.
    pub scope: Vec<String>,
    /// Prefix of a grid within them.
    pub grid: Option<String>,
    /// Kind of place.
    pub kind: Option<String>,
    /// Checklist.
    pub list: Option<String>,
    /// Of findings only those of this severity.
    pub severity: Option<String>,
    /// Of findings only those still open.
    pub open: bool,
    /// Only what changed after.
    pub after: (UtcMillis, DocId),
    /// Language of words; codes stay codes.
    pub lang: Lang,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
    Empty,
    /// Text from people or codes.
    Text(String),
    /// A number.
    Number(f64),
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn time(at: Option<UtcMillis>) -> Self {
        at.map_or(Self::Empty, |at| Self::Text(words::machine(at)))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn count(n: u64) -> Self {
        Self::Number(n as f64)
    }
}

/// A row and where it lies.
pub(crate) struct Line {
    pub(crate) cells: Vec<Cell>,
    pub(crate) position: Option<(f64, f64)>,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error("the file could not be written: {0}")]
    File(&'static str),
}

/// Writes all rows; `give` takes pieces of the file and says whether anybody still reads.
///
/// # Errors
/// [`ExportError`]: what was given so far is no whole file.
pub fn write(
    app: &App,
    ask: &Ask,
    give: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<(), ExportError> {
    let mut form = Form::begin(ask.format, ask.what.name(), ask.what.columns())?;
    let mut after = ask.after;
    loop {
        let (lines, last) = store::view(&*app.store, |s| page(s, ask, after))?;
        for line in &lines {
            form.line(line)?;
        }
        let piece = form.take();
        if !piece.is_empty() && !give(piece) {
            return Ok(());
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    form.end(give)
}

/// A page of rows, and where the next begins; nothing: it was the last.
type Page = (Vec<Line>, Option<(UtcMillis, DocId)>);

fn page(s: &dyn Session, ask: &Ask, after: (UtcMillis, DocId)) -> Result<Page, StoreError> {
    match ask.what {
        What::Places => places(s, ask, after),
        What::Visits | What::Findings => visits(s, ask, after),
    }
}

fn places(s: &dyn Session, ask: &Ask, after: (UtcMillis, DocId)) -> Result<Page, StoreError> {
    let filter = PlaceFilter {
        scope: ask.scope.clone(),
        grid: ask.grid.clone(),
        kind: ask.kind.clone(),
        ..PlaceFilter::default()
    };
    let rows = s.places_changed(&filter, after, PAGE)?;
    let last = (rows.len() == PAGE).then(|| rows.last().map(|(line, at)| (*at, line.place.doc)));
    let line = |(line, at): &(store::desk::PlaceLine, UtcMillis)| {
        let place = &line.place;
        let number = |n: Option<f64>| n.map_or(Cell::Empty, Cell::Number);
        let worst =
            if line.worst < 9 { Cell::text(format!("S{}", line.worst)) } else { Cell::Empty };
        Line {
            cells: vec![
                Cell::text(place.doc.to_string()),
                Cell::text(words::grid(&place.pid)),
                Cell::text(place.kind.clone().unwrap_or_default()),
                Cell::text(&place.address),
                Cell::text(&place.name),
                number(place.position.map(|p| p.0)),
                number(place.position.map(|p| p.1)),
                Cell::time(line.last_visit),
                Cell::count(line.open),
                worst,
                cursor(*at, place.doc),
            ],
            position: place.position,
        }
    };
    Ok((rows.iter().map(line).collect(), last.flatten()))
}

/// Where the next export goes on: `MS.DOCUMENT`.
fn cursor(at: UtcMillis, doc: DocId) -> Cell {
    Cell::text(format!("{}.{doc}", at.0))
}

fn visits(s: &dyn Session, ask: &Ask, after: (UtcMillis, DocId)) -> Result<Page, StoreError> {
    let filter = VisitFilter {
        scope: ask.scope.clone(),
        grid: ask.grid.clone(),
        list: ask.list.clone(),
        found: ask.what == What::Findings,
        ..VisitFilter::default()
    };
    let rows = s.visits_changed(&filter, after, PAGE)?;
    let last = (rows.len() == PAGE).then(|| rows.last().map(|(row, _, at)| (*at, row.doc)));
    let mut lines = Vec::new();
    for (row, address, at) in &rows {
        let place = s.place_line(&row.place)?;
        let position = place.and_then(|line| line.place.position);
        if ask.what == What::Findings {
            let wanted = |found: &store::desk::FindingLine| {
                let grave = ask.severity.as_ref().is_none_or(|s| *s == found.finding.severity);
                grave && (found.open || !ask.open)
            };
            for found in s.findings_of(&row.doc)?.into_iter().filter(wanted) {
                lines.push(Line { cells: finding(&found, ask.lang, *at), position });
            }
            continue;
        }
        let cells = vec![
            Cell::text(row.doc.to_string()),
            Cell::text(row.place.to_string()),
            Cell::text(words::grid(&row.pid)),
            Cell::text(address),
            Cell::text(&row.list),
            Cell::count(u64::from(row.list_version)),
            Cell::text(&row.by_role),
            Cell::text(&row.status),
            Cell::time(Some(row.started_at)),
            Cell::time(row.finished_at),
            Cell::count(row.findings),
            cursor(*at, row.doc),
        ];
        lines.push(Line { cells, position });
    }
    Ok((lines, last.flatten()))
}

fn finding(found: &store::desk::FindingLine, lang: Lang, at: UtcMillis) -> Vec<Cell> {
    let row = &found.finding;
    vec![
        Cell::text(row.doc.to_string()),
        Cell::text(&row.code),
        Cell::text(row.place.to_string()),
        Cell::text(words::grid(&row.pid)),
        Cell::text(&found.address),
        Cell::text(&row.severity),
        Cell::text(row.title.get(lang)),
        Cell::text(&row.category),
        Cell::text(&row.lead),
        Cell::text(&row.route),
        Cell::time(Some(row.raised_at)),
        Cell::time(row.due_at),
        Cell::text(if found.open { "open" } else { "gone" }),
        cursor(at, row.doc),
    ]
}
