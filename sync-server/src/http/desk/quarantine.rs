//! Changes that wait to be accepted or not: what each would do, alone or many at once by phone.

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::document::{self, Touch};
use ironfeet_core::model::{DeviceId, DocId, Role, UtcMillis};

use super::super::error::{Error, off};
use super::conflicts::short;
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::rights::Right;
use super::tabs::Tabs;
use crate::projection;
use crate::review::{self, ReviewError};
use crate::store::desk::TicketFilter;
use crate::store::{self, DocState, Session, StoreError, TicketRow};

/// Tickets on a page.
const PAGE: usize = 30;
/// Tickets decided at once.
const MANY: usize = 500;

/// What a link may ask.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    #[serde(default)]
    device: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    said: String,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    left: u64,
}

/// The changes of one phone that wait for one reason.
struct Group {
    device: String,
    phone: String,
    post: Option<Role>,
    reason: String,
    count: u64,
    oldest: UtcMillis,
    here: bool,
}

/// One change that waits.
struct Ticket {
    number: u64,
    record: String,
    place: String,
    reason: String,
    received_at: UtcMillis,
    /// When it was written, by the phone's clock.
    written_at: Option<UtcMillis>,
    phone: String,
    post: Option<Role>,
    /// Part, field and value of what it writes.
    writes: Vec<(String, String, String)>,
    born: bool,
    /// What accepting it means where its record is gone.
    gone: Gone,
    /// The record's page, where it has one.
    href: Option<String>,
}

/// What became of the record meanwhile.
enum Gone {
    /// Nothing.
    No,
    /// It was deleted.
    Deleted,
    /// It was merged into this place.
    Merged(DocId),
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    f: Frame,
    tabs: Tabs,
    groups: Vec<Group>,
    tickets: Vec<Ticket>,
    device: String,
    more: String,
}

impl Asked {
    fn filter(&self, desk: &Desk) -> Result<TicketFilter, Error> {
        let device: Option<DeviceId> = match self.device.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Error::Parameter)?),
        };
        let reason = (!self.reason.is_empty()).then(|| self.reason.clone());
        Ok(TicketFilter { scope: desk.scope.clone(), device, reason })
    }
}

/// What a change writes, and whether it bears a record.
type Writes = (Vec<(String, String, String)>, bool);

/// What a waiting change would write, tried on the record as it stands.
fn writes(s: &dyn Session, desk: &Desk, f: &Frame, row: &TicketRow) -> Result<Writes, StoreError> {
    let Ok(parts) = document::parse_change(&row.raw) else { return Ok((Vec::new(), false)) };
    let held = s.doc(&row.doc)?.map(|doc| desk.app.shelf.look(s, doc)).transpose()?;
    let empty = document::Ledger::default();
    let (document, ledger) =
        held.as_ref().map_or((None, &empty), |held| (Some(&held.document), &held.ledger));
    let tried = document::admit(document, row.doc, &[parts], ledger, Some(&row.author));
    let Some(document::Verdict::Accepted(touched)) = tried.verdicts.first() else {
        return Ok((Vec::new(), document.is_none()));
    };
    let shown = touched.patches.iter().filter_map(|patch| {
        let value = match &patch.touch {
            Touch::Put(value) if !patch.container.is_empty() && patch.container != "seen" => {
                f.value(&patch.container, &patch.key, value)
            }
            Touch::Append(value) => projection::remark(value).unwrap_or_else(|| "…".to_owned()),
            Touch::Remove => "×".to_owned(),
            _ => return None,
        };
        let name = if patch.key.is_empty() { patch.container.clone() } else { patch.key.clone() };
        Some((patch.container.clone(), f.field(&patch.container, &name), value))
    });
    Ok((shown.take(8).collect(), touched.birth))
}

