//! Signing in to the console: passwords, second factor, lock-out; and tokens of programs.
//!
//! Every outcome, good or bad, leaves an audit row. Who asks in vain never hears why: a wrong account, a wrong
//! password and a wrong code are the same answer, after the same work. Must not know HTTP.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use totp_rs::{Builder, Totp};

use ironfeet_core::ground::Entropy;
use ironfeet_core::model::{PersonId, Role, UtcMillis};

use crate::store::{self, ApiTokenRow, LoginRow, PersonRow, Session, Store, StoreError};
use crate::{audit, enrol};

/// Characters a password has at least.
pub const PASSWORD_MIN: usize = 12;
/// And at most, so that nobody has the server hash a novel.
pub const PASSWORD_MAX: usize = 128;
/// Failures before an account is locked.
pub const FAILURES_MAX: u32 = 5;
/// How long it is locked.
pub const LOCK_MS: i64 = 15 * 60_000;
/// Bytes of a second factor's secret.
const FACTOR_BYTES: usize = 20;
/// The first administrator's account.
pub const FIRST: &str = "admin";
/// The account that the operator's one-time code leads to.
pub const CODE: &str = "supervisor";
/// The codes of every province begin with one of these.
const EVERYWHERE: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
/// What programs may be allowed.
pub const SCOPES: &[&str] = &["audit", "export", "metrics"];

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Too short or too long.
    Length,
    /// Fewer than three kinds of characters.
    Kinds,
    /// It holds the account's name, or is the one before.
    Known,
}

/// Whether a password may be used (graded protection asks for complexity; domain page 4.2, P23).
///
/// # Errors
/// [`Weak`].
pub fn policy(account: &str, password: &str) -> Result<(), Weak> {
    let length = password.chars().count();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        return Err(Weak::Length);
    }
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_lowercase(), |c| c.is_uppercase(), |c| c.is_numeric(), |c| !c.is_alphanumeric()];
    // Han and other letters without case are a kind of their own.
    let letters = |c: char| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase();
    let used = kinds.iter().filter(|kind| password.chars().any(**kind)).count()
        + usize::from(password.chars().any(letters));
    if used < 3 {
        return Err(Weak::Kinds);
    }
    if password.to_lowercase().contains(&account.to_lowercase()) {
        return Err(Weak::Known);
    }
    Ok(())
}

/// What is kept of a password. Takes time on purpose.
#[must_use]
pub fn hashed(password: &str, entropy: &dyn Entropy) -> String {
    let salt = entropy.sixteen();
    let argon = Argon2::default();
    let hash: argon2::password_hash::Result<PasswordHash> =
        argon.hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("the defaults and a salt of sixteen bytes are always taken").to_string()
}

fn is_password(password: &str, hash: &str) -> bool {
    let short = password.len() <= 4 * PASSWORD_MAX;
    let parsed = PasswordHash::new(hash);
    short
        && parsed.is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok())
}

/// The second factor of an account: six digits, thirty seconds, one step of grace.
#[must_use]
pub fn factor(account: &str, secret: &[u8]) -> Option<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(account.to_owned())
        .with_issuer(Some("Ironfeet".to_owned()))
        .build()
        .ok()
}

/// A new secret for a second factor.
#[must_use]
pub fn factor_secret(entropy: &dyn Entropy) -> Vec<u8> {
    let mut secret = vec![0; FACTOR_BYTES];
    entropy.fill(&mut secret);
    secret
}

/// The step a code belongs to, when it is right and newer than `after`.
fn factor_step(
    account: &str,
    secret: &[u8],
    code: &str,
    after: u64,
    now: UtcMillis,
) -> Option<u64> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let at = u64::try_from(now.0 / 1_000).ok()?;
    let step = factor(account, secret)?.check(&digits, at)?;
    (step > after).then_some(step)
}

/// Whether this is the account's password. Takes time on purpose, the same for accounts that do not exist:
/// run it off the async threads and outside of transactions.
///
/// # Errors
/// Of the store.
pub fn is_right(store: &dyn Store, account: &str, password: &str) -> Result<bool, StoreError> {
    let person: Option<PersonId> = account.trim().parse().ok();
    let login = match &person {
        Some(id) => store::view(store, |s| s.login(id))?,
        None => None,
    };
    let hash = login.as_ref().map_or(NOBODY, |login| login.password_hash.as_str());
    Ok(is_password(password, hash) && login.is_some())
}

