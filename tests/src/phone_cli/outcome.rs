//! How a command ends: an answer, or a failure with its exit code.
//!
//! The only place that turns the phone's errors into exit codes and words.
//! Must not know how a screen looks.

use ironfeet_core::model::Lang;
use serde_json::{Value, json};

/// What a command says: for scripts and for people.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One JSON value; `None` when it was written already, piece by piece.
    pub json: Option<Value>,
    /// The same for people, in their language; may be empty.
    pub text: String,
}

impl Answer {
    /// Both forms.
    #[must_use]
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json: Some(json), text: text.into() }
    }
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Exit 1.
    Failed(String),
    /// Exit 2: not typed as it must be.
    Usage(String),
    /// Exit 3: understood, and the answer is no.
    Refused {
        /// Stable code.
        code: String,
        /// Reason in the person's language.
        text: String,
    },
    /// Exit 3 as well: each refusal was said already, piece by piece.
    PartlyRefused(String),
    /// Exit 4: the store is damaged.
    Damaged(String),
    /// Exit 4: looked at everything, and something was not whole.
    NotWhole {
        /// The report.
        json: Value,
        /// The same in words.
        text: String,
    },
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused { .. } | Self::PartlyRefused(_) => 3,
            Self::Damaged(_) | Self::NotWhole { .. } => 4,
        }
    }

    /// What goes to stderr, one line or a few.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let (zh, en, text) = match self {
            Self::Failed(text) => ("失败", "failed", text),
            Self::Usage(text) => ("用法", "usage", text),
            Self::Refused { text, .. } | Self::PartlyRefused(text) => ("未接受", "refused", text),
            Self::Damaged(text) | Self::NotWhole { text, .. } => ("数据损坏", "damaged", text),
        };
        match lang {
            Lang::Zh => format!("{zh}：{text}"),
            Lang::En => format!("{en}: {text}"),
        }
    }

    /// What goes to stdout with `--json`; a refusal and a report have something for scripts.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        match self {
            Self::Refused { code, text } => Some(json!({"refused": {"code": code, "text": text}})),
            Self::NotWhole { json, .. } => Some(json.clone()),
            _ => None,
        }
    }
}

/// One of two texts.
#[must_use]
pub fn say<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}
