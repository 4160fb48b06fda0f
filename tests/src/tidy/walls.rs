//! The inner walls: who may import whom, read from the paths in the code.
//!
//! Cargo holds the walls between packages; this holds those inside them.
//! The table is the one of ARCHITECTURE.md.

use super::{Breach, Source, lines};

/// A room of the core and the rooms it may name.
type Wall = (&'static str, &'static [&'static str]);

/// Rooms of `core`; whoever is not listed may name everything (`lib.rs`).
const CORE: &[Wall] = &[
    ("limits", &[]),
    ("faults", &[]),
    ("model", &["limits"]),
    ("ground", &["model"]),
    ("rules", &["model", "limits"]),
    ("checklist", &["model", "limits"]),
    ("workflow", &["model", "limits"]),
    ("vault", &["model", "limits"]),
    ("document", &["model", "limits", "faults"]),
    ("sync", &["model", "limits", "rules", "checklist", "workflow", "vault", "document", "faults"]),
    ("store", &["model", "limits", "ground", "faults"]),
];

/// What other packages may name of the core.
const OUTSIDE: &[Wall] = &[
    (
        "sync-server",
        &[
            "ground",
            "limits",
            "model",
            "rules",
            "checklist",
            "workflow",
            "vault",
            "document",
            "sync",
            "faults",
        ],
    ),
    ("ffi", &["ground", "model", "phone"]),
];

/// Libraries that live in certain rooms only: (library, where it may be named).
const LIBRARIES: &[(&str, &[&str])] = &[
    ("automerge", &["core/src/document", "core/benches/", "core/tests/", "core/fuzz/", "tests/"]),
    (
        "rusqlite",
        &[
            "core/src/store",
            "core/benches/",
            "sync-server/src/store",
            "ffi/examples/old-store",
            "tests/",
        ],
    ),
    ("minicbor", &["core/src/sync", "tests/"]),
    ("granit_parser", &["core/src/checklist/yaml"]),
    ("reqwest", &["core/src/phone", "tests/"]),
    ("axum", &["sync-server/", "tests/"]),
    ("askama", &["sync-server/"]),
    ("object_store", &["sync-server/src/photo"]),
    ("image", &["core/src/phone/photo/", "sync-server/src/", "tests/"]),
    ("uniffi", &["ffi/"]),
    ("clap", &["sync-server/", "tests/"]),
    ("getrandom", &["core/src/phone", "ffi/", "sync-server/src/main", "tests/"]),
];

/// Room of the server that no floor below it may name.
const SERVER_TOP: &str = "http";
/// The room itself and those that put the server together.
const SERVER_ABOVE: &[&str] = &["lib", "main", "app", "serve", "command", "console", SERVER_TOP];

/// Names of rooms that this file may not know.
#[must_use]
pub fn rooms(source: &Source) -> Vec<Breach> {
    let Some((package, inside)) = source.path.split_once("/src/") else { return Vec::new() };
    if source.is_test() {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    let (room, _) = inside.split_once(['/', '.']).unwrap_or((inside, ""));
    for (line, name) in names_of(&source.product, "ironfeet_core::") {
        if let Some((_, known)) = OUTSIDE.iter().find(|(p, _)| *p == package)
            && is_room(&name)
            && !known.contains(&name.as_str())
        {
            breaches.push(source.breach(line, format!("{package} may not know core::{name}")));
        }
    }
    for (line, name) in own_names(source, inside) {
        let forbidden = match package {
            "core" => CORE.iter().find(|(r, _)| *r == room).is_some_and(|(_, known)| {
                is_room(&name) && name != room && !known.contains(&name.as_str())
            }),
            "sync-server" => name == SERVER_TOP && !SERVER_ABOVE.contains(&room),
            _ => false,
        };
        if forbidden {
            breaches.push(source.breach(line, format!("{room} may not know {name}")));
        }
    }
    breaches
}

/// Libraries named outside their room.
#[must_use]
pub fn libraries(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (library, homes) in LIBRARIES {
        let inside = homes.iter().any(|home| source.path.starts_with(home));
        if inside || source.is_test() {
            continue;
        }
        for (line, name) in names_of(&source.product, &format!("{library}::")) {
            // A handle that the phone carries from one call of the store to the next; no SQL.
            if *library == "rusqlite" && name == "Connection" && in_phone(source) {
                continue;
            }
            breaches.push(
                source.breach(line, format!("{library} is known in {} only", homes.join(", "))),
            );
        }
    }
    breaches
}

/// SQL outside the rooms that keep it: calls of a database in `phone`.
#[must_use]
pub fn sql(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if source.is_test() || !in_phone(source) {
        return breaches;
    }
    for (number, line) in lines(&source.product) {
        for call in [".prepare(", ".prepare_cached(", ".execute(", ".execute_batch(", ".query_row("]
        {
            if line.contains(call) {
                breaches
                    .push(source.breach(number, format!("`{call}`: SQL belongs into the store")));
            }
        }
    }
    breaches
}

fn in_phone(source: &Source) -> bool {
    source.path.starts_with("core/src/phone")
}

fn is_room(name: &str) -> bool {
    name == "phone" || CORE.iter().any(|(room, _)| *room == name)
}

/// Top-level names this file takes from its own package, by `crate::` or by `super::` up to the root.
fn own_names(source: &Source, inside: &str) -> Vec<(usize, String)> {
    let mut names = names_of(&source.product, "crate::");
    // core/src/model/grid.rs lies two steps under the root, core/src/model.rs one.
    let steps = inside.matches('/').count() + 1;
    names.extend(names_of(&source.product, &"super::".repeat(steps)));
    names
}

/// The first name behind each `prefix`, through braces: `crate::{a::b, c}` gives a and c.
fn names_of(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut offset = 0;
    for (number, line) in lines(code) {
        for (at, _) in line.match_indices(prefix) {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code[offset + at + prefix.len()..];
            found.extend(first_names(rest).into_iter().map(|name| (number, name)));
        }
        offset += line.len() + 1;
    }
    found
}

fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.trim_start().strip_prefix('{') else { return vec![name(rest)] };
    let mut depth = 0_usize;
    let mut names = Vec::new();
    let mut from = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[from..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[from..at]));
                from = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_looks_over_its_wall_is_found() {
        let bad = [
            ("core/src/model/place.rs", "use crate::document::Document;"),
            ("core/src/checklist.rs", "use super::store::Store;"),
            ("core/src/document/edit.rs", "use crate::{model::DocId, phone::Phone};"),
            ("core/src/store/views.rs", "fn f() { crate::checklist::load(); }"),
            ("core/src/store/views.rs", "use super::super::document;"),
            ("sync-server/src/intake.rs", "use ironfeet_core::phone::Phone;"),
            ("sync-server/src/intake.rs", "use crate::http::Error;"),
            ("ffi/src/lib.rs", "use ironfeet_core::{phone::Phone, document::Document};"),
        ];
        for (path, text) in bad {
            assert_eq!(rooms(&Source::new(path, text)).len(), 1, "{path}: {text}");
        }
        let good = [
            (
                "core/src/model/place.rs",
                "use super::super::limits;\nuse crate::model::{DocId, Role};",
            ),
            ("core/src/document/edit.rs", "use crate::model::Scalar; // crate::store"),
            ("core/src/checklist/load.rs", "use super::session::Session;"),
            ("core/src/phone/visit.rs", "use crate::store::Store; use crate::document::Document;"),
            ("core/src/store/views.rs", "#[cfg(test)]\nmod tests {\n use crate::document;\n}"),
            ("sync-server/src/http/sync.rs", "use crate::http::error::Error;"),
        ];
        for (path, text) in good {
            assert_eq!(rooms(&Source::new(path, text)), [], "{path}: {text}");
        }
    }

    #[test]
    fn a_library_outside_its_room_is_found() {
        let bad = [
            ("core/src/phone.rs", "use automerge::Automerge;"),
            ("core/src/phone/visit.rs", "fn f(r: &rusqlite::Row) {}"),
            ("core/src/sync/client.rs", "fn f(c: &rusqlite::Connection) {}"),
            ("sync-server/src/intake.rs", "use rusqlite::params;"),
            ("core/src/sync/client.rs", "async fn f() { reqwest::get(\"\"); }"),
        ];
        for (path, text) in bad {
            assert_eq!(libraries(&Source::new(path, text)).len(), 1, "{path}: {text}");
        }
        let good = [
            ("core/src/document/edit.rs", "use automerge::Automerge;"),
            ("core/src/store.rs", "use rusqlite::Connection;"),
            ("core/src/phone/visit.rs", "fn f(c: &rusqlite::Connection) {}"),
            ("core/src/phone.rs", "// rusqlite::Connection\nuse my_rusqlite::X;"),
        ];
        for (path, text) in good {
            assert_eq!(libraries(&Source::new(path, text)), [], "{path}: {text}");
        }
        let bad = "fn f(db: &Connection) { db.execute(\"DELETE\", []); }";
        assert_eq!(sql(&Source::new("core/src/phone/visit.rs", bad)).len(), 1);
        assert_eq!(sql(&Source::new("core/src/store/visit.rs", bad)), []);
    }
}
