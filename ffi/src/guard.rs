//! A panic becomes an error: nothing of it crosses to the app, and its text goes nowhere. It may quote what a person
//! wrote; of a fault only the place in the source is kept, for the diagnostics.
//!
//! Knows nothing of what it guards.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Mutex, Once, PoisonError};

use crate::error::PhoneError;

/// Where the last fault was, such as `core/src/phone/visit.rs:120`.
static LAST_FAULT: Mutex<Option<String>> = Mutex::new(None);

/// From now on a panic of this library writes nothing to the phone's log. Other code of the app has a runtime of
/// its own, or none, and is not touched.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(note)));
}

fn note(fault: &PanicHookInfo<'_>) {
    let place = fault.location().map(|at| place(at.file(), at.line()));
    *LAST_FAULT.lock().unwrap_or_else(PoisonError::into_inner) = place;
}

/// The end of the path is enough; its beginning is the machine that built this.
fn place(file: &str, line: u32) -> String {
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    format!("{}:{line}", parts[parts.len().saturating_sub(4)..].join("/"))
}

/// Where the last fault was, since the app began.
pub(crate) fn last_fault() -> Option<String> {
    LAST_FAULT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Runs `act`; a panic inside is [`PhoneError::Internal`]. The core keeps its own state whole: what was not
/// committed is not on disk, and its lock is taken anew after a panic.
pub(crate) fn guarded<T>(act: impl FnOnce() -> Result<T, PhoneError>) -> Result<T, PhoneError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(Err(PhoneError::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let told = guarded(|| -> Result<(), PhoneError> { panic!("Li, 13812345678") });
        assert!(matches!(told, Err(PhoneError::Internal)), "{told:?}");
        assert!(guarded(|| Ok(1)).is_ok());
    }

    #[test]
    fn a_place_names_no_machine() {
        let file = "/home/wang/.cargo/registry/src/index-1/automerge-0.12.0/src/op_set2/load.rs";
        assert_eq!(place(file, 7), "automerge-0.12.0/src/op_set2/load.rs:7");
        assert_eq!(place("core/src/phone.rs", 1), "core/src/phone.rs:1");
    }
}
