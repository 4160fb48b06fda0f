//! `admin login|api-token`, and an account that is retired: who gets in, and who does not any more.

use clap::Subcommand;
use serde_json::json;

use ironfeet_core::model::{PersonId, UtcMillis};

use super::{CommandError, Ground, Report};
use crate::account::{self, SCOPES};
use crate::store::{self, ApiTokenRow, StoreError};
use crate::{audit, people};

/// What to do with a login of the console.
#[derive(Debug, Subcommand)]
pub enum Login {
    /// Give an account a one-time password: the first one, or when password or second factor are lost.
    Reset {
        /// The account.
        #[arg(long)]
        person: PersonId,
    },
}

/// What to do with tokens of programs.
#[derive(Debug, Subcommand)]
pub enum ApiToken {
    /// Make one; its text is shown once.
    Add {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do: audit, export, metrics.
        #[arg(long, num_args = 1.., required = true)]
        scope: Vec<String>,
        /// Days until it ends.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// All of them, without their texts.
    List,
    /// Take one back.
    Revoke {
        /// Which.
        #[arg(long)]
        name: String,
    },
}

pub(super) fn login(ground: &Ground, act: &Login) -> Result<Report, CommandError> {
    let Login::Reset { person } = act;
    let store = ground.store()?;
    let now = ground.clock.now();
    let password = store::transact(&*store, |s| {
        if s.person(person)?.is_none() || s.person_retired(person)?.is_some() {
            let text = ground.say("没有这个账号", "there is no such account in use");
            return Err(CommandError::refused("unknown_person", text));
        }
        Ok(account::reset(s, person, &*ground.entropy, now)?)
    })?;
    let json = json!({ "person": person, "one_time_password": password });
    Ok(Report::done(json, password))
}

/// The account and its phones lose trust in one step. What the phones still hand in waits for review.
pub(super) fn retire(ground: &Ground, person: &PersonId) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    let phones = store::transact(&*store, |s| {
        people::retire(s, person, "admin", now)?.ok_or_else(|| {
            let text = ground.say("没有这个账号", "there is no such account in use");
            CommandError::refused("unknown_person", text)
        })
    })?;
    Ok(Report::done(json!({ "id": person, "phones_revoked": phones }), person.to_string()))
}

pub(super) fn api_token(ground: &Ground, act: &ApiToken) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let now = ground.clock.now();
    match act {
        ApiToken::Add { name, scope, days } => {
            if let Some(other) = scope.iter().find(|s| !SCOPES.contains(&s.as_str())) {
                let known = SCOPES.join(", ");
                return Err(CommandError::refused("scope", format!("{other}: one of {known}")));
            }
            let text = store::transact(&*store, |s| {
                if s.api_tokens()?.iter().any(|t| t.name == *name && alive(t, now)) {
                    return Err(CommandError::refused("name", "a token of this name is in use"));
                }
                Ok(account::api_token(s, (name, scope, *days), &*ground.entropy, now)?)
            })?;
            Ok(Report::done(json!({ "name": name, "token": text }), text))
        }
        ApiToken::List => {
            let tokens = store::view(&*store, |s| s.api_tokens())?;
            let json = tokens.iter().map(|t| {
                json!({
                    "name": t.name, "scopes": t.scopes, "made_at": t.made_at,
                    "expires_at": t.expires_at, "revoked_at": t.revoked_at,
                })
            });
            let line = |t: &ApiTokenRow| format!("{}\t{}", t.name, t.scopes.join(" "));
            let text: Vec<String> = tokens.iter().map(line).collect();
            Ok(Report::done(json.collect(), text.join("\n")))
        }
        ApiToken::Revoke { name } => {
            let revoked = store::transact(&*store, |s| {
                let row = s.api_tokens()?.into_iter().find(|t| t.name == *name && alive(t, now));
                let Some(row) = row else { return Ok(false) };
                s.api_token_put(&ApiTokenRow { revoked_at: Some(now), ..row })?;
                audit::note(s, now, "admin", "api-token.revoke", name)?;
                Ok::<_, StoreError>(true)
            })?;
            if !revoked {
                return Err(CommandError::refused("unknown", "no token of this name is in use"));
            }
            Ok(Report::done(json!({ "name": name, "revoked_at": now }), name.clone()))
        }
    }
}

fn alive(token: &ApiTokenRow, now: UtcMillis) -> bool {
    token.revoked_at.is_none() && token.expires_at > now
}
