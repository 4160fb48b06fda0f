//! Where a change stands, as a number in its row.

/// Where a change stands between this phone and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Made or imported here, not yet offered.
    Pending,
    /// Offered; the answer has not come.
    Sent,
    /// The server has it.
    Acked,
    /// The server refused it, with a reason in the inbox.
    Refused,
    /// It waits for a supervisor's review.
    Quarantined,
    /// The server has it, but this app could not apply it.
    ApplyFailed,
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Pending,
        Self::Sent,
        Self::Acked,
        Self::Refused,
        Self::Quarantined,
        Self::ApplyFailed,
    ];

    /// The number in the row.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Sent => 1,
            Self::Acked => 2,
            Self::Refused => 3,
            Self::Quarantined => 4,
            Self::ApplyFailed => 5,
        }
    }

    /// The status of a row's number; an unknown one counts as pending, so that it is offered again.
    #[must_use]
    pub fn of(code: i64) -> Self {
        Self::ALL.into_iter().find(|s| s.code() == code).unwrap_or(Self::Pending)
    }
}
