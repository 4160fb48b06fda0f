//! A phone in somebody's pocket: the real core, lived with as the day's plan says.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ironfeet_core::checklist::Evidence;
use ironfeet_core::ground::Clock as _;
use ironfeet_core::model::{Finding, PlaceId, PlaceKind, UtcMillis, VisitId};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{NewPlace, Phone, PhoneError, PhotoBudget};
use jiff::civil::Date;
use rand::RngExt as _;

use super::clock::{self, PhoneClock};
use super::ramp::{Holding, Ready};
use super::tally::Tally;
use super::town::Town;
use crate::bench::station::StationError;
use crate::bench::watch::epoch_ms;
use crate::city::{
    self, Answering, Both, City, CityPlace, Outcome, Person, PlannedVisit, Stream, both_say, known,
    list_for, remark, stream,
};
use crate::picture;

/// Somebody takes this long to answer a question, in the city's time.
const ANSWER_MS: i64 = 9_000;
/// Of ten findings that ask for a photo, this many get one; the others get a reason.
const ASKED_OF_TEN: u64 = 7;
/// Of ten findings where a photo may help, this many get one.
const OPTIONAL_OF_TEN: u64 = 4;
/// Questions of a visit at most; more means that it never ends.
const QUESTIONS_MAX: usize = 400;
const APP: &str = "demo";
/// The checklist of a shop.
const SHOPS: &str = "small_premises";
const AREA_OF_A_SHOP: &str = "35";

/// A person with a phone.
pub struct Pocket {
    /// Number of the person in the city.
    pub number: usize,
    /// The person.
    pub person: Person,
    /// What this phone did since it was last asked.
    pub tally: Tally,
    phone: Phone,
    http: Http,
    clock: Arc<PhoneClock>,
    /// The phone's places by address.
    places: HashMap<String, PlaceId>,
    /// The day of each place's last visit by this person.
    been: HashMap<PlaceId, Date>,
}

/// What a person does on a day.
pub struct Errand<'a> {
    /// The city.
    pub city: &'a City,
    /// Its server.
    pub town: &'a Town,
    /// The day.
    pub day: Date,
    /// The phone's clock is wrong by this.
    pub skew_ms: i64,
    /// No network all day.
    pub silent: bool,
}

