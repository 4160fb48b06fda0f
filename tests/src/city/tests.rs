//! The city against the table of the domain page, and against itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ironfeet_core::checklist::{Checklist, Content, Session, VisitContext};
use ironfeet_core::model::{FactField, Finding, PlaceKind, Severity, UtcMillis, screen_text};
use jiff::civil::{Date, date};

use super::*;

const SEED: u64 = 42;
const ALL: [Scale; 3] = [Scale::Small, Scale::Medium, Scale::Full];

fn sum(city: &City, of: impl Fn(&Grid) -> u32) -> u64 {
    city.grids().iter().map(|g| u64::from(of(g))).sum()
}

#[test]
fn totals_are_those_of_the_table() {
    for scale in ALL {
        let city = City::new(scale, SEED);
        let p = city.profile();
        let special = city.grids().iter().filter(|g| g.code.is_special()).count() as u64;
        assert_eq!(special, p.special_grids);
        assert_eq!(city.grids().len() as u64 - special, p.base_grids);
        assert_eq!(city.counties().len() as u64, p.counties);
        assert_eq!(city.townships().len() as u64, p.streets + p.towns + p.other_townships);
        assert_eq!(city.communities().len() as u64, p.resident_committees + p.village_committees);
        assert_eq!(sum(&city, |g| g.households), p.households);
        assert_eq!(sum(&city, |g| g.self_built), p.self_built_houses);
        assert_eq!(sum(&city, |g| g.apartment_buildings), p.apartment_buildings);
        assert_eq!(sum(&city, |g| g.small_premises), p.small_premises);
        assert_eq!(sum(&city, |g| g.rentals), p.rentals);
        assert_eq!(sum(&city, |g| g.group_rentals), p.group_rentals);
        assert_eq!(sum(&city, |g| g.workshops), p.workshops);
        assert_eq!(
            sum(&city, |g| g.licensed_sites + g.small_sites),
            p.licensed_sites + p.small_sites
        );
        assert_eq!(sum(&city, |g| g.micro_grids), p.micro_grids);
        let people: Vec<Person> = city.people().collect();
        let n = |job: fn(&Job) -> bool| people.iter().filter(|w| job(&w.job)).count() as u64;
        assert_eq!(n(|j| *j == Job::FullTime), p.full_time);
        assert_eq!(n(|j| *j == Job::PartTime), p.part_time);
        assert_eq!(n(|j| *j == Job::Police), p.police);
        assert_eq!(n(|j| matches!(j, Job::Desk(_))), p.desks);
        assert_eq!(n(|j| *j == Job::Handler), p.handlers);
        assert_eq!(n(|j| matches!(j, Job::Supervision(_))), p.supervision);
    }
}

#[test]
fn grids_have_the_size_and_the_codes_they_should() {
    for scale in ALL {
        let city = City::new(scale, SEED);
        let codes: BTreeSet<&str> = city.grids().iter().map(|g| g.code.as_str()).collect();
        assert_eq!(codes.len(), city.grids().len(), "a grid code is never used twice");
        assert!(codes.iter().all(|c| c.starts_with("3299")));
        for grid in city.grids().iter().filter(|g| !g.code.is_special()) {
            assert!((179..=621).contains(&grid.households), "{grid:?}");
            assert!(grid.self_built <= grid.households);
            assert!(grid.apartment_buildings > 0 || grid.self_built == grid.households, "{grid:?}");
        }
        let base = city.profile().base_grids as f64;
        let mean = sum(&city, |g| g.households) as f64 / base;
        assert!((mean - 341.0).abs() < 7.0, "{mean}");
        let phone = sum(&city, Grid::places) as f64 / base;
        assert!((360.0..470.0).contains(&phone), "about 400 places on a phone, not {phone}");
    }
}

/// Twice the signed area, in square metres.
fn area_of(ring: &[[f64; 2]]) -> f64 {
    let metres = |p: &[f64; 2]| Point {
        x: (p[0] - MIDDLE.1) * METRES_PER_DEGREE * MIDDLE.0.to_radians().cos(),
        y: (p[1] - MIDDLE.0) * METRES_PER_DEGREE,
    };
    let open: Vec<Point> = ring[..ring.len() - 1].iter().map(metres).collect();
    border::area(&open)
}

