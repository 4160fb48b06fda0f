//! How a phone is let in: a one-time code from an administrator, a key from the phone, a token back.
//!
//! Secrets are stored as hashes only. Must not know HTTP.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use ironfeet_core::ground::Entropy;
use ironfeet_core::model::{Author, DeviceId, GridCode, InstallId, PersonId, Role, UtcMillis};
use ironfeet_core::sync::{key, manifest};

use crate::audit;
use crate::pass::Passes;
use crate::store::{CodeRow, DeviceRow, DeviceStatus, PersonRow, Session, StoreError};

/// A code works this long.
pub const CODE_DAYS: i64 = 3;
/// Where the hash of the console's one-time code lies.
pub const CONSOLE_CODE: &str = "console_code";
/// Letters of a code: none that look alike.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Letters in a code: 80 bits.
const CODE_LETTERS: usize = 16;

/// What a phone says when it enrols.
#[derive(Clone, Debug, Deserialize)]
pub struct Ask {
    /// The one-time code.
    pub code: String,
    /// The installation.
    pub install_id: InstallId,
    /// The pseudonym that its changes name.
    pub author: Author,
    /// Public key in hex: 32 bytes of Ed25519, or 65 of P-256.
    pub public_key: String,
    /// App version.
    #[serde(default)]
    pub app: String,
}

/// What the phone gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Enrolled {
    /// The device's identity, derived from its key.
    pub device_id: DeviceId,
    /// Token of this device for its next requests.
    pub token: String,
    /// When the token ends; another is had by proof of the key.
    pub expires_at: UtcMillis,
    /// The time here.
    pub server_time: UtcMillis,
    /// The person the code was made for.
    pub person: PersonId,
    /// Their post.
    pub role: Role,
    /// Grids the phone carries.
    pub grids: Vec<GridCode>,
}

/// Why a phone is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such code, or used, or too old.
    #[error("the code is wrong, was used or has expired")]
    Code,
    /// The key is no key.
    #[error("the public key is none of Ed25519 or P-256 in hex")]
    Key,
    /// The key or the author belongs to a phone already.
    #[error("this key or author is enrolled already; make new ones")]
    Taken,
}

impl Refused {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Code => "enrol_code",
            Self::Key => "public_key",
            Self::Taken => "already_enrolled",
        }
    }
}

/// SHA-256 of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The hash of a code as people type it: capital or small letters, with or without dashes.
#[must_use]
pub fn code_hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hash(&letters.to_uppercase())
}

/// A new secret of letters in groups of four.
#[must_use]
pub fn secret(entropy: &dyn Entropy) -> String {
    let mut random = [0; CODE_LETTERS];
    entropy.fill(&mut random);
    let letters: Vec<u8> =
        random.iter().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]).collect();
    let groups = letters.chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("-")
}

/// Makes a code for a person, who becomes an inspector of the grids where unknown.
/// Without grids the phone carries the person's whole grids.
///
/// # Errors
/// Of the store.
pub fn code(
    s: &dyn Session,
    entropy: &dyn Entropy,
    person: &PersonId,
    grids: &[GridCode],
    now: UtcMillis,
) -> Result<(String, UtcMillis), StoreError> {
    code_by(s, entropy, person, grids, now, "admin")
}

/// As [`code`], by an account of the console.
///
/// # Errors
/// Of the store.
pub fn code_by(
    s: &dyn Session,
    entropy: &dyn Entropy,
    person: &PersonId,
    grids: &[GridCode],
    now: UtcMillis,
    by: &str,
) -> Result<(String, UtcMillis), StoreError> {
    let known = s.person(person)?;
    let row = match known {
        Some(row) => row,
        None => {
            let row = PersonRow {
                id: person.clone(),
                post: Role::Inspector,
                areas: grids.iter().map(ToString::to_string).collect(),
                department: None,
                added_at: now,
            };
            s.person_put(&row)?;
            audit::note(s, now, by, "person.add", person.as_str())?;
            row
        }
    };
    let own = || row.areas.iter().filter_map(|area| area.parse().ok()).collect();
    let grids = if grids.is_empty() { own() } else { grids.to_vec() };
    let text = secret(entropy);
    let expires_at = now.plus_days(CODE_DAYS);
    s.code_put(&CodeRow {
        code_hash: code_hash(&text),
        person: person.clone(),
        grids,
        expires_at,
    })?;
    audit::note(s, now, by, "enrol.code", person.as_str())?;
    Ok((text, expires_at))
}

