//! Posts and their holders: account names and invented display names, and the grids each one serves.

use ironfeet_core::model::{PersonId, Role};

use super::City;
use super::names;

/// What a person does, finer than the role: full- and part-time workers have the same rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Full-time grid worker 专职网格员.
    FullTime,
    /// Part-time grid worker 兼职网格员.
    PartTime,
    /// Community police 社区民警.
    Police,
    /// Acceptor, dispatcher or checker.
    Desk(Role),
    /// Department handler.
    Handler,
    /// Supervisor, auditor or privacy officer.
    Supervision(Role),
}

/// One holder of a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Account name, such as `ft0001`.
    pub id: PersonId,
    /// The right-giving role.
    pub role: Role,
    /// The job.
    pub job: Job,
    /// Invented display name for console screens; never written into a record.
    pub name: String,
    /// Numbers of the grids served; empty for people without a phone.
    pub grids: Vec<usize>,
}

impl City {
    /// Everyone, field workers first; made one by one.
    pub fn people(&self) -> impl Iterator<Item = Person> + '_ {
        (0..self.people_count()).filter_map(|n| self.person(n))
    }

    /// How many people there are.
    #[must_use]
    pub fn people_count(&self) -> usize {
        let p = self.profile();
        self.field_count() + (p.desks + p.handlers + p.supervision) as usize
    }

    /// How many of them carry a phone in the field: full-time, part-time, police.
    #[must_use]
    pub fn field_count(&self) -> usize {
        let p = self.profile();
        (p.full_time + p.part_time + p.police) as usize
    }

    /// One person by number; `None` past the last.
    #[must_use]
    pub fn person(&self, number: usize) -> Option<Person> {
        let p = self.profile();
        let third = |n: usize, roles: [Role; 3]| roles[n % 3];
        let groups: [(u64, &str); 6] = [
            (p.full_time, "ft"),
            (p.part_time, "pt"),
            (p.police, "po"),
            (p.desks, "desk"),
            (p.handlers, "hd"),
            (p.supervision, "sv"),
        ];
        let mut n = number;
        for (group, (count, prefix)) in groups.into_iter().enumerate() {
            let count = count as usize;
            if n >= count {
                n -= count;
                continue;
            }
            let job = match group {
                0 => Job::FullTime,
                1 => Job::PartTime,
                2 => Job::Police,
                3 => Job::Desk(third(n, [Role::Acceptor, Role::Dispatcher, Role::Checker])),
                4 => Job::Handler,
                _ => Job::Supervision(third(
                    n,
                    [Role::Supervisor, Role::Auditor, Role::PrivacyOfficer],
                )),
            };
            let id = format!("{prefix}{:04}", n + 1);
            return Some(Person {
                id: id.parse().expect("letters and digits"),
                role: job.role(),
                job,
                name: names::person(number),
                grids: if group < 3 { self.grids_of(n, count) } else { Vec::new() },
            });
        }
        None
    }

    /// Holder n of `count`: the grids shared out in code order, at least one each, so that a
    /// worker's grids lie beside each other. Where holders outnumber grids, several serve one.
    fn grids_of(&self, n: usize, count: usize) -> Vec<usize> {
        let grids = self.grids().len();
        let (from, to) = (n * grids / count, (n + 1) * grids / count);
        (from..to.max(from + 1)).collect()
    }

    /// Numbers of the field workers who serve a grid, in order of number.
    #[must_use]
    pub fn workers_of(&self, grid: usize) -> Vec<usize> {
        let p = self.profile();
        let mut out = Vec::new();
        let mut first = 0;
        for count in [p.full_time, p.part_time, p.police] {
            let count = count as usize;
            let guess = grid * count / self.grids().len();
            let near = guess.saturating_sub(1)..(guess + 2).min(count);
            out.extend(
                near.filter(|n| self.grids_of(*n, count).contains(&grid)).map(|n| first + n),
            );
            first += count;
        }
        out
    }
}

impl Job {
    /// The role that gives the rights.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::FullTime | Self::PartTime => Role::Inspector,
            Self::Police => Role::CommunityPolice,
            Self::Handler => Role::Handler,
            Self::Desk(role) | Self::Supervision(role) => role,
        }
    }
}
