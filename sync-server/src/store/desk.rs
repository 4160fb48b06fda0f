//! What the console's pages ask: pages of lists by key, counts, decisions. Rows in, rows out.
//!
//! Every list is read from a key on, never by number of page, so the last page costs what the
//! first one does. A scope is a list of prefixes of grid codes; an empty prefix is everything.

mod rows;

use ironfeet_core::model::{Author, ChangeHash, DeviceId, DocId, GridCode, Pid, UtcMillis};

use super::{AuditRow, StoreError, VisitRow};

pub use rows::*;

/// The console's questions.
pub trait Desk {
    /// Keeps a decision and gives its number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_put(&self, row: &DecisionRow) -> Result<u64, StoreError>;

    /// A decision.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision(&self, id: u64) -> Result<Option<DecisionRow>, StoreError>;

    /// The newest decision about a field.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_last(
        &self,
        doc: &DocId,
        container: &str,
        field: &str,
    ) -> Result<Option<DecisionRow>, StoreError>;

    /// The decision that made a change.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_of(
        &self,
        doc: &DocId,
        change: &ChangeHash,
    ) -> Result<Option<DecisionRow>, StoreError>;

    /// Newest decisions first; at most `limit`, from before number `before` on.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decisions(&self, before: Option<u64>, limit: usize) -> Result<Vec<DecisionRow>, StoreError>;

    /// Notes that a decision was taken back; `false` when it was before.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn decision_undone(&self, id: u64, by: &str, at: UtcMillis) -> Result<bool, StoreError>;

    /// Conflicts after a key, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflicts_page(
        &self,
        filter: &ConflictFilter,
        after: Option<&ConflictKey>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError>;

    /// How many conflicts of each kind and field, most first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn conflicts_by_field(
        &self,
        scope: &[String],
    ) -> Result<Vec<(String, String, u64)>, StoreError>;

    /// Numbers of open tickets after a number, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_page(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError>;

    /// Records with open tickets, each with its phone and first ticket, after a ticket; oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_by_record(
        &self,
        filter: &TicketFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(DocId, DeviceId, u64)>, StoreError>;

    /// Open tickets by phone and reason, most first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_by_device(&self, scope: &[String]) -> Result<Vec<Waiting>, StoreError>;

    /// Pairs of places or visits nobody decided about, after a pair.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twins_page(
        &self,
        scope: &[String],
        after: Option<(DocId, DocId)>,
        limit: usize,
    ) -> Result<Vec<Twin>, StoreError>;

    /// Notes what a person said of a pair; `false` when somebody had.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_decide(
        &self,
        a: &DocId,
        b: &DocId,
        kept: Option<&DocId>,
        by: &str,
        at: UtcMillis,
    ) -> Result<bool, StoreError>;

    /// Pairs of a place with others that nobody decided about.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twins_of_place(&self, place: &DocId) -> Result<Vec<Twin>, StoreError>;

    /// Notes which records left the phones when a pair became one.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_took(&self, a: &DocId, b: &DocId, took: &[DocId]) -> Result<(), StoreError>;

    /// What was said of a pair.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_decision(&self, a: &DocId, b: &DocId) -> Result<Option<TwinDecision>, StoreError>;

    /// Forgets what was said of a pair; it waits again.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_forget(&self, a: &DocId, b: &DocId) -> Result<(), StoreError>;

    /// What was said of pairs, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn twin_decisions(&self, limit: usize) -> Result<Vec<TwinDecision>, StoreError>;

    /// Records that were merged into one.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn merged_into(&self, kept: &DocId) -> Result<Vec<DocId>, StoreError>;

    /// The record that this one was merged into.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn merged_away(&self, gone: &DocId) -> Result<Option<DocId>, StoreError>;

    /// A record and all that were merged into it, the one that stays first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn merged_all(&self, one: &DocId) -> Result<Vec<DocId>, StoreError>;

    /// Notes how far a phone's clock is from the server's.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn clock_seen(&self, device: &DeviceId, ahead_ms: i64, at: UtcMillis)
    -> Result<(), StoreError>;

    /// Trusted phones whose clock is off, those most off first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn clocks(&self) -> Result<Vec<ClockRow>, StoreError>;

    /// Somebody takes note of a phone's clock as it stands; `false` when there is nothing to note.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn clock_noted(&self, device: &DeviceId) -> Result<bool, StoreError>;

    /// How many photos of records begun on each phone did not arrive yet.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn photos_awaited(&self) -> Result<Vec<(Author, u64)>, StoreError>;

    /// Places after (partition, address, identity), in that order.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn places_page(
        &self,
        filter: &PlaceFilter,
        after: Option<&(String, String, DocId)>,
        limit: usize,
    ) -> Result<Vec<PlaceLine>, StoreError>;

    /// A place with what follows from its visits.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn place_line(&self, place: &DocId) -> Result<Option<PlaceLine>, StoreError>;

    /// Visits after (begin, identity), newest first, with the address of their place.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn visits_page(
        &self,
        filter: &VisitFilter,
        after: Option<(UtcMillis, DocId)>,
        limit: usize,
    ) -> Result<Vec<(VisitRow, String)>, StoreError>;

    /// Findings after (raised, visit, code), newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn findings_page(
        &self,
        filter: &FindingFilter,
        after: Option<&(UtcMillis, DocId, String)>,
        limit: usize,
    ) -> Result<Vec<FindingLine>, StoreError>;

    /// Every grid of a scope with its places' state, as it was reckoned last.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn grids(&self, scope: &[String]) -> Result<Vec<GridLine>, StoreError>;

    /// Grids whose places changed, or have a visit that was fresh and is now before `since`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn grids_due(&self, since: UtcMillis, limit: usize) -> Result<Vec<Pid>, StoreError>;

    /// Reckons how a grid stands; visits since `since` count as fresh.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn grid_reckon(&self, grid: &Pid, since: UtcMillis) -> Result<(), StoreError>;

    /// Adds or replaces a grid's outline (`coordinates` of a GeoJSON `MultiPolygon`).
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn border_put(&self, grid: &GridCode, outline: &str) -> Result<(), StoreError>;

    /// A grid's outline.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn border(&self, grid: &GridCode) -> Result<Option<String>, StoreError>;

    /// Numbers of the first page. `day`: since when visits count; `heard`: before it a phone is
    /// silent; `now`: what is overdue.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn counts(
        &self,
        scope: &[String],
        now: UtcMillis,
        day: UtcMillis,
        heard: UtcMillis,
    ) -> Result<Counts, StoreError>;

    /// What waits for a decision: conflicts, tickets, pairs, clocks.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn waiting(&self, scope: &[String]) -> Result<[u64; 4], StoreError>;

    /// Open findings led by a department, and those of them that are due before `now`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn findings_led(
        &self,
        scope: &[String],
        lead: &str,
        now: UtcMillis,
    ) -> Result<[u64; 2], StoreError>;

    /// How much the trail grew since.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_since(&self, at: UtcMillis) -> Result<Trail, StoreError>;

    /// Audit rows before a number, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError>;

    /// Places changed after (time, identity), oldest change first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn places_changed(
        &self,
        filter: &PlaceFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(PlaceLine, UtcMillis)>, StoreError>;

    /// Visits changed after (time, identity), oldest change first, with the address of their place.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn visits_changed(
        &self,
        filter: &VisitFilter,
        after: (UtcMillis, DocId),
        limit: usize,
    ) -> Result<Vec<(VisitRow, String, UtcMillis)>, StoreError>;

    /// The findings of a visit.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn findings_of(&self, visit: &DocId) -> Result<Vec<FindingLine>, StoreError>;

    /// Open tickets of each phone.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn tickets_count(&self, device: &DeviceId) -> Result<u64, StoreError>;

    /// Keeps a published file of checklists and gives its number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn checklist_put(&self, row: &ChecklistRow) -> Result<u64, StoreError>;

    /// Published files, newest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn checklists(&self) -> Result<Vec<ChecklistRow>, StoreError>;
}
