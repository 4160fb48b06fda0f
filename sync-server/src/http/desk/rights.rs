//! Which posts see which pages of the console (domain page 4.3). One table.

use ironfeet_core::model::Role;

/// What a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// The first page.
    Today,
    /// Decide what waits.
    Review,
    /// See places, visits and findings.
    Records,
    /// Read the checklists in use.
    Checklists,
    /// Publish checklists.
    Publish,
    /// Let phones in and out.
    Phones,
    /// Say who holds which post.
    People,
    /// Search and verify the trail.
    Audit,
    /// Take lists out of the system.
    Export,
    /// Bring places in.
    Import,
}

impl Right {
    #[cfg(test)]
    const ALL: [Self; 10] = [
        Self::Today,
        Self::Review,
        Self::Records,
        Self::Checklists,
        Self::Publish,
        Self::Phones,
        Self::People,
        Self::Audit,
        Self::Export,
        Self::Import,
    ];
}

/// Whether a post has a right.
pub(crate) fn may(post: Role, right: Right) -> bool {
    use Right as R;
    match post {
        Role::Supervisor => !matches!(right, R::Audit | R::People),
        Role::Evaluator => matches!(right, R::Today | R::Records | R::Checklists | R::Export),
        Role::Inspector
        | Role::CommunityPolice
        | Role::Acceptor
        | Role::Dispatcher
        | Role::Handler
        | Role::Checker => matches!(right, R::Today | R::Records | R::Checklists),
        Role::Auditor | Role::PrivacyOfficer => matches!(right, R::Today | R::Audit),
        Role::SystemAdministrator => {
            matches!(right, R::Today | R::Checklists | R::Publish | R::Phones | R::People)
        }
        Role::Server => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_administers_or_audits_sees_no_record_and_who_decides_sees_no_trail() {
        for right in Right::ALL {
            assert!(!may(Role::Server, right), "nobody signs in as the server");
        }
        for role in [Role::Auditor, Role::PrivacyOfficer, Role::SystemAdministrator] {
            for right in [Right::Review, Right::Records, Right::Export, Right::Import] {
                assert!(!may(role, right), "{role} {right:?}");
            }
        }
        let deciders = Role::ALL.into_iter().filter(|role| may(*role, Right::Review));
        assert_eq!(deciders.collect::<Vec<_>>(), [Role::Supervisor]);
        assert!(!may(Role::Supervisor, Right::Audit) && may(Role::Auditor, Right::Audit));
    }
}
