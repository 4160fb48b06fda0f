//! Runs the engine where it may panic: on bytes that someone else wrote.
//!
//! A panic is caught and its message swallowed (it could quote content). The
//! process's panic hook stays as it was for everything else. Needs `panic = "unwind"`.
//! Does not stop a stack overflow, an abort or exhausted memory (protocol 5.6).

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<u32> = const { Cell::new(0) };
}

/// The engine panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// Runs `work`; a panic in it becomes `Err` without a message on the screen.
///
/// What `work` changed before a panic must be thrown away by the caller.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    hush();
    QUIET.with(|quiet| quiet.set(quiet.get() + 1));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.with(|quiet| quiet.set(quiet.get() - 1));
    result.map_err(|_| Panicked)
}

/// Once per process: lets the hook that stands pass over panics inside [`quietly`].
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.with(Cell::get) == 0 {
                before(info);
            }
        }));
    });
}
