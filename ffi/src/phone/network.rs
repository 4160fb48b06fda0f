//! What needs a network: enrolment, sync, a slice of it. One call to the core per method.

use std::sync::Arc;
use std::time::Duration;

use ironfeet_core::phone::{Invitation, Phone};

use super::PhoneCore;
use crate::error::PhoneError;
use crate::foreign::{KeyVault, Listener, Signer, Transport};
use crate::home::{self, Home};
use crate::sync::{self, Stop, SyncReport};
use crate::words::Lang;

fn invitation(qr: &str, language: Lang) -> Result<Invitation, PhoneError> {
    qr.parse().map_err(|error| PhoneError::told(error, language))
}

#[uniffi::export(async_runtime = "tokio")]
impl PhoneCore {
    /// Makes the store of the person whose enrolment code was scanned; the server says post and grids.
    /// Everything goes by the app's own `transport` where one is given.
    ///
    /// # Errors
    /// `InvalidInput` when the text is none of ours, `Retry` without a network, `Refused` when the code is
    /// used up or over.
    #[uniffi::constructor]
    pub async fn join(
        home: Home,
        vault: Arc<dyn KeyVault>,
        listener: Arc<dyn Listener>,
        transport: Option<Arc<dyn Transport>>,
        signer: Option<Arc<dyn Signer>>,
        qr: String,
        language: Lang,
    ) -> Result<Self, PhoneError> {
        let invitation = invitation(&qr, language)?;
        let options = home::options(&home, vault.as_ref(), signer, &invitation.person)?;
        let own = transport.clone();
        let joined = async move {
            let authority = home.authority.as_deref();
            let way = sync::way(&invitation.url, authority, own)?;
            Phone::enrol_new(options, way.as_ref(), sync::with(&invitation, authority)).await
        };
        let (phone, enrolled) = sync::task(joined, language).await?;
        Ok(Self::of(phone, enrolled.person.to_string(), (listener, transport), language))
    }

    /// Enrols a phone that was set up without a server; its work so far goes with the next sync.
    ///
    /// # Errors
    /// As `join`; `Refused` with code `other_person` when the code is for somebody else.
    pub async fn enrol(&self, home: Home, qr: String) -> Result<(), PhoneError> {
        let (phone, language) = (self.phone()?, self.language());
        let invitation = invitation(&qr, language)?;
        let own = self.transport.clone();
        let enrolled = async move {
            invitation.is_for(&phone)?;
            let authority = home.authority.as_deref();
            let way = sync::way(&invitation.url, authority, own)?;
            phone.enrol(way.as_ref(), sync::with(&invitation, authority)).await
        };
        sync::task(enrolled, language).await.map(drop)
    }

    /// Sends what waits and takes in what is new. Answers may be saved meanwhile.
    ///
    /// # Errors
    /// `Retry` without a network or when stopped; `Refused` with code `not_enrolled`, or the server's code.
    /// Whatever came before the error is on disk.
    pub async fn sync(&self, stop: Arc<Stop>) -> Result<SyncReport, PhoneError> {
        let (own, listener) = (self.transport.clone(), Arc::clone(&self.listener));
        let language = self.language();
        let work = sync::run(self.phone()?, own, listener, stop, language);
        let done = sync::task(work, language).await;
        // An ear that fails must not undo what is on disk.
        let _ = self.listener.changed();
        done
    }

    /// Fails as a fault inside the core's own task would, by a panic there: always `Internal`. For the app's
    /// own tests, as `rehearse_fault` is.
    ///
    /// # Errors
    /// `Internal`, always.
    pub async fn rehearse_fault_in_sync(&self) -> Result<(), PhoneError> {
        let fault = async { panic!("a fault rehearsed by the app") };
        sync::task(fault, self.language()).await
    }

    /// A sync that ends when its time is over, for work in the background: absent when something is left.
    ///
    /// # Errors
    /// As `sync`.
    pub async fn sync_slice(&self, budget_ms: u64) -> Result<Option<SyncReport>, PhoneError> {
        let sync = self.sync(Arc::default());
        tokio::time::timeout(Duration::from_millis(budget_ms), sync).await.ok().transpose()
    }
}
