//! What this phone shows of itself: a token that lasts a while, a proof with each request, and, when its data
//! turns out to be a copy, a key of its own (protocol 4.5, I3 and I4).
//!
//! A copy keeps everything: what was not sent is signed anew under the new key and sent; both copies go on.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::model::{InstallId, UtcMillis};
use crate::store::{StoreError, meta};
use crate::sync::manifest;
use crate::sync::proof;

use super::enrol::{COPIED, DEVICE_KEY, ENROLMENT, Enrolled, Enrolment, NEXT};
use super::key::DeviceKey;
use super::sync::SyncError;
use super::transport::{Pass, Transport, TransportError};
use super::{KeyError, Phone, PhoneError};

/// The identities before this one.
const FORMER: &str = "former_devices";
/// What a server says that does not know the key.
const UNKNOWN: &str = "token";
/// A token that ends sooner is not used any more, ms.
const SPARE_MS: i64 = 30_000;

#[derive(Deserialize)]
struct Nonce {
    nonce: String,
}

#[derive(Deserialize)]
struct Fresh {
    token: String,
    expires_at: UtcMillis,
    server_time: UtcMillis,
}

impl Phone {
    /// The enrolment with a token that lasts; a copy becomes a device of its own first.
    pub(super) async fn ready(
        &self,
        transport: &dyn Transport,
        anew: bool,
    ) -> Result<Enrolment, SyncError> {
        loop {
            let enrolment = self.enrolment()?.ok_or(SyncError::NotEnrolled)?;
            let done = if self.is_copied()? {
                self.renew(transport, enrolment).await
            } else {
                self.refresh(transport, enrolment, anew).await
            };
            match done {
                // A server put back to an older backup does not know this key yet, but one before it.
                Err(SyncError::Transport(TransportError::Refused { status: 401, code }))
                    if code == UNKNOWN && self.step_back()? => {}
                done => return done,
            }
        }
    }

    async fn refresh(
        &self,
        transport: &dyn Transport,
        enrolment: Enrolment,
        anew: bool,
    ) -> Result<Enrolment, SyncError> {
        let now = self.with(|i| Ok(i.now()))?;
        let there = now.0.saturating_add(enrolment.ahead_ms);
        if !anew && there.saturating_add(SPARE_MS) < enrolment.expires_at.0 {
            return Ok(enrolment);
        }
        let text = self.assert(transport, &enrolment, "/v1/token", &json!({})).await?;
        let fresh: Fresh = read(&text)?;
        let enrolment = Enrolment {
            token: fresh.token,
            expires_at: fresh.expires_at,
            ahead_ms: fresh.server_time.0.saturating_sub(now.0),
            ..enrolment
        };
        self.keep_enrolment(&enrolment, None)?;
        Ok(enrolment)
    }

    /// The headers of requests, made with the device's key.
    pub(super) fn pass(&self, enrolment: &Enrolment) -> Result<Pass, SyncError> {
        let signer = self.signer()?;
        let (clock, entropy) = self.with(|i| Ok((Arc::clone(&i.clock), Arc::clone(&i.entropy))))?;
        let base = enrolment.url.trim_end_matches('/').to_owned();
        let (token, ahead) = (enrolment.token.clone(), enrolment.ahead_ms);
        Ok(Pass::new(move |method, path| {
            let path = path.split('?').next().unwrap_or_default();
            let address = format!("{base}{path}");
            let at = UtcMillis(clock.now().0.saturating_add(ahead));
            let once = entropy.sixteen();
            let proof = proof::proof(&*signer, (method, &address), &token, at, once)?;
            Ok(vec![("authorization", format!("DPoP {token}")), ("dpop", proof)])
        }))
    }

    /// Whether this data is a copy that has no key of its own yet.
    pub(super) fn is_copied(&self) -> Result<bool, PhoneError> {
        self.with(|inner| Ok(meta::get(inner.store()?.db(), COPIED)?.is_some()))
    }

    pub(super) fn note_copied(&self) -> Result<(), PhoneError> {
        self.with(|inner| Ok(inner.store()?.write(|db| meta::put(db, COPIED, b"1"))?))
    }

    async fn assert(
        &self,
        transport: &dyn Transport,
        enrolment: &Enrolment,
        path: &str,
        about: &serde_json::Value,
    ) -> Result<String, SyncError> {
        let nonce: Nonce = read(&transport.post_json("/v1/nonce", "{}".to_owned()).await?)?;
        let address = format!("{}{path}", enrolment.url.trim_end_matches('/'));
        let signer = self.signer()?;
        let text = proof::assertion(&*signer, enrolment.device, &address, &nonce.nonce, about)?;
        let body = json!({ "assertion": text }).to_string();
        Ok(transport.post_json(path, body).await?)
    }

