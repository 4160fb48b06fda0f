//! Tries changes on a copy of their document before they are stored (protocol 5.6).
//!
//! The only check that finds what the structure does not show: operations on
//! objects that are not there, references that come back otherwise, snapshots
//! that cannot be loaded. Runs guarded; on a panic the copy is thrown away.

use automerge as am;
use automerge::ReadDoc;

use crate::faults::{self, Guard};
use crate::limits;
use crate::model::{Author, DocId};

use super::Document;
use super::admit::{AdmitError, History, Overlay, check_structure};
use super::change::{self, ChangeParts};
use super::convert;
use super::guard;
use super::rule::{Refusal, check_patches};
use super::touch::{Touched, touched};

/// What a dry run found good.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The document with the changes.
    pub document: Document,
    /// It saved, as it was loaded again for the check.
    pub snapshot: Vec<u8>,
    /// What each change touches, in the order given.
    pub touched: Vec<Touched>,
}

/// Applies changes to a copy of `current` (`None`: the first is the birth) and checks that all are
/// there, come back byte by byte, and that the document can be saved and loaded with them.
///
/// The changes must have passed [`check_structure`], each after those before it.
///
/// # Errors
/// [`AdmitError::DryRun`], [`AdmitError::DryRunPanic`], [`AdmitError::Reencode`], [`AdmitError::Load`],
/// [`AdmitError::Full`]: at least one of them is bad; [`admit`] finds which.
pub fn dry_run(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
) -> Result<DryRun, AdmitError> {
    let run =
        guard::quietly(|| attempt(current, id, changes)).unwrap_or(Err(AdmitError::DryRunPanic));
    if faults::is_off(Guard::DryRun) { run.or_else(|_| untried(current, id, changes)) } else { run }
}

/// What a server without a dry run would believe of changes that it stores unseen.
fn untried(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
) -> Result<DryRun, AdmitError> {
    let doc = current.map_or_else(am::Automerge::new, |current| current.doc.clone());
    let document = Document { id, bytes: 0, doc };
    let kind = document.kind();
    let believed = |parts: &ChangeParts| Touched {
        change: parts.hash,
        kind,
        v: Some(1),
        birth: false,
        closed: false,
        patches: Vec::new(),
    };
    let touched = changes.iter().map(believed).collect();
    Ok(DryRun { snapshot: document.save(), document, touched })
}

fn attempt(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
) -> Result<DryRun, AdmitError> {
    let parsed =
        changes.iter().map(|parts| change::parse(&parts.raw)).collect::<Result<Vec<_>, _>>()?;
    let mut doc = current.map_or_else(am::Automerge::new, |current| current.doc.clone());
    doc.apply_changes(parsed.iter().cloned()).map_err(|_| AdmitError::DryRun)?;
    for (parts, change) in changes.iter().zip(&parsed) {
        let back = doc.get_change_by_hash(&change.hash()).ok_or(AdmitError::DryRun)?;
        if back.raw_bytes() != parts.raw || parts.hash != convert::hash(&change.hash()) {
            return Err(AdmitError::Reencode);
        }
    }
    let document = Document { id, bytes: 0, doc };
    let snapshot = document.save();
    if snapshot.len() > limits::DOCUMENT_BYTES_MAX {
        return Err(AdmitError::Full);
    }
    let loaded = am::Automerge::load(&snapshot).map_err(|_| AdmitError::Load)?;
    if loaded.get_heads() != document.doc.get_heads() || !loaded.get_missing_deps(&[]).is_empty() {
        return Err(AdmitError::Load);
    }
    let touched = touched(&document.doc, &parsed);
    Ok(DryRun { document: Document { bytes: snapshot.len(), ..document }, snapshot, touched })
}

/// What becomes of one change of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Take it.
    Accepted(Touched),
    /// It is stored already (or stands earlier in the batch).
    Known,
    /// It is malformed, or leans on what is not there.
    Refused(AdmitError),
    /// It is well-formed but against the rules.
    Forbidden(Refusal),
}

/// A judged batch.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The document with what was accepted, and its snapshot; `None` when nothing was.
    pub result: Option<(Document, Vec<u8>)>,
    /// One verdict per change, in the order given.
    pub verdicts: Vec<Verdict>,
}

/// Judges a batch of changes of one document, in order: structure, dry run, rules.
///
/// All at once first; where that fails, one by one, so that the good ones are taken and the
/// culprit is named. What leans on a refused change is answered [`AdmitError::MissingDeps`].
#[must_use]
pub fn admit(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
    history: &dyn History,
    author: Option<&Author>,
) -> Admission {
    together(current, id, changes, history, author)
        .unwrap_or_else(|| one_by_one(current, id, changes, history, author))
}

/// The quick way: `None` when anything at all is wrong.
fn together(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
    history: &dyn History,
    author: Option<&Author>,
) -> Option<Admission> {
    let mut overlay = Overlay::new(history);
    let mut fresh = Vec::with_capacity(changes.len());
    let mut known = Vec::with_capacity(changes.len());
    for parts in changes {
        known.push(overlay.has(&parts.hash));
        if overlay.has(&parts.hash) {
            continue;
        }
        check_structure(parts, &overlay, author).ok()?;
        overlay.add(parts);
        fresh.push(parts.clone());
    }
    if fresh.is_empty() {
        return Some(Admission { result: None, verdicts: vec![Verdict::Known; changes.len()] });
    }
    let run = dry_run(current, id, &fresh).ok()?;
    run.touched.iter().try_for_each(check_patches).ok()?;
    let mut accepted = run.touched.into_iter().map(Verdict::Accepted);
    let verdicts = known
        .into_iter()
        .map(|known| if known { Some(Verdict::Known) } else { accepted.next() })
        .collect::<Option<_>>()?;
    Some(Admission { result: Some((run.document, run.snapshot)), verdicts })
}

fn one_by_one(
    current: Option<&Document>,
    id: DocId,
    changes: &[ChangeParts],
    history: &dyn History,
    author: Option<&Author>,
) -> Admission {
    let mut overlay = Overlay::new(history);
    let mut result: Option<(Document, Vec<u8>)> = None;
    let mut verdicts = Vec::with_capacity(changes.len());
    for parts in changes {
        if overlay.has(&parts.hash) {
            verdicts.push(Verdict::Known);
            continue;
        }
        let document = result.as_ref().map(|(document, _)| document).or(current);
        let run = check_structure(parts, &overlay, author)
            .and_then(|()| dry_run(document, id, std::slice::from_ref(parts)));
        let verdict = match run {
            Err(error) => Verdict::Refused(error),
            Ok(mut run) => match run.touched.pop() {
                None => Verdict::Refused(AdmitError::DryRun),
                Some(touched) => match check_patches(&touched) {
                    Err(refusal) => Verdict::Forbidden(refusal),
                    Ok(()) => {
                        overlay.add(parts);
                        result = Some((run.document, run.snapshot));
                        Verdict::Accepted(touched)
                    }
                },
            },
        };
        verdicts.push(verdict);
    }
    Admission { result, verdicts }
}
