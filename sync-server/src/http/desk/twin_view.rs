//! Two records that may be one, side by side: what both say, line by line, and where they lie.

use ironfeet_core::document::Record;
use ironfeet_core::model::{DocId, Place, UtcMillis, Visit};

use super::frame::Frame;
use crate::app::App;
use crate::photo::{self, Shown};
use crate::store::desk::{Twin, VisitFilter};
use crate::store::{DocRow, Session, StoreError};
use crate::words;

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_320.0;
/// Visits counted of a place.
const VISITS: usize = 100;

/// One thing that both say, or one of them.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) values: [String; 2],
    pub(super) same: bool,
}

/// One of the two.
pub(super) struct One {
    pub(super) id: DocId,
    /// Its page.
    pub(super) href: String,
    pub(super) title: String,
    pub(super) position: Option<(f64, f64)>,
    pub(super) photos: Vec<Shown>,
}

/// The pair.
pub(super) struct Pair {
    pub(super) both: [One; 2],
    /// Whether they are visits.
    pub(super) visits: bool,
    pub(super) grid: String,
    /// The address they share, or nearly.
    pub(super) place: String,
    pub(super) metres: Option<u64>,
    pub(super) lines: Vec<Line>,
}

/// How far two points are from each other, near enough for neighbours.
pub(super) fn metres(a: (f64, f64), b: (f64, f64)) -> u64 {
    let north = (a.0 - b.0) * DEGREE_M;
    let east = (a.1 - b.1) * DEGREE_M * a.0.to_radians().cos();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never below zero")]
    {
        north.hypot(east).round() as u64
    }
}

/// A pair with what it says; `None`: one of them is gone or is of another kind.
pub(super) fn look(
    s: &dyn Session,
    app: &App,
    f: &Frame,
    twin: &Twin,
) -> Result<Option<Pair>, StoreError> {
    let (Some(a), Some(b)) = (s.doc(&twin.a)?, s.doc(&twin.b)?) else { return Ok(None) };
    let read =
        |row: &DocRow| app.shelf.look(s, row.clone()).map(|held| held.document.read().record);
    match (read(&a)?, read(&b)?) {
        (Record::Place(one), Record::Place(two)) => places(s, f, twin, [&one, &two]).map(Some),
        (Record::Visit(one), Record::Visit(two)) => visits(s, app, f, twin, [&one, &two]).map(Some),
        _ => Ok(None),
    }
}

fn line(name: &str, values: [String; 2]) -> Line {
    Line { name: name.to_owned(), same: values[0] == values[1], values }
}

fn places(s: &dyn Session, f: &Frame, twin: &Twin, both: [&Place; 2]) -> Result<Pair, StoreError> {
    let ids = [twin.a, twin.b];
    let empty = || "—".to_owned();
    let mut lines = Vec::new();
    let mut names: Vec<&String> = both.iter().flat_map(|place| place.facts.keys()).collect();
    names.sort();
    names.dedup();
    for name in names.into_iter().filter(|name| !matches!(&***name, "lat" | "lon")) {
        let said = |place: &Place| {
            let fact = place.facts.get(name)?;
            let value = f.value("facts", name, &fact.value);
            Some(format!("{value} · {} {}", f.by(&fact.by_role), f.ago(&fact.observed_at)))
        };
        let plain = |place: &Place| Some(f.value("facts", name, &place.facts.get(name)?.value));
        let same = plain(both[0]) == plain(both[1]);
        let values = both.map(|place| said(place).unwrap_or_else(empty));
        lines.push(Line { name: f.field("facts", name), values, same });
    }
    let mut seen = Vec::new();
    let mut open = Vec::new();
    for id in &ids {
        let filter =
            VisitFilter { scope: vec![String::new()], places: vec![*id], ..Default::default() };
        let visits = s.visits_page(&filter, None, VISITS)?;
        let last = visits.first().map(|(row, _)| f.ago(&row.started_at));
        seen.push(last.map_or_else(empty, |last| format!("{} · {last}", visits.len())));
        let line = s.place_line(id)?;
        open.push(line.map_or_else(empty, |line| line.open.to_string()));
    }
    let pair = |mut all: Vec<String>| {
        let second = all.pop().unwrap_or_default();
        [all.pop().unwrap_or_default(), second]
    };
    lines.push(line(f.t("走访", "Visits"), pair(seen)));
    lines.push(line(f.t("未消除隐患", "Open findings"), pair(open)));
    let one = |id: DocId, place: &Place| One {
        id,
        href: format!("/console/places/{id}"),
        title: place.address().to_owned(),
        position: place.position(),
        photos: Vec::new(),
    };
    let both = [one(ids[0], both[0]), one(ids[1], both[1])];
    let metres = both[0].position.zip(both[1].position).map(|(a, b)| metres(a, b));
    let (grid, place) = (words::grid(&twin.pid), both[0].title.clone());
    Ok(Pair { both, visits: false, grid, place, metres, lines })
}

