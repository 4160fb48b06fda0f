//! Records as JSON with stable keys, and as screens in two languages. Must not open or change anything.

use ironfeet_core::checklist::{ItemType, Question};
use ironfeet_core::model::{Lang, PlaceKind, Scalar, UtcMillis};
use ironfeet_core::phone::{
    ConflictView, FindingRow, NoticeRow, PhotoRow, PlaceRow, PlaceView, Status, TodayRow, VisitRow,
    VisitView,
};
use serde_json::{Value, json};

use super::names::Names;
use super::outcome::say;
use super::words;

/// Conflicts for people: every value with when and by which change it was written.
pub(super) fn conflicts(conflicts: &[ConflictView], lang: Lang) -> String {
    let mut lines = Vec::new();
    for conflict in conflicts {
        lines.push(format!("≠ {} {}", conflict.doc, conflict.field));
        for value in &conflict.values {
            let shown = if value.winner { say(lang, "（目前显示）", " (shown)") } else { "" };
            let (written, at) = (words::value(&value.value, lang), words::moment(value.at));
            lines.push(format!("    {written}{shown} · {at} · {}", value.change));
        }
    }
    lines.join("\n")
}

/// A question with stable keys, its words in the person's language.
pub(super) fn question_json(question: &Question, lang: Lang) -> Value {
    let choices: Vec<Value> = question
        .choices
        .iter()
        .map(|c| json!({"code": c.code, "text": c.text.get(lang), "excl": c.excl}))
        .collect();
    json!({
        "item": question.item,
        "section": question.section.as_ref().map(|t| t.get(lang)),
        "type": question.kind,
        "question": question.question.get(lang),
        "hint": question.hint.as_ref().map(|t| t.get(lang)),
        "choices": choices,
        "unit": question.unit,
        "required": question.required,
        "answer": question.answer,
        "carried": question.carried,
    })
}

