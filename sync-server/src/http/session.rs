//! Supervisors signed in, in memory: a restart signs everybody out.
//!
//! The cookie holds a random token, we hold its hash. Failed attempts are counted for all
//! together, so that nobody guesses codes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ironfeet_core::ground::Entropy;
use ironfeet_core::model::{Role, UtcMillis};

use crate::account;
use crate::config;
use crate::enrol;

/// Failed attempts in a minute before everybody waits.
const FAILURES_MAX: usize = 30;
/// Sessions kept at most.
const SESSIONS_MAX: usize = 1_000;

/// A supervisor signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Must come with every act.
    pub csrf: String,
    /// Account name.
    pub actor: String,
    /// Post.
    pub post: Role,
    /// Prefixes of the grids seen; an empty one is everything.
    pub areas: Vec<String>,
    /// The password must be changed or a second factor set up before anything else.
    pub half: bool,
    /// The secret of the second factor that is being set up.
    pub factor: Vec<u8>,
    began: UtcMillis,
    used: UtcMillis,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<[u8; 32], Session>,
    failures: Vec<UtcMillis>,
}

/// Everybody signed in.
#[derive(Default)]
pub struct Sessions(Mutex<Inner>);

impl Sessions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another attempt is allowed now.
    #[must_use]
    pub fn may_try(&self, now: UtcMillis) -> bool {
        let mut inner = self.inner();
        inner.failures.retain(|at| now.0 - at.0 < 60_000);
        inner.failures.len() < FAILURES_MAX
    }

    /// An attempt failed.
    pub fn failed(&self, now: UtcMillis) {
        self.inner().failures.push(now);
    }

    /// A new session of the operator's one-time code; its token for the cookie.
    pub fn begin(&self, entropy: &dyn Entropy, now: UtcMillis) -> String {
        self.begin_as(entropy, now, account::CODE, Role::Supervisor, vec![String::new()])
    }

    /// A new session of an account; its token for the cookie.
    pub fn begin_as(
        &self,
        entropy: &dyn Entropy,
        now: UtcMillis,
        actor: &str,
        post: Role,
        areas: Vec<String>,
    ) -> String {
        let random = || {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            hex::encode(bytes)
        };
        let (token, csrf) = (random(), random());
        let mut inner = self.inner();
        if inner.sessions.len() >= SESSIONS_MAX {
            let oldest = inner.sessions.iter().min_by_key(|(_, s)| s.used).map(|(key, _)| *key);
            oldest.and_then(|key| inner.sessions.remove(&key));
        }
        let actor = actor.to_owned();
        let (half, factor) = (false, Vec::new());
        let session = Session { csrf, actor, post, areas, half, factor, began: now, used: now };
        inner.sessions.insert(enrol::hash(&token), session);
        token
    }

    /// The session of a token, if it has not ended.
    pub fn find(&self, token: &str, now: UtcMillis, rules: &config::Console) -> Option<Session> {
        let mut inner = self.inner();
        let key = enrol::hash(token);
        let session = inner.sessions.get_mut(&key)?;
        let idle = i64::from(rules.idle_minutes) * 60_000;
        let whole = i64::from(rules.absolute_hours) * 3_600_000;
        if now.0 - session.used.0 > idle || now.0 - session.began.0 > whole {
            inner.sessions.remove(&key);
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Makes a session one that may only set up its account, with this secret for the second factor.
    pub fn halve(&self, token: &str, factor: Vec<u8>) {
        if let Some(session) = self.inner().sessions.get_mut(&enrol::hash(token)) {
            (session.half, session.factor) = (true, factor);
        }
    }

    /// Ends every session of an account.
    pub fn end_all(&self, actor: &str) {
        self.inner().sessions.retain(|_, session| session.actor != actor);
    }

    /// Ends a session.
    pub fn end(&self, token: &str) {
        self.inner().sessions.remove(&enrol::hash(token));
    }
}
