//! Photos of other phones, fetched when somebody looks at them, checked, and kept while there is room.

use sha2::{Digest, Sha256};

use super::picture;
use crate::limits::PHOTO_BYTES_MAX;
use crate::model::HashText;
use crate::phone::sync::SyncError;
use crate::phone::transport::{Pass, Transport, TransportError};
use crate::phone::{Phone, PhoneError};
use crate::store::blob;
use crate::store::looked::Looked;

/// Times a download that was cut goes on where it was.
const CUTS_MAX: u32 = 3;

impl Phone {
    /// A photo, or with `thumb` a small picture of it: from this phone where it has it, else from the server,
    /// which gives it within the rights of this person. A fetched photo is what its hash says, or an error.
    ///
    /// # Errors
    /// [`SyncError::NotThereYet`] when the server does not have it yet, [`SyncError::Transport`],
    /// [`SyncError::NotEnrolled`].
    pub async fn photo_get(
        &self,
        transport: &dyn Transport,
        sha256: HashText,
        thumb: bool,
    ) -> Result<Vec<u8>, SyncError> {
        let what = Looked { sha256, thumb };
        if let Some(bytes) = self.photo_here(what)? {
            return Ok(bytes);
        }
        let mut fresh = false;
        loop {
            let pass = self.pass(&self.ready(transport, fresh).await?)?;
            match fetch(transport, &pass, what).await {
                Err(TransportError::Refused { status: 401, .. }) if !fresh => fresh = true,
                Err(TransportError::Refused { status: 404, .. }) => {
                    return Err(SyncError::NotThereYet);
                }
                Err(error) => return Err(error.into()),
                Ok(bytes) => {
                    self.keep_fetched(what, &bytes)?;
                    return Ok(bytes);
                }
            }
        }
    }

    /// From this phone alone.
    fn photo_here(&self, what: Looked) -> Result<Option<Vec<u8>>, PhoneError> {
        let own = self.with(|inner| {
            let store = inner.store()?;
            let known = blob::find(store.db(), &what.sha256)?.is_some();
            Ok(known.then(|| store.blobs()))
        })?;
        // A file of its own that is damaged may be whole at the server.
        if let Some(photo) = own.and_then(|blobs| blobs.read(&what.sha256).ok()) {
            if !what.thumb {
                return Ok(Some(photo));
            }
            if let Ok(small) = picture::thumb(&photo) {
                return Ok(Some(small));
            }
        }
        self.with(|inner| {
            let at = inner.now().0;
            Ok(inner.store()?.find_looked(what, at)?)
        })
    }

    fn keep_fetched(&self, what: Looked, bytes: &[u8]) -> Result<(), PhoneError> {
        self.with(|inner| {
            let at = inner.now().0;
            match inner.store()?.keep_looked(what, bytes, at).map_err(PhoneError::from) {
                // It can be shown all the same, and fetched again.
                Err(PhoneError::StorageFull | PhoneError::Busy) => Ok(()),
                done => done,
            }
        })
    }
}

/// A photo from the server; where the line was cut, it goes on from there.
async fn fetch(
    transport: &dyn Transport,
    pass: &Pass,
    what: Looked,
) -> Result<Vec<u8>, TransportError> {
    let size = if what.thumb { "?size=thumb" } else { "" };
    let path = format!("/v1/photos/{}{size}", what.sha256);
    let mut bytes = Vec::new();
    let mut cuts = 0;
    while let Err(error) = more(transport, pass, &path, &mut bytes).await {
        let cut = matches!(error, TransportError::Offline | TransportError::Timeout);
        cuts += 1;
        // Without a first byte there was no way at all, and that is told at once.
        if !cut || bytes.is_empty() || cuts > CUTS_MAX {
            return Err(error);
        }
    }
    let whole = what.thumb || Sha256::digest(&bytes)[..] == what.sha256.0;
    if whole && !bytes.is_empty() { Ok(bytes) } else { Err(TransportError::Strange) }
}

async fn more(
    transport: &dyn Transport,
    pass: &Pass,
    path: &str,
    bytes: &mut Vec<u8>,
) -> Result<(), TransportError> {
    let mut pieces = transport.open(path, pass, bytes.len() as u64).await?;
    while let Some(piece) = pieces.next().await? {
        if bytes.len() + piece.len() > PHOTO_BYTES_MAX {
            return Err(TransportError::Strange);
        }
        bytes.extend(piece);
    }
    Ok(())
}
