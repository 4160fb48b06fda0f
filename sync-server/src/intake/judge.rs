//! Judges the pushed changes of one document before anything is written.
//!
//! Reads rows, loads the document from the shelf, tries the changes. The verdict holds
//! for the generation of the document that was read; whoever commits compares.

use std::collections::HashMap;
use std::sync::Arc;

use ironfeet_core::document::{
    self, AdmitError, ChangeParts, Document, History as _, Ledger, Touch, Touched,
};
use ironfeet_core::model::{ChangeHash, DocId, Pid};
use ironfeet_core::rules::{self, Act};

use super::{Item, Sender, leans};
use crate::app::App;
use crate::checklists::Checklists;
use crate::projection::{self, Said};
use crate::shelf::Held;
use crate::store::{Decision, DocRow, DocState, Session, StoreError};
use ironfeet_core::sync::lease::Admission;

/// What becomes of one pushed change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// To be taken.
    Accepted,
    /// Stored before, under this number of this partition.
    Known(Pid, u64),
    /// Leans on what is not stored.
    Missing(Vec<ChangeHash>),
    /// Never acceptable: stable code and text.
    Refused(String, String),
    /// To be kept for a person's decision.
    Quarantine(&'static str),
    /// Waits for a decision already.
    Waiting(u64, String),
}

/// The judged changes of one document.
pub(crate) struct Judged {
    /// The document.
    pub(crate) doc: DocId,
    /// Its row as it was read; `None`: not born yet.
    pub(crate) row: Option<DocRow>,
    /// Its home: where it is, or where it will be born.
    pub(crate) home: Pid,
    /// One verdict per change, in the order pushed.
    pub(crate) verdicts: Vec<Verdict>,
    /// The document with what is to be taken; `None` when nothing is.
    pub(crate) after: Option<After>,
}

/// A document with accepted changes.
pub(crate) struct After {
    /// The document.
    pub(crate) document: Document,
    /// Saved.
    pub(crate) snapshot: Vec<u8>,
    /// Its history.
    pub(crate) ledger: Ledger,
    /// Bytes of its changes.
    pub(crate) bytes: usize,
    /// What it says.
    pub(crate) said: Said,
}

/// The state that changes are tried on, one run after the other.
struct Trial {
    held: Option<Arc<Held>>,
    after: Option<(Document, Vec<u8>, Ledger)>,
}

impl Trial {
    fn document(&self) -> Option<&Document> {
        match (&self.after, &self.held) {
            (Some((document, ..)), _) => Some(document),
            (None, Some(held)) => Some(&held.document),
            (None, None) => None,
        }
    }

    /// Tries changes of one author; `refuses` asks the rules of posts and gives the reason to wait.
    fn run(
        &mut self,
        doc: DocId,
        batch: &[ChangeParts],
        author: Option<&ironfeet_core::model::Author>,
        refuses: &dyn Fn(&Touched) -> Option<&'static str>,
    ) -> Vec<Verdict> {
        let empty = Ledger::default();
        let mut against: HashMap<ChangeHash, &'static str> = HashMap::new();
        loop {
            let ledger = match (&self.after, &self.held) {
                (Some((_, _, ledger)), _) => ledger,
                (None, Some(held)) => &held.ledger,
                (None, None) => &empty,
            };
            let tried: Vec<ChangeParts> =
                batch.iter().filter(|parts| !against.contains_key(&parts.hash)).cloned().collect();
            let admission = document::admit(self.document(), doc, &tried, ledger, author);
            let refused = |(parts, verdict): (&ChangeParts, &document::Verdict)| match verdict {
                document::Verdict::Accepted(touched) => Some((parts.hash, refuses(touched)?)),
                _ => None,
            };
            let not_allowed: Vec<(ChangeHash, &str)> =
                tried.iter().zip(&admission.verdicts).filter_map(refused).collect();
            if !not_allowed.is_empty() {
                against.extend(not_allowed);
                continue;
            }
            let mut ledger = ledger.clone();
            let mut said: HashMap<ChangeHash, Verdict> = HashMap::new();
            for (parts, verdict) in tried.iter().zip(admission.verdicts) {
                if matches!(verdict, document::Verdict::Accepted(_)) {
                    ledger.add(parts);
                }
                let verdict = translate(verdict, &against);
                if let Verdict::Quarantine(reason) = verdict {
                    against.insert(parts.hash, reason);
                }
                said.entry(parts.hash).or_insert(verdict);
            }
            if let Some((document, snapshot)) = admission.result {
                self.after = Some((document, snapshot, ledger));
            }
            let verdict = |parts: &ChangeParts| {
                let reason = against.get(&parts.hash).copied().unwrap_or("rights");
                said.get(&parts.hash).cloned().unwrap_or(Verdict::Quarantine(reason))
            };
            return batch.iter().map(verdict).collect();
        }
    }
}

