//! The first page: what waits, by post; the next conflict, one key away; phones that are silent.

use askama::Template;
use axum::response::Response;

use ironfeet_core::model::{Role, UtcMillis};

use super::super::error::{Error, off};
use super::decided::{self, Line};
use super::frame::{Desk, Frame, Refusal, SILENT_HOURS};
use super::rights::{Right, may};
use super::tiles::{self, Group};
use crate::app::App;
use crate::review::{self, Open};
use crate::store::desk::{ConflictFilter, Counts, Trail};
use crate::store::{self, DeviceRow, DeviceStatus, Session, StoreError};

const HOUR_MS: i64 = 3_600_000;
/// Silent phones and decisions shown.
const FEW: usize = 6;

#[derive(Template)]
#[template(path = "counts.html")]
struct CountsPart {
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    f: Frame,
    groups: Vec<Group>,
    next: Option<Open>,
    silent: Vec<DeviceRow>,
    decisions: Vec<Line>,
    decides: bool,
    audits: bool,
}

impl TodayPage {
    /// The values of the conflict that is next.
    fn values(&self, open: &Open) -> Vec<(String, &'static str)> {
        let value = |side: &review::Side| {
            let words = self.f.value(&open.container, &open.field, &side.value);
            (words, self.f.post_of(&side.origin.post))
        };
        open.sides.iter().map(value).collect()
    }
}

/// What the numbers are made of.
#[derive(Default)]
pub(super) struct Known {
    pub(super) counts: Counts,
    /// Of a handler: the department, its open findings, those past their limit.
    pub(super) led: Option<(String, [u64; 2])>,
    /// Of who audits: how much the trail grew in a day.
    pub(super) trail: Trail,
    /// Of who administers: accounts in use.
    pub(super) people: u64,
}

struct Seen {
    known: Known,
    next: Option<Open>,
    silent: Vec<DeviceRow>,
    decisions: Vec<Line>,
}

/// The first page.
pub(super) async fn page(desk: Desk) -> Result<Response, Refusal> {
    desk.may(Right::Today)?;
    let f = desk.frame(Right::Today).await?;
    let (desk, seen) = off(move || {
        let seen = store::view(&*desk.app.store, |s| see(s, &desk))?;
        Ok((desk, seen))
    })
    .await?;
    let groups = tiles::groups(&desk, &seen.known);
    let (decides, audits) = (may(desk.by.post, Right::Review), may(desk.by.post, Right::Audit));
    let Seen { next, silent, decisions, .. } = seen;
    desk.show(&TodayPage { f, groups, next, silent, decisions, decides, audits })
}

fn see(s: &dyn Session, desk: &Desk) -> Result<Seen, StoreError> {
    let may = |right| may(desk.by.post, right);
    let mut seen =
        Seen { known: know(s, desk)?, next: None, silent: Vec::new(), decisions: Vec::new() };
    if may(Right::Review) {
        let filter = ConflictFilter { scope: desk.scope.clone(), ..ConflictFilter::default() };
        let first = s.conflicts_page(&filter, None, 1)?;
        let open = first.first().map(|row| review::look(s, &desk.app, &row.row)).transpose()?;
        seen.next = open.flatten();
        seen.decisions = decided::lines(s, desk, s.decisions(None, FEW)?)?;
    }
    if may(Right::Phones) {
        seen.silent = silent(s, desk.now)?;
    }
    Ok(seen)
}

/// The numbers of a post as they stand.
pub(super) fn know(s: &dyn Session, desk: &Desk) -> Result<Known, StoreError> {
    let (now, may) = (desk.app.clock.now(), |right| may(desk.by.post, right));
    let mut known = Known::default();
    if may(Right::Records) || may(Right::Review) || may(Right::Phones) {
        let heard = now.plus_ms(-SILENT_HOURS * HOUR_MS);
        known.counts = s.counts(&desk.scope, now, now.plus_days(-tiles::DAYS), heard)?;
    }
    if desk.by.post == Role::Handler {
        let person = desk.by.actor.parse().ok().map(|id| s.person(&id)).transpose()?.flatten();
        if let Some(code) = person.and_then(|person| person.department) {
            let code = code.to_string();
            let led = s.findings_led(&desk.scope, &code, now)?;
            known.led = Some((code, led));
        }
    }
    if may(Right::Audit) {
        known.trail = s.audit_since(now.plus_days(-1))?;
    }
    if may(Right::People) {
        for person in s.people()? {
            known.people += u64::from(s.person_retired(&person.id)?.is_none());
        }
    }
    Ok(known)
}

fn silent(s: &dyn Session, now: UtcMillis) -> Result<Vec<DeviceRow>, StoreError> {
    let before = now.plus_ms(-SILENT_HOURS * HOUR_MS);
    let mut silent = s.devices()?;
    silent.retain(|d| d.status == DeviceStatus::Active && d.last_seen.is_none_or(|at| at < before));
    silent.sort_by_key(|device| device.last_seen);
    silent.truncate(FEW);
    Ok(silent)
}

/// The tiles alone, for the live stream.
pub(super) fn fragment(app: &App, desk: &Desk) -> Result<String, Error> {
    let known = store::view(&*app.store, |s| know(s, desk))?;
    let part = CountsPart { groups: tiles::groups(desk, &known) };
    part.render().map_err(|_| Error::Interrupted)
}
