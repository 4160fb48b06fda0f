//! `admin`: people, enrolment codes, phones, moves.

use std::collections::BTreeSet;

use clap::Subcommand;
use serde_json::{Value, json};

use ironfeet_core::model::{DepartmentCode, DeviceId, GridCode, PersonId, Role, UtcMillis};

use super::access::{self, ApiToken, Login};
use super::place::{self, Place};
use super::register::{self, Entry, Post, RoleAct};
use super::{CommandError, Ground, Report};
use crate::checklists::Checklists;
use crate::enrol::CONSOLE_CODE as CODE;
use crate::lifecycle::{self, LifeError};
use crate::store::{self, PersonRow, Register, StoreError};
use crate::{audit, enrol, people, words};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// People and their posts.
    Person {
        /// What to do.
        #[command(subcommand)]
        act: Person,
    },
    /// The tree of areas: city, county, street, community, grid.
    Org {
        /// What to do.
        #[command(subcommand)]
        act: Entry,
    },
    /// Departments.
    Department {
        /// What to do.
        #[command(subcommand)]
        act: Entry,
    },
    /// Posts: a role for areas, by name.
    Post {
        /// What to do.
        #[command(subcommand)]
        act: Post,
    },
    /// Roles and what they may do.
    Role {
        /// What to do.
        #[command(subcommand)]
        act: RoleAct,
    },
    /// Logins of the console.
    Login {
        /// What to do.
        #[command(subcommand)]
        act: Login,
    },
    /// Tokens of programs, separate from logins.
    ApiToken {
        /// What to do.
        #[command(subcommand)]
        act: ApiToken,
    },
    /// Make a one-time code that lets one phone in.
    EnrolCode {
        /// For whom; unknown people become inspectors of the grids.
        #[arg(long)]
        person: PersonId,
        /// Grids the phone carries; none: those of the person's post.
        #[arg(long)]
        grid: Vec<GridCode>,
    },
    /// Phones.
    Device {
        /// What to do.
        #[command(subcommand)]
        act: Device,
    },
    /// Places.
    Place {
        /// What to do.
        #[command(subcommand)]
        act: Place,
    },
    /// Make a one-time code to sign in to the console.
    ConsoleCode,
    /// Archive now what was closed long ago.
    Archive,
}

/// People and their posts.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Add a person, or give another post.
    Add {
        /// Account name.
        #[arg(long)]
        id: PersonId,
        /// A role, or the name of a post that was added before.
        #[arg(long)]
        post: String,
        /// Areas: 6, 9 or 12 digits, or grids of 15; those of the post where none is given.
        #[arg(long, num_args = 1..)]
        area: Vec<String>,
        /// Department, for handlers.
        #[arg(long)]
        department: Option<DepartmentCode>,
    },
    /// Everybody.
    List,
    /// End an account: nobody signs in with it any more, its phones are revoked.
    Retire {
        /// Account name.
        #[arg(long)]
        id: PersonId,
    },
    /// Add people from a CSV file: id, post, areas (separated by spaces), department.
    Import {
        /// The file.
        file: std::path::PathBuf,
    },
}

/// Phones.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Every phone.
    List,
    /// Take trust from a phone; counts at its next contact.
    Revoke {
        /// The phone.
        id: DeviceId,
        /// It was stolen.
        #[arg(long)]
        stolen: bool,
    },
}

