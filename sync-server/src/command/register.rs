//! `admin org|department|post|role`: the register of areas, departments and posts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use ironfeet_core::model::{DepartmentCode, Role};
use ironfeet_core::rules::{self, Act};

use super::{CommandError, Ground, Report};
use crate::store::{self, Register, RegisterRow, Session, StoreError};
use crate::{audit, words};

/// What to do with areas or departments.
#[derive(Debug, Subcommand)]
pub enum Entry {
    /// Add one, or give it another name.
    Add {
        /// Area: 6 digits (a city ends with 00, otherwise a county), 9 a street, 12 a community, 15 a grid.
        /// Department: its code.
        #[arg(long)]
        id: String,
        /// What people call it.
        #[arg(long)]
        title: String,
    },
    /// All of them.
    List,
    /// Take one out of use; what was done under it stays.
    Retire {
        /// Which.
        #[arg(long)]
        id: String,
    },
    /// Add all rows of a CSV file (id, title), or none.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// What to do with posts.
#[derive(Debug, Subcommand)]
pub enum Post {
    /// Add a post, or change it; people who hold it are changed by `person add`.
    Add {
        /// Its name in the system.
        #[arg(long)]
        id: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// Role.
        #[arg(long)]
        role: Role,
        /// Areas: 6, 9 or 12 digits, or grids of 15.
        #[arg(long, num_args = 1..)]
        area: Vec<String>,
        /// Department, for handlers.
        #[arg(long)]
        department: Option<DepartmentCode>,
    },
    /// All of them.
    List,
    /// Take one out of use; who holds it keeps it.
    Retire {
        /// Which.
        #[arg(long)]
        id: String,
    },
}

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub enum RoleAct {
    /// Every role with what it may do.
    List,
}

/// The area an area lies in: the street of a community and so on; nothing above a city.
fn parent(code: &str) -> Option<String> {
    match code.len() {
        6 if code.ends_with("00") => None,
        6 => Some(format!("{}00", &code[..4])),
        n => code.get(..n - 3).map(str::to_owned),
    }
}

fn level(code: &str) -> Option<&'static str> {
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match code.len() {
        6 if code.ends_with("00") => Some("city"),
        6 => Some("county"),
        9 => Some("street"),
        12 => Some("community"),
        15 => Some("grid"),
        _ => None,
    }
}

fn json_of(list: Register, row: &RegisterRow) -> Value {
    let mut json = json!({ "id": row.id, "title": row.title, "retired_at": row.retired_at });
    match list {
        Register::Area => {
            json["level"] = json!(level(&row.id));
            json["in"] = json!(parent(&row.id));
        }
        Register::Post => {
            json["role"] = json!(row.role);
            json["areas"] = json!(row.areas);
            json["department"] = json!(row.department);
        }
        Register::Department => {}
    }
    json
}

/// Why a row cannot be taken, by column.
fn check(
    s: &dyn Session,
    list: Register,
    row: &RegisterRow,
    beside: &BTreeSet<String>,
) -> Result<Option<&'static str>, StoreError> {
    if row.title.trim().is_empty() || row.title.chars().count() > 64 {
        return Ok(Some("title"));
    }
    Ok(match list {
        Register::Department => row.id.parse::<DepartmentCode>().err().map(|_| "id"),
        Register::Post => {
            let fits = (2..=64).contains(&row.id.chars().count())
                && row.role.is_some_and(|role| role != Role::Server)
                && row.areas.iter().all(|area| level(area).is_some());
            (!fits).then_some("id, role or areas")
        }
        Register::Area if level(&row.id).is_none() => Some("id"),
        Register::Area => match parent(&row.id) {
            Some(above) if !beside.contains(&above) => {
                let known = s.registered(list, &above)?;
                known.is_none_or(|row| row.retired_at.is_some()).then_some("no such area above")
            }
            _ => None,
        },
    })
}

/// All rows or none; `line` names a row in errors.
fn put(
    ground: &Ground,
    list: Register,
    rows: &[(u64, RegisterRow)],
    mut errors: Vec<String>,
) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    let beside: BTreeSet<String> = rows.iter().map(|(_, row)| row.id.clone()).collect();
    if beside.len() < rows.len() {
        let mut seen = BTreeSet::new();
        let twice = rows.iter().filter(|(_, row)| !seen.insert(&row.id));
        errors.extend(twice.map(|(line, _)| format!("line {line}: id: twice in this file")));
    }
    store::transact(&*store, |s| {
        let mut wrong = errors.clone();
        for (line, row) in rows {
            if let Some(column) = check(s, list, row, &beside)? {
                wrong.push(format!("line {line}: {column}"));
                continue;
            }
            s.register_put(list, row)?;
            audit::note(s, now, "admin", &format!("{}.add", list.as_str()), &row.id)?;
        }
        if wrong.is_empty() { Ok(()) } else { Err(CommandError::refused("rows", wrong.join("\n"))) }
    })?;
    let json = match rows {
        [(_, one)] => json_of(list, one),
        many => json!({ "added": many.len() }),
    };
    Ok(Report::done(json, format!("{}: {}", ground.say("已保存", "saved"), rows.len())))
}

