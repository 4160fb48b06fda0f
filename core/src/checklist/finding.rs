//! From a rule and its category to a finding, and the slip that is left with people.

use crate::model::{Finding, Lang, Route, Severity, UtcMillis};

use super::content::{Checklist, Content, FindingRule, Item};

/// The finding a rule raises at a time.
pub(super) fn raise(
    content: &Content,
    list: &Checklist,
    item: &Item,
    rule: &FindingRule,
    at: UtcMillis,
) -> Finding {
    let category = content.category(&rule.category).expect("categories are checked at loading");
    Finding {
        code: rule.code.to_string(),
        item: item.id.to_string(),
        title: rule.title.clone(),
        fix: rule.fix.clone(),
        severity: rule.severity,
        category: rule.category.clone(),
        deadline: rule.deadline,
        route: rule.route,
        lead: rule.lead_override.clone().unwrap_or_else(|| category.lead.clone()),
        co: category.co.clone(),
        suspected_major: rule.suspected_major,
        public_area: rule.public_area,
        immediate_action: rule.immediate_action.clone(),
        list: list.id.to_string(),
        list_version: list.version,
        raised_at: at,
    }
}

/// The advice slip left on the spot: what was seen, what removes it, until when. About the place only.
#[must_use]
pub fn advice_slip(findings: &[Finding], lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings {
        lines.push(format!(
            "{}  {}",
            severity_word(finding.severity, lang),
            finding.title.get(lang)
        ));
        if let Some(action) = &finding.immediate_action {
            lines.push(format!("    {}{}", pick(lang, "立即：", "Now: "), action.get(lang)));
        }
        lines.push(format!("    {}{}", pick(lang, "整改：", "Fix: "), finding.fix.get(lang)));
        if finding.route == Route::Advice {
            lines.push(format!(
                "    {}",
                pick(lang, "当场提示，不立案。", "Advice only, no case is filed.")
            ));
        }
    }
    lines
}

fn pick(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

fn severity_word(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::S1 => pick(lang, "S1 紧急", "S1 imminent danger"),
        Severity::S2 => pick(lang, "S2 较重", "S2 serious"),
        Severity::S3 => pick(lang, "S3 一般", "S3 ordinary"),
        Severity::S4 => pick(lang, "S4 提示", "S4 advice"),
    }
}