fn contains(ring: &[[f64; 2]], lon: f64, lat: f64) -> bool {
    ring.windows(2).fold(false, |inside, w| {
        let ([x0, y0], [x1, y1]) = (w[0], w[1]);
        let crosses = (y0 > lat) != (y1 > lat) && lon < (x1 - x0) * (lat - y0) / (y1 - y0) + x0;
        inside != crosses
    })
}

#[test]
fn borders_tile_the_city() {
    for (scale, seed) in
        [(Scale::Small, 1), (Scale::Small, 2), (Scale::Medium, 3), (Scale::Full, 4)]
    {
        let city = City::new(scale, seed);
        // Every stretch of border is run once in each direction, or once at the city's edge.
        let mut stretches: HashMap<([u64; 2], [u64; 2]), i32> = HashMap::new();
        let mut total = 0.0;
        for grid in 0..city.grids().len() {
            let ring = city.border(grid);
            let area = area_of(&ring);
            assert!(area > 5_000.0, "grid {grid} of {scale:?}/{seed}: {area} m2");
            total += area;
            for w in ring.windows(2) {
                let (p, q) = (w[0].map(f64::to_bits), w[1].map(f64::to_bits));
                assert_ne!(p, q);
                let (key, way) = if p < q { ((p, q), 1) } else { ((q, p), -1) };
                *stretches.entry(key).or_default() += way;
            }
        }
        assert!(stretches.values().all(|n| (-1..=1).contains(n)), "overlap");
        // The stretches that are run once make one closed outline with the same area.
        let mut next: BTreeMap<[u64; 2], [u64; 2]> = BTreeMap::new();
        for ((p, q), n) in stretches {
            match n {
                1 => assert!(next.insert(p, q).is_none(), "a gap"),
                -1 => assert!(next.insert(q, p).is_none(), "a gap"),
                _ => {}
            }
        }
        let start = *next.keys().next().unwrap();
        let (mut at, mut outline) = (start, vec![start.map(f64::from_bits)]);
        while let Some(to) = next.remove(&at) {
            outline.push(to.map(f64::from_bits));
            at = to;
        }
        assert_eq!((at, next.len()), (start, 0), "one closed outline");
        let whole = area_of(&outline);
        assert!((whole - total).abs() < whole * 1e-9, "{whole} {total}");
    }
}

#[test]
fn places_are_whole_and_say_nothing_about_people() {
    let city = City::new(Scale::Small, SEED);
    let mut addresses = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for grid in 0..city.grids().len() {
        let ring = city.border(grid);
        let places: Vec<CityPlace> = city.places(grid).collect();
        assert_eq!(places.len(), city.grids()[grid].places() as usize);
        for kind in PlaceKind::ALL {
            let n = places.iter().filter(|p| p.kind == kind).count();
            assert_eq!(n, city.grids()[grid].count(kind) as usize);
        }
        for place in places {
            assert!(contains(&ring, place.lon, place.lat), "{} is outside its grid", place.address);
            assert!(ids.insert(place.id));
            if place.kind == PlaceKind::Dwelling {
                assert!(addresses.insert(place.address.clone()), "twice: {}", place.address);
            }
            assert_eq!(screen_text(&place.address), [], "{}", place.address);
            for (name, value) in &place.facts {
                assert!(
                    FactField::find(name).is_some_and(|f| f.accepts(value)),
                    "{name} {value:?}"
                );
            }
        }
    }
    let high = city.all_places().filter(|p| p.kind == PlaceKind::SharedArea);
    let high = high.filter(|p| p.facts.contains(&("lift", true.into()))).count();
    assert!((20..=40).contains(&high), "a quarter of 136 buildings is high-rise, not {high}");
}