fn visits(
    s: &dyn Session,
    app: &App,
    f: &Frame,
    twin: &Twin,
    both: [&Visit; 2],
) -> Result<Pair, StoreError> {
    let ids = [twin.a, twin.b];
    let time = |at: Option<UtcMillis>| at.map_or_else(|| "—".to_owned(), |at| f.time(&at));
    let found = |visit: &Visit| {
        let all: Vec<String> = visit
            .findings
            .values()
            .map(|finding| format!("{:?} {}", finding.severity, f.say(&finding.title)))
            .collect();
        if all.is_empty() { f.t("没有", "none").to_owned() } else { all.join("; ") }
    };
    let mut lines = vec![
        line(f.t("岗位", "Post"), both.map(|visit| f.by(&visit.by_role).to_owned())),
        line(f.t("开始", "Begun"), both.map(|visit| time(Some(visit.started_at)))),
        line(f.t("完成", "Finished"), both.map(|visit| time(visit.finished_at))),
        line(f.t("答了几问", "Answers"), both.map(|visit| visit.answers.len().to_string())),
        line(f.t("发现项", "Findings"), both.map(found)),
    ];
    let content = app.checklists.of(&both[0].list, both[0].list_version);
    let mut items: Vec<&String> = both.iter().flat_map(|visit| visit.answers.keys()).collect();
    items.sort();
    items.dedup();
    for item in items.into_iter().filter(|i| both[0].answers.get(*i) != both[1].answers.get(*i)) {
        let said = |visit: &Visit| {
            let value = visit.answers.get(item);
            let words = value.map(|v| words::value(&content, "answers", item, v, f.lang.0));
            words.unwrap_or_else(|| "—".to_owned())
        };
        let name = words::field(&content, "answers", item, f.lang.0);
        lines.push(Line { name, values: both.map(said), same: false });
    }
    let place = s.place_line(&both[0].place.0)?.map(|line| line.place);
    let position = place.as_ref().and_then(|place| place.position);
    let one = |id: DocId, visit: &Visit| {
        Ok::<_, StoreError>(One {
            id,
            href: format!("/console/visits/{id}"),
            title: f.time(&visit.started_at),
            position,
            photos: photo::shown(s, &id, &visit.photos)?,
        })
    };
    Ok(Pair {
        both: [one(ids[0], both[0])?, one(ids[1], both[1])?],
        visits: true,
        grid: words::grid(&twin.pid),
        place: place.map(|place| place.address).unwrap_or_default(),
        metres: None,
        lines,
    })
}

#[cfg(test)]
mod tests {
    use super::metres;

    #[test]
    fn neighbours_are_told_in_metres() {
        assert_eq!(metres((33.0, 119.0), (33.0, 119.0)), 0);
        assert_eq!(metres((33.0, 119.0), (33.001, 119.0)), 111);
        assert_eq!(metres((33.0, 119.0), (33.0, 119.001)), 93);
    }
}
