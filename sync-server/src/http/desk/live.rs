//! `GET /console/live`: the first page's numbers, sent again whenever they change.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;

use super::super::error::off;
use super::frame::{Desk, Refusal};
use super::rights::Right;
use super::today;

/// How often the numbers are looked at.
const LOOK: Duration = Duration::from_secs(4);

/// A stream ends after so many looks; the page asks anew, and so its rights are looked at again.
const LOOKS: u32 = 150;

/// Numbers as they change, until the reader leaves or the server stops.
pub(super) async fn live(
    desk: Desk,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    desk.may(Right::Today)?;
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let state = (Arc::new(desk), ticks, String::new(), 0);
    let events = stream::unfold(state, |(desk, mut ticks, last, mut looks)| async move {
        loop {
            looks += 1;
            if looks > LOOKS {
                return None;
            }
            tokio::select! {
                _ = ticks.tick() => {}
                () = desk.app.stopping.notified() => return None,
            }
            let inner = desk.clone();
            let now = off(move || today::fragment(&inner.app, &inner)).await.ok()?;
            if now != last {
                // One line: an event ends at a line's end.
                let event = Event::default().event("counts").data(now.replace('\n', " "));
                return Some((Ok(event), (desk, ticks, now, looks)));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