#[test]
fn the_same_seed_is_the_same_city() {
    let (a, b, c) =
        (City::new(Scale::Small, 7), City::new(Scale::Small, 7), City::new(Scale::Small, 8));
    let day = date(2026, 11, 23);
    let rates = Rates::default();
    assert_eq!(a.place(3, 100), b.place(3, 100));
    assert_ne!(a.place(3, 100), c.place(3, 100));
    assert_eq!(a.border(5), b.border(5));
    // Asking for one person's day gives what the whole day gives.
    let all: Vec<Outing> = a.day(&rates, day).collect();
    assert_eq!(b.outing(&rates, day, 9).as_ref(), all.get(9));
    assert_ne!(all, c.day(&rates, day).collect::<Vec<_>>());
}

#[test]
fn every_grid_is_served_and_workers_serve_neighbouring_grids() {
    for scale in ALL {
        let city = City::new(scale, SEED);
        let mut full_time = vec![0; city.grids().len()];
        for (n, person) in city.people().enumerate().take(city.field_count()) {
            for grid in &person.grids {
                full_time[*grid] += usize::from(person.job == Job::FullTime);
                if n % 97 == 0 {
                    assert!(city.workers_of(*grid).contains(&n), "{person:?}");
                }
            }
        }
        assert!(full_time.iter().all(|n| *n >= 1));
        let limit = ironfeet_core::limits::CURSORS_MAX;
        assert!(city.people().all(|p| p.grids.len() <= limit));
    }
}

fn working_days(from: Date, n: usize) -> Vec<Date> {
    let days = (0..).map(|i| from.saturating_add(jiff::Span::new().days(i)));
    days.filter(|d| is_working_day(*d)).take(n).collect()
}

#[test]
fn days_keep_the_rates() {
    let city = City::new(Scale::Medium, SEED);
    let rates = Rates::default();
    let (mut visits, mut offline, mut entered, mut households) = (0.0, 0.0, 0.0, 0.0);
    let (mut touched, mut twice, mut conflicts, mut silent, mut outings) =
        (0.0, 0.0, 0.0, 0.0, 0.0);
    let days = working_days(date(2026, 9, 28), 10);
    for day in &days {
        let mut places: BTreeMap<(usize, u32), BTreeSet<usize>> = BTreeMap::new();
        let mut conflicted = BTreeSet::new();
        for outing in city.day(&rates, *day) {
            outings += 1.0;
            silent += f64::from(u8::from(outing.silent));
            assert!(outing.visits.is_sorted_by_key(|v| v.at_minute));
            for v in &outing.visits {
                visits += 1.0;
                offline += f64::from(u8::from(v.offline));
                if v.stream == Stream::Household {
                    households += 1.0;
                    entered += f64::from(u8::from(v.outcome == Outcome::Entered));
                }
                places.entry((v.grid, v.place)).or_default().insert(outing.person);
                if v.joint.is_some_and(|j| matches!(j.both, Both::State(_))) {
                    assert!(v.offline);
                    conflicted.insert((v.grid, v.place));
                }
            }
        }
        touched += places.len() as f64;
        twice += places.values().filter(|p| p.len() > 1).count() as f64;
        conflicts += conflicted.len() as f64;
    }
    let near = |what: &str, got: f64, want: f64, off: f64| {
        assert!((got - want).abs() < off, "{what}: {got}, not {want}");
    };
    near("visits a day", visits / 10.0, 3_610.0, 110.0);
    near("without network", offline / visits, 0.20, 0.01);
    near("households entered", entered / households, 0.62, 0.02);
    near("household share", households / visits, 3.82 / 8.515, 0.02);
    near("touched by two", twice / touched, 0.03, 0.008);
    near("true conflicts", conflicts / touched, 0.002, 0.0012);
    near("silent phones", silent / outings, 0.005, 0.004);
}

#[test]
fn findings_have_the_mix_of_the_page() {
    let mut by: BTreeMap<Severity, f64> = BTreeMap::new();
    let mut total = 0.0;
    for s in STREAMS {
        let findings = s.visits_per_year * s.entered * s.findings_per_entered;
        total += findings;
        for (severity, share) in severity_mix(s.stream) {
            *by.entry(severity).or_default() += findings * share / 100.0;
        }
    }
    for (severity, want) in
        [(Severity::S1, 1.2), (Severity::S2, 21.0), (Severity::S3, 70.0), (Severity::S4, 7.8)]
    {
        let got = by[&severity] / total * 100.0;
        assert!((got - want).abs() < 0.8, "{severity:?}: {got}, not {want}");
    }
}

