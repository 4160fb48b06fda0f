//! What leans on work that waits, waits with it; what leans on work that was decided on and is not here is told so.
//!
//! Must not know what the changes say: only what they lean on.

use std::collections::{HashMap, HashSet};

use ironfeet_core::document::ChangeParts;
use ironfeet_core::model::ChangeHash;
use ironfeet_core::sync::client::LEANS_ON_DISCARDED;

use super::Item;
use super::judge::Verdict;
use crate::store::{Session, StoreError};

/// What leans on a quarantined change waits with it. What leans on one that was decided on and is not here can
/// never be taken as it is: its phone hears on what, and does it again (protocol 4.9).
pub(super) fn hold_back(
    session: &dyn Session,
    items: &[Item],
    verdicts: &mut [Option<Verdict>],
    stored: &dyn Fn(&ChangeHash) -> bool,
) -> Result<(), StoreError> {
    let mut held_back: HashSet<ChangeHash> = HashSet::new();
    let mut buried: HashMap<ChangeHash, String> = HashMap::new();
    for (item, verdict) in items.iter().zip(verdicts.iter_mut()) {
        let Ok(parts) = &item.parts else { continue };
        if let Some(under) = buried_under(session, item, parts, verdict.as_ref(), &buried, stored)?
        {
            buried.insert(item.hash, under.clone());
            *verdict = Some(Verdict::Refused(LEANS_ON_DISCARDED.to_owned(), under));
            continue;
        }
        let waits = matches!(verdict, Some(Verdict::Quarantine(_) | Verdict::Waiting(..)));
        if waits {
            held_back.insert(item.hash);
            continue;
        }
        let mut leans = verdict.is_none() && parts.deps.iter().any(|d| held_back.contains(d));
        if let Some(Verdict::Missing(missing)) = verdict {
            for dep in missing.iter() {
                leans |= session.ticket_of(&item.doc, dep)?.is_some();
                leans |= held_back.contains(dep);
            }
        }
        if leans {
            held_back.insert(item.hash);
            *verdict = Some(Verdict::Quarantine("leans_on_quarantined"));
        }
    }
    Ok(())
}

/// What a change leans on that was decided on and is not stored, as text for its phone.
fn buried_under(
    session: &dyn Session,
    item: &Item,
    parts: &ChangeParts,
    verdict: Option<&Verdict>,
    buried: &HashMap<ChangeHash, String>,
    stored: &dyn Fn(&ChangeHash) -> bool,
) -> Result<Option<String>, StoreError> {
    // Everything from a phone that was stolen is kept for whoever looks into it.
    let look = match verdict {
        Some(Verdict::Quarantine(reason)) => *reason != "stolen",
        Some(Verdict::Missing(_)) => true,
        _ => false,
    };
    if !(look || verdict.is_none()) {
        return Ok(None);
    }
    let mut under = Vec::new();
    for dep in parts.deps.iter().filter(|dep| !stored(dep)) {
        match buried.get(dep) {
            Some(already) => under.push(already.clone()),
            None if look => {
                let ticket = session.ticket_of(&item.doc, dep)?;
                if ticket.is_some_and(|ticket| ticket.decision.is_some()) {
                    under.push(dep.to_string());
                }
            }
            None => {}
        }
    }
    Ok((!under.is_empty()).then(|| under.join(" ")))
}
