//! `rescue export|import`, and reading the files that commands name.

use std::path::Path;

use ironfeet_core::model::Lang;
use serde_json::json;

use super::Desk;
use super::args::Rescue;
use super::outcome::{Answer, Failure, say};

impl Desk<'_> {
    pub(super) fn rescue(&self, command: &Rescue) -> Result<Answer, Failure> {
        let key = match self.world.rescue_key.as_deref() {
            Some(text) => self.key(Some(text), "IRONFEET_RESCUE_KEY")?,
            None => self.key(self.world.key.as_deref(), "IRONFEET_KEY")?,
        };
        let phone = self.open()?;
        let done = match command {
            Rescue::Export { file } => phone.rescue_export(file, &key),
            Rescue::Import { file } => phone.rescue_import(file, &key),
        }
        .map_err(|e| self.failure(&e))?;
        let (changes, documents, photos) = (done.changes, done.documents, done.photos);
        let text = match self.lang {
            Lang::Zh => format!("{documents} 份记录、{changes} 次修改、{photos} 张照片"),
            Lang::En => format!("{documents} records, {changes} changes, {photos} photos"),
        };
        let json = json!({"changes": changes, "documents": documents, "photos": photos});
        Ok(Answer::new(json, text))
    }

    pub(super) fn read_bytes(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        std::fs::read(file).map_err(|error| {
            let name = file.display();
            let text = say(self.lang, "读不到文件", "cannot read");
            Failure::Failed(format!("{text} {name}: {error}"))
        })
    }

    pub(super) fn read_text(&self, file: &Path) -> Result<String, Failure> {
        String::from_utf8(self.read_bytes(file)?).map_err(|_| {
            let text = say(self.lang, "不是 UTF-8 文本", "is not UTF-8 text");
            Failure::Failed(format!("{} {text}", file.display()))
        })
    }
}
