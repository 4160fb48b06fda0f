//! The last answer that brought nothing new, kept so that the server need not say it again.
//!
//! It takes the way of any answer once more: to all that follows it is as if the server had said it in full.
//! Must not know what an answer means.

use crate::phone::{Phone, PhoneError};
use crate::store::{Db, StoreError, meta};
use crate::sync::frame::{self, FrameError};
use crate::sync::message::{Answer, SyncRequest, SyncResponse};

/// Where its frame lies.
const NAME: &str = "answer";

/// What was kept, and what is to be kept from now on.
#[derive(Default)]
pub(super) struct Heard {
    kept: Option<SyncResponse>,
    fresh: Option<Vec<u8>>,
}

impl Heard {
    /// One that cannot be read any more is asked for again.
    pub(super) fn of(phone: &Phone) -> Result<Self, PhoneError> {
        let frame = phone.with(|inner| Ok(meta::get(inner.store()?.db(), NAME)?))?;
        let kept = frame.and_then(|frame| frame::decode(&frame).ok());
        Ok(Self { kept, fresh: None })
    }

    /// Names it in a request. One that carries work is answered in full anyway.
    pub(super) fn name_in(&self, request: &mut SyncRequest) {
        let tag = self.kept.as_ref().and_then(|kept| kept.etag);
        request.etag = tag.filter(|_| request.push.is_empty());
    }

    /// What the server answered to a request.
    ///
    /// # Errors
    /// When it is no frame, or speaks of an answer that was not named.
    pub(super) fn take(
        &mut self,
        frame: Vec<u8>,
        request: &SyncRequest,
    ) -> Result<SyncResponse, FrameError> {
        match frame::decode(&frame)? {
            Answer::Whole(answer) => {
                if answer.etag.is_some() {
                    self.kept = Some((*answer).clone());
                    self.fresh = Some(frame);
                }
                Ok(*answer)
            }
            Answer::Same(server_time) => {
                let named = self.kept.as_ref().filter(|_| request.etag.is_some());
                let kept = named.ok_or(FrameError::Broken)?;
                Ok(SyncResponse { server_time, ..kept.clone() })
            }
        }
    }

    /// Writes down what is to be kept, if it is another than before.
    pub(super) fn keep(&self, db: &Db) -> Result<(), StoreError> {
        self.fresh.as_ref().map_or(Ok(()), |frame| meta::put(db, NAME, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceId, InstallId, UtcMillis};
    use crate::sync::message::{Manifest, PROTO, SCHEMA, Want};

    fn request() -> SyncRequest {
        SyncRequest {
            proto: PROTO,
            app: "test".to_owned(),
            schema: SCHEMA,
            install: InstallId([1; 16]),
            device: DeviceId([2; 16]),
            counter: 0,
            push: Vec::new(),
            cursors: Vec::new(),
            want: Want::default(),
            offers: Vec::new(),
            apply_failed: Vec::new(),
            claims: Vec::new(),
            etag: None,
        }
    }

    fn answer(etag: Option<[u8; 8]>) -> SyncResponse {
        SyncResponse {
            server_time: UtcMillis(1),
            history: [3; 16],
            peer_counter: 4,
            push: Vec::new(),
            parts: Vec::new(),
            notices: Vec::new(),
            next_poll_s: 300,
            grants: Vec::new(),
            checklists: None,
            lease: None,
            lost: Vec::new(),
            role: None,
            etag,
        }
    }

    fn framed(answer: &Answer) -> Vec<u8> {
        frame::encode(answer)
    }

    #[test]
    fn what_was_kept_is_heard_again_with_the_time_of_now() {
        let mut heard = Heard::default();
        let whole = answer(Some([7; 8]));
        let got = heard.take(framed(&Answer::Whole(Box::new(whole.clone()))), &request()).unwrap();
        assert_eq!(got, whole);
        // One without a tag brings something and is not kept.
        let news = SyncResponse { peer_counter: 5, ..answer(None) };
        assert_eq!(
            heard.take(framed(&Answer::Whole(Box::new(news.clone()))), &request()).unwrap(),
            news
        );
        let mut next = request();
        heard.name_in(&mut next);
        assert_eq!(next.etag, Some([7; 8]));
        let same = heard.take(framed(&Answer::Same(UtcMillis(9))), &next).unwrap();
        assert_eq!(same, SyncResponse { server_time: UtcMillis(9), ..whole });
    }

    #[test]
    fn nobody_speaks_of_an_answer_that_was_not_named() {
        let mut heard = Heard { kept: Some(answer(Some([7; 8]))), fresh: None };
        let mut with_work = request();
        with_work.push.push(Manifest {
            device: DeviceId([2; 16]),
            counter: 1,
            lease: 0,
            made_at: UtcMillis(1),
            items: Vec::new(),
            sig: Vec::new(),
        });
        heard.name_in(&mut with_work);
        assert_eq!(with_work.etag, None);
        let same = || framed(&Answer::Same(UtcMillis(9)));
        assert!(matches!(heard.take(same(), &with_work), Err(FrameError::Broken)));
        let mut named = request();
        named.etag = Some([7; 8]);
        assert!(matches!(Heard::default().take(same(), &named), Err(FrameError::Broken)));
    }
}