fn translate(verdict: document::Verdict, against: &HashMap<ChangeHash, &str>) -> Verdict {
    match verdict {
        document::Verdict::Accepted(_) => Verdict::Accepted,
        // Stored, or twice in this push; the committer looks up which.
        document::Verdict::Known => Verdict::Accepted,
        document::Verdict::Refused(AdmitError::MissingDeps(missing)) => {
            if missing.iter().any(|dep| against.contains_key(dep)) {
                Verdict::Quarantine("leans_on_quarantined")
            } else {
                Verdict::Missing(missing)
            }
        }
        document::Verdict::Refused(AdmitError::DuplicateSeq) => Verdict::Quarantine("equivocation"),
        document::Verdict::Refused(error) => {
            Verdict::Refused(error.code().to_owned(), error.to_string())
        }
        document::Verdict::Forbidden(refusal) => {
            Verdict::Refused(refusal.code().to_owned(), refusal.to_string())
        }
    }
}

/// Where documents are taken from.
#[derive(Clone, Copy)]
pub(crate) enum From<'a> {
    /// The shelf, which keeps what is loaded: in a view.
    View(&'a App),
    /// The shelf, which keeps nothing: in a transaction that may still be undone.
    Transaction(&'a App),
}

impl From<'_> {
    fn take(&self, session: &dyn Session, row: DocRow) -> Result<Arc<Held>, StoreError> {
        match self {
            Self::View(app) => app.shelf.take(session, row),
            Self::Transaction(app) => app.shelf.look(session, row),
        }
    }

    fn checklists(&self) -> &Checklists {
        match self {
            Self::View(app) | Self::Transaction(app) => &app.checklists,
        }
    }
}

/// Judges the changes of one document, in the order pushed.
pub(crate) fn judge(
    session: &dyn Session,
    from: From<'_>,
    senders: &[Sender],
    doc: DocId,
    items: &[Item],
) -> Result<Judged, StoreError> {
    let row = session.doc(&doc)?;
    let held = row.clone().map(|row| from.take(session, row)).transpose()?;
    let first = items.first().map(|item| item.hint.clone());
    let home = row.as_ref().map(|row| row.pid.clone()).or(first);
    let home = home.ok_or(StoreError::Damaged("nothing to judge"))?;
    let mut trial = Trial { held: held.clone(), after: None };
    let mut verdicts: Vec<Option<Verdict>> = Vec::with_capacity(items.len());
    for item in items {
        verdicts.push(sift(session, held.as_deref(), &home, senders, item)?);
    }
    let stored = |hash: &ChangeHash| held.as_ref().is_some_and(|held| held.ledger.has(hash));
    leans::hold_back(session, items, &mut verdicts, &stored)?;
    for run in runs(items, &verdicts) {
        try_run(&mut trial, doc, items, senders, &run, &mut verdicts);
    }
    leans::hold_back(session, items, &mut verdicts, &stored)?;
    let verdicts = verdicts
        .into_iter()
        .map(|v| v.ok_or(StoreError::Damaged("a change was not judged")))
        .collect::<Result<Vec<_>, _>>()?;
    let judged = Judged { doc, row, home, verdicts, after: None };
    finish(session, (senders, items), judged, trial, from.checklists())
}

/// Consecutive changes that still need a trial and come from one manifest.
fn runs(items: &[Item], verdicts: &[Option<Verdict>]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    let mut last = None;
    for (at, item) in items.iter().enumerate() {
        if verdicts.get(at).is_some_and(Option::is_some) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if last == Some(item.sender) => run.push(at),
            _ => runs.push(vec![at]),
        }
        last = Some(item.sender);
    }
    runs
}

fn try_run(
    trial: &mut Trial,
    doc: DocId,
    items: &[Item],
    senders: &[Sender],
    run: &[usize],
    verdicts: &mut [Option<Verdict>],
) {
    let batch: Vec<ChangeParts> =
        run.iter().filter_map(|at| items.get(*at)?.parts.as_ref().ok().cloned()).collect();
    let Some(sender) = run.first().and_then(|at| senders.get(items.get(*at)?.sender)) else {
        return;
    };
    let refuses = |touched: &Touched| sender.refuses(&|role| allows(role, touched));
    let found = trial.run(doc, &batch, sender.author.as_ref(), &refuses);
    for (at, verdict) in run.iter().zip(found) {
        if let Some(slot) = verdicts.get_mut(*at) {
            *slot = Some(verdict);
        }
    }
}

