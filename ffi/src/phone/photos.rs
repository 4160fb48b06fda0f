//! Photos over the network: the queue's way to the server, and photos of other phones.

use std::sync::Arc;

use super::{PhoneCore, id};
use crate::error::PhoneError;
use crate::photo::{PhotoBudget, PhotoReport};
use crate::sync::{self, Stop};

#[uniffi::export(async_runtime = "tokio")]
impl PhoneCore {
    /// Sends photos that wait, oldest first, as far as the budget goes. Call it after a sync: the data comes
    /// first. A photo that fails rests or is given up with its reason in `photos`, and the next one goes.
    /// Answers may be saved meanwhile; an upload that was cut goes on where it was.
    ///
    /// # Errors
    /// `Retry` without a network; `Refused` with code `not_enrolled`, or the server's code.
    pub async fn photo_send(
        &self,
        budget: PhotoBudget,
        stop: Arc<Stop>,
    ) -> Result<PhotoReport, PhoneError> {
        let (own, listener) = (self.transport.clone(), Arc::clone(&self.listener));
        let work = sync::send_photos(self.phone()?, own, listener, (budget, stop));
        let done = sync::task(work, self.language()).await;
        // An ear that fails must not undo what is on disk.
        let _ = self.listener.changed();
        done
    }

    /// A photo, or with `thumb` a small picture of it (JPEG): from this phone where it has it, else from the
    /// server, within the rights of this person.
    ///
    /// # Errors
    /// `Retry` without a network, or when the photo has not reached the server yet; `Refused` as with `sync`.
    pub async fn photo_get(&self, sha256: String, thumb: bool) -> Result<Vec<u8>, PhoneError> {
        let work = sync::photo(self.phone()?, self.transport.clone(), id(&sha256)?, thumb);
        sync::task(work, self.language()).await
    }
}
