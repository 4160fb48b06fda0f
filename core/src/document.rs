//! A record as a document: born once, edited by fields, merged in any order.
//!
//! The only room that knows Automerge. Must not know SQL, sockets, clocks, or
//! who is signed in: authorship, time and entropy are handed in. Bytes come
//! from and go to rows (one change, one row); a snapshot is only a cache.
//!
//! One file per kind ([`Kind`]) holds its layout, birth, edits and reading.
//! [`admit`] guards the way in: structure, dry run, rules.

mod admit;
mod change;
mod conflict;
mod convert;
mod dry_run;
mod error;
mod fields;
mod finding;
mod guard;
mod kind;
mod layout;
mod place;
mod redo;
mod replay;
mod rule;
mod task;
mod touch;
mod visit;
mod write;

pub use admit::{ActorState, AdmitError, History, Ledger, check_structure};
pub use change::{Authorship, ChangeParts, MadeChange, parse_change};
pub use conflict::{Conflict, ConflictValue, Settle};
pub use dry_run::{Admission, DryRun, Verdict, admit, dry_run};
pub use error::{EditError, LoadError};
pub use kind::*;
pub use redo::{Intent, Redone};
pub use replay::{Replay, change_deps, change_head};
pub use rule::{Refusal, check_patches};
pub use touch::{FieldPatch, Touch, Touched};

use automerge as am;
use automerge::ReadDoc;
use automerge::transaction::CommitOptions;

use crate::faults;
use crate::limits;
use crate::model::{ChangeHash, DocId, Remark, Scalar, UtcMillis};

use fields::Fields;
use layout::KIND;
use write::Writer;

/// One record with its whole history.
#[derive(Clone, Debug)]
pub struct Document {
    id: DocId,
    doc: am::Automerge,
    /// About how large it is when saved; errs upward.
    bytes: usize,
}

/// What a document says now.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The record.
    pub record: Record,
    /// Fields with more than one value, sorted by part and name.
    pub conflicts: Vec<Conflict>,
    /// What could not be understood, without content; for the log and for support.
    pub oddities: Vec<String>,
}

impl Document {
    /// Makes a new document in one change that creates every container it will ever have.
    ///
    /// # Errors
    /// [`EditError::Field`] when a field does not exist or a value does not fit.
    pub fn birth(
        id: DocId,
        birth: &Birth,
        by: &Authorship,
        at: UtcMillis,
    ) -> Result<(Self, MadeChange), EditError> {
        Self::birth_with(id, birth, None, by, at)
    }

    /// As [`Document::birth`], with a first edit in the same change: for records that come whole,
    /// such as imports.
    ///
    /// # Errors
    /// As [`Document::birth`] and [`Document::edit`].
    pub fn birth_with(
        id: DocId,
        birth: &Birth,
        edit: Option<&Edit>,
        by: &Authorship,
        at: UtcMillis,
    ) -> Result<(Self, MadeChange), EditError> {
        if let Some(wanted) = edit.and_then(Edit::kind)
            && wanted != birth.kind()
        {
            return Err(EditError::Kind { expected: wanted.as_str() });
        }
        let mut document = Self { id, doc: am::Automerge::new(), bytes: 0 };
        let made = document.commit(by, at, |w| {
            w.lay_out(birth.kind().layout())?;
            birth.write(at, w)?;
            edit.map_or(Ok(()), |edit| edit.write(w))
        })?;
        Ok((document, made.expect("a birth change lays out its containers")))
    }

    /// Opens a saved document; every change is rebuilt and its hash checked.
    ///
    /// # Errors
    /// [`LoadError::Damaged`]: rebuild from the rows with [`Document::from_changes`].
    pub fn load(id: DocId, snapshot: &[u8]) -> Result<Self, LoadError> {
        faults::document_loaded();
        let doc = guard::quietly(|| am::Automerge::load(snapshot))
            .map_err(|_| LoadError::Damaged("snapshot"))?
            .map_err(|_| LoadError::Damaged("snapshot"))?;
        let document = Self { id, doc, bytes: snapshot.len() };
        document.whole()?;
        Ok(document)
    }

