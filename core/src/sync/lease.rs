//! A lease: what a phone may do offline, until when; and the table that decides on late, moved and revoked work.
//!
//! Pure: the author's state, the lease and the time of receipt come as values. The server decides by
//! [`decide`] and a phone foretells by [`Validity`]. Must not know who keeps a lease. Source: protocol page 4.9.

use crate::model::{Author, DeviceId, GridCode, Pid, Role, UtcMillis};

/// What the server gave a phone to work under without it. Kept by the server; the phone names it by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Number: random, so that a restored server never gives one twice.
    pub id: u64,
    /// The phone.
    pub device: DeviceId,
    /// The pseudonym it writes under.
    pub author: Author,
    /// The post.
    pub role: Role,
    /// Grids the phone carried.
    pub grids: Vec<GridCode>,
    /// What the post reaches, see [`covers`].
    pub areas: Vec<String>,
    /// Push counter of the phone when it was given: work under it has a higher one.
    pub from_counter: u64,
    /// When it was given, server time.
    pub not_before: UtcMillis,
    /// Until when the phone works offline under it, server time.
    pub not_after: UtcMillis,
}

impl Lease {
    /// Whether it covered a partition.
    #[must_use]
    pub fn covers(&self, pid: &Pid) -> bool {
        covers(&self.grids, &self.areas, pid)
    }

    /// What it is worth for a manifest of this counter at this time; `hand_in_by` ends the grace.
    #[must_use]
    pub fn validity(&self, counter: u64, at: UtcMillis, hand_in_by: UtcMillis) -> Validity {
        if counter <= self.from_counter {
            Validity::NotYet
        } else {
            Validity::at(at, self.not_after, hand_in_by)
        }
    }
}

/// Whether a partition is one of these grids, or within reach of a post: `areas` are what codes of grids begin with,
/// and names of inboxes.
#[must_use]
pub fn covers(grids: &[GridCode], areas: &[String], pid: &Pid) -> bool {
    match pid {
        Pid::Grid(grid) => {
            grids.contains(grid)
                || areas.iter().any(|area| grid.as_str().starts_with(area.as_str()))
        }
        Pid::Inbox(..) => areas.contains(&pid.to_string()),
    }
}

/// What a lease is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// None was named (an app from before leases), or the server lost it with a restore: only the state at
    /// receipt counts.
    Unknown,
    /// Named by a manifest signed before it was given: the counter proves it.
    NotYet,
    /// It runs.
    Runs,
    /// It ended, its grace has not.
    Grace,
    /// Its grace ended.
    Over,
}

impl Validity {
    /// The validity at a time of a lease that had begun.
    #[must_use]
    pub fn at(now: UtcMillis, not_after: UtcMillis, hand_in_by: UtcMillis) -> Self {
        if now <= not_after {
            Self::Runs
        } else if now <= hand_in_by {
            Self::Grace
        } else {
            Self::Over
        }
    }

    fn holds(self) -> bool {
        matches!(self, Self::Runs | Self::Grace)
    }
}

/// How the author stands when its work is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorState {
    /// At work.
    Active,
    /// The phone was given back or its person replaced.
    Ended,
    /// The phone was reported stolen.
    Stolen,
}

/// A right of the author, at receipt and under the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// Whether the author has it now.
    pub now: bool,
    /// Whether the lease gave it.
    pub then: bool,
}

/// What becomes of a change, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is taken.
    Accept,
    /// It is taken and noted in the trail under this code.
    Flag(&'static str),
    /// It waits for a person, for this reason.
    Quarantine(&'static str),
}

/// What a supervisor is advised to do with what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Take it, unless something speaks against it.
    Accept,
    /// Do not take it, unless something speaks for it.
    Discard,
}

impl Advice {
    /// The stable name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Discard => "discard",
        }
    }
}

