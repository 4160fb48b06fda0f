//! Visits of the weeks before a demo begins, brought in whole as a city brings them from the system it had before:
//! by the same plans and answers, but nobody lived them on a phone. They give places a last visit and supervisors
//! findings whose time is running out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use ironfeet_core::checklist::{Content, Session, VisitContext};
use ironfeet_core::document::{Birth, Edit, VisitBirth, VisitEdit};
use ironfeet_core::model::{
    Carried, ClockKind, DocId, Finding, Pid, PlaceId, Role, Scalar, Severity, UtcMillis,
};
use ironfeet_server::store::{self, StoreError};
use ironfeet_server::{audit, import};
use jiff::civil::Date;
use rand::RngExt as _;

use super::town::Town;
use super::{SHIFT_END, clock, side_by_side};
use crate::bench::station::StationError;
use crate::city::{
    Answering, City, CityPlace, Outcome, PlannedVisit, Rates, Stream, is_working_day, known,
    list_for, stream,
};

/// Of a hundred places with findings, so many are looked at again within the time limit.
const IN_TIME_OF_HUNDRED: u32 = 95;
/// Advice has no time limit; somebody looks within this.
const ADVICE_DAYS: i64 = 30;
/// A whole visit of a place is not made again within so many days.
const APART_DAYS: i32 = 14;
const QUESTIONS_MAX: usize = 400;

/// A finished visit.
struct Past {
    grid: usize,
    /// The place as the city counts it.
    place: CityPlace,
    birth: VisitBirth,
    finished_at: UtcMillis,
    answers: BTreeMap<String, Scalar>,
    findings: Vec<Finding>,
    id: DocId,
}

/// What a visit is planned with.
struct Plan<'a> {
    city: &'a City,
    content: &'a Content,
    day: Date,
    by_role: Role,
    visit: &'a PlannedVisit,
    /// Tells visits apart.
    key: u64,
}

/// Brings in what was done from one day on to the day before another. Gives how many visits.
///
/// # Errors
/// Of the store.
pub(super) fn bring(city: &City, town: &Town, from: Date, to: Date) -> Result<u64, StationError> {
    let content = Content::default_content();
    let days: Vec<_> = from
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day < to)
        .filter(|day| is_working_day(*day))
        .map(|day| Mutex::new((day, Vec::new())))
        .collect();
    side_by_side(&days, |_, (day, made)| *made = lived(city, &content, *day, to));
    let inner =
        |m: Mutex<(Date, Vec<Done>)>| m.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut last: HashMap<DocId, Date> = HashMap::new();
    let mut all: Vec<Past> = Vec::new();
    for (day, done) in days.into_iter().map(inner) {
        for (past, again) in done {
            // Somebody was there lately: no need to go.
            let lately = last.insert(past.place.id.0, day);
            if lately
                .is_none_or(|seen| seen.until(day).is_ok_and(|span| span.get_days() >= APART_DAYS))
            {
                all.push(past);
                all.extend(again);
            }
        }
    }
    all.sort_by_key(|past| (past.finished_at, past.id));
    let mut rest = &all[..];
    while let Some(first) = rest.first() {
        let evening = clock::evening(first.finished_at, SHIFT_END);
        let n = rest.iter().take_while(|past| past.finished_at <= evening).count().max(1);
        town.clock.set(evening);
        put(city, town, &rest[..n])?;
        rest = &rest[n..];
    }
    let count = all.len() as u64;
    store::transact(&*town.app.store, |s| {
        audit::note(s, town.app.clock.now(), "admin", "import.visits", &format!("added {count}"))
    })
    .map_err(|e: StoreError| StationError::Setting(format!("earlier visits: {e}")))?;
    Ok(count)
}

/// A visit, and the one that looked at its findings again.
type Done = (Past, Option<Past>);

/// A day's visits in one transaction.
fn put(city: &City, town: &Town, day: &[Past]) -> Result<(), StationError> {
    store::transact(&*town.app.store, |s| {
        for past in day {
            let Some((place, _)) = s.import_key(&format!("key {}", past.place.id))? else {
                continue;
            };
            let birth = VisitBirth { place: PlaceId(place), ..past.birth.clone() };
            let answers = VisitEdit::Answers {
                put: past.answers.clone().into_iter().collect(),
                remove: Vec::new(),
            };
            let (at, findings) = (past.finished_at, past.findings.clone());
            let edits = [Edit::Visit(answers), Edit::Visit(VisitEdit::Finish { at, findings })];
            let home = Pid::Grid(city.grids()[past.grid].code.clone());
            import::record(s, &town.app, &home, past.id, &Birth::Visit(birth), &edits, at)?;
        }
        Ok(())
    })
    .map_err(|e: StoreError| StationError::Setting(format!("earlier visits: {e}")))
}

