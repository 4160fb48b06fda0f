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
/// A folder inside the phone's for trying whether a store can be kept.
const REHEARSAL: &str = "rehearsal";
/// Room for what an enrolment writes into a store that is there already.
const ROOM: &str = "enrolling";
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
    for done in [COPIED, NEXT, ROOM] {
        meta::remove(db, done)?;
    }
    for grid in &enrolled.grids {
        part::serve(db, &Pid::Grid(grid.clone()).to_string())?;
    }
    Ok(())
}

/// A code counts once. So what could go wrong here is tried before the server is asked: whether the folder is
/// free, and the disk takes a store.
fn rehearse(options: &OpenOptions, contents: &Contents) -> Result<(), PhoneError> {
    if Store::exists(&options.dir) {
        return Err(StoreError::Exists.into());
    }
    let (stage, was_there) = (options.dir.join(REHEARSAL), options.dir.exists());
    let tried = rehearse_in(&stage, options, contents);
    let cleared = match stage.exists() {
        true => std::fs::remove_dir_all(&stage),
        false => Ok(()),
    };
    if !was_there {
        // Where it cannot be taken away again, it is an empty folder as before.
        let _ = std::fs::remove_dir(&options.dir);
    }
    tried.and_then(|()| Ok(cleared.map_err(StoreError::from)?))
}

fn rehearse_in(
    stage: &std::path::Path,
    options: &OpenOptions,
    contents: &Contents,
) -> Result<(), PhoneError> {
    if stage.exists() {
        std::fs::remove_dir_all(stage).map_err(StoreError::from)?;
    }
    let nobody = Owner {
        install_id: InstallId([0; 16]),
        person: "rehearsal".parse().expect("a name of letters"),
        role: Role::Inspector,
        author: Author([0; 16]),
        grids: Vec::new(),
    };
    let key = Zeroizing::new(options.key);
    let mut store = Store::create(stage, key, &nobody, options.entropy.clone())?;
    store.write(|db| contents.write(db))?;
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
        rehearse(&options, &contents)?;
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
            // A code counts once: that the disk takes its fruits is tried before.
            inner.store()?.write(|db| meta::put(db, ROOM, &[0; 4096]))?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ground::{Clock, Entropy};
    use crate::phone::transport::{Headers, Later, Pass, Pieces, Reply, Traffic};

    /// A server that takes every code and counts who asked.
    #[derive(Default)]
    struct Asked(AtomicUsize);

    impl Transport for Asked {
        fn post_json<'a>(&'a self, _: &'a str, _: String) -> Later<'a, String> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let enrolled = Enrolled {
                device_id: DeviceId([1; 16]),
                token: "t".to_owned(),
                expires_at: UtcMillis(0),
                server_time: UtcMillis(0),
                person: "li.ming".parse().unwrap(),
                role: Role::Inspector,
                grids: Vec::new(),
            };
            Box::pin(async move { Ok(serde_json::to_string(&enrolled).unwrap()) })
        }

        fn post_frame<'a>(&'a self, _: &'a str, _: &'a Pass, _: Vec<u8>) -> Later<'a, Vec<u8>> {
            unreachable!("only enrolment is tried")
        }

        fn open<'a>(&'a self, _: &'a str, _: &'a Pass, _: u64) -> Later<'a, Box<dyn Pieces>> {
            unreachable!("only enrolment is tried")
        }

        fn call<'a>(
            &'a self,
            _: &'static str,
            _: &'a str,
            _: &'a Pass,
            _: Headers,
            _: Vec<u8>,
        ) -> Later<'a, Reply> {
            unreachable!("only enrolment is tried")
        }

        fn traffic(&self) -> Traffic {
            Traffic::default()
        }
    }

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> UtcMillis {
            UtcMillis(0)
        }
    }

    impl Entropy for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    #[tokio::test]
    async fn a_code_is_shown_only_where_a_store_can_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let options = |dir: std::path::PathBuf| OpenOptions {
            dir,
            key: [7; 32],
            clock: Arc::new(Fixed),
            entropy: Arc::new(Fixed),
            content: None,
            keystore: None,
        };
        let with = || EnrolWith { url: "http://x", code: "C", ca: None, app: "test" };
        let asked = Asked::default();
        let times = || asked.0.load(Ordering::Relaxed);
        // A disk that takes nothing stands for one that is full.
        std::fs::write(dir.path().join("file"), "x").unwrap();
        let nowhere = options(dir.path().join("file/phone"));
        assert!(Phone::enrol_new(nowhere, &asked, with()).await.is_err());
        assert_eq!(times(), 0, "the code is still good");
        let free = dir.path().join("phone");
        assert!(Phone::enrol_new(options(free.clone()), &asked, with()).await.is_ok());
        assert_eq!((times(), free.join(REHEARSAL).exists()), (1, false));
        assert!(Phone::enrol_new(options(free), &asked, with()).await.is_err());
        assert_eq!(times(), 1, "a folder that is somebody's is none for another code");
    }
}
