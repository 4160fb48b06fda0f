//! `visit ask`: question by question, as a phone would ask. Every answer is on disk before the next question.

use ironfeet_core::model::VisitId;
use ironfeet_core::phone::Phone;

use super::outcome::{Answer, Failure, say};
use super::visits::by_number;
use super::{Desk, Lines, show, words};

impl Desk<'_> {
    /// Asks what is open, in the order of the list, until nothing is left or the person stops.
    pub(super) fn ask(
        &self,
        phone: &Phone,
        visit: VisitId,
        lines: &mut Lines<'_>,
    ) -> Result<Answer, Failure> {
        if self.json {
            let text = say(
                self.lang,
                "ask 是给人用的，脚本请用 fill",
                "ask is for people; scripts use fill",
            );
            return Err(Failure::Usage(text.to_owned()));
        }
        let broken = |error: std::io::Error| Failure::Failed(error.to_string());
        let mut skipped: Vec<String> = Vec::new();
        loop {
            let asked = phone.visit_questions(visit).map_err(|e| self.failure(&e))?;
            let left = asked.iter().filter(|q| q.answer.is_none() && q.required).count();
            let Some(question) =
                asked.iter().find(|q| q.answer.is_none() && !skipped.contains(&q.item))
            else {
                return Ok(self.asked_all(left));
            };
            let text = show::question(question, self.lang);
            write!(lines.out, "{}\n{text}\n> ", words::RULE).map_err(broken)?;
            lines.out.flush().map_err(broken)?;
            let mut line = String::new();
            let read = lines.input.read_line(&mut line).map_err(broken)?;
            match line.trim() {
                _ if read == 0 => return Ok(self.asked_all(left)),
                "q" => return Ok(self.asked_all(left)),
                "" => skipped.push(question.item.clone()),
                typed => {
                    let item = question.item.clone();
                    let value = by_number(&asked, &item, typed);
                    let said = self.take(phone, visit, &item, &value)?;
                    writeln!(lines.out, "{said}").map_err(broken)?;
                }
            }
        }
    }

    /// Saves one answer; what it raised, or why it was not taken.
    fn take(
        &self,
        phone: &Phone,
        visit: VisitId,
        item: &str,
        value: &str,
    ) -> Result<String, Failure> {
        if let Err(error) = phone.visit_answer(visit, item, value) {
            return match self.failure(&error) {
                refused @ Failure::Refused { .. } => Ok(refused.text(self.lang)),
                other => Err(other),
            };
        }
        let view = phone.visit_show(visit).map_err(|e| self.failure(&e))?;
        let raised: Vec<_> = view.findings.iter().filter(|f| f.item == item).collect();
        let saved = say(self.lang, "已保存。", "saved.");
        if raised.is_empty() {
            return Ok(saved.to_owned());
        }
        Ok(format!("{saved}\n{}", self.names(&phone.content()).findings(raised)))
    }

    fn asked_all(&self, left: usize) -> Answer {
        let text = match (left, self.lang) {
            (0, _) => say(
                self.lang,
                "必答项已齐，可以完成（visit finish）。",
                "Nothing required is open: visit finish.",
            )
            .to_owned(),
            (n, ironfeet_core::model::Lang::Zh) => {
                format!("还有 {n} 个必答项未答；已答的都已保存。")
            }
            (n, ironfeet_core::model::Lang::En) => {
                format!("{n} required questions are still open; all answers so far are saved.")
            }
        };
        Answer { json: None, text }
    }
}
