//! The slip that is left on the spot: what was seen, what removes it, until when. About the place only.

use super::calendar::Calendar;
use super::error::say;
use crate::model::{ClockKind, Deadline, Finding, Lang, Route, Severity, Text};

/// The slip in one language, with limits in words ("within 3 working days").
#[must_use]
pub fn advice_slip(findings: &[Finding], lang: Lang) -> Vec<String> {
    let limit = |f: &Finding| f.deadline.map(deadline_words);
    slip(findings, limit).into_iter().map(|line| line.get(lang).to_owned()).collect()
}

/// The slip in both languages, with limits as the day and hour they end in the local time `offset`.
#[must_use]
pub fn dated_slip(
    findings: &[Finding],
    calendar: &Calendar,
    offset: jiff::tz::Offset,
) -> Vec<Text> {
    slip(findings, |f| {
        let due = calendar.due_at(f.deadline?, f.raised_at, offset);
        let words = deadline_words(f.deadline?);
        let end = calendar.local_words(due, offset)?;
        Some(say(format!("{end} 前（{}）", words.zh), format!("by {end} ({})", words.en)))
    })
}

fn slip(findings: &[Finding], limit: impl Fn(&Finding) -> Option<Text>) -> Vec<Text> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
    let mut lines = Vec::new();
    for finding in sorted {
        let grave = severity_words(finding.severity);
        lines.push(joined(&grave, "  ", &finding.title));
        if let Some(action) = &finding.immediate_action {
            lines.push(joined(&say("    立即：", "    Now: "), "", action));
        }
        lines.push(joined(&say("    整改：", "    Fix: "), "", &finding.fix));
        if let Some(limit) = limit(finding) {
            lines.push(joined(&say("    期限：", "    Limit: "), "", &limit));
        }
        if finding.route == Route::Advice {
            lines.push(say("    当场提示，不立案。", "    Advice only, no case is filed."));
        }
    }
    lines
}

fn joined(a: &Text, between: &str, b: &Text) -> Text {
    say(format!("{}{between}{}", a.zh, b.zh), format!("{}{between}{}", a.en, b.en))
}

/// A time limit in words.
#[must_use]
pub fn deadline_words(deadline: Deadline) -> Text {
    let n = deadline.value;
    let s = if n == 1 { "" } else { "s" };
    match deadline.kind {
        ClockKind::UrgentHour => {
            say(format!("{n}小时内（昼夜连续计算）"), format!("within {n} hour{s}, day and night"))
        }
        ClockKind::WorkHour => say(format!("{n}个工作时内"), format!("within {n} working hour{s}")),
        ClockKind::WorkDay => say(format!("{n}个工作日内"), format!("within {n} working day{s}")),
        ClockKind::NaturalDay => say(format!("{n}日内"), format!("within {n} day{s}")),
    }
}

fn severity_words(severity: Severity) -> Text {
    match severity {
        Severity::S1 => say("S1 紧急", "S1 imminent danger"),
        Severity::S2 => say("S2 较重", "S2 serious"),
        Severity::S3 => say("S3 一般", "S3 ordinary"),
        Severity::S4 => say("S4 提示", "S4 advice"),
    }
}
