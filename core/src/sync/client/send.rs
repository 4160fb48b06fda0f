//! What a request carries: the changes that fit, by lease, and a page of cursors.

use crate::limits;
use crate::model::UtcMillis;
use crate::sync::chunk;
use crate::sync::message::{Cursor, Manifest, PROTO, PushItem, SCHEMA, SyncRequest, Want};

use super::{Client, Outgoing, Standing};

impl Client {
    pub(super) fn request(
        &mut self,
        now: UtcMillis,
        counter: u64,
        standings: Vec<Standing>,
        outgoing: Vec<Outgoing>,
    ) -> SyncRequest {
        self.standings = standings.into_iter().map(|s| (s.pid.clone(), s)).collect();
        let (items, more) = self.select(outgoing);
        self.more_to_send = more;
        let device = self.identity.device;
        // One manifest per run of changes made under one lease: their order within a record stays.
        let push = items.chunk_by(|a, b| a.0 == b.0).zip(counter + 1..).map(|(run, counter)| {
            let lease = run.first().map_or(0, |(lease, _)| *lease);
            let items = run.iter().map(|(_, item)| item.clone()).collect();
            Manifest { device, counter, lease, made_at: now, items, sig: Vec::new() }
        });
        SyncRequest {
            proto: PROTO,
            app: self.identity.app.clone(),
            schema: SCHEMA,
            install: self.identity.install,
            device: self.identity.device,
            counter,
            push: push.collect(),
            cursors: self.cursors(),
            want: Want {
                max_bytes: u32::try_from(limits::RESPONSE_BYTES_MAX).unwrap_or(u32::MAX),
                priority: self.identity.priority.clone(),
            },
            offers: Vec::new(),
            apply_failed: Vec::new(),
            claims: Vec::new(),
            etag: None,
        }
    }

    /// As many cursors as one request may hold; the next ones with the next request.
    fn cursors(&mut self) -> Vec<Cursor> {
        let (from, next) = (self.asked, self.asked + limits::CURSORS_MAX);
        self.asked = if next < self.standings.len() { next } else { 0 };
        let page = self.standings.values().skip(from).take(limits::CURSORS_MAX);
        page.map(Standing::cursor).collect()
    }

    /// The first changes that fit in one push, each with its lease, and whether more are left.
    fn select(&mut self, outgoing: Vec<Outgoing>) -> (Vec<(u64, PushItem)>, bool) {
        self.pushed.clear();
        let mut items = Vec::new();
        let mut bytes = 0;
        let total = outgoing.len();
        for change in outgoing {
            let Some(body) = chunk::body(&change.raw) else { continue };
            bytes += body.len() + 64;
            if !items.is_empty()
                && (bytes > limits::PUSH_BYTES_MAX || items.len() >= limits::PUSH_CHANGES_MAX)
            {
                break;
            }
            self.pushed.insert(change.hash, body.to_vec());
            let (doc, move_gen, body) = (change.doc, change.move_gen, body.to_vec());
            items.push((change.lease, PushItem { doc, pid: change.pid, move_gen, body }));
        }
        let more = items.len() < total;
        (items, more)
    }
}
