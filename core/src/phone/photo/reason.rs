//! Why a photo did not get through: what is done about it, and in which words a person is told.

use crate::limits::{PHOTO_PAUSE_MS_MAX, PHOTO_PAUSE_MS_MIN, PHOTO_PAUSE_MS_WAY};
use crate::model::{Lang, Text};
use crate::phone::sync::SyncError;
use crate::phone::transport::{Reply, TransportError, refusal};

/// Why a photo did not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The server takes no file of this size.
    TooLarge,
    /// What arrived was not what was sent, again and again.
    Spoiled,
    /// The server does not take it, with its stable code.
    Refused(String),
    /// The server could not, for now.
    Unwell(u16),
    /// The server does not take photos, or does not know the visit, yet.
    NotReady,
    /// The server began anew with it, again and again.
    Forgetful,
    /// The file on this phone cannot be read any more.
    Unreadable,
    /// The visit it belongs to is not on this phone.
    NoVisit,
    /// The way to the server.
    Way(TransportError),
}

impl Reason {
    /// In both languages. Never an answer, a name or an address.
    pub(super) fn words(&self) -> Text {
        let code = |code: &str| if code.is_empty() { String::new() } else { format!(" ({code})") };
        let (zh, en) = match self {
            Self::TooLarge => {
                ("服务器不接收这么大的文件".to_owned(), "too large for the server".to_owned())
            }
            Self::Spoiled => (
                "传输中多次损坏，请重试".to_owned(),
                "damaged on the way again and again: try again".to_owned(),
            ),
            Self::Refused(said) => (
                format!("服务器拒收{}", code(said)),
                format!("the server refuses it{}", code(said)),
            ),
            Self::Unwell(status) => (
                format!("服务器出错（{status}），稍后会自动重试"),
                format!("the server failed ({status}): it will be tried again"),
            ),
            Self::NotReady => (
                "服务器暂时不能接收这张照片，稍后会自动重试".to_owned(),
                "the server cannot take this photo yet: it will be tried again".to_owned(),
            ),
            Self::Forgetful => (
                "服务器多次要求重新开始，稍后会自动重试".to_owned(),
                "the server began anew again and again: it will be tried again".to_owned(),
            ),
            Self::Unreadable => (
                "本机上的照片文件已损坏".to_owned(),
                "the photo's file on this phone is damaged".to_owned(),
            ),
            Self::NoVisit => (
                "所属走访不在本机，同步后会自动重试".to_owned(),
                "its visit is not on this phone yet: it will be tried again after a sync"
                    .to_owned(),
            ),
            Self::Way(error) => {
                let error = SyncError::Transport(error.clone());
                (error.words(Lang::Zh), error.words(Lang::En))
            }
        };
        Text { zh, en }
    }

    /// How long a photo rests that failed so many times in a row, in ms. Where there was no way to the server
    /// it is not the photo's fault most often, and the way may be back at any time.
    pub(super) fn pause_ms(&self, tries: i64) -> i64 {
        let doublings = u32::try_from((tries - 1).clamp(0, 20)).unwrap_or(0);
        let longest =
            if matches!(self, Self::Way(_)) { PHOTO_PAUSE_MS_WAY } else { PHOTO_PAUSE_MS_MAX };
        (PHOTO_PAUSE_MS_MIN << doublings).min(longest)
    }
}

/// What becomes of a photo that did not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Snag {
    /// The token ended: with a new one the photo goes on.
    Token,
    /// The server is busy: every photo waits these seconds.
    Busy(u64),
    /// It is tried again after a pause.
    Later(Reason),
    /// It is given up until a person says otherwise.
    GiveUp(Reason),
}

impl From<TransportError> for Snag {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Busy { after_s } => Self::Busy(after_s),
            TransportError::Refused { status: 401, .. } => Self::Token,
            error => Self::Later(Reason::Way(error)),
        }
    }
}

impl Snag {
    /// What an answer means that is no success and that nothing else explains.
    pub(super) fn of(reply: &Reply) -> Self {
        let told = refusal(reply.status, reply.header("retry-after"), &reply.body);
        match told {
            TransportError::Refused { status: 413, .. } => Self::GiveUp(Reason::TooLarge),
            TransportError::Refused { status: 401, .. } => Self::Token,
            TransportError::Refused { status: 400..=499, code } => {
                Self::GiveUp(Reason::Refused(code))
            }
            TransportError::Refused { status, .. } => Self::Later(Reason::Unwell(status)),
            error => error.into(),
        }
    }
}
