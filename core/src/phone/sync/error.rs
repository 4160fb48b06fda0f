//! Why a sync did not come to its end, and in which words a person is told.

use crate::model::Lang;
use crate::phone::PhoneError;
use crate::phone::transport::TransportError;
use crate::sync::client::Distrust;
use crate::sync::frame::FrameError;
use crate::sync::key::KeyError;

/// Why a sync did not come to its end. Nothing is lost by any of them.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The phone is not enrolled with a server.
    #[error("this phone is not enrolled with a server")]
    NotEnrolled,
    /// The enrolment code was made for another person.
    #[error("the code was made for another person")]
    OtherPerson,
    /// The way to the server.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server's answer does not hold together.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// The server's answer is of another version, or cut.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The store.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// The server does not have this photo yet.
    #[error("the photo has not reached the server yet")]
    NotThereYet,
    /// The person or the system stopped it.
    #[error("stopped")]
    Cancelled,
}

impl From<KeyError> for SyncError {
    fn from(error: KeyError) -> Self {
        Self::Transport(error.into())
    }
}

impl SyncError {
    /// Seconds that the server asked to wait; an app must not come back earlier.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Transport(TransportError::Busy { after_s }) => Some(*after_s),
            _ => None,
        }
    }

    /// The reason in plain words and what to do.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        if let Some(after_s) = self.retry_after_s() {
            return match lang {
                Lang::Zh => format!("服务器繁忙，{after_s} 秒后会自动重试"),
                Lang::En => format!("the server is busy: it will be tried again in {after_s} s"),
            };
        }
        let (zh, en) = match self {
            Self::NotEnrolled => {
                ("本机尚未注册，请扫描注册码", "not enrolled yet: scan an enrolment code")
            }
            Self::OtherPerson => (
                "注册码属于其他人，请换用本人的注册码",
                "the code is for another person: ask for your own",
            ),
            Self::Transport(TransportError::Offline) => (
                "连不上服务器，联网后会自动重试",
                "the server cannot be reached: it will be tried again",
            ),
            Self::Transport(TransportError::Timeout) => (
                "服务器响应太慢，稍后会自动重试",
                "the server was too slow: it will be tried again",
            ),
            Self::Transport(TransportError::Untrusted) => (
                "服务器证书不受信任，请联系管理员",
                "the server's certificate is not trusted: tell the administrator",
            ),
            Self::Transport(TransportError::Refused { status: 401 | 403, .. }) => (
                "服务器不再接受本机，未发送的工作仍在本机，请联系管理员",
                "the server does not accept this phone any more; unsent work stays here: tell the administrator",
            ),
            Self::Transport(TransportError::Refused { status: 426, .. }) => (
                "应用版本过旧，本机的工作仍会上传；请更新应用后再接收新内容",
                "this app is too old: work is still sent; update the app to receive what is new",
            ),
            // What remains of these was told above.
            Self::Transport(TransportError::Refused { .. } | TransportError::Busy { .. }) => {
                ("服务器拒绝了请求", "the server refused the request")
            }
            Self::Transport(TransportError::Strange) | Self::Frame(_) => (
                "服务器的回答无法识别，请更新应用",
                "the server's answer was not understood: update the app",
            ),
            Self::Transport(TransportError::Key(error)) => key_words(error),
            Self::Distrust(_) => (
                "服务器数据未通过校验，未采用，稍后重试",
                "the server's data did not hold together and was not used: it will be tried again",
            ),
            Self::NotThereYet => (
                "这张照片还没有传到服务器，请稍后再看",
                "this photo has not reached the server yet: look again later",
            ),
            Self::Phone(_) => ("写入本机失败", "this phone's store failed"),
            Self::Cancelled => {
                ("已停止，下次从这里继续", "stopped; it goes on from here next time")
            }
        };
        match lang {
            Lang::Zh => zh.to_owned(),
            Lang::En => en.to_owned(),
        }
    }
}

fn key_words(error: &KeyError) -> (&'static str, &'static str) {
    match error {
        KeyError::Locked => (
            "手机密钥库已锁定，请先解锁手机",
            "the phone's keystore is locked: unlock the phone first",
        ),
        KeyError::Gone => (
            "本机的签名密钥已丢失，请扫描新的注册码；未发送的工作仍在本机",
            "this phone's signing key is gone: scan a new enrolment code; unsent work stays here",
        ),
        KeyError::Failed => ("手机密钥库未能签名", "the phone's keystore could not sign"),
    }
}
