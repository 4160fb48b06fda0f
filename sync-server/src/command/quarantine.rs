//! `quarantine`: list, accept, discard.

use clap::Subcommand;
use ironfeet_core::sync::lease;
use serde_json::json;

use super::{CommandError, Ground, Report};
use crate::review::{self, ReviewError};
use crate::store;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// Changes that wait for a decision, oldest first.
    List,
    /// Take a change as it is.
    Accept {
        /// The ticket.
        ticket: u64,
    },
    /// Do not take a change; its phone is told.
    Discard {
        /// The ticket.
        ticket: u64,
    },
}

pub(super) fn run(ground: &Ground, act: &Quarantine) -> Result<Report, CommandError> {
    let app = ground.app()?;
    let (ticket, decision) = match act {
        Quarantine::List => return list(ground),
        Quarantine::Accept { ticket } => (*ticket, "accepted"),
        Quarantine::Discard { ticket } => (*ticket, "discarded"),
    };
    store::transact(&*app.store, |s| match act {
        Quarantine::Accept { .. } => review::accept(s, &app, ticket, "admin"),
        _ => review::discard(s, &app, ticket, "admin"),
    })
    .map_err(|error| match error {
        ReviewError::Store(error) => CommandError::Store(error),
        other => CommandError::refused(other.code(), other.to_string()),
    })?;
    Ok(Report::done(json!({ "ticket": ticket, "decision": decision }), decision))
}

fn list(ground: &Ground) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let tickets = store::view(&*store, |s| s.tickets_open())?;
    let json = tickets.iter().map(|t| {
        json!({
            "ticket": t.ticket, "doc": t.doc, "reason": t.reason, "device": t.device,
            "advice": lease::advice(&t.reason).map(lease::Advice::as_str), "changes": [t.hash], "received_at": t.received_at,
        })
    });
    let line =
        |t: &store::TicketRow| format!("{}\t{}\t{}\t{}", t.ticket, t.reason, t.doc, t.device);
    let text: Vec<String> = tickets.iter().map(line).collect();
    Ok(Report::done(json.collect(), text.join("\n")))
}