/// The text that a phone scans: where, by which code, for whom.
#[must_use]
pub fn invitation(config: &crate::config::Config, code: &str, person: &PersonId) -> String {
    let url = match config.public_url.as_str() {
        "" => {
            let scheme = if config.is_tls() { "https" } else { "http" };
            format!("{scheme}://{}", config.listen)
        }
        url => url.to_owned(),
    };
    format!("ironfeet:enrol?url={url}&code={code}&person={person}")
}

/// Lets a phone in.
///
/// # Errors
/// Of the store. The inner error is for the phone; the code stays unused then.
pub fn enrol(
    s: &dyn Session,
    ask: &Ask,
    passes: &Tokens<'_>,
    now: UtcMillis,
) -> Result<Result<Enrolled, Refused>, StoreError> {
    let Some(public_key) = public_key(&ask.public_key) else { return Ok(Err(Refused::Key)) };
    let device_id = manifest::device_id(&public_key);
    if let Some(known) = s.device(&device_id)? {
        return again(s, ask, known, passes, now);
    }
    let Some(code) = s.code_take(&code_hash(&ask.code), now)? else {
        return Ok(Err(Refused::Code));
    };
    // A phone whose key is lost comes back with its pseudonym, for its own person only.
    if s.device_by_author(&ask.author)?.is_some_and(|known| known.person != code.person) {
        s.code_put(&code)?;
        return Ok(Err(Refused::Taken));
    }
    let Some(person) = s.person(&code.person)? else { return Ok(Err(Refused::Code)) };
    if s.person_retired(&person.id)?.is_some() {
        return Ok(Err(Refused::Code));
    }
    s.device_put(&DeviceRow {
        id: device_id,
        person: person.id.clone(),
        public_key,
        author: ask.author,
        install: ask.install_id,
        grids: code.grids.clone(),
        status: DeviceStatus::Active,
        max_counter: 0,
        app: ask.app.chars().take(40).collect(),
        enrolled_at: now,
        last_seen: Some(now),
        renewed_from: None,
    })?;
    audit::note(s, now, person.id.as_str(), "device.enrol", &device_id.to_string())?;
    Ok(Ok(enrolled(device_id, person, code.grids, passes, now)))
}

/// The answer was lost on its way: the same phone shows the same code again, in its time.
fn again(
    s: &dyn Session,
    ask: &Ask,
    known: DeviceRow,
    tokens: &Tokens<'_>,
    now: UtcMillis,
) -> Result<Result<Enrolled, Refused>, StoreError> {
    let code = s.code_used(&code_hash(&ask.code), now)?;
    let same = code.is_some_and(|code| code.person == known.person)
        && known.install == ask.install_id
        && known.author == ask.author
        && known.status == DeviceStatus::Active;
    let person = s.person(&known.person)?.filter(|_| same);
    Ok(person.map(|p| enrolled(known.id, p, known.grids, tokens, now)).ok_or(Refused::Taken))
}

/// What tokens are made with.
pub struct Tokens<'p> {
    /// Who makes them.
    pub passes: &'p Passes,
    /// How long they last.
    pub minutes: u32,
}

fn public_key(text: &str) -> Option<Vec<u8>> {
    let bytes = hex::decode(text).ok()?;
    key::algorithm(&bytes).map(|_| bytes)
}

