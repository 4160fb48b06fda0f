//! Leases, as rows.

use ironfeet_core::model::DeviceId;
use ironfeet_core::sync::lease::Lease;

use super::StoreError;

/// What phones were given to work under offline.
pub trait Leases {
    /// Keeps a new lease, or moves the end of one that is kept; an end is never moved back.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn lease_put(&self, lease: &Lease) -> Result<(), StoreError>;

    /// The lease of this number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn lease(&self, id: u64) -> Result<Option<Lease>, StoreError>;

    /// The lease given to a phone last.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn lease_newest(&self, device: &DeviceId) -> Result<Option<Lease>, StoreError>;
}
