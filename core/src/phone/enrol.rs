//! How a phone becomes known to a server: a one-time code, a key made here, a token back.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::{Author, DeviceId, GridCode, InstallId, PersonId, Pid, Role, UtcMillis};
use crate::store::{Owner, Store, StoreError, meta, part};
use crate::sync::key::Signer;
use crate::sync::message::SCHEMA;

use super::content::Contents;
use super::key::DeviceKey;
use super::sync::SyncError;
use super::transport::{Transport, TransportError};
use super::{OpenOptions, Phone, PhoneError};

pub(super) const ENROLMENT: &str = "enrolment";
/// The device's key, see [`DeviceKey`].
pub(super) const DEVICE_KEY: &str = "device_key";
/// There when the data turned out to be a copy.
pub(super) const COPIED: &str = "copied";
/// The key and installation of a copy, until the server knows them.
pub(super) const NEXT: &str = "next_device";

/// What a phone tells the server when it enrols.
#[derive(Debug, Serialize)]
struct Ask<'a> {
    code: &'a str,
    install_id: InstallId,
    author: Author,
    public_key: String,
    app: &'a str,
    schema: u32,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The device's identity.
    pub device_id: DeviceId,
    /// Token of this device for its next requests.
    pub token: String,
    /// When the token ends, by the server's clock.
    pub expires_at: UtcMillis,
    /// The time there.
    pub server_time: UtcMillis,
    /// The person the code was made for.
    pub person: PersonId,
    /// Their post.
    pub role: Role,
    /// Grids the phone may read and write.
    pub grids: Vec<GridCode>,
}

/// Where and as what the phone is enrolled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Address of the server.
    pub url: String,
    /// Certificate authority of the city's own, PEM.
    pub ca: Option<String>,
    /// The device's identity.
    pub device: DeviceId,
    /// Token for requests.
    pub token: String,
    /// When the token ends, by the server's clock.
    #[serde(default)]
    pub expires_at: UtcMillis,
    /// How far the server's clock is ahead of this phone's, ms.
    #[serde(default)]
    pub ahead_ms: i64,
}

/// Where to enrol and with what.
#[derive(Clone, Debug)]
pub struct EnrolWith<'a> {
    /// Address of the server.
    pub url: &'a str,
    /// The one-time code.
    pub code: &'a str,
    /// Certificate authority of the city's own, PEM.
    pub ca: Option<&'a str>,
    /// App version.
    pub app: &'a str,
}

async fn ask(
    transport: &dyn Transport,
    with: &EnrolWith<'_>,
    owner: (InstallId, Author),
    signer: &dyn Signer,
) -> Result<Enrolled, SyncError> {
    let ask = Ask {
        code: with.code,
        install_id: owner.0,
        author: owner.1,
        public_key: hex::encode(signer.public_key()),
        app: with.app,
        schema: SCHEMA,
    };
    let json = serde_json::to_string(&ask).expect("plain fields are always JSON");
    let answer = transport.post_json("/v1/enrol", json).await?;
    serde_json::from_str(&answer).map_err(|_| TransportError::Strange.into())
}

fn keep(
    db: &rusqlite::Connection,
    with: &EnrolWith<'_>,
    enrolled: &Enrolled,
    key: &[u8],
    now: UtcMillis,
) -> Result<(), StoreError> {
    let enrolment = Enrolment {
        url: with.url.to_owned(),
        ca: with.ca.map(str::to_owned),
        device: enrolled.device_id,
        token: enrolled.token.clone(),
        expires_at: enrolled.expires_at,
        ahead_ms: enrolled.server_time.0.saturating_sub(now.0),
    };
    meta::put(db, DEVICE_KEY, key)?;
    let json = serde_json::to_vec(&enrolment).expect("plain fields are always JSON");
    meta::put(db, ENROLMENT, &json)?;
    meta::remove(db, "push_counter")?;
    meta::remove(db, COPIED)?;
    meta::remove(db, NEXT)?;
    for grid in &enrolled.grids {
        part::serve(db, &Pid::Grid(grid.clone()).to_string())?;
    }
    Ok(())
}

impl Phone {
    /// Enrols an empty folder: the server says whose phone it becomes.
    ///
    /// # Errors
    /// [`SyncError`]; nothing was set up then.
    pub async fn enrol_new(
        options: OpenOptions,
        transport: &dyn Transport,
        with: EnrolWith<'_>,
    ) -> Result<(Self, Enrolled), SyncError> {
        let made = DeviceKey::make(options.keystore.as_deref(), options.entropy.as_ref())?;
        let kept = made.to_bytes();
        let signer = made.signer(options.keystore.clone())?;
        let ids = (InstallId(options.entropy.sixteen()), Author(options.entropy.sixteen()));
        let contents = Contents::install(options.content.as_deref())?;
        let enrolled = ask(transport, &with, ids, &*signer).await?;
        let owner = Owner {
            install_id: ids.0,
            person: enrolled.person.clone(),
            role: enrolled.role,
            author: ids.1,
            grids: enrolled.grids.clone(),
        };
        let key = Zeroizing::new(options.key);
        let mut store = Store::create(&options.dir, key.clone(), &owner, options.entropy.clone())
            .map_err(PhoneError::from)?;
        store.write(|db| {
            contents.write(db)?;
            keep(db, &with, &enrolled, &kept, options.clock.now())?;
            Ok::<_, PhoneError>(())
        })?;
        Ok((Self::of(options, key, owner, store, contents, None), enrolled))
    }

    /// Enrols a phone that was set up without a server, or whose key is gone; its work so far is signed by
    /// the new key and sent with the next sync.
    ///
    /// # Errors
    /// [`SyncError::OtherPerson`] when the code is for somebody else; [`SyncError`] otherwise.
    pub async fn enrol(
        &self,
        transport: &dyn Transport,
        with: EnrolWith<'_>,
    ) -> Result<Enrolled, SyncError> {
        let (owner, ground) = self.with(|inner| {
            // The installation's identity may be newer than the owner's copy in memory.
            let install = inner.store()?.owner().install_id;
            let owner = (inner.owner.person.clone(), install, inner.owner.author);
            Ok((owner, (inner.keystore.clone(), inner.entropy.clone())))
        })?;
        let made = DeviceKey::make(ground.0.as_deref(), ground.1.as_ref())?;
        let kept = made.to_bytes();
        let signer = made.signer(ground.0)?;
        let enrolled = ask(transport, &with, (owner.1, owner.2), &*signer).await?;
        if enrolled.person != owner.0 {
            return Err(SyncError::OtherPerson);
        }
        self.with(|inner| {
            let now = inner.now();
            Ok(inner.store()?.write(|db| keep(db, &with, &enrolled, &kept, now))?)
        })?;
        Ok(enrolled)
    }

    /// Where and as what the phone is enrolled; `None` before it was.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn enrolment(&self) -> Result<Option<Enrolment>, PhoneError> {
        self.with(|inner| {
            let json = meta::get(inner.store()?.db(), ENROLMENT)?;
            Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
        })
    }

    /// What signs by the device's key.
    pub(super) fn signer(&self) -> Result<Box<dyn Signer>, SyncError> {
        let (kept, keystore) = self.with(|inner| {
            let kept = meta::get(inner.store()?.db(), DEVICE_KEY)?;
            Ok((kept.map(Zeroizing::new), inner.keystore.clone()))
        })?;
        let key = kept.and_then(|kept| DeviceKey::from_bytes(&kept));
        Ok(key.ok_or(SyncError::NotEnrolled)?.signer(keystore)?)
    }
}