pub(super) fn run(ground: &Ground, act: Admin) -> Result<Report, CommandError> {
    match act {
        Admin::Person { act: Person::Add { id, post, area, department } } => {
            let person = by_post(ground, id, &post, area, department)?;
            check(ground, &departments(ground)?, &person)
                .map_err(|(_, what)| CommandError::refused("person", what))?;
            keep(ground, &[person])
        }
        Admin::Person { act: Person::List } => list_people(ground),
        Admin::Person { act: Person::Import { file } } => import_people(ground, &file),
        Admin::Person { act: Person::Retire { id } } => access::retire(ground, &id),
        Admin::Org { act } => register::entry(ground, Register::Area, act),
        Admin::Department { act } => register::entry(ground, Register::Department, act),
        Admin::Post { act } => register::post(ground, act),
        Admin::Role { act: RoleAct::List } => Ok(register::roles(ground)),
        Admin::Login { act } => access::login(ground, &act),
        Admin::ApiToken { act } => access::api_token(ground, &act),
        Admin::EnrolCode { person, grid } => enrol_code(ground, &person, &grid),
        Admin::Device { act: Device::List } => list_devices(ground),
        Admin::Device { act: Device::Revoke { id, stolen } } => revoke(ground, &id, stolen),
        Admin::Place { act } => place::run(ground, act),
        Admin::ConsoleCode => console_code(ground),
        Admin::Archive => {
            let app = ground.app()?;
            let archived = lifecycle::archive(&app, usize::MAX)?;
            Ok(Report::done(json!({ "archived": archived }), archived.to_string()))
        }
    }
}

/// A person by role and areas, or as the post of this name says.
fn by_post(
    ground: &Ground,
    id: PersonId,
    post: &str,
    areas: Vec<String>,
    department: Option<DepartmentCode>,
) -> Result<PersonRow, CommandError> {
    let added_at = ground.clock.now();
    if let Ok(post) = post.parse::<Role>() {
        return Ok(PersonRow { id, post, areas, department, added_at });
    }
    let store = ground.store()?;
    let found = store::view(&*store, |s| s.registered(Register::Post, post))?;
    let found = found.filter(|row| row.retired_at.is_none());
    let Some((row, role)) = found.and_then(|row| row.role.map(|role| (row, role))) else {
        let text = ground.say("没有这个角色或岗位", "there is no such role or post");
        return Err(CommandError::refused("unknown_post", text));
    };
    let areas = if areas.is_empty() { row.areas } else { areas };
    let department = department.or(row.department);
    Ok(PersonRow { id, post: role, areas, department, added_at })
}

/// The departments there are.
fn departments(ground: &Ground) -> Result<BTreeSet<String>, CommandError> {
    let store = ground.store()?;
    let content = Checklists::open(&*store)?.get();
    Ok(store::view(&*store, |s| people::departments(s, &content))?)
}

/// Why a row cannot be taken: the column, and what is wrong in the reader's language.
fn check(
    ground: &Ground,
    known: &BTreeSet<String>,
    person: &PersonRow,
) -> Result<(), (&'static str, String)> {
    people::check(person)
        .map_err(|wrong| ("areas", ground.say(wrong.zh(), &wrong.to_string()).to_owned()))?;
    let wrong = |wrong: LifeError| ground.say(&wrong.zh(), &wrong.to_string()).to_owned();
    match &person.department {
        Some(code) => lifecycle::is_department(known, code).map_err(|e| ("department", wrong(e))),
        None => Ok(()),
    }
}

fn person_json(person: &PersonRow) -> Value {
    json!({
        "id": person.id, "post": person.post, "areas": person.areas, "department": person.department,
    })
}

fn keep(ground: &Ground, people: &[PersonRow]) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    store::transact(&*store, |s| {
        people.iter().try_for_each(|person| people::put(s, person, "admin", now))
    })
    .map_err(|e: StoreError| CommandError::Store(e))?;
    let json = match people {
        [one] => person_json(one),
        many => json!({ "added": many.len() }),
    };
    Ok(Report::done(json, format!("{}: {}", ground.say("已保存", "saved"), people.len())))
}

fn list_people(ground: &Ground) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let people = store::view(&*store, |s| s.people())?;
    let line = |p: &PersonRow| {
        format!("{}\t{}\t{}", p.id, words::post(p.post, ground.lang), p.areas.join(" "))
    };
    let text: Vec<String> = people.iter().map(line).collect();
    Ok(Report::done(people.iter().map(person_json).collect(), text.join("\n")))
}

