//! Partitions and their logs, as rows.

use ironfeet_core::model::{DocId, Pid, UtcMillis};

use super::StoreError;

/// A partition: the head of its log and the sum of its documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRow {
    /// Name.
    pub pid: Pid,
    /// The number the next entry gets; the first is 1.
    pub next_seq: u64,
    /// Entries below are no longer kept.
    pub floor_seq: u64,
    /// Highest entry known to be in a backup off this host.
    pub durable_seq: u64,
    /// Chain after the last entry.
    pub chain: [u8; 32],
    /// Sum of the items of its documents.
    pub digest: [u8; 32],
    /// How many documents it holds.
    pub count: u64,
}

impl PartitionRow {
    /// The number of the last entry; 0 when there is none.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.next_seq.saturating_sub(1)
    }
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Number in its partition.
    pub seq: u64,
    /// Kind, as the wire numbers it.
    pub kind: u8,
    /// The document it is about.
    pub doc: DocId,
    /// What the chain covers: a change's hash, or the hash of `body`.
    pub body_hash: [u8; 32],
    /// What entries other than changes carry.
    pub body: Option<Vec<u8>>,
    /// Chain after this entry.
    pub chain: [u8; 32],
    /// A change's bytes; only when entries are read, never written here.
    pub raw: Option<Vec<u8>>,
}

/// A partition prepared for phones that start empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// The partition.
    pub pid: Pid,
    /// Number of this build.
    pub n: u64,
    /// It holds the log up to this entry.
    pub upto_seq: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Documents in it.
    pub documents: u64,
    /// File name inside the bundles folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// When it was built.
    pub made_at: UtcMillis,
}

/// Logs, numbered under their partition's lock.
pub trait Logs {
    /// The partitions of these names, locked for this transaction in the order of their
    /// names. What does not exist is left out.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Engine`].
    fn partitions_lock(&self, pids: &[Pid]) -> Result<Vec<PartitionRow>, StoreError>;

    /// A partition as it stands.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn partition(&self, pid: &Pid) -> Result<Option<PartitionRow>, StoreError>;

    /// Every partition, by name.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn partitions(&self) -> Result<Vec<PartitionRow>, StoreError>;

    /// Writes a partition that this transaction has locked, or a new one.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn partition_put(&self, partition: &PartitionRow) -> Result<(), StoreError>;

    /// Appends an entry. A number that exists is an error.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn entry_put(&self, pid: &Pid, entry: &EntryRow) -> Result<(), StoreError>;

    /// Entries from `from` on in order, with the changes' bytes: at most `limit`, and no more
    /// than `bytes` of changes (but at least one).
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn entries(
        &self,
        pid: &Pid,
        from: u64,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// The chain after an entry; `None` when it is not kept. Entry 0 is not asked here.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn chain_at(&self, pid: &Pid, seq: u64) -> Result<Option<[u8; 32]>, StoreError>;

    /// Whether the entries that are kept of a log speak of a document. Reads the whole log.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn entry_about(&self, pid: &Pid, doc: &DocId) -> Result<bool, StoreError>;

    /// Entries of all logs together.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn entries_total(&self) -> Result<u64, StoreError>;

    /// The newest bundle of a partition.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn bundle(&self, pid: &Pid) -> Result<Option<BundleRow>, StoreError>;

    /// Every bundle.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn bundles(&self) -> Result<Vec<BundleRow>, StoreError>;

    /// Keeps a bundle as its partition's newest.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn bundle_put(&self, bundle: &BundleRow) -> Result<(), StoreError>;

    /// Forgets every bundle (after a restore).
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn bundles_clear(&self) -> Result<(), StoreError>;
}
