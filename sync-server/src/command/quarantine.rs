//! `quarantine`: list, accept, discard.

use clap::Subcommand;
use ironfeet_core::sync::lease;
use serde_json::json;

use super::{CommandError, Ground, Report};
use crate::review::{self, ReviewError};
use crate::{store, words};

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
    let followed = store::transact(&*app.store, |s| {
        match act {
            Quarantine::Accept { .. } => review::accept(s, &app, ticket, "admin"),
            _ => review::discard(s, &app, ticket, "admin"),
        }?;
        let row = s.ticket(ticket)?;
        Ok(row.map(|row| review::follow(s, &app, &row.doc)).transpose()?.unwrap_or(0))
    })
    .map_err(|error| match error {
        ReviewError::Store(error) => CommandError::Store(error),
        other => CommandError::refused(other.code(), other.to_string()),
    })?;
    let said = match decision {
        "accepted" => ground.say("已接受", "accepted"),
        _ => ground
            .say("未接受，手机下次同步时会得知", "discarded; the phone is told at its next sync"),
    };
    let also = match followed {
        0 => String::new(),
        n => format!(
            "; {}: {n}",
            ground.say("依赖它的修改一并采用", "changes that leaned on it, taken")
        ),
    };
    let json = json!({ "ticket": ticket, "decision": decision, "followed": followed });
    Ok(Report::done(json, format!("{said}{also}")))
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
    let line = |t: &store::TicketRow| {
        let why = words::reason(&t.reason, ground.lang);
        let advised = lease::advice(&t.reason).map(|advice| match advice {
            lease::Advice::Accept => ground.say("建议接受", "advice: accept"),
            lease::Advice::Discard => ground.say("建议不接受", "advice: discard"),
        });
        let (at, advised) = (words::time(t.received_at), advised.unwrap_or_default());
        format!("{}\t{at}\t{why}\t{advised}\t{}\t{}", t.ticket, t.doc, t.device)
    };
    let text: Vec<String> = tickets.iter().map(line).collect();
    Ok(Report::done(json.collect(), text.join("\n")))
}
