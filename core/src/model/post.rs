//! Posts and departments. People appear only as the holder of a post.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::serde_by_text;
use super::{IdError, Lang};

/// The posts of the system (domain pages 1.6 and 3.1, protocol 4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Full- or part-time grid worker 网格员.
    Inspector,
    /// Community police officer 社区民警.
    CommunityPolice,
    /// Acceptor 受理员.
    Acceptor,
    /// Dispatcher 派遣员.
    Dispatcher,
    /// Department handler 处置人员.
    Handler,
    /// Checker 核查员.
    Checker,
    /// Supervisor 督导员.
    Supervisor,
    /// Evaluator 考核员.
    Evaluator,
    /// Auditor 审计员.
    Auditor,
    /// Privacy officer 个人信息保护负责人.
    PrivacyOfficer,
    /// System administrator 系统管理员.
    SystemAdministrator,
    /// The server itself: imports, migrations, decisions recorded for a supervisor.
    Server,
}

impl Role {
    /// Every role, in the order of the table of rights.
    pub const ALL: [Self; 12] = [
        Self::Inspector,
        Self::CommunityPolice,
        Self::Acceptor,
        Self::Dispatcher,
        Self::Handler,
        Self::Checker,
        Self::Supervisor,
        Self::Evaluator,
        Self::Auditor,
        Self::PrivacyOfficer,
        Self::SystemAdministrator,
        Self::Server,
    ];

    /// The stable name used in JSON, SQL and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspector => "inspector",
            Self::CommunityPolice => "community_police",
            Self::Acceptor => "acceptor",
            Self::Dispatcher => "dispatcher",
            Self::Handler => "handler",
            Self::Checker => "checker",
            Self::Supervisor => "supervisor",
            Self::Evaluator => "evaluator",
            Self::Auditor => "auditor",
            Self::PrivacyOfficer => "privacy_officer",
            Self::SystemAdministrator => "system_administrator",
            Self::Server => "server",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn title(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Inspector => ("网格员", "grid worker"),
            Self::CommunityPolice => ("社区民警", "community police officer"),
            Self::Acceptor => ("受理员", "acceptor"),
            Self::Dispatcher => ("派遣员", "dispatcher"),
            Self::Handler => ("处置人员", "department handler"),
            Self::Checker => ("核查员", "checker"),
            Self::Supervisor => ("督导员", "supervisor"),
            Self::Evaluator => ("考核员", "evaluator"),
            Self::Auditor => ("审计员", "auditor"),
            Self::PrivacyOfficer => ("个人信息保护负责人", "privacy officer"),
            Self::SystemAdministrator => ("系统管理员", "system administrator"),
            Self::Server => ("服务器", "server"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(IdError {
            what: "role",
            expected: "one of inspector, community_police, acceptor, dispatcher, handler, checker, supervisor, evaluator, auditor, privacy_officer, system_administrator",
        })
    }
}

/// A department's code from the reference data, such as `FIRE`: 2 to 16 capital letters, digits or `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepartmentCode(String);

impl DepartmentCode {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DepartmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DepartmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DepartmentCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (2..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { what: "department code", expected: "2 to 16 capital letters or digits" })
        }
    }
}

serde_by_text!(DepartmentCode);
