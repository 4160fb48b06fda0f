//! What must hold when the dust has settled.

use ironfeet_core::model::{ChangeHash, DocId, Pid, PlaceId};
use ironfeet_core::phone::sync::Unwatched;
use ironfeet_server::store::{DocState, TicketRow};

use super::World;
use super::adversary::Adversary;
use super::world::{Report, inbox};

/// Rounds in which a quiet world must come to rest (invariant 11).
const QUIET_ROUNDS_MAX: usize = 14;

impl World {
    /// No more faults, no more edits: everything must come to rest, whole and equal.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub async fn settle(&mut self) -> Result<Report, String> {
        for phone in &self.phones {
            phone.line.set_faults(0);
        }
        // A write that was to fail and never came.
        self.hang_up();
        self.server.restart();
        self.reconnect();
        let failures: u64 = self.phones.iter().map(|phone| phone.line.failures()).sum();
        if failures > 0 && !self.writes_failed {
            return Err(format!("{failures} answers 5xx, though the disk was well"));
        }
        self.rest().await?;
        let after: u64 = self.phones.iter().map(|phone| phone.line.failures()).sum();
        if after > failures {
            return Err(format!("{} answers 5xx on a clean line", after - failures));
        }
        self.whole()?;
        self.nobody_is_two()?;
        self.nothing_is_nowhere()?;
        self.equal()?;
        self.costs_nothing().await?;
        self.report.chains = self.server.logs().into_iter().map(|log| log.3).collect();
        Ok(self.report.clone())
    }

    /// Invariant 11: a few rounds, then nothing moves any more.
    async fn rest(&mut self) -> Result<(), String> {
        for round in 0..QUIET_ROUNDS_MAX {
            let mut moved = 0;
            for n in 0..self.phones.len() {
                let done = self.phone(n).sync(&*self.phones[n].line, "sim", &Unwatched).await;
                let report = done.map_err(|e| format!("phone {n}, quiet round {round}: {e:?}"))?;
                moved += report.pushed + report.pulled + u64::from(report.unfinished);
            }
            if moved == 0 {
                return Ok(());
            }
        }
        Err(format!("no rest after {QUIET_ROUNDS_MAX} rounds"))
    }

    /// Invariants 1, 2, 3, 5 and 6: `verify` of every end, which recomputes chains, digests, heads and
    /// views from rows and loads every record strictly.
    fn whole(&mut self) -> Result<(), String> {
        let problems = self.server.problems();
        if !problems.is_empty() {
            return Err(format!("server: {problems:?}"));
        }
        for n in 0..self.phones.len() {
            let verified = self.phone(n).verify().map_err(|e| e.to_string())?;
            if !verified.ok {
                return Err(format!("phone {n}: {:?}", verified.problems));
            }
            let status = self.phone(n).status().map_err(|e| e.to_string())?;
            if status.set_aside > 0 {
                return Err(format!("phone {n} could not apply {} changes", status.set_aside));
            }
        }
        Ok(())
    }

    /// Invariant 3: no honest phone, thrown back or copied, writes two changes under one actor and number.
    /// What it means would be done again by the phone; that it was needed shows here.
    fn nobody_is_two(&self) -> Result<(), String> {
        let adversary = self.adversary.as_ref().map(Adversary::device);
        let open = self.server.read(|s| s.tickets_open());
        let honest = |ticket: &&TicketRow| Some(ticket.device) != adversary;
        match open.iter().filter(honest).find(|ticket| ticket.reason == "equivocation") {
            Some(ticket) => Err(format!("two versions of one change of {}", ticket.doc)),
            None => Ok(()),
        }
    }

    /// Conservation, and invariant 7: whatever was acknowledged to a person is stored on the server or
    /// waits there for a decision, and nothing waits on a phone.
    fn nothing_is_nowhere(&self) -> Result<(), String> {
        let lost: Vec<String> = self
            .accepted
            .iter()
            .filter(|(doc, hash)| !self.server.has(*doc, *hash))
            .map(|(doc, hash)| format!("{hash} of {doc}"))
            .collect();
        if !lost.is_empty() {
            return Err(format!("acknowledged and nowhere: {lost:?}"));
        }
        for n in 0..self.phones.len() {
            let waiting = self.phone(n).status().map_err(|e| e.to_string())?.pending;
            if waiting > 0 {
                return Err(format!("{waiting} changes wait on phone {n} for ever"));
            }
        }
        Ok(())
    }

    /// Convergence and invariant 8: every phone stands where the logs end and has every live record
    /// with the server's heads and values, and no record that left.
    fn equal(&mut self) -> Result<(), String> {
        for n in 0..self.phones.len() {
            let status = self.phone(n).status().map_err(|e| e.to_string())?;
            let handler = self.is_handler(n);
            let own = |pid: &str| pid.starts_with('d') == handler;
            for (pid, seq, count, _) in self.server.logs().into_iter().filter(|log| own(&log.0)) {
                let cursor = status.cursors.iter().find(|cursor| cursor.pid == pid);
                let stands = cursor.map(|cursor| (cursor.seq as u64, cursor.documents as u64));
                if stands != Some((seq, count)) {
                    return Err(format!("phone {n} stands at {stands:?} of {:?}", (seq, count)));
                }
            }
        }
        let mut all: Vec<DocId> = self.places.iter().map(|id| id.0).collect();
        all.extend(self.visits.iter().map(|id| id.0));
        for id in all {
            match self.server.record(id) {
                Some((DocState::Live, home, heads)) => self.same_everywhere(id, &home, &heads)?,
                None if self.accepted.iter().any(|(doc, _)| *doc == id) => {
                    return Err(format!("{id} is not on the server"));
                }
                // Thrown back on every end.
                None => {}
                Some(_) => (0..self.phones.len()).try_for_each(|n| self.is_out_of_sight(n, id))?,
            }
        }
        self.report.places = self.places.len();
        self.report.conflicts = self.phone(0).conflicts().map_err(|e| e.to_string())?.len();
        self.report.waiting = self.server.read(|s| Ok(s.tickets_open()?.len()));
        Ok(())
    }

    fn same_everywhere(&self, id: DocId, home: &Pid, heads: &[ChangeHash]) -> Result<(), String> {
        let mut shown = Vec::new();
        for n in 0..self.phones.len() {
            if self.is_handler(n) && !self.server.appears(id, &inbox()) {
                self.is_out_of_sight(n, id)?;
                continue;
            }
            // What waits for a decision is on the phone that wrote it and nowhere else.
            let own = self.phone(n).heads(id).map_err(|_| format!("phone {n} lacks {id}"))?;
            if own.iter().any(|head| self.server.read(|s| Ok(s.ticket_of(&id, head)?.is_some()))) {
                continue;
            }
            if own != heads {
                return Err(format!("phone {n} has other heads of {id}"));
            }
            let view = self.phone(n).place_show(PlaceId(id));
            let shown_in = view.ok().and_then(|view| view.grid).map(Pid::Grid);
            if shown_in.is_some_and(|grid| !self.is_handler(n) && grid != *home) {
                return Err(format!("phone {n} has {id} in another grid than the server, {home}"));
            }
            if !self.is_handler(n) {
                shown.push((n, self.shown(n, id)));
            }
        }
        match shown.windows(2).find(|pair| pair[0].1 != pair[1].1) {
            Some(pair) => Err(format!("{id} is unlike: {pair:?}")),
            None => Ok(()),
        }
    }

    /// What was withdrawn, or is not shown to the department, is not on its phone, unless a person is to decide
    /// on a part of it.
    fn is_out_of_sight(&self, n: usize, id: DocId) -> Result<(), String> {
        let waits = |head: &ChangeHash| self.server.read(|s| Ok(s.ticket_of(&id, head)?.is_some()));
        match self.phone(n).heads(id) {
            Ok(heads) if !heads.iter().any(waits) => Err(format!("phone {n} still shows {id}")),
            _ => Ok(()),
        }
    }

    fn shown(&self, n: usize, id: DocId) -> String {
        let phone = self.phone(n);
        if let Ok(view) = phone.place_show(PlaceId(id)) {
            return serde_json::json!([view.grid, view.facts, view.remarks, view.conflicts])
                .to_string();
        }
        match phone.visit_show(ironfeet_core::model::VisitId(id)) {
            Ok(view) => serde_json::json!([view.answers, view.notes, view.conflicts]).to_string(),
            Err(_) => "not shown".to_owned(),
        }
    }

    /// Invariant 9: with nothing new a sync is one request, moves nothing and writes no log.
    async fn costs_nothing(&mut self) -> Result<(), String> {
        let before = self.server.logs();
        for n in 0..self.phones.len() {
            let done = self.phone(n).sync(&*self.phones[n].line, "sim", &Unwatched).await;
            let report = done.map_err(|e| format!("phone {n}, nothing new: {e:?}"))?;
            if (report.requests, report.pushed, report.pulled) != (1, 0, 0) {
                return Err(format!("phone {n}: a sync with nothing new was {report:?}"));
            }
        }
        if self.server.logs() != before {
            return Err("a sync with nothing new wrote the log".to_owned());
        }
        Ok(())
    }
}
