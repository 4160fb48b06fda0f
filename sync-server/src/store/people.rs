//! People's posts, enrolment codes and phones, as rows.
//!
//! A person is an account name and a post, nothing else. Secrets are kept as hashes only.

use ironfeet_core::model::{
    Author, DepartmentCode, DeviceId, GridCode, InstallId, PersonId, Pid, Role, UtcMillis,
};

use super::StoreError;

/// Who may hold a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// Account name.
    pub id: PersonId,
    /// Post.
    pub post: Role,
    /// Areas the post covers: prefixes of grid codes (6, 9, 12 digits) or whole grid codes.
    pub areas: Vec<String>,
    /// Department, for handlers.
    pub department: Option<DepartmentCode>,
    /// When the account was added.
    pub added_at: UtcMillis,
}

impl PersonRow {
    /// Whether the post covers a grid.
    #[must_use]
    pub fn covers(&self, grid: &GridCode) -> bool {
        self.areas.iter().any(|area| grid.as_str().starts_with(prefix(area)))
    }

    /// The inboxes of the department in the areas of the post.
    #[must_use]
    pub fn inboxes(&self) -> Vec<Pid> {
        let Some(department) = &self.department else { return Vec::new() };
        // An area of 15 digits is a grid, and has no inbox.
        let inbox = |area: &String| format!("d{department}@{area}").parse().ok();
        self.areas.iter().filter_map(inbox).collect()
    }

    /// What the post reaches, as leases keep it ([`ironfeet_core::sync::lease::covers`]): its areas and inboxes. A
    /// handler works on what the department is shown, and nowhere else.
    #[must_use]
    pub fn reach(&self) -> Vec<String> {
        let areas: &[String] = if self.post == Role::Handler { &[] } else { &self.areas };
        let mut reach: Vec<String> = areas.iter().map(|area| prefix(area).to_owned()).collect();
        reach.extend(self.inboxes().iter().map(Pid::to_string));
        reach
    }
}

/// What codes inside an area begin with: a city's six digits end with 00, its counties' do not.
#[must_use]
pub fn prefix(area: &str) -> &str {
    match area.len() {
        6 => area.strip_suffix("00").unwrap_or(area),
        _ => area,
    }
}

/// A one-time code that lets one phone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// SHA-256 of the code.
    pub code_hash: [u8; 32],
    /// For whom.
    pub person: PersonId,
    /// The grids the phone carries.
    pub grids: Vec<GridCode>,
    /// When it stops working.
    pub expires_at: UtcMillis,
}

/// Whether a phone is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Trusted.
    Active,
    /// Given back or replaced: hands in its work, gets nothing.
    Revoked,
    /// Stolen: hands in nothing that is taken by default, gets nothing.
    Stolen,
}

impl DeviceStatus {
    /// The stable name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Stolen => "stolen",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Active, Self::Revoked, Self::Stolen].into_iter().find(|s| s.as_str() == name)
    }
}

/// An enrolled phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Identity.
    pub id: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// Key that signs its manifests and proofs: 32 bytes of Ed25519 or 65 of P-256.
    pub public_key: Vec<u8>,
    /// The pseudonym it writes under.
    pub author: Author,
    /// The installation that enrolled.
    pub install: InstallId,
    /// The grids it carries.
    pub grids: Vec<GridCode>,
    /// Whether it is trusted.
    pub status: DeviceStatus,
    /// Highest manifest counter seen (protocol 4.5, I4).
    pub max_counter: u64,
    /// App version as it says.
    pub app: String,
    /// When it enrolled.
    pub enrolled_at: UtcMillis,
    /// When it was last heard.
    pub last_seen: Option<UtcMillis>,
    /// The phone whose data it is a copy of (protocol 4.5, I3).
    pub renewed_from: Option<DeviceId>,
}

/// People, codes and phones.
pub trait People {
    /// Adds or replaces a person.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn person_put(&self, person: &PersonRow) -> Result<(), StoreError>;

    /// A person.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn person(&self, id: &PersonId) -> Result<Option<PersonRow>, StoreError>;

    /// Everybody, by account name.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn people(&self) -> Result<Vec<PersonRow>, StoreError>;

    /// Keeps a new code; one that was used is good again.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn code_put(&self, code: &CodeRow) -> Result<(), StoreError>;

    /// Uses a code up: `None` when it does not exist, was used or has expired.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn code_take(&self, hash: &[u8; 32], now: UtcMillis) -> Result<Option<CodeRow>, StoreError>;

    /// A code that was used and has not expired.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn code_used(&self, hash: &[u8; 32], now: UtcMillis) -> Result<Option<CodeRow>, StoreError>;

    /// Adds a phone, or replaces what is known of it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn device_put(&self, device: &DeviceRow) -> Result<(), StoreError>;

    /// A phone.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError>;

    /// The first phone that wrote under a pseudonym; copies of it may follow.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn device_by_author(&self, author: &Author) -> Result<Option<DeviceRow>, StoreError>;

    /// Every phone, by enrolment.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError>;

    /// Notes that a phone was heard, with its counter (never lowered) and app version.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn device_seen(
        &self,
        id: &DeviceId,
        at: UtcMillis,
        counter: u64,
        app: &str,
    ) -> Result<(), StoreError>;

    /// Notes how far a phone has read; observation only.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn cursor_seen(
        &self,
        id: &DeviceId,
        pid: &Pid,
        seq: u64,
        at: UtcMillis,
    ) -> Result<(), StoreError>;
}
