//! The synthetic city is what its page says: every row of both tables of `docs/city.md` against the program.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use ironfeet_core::model::Severity;
use ironfeet_tests::city::{Profile, Rates, STREAMS, Scale, Stream, season, severity_mix, volume};
use ironfeet_tests::tidy::root;
use jiff::civil::date;

/// The rows of the table under a heading: label and cells.
fn table(heading: &str) -> Vec<(String, Vec<String>)> {
    let page = std::fs::read_to_string(root().join("docs/city.md")).unwrap();
    let part = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let rows = part.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |"));
    let cells = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        (cells.next().unwrap(), cells.collect())
    };
    rows.map(cells).collect()
}

fn number(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

/// What a row of the first table is about, from its first words.
fn figures(label: &str, p: &Profile) -> Vec<u64> {
    let first = label.split([',', ':']).next().unwrap();
    match first {
        "population" => vec![p.population],
        "households" => vec![p.households],
        "counties and districts" => vec![p.counties],
        "streets / towns / development zones" => vec![p.streets, p.towns, p.other_townships],
        "resident committees 社区 / villages 村" => {
            vec![p.resident_committees, p.village_committees]
        }
        "base grids" => vec![p.base_grids],
        "special grids 专属网格" => vec![p.special_grids],
        "micro-grids" => vec![p.micro_grids],
        "apartment buildings" => vec![p.apartment_buildings, p.self_built_houses],
        "small premises 九小场所" => vec![p.small_premises],
        "rentals / of them group rentals" => vec![p.rentals, p.group_rentals],
        "workshops" => vec![p.workshops],
        "building sites" => vec![p.licensed_sites, p.small_sites],
        "full-time / part-time grid workers" => vec![p.full_time, p.part_time],
        "community police" => vec![p.police],
        "acceptors" => vec![p.desks],
        "handlers of departments" => vec![p.handlers],
        "supervisors" => vec![p.supervision],
        other => panic!("a row that nobody compares: {other}"),
    }
}

#[test]
fn the_city_has_what_its_page_says() {
    let rows = table("What there is");
    assert_eq!(rows.len(), 18);
    for (label, cells) in rows {
        for (scale, cell) in [Scale::Small, Scale::Medium, Scale::Full].into_iter().zip(cells) {
            let want: Vec<String> =
                figures(&label, scale.profile()).into_iter().map(number).collect();
            assert_eq!(cell, want.join(" / "), "{label}, {}", scale.as_str());
        }
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 100_000.0).round() / 1_000.0)
}

fn day_of((mean, least, most): (f64, u32, u32)) -> String {
    if least == 0 { format!("{mean}, {most}") } else { format!("{mean}, {least}, {most}") }
}

/// The share of each severity among the findings of all streams, to a tenth of a per cent.
fn severities() -> Vec<f64> {
    let weight = |s: &ironfeet_tests::city::StreamRates| {
        s.visits_per_year * s.entered * s.findings_per_entered
    };
    let all: f64 = STREAMS.iter().map(weight).sum();
    let share = |severity: Severity| {
        let of = |s: &ironfeet_tests::city::StreamRates| {
            let mix = severity_mix(s.stream);
            weight(s) * mix.iter().find(|(of, _)| *of == severity).unwrap().1
        };
        STREAMS.iter().map(of).sum::<f64>() / all
    };
    [Severity::S1, Severity::S2, Severity::S3, Severity::S4].map(share).to_vec()
}

#[test]
fn the_city_behaves_as_its_page_says() {
    let r = Rates::default();
    let winter = season(1, "GAS03", date(2026, 12, 1));
    let summer = season(1, "FIR08", date(2026, 7, 1));
    let typhoon = (0..92)
        .map(|n| season(1, "EMG04", date(2026, 7, 1).saturating_add(jiff::Span::new().days(n))))
        .fold(0.0, f64::max);
    let festival = [date(2026, 2, 16), date(2026, 3, 2)].map(volume);
    let told = [
        day_of(r.full_time),
        day_of(r.part_time),
        day_of(r.police),
        percent(r.no_network),
        percent(r.joint),
        percent(r.conflict),
        percent(r.twin),
        percent(r.skewed),
        percent(r.silent),
        String::new(),
        percent(Stream::Household.rates().entered),
        format!("x {winter}"),
        format!("x {summer}"),
        format!("x {typhoon}"),
        format!("x {} / x {}", festival[0], festival[1]),
    ];
    let rows = table("How it behaves");
    assert_eq!(rows.len(), told.len());
    for ((label, cells), want) in rows.iter().zip(told).filter(|(_, want)| !want.is_empty()) {
        assert_eq!(cells[0], want, "{label}");
    }
    let mix = rows[9].1[0].trim_end_matches(" %").split(" / ");
    for (said, is) in mix.zip(severities()) {
        let said: f64 = said.parse().unwrap();
        assert!((said - is).abs() < 0.8, "{said} of the page, {is} of the program");
    }
    assert_eq!(r.skew_ms_max, 5 * 60_000);
}
