//! The words of the checklists in use: questions, choices, departments, findings, in one language.
//!
//! Where the content does not know a code (another version wrote it), the code itself is shown.

use ironfeet_core::checklist::{Content, action_card, deadline_words, value_words};
use ironfeet_core::model::{Finding, Lang, Scalar};

use super::outcome::say;
use super::words;

/// Content and language.
pub(super) struct Names<'a> {
    pub(super) content: &'a Content,
    pub(super) lang: Lang,
}

impl Names<'_> {
    /// The title of a checklist.
    pub(super) fn list<'a>(&'a self, id: &'a str) -> &'a str {
        self.content.list(id).map_or(id, |list| list.title.get(self.lang))
    }

    fn department<'a>(&'a self, code: &'a str) -> &'a str {
        let known = self.content.words().departments.iter().find(|(d, _)| d.as_str() == code);
        known.map_or(code, |(_, name)| name.get(self.lang))
    }

    /// An answer with its question: `HH-A4 question: choice; choice`.
    pub(super) fn answer(&self, list: &str, id: &str, value: &Scalar) -> String {
        let known = self.content.list(list).and_then(|list| self.content.item(list, id));
        let Some(item) = known else {
            return format!("{id:<7} {}", words::value(value, self.lang));
        };
        let answer = value_words(item, value);
        format!("{id:<7} {}: {}", item.question.get(self.lang), answer.get(self.lang))
    }

    /// A finding on a few lines; an S1 as a card that says what to do before anything else.
    fn finding(&self, finding: &Finding) -> String {
        let lang = self.lang;
        let head =
            format!("{} · {}", words::severity(finding.severity, lang), finding.title.get(lang));
        let fix = format!("{}{}", say(lang, "整改：", "fix: "), finding.fix.get(lang));
        let limit = finding.deadline.map(deadline_words);
        let limit =
            limit.as_ref().map_or(say(lang, "不设时限", "no deadline"), |t| t.get(lang));
        let tail = format!(
            "{}{limit} · {} · {}{} · {}",
            say(lang, "时限：", "deadline: "),
            words::route(finding.route, lang),
            say(lang, "主办：", "lead: "),
            self.department(finding.lead.as_str()),
            finding.code,
        );
        if let Some(card) = action_card(self.content, finding) {
            let now = format!("{}{}", say(lang, "立即：", "NOW: "), card.action.get(lang));
            let photo = if card.no_photo {
                say(
                    lang,
                    "\n‼ 先离开，不要拍照、不要用手机。",
                    "\n‼ Leave first: no photo, no phone in there.",
                )
            } else {
                ""
            };
            let heavy = words::HEAVY;
            return format!("{heavy}\n‼ {head}\n‼ {now}{photo}\n  {fix}\n  {tail}\n{heavy}");
        }
        let action = finding.immediate_action.as_ref();
        let now = action.map_or_else(String::new, |text| {
            format!("\n    {}{}", say(lang, "立即：", "now: "), text.get(lang))
        });
        format!("  {head}{now}\n    {fix}\n    {tail}")
    }

    /// Findings, the gravest first.
    pub(super) fn findings<'a>(&self, all: impl IntoIterator<Item = &'a Finding>) -> String {
        let mut all: Vec<&Finding> = all.into_iter().collect();
        all.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
        if all.is_empty() {
            return say(self.lang, "没有发现隐患", "nothing found").to_owned();
        }
        all.into_iter().map(|f| self.finding(f)).collect::<Vec<_>>().join("\n")
    }
}