/// What somebody typed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The account.
    pub account: String,
    /// Whether the password was right.
    pub right: bool,
    /// The code of the second factor; empty before one is set up.
    pub code: String,
}

/// How far somebody got.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// In.
    Full(PersonRow),
    /// Right so far; the one-time password must be changed, or a second factor set up, before anything else.
    Half(PersonRow),
    /// Not in. Nobody hears why.
    Refused,
}

/// Whether somebody may sign in.
///
/// # Errors
/// Of the store.
pub fn sign_in(s: &dyn Session, attempt: &Attempt, now: UtcMillis) -> Result<Entry, StoreError> {
    let person: Option<PersonId> = attempt.account.trim().parse().ok();
    let known = match &person {
        Some(id) => s.login(id)?.zip(s.person(id)?),
        None => None,
    };
    let Some((login, row)) = known else {
        let who = stranger(s, &attempt.account)?;
        audit::refused(s, now, &who, "console.login", "console")?;
        return Ok(Entry::Refused);
    };
    let locked = login.locked_until > now || s.person_retired(&row.id)?.is_some();
    let step = match &login.factor {
        Some(secret) => factor_step(row.id.as_str(), secret, &attempt.code, login.factor_step, now),
        None => Some(login.factor_step),
    };
    match (attempt.right && !locked, step) {
        (true, Some(step)) => {
            let half = login.one_time || login.factor.is_none();
            s.login_put(&LoginRow { failures: 0, factor_step: step, ..login })?;
            let action = if half { "console.login.half" } else { "console.login" };
            audit::note(s, now, row.id.as_str(), action, "console")?;
            Ok(if half { Entry::Half(row) } else { Entry::Full(row) })
        }
        _ => {
            fail(s, login, "console.login", now)?;
            Ok(Entry::Refused)
        }
    }
}

/// An account that there is none of, as a number: what was typed may be somebody's name or password.
fn stranger(s: &dyn Session, typed: &str) -> Result<String, StoreError> {
    let key = s.meta(crate::identity::STAMP_KEY)?.unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|_| StoreError::Damaged("the key of the server"))?;
    mac.update(b"ironfeet stranger");
    mac.update(typed.trim().as_bytes());
    Ok(format!("unknown:{}", hex::encode(&mac.finalize().into_bytes()[..6])))
}

fn fail(s: &dyn Session, login: LoginRow, act: &str, now: UtcMillis) -> Result<(), StoreError> {
    let account = login.person.as_str().to_owned();
    audit::refused(s, now, &account, act, "console")?;
    if login.locked_until > now {
        return Ok(());
    }
    let failures = login.failures + 1;
    let (failures, locked_until) = if failures >= FAILURES_MAX {
        audit::note(s, now, &account, "console.lock", "console")?;
        (0, UtcMillis(now.0 + LOCK_MS))
    } else {
        (failures, login.locked_until)
    };
    s.login_put(&LoginRow { failures, locked_until, ..login })
}

/// A hash that no password has: what an unknown account is compared with.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Sets a password that the account's holder chose: whether the old one was right, and what is kept of the new.
///
/// # Errors
/// Of the store.
pub fn change(
    s: &dyn Session,
    person: &PersonId,
    (right, new_hash): (bool, &str),
    now: UtcMillis,
) -> Result<bool, StoreError> {
    let Some(login) = s.login(person)? else { return Ok(false) };
    if login.locked_until > now || !right {
        fail(s, login, "console.password", now)?;
        return Ok(false);
    }
    let password_hash = new_hash.to_owned();
    s.login_put(&LoginRow {
        password_hash,
        one_time: false,
        failures: 0,
        changed_at: now,
        ..login
    })?;
    audit::note(s, now, person.as_str(), "console.password", person.as_str())?;
    Ok(true)
}

/// Sets up the second factor, once a code shows that the app has it; `false` when the code is wrong.
///
/// # Errors
/// Of the store.
pub fn set_factor(
    s: &dyn Session,
    person: &PersonId,
    secret: &[u8],
    code: &str,
    now: UtcMillis,
) -> Result<bool, StoreError> {
    let Some(login) = s.login(person)? else { return Ok(false) };
    // One that is there is taken away by an administrator only.
    let step = factor_step(person.as_str(), secret, code, 0, now);
    let (Some(step), None) = (step, &login.factor) else {
        audit::refused(s, now, person.as_str(), "console.factor", person.as_str())?;
        return Ok(false);
    };
    s.login_put(&LoginRow { factor: Some(secret.to_vec()), factor_step: step, ..login })?;
    audit::note(s, now, person.as_str(), "console.factor", person.as_str())?;
    Ok(true)
}

