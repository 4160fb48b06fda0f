//! How a phone becomes known to a server: a one-time code, a key made here, a token back.

mod asked;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::{Author, DeviceId, GridCode, InstallId, PersonId, Pid, Role, UtcMillis};
use crate::store::{Owner, Store, StoreError, asked as file, meta, part};
use crate::sync::key::{KeyError, Signer};
use crate::sync::message::SCHEMA;

use super::content::Contents;
use super::key::{DeviceKey, Keystore};
use super::sync::SyncError;
use super::transport::{Transport, TransportError};
use super::{OpenOptions, Phone, PhoneError};
use asked::Asked;

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
    asked: &Asked,
    keystore: Option<Arc<dyn Keystore>>,
) -> Result<Enrolled, SyncError> {
    let key = DeviceKey::from_bytes(&asked.key).ok_or(KeyError::Failed)?;
    let ask = Ask {
        code: with.code,
        install_id: asked.install,
        author: asked.author,
        public_key: hex::encode(key.signer(keystore)?.public_key()),
        app: with.app,
        schema: SCHEMA,
    };
    let json = serde_json::to_string(&ask).expect("plain fields are always JSON");
    let answer = transport.post_json("/v1/enrol", json).await?;
    serde_json::from_str(&answer).map_err(|_| TransportError::Strange.into())
}

