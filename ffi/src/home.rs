//! Where the stores of this phone lie, one folder for each person, and what an opening needs.
//!
//! As `main` does for the servers, this file reads the real clock and the system's entropy; nothing else does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ironfeet_core::ground::{Clock, Entropy};
use ironfeet_core::model::{GridCode, PersonId, UtcMillis};
use ironfeet_core::phone::{Keystore, OpenOptions};

use crate::error::PhoneError;
use crate::foreign::{Held, KeyVault, Signer};
use crate::words::Role;

/// Folders of stores begin with it, so that no person's account name can leave the folder.
const PREFIX: &str = "person-";

/// Where the stores lie.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Home {
    /// A folder of the app's own, out of every backup; made when it is missing.
    pub folder: String,
    /// A city's own checklists (YAML); the ones inside the library when absent.
    #[uniffi(default = None)]
    pub content: Option<String>,
    /// The city's own certificate authority (PEM), where its servers are not publicly trusted.
    #[uniffi(default = None)]
    pub authority: Option<String>,
}

/// The post of a person new to this phone.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Post {
    /// Account name as the city gives it; not a real name.
    pub person: String,
    /// The post.
    pub role: Role,
    /// Codes of the grids the person works in, 15 digits each.
    pub grids: Vec<String>,
}

/// The people who have a store on this phone, sorted. For the screen that asks who is working.
#[uniffi::export]
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "uniffi hands records over by value")]
pub fn people(home: Home) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(&home.folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut people: Vec<String> =
        names.filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned)).collect();
    people.sort();
    people
}

/// The phone's own clock.
struct PhoneClock;

impl Clock for PhoneClock {
    #[expect(clippy::disallowed_methods, reason = "on a phone, time enters here")]
    fn now(&self) -> UtcMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's random bytes.
struct PhoneEntropy;

impl Entropy for PhoneEntropy {
    #[expect(clippy::disallowed_methods, reason = "on a phone, entropy enters here")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("a phone without random bytes cannot make a key either");
    }
}

fn folder(home: &Home, person: &PersonId) -> PathBuf {
    Path::new(&home.folder).join(format!("{PREFIX}{person}"))
}

/// What the core needs to open the store of a person.
pub(crate) fn options(
    home: &Home,
    vault: &dyn KeyVault,
    signer: Option<Arc<dyn Signer>>,
    person: &PersonId,
) -> Result<OpenOptions, PhoneError> {
    let key = vault.store_key(person.to_string())?;
    let key = key.try_into().map_err(|_| PhoneError::invalid("store_key", "32 bytes"))?;
    Ok(OpenOptions {
        dir: folder(home, person),
        key,
        clock: Arc::new(PhoneClock),
        entropy: Arc::new(PhoneEntropy),
        content: home.content.clone(),
        keystore: signer.map(|signer| Arc::new(Held(signer)) as Arc<dyn Keystore>),
    })
}

/// An account name, checked.
pub(crate) fn person(text: &str) -> Result<PersonId, PhoneError> {
    text.parse()
        .map_err(|e: ironfeet_core::model::IdError| PhoneError::invalid("person", e.expected))
}

/// Grid codes, checked.
pub(crate) fn grids(codes: &[String]) -> Result<Vec<GridCode>, PhoneError> {
    codes.iter().map(|code| grid(code)).collect()
}

/// A grid code, checked.
pub(crate) fn grid(code: &str) -> Result<GridCode, PhoneError> {
    code.parse()
        .map_err(|e: ironfeet_core::model::CodeError| PhoneError::invalid("grid", &e.to_string()))
}