/// What needs no trial; `None`: the document must be asked.
fn sift(
    session: &dyn Session,
    held: Option<&Held>,
    home: &Pid,
    senders: &[Sender],
    item: &Item,
) -> Result<Option<Verdict>, StoreError> {
    let refused =
        |code: &str, text: &str| Ok(Some(Verdict::Refused(code.to_owned(), text.to_owned())));
    if let Err(error) = &item.parts {
        return refused(error.code(), &error.to_string());
    }
    if held.is_some_and(|held| held.ledger.has(&item.hash)) {
        return known(session, item);
    }
    let sender = senders.get(item.sender).ok_or(StoreError::Damaged("no sender"))?;
    if sender.trusted {
        return Ok(None);
    }
    if let (Some(ticket), false) = (session.ticket_of(&item.doc, &item.hash)?, sender.follows) {
        return match ticket.decision {
            None => Ok(Some(Verdict::Waiting(ticket.ticket, ticket.reason))),
            Some(Decision::Discarded) => refused("discarded", "a supervisor discarded it"),
            Some(Decision::Accepted) => Ok(None),
        };
    }
    Ok(match sender.admit(session, held.map(|held| &held.row), home, item)? {
        Admission::Quarantine(reason) => Some(Verdict::Quarantine(reason)),
        Admission::Accept | Admission::Flag(_) => None,
    })
}

/// Where a stored change lies in the log.
pub(super) fn known(session: &dyn Session, item: &Item) -> Result<Option<Verdict>, StoreError> {
    let stored = session.change(&item.doc, &item.hash)?;
    Ok(stored.map(|row| Verdict::Known(row.log_pid, row.log_seq)))
}

fn finish(
    session: &dyn Session,
    (senders, items): (&[Sender], &[Item]),
    mut judged: Judged,
    trial: Trial,
    checklists: &Checklists,
) -> Result<Judged, StoreError> {
    let Some((document, snapshot, ledger)) = trial.after else { return Ok(judged) };
    let fresh: usize = items
        .iter()
        .zip(&judged.verdicts)
        .filter(|(_, verdict)| **verdict == Verdict::Accepted)
        .map(|(item, _)| item.raw.len())
        .sum();
    let bytes = trial.held.map_or(0, |held| held.bytes) + fresh;
    let mut said = projection::said(&document, &judged.home, ledger.changes(), checklists);
    if judged.row.is_none() {
        if let Some(home) = home_of_place(session, senders, items, &judged, &said)? {
            said = projection::said(&document, &home, ledger.changes(), checklists);
            judged.home = home;
        }
        if matches!(judged.home, Pid::Inbox(..)) {
            // An inbox is no home, and nothing is shown there that this could be about.
            judged
                .verdicts
                .iter_mut()
                .filter(|verdict| **verdict == Verdict::Accepted)
                .for_each(|verdict| *verdict = Verdict::Quarantine("scope"));
            return Ok(judged);
        }
    }
    judged.after = Some(After { document, snapshot, ledger, bytes, said });
    Ok(judged)
}

/// A new visit or task is born where its place is now, if the place moved, its author may write there, or the
/// place was shown to the author's department.
fn home_of_place(
    session: &dyn Session,
    senders: &[Sender],
    items: &[Item],
    judged: &Judged,
    said: &Said,
) -> Result<Option<Pid>, StoreError> {
    let Some(place) = said.about else { return Ok(None) };
    let Some(row) = session.doc(&place)? else { return Ok(None) };
    let sender = items.first().and_then(|item| senders.get(item.sender));
    let follows = match &judged.home {
        inbox @ Pid::Inbox(..) => {
            sender.is_some_and(|sender| sender.trusted) || session.presence(&place)?.contains(inbox)
        }
        home => {
            row.pid != *home
                && row.state == DocState::Live
                && (row.move_gen > 0 || sender.is_some_and(|sender| sender.may_write(&row.pid)))
        }
    };
    Ok(follows.then_some(row.pid))
}

/// Whether a post may make a change.
pub(super) fn allows(role: ironfeet_core::model::Role, touched: &Touched) -> bool {
    let Some(kind) = touched.kind.map(document::Kind::as_str) else { return false };
    if touched.birth {
        let body = if kind == "place" { "facts" } else { "head" };
        return rules::may(role, Act::Create, kind, body);
    }
    touched.patches.iter().all(|patch| {
        let act = match patch.touch {
            Touch::Append(_) => Act::Append,
            Touch::Put(_) if patch.before.len() > 1 => Act::Settle,
            _ => Act::Write,
        };
        rules::may(role, act, kind, &patch.container)
    })
}
