//! Documents, their changes and where they appear, as rows.

use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, Pid, UtcMillis};

use super::StoreError;

/// Where a document stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocState {
    /// On the phones.
    Live,
    /// Left the phones by time; the server keeps it.
    Archived,
    /// Deleted: left the phones and takes nothing more.
    Deleted,
}

impl DocState {
    /// The stable name in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Self::Live, Self::Archived, Self::Deleted].into_iter().find(|s| s.as_str() == name)
    }
}

/// What is known of a document without loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocRow {
    /// Identity.
    pub id: DocId,
    /// Home partition.
    pub pid: Pid,
    /// How often it moved.
    pub move_gen: u64,
    /// Kind of record by its stable name.
    pub kind: String,
    /// Where it stands.
    pub state: DocState,
    /// Grows with every commit that touches it; a dry run holds only for the one it saw.
    pub generation: u64,
    /// Changes that no other leans on, sorted.
    pub heads: Vec<ChangeHash>,
    /// How many changes it has.
    pub changes: u64,
    /// The place it is about, for visits and tasks.
    pub about: Option<DocId>,
    /// When it was finished or closed, by the writer's clock but never later than received.
    pub closed_at: Option<UtcMillis>,
}

/// One stored change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Address within the document.
    pub hash: ChangeHash,
    /// Its actor.
    pub actor: [u8; 16],
    /// Number among its actor's changes.
    pub seq: u64,
    /// Highest operation number in it and its past.
    pub max_op: u64,
    /// The author, said on an actor's first change.
    pub author: Option<Author>,
    /// The uncompressed chunk as it came.
    pub raw: Vec<u8>,
    /// The manifest it came with; `None` for the server's own and re-seeded ones.
    pub manifest: Option<[u8; 16]>,
    /// The partition it was logged in first.
    pub log_pid: Pid,
    /// Its number there.
    pub log_seq: u64,
    /// When the server took it.
    pub received_at: UtcMillis,
}

/// What an author's device signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// Identity.
    pub id: [u8; 16],
    /// Who signed.
    pub device: DeviceId,
    /// The device's push counter.
    pub counter: u64,
    /// The manifest as it came, with its signature.
    pub bytes: Vec<u8>,
    /// When.
    pub received_at: UtcMillis,
}

/// Documents.
pub trait Documents {
    /// A document's row.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn doc(&self, id: &DocId) -> Result<Option<DocRow>, StoreError>;

    /// Adds or replaces a document's row.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn doc_put(&self, doc: &DocRow) -> Result<(), StoreError>;

    /// Identities of all documents after one, in order; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn doc_ids(&self, after: Option<&DocId>, limit: usize) -> Result<Vec<DocId>, StoreError>;

    /// Visits and tasks about a place.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn docs_about(&self, place: &DocId) -> Result<Vec<DocId>, StoreError>;

    /// Live documents closed before a time; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn docs_closed(&self, before: UtcMillis, limit: usize) -> Result<Vec<DocId>, StoreError>;

    /// The changes of a document in the order of arrival, from the `from`-th on (0: all).
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn changes(&self, id: &DocId, from: u64) -> Result<Vec<ChangeRow>, StoreError>;

    /// One change.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn change(&self, id: &DocId, hash: &ChangeHash) -> Result<Option<ChangeRow>, StoreError>;

    /// Adds a change as the document's `n`-th (from 0); `false` when it is stored already.
    ///
    /// # Errors
    /// [`StoreError::Engine`], also when its actor has another change of this number.
    fn change_put(&self, id: &DocId, n: u64, change: &ChangeRow) -> Result<bool, StoreError>;

    /// The saved document and how many changes are in it.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn snapshot(&self, id: &DocId) -> Result<Option<(u64, Vec<u8>)>, StoreError>;

    /// Keeps a saved document.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn snapshot_put(&self, id: &DocId, changes: u64, bytes: &[u8]) -> Result<(), StoreError>;

    /// The partitions a document appears in, in order.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn presence(&self, id: &DocId) -> Result<Vec<Pid>, StoreError>;

    /// The documents that appear in a partition after one, in order; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn present(
        &self,
        pid: &Pid,
        after: Option<&DocId>,
        limit: usize,
    ) -> Result<Vec<DocRow>, StoreError>;

    /// Lets a document appear in a partition, or no longer.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn presence_set(&self, pid: &Pid, id: &DocId, here: bool) -> Result<(), StoreError>;

    /// Keeps a manifest; one that is there stays.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn manifest_put(&self, manifest: &ManifestRow) -> Result<(), StoreError>;

    /// Whether a manifest was kept.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn manifest_known(&self, id: &[u8; 16]) -> Result<bool, StoreError>;

    /// The place that an imported row became, and the hash of the row as it was imported last.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn import_key(&self, name: &str) -> Result<Option<(DocId, [u8; 32])>, StoreError>;

    /// Notes which place an imported row became.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn import_key_put(&self, name: &str, id: &DocId, row_hash: &[u8; 32])
    -> Result<(), StoreError>;
}
