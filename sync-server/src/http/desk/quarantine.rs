//! Changes that wait to be accepted or not, record by record: what each would do, alone or many at once by phone.

mod work;

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use ironfeet_core::model::{DeviceId, Role, UtcMillis};

use super::super::error::{Error, off};
use super::conflicts::short;
use super::frame::{Desk, Frame, Refusal, Said, link};
use super::rights::Right;
use super::tabs::Tabs;
use crate::review::{self, ReviewError};
use crate::store::desk::TicketFilter;
use crate::store::{self, Session, StoreError};
use crate::words;
use work::{Gone, Work};

/// Records on a page.
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

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    f: Frame,
    tabs: Tabs,
    groups: Vec<Group>,
    works: Vec<Work>,
    device: String,
    more: String,
}

impl WaitingPage {
    /// From when to when it was written, by the phone's clock.
    fn written(&self, work: &Work) -> Option<String> {
        work.written.map(|(from, to)| words::from_to(from, to))
    }
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

/// Groups by phone and reason, and the work of one or all of them, record by record.
pub(super) async fn page(desk: Desk, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    desk.may(Right::Review)?;
    let filter = asked.filter(&desk)?;
    let f = desk.frame(Right::Review).await?;
    let (desk, asked, mut f, (groups, works, last)) = off(move || {
        let found = store::view(&*desk.app.store, |s| {
            let mut records = s.tickets_by_record(&filter, asked.after, PAGE + 1)?;
            let more = records.len() > PAGE;
            records.truncate(PAGE);
            let last = records.last().map(|(.., first)| *first).filter(|_| more);
            let mut works = Vec::new();
            for (doc, device, _) in &records {
                works.extend(work::look(s, &desk, &f, (doc, device))?);
            }
            Ok::<_, StoreError>((groups(s, &desk, &asked)?, works, last))
        })?;
        Ok((desk, asked, f, found))
    })
    .await?;
    let more = last.map_or_else(String::new, |last| {
        let last = last.to_string();
        let pairs = [("device", &*asked.device), ("reason", &asked.reason), ("after", &last)];
        link("/console/review/waiting", &pairs)
    });
    f.said = said(&desk, &asked);
    let device = asked.device;
    let tabs = Tabs::of(&f, "waiting");
    desk.show(&WaitingPage { f, tabs, groups, works, device, more })
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

/// The fields of the form: one piece of work, the marked ones, or all of a phone and reason.
struct Chosen {
    csrf: String,
    accept: bool,
    tickets: Vec<u64>,
    device: String,
    reason: String,
}

fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split('.').filter_map(|n| n.parse().ok())
}

fn chosen(body: &str) -> Chosen {
    let mut one: Option<Vec<u64>> = None;
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
            "ticket" => chosen.tickets.extend(numbers(value)),
            "one" => {
                let (act, tickets) = value.split_once('.').unwrap_or_default();
                (chosen.accept, one) = (act == "accept", Some(numbers(tickets).collect()));
            }
            "device" => value.clone_into(&mut chosen.device),
            "reason" => value.clone_into(&mut chosen.reason),
            _ => {}
        }
    }
    // One piece of work by its own button: whatever else is marked waits on.
    chosen.tickets = one.unwrap_or(chosen.tickets);
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