fn ticket(s: &dyn Session, desk: &Desk, f: &Frame, row: TicketRow) -> Result<Ticket, StoreError> {
    let doc = s.doc(&row.doc)?;
    let about = doc.as_ref().and_then(|doc| doc.about).unwrap_or(row.doc);
    let place = s.rows(&about)?.place.map(|place| place.address).filter(|p| !p.is_empty());
    let (writes, born) = writes(s, desk, f, &row)?;
    let deleted = doc.as_ref().is_some_and(|doc| doc.state == DocState::Deleted);
    let gone = match (deleted, s.merged_away(&row.doc)?) {
        (false, _) => Gone::No,
        (true, None) => Gone::Deleted,
        (true, Some(kept)) => Gone::Merged(kept),
    };
    let href = doc.as_ref().and_then(|doc| match doc.kind.as_str() {
        "place" => Some(format!("/console/places/{}", doc.id)),
        "visit" => Some(format!("/console/visits/{}", doc.id)),
        _ => None,
    });
    let kind = doc.map(|doc| doc.kind).unwrap_or_default();
    let person = s.device(&row.device)?.map(|device| device.person);
    let post = person.map(|id| s.person(&id)).transpose()?.flatten().map(|p| p.post);
    Ok(Ticket {
        written_at: document::parse_change(&row.raw).ok().map(|parts| parts.at),
        phone: short(&row.device.to_string()),
        post,
        gone,
        href,
        number: row.ticket,
        record: f.record(&kind).to_owned(),
        place: place.unwrap_or_else(|| f.grid(&row.pid)),
        reason: row.reason,
        received_at: row.received_at,
        writes,
        born,
    })
}

fn groups(s: &dyn Session, desk: &Desk, asked: &Asked) -> Result<Vec<Group>, StoreError> {
    let waiting = s.tickets_by_device(&desk.scope)?;
    let group = |row: store::desk::Waiting| {
        let person = s.device(&row.device)?.map(|device| device.person);
        let post = person.map(|id| s.person(&id)).transpose()?.flatten().map(|p| p.post);
        let device = row.device.to_string();
        Ok(Group {
            phone: short(&device),
            here: asked.device == device && asked.reason == row.reason,
            device,
            post,
            reason: row.reason,
            count: row.count,
            oldest: row.oldest,
        })
    };
    waiting.into_iter().map(group).collect()
}

/// Groups by phone and reason, and the changes of one or all of them.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let filter = asked.filter(&desk)?;
    let f = desk.frame(Right::Review).await?;
    let (desk, asked, mut f, groups, mut tickets) = off(move || {
        let found = store::view(&*desk.app.store, |s| {
            let groups = groups(s, &desk, &asked)?;
            let mut tickets = Vec::new();
            for number in s.tickets_page(&filter, asked.after, PAGE + 1)? {
                if let Some(row) = s.ticket(number)? {
                    tickets.push(ticket(s, &desk, &f, row)?);
                }
            }
            Ok::<_, StoreError>((groups, tickets))
        })?;
        Ok((desk, asked, f, found.0, found.1))
    })
    .await?;
    let mut more = String::new();
    if tickets.len() > PAGE {
        tickets.truncate(PAGE);
        let last = tickets.last().map_or(0, |ticket| ticket.number).to_string();
        let pairs = [("device", &*asked.device), ("reason", &asked.reason), ("after", &last)];
        more = link("/console/review/waiting", &pairs);
    }
    f.said = said(&desk, &asked);
    let device = asked.device;
    let tabs = Tabs::of(&f, "waiting");
    desk.show(&WaitingPage { f, tabs, groups, tickets, device, more })
}

fn said(desk: &Desk, asked: &Asked) -> Option<Said> {
    let t = |zh, en| desk.lang.t(zh, en);
    let mut text = match asked.said.as_str() {
        "accepted" => format!("{} {}", t("已接受：", "Accepted:"), asked.n),
        "discarded" => {
            let text = t("未接受，已告知手机：", "Not accepted, the phone is told:");
            format!("{text} {}", asked.n)
        }
        _ => return None,
    };
    if asked.left > 0 {
        let kept = t("；未能处理、仍在等待：", "; could not be done and still waiting:");
        text = format!("{text}{kept} {}", asked.left);
    }
    Some(Said::plain(text, asked.left == 0))
}

