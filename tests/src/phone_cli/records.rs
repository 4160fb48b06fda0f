//! `findings`, `conflicts`, `status`, `verify`: what the phone holds and whether it is whole.

use ironfeet_core::model::{ChangeHash, DocId, Lang};
use ironfeet_core::phone::ConflictView;
use serde_json::json;

use super::outcome::{Answer, Failure, say};
use super::{Desk, show};

impl Desk<'_> {
    pub(super) fn findings(&self, open: bool) -> Result<Answer, Failure> {
        let rows = self.open()?.findings(open).map_err(|e| self.failure(&e))?;
        let json = json!(rows);
        let text: Vec<String> = rows.iter().map(|r| show::finding(r, self.lang)).collect();
        Ok(self.list(json, &text))
    }

    pub(super) fn conflicts(&self) -> Result<Answer, Failure> {
        let all = self.open()?.conflicts().map_err(|e| self.failure(&e))?;
        let text = show::conflicts(&all, self.lang);
        let rows: Vec<String> = if text.is_empty() { Vec::new() } else { vec![text] };
        Ok(self.list(json!(all), &rows))
    }

    pub(super) fn settle(
        &self,
        doc: DocId,
        field: &str,
        choose: ChangeHash,
    ) -> Result<Answer, Failure> {
        let phone = self.open()?;
        let all = phone.conflicts().map_err(|e| self.failure(&e))?;
        let has = |c: &&ConflictView| c.doc == doc && c.field == field;
        // An unknown one is for the phone to refuse, with its own code.
        let part = all.iter().find(has).map_or("facts", |c| c.container.as_str());
        let change = phone.settle(doc, part, field, choose).map_err(|e| self.failure(&e))?;
        Ok(self.saved(json!({"change": change})))
    }

    pub(super) fn notices(&self, all: bool) -> Result<Answer, Failure> {
        let rows = self.open()?.notices(!all).map_err(|e| self.failure(&e))?;
        let text: Vec<String> = rows.iter().map(|row| show::notice(row, self.lang)).collect();
        let json = rows.iter().map(|row| {
            let mut json = json!(row);
            json["words"] = json!({ "zh": row.words(Lang::Zh), "en": row.words(Lang::En) });
            json
        });
        Ok(self.list(json.collect(), &text))
    }

    pub(super) fn status(&self) -> Result<Answer, Failure> {
        let status = self.open()?.status().map_err(|e| self.failure(&e))?;
        Ok(Answer::new(json!(status), show::status(&status, self.lang)))
    }

    pub(super) fn verify(&self) -> Result<Answer, Failure> {
        let report = self.open()?.verify().map_err(|e| self.failure(&e))?;
        let json = json!(report);
        if report.ok {
            let (documents, changes) = (report.documents, report.changes);
            let text = match self.lang {
                Lang::Zh => format!("完好：{documents} 份记录，{changes} 次修改"),
                Lang::En => format!("whole: {documents} records, {changes} changes"),
            };
            return Ok(Answer::new(json, text));
        }
        let mut text = say(self.lang, "以下内容不完整：", "not whole:").to_owned();
        for problem in &report.problems {
            let doc = problem.doc.map_or_else(String::new, |doc| format!(" {doc}"));
            text = format!("{text}\n{}{doc}", problem.what);
        }
        Err(Failure::NotWhole { json, text })
    }
}
