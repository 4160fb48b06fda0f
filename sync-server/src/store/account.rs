//! The register of areas, departments and posts, logins and tokens of programs, as rows.
//!
//! Secrets are kept as hashes; a second factor's secret is kept as it is, because codes are made from it.

use ironfeet_core::model::{DepartmentCode, PersonId, Role, UtcMillis};

use super::StoreError;

/// A list of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Areas by code: city, county, street, community, grid.
    Area,
    /// Departments by code.
    Department,
    /// Posts by name, with a role and areas.
    Post,
}

impl Register {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Department => "department",
            Self::Post => "post",
        }
    }
}

/// One entry of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRow {
    /// Code or name.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The role, of a post.
    pub role: Option<Role>,
    /// The areas, of a post.
    pub areas: Vec<String>,
    /// The department, of a post.
    pub department: Option<DepartmentCode>,
    /// Since when it is not used any more.
    pub retired_at: Option<UtcMillis>,
}

impl RegisterRow {
    /// An area or a department: only a name.
    #[must_use]
    pub fn named(id: String, title: String) -> Self {
        Self { id, title, role: None, areas: Vec::new(), department: None, retired_at: None }
    }
}

/// How somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRow {
    /// Whose it is.
    pub person: PersonId,
    /// Argon2id in its usual text form.
    pub password_hash: String,
    /// The password was given by an administrator: it must be changed before anything else.
    pub one_time: bool,
    /// The second factor's secret; nothing before it was set up.
    pub factor: Option<Vec<u8>>,
    /// The time step of the last code that was taken: no code counts twice.
    pub factor_step: u64,
    /// Failures since the last success.
    pub failures: u32,
    /// Nobody signs in before.
    pub locked_until: UtcMillis,
    /// When the password was set.
    pub changed_at: UtcMillis,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// What it is called.
    pub name: String,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub made_at: UtcMillis,
    /// When it stops working.
    pub expires_at: UtcMillis,
    /// When it was taken back.
    pub revoked_at: Option<UtcMillis>,
}

/// The register, logins and tokens of programs.
pub trait Accounts {
    /// Adds or replaces an entry.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn register_put(&self, list: Register, row: &RegisterRow) -> Result<(), StoreError>;

    /// An entry.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn registered(&self, list: Register, id: &str) -> Result<Option<RegisterRow>, StoreError>;

    /// Every entry of a list, by id.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn register(&self, list: Register) -> Result<Vec<RegisterRow>, StoreError>;

    /// Retires an account; `false` when there is none that is in use.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn person_retire(&self, id: &PersonId, at: UtcMillis) -> Result<bool, StoreError>;

    /// Since when an account is retired.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn person_retired(&self, id: &PersonId) -> Result<Option<UtcMillis>, StoreError>;

    /// Adds or replaces a login.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn login_put(&self, login: &LoginRow) -> Result<(), StoreError>;

    /// How somebody signs in.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn login(&self, person: &PersonId) -> Result<Option<LoginRow>, StoreError>;

    /// Whether nobody can sign in yet.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn no_login(&self) -> Result<bool, StoreError>;

    /// Adds or replaces a token of a program.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn api_token_put(&self, token: &ApiTokenRow) -> Result<(), StoreError>;

    /// The token of this hash.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn api_token(&self, hash: &[u8; 32]) -> Result<Option<ApiTokenRow>, StoreError>;

    /// Every token of programs, by name.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn api_tokens(&self) -> Result<Vec<ApiTokenRow>, StoreError>;
}