/// Gives an account a one-time password and takes its second factor away: at the beginning, or when lost.
///
/// # Errors
/// Of the store.
pub fn reset(
    s: &dyn Session,
    person: &PersonId,
    entropy: &dyn Entropy,
    now: UtcMillis,
) -> Result<String, StoreError> {
    let password = enrol::secret(entropy);
    s.login_put(&one_time(person, hashed(&password, entropy), now))?;
    audit::note(s, now, "admin", "login.reset", person.as_str())?;
    Ok(password)
}

/// The first administrator with a one-time password, where nobody can sign in yet.
///
/// # Errors
/// Of the store.
pub fn first(
    s: &dyn Session,
    entropy: &dyn Entropy,
    now: UtcMillis,
) -> Result<Option<String>, StoreError> {
    if !s.no_login()? {
        return Ok(None);
    }
    let id: PersonId =
        FIRST.parse().map_err(|_| StoreError::Damaged("the first account's name"))?;
    if s.person(&id)?.is_none() {
        s.person_put(&PersonRow {
            id: id.clone(),
            post: Role::SystemAdministrator,
            areas: Vec::new(),
            department: None,
            added_at: now,
        })?;
        audit::note(s, now, "admin", "person.add", id.as_str())?;
    }
    reset(s, &id, entropy, now).map(Some)
}

/// The operator's one-time code was used: it is the one-time password of the account [`CODE`], whose second
/// factor is to be set up anew.
///
/// # Errors
/// Of the store.
pub fn by_code(s: &dyn Session, password_hash: &str, now: UtcMillis) -> Result<(), StoreError> {
    let id: PersonId = CODE.parse().map_err(|_| StoreError::Damaged("the code's account"))?;
    if s.person(&id)?.is_none() {
        s.person_put(&PersonRow {
            id: id.clone(),
            post: Role::Supervisor,
            areas: EVERYWHERE.map(str::to_owned).to_vec(),
            department: None,
            added_at: now,
        })?;
        audit::note(s, now, "admin", "person.add", CODE)?;
    }
    s.login_put(&one_time(&id, password_hash.to_owned(), now))?;
    audit::note(s, now, CODE, "console.login.half", "console")
}

fn one_time(person: &PersonId, password_hash: String, now: UtcMillis) -> LoginRow {
    LoginRow {
        person: person.clone(),
        password_hash,
        one_time: true,
        factor: None,
        factor_step: 0,
        failures: 0,
        locked_until: UtcMillis(0),
        changed_at: now,
    }
}

/// A new token of a program: its text is told once.
///
/// # Errors
/// Of the store.
pub fn api_token(
    s: &dyn Session,
    (name, scopes, days): (&str, &[String], u32),
    entropy: &dyn Entropy,
    now: UtcMillis,
) -> Result<String, StoreError> {
    let mut random = [0; 32];
    entropy.fill(&mut random);
    let text = format!("ironfeet_{}", hex::encode(random));
    s.api_token_put(&ApiTokenRow {
        name: name.to_owned(),
        token_hash: enrol::hash(&text),
        scopes: scopes.to_vec(),
        made_at: now,
        expires_at: now.plus_days(i64::from(days)),
        revoked_at: None,
    })?;
    audit::note(s, now, "admin", "api-token.add", &format!("{name} {}", scopes.join(" ")))?;
    Ok(text)
}

/// Whether a program's token allows something now, and what it is called.
///
/// # Errors
/// Of the store.
pub fn allowed(
    s: &dyn Session,
    token: &str,
    scope: &str,
    now: UtcMillis,
) -> Result<Option<(String, bool)>, StoreError> {
    let row = s.api_token(&enrol::hash(token))?;
    let alive = row.filter(|row| row.revoked_at.is_none() && row.expires_at > now);
    Ok(alive.map(|row| (row.name, row.scopes.iter().any(|s| s == scope))))
}

#[cfg(test)]
mod tests;