fn enrolled(
    device_id: DeviceId,
    person: PersonRow,
    grids: Vec<GridCode>,
    tokens: &Tokens<'_>,
    now: UtcMillis,
) -> Enrolled {
    let (token, expires_at) = tokens.passes.token(device_id, now, tokens.minutes);
    let (person, role) = (person.id, person.post);
    Enrolled { device_id, token, expires_at, server_time: now, person, role, grids }
}

/// What a copied phone asks for: it goes on under a key of its own (protocol 4.5, I3).
#[derive(Clone, Debug, Deserialize)]
pub struct Renewal {
    /// The new installation.
    pub install_id: InstallId,
    /// The new public key in hex.
    pub public_key: String,
}

/// Lets a copy of a phone go on under a new key, for the same person, grids and pseudonym. The phone it was
/// copied from stays what it is. Asked with the old key's signature.
///
/// # Errors
/// Of the store. The inner error is for the phone.
pub fn renew(
    s: &dyn Session,
    old: &DeviceId,
    ask: &Renewal,
    tokens: &Tokens<'_>,
    now: UtcMillis,
) -> Result<Result<Enrolled, Refused>, StoreError> {
    let Some(public_key) = public_key(&ask.public_key) else { return Ok(Err(Refused::Key)) };
    let device_id = manifest::device_id(&public_key);
    let Some(before) = s.device(old)? else { return Ok(Err(Refused::Code)) };
    let Some(person) = s.person(&before.person)? else { return Ok(Err(Refused::Code)) };
    if let Some(known) = s.device(&device_id)? {
        // The answer was lost on its way: the same key asks again.
        let same = known.renewed_from == Some(*old) && known.install == ask.install_id;
        let again = enrolled(device_id, person, known.grids, tokens, now);
        return Ok(if same { Ok(again) } else { Err(Refused::Taken) });
    }
    let grids = before.grids.clone();
    // A copy of a phone that is not trusted is not trusted either: its work waits for a person.
    s.device_put(&DeviceRow {
        id: device_id,
        public_key,
        install: ask.install_id,
        max_counter: 0,
        enrolled_at: now,
        last_seen: Some(now),
        renewed_from: Some(*old),
        ..before
    })?;
    audit::note(s, now, person.id.as_str(), "device.renew", &format!("{device_id} from {old}"))?;
    Ok(Ok(enrolled(device_id, person, grids, tokens, now)))
}

/// Takes grids from a phone that its person's new areas do not cover. What was written for them before and
/// comes later waits for review.
///
/// # Errors
/// Of the store.
pub fn narrow(
    s: &dyn Session,
    device: DeviceRow,
    person: &PersonRow,
    (by, now): (&str, UtcMillis),
) -> Result<(), StoreError> {
    let grids: Vec<GridCode> =
        device.grids.iter().filter(|grid| person.covers(grid)).cloned().collect();
    if grids == device.grids {
        return Ok(());
    }
    let id = device.id.to_string();
    s.device_put(&DeviceRow { grids, ..device })?;
    audit::note(s, now, by, "device.grids", &id)
}

/// Takes trust from a phone, effective at its next contact; `false` when there is no such phone.
///
/// # Errors
/// Of the store.
pub fn revoke(
    s: &dyn Session,
    id: &DeviceId,
    stolen: bool,
    now: UtcMillis,
) -> Result<bool, StoreError> {
    revoke_by(s, id, stolen, now, "admin")
}

/// As [`revoke`], by an account of the console.
///
/// # Errors
/// Of the store.
pub fn revoke_by(
    s: &dyn Session,
    id: &DeviceId,
    stolen: bool,
    now: UtcMillis,
    by: &str,
) -> Result<bool, StoreError> {
    let Some(mut device) = s.device(id)? else { return Ok(false) };
    device.status = if stolen { DeviceStatus::Stolen } else { DeviceStatus::Revoked };
    s.device_put(&device)?;
    let action = if stolen { "device.stolen" } else { "device.revoke" };
    audit::note(s, now, by, action, &id.to_string())?;
    Ok(true)
}
