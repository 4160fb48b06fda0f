//! Group commit: one thread that commits what several requests prepared in one transaction.
//!
//! Each request waits here until the transaction that holds its work has ended well:
//! nobody is answered early. Work that fails undoes only itself. Must not know
//! what the work is.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;

use crate::store::{Session, Store, StoreError};

/// Requests that may wait for the writer.
const QUEUE: usize = 4_096;

/// Work for the writer, with a place for its result.
trait Job: Send {
    /// Runs inside the transaction.
    fn run(&mut self, session: &dyn Session) -> Result<(), StoreError>;
    /// Answers after the transaction ended.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Typed<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&dyn Session) -> Result<T, StoreError> + Send> Job for Typed<T, F> {
    fn run(&mut self, session: &dyn Session) -> Result<(), StoreError> {
        let result = (self.work)(session);
        let done = if result.is_ok() { Ok(()) } else { Err(StoreError::GivenUp) };
        self.result = Some(result);
        done
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let nobody = || Err(StoreError::Damaged("the work was not run"));
        let result = match (self.result, failure) {
            (Some(Err(error)), _) | (_, Some(error)) => Err(error),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => nobody(),
        };
        // Whoever asked may be gone; the work is done all the same.
        let _ = self.reply.send(result);
    }
}

/// Hands work to the writing thread.
pub struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. At most `group_max` pieces of work go into one transaction.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: Arc<dyn Store>, group_max: usize) -> std::io::Result<Self> {
        let (queue, work) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || serve(&*store, &work, group_max.max(1)))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs work in a transaction, perhaps with others', and returns when it is durable.
    /// Blocks; call it off the async threads.
    ///
    /// # Errors
    /// Of the work or of the store; nothing of it was written then.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&dyn Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Box::new(Typed { work, result: None, reply });
        let queue = self.queue.as_ref().ok_or(StoreError::Busy)?;
        queue.send(job).map_err(|_| StoreError::Busy)?;
        answer.recv().map_err(|_| StoreError::Busy)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue ends the thread after what is in it.
        self.queue = None;
        // The last piece of work may be the last to hold this writer: a thread cannot wait for itself.
        if let Some(thread) =
            self.thread.take().filter(|t| t.thread().id() != std::thread::current().id())
        {
            let _ = thread.join();
        }
    }
}

fn serve(store: &dyn Store, work: &Receiver<Box<dyn Job>>, group_max: usize) {
    while let Ok(first) = work.recv() {
        let mut group = vec![first];
        while group.len() < group_max
            && let Ok(next) = work.try_recv()
        {
            group.push(next);
        }
        commit(store, group);
    }
}

fn commit(store: &dyn Store, mut group: Vec<Box<dyn Job>>) {
    let alone = group.len() == 1;
    let done = store.transact(&mut |session| {
        for job in &mut group {
            if alone {
                return job.run(session);
            }
            // A failed piece has undone itself; the others go on.
            let _ = session.part(&mut || job.run(session));
        }
        Ok(())
    });
    let failure = done.err();
    let mut first = failure;
    for job in group {
        let own = first.as_ref().map(same);
        job.answer(own);
    }
    first.take();
}

/// The same error for each of a group.
fn same(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy | StoreError::GivenUp => StoreError::Busy,
        StoreError::Full => StoreError::Full,
        StoreError::Newer { found, known } => StoreError::Newer { found: *found, known: *known },
        StoreError::Damaged(what) => StoreError::Damaged(what),
        StoreError::Engine(source) => StoreError::Engine(source.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::store::{self, sqlite::Sqlite};

    #[test]
    fn work_of_a_group_fails_alone_and_is_answered_after_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&dir.path().join("a.db")).unwrap());
        let writer = Arc::new(Writer::start(store.clone(), 8).unwrap());
        let together = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8_u8)
            .map(|n| {
                let (writer, together) = (writer.clone(), together.clone());
                std::thread::spawn(move || {
                    together.wait();
                    writer.run(move |s| {
                        s.meta_put(&n.to_string(), &[n])?;
                        if n % 2 == 0 { Ok(n) } else { Err(StoreError::Damaged("odd")) }
                    })
                })
            })
            .collect();
        for (n, thread) in (0..8_u8).zip(threads) {
            let result = thread.join().unwrap();
            let kept = store::view(&*store, |s| s.meta(&n.to_string())).unwrap();
            if n % 2 == 0 {
                assert_eq!((result.unwrap(), kept), (n, Some(vec![n])));
            } else {
                assert!(matches!(result, Err(StoreError::Damaged("odd"))) && kept.is_none());
            }
        }
    }
}