/// The fields of the form: tickets chosen one by one, or all of a phone and reason.
struct Chosen {
    csrf: String,
    accept: bool,
    tickets: Vec<u64>,
    device: String,
    reason: String,
}

fn chosen(body: &str) -> Chosen {
    let mut chosen = Chosen {
        csrf: String::new(),
        accept: false,
        tickets: Vec::new(),
        device: String::new(),
        reason: String::new(),
    };
    for (name, value) in body.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "csrf" => value.clone_into(&mut chosen.csrf),
            "act" => chosen.accept = value == "accept",
            "ticket" => chosen.tickets.extend(value.parse::<u64>()),
            "device" => value.clone_into(&mut chosen.device),
            "reason" => value.clone_into(&mut chosen.reason),
            _ => {}
        }
    }
    chosen
}

/// Accepts or discards; what cannot be done stays and is counted.
pub(super) async fn act(desk: Desk, body: String) -> Result<Response, Refusal> {
    let form = chosen(&body);
    desk.may_act(Right::Review, &form.csrf)?;
    let asked = Asked { device: form.device, reason: form.reason, ..Asked::default() };
    let filter = asked.filter(&desk)?;
    let (by, scope) = (desk.by.clone(), desk.scope.clone());
    let (accept, tickets) = (form.accept, form.tickets);
    let all = tickets.is_empty() && filter.device.is_some();
    let done = super::act(&desk.app, move |s, app| {
        let numbers = if all { s.tickets_page(&filter, 0, MANY)? } else { tickets.clone() };
        let (mut n, mut left, mut pids) = (0_u64, 0_u64, Vec::new());
        let mut decided = Vec::new();
        for number in numbers {
            let Some(row) = s.ticket(number)? else { continue };
            let grid = row.pid.to_string();
            let grid = grid.strip_prefix('g').unwrap_or_default().to_owned();
            if !scope.iter().any(|prefix| prefix.is_empty() || grid.starts_with(prefix)) {
                continue;
            }
            let done = part(s, &mut || {
                if accept {
                    review::accept(s, app, number, &by.actor)
                } else {
                    review::discard(s, app, number, &by.actor)
                }
            });
            match done {
                Ok(()) => {
                    n += 1;
                    pids.extend(s.presence(&row.doc)?);
                    decided.push(row.doc);
                }
                Err(ReviewError::Store(error)) => return Err(error.into()),
                Err(_) => left += 1,
            }
        }
        // Only when all is decided: what was named here as well must not be taken for having waited.
        decided.sort_unstable();
        decided.dedup();
        for doc in &decided {
            review::follow(s, app, doc)?;
        }
        Ok((n, left, pids))
    })
    .await?;
    let (n, left, pids) = done.unwrap_or_default();
    desk.app.nudge.wake(&pids);
    let said = if accept { "accepted" } else { "discarded" };
    let (n, left) = (n.to_string(), left.to_string());
    let pairs = [("said", said), ("n", &*n), ("left", &*left)];
    Ok(Redirect::to(&link("/console/review/waiting", &pairs)).into_response())
}

/// One ticket whose failure undoes only what it wrote itself.
fn part(
    s: &dyn Session,
    work: &mut dyn FnMut() -> Result<(), ReviewError>,
) -> Result<(), ReviewError> {
    let mut refused = None;
    let done = s.part(&mut || {
        work().map_err(|error| match error {
            ReviewError::Store(error) => error,
            other => {
                refused = Some(other);
                StoreError::GivenUp
            }
        })
    });
    match (done, refused) {
        (_, Some(refused)) => Err(refused),
        (Err(error), None) => Err(error.into()),
        (Ok(()), None) => Ok(()),
    }
}