    /// The new key is on disk before the server hears of it: a lost answer is asked for again.
    async fn renew(
        &self,
        transport: &dyn Transport,
        old: Enrolment,
    ) -> Result<Enrolment, SyncError> {
        let (kept, install) = self.next()?;
        let keystore = self.with(|inner| Ok(inner.keystore.clone()))?;
        let key = DeviceKey::from_bytes(&kept).ok_or(KeyError::Failed)?;
        let public_key = key.signer(keystore)?.public_key();
        let about = json!({ "install_id": install, "public_key": hex::encode(&public_key) });
        let text = self.assert(transport, &old, "/v1/renew", &about).await?;
        let renewed: Enrolled = read(&text)?;
        if renewed.device_id != manifest::device_id(&public_key) {
            return Err(TransportError::Strange.into());
        }
        let now = self.with(|i| Ok(i.now()))?;
        let enrolment = Enrolment {
            device: renewed.device_id,
            token: renewed.token,
            expires_at: renewed.expires_at,
            ahead_ms: renewed.server_time.0.saturating_sub(now.0),
            url: old.url.clone(),
            ca: old.ca.clone(),
        };
        self.keep_enrolment(&enrolment, Some((&kept, install)))?;
        Ok(enrolment)
    }

    /// The key and the installation that a copy goes on under, as they were made when first asked for.
    fn next(&self) -> Result<(Zeroizing<Vec<u8>>, InstallId), SyncError> {
        let (known, keystore, entropy) = self.with(|inner| {
            let known = meta::get(inner.store()?.db(), NEXT)?.map(Zeroizing::new);
            Ok((known, inner.keystore.clone(), Arc::clone(&inner.entropy)))
        })?;
        let next = match known {
            Some(known) => known,
            None => {
                let key = DeviceKey::make(keystore.as_deref(), entropy.as_ref())?.to_bytes();
                let next = Zeroizing::new([&key[..], &entropy.sixteen()].concat());
                self.with(|inner| Ok(inner.store()?.write(|db| meta::put(db, NEXT, &next))?))?;
                next
            }
        };
        let (key, install) = next.split_last_chunk().ok_or(KeyError::Failed)?;
        Ok((Zeroizing::new(key.to_vec()), InstallId(*install)))
    }

    fn keep_enrolment(
        &self,
        enrolment: &Enrolment,
        renewed: Option<(&[u8], InstallId)>,
    ) -> Result<(), PhoneError> {
        let json = serde_json::to_vec(enrolment).expect("plain fields are always JSON");
        self.with(|inner| {
            let store = inner.store()?;
            store.write(|db| {
                if renewed.is_some() {
                    let mut former = formers(db)?;
                    let (enrolment, key) = (meta::get(db, ENROLMENT)?, meta::get(db, DEVICE_KEY)?);
                    former.extend(enrolment.zip(key));
                    put_formers(db, &former)?;
                }
                meta::put(db, ENROLMENT, &json)?;
                if let Some((key, _)) = renewed {
                    meta::put(db, DEVICE_KEY, key)?;
                    meta::remove(db, "push_counter")?;
                    meta::remove(db, COPIED)?;
                    meta::remove(db, NEXT)?;
                }
                Ok::<_, StoreError>(())
            })?;
            if let Some((_, install)) = renewed {
                store.become_new(install)?;
            }
            Ok(())
        })
    }
}

/// Enrolments with their keys that this phone had before, oldest first.
type Formers = Vec<(Vec<u8>, Vec<u8>)>;

fn formers(db: &rusqlite::Connection) -> Result<Formers, StoreError> {
    let json = meta::get(db, FORMER)?;
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
}

fn put_formers(db: &rusqlite::Connection, formers: &Formers) -> Result<(), StoreError> {
    let json = Zeroizing::new(serde_json::to_vec(formers).expect("bytes are always JSON"));
    meta::put(db, FORMER, &json)
}

impl Phone {
    /// Takes up the identity before this one, so that the server hears again how this one came from it;
    /// `false` when there was none.
    fn step_back(&self) -> Result<bool, PhoneError> {
        self.with(|inner| {
            let install = inner.store()?.owner().install_id;
            Ok(inner.store()?.write(|db| {
                let mut former = formers(db)?;
                let Some((enrolment, key)) = former.pop() else { return Ok(false) };
                if let (None, Some(secret)) = (meta::get(db, NEXT)?, meta::get(db, DEVICE_KEY)?) {
                    meta::put(db, NEXT, &Zeroizing::new([&secret[..], &install.0[..]].concat()))?;
                }
                meta::put(db, ENROLMENT, &enrolment)?;
                meta::put(db, DEVICE_KEY, &key)?;
                meta::put(db, COPIED, b"1")?;
                put_formers(db, &former)?;
                Ok::<_, StoreError>(true)
            })?)
        })
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, SyncError> {
    serde_json::from_str(text).map_err(|_| TransportError::Strange.into())
}
