//! The words of the checklists in use: questions, choices, departments, lists, in one language.
//!
//! Where the content does not know a code (another version wrote it), the code itself is shown.

use ironfeet_core::checklist::{Content, Item};
use ironfeet_core::model::{Finding, Lang, Scalar, Severity};

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

    /// The name of a department.
    pub(super) fn department<'a>(&'a self, code: &'a str) -> &'a str {
        let known = self.content.departments().iter().find(|d| d.code.as_str() == code);
        known.map_or(code, |d| match self.lang {
            Lang::Zh => d.zh.as_str(),
            Lang::En => d.en.as_str(),
        })
    }

    /// An answer with its question: `HH-A4 question: choice, choice`.
    pub(super) fn answer(&self, list: &str, id: &str, value: &Scalar) -> String {
        let Some(item) = self.item(list, id) else {
            return format!("{id:<7} {}", words::value(value, self.lang));
        };
        format!("{id:<7} {}: {}", item.q.get(self.lang), self.value(item, value))
    }

    fn item(&self, list: &str, id: &str) -> Option<&Item> {
        let common = self.content.common_items().iter();
        let own = self.content.list(list).into_iter().flat_map(|l| l.items().map(|(_, i)| i));
        common.chain(own).find(|item| &*item.id == id)
    }

    fn value(&self, item: &Item, value: &Scalar) -> String {
        let choices = self.content.choices(item);
        let Some(codes) = value.as_str().filter(|_| !choices.is_empty()) else {
            return words::value(value, self.lang);
        };
        let name = |code: &str| {
            let known = choices.iter().find(|c| c.code == code);
            known.map_or(code.to_owned(), |c| match self.lang {
                Lang::Zh => c.zh.clone(),
                Lang::En => c.en.clone(),
            })
        };
        let between = match self.lang {
            Lang::Zh => "；",
            Lang::En => ", ",
        };
        codes.split(',').map(name).collect::<Vec<_>>().join(between)
    }

    /// A finding on a few lines; an S1 as a card that says what to do before anything else.
    pub(super) fn finding(&self, finding: &Finding) -> String {
        let (lang, heavy) = (self.lang, words::HEAVY);
        let head =
            format!("{} · {}", words::severity(finding.severity, lang), finding.title.get(lang));
        let fix = format!("{}{}", say(lang, "整改：", "fix: "), finding.fix.get(lang));
        let lead =
            format!("{}{}", say(lang, "主办：", "lead: "), self.department(finding.lead.as_str()));
        let when = format!(
            "{}{}",
            say(lang, "时限：", "deadline: "),
            words::deadline(finding.deadline, lang)
        );
        let tail =
            format!("{when} · {} · {lead} · {}", words::route(finding.route, lang), finding.code);
        let action = finding.immediate_action.as_ref().map(|text| text.get(lang));
        if finding.severity == Severity::S1 {
            let action = action.unwrap_or_else(|| {
                say(lang, "先控制、先撤离、先报警", "Control, leave, call first.")
            });
            let now = say(lang, "立即：", "NOW: ");
            return format!("{heavy}\n‼ {head}\n‼ {now}{action}\n  {fix}\n  {tail}\n{heavy}");
        }
        let now = action
            .map_or_else(String::new, |a| format!("\n    {}{a}", say(lang, "立即：", "now: ")));
        format!("  {head}{now}\n    {fix}\n    {tail}")
    }

    /// Findings, the gravest first.
    pub(super) fn findings<'a>(&self, all: impl IntoIterator<Item = &'a Finding>) -> String {
        let mut all: Vec<&Finding> = all.into_iter().collect();
        all.sort_by_key(|f| (f.severity, f.code.clone()));
        if all.is_empty() {
            return say(self.lang, "没有发现隐患", "nothing found").to_owned();
        }
        all.into_iter().map(|f| self.finding(f)).collect::<Vec<_>>().join("\n")
    }
}
