//! A panic becomes an error: nothing of it crosses to the app, not even its text.
//!
//! Knows nothing of what it guards.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::PhoneError;

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
}