/// A code that was refused is not shown by the same key again; one whose answer was lost is.
fn settled(dir: &Path, error: &SyncError) {
    if asked::is_final(error) {
        // What stays there is of no use to anybody.
        let _ = file::remove(dir);
    }
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
        let contents = Contents::install(options.content.as_deref())?;
        rehearse(&options, &contents)?;
        let ground = (options.keystore.as_deref(), options.entropy.as_ref());
        let place = (options.dir.as_path(), &options.key);
        let asked = Asked::with(place, with.code, None, ground)?;
        let enrolled = ask(transport, &with, &asked, options.keystore.clone()).await;
        let enrolled = enrolled.inspect_err(|error| settled(&options.dir, error))?;
        let owner = Owner {
            install_id: asked.install,
            person: enrolled.person.clone(),
            role: enrolled.role,
            author: asked.author,
            grids: enrolled.grids.clone(),
        };
        let key = Zeroizing::new(options.key);
        let mut store = Store::create(&options.dir, key.clone(), &owner, options.entropy.clone())
            .map_err(PhoneError::from)?;
        store.write(|db| {
            contents.write(db)?;
            keep(db, &with, &enrolled, &asked.key, options.clock.now())?;
            Ok::<_, PhoneError>(())
        })?;
        // What stays there is of no use to anybody.
        let _ = file::remove(&options.dir);
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
        let (person, owner, place) = self.with(|inner| {
            // The installation's identity may be newer than the owner's copy in memory.
            let install = inner.store()?.owner().install_id;
            // A code counts once: that the disk takes its fruits is tried before.
            inner.store()?.write(|db| meta::put(db, ROOM, &[0; 4096]))?;
            let place = (inner.dir.clone(), inner.key.clone());
            Ok((inner.owner.person.clone(), (install, inner.owner.author), place))
        })?;
        let (keystore, entropy) =
            self.with(|inner| Ok((inner.keystore.clone(), inner.entropy.clone())))?;
        let (dir, ground) = (place.0.as_path(), (keystore.as_deref(), entropy.as_ref()));
        let asked = Asked::with((dir, &*place.1), with.code, Some(owner), ground)?;
        let enrolled = ask(transport, &with, &asked, keystore.clone()).await;
        let enrolled = enrolled.inspect_err(|error| settled(dir, error))?;
        if enrolled.person != person {
            return Err(SyncError::OtherPerson);
        }
        self.with(|inner| {
            let now = inner.now();
            inner.store()?.write(|db| keep(db, &with, &enrolled, &asked.key, now))?;
            let _ = file::remove(&inner.dir);
            Ok(())
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
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;
    use crate::ground::Counted;
    use crate::phone::transport::{Headers, Later, Pass, Pieces, Reply, Traffic};

    /// A server that takes every code, notes what it was asked, and may lose its answers on the way.
    #[derive(Default)]
    struct Server {
        asked: Mutex<Vec<serde_json::Value>>,
        breaks: AtomicBool,
    }

    impl Transport for Server {
        fn post_json<'a>(&'a self, _: &'a str, json: String) -> Later<'a, String> {
            self.asked.lock().unwrap().push(serde_json::from_str(&json).unwrap());
            if self.breaks.load(Ordering::Relaxed) {
                return Box::pin(async { Err(TransportError::Timeout) });
            }
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

    /// Each seed gives other random bytes.
    fn options(dir: &Path, seed: u64) -> OpenOptions {
        let ground = Arc::new(Counted(AtomicU64::new(seed << 32)));
        OpenOptions {
            dir: dir.to_owned(),
            key: [7; 32],
            clock: ground.clone(),
            entropy: ground,
            content: None,
            keystore: None,
        }
    }

    fn shown(code: &str) -> EnrolWith<'_> {
        EnrolWith { url: "http://x", code, ca: None, app: "test" }
    }

    #[tokio::test]
    async fn a_code_is_shown_only_where_a_store_can_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::default();
        let times = || server.asked.lock().unwrap().len();
        // A disk that takes nothing stands for one that is full.
        std::fs::write(dir.path().join("file"), "x").unwrap();
        let nowhere = options(&dir.path().join("file/phone"), 1);
        assert!(Phone::enrol_new(nowhere, &server, shown("C")).await.is_err());
        assert_eq!(times(), 0, "the code is still good");
        let free = dir.path().join("phone");
        assert!(Phone::enrol_new(options(&free, 2), &server, shown("C")).await.is_ok());
        assert_eq!((times(), free.join(REHEARSAL).exists()), (1, false));
        assert!(Phone::enrol_new(options(&free, 3), &server, shown("C")).await.is_err());
        assert_eq!(times(), 1, "a folder that is somebody's is none for another code");
    }

    #[tokio::test]
    async fn whoever_shows_a_code_again_after_a_lost_answer_is_the_same_phone() {
        let dir = tempfile::tempdir().unwrap();
        let (fresh, server) = (dir.path().join("phone"), Server::default());
        server.breaks.store(true, Ordering::Relaxed);
        for (seed, code) in [(1, "ABCD-EFGH"), (2, "abcd efgh"), (3, "WXYZ"), (4, "WXYZ")] {
            let new = Phone::enrol_new(options(&fresh, seed), &server, shown(code)).await;
            assert!(new.is_err());
        }
        let asked = |n: usize, what: &str| server.asked.lock().unwrap()[n][what].clone();
        for what in ["public_key", "author", "install_id"] {
            assert_eq!(asked(0, what), asked(1, what), "the same code as typed otherwise");
        }
        assert_ne!(asked(1, "public_key"), asked(2, "public_key"), "another code, another key");
        server.breaks.store(false, Ordering::Relaxed);
        let new = Phone::enrol_new(options(&fresh, 5), &server, shown("WXYZ")).await;
        let (phone, _) = new.unwrap();
        assert_eq!(asked(2, "public_key"), asked(4, "public_key"));
        let kept = crate::store::asked::read(&fresh, &[7; 32]);
        assert!(kept.is_none(), "the secret lies in the store only");
        // A store that is there asks again likewise.
        server.breaks.store(true, Ordering::Relaxed);
        for _ in 0..2 {
            assert!(phone.enrol(&server, shown("QRST")).await.is_err());
        }
        assert_eq!(asked(5, "public_key"), asked(6, "public_key"));
        assert_eq!(asked(5, "author"), asked(4, "author"), "the pseudonym stays");
        assert_ne!(asked(5, "public_key"), asked(4, "public_key"));
    }
}