/// The visits planned for a day, and those that they brought about before the demo begins.
fn lived(city: &City, content: &Content, day: Date, to: Date) -> Vec<Done> {
    let rates = Rates::default();
    let mut all = Vec::new();
    for outing in city.day(&rates, day) {
        let Some(person) = city.person(outing.person) else { continue };
        let alone = |v: &&PlannedVisit| v.joint.is_none() && v.stream != Stream::Recheck;
        for visit in outing.visits.iter().filter(alone) {
            let key = outing.person as u64 * 2_000 + u64::from(visit.at_minute);
            let plan = Plan { city, content, day, by_role: person.role, visit, key };
            let Some(past) = plan.made(&BTreeMap::new(), &[]) else { continue };
            let again = plan.again(&past, to);
            all.push((past, again));
        }
    }
    all
}

impl Plan<'_> {
    /// The visit as somebody would have answered it; `None` where a place has no checklist.
    fn made(&self, carried: &BTreeMap<String, Carried>, open: &[String]) -> Option<Past> {
        let place = self.city.place(self.visit.grid, self.visit.place)?;
        let list = self.content.list(list_for(place.kind)?)?;
        let (quick, salt) = (!open.is_empty(), (self.city.seed(), self.day, self.key));
        let known = if quick { Vec::new() } else { known(&place) };
        let mut answering = Answering::new(self.content, list, self.visit, open, &known, salt);
        let context = VisitContext { quick, open_findings: open, carried, today: self.day };
        let mut answers = BTreeMap::new();
        for _ in 0..QUESTIONS_MAX {
            let session = Session::new(self.content, list, &answers, context);
            let questions = session.questions();
            let Some((item, text)) = answering.next(&questions) else { break };
            let effect = session.answer(&item, &text).or_else(|error| {
                let asked = questions.iter().find(|question| question.item == item);
                let other = asked.and_then(|question| answering.refused(question));
                other.map_or(Err(error), |text| session.answer(&item, &text))
            });
            let Ok(effect) = effect else { continue };
            answers.insert(effect.put.0, effect.put.1);
            answers.retain(|item, _| !effect.remove.contains(item));
        }
        let started_at = clock::at(self.day, self.visit.at_minute);
        let finished_at = clock::at(self.day, self.visit.end_minute());
        let session = Session::new(self.content, list, &answers, context);
        if !session.missing().is_empty() {
            return None;
        }
        let findings = session.findings(finished_at);
        let birth = VisitBirth {
            place: place.id,
            list: list.id.clone(),
            list_version: list.version,
            quick,
            by_role: self.by_role,
            started_at,
            carried: carried.clone(),
        };
        // The same person may come back to two places at the same minute of a day: the place tells them apart.
        let place_of = (self.visit.grid, self.visit.place);
        let purpose = format!("earlier {} {quick} {place_of:?}", self.day);
        let mut dice = stream(self.city.seed(), &purpose, self.key);
        let id = DocId::new(started_at, dice.random());
        Some(Past { grid: self.visit.grid, place, birth, finished_at, answers, findings, id })
    }

    /// The quick visit that looks whether the findings are gone, where it was made before the demo begins.
    fn again(&self, past: &Past, to: Date) -> Option<Past> {
        let worst = past.findings.iter().map(|finding| finding.severity).min()?;
        let limits = past.findings.iter().filter_map(|finding| finding.deadline);
        let days = limits.map(|limit| match limit.kind {
            ClockKind::UrgentHour | ClockKind::WorkHour => 1,
            ClockKind::WorkDay | ClockKind::NaturalDay => i64::from(limit.value) - 1,
        });
        let limit = days.min().unwrap_or(ADVICE_DAYS).max(1);
        let mut dice = stream(self.city.seed(), &format!("again {}", self.day), self.key);
        let late = worst != Severity::S1 && dice.random_range(0..100) >= IN_TIME_OF_HUNDRED;
        let after = jiff::Span::new().days(dice.random_range(1..=limit));
        let day = clock::working_day(self.day.saturating_add(after));
        if late || day >= to {
            return None;
        }
        let codes: Vec<String> = past.findings.iter().map(|finding| finding.code.clone()).collect();
        let at = past.finished_at;
        let carry = |(item, value): (&String, &Scalar)| {
            (item.clone(), Carried { value: value.clone(), at })
        };
        let carried = past.answers.iter().map(carry).collect();
        let visit = PlannedVisit {
            stream: Stream::Recheck,
            outcome: Outcome::Entered,
            findings: Vec::new(),
            ..self.visit.clone()
        };
        Plan { day, visit: &visit, ..*self }.made(&carried, &codes)
    }
}