/// The decision table on where a change was made. `scope`: whether the author may write in the record's partition.
#[must_use]
pub fn decide(author: AuthorState, lease: Validity, scope: Right) -> Admission {
    use Admission::{Accept, Flag, Quarantine};
    match (author, lease) {
        (AuthorState::Stolen, _) => Quarantine("stolen"),
        (_, Validity::NotYet) => Quarantine("lease_not_yet"),
        (AuthorState::Ended, Validity::Over) => Quarantine("revoked_late"),
        (AuthorState::Ended, _) => Quarantine("revoked"),
        (AuthorState::Active, Validity::Over) => Quarantine("lease_over"),
        (AuthorState::Active, _) if !scope.now => {
            if scope.then && lease.holds() {
                Flag("scope_lost")
            } else {
                Quarantine("scope")
            }
        }
        (AuthorState::Active, Validity::Grace) => Flag("late"),
        (AuthorState::Active, Validity::Runs | Validity::Unknown) => Accept,
    }
}

/// The decision on what a change does. `post`: whether the author's post may do it.
#[must_use]
pub fn decide_act(lease: Validity, post: Right) -> Admission {
    match (post.now, post.then && lease.holds()) {
        (true, _) => Admission::Accept,
        (false, true) => Admission::Quarantine("role_ended"),
        (false, false) => Admission::Quarantine("rights"),
    }
}