fn import_people(ground: &Ground, file: &std::path::Path) -> Result<Report, CommandError> {
    let mut reader =
        csv::Reader::from_path(file).map_err(|e| CommandError::refused("file", e.to_string()))?;
    let headers = reader.headers().map_err(|_| CommandError::refused("file", "no header line"))?;
    let headers = headers.clone();
    let allowed = ["id", "post", "areas", "department"];
    if let Some(other) = headers.iter().find(|name| !allowed.contains(name)) {
        return Err(CommandError::refused("columns", format!("unknown column {other}")));
    }
    let (mut rows, mut errors, known) = (Vec::new(), Vec::new(), departments(ground)?);
    for (line, record) in (2_u64..).zip(reader.records()) {
        let wrong = |column: &str| format!("line {line}: {column}");
        let Ok(record) = record else {
            errors.push(wrong("another number of fields than the header"));
            continue;
        };
        let get = |name: &str| {
            headers.iter().position(|h| h == name).and_then(|at| record.get(at)).unwrap_or_default()
        };
        match person(&get, ground.clock.now()) {
            Ok(row) => match check(ground, &known, &row) {
                Ok(()) => rows.push(row),
                Err((column, what)) => errors.push(wrong(&format!("{column}: {what}"))),
            },
            Err(column) => errors.push(wrong(column)),
        }
    }
    if !errors.is_empty() {
        return Err(CommandError::refused("rows", errors.join("\n")));
    }
    keep(ground, &rows)
}

fn person<'r>(get: &dyn Fn(&str) -> &'r str, at: UtcMillis) -> Result<PersonRow, &'static str> {
    let department = match get("department") {
        "" => None,
        text => Some(text.parse().map_err(|_| "department")?),
    };
    Ok(PersonRow {
        id: get("id").parse().map_err(|_| "id")?,
        post: get("post").parse().map_err(|_| "post")?,
        areas: get("areas").split_whitespace().map(str::to_owned).collect(),
        department,
        added_at: at,
    })
}

fn enrol_code(
    ground: &Ground,
    person: &PersonId,
    grids: &[GridCode],
) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    let entropy = ground.entropy.clone();
    let (code, expires_at) =
        store::transact(&*store, |s| enrol::code(s, &*entropy, person, grids, now))?;
    let qr = enrol::invitation(&ground.config, &code, person);
    let text = format!("{code}\n{qr}\n{}", words::time(expires_at));
    Ok(Report::done(json!({ "code": code, "qr": qr, "expires_at": expires_at }), text))
}

fn list_devices(ground: &Ground) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let devices = store::view(&*store, |s| s.devices())?;
    let json = devices.iter().map(|d| {
        json!({
            "id": d.id, "person": d.person, "status": d.status.as_str(),
            "last_seen": d.last_seen, "app": d.app, "grids": d.grids,
        })
    });
    let line = |d: &store::DeviceRow| {
        let seen = d.last_seen.map_or_else(|| "-".to_owned(), words::time);
        format!("{}\t{}\t{}\t{seen}\t{}", d.id, d.person, d.status.as_str(), d.app)
    };
    let text: Vec<String> = devices.iter().map(line).collect();
    Ok(Report::done(json.collect(), text.join("\n")))
}

fn revoke(ground: &Ground, id: &DeviceId, stolen: bool) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    if !store::transact(&*store, |s| enrol::revoke(s, id, stolen, now))? {
        let text = ground.say("没有这部手机", "there is no such phone");
        return Err(CommandError::refused("unknown_device", text));
    }
    let status = if stolen { "stolen" } else { "revoked" };
    Ok(Report::done(json!({ "id": id, "status": status }), status))
}

fn console_code(ground: &Ground) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    let code = enrol::secret(&*ground.entropy);
    store::transact(&*store, |s| {
        s.meta_put(CODE, &enrol::code_hash(&code))?;
        audit::note(s, now, "admin", "console.code", "console")
    })?;
    Ok(Report::done(json!({ "code": code }), code.clone()))
}
