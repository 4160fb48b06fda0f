//! Words this system does not have: fields about persons, lists of the watched, scores of people.
//!
//! The subject of every record is a place, a thing or an event. What may not
//! be collected may not have a name either: not as a fact, a column, a key of
//! a checklist, nor as an identifier that ranks or follows anybody.

use super::lexer::{identifiers, words};
use super::{Breach, Source, has_ending, lines};

/// Words and pairs of words that may not name a field, a column or a checklist's key.
/// A plural `s` is understood.
const PERSONAL: &[&[&str]] = &[
    &["ethnicity"],
    &["ethnic"],
    &["nationality"],
    &["religion"],
    &["religious"],
    &["faith"],
    &["politics"],
    &["political"],
    &["party", "member"],
    &["health"],
    &["medical"],
    &["illness"],
    &["disease"],
    &["disability"],
    &["pregnant"],
    &["biometric"],
    &["fingerprint"],
    &["face"],
    &["iris"],
    &["dna"],
    &["identity", "number"],
    &["identity", "card"],
    &["id", "number"],
    &["id", "card"],
    &["id", "no"],
    &["passport"],
    &["birth"],
    &["birthday"],
    &["birthdate"],
    &["dob"],
    &["age"],
    &["gender"],
    &["sex"],
    &["marital"],
    &["marriage"],
    &["income"],
    &["hukou"],
    &["household", "register"],
    &["plate"],
    &["licence", "plate"],
    &["wechat"],
    &["criminal"],
    &["conviction"],
    &["drug"],
    &["petitioner"],
    &["key", "person"],
    &["special", "group"],
    &["身份证"],
    &["出生"],
    &["民族"],
    &["宗教"],
    &["政治面貌"],
    &["户籍"],
    &["婚姻"],
    &["健康"],
    &["重点人员"],
    &["特殊人群"],
    &["信访"],
    &["前科"],
    &["吸毒"],
    &["精神障碍"],
    &["人脸"],
    &["指纹"],
    &["车牌"],
    &["微信"],
    &["收入"],
];

/// Words and pairs of words that may name nothing at all: they judge, rank or follow people.
const JUDGING: &[&[&str]] = &[
    &["watchlist"],
    &["watch", "list"],
    &["blacklist"],
    &["black", "list"],
    &["score"],
    &["scoring"],
    &["scoreboard"],
    &["rank"],
    &["ranking"],
    &["leaderboard"],
    &["league", "table"],
    &["attendance"],
    &["check", "in", "at"],
    &["clock", "in"],
    &["active", "day"],
    &["online", "time"],
    &["gps", "track"],
    &["location", "track"],
    &["background", "track"],
    &["person", "search"],
    &["search", "person"],
    &["risk", "level"],
    &["risk", "label"],
    &["person", "profile"],
];

/// Names of fields that would hold something about a person.
///
/// Looks at the facts of places and the words of the domain (`core/src/model`), at SQL, and at the
/// keys and item names of checklists. The screen that *finds* such numbers in free text must name them.
#[must_use]
pub fn personal(source: &Source) -> Vec<Breach> {
    let path = source.path.as_str();
    if path.starts_with("core/src/model") && !path.ends_with("/screen.rs") {
        let mut found = judge(source, &identifiers(&source.product), PERSONAL);
        found.extend(judge(source, &fact_names(&source.text), PERSONAL));
        return found;
    }
    if has_ending(path, "sql") {
        return judge(source, &identifiers(&without_sql_comments(&source.text)), PERSONAL);
    }
    if path.starts_with("core/content/") && has_ending(path, "yaml") {
        return judge(source, &yaml_keys(&source.text), PERSONAL);
    }
    Vec::new()
}

/// Identifiers that judge, rank or follow people, anywhere in code, SQL or checklists.
#[must_use]
pub fn judging(source: &Source) -> Vec<Breach> {
    let names = if source.is_rust() {
        identifiers(&source.code)
    } else if has_ending(&source.path, "sql") {
        identifiers(&without_sql_comments(&source.text))
    } else if has_ending(&source.path, "yaml") {
        yaml_keys(&source.text)
    } else {
        return Vec::new();
    };
    judge(source, &names, JUDGING)
}

/// Breaches for every name that holds one of the banned words or rows of words.
fn judge(source: &Source, names: &[(usize, String)], banned: &[&[&str]]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (line, name) in names {
        let words: Vec<String> = words(name);
        for row in banned {
            if holds(&words, row) {
                let what =
                    format!("`{name}`: this system has no field or word for {}", row.join(" "));
                breaches.push(source.breach(*line, what));
            }
        }
    }
    breaches
}