    /// Builds a document from its changes, in any order, repeats allowed.
    ///
    /// # Errors
    /// [`LoadError::Damaged`] when a change is no change, [`LoadError::Missing`] when some are not there.
    pub fn from_changes<'a>(
        id: DocId,
        raws: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, LoadError> {
        let mut document = Self { id, doc: am::Automerge::new(), bytes: 0 };
        document.extend(raws)?;
        Ok(document)
    }

    /// Adds changes that were admitted before, in any order, repeats allowed.
    ///
    /// # Errors
    /// As [`Document::from_changes`]; the document is then as it was before.
    pub fn extend<'a>(
        &mut self,
        raws: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), LoadError> {
        faults::document_loaded();
        let mut changes = Vec::new();
        let mut bytes = self.bytes;
        for raw in raws {
            let change = change::parse(raw).map_err(|_| LoadError::Damaged("change"))?;
            bytes += raw.len();
            changes.push(change);
        }
        let damaged = || LoadError::Damaged("change");
        let mut doc = self.doc.clone();
        let doc = guard::quietly(|| doc.apply_changes(changes).map(|()| doc))
            .map_err(|_| damaged())?
            .map_err(|_| damaged())?;
        let extended = Self { id: self.id, doc, bytes };
        extended.whole()?;
        *self = extended;
        Ok(())
    }

    /// Refuses to hold changes that wait for others.
    fn whole(&self) -> Result<(), LoadError> {
        let missing = self.doc.get_missing_deps(&[]);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(LoadError::Missing(missing.iter().map(convert::hash).collect()))
        }
    }

    /// The identity it was opened with.
    #[must_use]
    pub fn id(&self) -> DocId {
        self.id
    }

    /// The whole history as bytes for [`Document::load`]; not compressed (rows and bundles are, as
    /// bounded streams).
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_nocompress()
    }

    /// The changes that no other change leans on, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.doc.get_heads().iter().map(convert::hash).collect()
    }

    /// The kind it says it is, if this version knows it.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        fields::root_text(&self.doc, KIND)?.parse().ok()
    }

    /// Whether it holds a change.
    #[must_use]
    pub fn has(&self, hash: &ChangeHash) -> bool {
        self.doc.get_change_meta_by_hash(&convert::engine_hash(hash)).is_some()
    }

    /// The document as the writer of a change knew it: what the change leans on, without it.
    /// Edits made there stand beside the change, so both are seen when they meet again.
    #[must_use]
    pub fn before(&self, change: &ChangeHash) -> Option<Self> {
        let meta = self.doc.get_change_by_hash(&convert::engine_hash(change))?;
        let doc = self.doc.fork_at(meta.deps()).ok()?;
        Some(Self { id: self.id, doc, bytes: self.bytes })
    }

    /// The parts and fields a stored change touches, for telling a record's history.
    #[must_use]
    pub fn touched(&self, change: &ChangeHash) -> Vec<(String, String)> {
        let Some(change) = self.doc.get_change_by_hash(&convert::engine_hash(change)) else {
            return Vec::new();
        };
        let found = guard::quietly(|| touch::touched(&self.doc, &[change])).unwrap_or_default();
        let patches = found.into_iter().flat_map(|touched| touched.patches);
        patches
            .filter(|patch| !patch.container.is_empty())
            .map(|patch| (patch.container, patch.key))
            .collect()
    }

    /// Every change with its bytes, each after those it leans on. For verifying and rescue.
    #[must_use]
    pub fn changes(&self) -> Vec<ChangeParts> {
        let changes = self.doc.get_changes(&[]);
        changes.iter().filter_map(|change| ChangeParts::of(change).ok()).collect()
    }

    /// Makes one edit as exactly one change; `None` when it would change nothing.
    ///
    /// # Errors
    /// What does not fit ([`EditError`]); the document is then as it was before.
    pub fn edit(
        &mut self,
        edit: &Edit,
        by: &Authorship,
        at: UtcMillis,
    ) -> Result<Option<MadeChange>, EditError> {
        let kind = self.kind();
        if let Some(wanted) = edit.kind()
            && kind != Some(wanted)
        {
            return Err(EditError::Kind { expected: wanted.as_str() });
        }
        if self.doc.stats().num_changes >= limits::DOCUMENT_CHANGES_MAX as u64
            || self.bytes >= limits::DOCUMENT_BYTES_MAX
        {
            return Err(EditError::Full);
        }
        match edit {
            Edit::Settle(settle) => self.settle(settle, None, by, at),
            Edit::SettleWith(settle, remark) => self.settle(settle, Some(remark), by, at),
            _ => self.commit(by, at, |w| edit.write(w)),
        }
    }

    fn settle(
        &mut self,
        settle: &Settle,
        remark: Option<&Remark>,
        by: &Authorship,
        at: UtcMillis,
    ) -> Result<Option<MadeChange>, EditError> {
        let none = || EditError::NoConflict { field: settle.field.clone() };
        let layout = self.kind().ok_or_else(none)?.layout();
        let container = layout.container(&settle.container).filter(|c| c.shown).ok_or_else(none)?;
        let fields = Fields::gather(&self.doc, layout);
        let cell = fields.cell(container.name, &settle.field);
        let rivals = cell.map_or(&[][..], |cell| &cell.rivals);
        let chosen: &Scalar = match rivals.iter().find(|rival| rival.change == settle.choose) {
            Some(rival) if rivals.len() > 1 => &rival.value,
            _ => return Err(none()),
        };
        self.commit(by, at, |w| {
            if let (Some(remark), Some(list)) = (remark, layout.remarks()) {
                convert::check_text("remark", &remark.text)?;
                w.append(list.name, remark)?;
            }
            w.state(container.name, &settle.field, chosen.clone())?;
            match container
                .companion
                .and_then(|name| Some((name, fields.cell(name, &settle.field)?)))
            {
                Some((name, cell)) => {
                    w.state(name, &settle.field, cell.beside(Some(&settle.choose)).clone())
                }
                None => Ok(()),
            }
        })
    }

    /// Runs `write` within one change by this author; nothing written, nothing committed.
    fn commit(
        &mut self,
        by: &Authorship,
        at: UtcMillis,
        write: impl FnOnce(&mut Writer<'_, '_>) -> Result<(), EditError>,
    ) -> Result<Option<MadeChange>, EditError> {
        let actor = am::ActorId::from(by.actor);
        let author = am::Author::from(by.author.0.to_vec());
        if let Some(other) = self.doc.get_author_for_actor(&actor)
            && other != author
        {
            return Err(EditError::ActorTaken);
        }
        // The author first: setting it draws a random actor, which ours then replaces.
        self.doc.set_author(Some(author));
        self.doc.set_actor(actor);
        let mut tx = self.doc.transaction();
        write(&mut Writer::new(&mut tx))?;
        let options = CommitOptions::default().with_time(at.0);
        let (Some(_), _) = tx.commit_with(options) else { return Ok(None) };
        let change = self.doc.get_last_local_change().expect("the change just committed is there");
        let parts = ChangeParts::of(&change).expect("our own actors and authors are 16 bytes");
        self.bytes += parts.raw.len();
        Ok(Some(parts.into()))
    }

    /// Reads the record, its conflicts and what could not be understood. Never fails.
    #[must_use]
    pub fn read(&self) -> Reading {
        fields::read(self.id, &self.doc)
    }
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod merge_tests;
#[cfg(test)]
mod tests;