#[test]
fn a_year_has_its_seasons() {
    let city = City::new(Scale::Small, SEED);
    let at = |d| city.visits_per_day(&Rates::default(), d);
    let ordinary = at(date(2026, 11, 23));
    assert!((at(date(2026, 2, 16)) / ordinary - 0.4).abs() < 1e-9);
    assert!((at(date(2026, 3, 2)) / ordinary - 2.0).abs() < 1e-9);
    assert_eq!(city.day(&Rates::default(), date(2026, 11, 22)).count(), 0, "a Sunday");
    assert!((season(1, "GAS03", date(2026, 12, 1)) - 2.0).abs() < 1e-9);
    assert!((season(1, "FIR08", date(2026, 7, 1)) - 1.5).abs() < 1e-9);
    let typhoon = (0..92)
        .filter(|i| {
            season(1, "EMG04", date(2026, 7, 1).saturating_add(jiff::Span::new().days(*i))) > 3.0
        })
        .count();
    assert!((7..=14).contains(&typhoon), "{typhoon} days");
}

/// Answers one planned visit with the real checklists.
fn answer(
    content: &Content,
    list: &Checklist,
    answering: &mut Answering<'_>,
    day: Date,
) -> Vec<Finding> {
    let mut answers = BTreeMap::new();
    let carried = BTreeMap::new();
    let context = VisitContext { quick: false, open_findings: &[], carried: &carried, today: day };
    for _ in 0..300 {
        let session = Session::new(content, list, &answers, context);
        let questions = session.questions();
        let Some((item, text)) = answering.next(&questions) else { break };
        let effect = session.answer(&item, &text).or_else(|error| {
            let question = questions.iter().find(|q| q.item == item).unwrap();
            answering.refused(question).map_or(Err(error), |text| session.answer(&item, &text))
        });
        if let Ok(effect) = effect {
            answers.insert(effect.put.0, effect.put.1);
            answers.retain(|item, _| !effect.remove.contains(item));
        }
    }
    let session = Session::new(content, list, &answers, context);
    assert_eq!(session.missing(), Vec::<String>::new(), "{} ends", &*list.id);
    session.findings(UtcMillis(0))
}

#[test]
fn answers_find_what_the_plan_wants() {
    let content = Content::default_content();
    let city = City::new(Scale::Medium, SEED);
    let rates = Rates::default();
    let (mut wished, mut found, mut gas) = (0.0, 0.0, 0.0);
    let mut by: BTreeMap<Severity, (f64, f64)> = BTreeMap::new();
    for day in working_days(date(2026, 11, 23), 2) {
        for outing in city.day(&rates, day).step_by(6) {
            for (n, visit) in outing.visits.iter().enumerate() {
                let place = city.place(visit.grid, visit.place).unwrap();
                let Some(list) = list_for(place.kind).and_then(|id| content.list(id)) else {
                    continue;
                };
                let key = (outing.person * 100 + n) as u64;
                let salt = (SEED, day, key);
                let known = known(&place);
                let mut answering = Answering::new(&content, list, visit, &[], &known, salt);
                let findings = answer(&content, list, &mut answering, day);
                wished += visit.findings.len() as f64;
                found += findings.len() as f64;
                for severity in &visit.findings {
                    by.entry(*severity).or_default().0 += 1.0;
                }
                for finding in &findings {
                    by.entry(finding.severity).or_default().1 += 1.0;
                    gas += f64::from(u8::from(finding.category.starts_with("GAS")));
                }
            }
        }
    }
    assert!((found / wished - 1.0).abs() < 0.12, "{found} found, {wished} wished: {by:?}");
    for (severity, (wished, found)) in &by {
        let off = (found / wished - 1.0).abs();
        assert!(off < 0.25 || *wished < 60.0, "{severity:?}: {found} found, {wished} wished");
    }
    assert!(gas / found > 0.15, "winter: {gas} of {found} are about gas");
}
