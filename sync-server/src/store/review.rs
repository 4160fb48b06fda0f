//! What waits for a person's decision, and the trail of decisions, as rows.

use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, Pid, UtcMillis};

use super::StoreError;

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Taken as it is.
    Accepted,
    /// Not taken; its phone is told.
    Discarded,
}

impl Decision {
    /// The stable name in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Discarded => "discarded",
        }
    }

    /// The decision of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Discarded].into_iter().find(|d| d.as_str() == name)
    }
}

/// One quarantined change, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    /// Number of the ticket; 0 until it is kept.
    pub ticket: u64,
    /// The document.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// The partition its author meant.
    pub pid: Pid,
    /// The phone that wrote it.
    pub device: DeviceId,
    /// The pseudonym it wrote under.
    pub author: Author,
    /// The manifest it came with.
    pub manifest: [u8; 16],
    /// Why it waits: a stable code.
    pub reason: String,
    /// When it came.
    pub received_at: UtcMillis,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// One act, chained to the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Number, from 1.
    pub n: u64,
    /// When.
    pub at: UtcMillis,
    /// Who: an account name, a device, `admin` or `server`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: identities and codes only.
    pub object: String,
    /// Whether it was done; `false`: tried and refused.
    pub success: bool,
    /// Hash of the row before.
    pub prev: [u8; 32],
    /// Hash of this row.
    pub hash: [u8; 32],
}

/// Quarantine and audit.
pub trait Review {
    /// Keeps a change for decision and gives its ticket; one that is there keeps its ticket.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket_open(&self, ticket: &TicketRow) -> Result<u64, StoreError>;

    /// A ticket.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket(&self, ticket: u64) -> Result<Option<TicketRow>, StoreError>;

    /// The ticket of a change, decided or not.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket_of(&self, doc: &DocId, hash: &ChangeHash) -> Result<Option<TicketRow>, StoreError>;

    /// Tickets without a decision, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_open(&self) -> Result<Vec<TicketRow>, StoreError>;

    /// Tickets of a document without a decision, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_on(&self, doc: &DocId) -> Result<Vec<TicketRow>, StoreError>;

    /// Gives an open ticket another reason.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket_reason(&self, ticket: u64, reason: &str) -> Result<(), StoreError>;

    /// Notes a decision; `false` when there was one already.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket_decide(
        &self,
        ticket: u64,
        decision: Decision,
        by: &str,
        at: UtcMillis,
    ) -> Result<bool, StoreError>;

    /// Decided changes of a phone that it was told of fewer than three times (an answer may be lost).
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_untold(&self, device: &DeviceId) -> Result<Vec<TicketRow>, StoreError>;

    /// Notes that a phone was told once more.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn ticket_told(&self, ticket: u64) -> Result<(), StoreError>;

    /// The last audit row.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_last(&self) -> Result<Option<AuditRow>, StoreError>;

    /// Appends an audit row. A number that exists is an error.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_put(&self, row: &AuditRow) -> Result<(), StoreError>;

    /// Audit rows after a number, in order; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_after(&self, n: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError>;
}