fn holds(words: &[String], row: &[&str]) -> bool {
    words.windows(row.len()).any(|window| {
        window.iter().zip(row).all(|(word, banned)| {
            // Chinese has no word borders: a part of the name is enough.
            let chinese = !banned.is_ascii();
            if chinese {
                word.contains(banned)
            } else {
                word == banned || word.strip_suffix('s') == Some(banned)
            }
        })
    })
}

/// First arguments of `field("name", …)`: the names in `FACT_FIELDS`, which are texts and not identifiers.
fn fact_names(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut expected = false;
    for (number, line) in lines(text) {
        let line = line.trim();
        let rest = line.strip_prefix("field(").or(expected.then_some(line));
        let name = rest.and_then(|r| r.strip_prefix('"')).and_then(|r| r.split('"').next());
        found.extend(name.map(|n| (number, n.to_owned())));
        expected = line == "field(";
    }
    found
}

/// Keys of mappings and the values of `id`, in block and flow style, without comments.
fn yaml_keys(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in lines(text) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut word = String::new();
        let mut after_id = false;
        for c in line.chars().chain([' ']) {
            match c {
                ':' if !word.is_empty() => {
                    after_id = word == "id";
                    found.push((number, std::mem::take(&mut word)));
                }
                c if c.is_alphanumeric() || c == '_' || c == '-' && !word.is_empty() => {
                    word.push(c);
                }
                _ => {
                    if after_id && !word.is_empty() {
                        found.push((number, std::mem::take(&mut word)));
                        after_id = false;
                    }
                    word.clear();
                }
            }
        }
    }
    found
}

fn without_sql_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_about_a_person_is_found_wherever_it_hides() {
        let bad = [
            ("core/src/model/place.rs", "pub ethnicity: String,"),
            (
                "core/src/model/place.rs",
                "    field(\"birth_date\", FactType::Text(10), None, \"\", \"\"),",
            ),
            ("core/src/model/place.rs", "    field(\n        \"religion\",\n"),
            ("core/migrations/0001.sql", "CREATE TABLE a (id INTEGER, IdNumber TEXT);"),
            ("core/migrations/0001.sql", "CREATE TABLE a (身份证号 TEXT);"),
            ("sync-server/migrations/sqlite/1.sql", "CREATE TABLE a (plates TEXT);"),
            ("core/content/checklists.yaml", "  - {id: a, political: x}"),
            ("core/content/checklists.yaml", "    health_state: bad"),
            ("core/content/checklists.yaml", "  - id: marital-state"),
        ];
        for (path, text) in bad {
            assert_eq!(personal(&Source::new(path, text)).len(), 1, "{path}: {text}");
        }
        let good = [
            ("core/src/model/place.rs", "pub surface: u8, // no religion"),
            ("core/src/model/screen.rs", "enum PersonalHint { IdentityNumber, Plate }"),
            ("core/migrations/0001.sql", "-- never: birth_date\nCREATE TABLE a (template TEXT);"),
            ("core/content/checklists.yaml", "# health\n- {code: HEALTH, en: Health department}"),
            ("sync-server/src/http.rs", "fn health() {}"),
        ];
        for (path, text) in good {
            assert_eq!(personal(&Source::new(path, text)), [], "{path}: {text}");
        }
    }

    #[test]
    fn a_word_that_judges_or_follows_people_is_found() {
        let bad = [
            ("core/src/rules.rs", "fn risk_score() {}"),
            ("sync-server/src/console.rs", "struct WatchList;"),
            ("sync-server/src/console.rs", "let workerRanking = 1;"),
            ("core/migrations/1.sql", "CREATE TABLE gps_tracks (a);"),
            ("core/content/checklists.yaml", "score: 3"),
        ];
        for (path, text) in bad {
            assert_eq!(judging(&Source::new(path, text)).len(), 1, "{path}: {text}");
        }
        let good = [
            ("core/src/store/search.rs", "let sql = \"ORDER BY rank\"; // score"),
            ("tests/src/bin/x.rs", "struct Sync { watch: bool, list: bool }"),
        ];
        for (path, text) in good {
            assert_eq!(judging(&Source::new(path, text)), [], "{path}: {text}");
        }
    }
}