/// Questions under their sections.
pub(super) fn questions(asked: &[Question], lang: Lang) -> String {
    let mut text = String::new();
    let mut section = None;
    for asked in asked {
        if asked.section != section {
            section.clone_from(&asked.section);
            let title = section.as_ref().map_or("", |t| t.get(lang));
            text.push_str(&format!("{}\n{title}\n", words::RULE));
        }
        text.push_str(&question(asked, lang));
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// One question: number and words of each choice, and what is known already.
pub(super) fn question(question: &Question, lang: Lang) -> String {
    let star = if question.required { " *" } else { "" };
    let unit = question.unit.as_ref().map_or_else(String::new, |unit| format!(" ({unit})"));
    let asked = question.question.get(lang);
    let mut text = format!("{:<7} {asked}{unit}{star}", question.item);
    if let Some(hint) = &question.hint {
        text.push_str(&format!("\n        ({})", hint.get(lang)));
    }
    if let Some(how) = how(question, lang) {
        text.push_str(&format!("\n        {how}"));
    }
    let chosen = question.answer.as_ref().and_then(Scalar::as_str).unwrap_or_default();
    for (number, choice) in (1..).zip(&question.choices) {
        let mark = if chosen.split(',').any(|c| c == choice.code) { '●' } else { '○' };
        text.push_str(&format!(
            "\n        {mark} {number} {} [{}]",
            choice.text.get(lang),
            choice.code
        ));
    }
    if let Some(answer) = question.answer.as_ref().filter(|_| question.choices.is_empty()) {
        text.push_str(&format!("\n        = {}", words::value(answer, lang)));
    }
    if let Some(carried) = &question.carried {
        let then = say(lang, "上次", "last time");
        let (day, value) = (words::day(carried.at), words::value(&carried.value, lang));
        text.push_str(&format!("\n        {then} {day}: {value}"));
    }
    text
}

/// What to type where there is nothing to choose from.
fn how(question: &Question, lang: Lang) -> Option<String> {
    let range = match (question.min, question.max) {
        (Some(min), Some(max)) => format!("{min} – {max}"),
        (Some(min), None) => format!("≥ {min}"),
        (None, Some(max)) => format!("≤ {max}"),
        (None, None) => String::new(),
    };
    let (zh, en) = match question.kind {
        ItemType::Notice => ("确认请输入 yes", "type yes to confirm"),
        ItemType::Date => ("日期：年-月-日", "a day: YYYY-MM-DD"),
        ItemType::Multi => ("可多选，用逗号隔开", "several with commas"),
        ItemType::Int | ItemType::Decimal if !range.is_empty() => return Some(range),
        ItemType::Int => ("整数", "a whole number"),
        ItemType::Decimal => ("数字", "a number"),
        _ => return None,
    };
    Some(say(lang, zh, en).to_owned())
}

/// A visit for people.
pub(super) fn visit(view: &VisitView, names: &Names<'_>) -> String {
    let lang = names.lang;
    let visit = view;
    let quick = if visit.quick { say(lang, "（复访）", " (re-visit)") } else { "" };
    let mut text = format!(
        "{} · {}{quick} · {} · {}\n{} {}",
        visit.id,
        names.list(&visit.list),
        words::status(visit.status, lang),
        words::moment(visit.started_at),
        say(lang, "场所", "place"),
        visit.place,
    );
    text.push_str(&format!("\n{}\n{}", words::RULE, names.findings(&view.findings)));
    for (item, value) in &visit.answers {
        text.push_str(&format!("\n{}", names.answer(&visit.list, item, value)));
    }
    for (item, then) in visit.carried.iter().filter(|(item, _)| !visit.answers.contains_key(*item))
    {
        let answer = names.answer(&visit.list, item, &then.value);
        text.push_str(&format!("\n{answer} · {}", words::day(then.at)));
    }
    for note in &visit.notes {
        text.push_str(&format!("\n✎ {} {}", words::moment(note.at), note.text));
    }
    for (code, reason) in &visit.photo_reasons {
        text.push_str(&format!("\n{code} {}: {reason}", say(lang, "无照片", "no photo")));
    }
    if !view.conflicts.is_empty() {
        text.push_str(&format!("\n{}", conflicts(&view.conflicts, lang)));
    }
    text
}

/// A place for people: facts that ask for a re-check are marked.
pub(super) fn place(view: &PlaceView, lang: Lang) -> String {
    let fact = |name: &str| view.facts.get(name).and_then(|f| f.value.as_str()).unwrap_or("?");
    let mut text = format!("{} · {}\n{}", fact("address"), kind(fact("kind"), lang), view.id);
    for (field, fact) in &view.facts {
        let stale = if view.expired.contains(field) {
            say(lang, " ⟳ 待核实", " ⟳ check again")
        } else {
            ""
        };
        let value = words::value(&fact.value, lang);
        text.push_str(&format!("\n{field:<14} {value} · {}{stale}", words::day(fact.observed_at)));
    }
    for remark in &view.remarks {
        text.push_str(&format!("\n✎ {} {}", words::moment(remark.at), remark.text));
    }
    for visit in &view.visits {
        text.push_str(&format!("\n{}", visit_row(visit, lang)));
    }
    for row in view.findings.iter().filter(|row| row.open) {
        text.push_str(&format!("\n{}", finding(row, lang)));
    }
    if !view.conflicts.is_empty() {
        text.push_str(&format!("\n{}", conflicts(&view.conflicts, lang)));
    }
    text
}

fn kind(name: &str, lang: Lang) -> &str {
    name.parse::<PlaceKind>().map_or(name, |k| words::kind(k, lang))
}

/// A visit in a list.
pub(super) fn visit_row(row: &VisitRow, lang: Lang) -> String {
    let quick = if row.quick { say(lang, "（复访）", " (re-visit)") } else { "" };
    let status = match row.status.as_str() {
        "finished" => say(lang, "已完成", "finished"),
        "draft" => say(lang, "草稿", "draft"),
        other => other,
    };
    format!("{} {}{quick} · {status} · {}", words::moment(row.started_at), row.list, row.id)
}

/// A place in a list.
pub(super) fn place_row(row: &PlaceRow, lang: Lang) -> String {
    let far = row.metres.map_or_else(String::new, |m| format!(" · {m:.0} m"));
    let name = if row.name.is_empty() { String::new() } else { format!(" · {}", row.name) };
    format!("{}{name} · {}{far}\n  {}", row.address, kind(&row.kind, lang), row.id)
}

/// A place to go to.
pub(super) fn today(row: &TodayRow, lang: Lang) -> String {
    let why = match row.why {
        "open_finding" => say(lang, "隐患未消除", "open finding"),
        "overdue" => say(lang, "复访已过期", "re-visit overdue"),
        "due" => say(lang, "今日复访", "re-visit today"),
        "task" => say(lang, "任务", "task"),
        "first_visit" => say(lang, "未走访", "first visit"),
        other => other,
    };
    let grave =
        row.severity.map_or_else(String::new, |s| format!("{} · ", words::severity(s, lang)));
    let due = row.due.map_or_else(String::new, |at| format!(" · {}", until(at, lang)));
    format!("{grave}{why}{due}\n  {} · {}", row.address, row.place)
}

fn until(at: UtcMillis, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{} 前", words::moment(at)),
        Lang::En => format!("by {}", words::moment(at)),
    }
}

/// A finding in a list.
pub(super) fn finding(row: &FindingRow, lang: Lang) -> String {
    let state =
        if row.open { say(lang, "未消除", "open") } else { say(lang, "已消除", "cleared") };
    let due = row.due.map_or_else(String::new, |at| format!(" · {}", until(at, lang)));
    format!(
        "{} · {} · {state}{due}\n  {} · {} · {} · {}",
        words::severity(row.severity, lang),
        row.title.get(lang),
        words::route(row.route, lang),
        row.address,
        row.code,
        row.place,
    )
}

/// A photo in a list.
pub(super) fn photo(row: &PhotoRow, lang: Lang) -> String {
    let state = match row.state.as_str() {
        "waiting" => say(lang, "待上传", "waiting"),
        "sending" => say(lang, "上传中", "sending"),
        "sent" => say(lang, "已上传", "sent"),
        "failed" => say(lang, "失败", "failed"),
        other => other,
    };
    let why = row.reason.as_ref().map_or_else(String::new, |r| format!(" · {}", r.get(lang)));
    format!("{} · {} / {} B · {state}{why}", row.sha256, row.sent, row.bytes)
}

/// A notice to the person.
pub(super) fn notice(row: &NoticeRow, lang: Lang) -> String {
    let about = row.doc.map_or_else(String::new, |doc| format!(" · {doc}"));
    format!("{} · {}{about}", words::moment(row.at), row.words(lang))
}

/// How the phone stands, in words.
pub(super) fn status(status: &Status, lang: Lang) -> String {
    let rows = [
        ("场所", "places", status.places),
        ("走访", "visits", status.visits),
        ("草稿", "drafts", status.drafts),
        ("未消除隐患", "open findings", status.open_findings),
        ("冲突", "conflicts", status.conflicts),
        ("待上传修改", "changes to send", status.pending),
        ("被拒修改", "changes refused", status.refused),
        ("待复核修改", "changes waiting for review", status.waiting_for_review),
        ("逾期未传修改", "changes that will wait for review", status.will_wait),
        ("待上传照片", "photos to send", status.photos_waiting),
        ("上传失败照片", "of these failed", status.photos_failed),
        ("未读通知", "notices", status.notices),
    ];
    let mut text = format!("{} · {} · {}", status.person, status.role, status.install_id);
    for (zh, en, count) in rows {
        text.push_str(&format!("\n{count:>7}  {}", say(lang, zh, en)));
    }
    for part in &status.cursors {
        text.push_str(&format!("\n{} → {}", part.pid, part.seq));
    }
    let never = say(lang, "尚未同步", "never synced");
    let last = status.last_success.map_or_else(|| never.to_owned(), words::moment);
    text.push_str(&format!("\n{} {last}", say(lang, "上次同步", "last sync:")));
    if let (Some(until), Some(by)) = (status.offline_until, status.hand_in_by) {
        let (until, by) = (words::moment(until), words::moment(by));
        let works = say(lang, "可离线工作至", "works offline until:");
        let later = say(lang, "此后上传须审核", "sent later waits for review:");
        text.push_str(&format!("\n{works} {until}\n{later} {by}"));
    }
    if let Some(reason) = &status.photos_failure {
        text.push_str(&format!("\n{} {}", say(lang, "照片", "photos:"), reason.get(lang)));
    }
    if let Some(reason) = status.last_failure_in(lang) {
        text.push_str(&format!("\n{} {reason}", say(lang, "上次失败", "last failure:")));
    }
    text
}
