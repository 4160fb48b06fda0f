//! The shared words of a checklist file: severities, clocks, departments, taxonomy, sources.

use super::error::{Sink, say};
use super::raw::{At, RawContent, RawMinor, line};
use super::shape::{Category, Major, Notes, Reference, Words};
use crate::model::{ClockKind, Deadline, DepartmentCode, Severity, Text};

/// A severity in words.
#[derive(Clone, Debug)]
pub struct SeverityWords {
    /// Which.
    pub severity: Severity,
    /// Its name.
    pub name: Text,
    /// What it means.
    pub meaning: Text,
    /// The time limit where a finding states none.
    pub default_deadline: Option<Deadline>,
    /// What the limit means, if it is more than a date.
    pub deadline_meaning: Option<Text>,
    /// Posts to tell at once.
    pub notify: Vec<String>,
}

/// A clock in words.
#[derive(Clone, Debug)]
pub struct ClockWords {
    /// Which.
    pub clock: ClockKind,
    /// Its name.
    pub name: Text,
    /// What it counts.
    pub counts: Text,
}

/// Reads the shared words; double and undefined names go to the sink.
pub(super) fn words(raw: &RawContent, sink: &mut Sink) -> Words {
    let mut words = Words { notes: notes(raw), ..Words::default() };
    plain(raw, &mut words, sink);
    for department in &raw.departments {
        let d = &department.value;
        sink.item = Some(d.code.clone());
        match d.code.parse::<DepartmentCode>() {
            Ok(code) => {
                if words.departments.insert(code, say(&d.zh, &d.en)).is_some() {
                    sink.duplicate(line(department), ("部门", "department"), &d.code);
                }
            }
            Err(_) => sink.push(
                line(department),
                "department_code",
                say(
                    format!("部门编码“{}”不合规定", d.code),
                    format!("`{}` is not a department code", d.code),
                ),
                say("用2至16个大写字母、数字", "use 2 to 16 capital letters or digits"),
            ),
        }
    }
    for reference in &raw.refs {
        let r = &reference.value;
        sink.item = Some(r.id.clone());
        let entry = Reference { status: r.status, name: say(&r.zh, &r.en) };
        if words.refs.insert(r.id.clone(), entry).is_some() {
            sink.duplicate(line(reference), ("依据", "source"), &r.id);
        }
    }
    for major in &raw.taxonomy {
        let m = &major.value;
        sink.item = Some(m.code.clone());
        if words.majors.iter().any(|known| known.code == m.code) {
            sink.duplicate(line(major), ("大类", "major class"), &m.code);
        }
        let kind = m.gb30428_kind.clone();
        words.majors.push(Major {
            code: m.code.clone(),
            name: say(&m.zh, &m.en),
            gb30428_kind: kind,
        });
        for minor in &m.minors {
            category(&m.code, minor, &mut words, sink);
        }
    }
    sink.item = None;
    words
}

fn plain(raw: &RawContent, words: &mut Words, sink: &mut Sink) {
    for at in &raw.severities {
        let s = &at.value;
        if words.severities.iter().any(|known| known.severity == s.code) {
            sink.duplicate(line(at), ("等级", "severity"), &format!("{:?}", s.code));
        }
        words.severities.push(SeverityWords {
            severity: s.code,
            name: say(&s.zh, &s.en),
            meaning: s.meaning.clone(),
            default_deadline: s.default_deadline,
            deadline_meaning: s.deadline_meaning.clone(),
            notify: s.notify.clone(),
        });
    }
    for at in &raw.clocks {
        let c = &at.value;
        if words.clocks.iter().any(|known| known.clock == c.code) {
            sink.duplicate(line(at), ("时钟", "clock"), &c.en);
        }
        let entry = ClockWords { clock: c.code, name: say(&c.zh, &c.en), counts: c.counts.clone() };
        words.clocks.push(entry);
    }
    for at in &raw.routes {
        let r = &at.value;
        if words.routes.iter().any(|(known, _)| *known == r.code) {
            sink.duplicate(line(at), ("处理方式", "route"), &r.en);
        }
        words.routes.push((r.code, say(&r.zh, &r.en)));
    }
    for (what, found, wanted) in [
        (("等级", "severities"), words.severities.len(), 4),
        (("时钟", "clocks"), words.clocks.len(), 4),
        (("处理方式", "routes"), words.routes.len(), 3),
    ] {
        if found != wanted {
            sink.push(
                0,
                "words_missing",
                say(
                    format!("{}应有{wanted}个", what.0),
                    format!("there must be {wanted} {}", what.1),
                ),
                say("补齐或去掉多余的", "add the missing ones or drop the surplus"),
            );
        }
    }
    words.severities.sort_by_key(|s| s.severity);
}

fn notes(raw: &RawContent) -> Notes {
    let meta = &raw.meta;
    Notes {
        note: meta.note.clone(),
        disclaimer: meta.disclaimer.clone(),
        quick_mode: meta.quick_mode.clone(),
        restricted_categories: meta.restricted_categories.clone(),
        evidence_policy: meta.evidence_policy.clone(),
    }
}

fn category(major: &str, raw: &At<RawMinor>, words: &mut Words, sink: &mut Sink) {
    let minor = &raw.value;
    sink.item = Some(minor.code.clone());
    let lead = department(&minor.lead, words, sink);
    let co = minor.co.iter().filter_map(|d| department(d, words, sink)).collect();
    let Some(lead) = lead else { return };
    let entry = Category {
        code: minor.code.clone(),
        major: major.to_owned(),
        name: say(&minor.zh, &minor.en),
        lead,
        co,
        handle_limit: minor.handle_limit,
        close: minor.close.clone(),
        restricted: minor.restricted,
    };
    if words.categories.insert(minor.code.clone(), entry).is_some() {
        sink.duplicate(line(raw), ("分类", "category"), &minor.code);
    }
}

/// A department that is defined in the file.
pub(super) fn department(
    raw: &At<String>,
    words: &Words,
    sink: &mut Sink,
) -> Option<DepartmentCode> {
    let known = raw.value.parse().ok().filter(|code| words.departments.contains_key(code));
    if known.is_none() {
        sink.unknown(line(raw), "unknown_department", ("部门", "department"), &raw.value);
    }
    known
}