impl Pocket {
    /// Enrols a phone in an empty folder and takes the person's grids in.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub fn enrol(
        city: &City,
        town: &Town,
        number: usize,
        dir: PathBuf,
        now: UtcMillis,
    ) -> Result<Self, StationError> {
        let person = city
            .person(number)
            .ok_or_else(|| StationError::Setting(format!("no person {number}")))?;
        let code = town.code(city, &person)?;
        let clock = Arc::new(PhoneClock::default());
        clock.set(now, 0);
        let (phone, http) = town.let_in(dir, &code, clock.clone(), APP)?;
        phone.keep_in_memory(64);
        let tally = Tally::default();
        let (places, been) = (HashMap::new(), HashMap::new());
        let mut pocket = Self { number, person, tally, phone, http, clock, places, been };
        pocket.sync(town)?;
        pocket.tally.sync_ms.clear(); // the first download is not a sync of the day
        pocket.learn()?;
        Ok(pocket)
    }

    fn learn(&mut self) -> Result<(), PhoneError> {
        let rows = self.phone.places(usize::MAX)?;
        self.places = rows.into_iter().map(|row| (row.address, row.id)).collect();
        Ok(())
    }

    /// One sync over HTTP at the server's time; repeats while the server has more.
    ///
    /// # Errors
    /// When it does not come to its end.
    pub fn sync(&mut self, town: &Town) -> Result<(), StationError> {
        self.clock.catch_up(town.clock.now());
        loop {
            let start = epoch_ms();
            let sync = self.phone.sync(&self.http, APP, &Unwatched);
            let report = town.runtime.block_on(sync)?;
            self.tally.synced(&report, epoch_ms() - start);
            if !report.unfinished {
                return Ok(());
            }
        }
    }

    /// Makes a planned visit, and syncs where there is network. What goes wrong is noted, not fatal.
    pub fn go(&mut self, errand: &Errand<'_>, visit: &PlannedVisit) {
        self.clock.set(clock::at(errand.day, visit.at_minute), errand.skew_ms);
        if let Err(error) = self.visit(errand, visit) {
            self.tally.failures.push(format!("{} visit: {error}", self.person.id));
        }
        let offline = visit.offline || errand.silent;
        self.tally.offline += u64::from(offline);
        if !offline {
            self.hand_in(errand.town);
        }
    }

    /// One sync, then the photos. What goes wrong is noted, not fatal.
    pub fn hand_in(&mut self, town: &Town) {
        let done = self.sync(town).and_then(|()| self.send_photos(town));
        if let Err(error) = done {
            self.tally.failures.push(format!("{} sync: {error}", self.person.id));
        }
    }

    /// Makes a sync ready at the server's time without sending it; none where nothing could be made.
    pub fn hold(&mut self, town: &Town) -> Option<Ready> {
        self.clock.catch_up(town.clock.now());
        let holding = Holding::new(&self.http);
        // It ends like a sync without network.
        let _offline = town.runtime.block_on(self.phone.sync(&holding, APP, &Unwatched));
        holding.kept()
    }

    fn send_photos(&mut self, town: &Town) -> Result<(), StationError> {
        let sent = self.phone.photo_send(&self.http, PhotoBudget::default(), &Unwatched);
        let sent = town.runtime.block_on(sent)?;
        self.tally.photos += sent.sent;
        self.tally.photo_bytes += sent.bytes_up;
        Ok(())
    }

    fn visit(&mut self, errand: &Errand<'_>, visit: &PlannedVisit) -> Result<(), PhoneError> {
        let city = errand.city;
        let missing = PhoneError::NotFound { what: "place" };
        let Some(there) = city.place(visit.grid, visit.place) else { return Err(missing) };
        let Some(place) = self.places.get(&there.address).copied() else { return Err(missing) };
        match visit.joint.map(|joint| joint.both) {
            Some(Both::State(field)) => self.dispute(visit, &there, place, field)?,
            Some(Both::Add) => return self.add_unlisted(errand, visit),
            Some(Both::Visit) | None => {}
        }
        let today = clock::at(errand.day, 0);
        if visit.stream == Stream::Recheck
            && let Some(open) = self.phone.findings(true)?.into_iter().find(|f| f.raised_at < today)
        {
            let codes: Vec<String> = self
                .phone
                .findings(true)?
                .into_iter()
                .filter(|f| f.place == open.place && f.list == open.list)
                .map(|f| f.code)
                .collect();
            let id = self.phone.visit_start(open.place, &open.list, true)?;
            return self.answer(errand, visit, id, &open.list, (&codes, &[]));
        }
        match list_for(there.kind) {
            Some(list) => {
                // Whoever comes again on one day makes a quick visit.
                let again = self.been.get(&place) == Some(&errand.day);
                self.been.insert(place, errand.day);
                let quick = again || self.comes_after(city, visit);
                let id = self.phone.visit_start(place, list, quick)?;
                self.answer(errand, visit, id, list, (&[], &known(&there)))
            }
            None => self.patrol(errand, visit, place, there.kind),
        }
    }

    /// Whether this person is the second of the two who are there today.
    fn is_second(&self, visit: &PlannedVisit) -> bool {
        visit.joint.is_some_and(|j| j.with < self.number)
    }

    /// Whether somebody of the same post makes the whole visit today; what is left is a quick one.
    fn comes_after(&self, city: &City, visit: &PlannedVisit) -> bool {
        let other = visit.joint.filter(|joint| joint.both == Both::Visit);
        let other = other.and_then(|joint| city.person(joint.with));
        self.is_second(visit) && other.is_some_and(|other| other.role == self.person.role)
    }

    /// States a fact of the place that somebody else states otherwise today.
    fn dispute(
        &mut self,
        visit: &PlannedVisit,
        there: &CityPlace,
        place: PlaceId,
        field: &str,
    ) -> Result<(), PhoneError> {
        let values = both_say(there, field);
        self.phone.place_set(place, field, &values[usize::from(self.is_second(visit))])?;
        self.tally.disputed += 1;
        Ok(())
    }

    /// Adds a shop that the register does not have, and visits it; somebody else does the same today.
    fn add_unlisted(
        &mut self,
        errand: &Errand<'_>,
        visit: &PlannedVisit,
    ) -> Result<(), PhoneError> {
        let missing = PhoneError::NotFound { what: "place" };
        let shop = errand.city.unlisted(visit.grid, visit.place).ok_or(missing)?;
        let [first, second] = shop.addresses;
        let place = self.phone.place_add(&NewPlace {
            kind: PlaceKind::SmallPremises,
            address: if self.is_second(visit) { second } else { first },
            lat: Some(shop.lat),
            lon: Some(shop.lon),
            grid: Some(errand.city.grids()[visit.grid].code.clone()),
            facts: vec![("name".to_owned(), shop.name), ("use".to_owned(), shop.usage.to_owned())],
        })?;
        self.tally.added += 1;
        let id = self.phone.visit_start(place, SHOPS, false)?;
        let known = city::shop(shop.usage, AREA_OF_A_SHOP.to_owned());
        self.answer(errand, visit, id, SHOPS, (&[], &known))
    }

    fn patrol(
        &mut self,
        errand: &Errand<'_>,
        visit: &PlannedVisit,
        place: PlaceId,
        kind: PlaceKind,
    ) -> Result<(), PhoneError> {
        let salt = self.number as u64 * 10_000 + u64::from(visit.at_minute) + kind as u64;
        self.phone.place_remark(place, remark(errand.city.seed(), salt))?;
        self.tally.visits += 1;
        self.tally.entered += 1;
        self.tally.remarks += 1;
        Ok(())
    }

    fn answer(
        &mut self,
        errand: &Errand<'_>,
        visit: &PlannedVisit,
        id: VisitId,
        list: &str,
        (open, known): (&[String], &[(&'static str, String)]),
    ) -> Result<(), PhoneError> {
        let content = self.phone.content();
        let list = content.list(list).ok_or(PhoneError::NotFound { what: "checklist" })?;
        let key = self.number as u64 * 2_000 + u64::from(visit.at_minute);
        let salt = (errand.city.seed(), errand.day, key);
        let mut answering = Answering::new(&content, list, visit, open, known, salt);
        for _ in 0..QUESTIONS_MAX {
            let questions = self.phone.visit_questions(id)?;
            let Some((item, text)) = answering.next(&questions) else { break };
            self.clock.pass(ANSWER_MS);
            let start = epoch_ms();
            match self.phone.visit_answer(id, &item, &text) {
                Ok(_) => self.tally.answer_ms.push(epoch_ms() - start),
                Err(PhoneError::Invalid { .. }) => {
                    let asked = questions.iter().find(|q| q.item == item);
                    if let Some(text) = asked.and_then(|q| answering.refused(q)) {
                        self.phone.visit_answer(id, &item, &text)?;
                    }
                }
                Err(error) => return Err(error),
            }
            self.tally.answers += 1;
        }
        let done = self.phone.visit_finish(id)?;
        self.tally.visits += 1;
        self.tally.entered += u64::from(visit.outcome == Outcome::Entered);
        self.tally.findings += done.findings.len() as u64;
        self.prove(id, &done.findings, salt)
    }

    /// A photo of each finding that asks for one, or why there is none.
    fn prove(
        &self,
        visit: VisitId,
        findings: &[Finding],
        (seed, day, key): (u64, Date, u64),
    ) -> Result<(), PhoneError> {
        let content = self.phone.content();
        for finding in findings {
            let share = match content.finding(&finding.code).map(|(_, _, rule)| rule.evidence) {
                Some(Evidence::PhotoOrReason) => ASKED_OF_TEN,
                Some(Evidence::Optional) => OPTIONAL_OF_TEN,
                Some(Evidence::None) | None => continue,
            };
            let mut dice = stream(seed, &format!("photo {day} {}", finding.code), key);
            if dice.random_range(0..10) < share {
                let picture = picture::corridor(dice.random());
                self.phone.photo_add(visit, &picture, Some(finding.code.clone()))?;
            } else if share == ASKED_OF_TEN {
                self.phone.photo_reason(visit, &finding.code, "光线太暗，照片看不清")?;
            }
        }
        Ok(())
    }

    /// Sets the phone's clock, for what happens between visits.
    pub fn set_clock(&self, now: UtcMillis, skew_ms: i64) {
        self.clock.set(now, skew_ms);
    }

    /// What does not hold together on this phone, or, where it should agree, does not agree with the server.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn check(&self, town: &Town, agrees: bool) -> Result<Vec<String>, StationError> {
        let report = self.phone.verify()?;
        let who = &self.person.id;
        let mut wrong: Vec<String> =
            report.problems.iter().map(|p| format!("{who}: {}", p.what)).collect();
        if !agrees {
            return Ok(wrong);
        }
        let status = self.phone.status()?;
        if status.pending > 0 {
            wrong.push(format!("{who}: {} changes wait to be sent", status.pending));
        }
        for part in &status.cursors {
            let Ok(pid) = part.pid.parse() else { continue };
            let (seq, count) = town.standing(&pid)?;
            let here = (u64::try_from(part.seq), u64::try_from(part.documents));
            if here != (Ok(seq), Ok(count)) {
                wrong.push(format!(
                    "{who}: {pid} stands at {} with {} records, the server at {seq} with {count}",
                    part.seq, part.documents
                ));
            }
        }
        Ok(wrong)
    }
}
