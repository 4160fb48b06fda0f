//! Who may do what: one table, used by the phone before an edit and by the server on the patches of the dry run.
//!
//! Pure and total: every (role, act, kind, field) has an answer. Must not know
//! who is signed in, which grid a record lies in (partition scope is checked
//! beside this table) or how a refusal is shown. Sources: domain pages 1.6,
//! 3.1 and 4.3, protocol 4.9.

use std::fmt;

use crate::model::Role;

/// What someone does to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// See the record.
    Read,
    /// Bring a new record into being.
    Create,
    /// Put or remove a value of a field.
    Write,
    /// Add an entry to an append-only list.
    Append,
    /// Choose between the values of a merge conflict.
    Settle,
}

impl Act {
    /// Every act, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Read, Self::Create, Self::Write, Self::Append, Self::Settle];

    /// The stable name used in refusals and the committed table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Append => "append",
            Self::Settle => "settle",
        }
    }
}

/// A group of fields that share their rights: a container of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field {
    /// The kind of record: `place`, `visit` or `task`.
    pub kind: &'static str,
    /// The container inside the document, such as `facts`.
    pub container: &'static str,
}

/// Every group of fields that documents have.
pub const FIELDS: &[Field] = &[
    Field { kind: "place", container: "facts" },
    Field { kind: "place", container: "remarks" },
    Field { kind: "visit", container: "head" },
    Field { kind: "visit", container: "answers" },
    Field { kind: "visit", container: "findings" },
    Field { kind: "visit", container: "photo_reasons" },
    Field { kind: "visit", container: "notes" },
    Field { kind: "visit", container: "photos" },
    Field { kind: "task", container: "head" },
    Field { kind: "task", container: "checks" },
    Field { kind: "task", container: "remarks" },
];

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.container)
    }
}

/// Whether a role may do an act to a group of fields of a kind of record.
///
/// `container` may be anything a stranger sent; what no rule names is refused,
/// to everyone but the server.
#[must_use]
pub fn may(role: Role, act: Act, kind: &str, container: &str) -> bool {
    if role == Role::Server {
        return true;
    }
    let Some(field) =
        FIELDS.iter().find(|f| f.kind == kind && f.container == container_of(container))
    else {
        return false;
    };
    match act {
        Act::Read => may_read(role),
        Act::Create => may_create(role, field.kind),
        Act::Write => may_write(role, field),
        Act::Append => may_append(role, field),
        Act::Settle => role == Role::Supervisor,
    }
}

/// Freshness and carried-over values follow the container they belong to.
fn container_of(container: &str) -> &str {
    match container {
        "seen" => "facts",
        "carried" => "head",
        other => other,
    }
}

/// Domain page 4.3, first line: places, categories, severities and answers.
fn may_read(role: Role) -> bool {
    match role {
        Role::Inspector
        | Role::CommunityPolice
        | Role::Acceptor
        | Role::Dispatcher
        | Role::Handler
        | Role::Checker
        | Role::Supervisor
        | Role::Evaluator
        | Role::Server => true,
        Role::Auditor | Role::PrivacyOfficer | Role::SystemAdministrator => false,
    }
}

fn in_the_field(role: Role) -> bool {
    matches!(role, Role::Inspector | Role::CommunityPolice | Role::Checker)
}

fn may_create(role: Role, kind: &str) -> bool {
    match kind {
        "task" => in_the_field(role) || matches!(role, Role::Supervisor | Role::Dispatcher),
        _ => in_the_field(role),
    }
}

fn may_write(role: Role, field: &Field) -> bool {
    match (field.kind, field.container) {
        ("place", "facts") => in_the_field(role) || role == Role::Supervisor,
        ("visit", "head" | "answers" | "findings" | "photo_reasons") => in_the_field(role),
        ("task", "head") => {
            in_the_field(role) || matches!(role, Role::Supervisor | Role::Dispatcher)
        }
        _ => false,
    }
}

fn may_append(role: Role, field: &Field) -> bool {
    match (field.kind, field.container) {
        ("place" | "task", "remarks") | ("visit", "notes") => {
            in_the_field(role) || matches!(role, Role::Supervisor | Role::Handler)
        }
        ("visit", "photos") => in_the_field(role),
        ("task", "checks") => matches!(role, Role::Inspector | Role::Checker),
        _ => false,
    }
}

/// The whole table as text, one line per role and group of fields: committed as a file so that a
/// change of rights shows in review.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("role | field | acts\n");
    for role in Role::ALL {
        for field in FIELDS {
            let acts: Vec<&str> = Act::ALL
                .into_iter()
                .filter(|act| may(role, *act, field.kind, field.container))
                .map(Act::as_str)
                .collect();
            out.push_str(&format!("{role} | {field} | {}\n", acts.join(" ")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_the_table() {
        expect_test::expect_file!["rules_table.txt"].assert_eq(&table());
    }

    #[test]
    fn what_no_rule_names_is_refused() {
        for role in Role::ALL {
            for act in Act::ALL {
                let allowed = may(role, act, "place", "score") || may(role, act, "person", "facts");
                assert_eq!(allowed, role == Role::Server, "{role} {}", act.as_str());
            }
        }
    }

    #[test]
    fn administrators_and_auditors_touch_no_record() {
        for role in [Role::Auditor, Role::PrivacyOfficer, Role::SystemAdministrator] {
            for field in FIELDS {
                for act in Act::ALL {
                    assert!(!may(role, act, field.kind, field.container), "{role} {field}");
                }
            }
        }
    }
}