/// What is advised for a reason; `None`: the supervisor decides without.
#[must_use]
pub fn advice(reason: &str) -> Option<Advice> {
    match reason {
        "revoked" | "role_ended" => Some(Advice::Accept),
        // Of an equivocation the phone hears at once and does it again by itself.
        "stolen" | "lease_not_yet" | "equivocation" => Some(Advice::Discard),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const DAY: i64 = 24 * 3_600_000;

    fn lease() -> Lease {
        Lease {
            id: 9,
            device: DeviceId([1; 16]),
            author: Author([2; 16]),
            role: Role::Inspector,
            grids: vec!["329901001012001".parse().unwrap()],
            areas: vec!["329902".to_owned()],
            from_counter: 5,
            not_before: UtcMillis(0),
            not_after: UtcMillis(3 * DAY),
        }
    }

    fn told(admission: Admission) -> String {
        match admission {
            Admission::Accept => "accept".to_owned(),
            Admission::Flag(code) => format!("accept, noted: {code}"),
            Admission::Quarantine(reason) => {
                let advised = advice(reason).map_or("none", Advice::as_str);
                format!("wait: {reason}, advice: {advised}")
            }
        }
    }

    const LEASES: [Validity; 5] =
        [Validity::Unknown, Validity::NotYet, Validity::Runs, Validity::Grace, Validity::Over];

    #[test]
    fn the_table_of_authors_leases_and_scopes() {
        let mut table = String::new();
        for author in [AuthorState::Active, AuthorState::Ended, AuthorState::Stolen] {
            for lease in LEASES {
                for (now, then) in [(true, true), (false, true), (false, false)] {
                    let scope = match (now, then) {
                        (true, _) => "in scope",
                        (_, true) => "scope lost",
                        _ => "no scope",
                    };
                    let said = told(decide(author, lease, Right { now, then }));
                    table += &format!("{author:?} | {lease:?} | {scope} | {said}\n");
                }
            }
        }
        expect![[r#"
            Active | Unknown | in scope | accept
            Active | Unknown | scope lost | wait: scope, advice: none
            Active | Unknown | no scope | wait: scope, advice: none
            Active | NotYet | in scope | wait: lease_not_yet, advice: discard
            Active | NotYet | scope lost | wait: lease_not_yet, advice: discard
            Active | NotYet | no scope | wait: lease_not_yet, advice: discard
            Active | Runs | in scope | accept
            Active | Runs | scope lost | accept, noted: scope_lost
            Active | Runs | no scope | wait: scope, advice: none
            Active | Grace | in scope | accept, noted: late
            Active | Grace | scope lost | accept, noted: scope_lost
            Active | Grace | no scope | wait: scope, advice: none
            Active | Over | in scope | wait: lease_over, advice: none
            Active | Over | scope lost | wait: lease_over, advice: none
            Active | Over | no scope | wait: lease_over, advice: none
            Ended | Unknown | in scope | wait: revoked, advice: accept
            Ended | Unknown | scope lost | wait: revoked, advice: accept
            Ended | Unknown | no scope | wait: revoked, advice: accept
            Ended | NotYet | in scope | wait: lease_not_yet, advice: discard
            Ended | NotYet | scope lost | wait: lease_not_yet, advice: discard
            Ended | NotYet | no scope | wait: lease_not_yet, advice: discard
            Ended | Runs | in scope | wait: revoked, advice: accept
            Ended | Runs | scope lost | wait: revoked, advice: accept
            Ended | Runs | no scope | wait: revoked, advice: accept
            Ended | Grace | in scope | wait: revoked, advice: accept
            Ended | Grace | scope lost | wait: revoked, advice: accept
            Ended | Grace | no scope | wait: revoked, advice: accept
            Ended | Over | in scope | wait: revoked_late, advice: none
            Ended | Over | scope lost | wait: revoked_late, advice: none
            Ended | Over | no scope | wait: revoked_late, advice: none
            Stolen | Unknown | in scope | wait: stolen, advice: discard
            Stolen | Unknown | scope lost | wait: stolen, advice: discard
            Stolen | Unknown | no scope | wait: stolen, advice: discard
            Stolen | NotYet | in scope | wait: stolen, advice: discard
            Stolen | NotYet | scope lost | wait: stolen, advice: discard
            Stolen | NotYet | no scope | wait: stolen, advice: discard
            Stolen | Runs | in scope | wait: stolen, advice: discard
            Stolen | Runs | scope lost | wait: stolen, advice: discard
            Stolen | Runs | no scope | wait: stolen, advice: discard
            Stolen | Grace | in scope | wait: stolen, advice: discard
            Stolen | Grace | scope lost | wait: stolen, advice: discard
            Stolen | Grace | no scope | wait: stolen, advice: discard
            Stolen | Over | in scope | wait: stolen, advice: discard
            Stolen | Over | scope lost | wait: stolen, advice: discard
            Stolen | Over | no scope | wait: stolen, advice: discard
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn the_table_of_posts() {
        let mut table = String::new();
        for lease in LEASES {
            for (now, then) in [(true, true), (true, false), (false, true), (false, false)] {
                let said = told(decide_act(lease, Right { now, then }));
                table += &format!("{lease:?} | now {now} | then {then} | {said}\n");
            }
        }
        expect![[r#"
            Unknown | now true | then true | accept
            Unknown | now true | then false | accept
            Unknown | now false | then true | wait: rights, advice: none
            Unknown | now false | then false | wait: rights, advice: none
            NotYet | now true | then true | accept
            NotYet | now true | then false | accept
            NotYet | now false | then true | wait: rights, advice: none
            NotYet | now false | then false | wait: rights, advice: none
            Runs | now true | then true | accept
            Runs | now true | then false | accept
            Runs | now false | then true | wait: role_ended, advice: accept
            Runs | now false | then false | wait: rights, advice: none
            Grace | now true | then true | accept
            Grace | now true | then false | accept
            Grace | now false | then true | wait: role_ended, advice: accept
            Grace | now false | then false | wait: rights, advice: none
            Over | now true | then true | accept
            Over | now true | then false | accept
            Over | now false | then true | wait: rights, advice: none
            Over | now false | then false | wait: rights, advice: none
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn a_lease_runs_three_days_its_grace_seven_and_only_for_later_counters() {
        let worth = |counter, at| lease().validity(counter, UtcMillis(at), UtcMillis(10 * DAY));
        assert_eq!(worth(5, DAY), Validity::NotYet);
        assert_eq!(worth(6, 0), Validity::Runs);
        assert_eq!(worth(6, 3 * DAY), Validity::Runs);
        assert_eq!(worth(6, 3 * DAY + 1), Validity::Grace);
        assert_eq!(worth(6, 10 * DAY), Validity::Grace);
        assert_eq!(worth(6, 10 * DAY + 1), Validity::Over);
    }

    #[test]
    fn a_lease_covers_its_grids_and_the_areas_of_the_post() {
        let covers = |pid: &str| lease().covers(&pid.parse().unwrap());
        assert!(covers("g329901001012001") && covers("g329902001012001"));
        assert!(!covers("g329901001012002") && !covers("g329903001012001"));
        assert!(!covers("dFIRE@329902"), "an inbox is nobody's who is not of the department");
        let areas = vec!["dFIRE@329902".to_owned()];
        let handler = Lease { grids: Vec::new(), areas, ..lease() };
        let covers = |pid: &str| handler.covers(&pid.parse().unwrap());
        assert!(covers("dFIRE@329902"));
        assert!(
            !covers("dPOLICE@329902") && !covers("dFIRE@329903") && !covers("g329902001012001")
        );
    }
}
