//! `visit …`: start, be asked, answer, note, look, finish.

use ironfeet_core::checklist::Question;
use ironfeet_core::model::{Lang, Severity, VisitId};
use ironfeet_core::phone::{Phone, VisitView};
use serde_json::{Value, json};

use super::args::Visit;
use super::names::Names;
use super::outcome::{Answer, Failure, say};
use super::{Desk, Lines, show, words};

impl Desk<'_> {
    pub(super) fn visit(&self, command: &Visit, lines: &mut Lines<'_>) -> Result<Answer, Failure> {
        let phone = self.open()?;
        match command {
            Visit::Start { place, checklist, quick } => {
                let id =
                    phone.visit_start(*place, checklist, *quick).map_err(|e| self.failure(&e))?;
                let asked = phone.visit_questions(id).map_err(|e| self.failure(&e))?;
                let next = self.next(&asked).unwrap_or_default();
                Ok(Answer::new(json!({"id": id}), format!("{id}\n{next}")))
            }
            Visit::Questions { visit, open } => self.questions(&phone, *visit, *open),
            Visit::Answer { visit, item, value } => {
                let asked = phone.visit_questions(*visit).map_err(|e| self.failure(&e))?;
                self.answer(&phone, *visit, &asked, item, value)
            }
            Visit::Drafts => self.drafts(&phone),
            Visit::Fill { visit } => self.fill(&phone, *visit, lines),
            Visit::Ask { visit } => self.ask(&phone, *visit, lines),
            Visit::Note { visit, text } => {
                let change = phone.visit_note(*visit, text).map_err(|e| self.failure(&e))?;
                Ok(self.saved(json!({"change": change})))
            }
            Visit::Show { visit } => {
                let view = phone.visit_show(*visit).map_err(|e| self.failure(&e))?;
                Ok(Answer::new(json!(view), show::visit(&view, &self.names(&phone.content()))))
            }
            Visit::Finish { visit } => {
                let view = phone.visit_finish(*visit).map_err(|e| self.failure(&e))?;
                Ok(Answer::new(json!(view), self.finished(&view, &self.names(&phone.content()))))
            }
        }
    }

    pub(super) fn saved(&self, json: Value) -> Answer {
        Answer::new(json, say(self.lang, "已保存。", "saved."))
    }

    fn drafts(&self, phone: &Phone) -> Result<Answer, Failure> {
        let rows = phone.visit_drafts().map_err(|e| self.failure(&e))?;
        let text: Vec<String> = rows.iter().map(|row| show::visit_row(row, self.lang)).collect();
        Ok(self.list(json!(rows), &text))
    }

    fn questions(&self, phone: &Phone, visit: VisitId, open: bool) -> Result<Answer, Failure> {
        let mut asked = phone.visit_questions(visit).map_err(|e| self.failure(&e))?;
        let answered = asked.iter().filter(|q| q.answer.is_some()).count();
        let count = asked.len();
        if open {
            asked.retain(|q| q.answer.is_none());
        }
        let rows: Vec<Value> = asked.iter().map(|q| show::question_json(q, self.lang)).collect();
        let head = match self.lang {
            Lang::Zh => format!("已答 {answered} / {count}（* 必答）"),
            Lang::En => format!("{answered} of {count} answered (* required)"),
        };
        let text = format!("{head}\n{}", show::questions(&asked, self.lang));
        Ok(Answer::new(Value::Array(rows), text))
    }

    fn answer(
        &self,
        phone: &Phone,
        visit: VisitId,
        asked: &[Question],
        item: &str,
        value: &str,
    ) -> Result<Answer, Failure> {
        let value = by_number(asked, item, value);
        let change = phone.visit_answer(visit, item, &value).map_err(|e| self.failure(&e))?;
        if self.json {
            return Ok(Answer::new(json!({"change": change}), ""));
        }
        let view = phone.visit_show(visit).map_err(|e| self.failure(&e))?;
        let raised: Vec<_> = view.findings.iter().filter(|f| f.item == item).collect();
        let asked = phone.visit_questions(visit).map_err(|e| self.failure(&e))?;
        let mut text = say(self.lang, "已保存。", "saved.").to_owned();
        if !raised.is_empty() {
            text = format!("{text}\n{}", self.names(&phone.content()).findings(raised));
        }
        if let Some(next) = self.next(&asked) {
            text = format!("{text}\n{next}");
        }
        Ok(Answer::new(json!({"change": change}), text))
    }

    /// The question to answer next, or that it may be finished.
    fn next(&self, asked: &[Question]) -> Option<String> {
        let left = asked.iter().filter(|q| q.required && q.answer.is_none()).count();
        let Some(next) = asked.iter().find(|q| q.required && q.answer.is_none()) else {
            return Some(
                say(
                    self.lang,
                    "必答项已齐，可以完成（visit finish）。",
                    "Nothing required is open: visit finish.",
                )
                .to_owned(),
            );
        };
        let label = say(self.lang, "下一题，还有", "next, still open:");
        Some(format!("{}\n{label} {left}\n{}", words::RULE, show::question(next, self.lang)))
    }

    fn finished(&self, view: &VisitView, names: &Names<'_>) -> String {
        let grave = view.findings.iter().filter(|f| f.severity <= Severity::S2).count();
        let head = match self.lang {
            Lang::Zh => {
                format!("走访已完成：{} 项疑似隐患，其中较重以上 {grave} 项。", view.findings.len())
            }
            Lang::En => {
                format!(
                    "Visit finished: {} suspected hazards, {grave} of them serious.",
                    view.findings.len()
                )
            }
        };
        format!("{head}\n{}", names.findings(&view.findings))
    }

    /// Answers from stdin, one a line; each is acknowledged when it is on disk, a refused one stops no other.
    fn fill(
        &self,
        phone: &Phone,
        visit: VisitId,
        lines: &mut Lines<'_>,
    ) -> Result<Answer, Failure> {
        let mut said = 0_usize;
        let mut refused = 0_usize;
        let mut line = String::new();
        loop {
            line.clear();
            let read =
                lines.input.read_line(&mut line).map_err(|e| Failure::Failed(e.to_string()))?;
            if read == 0 {
                break;
            }
            let Some((item, value)) = line.trim().split_once(char::is_whitespace) else {
                if line.trim().is_empty() {
                    continue;
                }
                let expected =
                    say(self.lang, "每行应为：题号 空格 答案", "each line is: ITEM VALUE");
                return Err(Failure::Usage(expected.to_owned()));
            };
            let row = match self.fill_one(phone, visit, item, value.trim()) {
                Ok(row) => row,
                Err(Failure::Refused { code, text }) => {
                    refused += 1;
                    json!({"item": item, "refused": {"code": code, "text": text}})
                }
                Err(other) => return Err(other),
            };
            self.acknowledge(&row, said, lines).map_err(|e| Failure::Failed(e.to_string()))?;
            said += 1;
        }
        self.fill_end(said, refused, lines)
    }

    fn fill_one(
        &self,
        phone: &Phone,
        visit: VisitId,
        item: &str,
        value: &str,
    ) -> Result<Value, Failure> {
        // Numbers of choices are for people; codes need no look at the questions.
        let numbered = value.split(',').all(|part| part.trim().parse::<usize>().is_ok());
        let value = if numbered {
            by_number(&phone.visit_questions(visit).map_err(|e| self.failure(&e))?, item, value)
        } else {
            value.to_owned()
        };
        let change = phone.visit_answer(visit, item, &value).map_err(|e| self.failure(&e))?;
        Ok(json!({"item": item, "change": change}))
    }

    /// One element of the array, at once: whoever reads it knows that it is on disk.
    fn acknowledge(&self, row: &Value, said: usize, lines: &mut Lines<'_>) -> std::io::Result<()> {
        if self.json {
            writeln!(lines.out, "{}{row}", if said == 0 { "[\n" } else { "," })?;
        } else {
            let item = row["item"].as_str().unwrap_or_default();
            let why = row["refused"]["text"].as_str().unwrap_or(say(self.lang, "已保存", "saved"));
            writeln!(lines.out, "{item}: {why}")?;
        }
        lines.out.flush()
    }

    fn fill_end(
        &self,
        said: usize,
        refused: usize,
        lines: &mut Lines<'_>,
    ) -> Result<Answer, Failure> {
        if self.json {
            let end = if said == 0 { "[]" } else { "]" };
            writeln!(lines.out, "{end}").map_err(|e| Failure::Failed(e.to_string()))?;
        }
        if refused > 0 {
            let text = match self.lang {
                Lang::Zh => format!("{refused} 条未接受"),
                Lang::En => format!("{refused} of {said} were not taken"),
            };
            return Err(Failure::PartlyRefused(text));
        }
        Ok(Answer { json: None, text: String::new() })
    }
}

/// People may type the number of a choice, or several; codes stay as they are.
pub(super) fn by_number(asked: &[Question], item: &str, value: &str) -> String {
    let Some(question) = asked.iter().find(|q| q.item == item) else { return value.to_owned() };
    let code = |part: &str| {
        let known = question.choices.iter().any(|c| c.code == part);
        let number = part.parse::<usize>().ok().filter(|n| *n > 0 && !known);
        number.and_then(|n| question.choices.get(n - 1)).map_or(part.to_owned(), |c| c.code.clone())
    };
    if question.choices.is_empty() {
        return value.to_owned();
    }
    value.split([',', '，']).map(|part| code(part.trim())).collect::<Vec<_>>().join(",")
}
