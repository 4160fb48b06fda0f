//! The phone's errors as exit codes and words. One table; no command decides for itself.

use std::path::Path;

use ironfeet_core::model::Lang;
use ironfeet_core::phone::PhoneError;
use ironfeet_core::store::salvage::Salvaged;

use super::Desk;
use super::outcome::{Failure, say};

impl Desk<'_> {
    /// A damaged file was met and exchanged when the store was opened.
    pub(super) fn recovered(&self, saved: &Salvaged) -> Failure {
        Failure::Damaged(damaged(Some(&saved.moved_to), Some(saved), self.lang))
    }

    /// How a command ends that the phone did not do.
    pub(super) fn failure(&self, error: &PhoneError) -> Failure {
        let lang = self.lang;
        match error {
            PhoneError::Invalid { field, message } => Failure::Refused {
                code: "invalid".to_owned(),
                text: format!("{field}: {}", message.get(lang)),
            },
            PhoneError::PersonalText { field, .. } => {
                Failure::Refused { code: "personal_text".to_owned(), text: personal(field, lang) }
            }
            PhoneError::Refused { code, text } => {
                Failure::Refused { code: (*code).to_owned(), text: text.get(lang).to_owned() }
            }
            PhoneError::Damaged { moved_to, salvaged } => {
                Failure::Damaged(damaged(moved_to.as_deref(), salvaged.as_deref(), lang))
            }
            PhoneError::Content(errors) => {
                let lines: Vec<String> = errors.0.iter().map(|e| e.text(lang)).collect();
                Failure::Failed(lines.join("\n"))
            }
            PhoneError::Internal { .. } => Failure::Failed(with_causes(error)),
            other => Failure::Failed(plain(other, lang)),
        }
    }
}

/// Errors that are one sentence.
fn plain(error: &PhoneError, lang: Lang) -> String {
    let (zh, en) = match error {
        PhoneError::WrongKey => (
            "密钥打不开这份数据；数据未被改动",
            "this key does not open the store; nothing was touched",
        ),
        PhoneError::NewerThanApp { .. } => (
            "数据由更新的版本写入：请升级应用；数据未被改动",
            "a newer version wrote this store: update the app; nothing was touched",
        ),
        PhoneError::StorageFull => (
            "存储空间不足，本次未保存：请腾出空间后重试",
            "no room on the disk, nothing of this was saved: make room and try again",
        ),
        PhoneError::Busy => {
            ("另一个程序正在使用这份数据，请重试", "another program is using this store; try again")
        }
        PhoneError::NotFound { what } => return missing(what, lang),
        other => return other.to_string(),
    };
    say(lang, zh, en).to_owned()
}

fn missing(what: &str, lang: Lang) -> String {
    let (zh, en) = match what {
        "store" => {
            ("此目录没有数据，请先 init", "there is no store in this folder: run init first")
        }
        "place" => ("本机没有这个场所", "no such place on this phone"),
        "visit" => ("本机没有这次走访", "no such visit on this phone"),
        "task" => ("本机没有这项任务", "no such task on this phone"),
        "checklist" => ("没有这张检查表", "no such checklist"),
        other => {
            let (zh, en) = (format!("没有找到：{other}"), format!("no such {other}"));
            return say(lang, &zh, &en).to_owned();
        }
    };
    say(lang, zh, en).to_owned()
}

/// Names the field, never the text.
fn personal(field: &str, lang: Lang) -> String {
    let zh = format!("{field}：内容像是电话、证件、银行卡号或车牌，请删去后再保存");
    let en = format!(
        "{field}: this looks like a phone, identity or card number or a plate; take it out and save again"
    );
    say(lang, &zh, &en).to_owned()
}

/// An error and everything under it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn damaged(moved_to: Option<&Path>, salvaged: Option<&Salvaged>, lang: Lang) -> String {
    let mut text = say(lang, "数据文件已损坏。", "the file is damaged.").to_owned();
    if let Some(file) = moved_to {
        let kept = say(lang, "原文件原样保留在：", "It is kept as it is:");
        text = format!("{text}\n{kept} {}", file.display());
    }
    let Some(saved) = salvaged else {
        let stays = say(lang, "没有做任何改动。", "Nothing was done to it.");
        return format!("{text}\n{stays}");
    };
    let (documents, changes, unsent) = (saved.documents, saved.changes, saved.unsent);
    let saved = match lang {
        Lang::Zh => format!(
            "已救回 {documents} 份记录、{changes} 次修改（其中 {unsent} 次未上传），可继续使用。"
        ),
        Lang::En => format!(
            "Saved from it: {documents} records, {changes} changes ({unsent} not yet sent). Work can go on."
        ),
    };
    format!("{text}\n{saved}")
}