fn import(ground: &Ground, list: Register, file: &Path) -> Result<Report, CommandError> {
    let refused = |text: String| CommandError::refused("file", text);
    let mut reader = csv::Reader::from_path(file).map_err(|e| refused(e.to_string()))?;
    let headers = reader.headers().map_err(|_| refused("no header line".to_owned()))?;
    let at = |name: &str| headers.iter().position(|h| h.trim_start_matches('\u{feff}') == name);
    let (Some(id), Some(title), 2) = (at("id"), at("title"), headers.len()) else {
        return Err(CommandError::refused("columns", "the columns are id and title"));
    };
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (line, record) in (2_u64..).zip(reader.records()) {
        match record {
            Ok(record) => {
                let get = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
                rows.push((line, RegisterRow::named(get(id), get(title))));
            }
            Err(_) => errors.push(format!("line {line}: another number of fields than the header")),
        }
    }
    put(ground, list, &rows, errors)
}

fn list_all(ground: &Ground, list: Register) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let rows = store::view(&*store, |s| s.register(list))?;
    let line = |row: &RegisterRow| {
        let gone = if row.retired_at.is_some() { ground.say("停用", "retired") } else { "" };
        let role = row.role.map_or("", |role| words::post(role, ground.lang));
        format!("{}\t{}\t{role}\t{}\t{gone}", row.id, row.title, row.areas.join(" "))
    };
    let text: Vec<String> = rows.iter().map(line).collect();
    Ok(Report::done(rows.iter().map(|row| json_of(list, row)).collect(), text.join("\n")))
}

fn retire(ground: &Ground, list: Register, id: &str) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    store::transact(&*store, |s| {
        let row = s.registered(list, id)?.filter(|row| row.retired_at.is_none());
        let Some(row) = row else {
            let text = ground.say("没有这一条", "there is none in use");
            return Err(CommandError::refused("unknown", text));
        };
        let below =
            |r: &RegisterRow| parent(&r.id).as_deref() == Some(id) && r.retired_at.is_none();
        if list == Register::Area && s.register(list)?.iter().any(below) {
            let text = ground.say("下级仍在使用", "areas inside of it are in use");
            return Err(CommandError::refused("in_use", text));
        }
        s.register_put(list, &RegisterRow { retired_at: Some(now), ..row })?;
        audit::note(s, now, "admin", &format!("{}.retire", list.as_str()), id)?;
        Ok(())
    })?;
    Ok(Report::done(json!({ "id": id, "retired_at": now }), id))
}

pub(super) fn entry(ground: &Ground, list: Register, act: Entry) -> Result<Report, CommandError> {
    match act {
        Entry::Add { id, title } => {
            put(ground, list, &[(1, RegisterRow::named(id, title))], Vec::new())
        }
        Entry::List => list_all(ground, list),
        Entry::Retire { id } => retire(ground, list, &id),
        Entry::Import { file } => import(ground, list, &file),
    }
}

pub(super) fn post(ground: &Ground, act: Post) -> Result<Report, CommandError> {
    match act {
        Post::Add { id, title, role, area, department } => {
            let role = Some(role);
            let row = RegisterRow { id, title, role, areas: area, department, retired_at: None };
            put(ground, Register::Post, &[(1, row)], Vec::new())
        }
        Post::List => list_all(ground, Register::Post),
        Post::Retire { id } => retire(ground, Register::Post, &id),
    }
}

pub(super) fn roles(ground: &Ground) -> Report {
    let acts = |role: Role| {
        let may = |field: &rules::Field| {
            let done =
                Act::ALL.iter().filter(|act| rules::may(role, **act, field.kind, field.container));
            (field.to_string(), done.map(|act| act.as_str()).collect::<Vec<_>>())
        };
        rules::FIELDS.iter().map(may).filter(|(_, acts)| !acts.is_empty()).collect::<Vec<_>>()
    };
    let people = Role::ALL.into_iter().filter(|role| *role != Role::Server);
    let json = people.clone().map(|role| {
        let may: serde_json::Map<String, Value> =
            acts(role).into_iter().map(|(field, acts)| (field, json!(acts))).collect();
        json!({ "role": role, "may": may })
    });
    let line = |role: Role| format!("{role}\t{}", words::post(role, ground.lang));
    let text: Vec<String> = people.clone().map(line).collect();
    Report::done(json.collect(), text.join("\n"))
}
