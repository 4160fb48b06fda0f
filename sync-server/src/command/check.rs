//! `verify`, `audit`, `rebuild-projections`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{CommandError, Ground, Report};
use crate::audit::Found;
use crate::{audit, projection, store, verify, words};

/// What to do with the trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check that no row was changed or taken out.
    Verify,
    /// Every row.
    Export,
}

pub(super) fn verify(ground: &Ground) -> Result<Report, CommandError> {
    let app = ground.app()?;
    let witness = app.audit_witness();
    let mut found = verify::verify_with(&*app.store, &app.identity, Some(&witness))?;
    let (wrong, photos) = crate::photo::missing(&*app.store, &app.photos)?;
    found.photos = photos;
    found.problems.extend(wrong);
    found.ok = found.problems.is_empty();
    let mut text = format!(
        "documents {} changes {} partitions {} entries {} audit {} photos {}",
        found.documents, found.changes, found.partitions, found.entries, found.audit, found.photos
    );
    for problem in &found.problems {
        text.push('\n');
        text.push_str(problem);
    }
    let exit = if found.ok { 0 } else { 4 };
    let json = serde_json::to_value(&found).unwrap_or(Value::Null);
    Ok(Report { json, text, exit })
}

pub(super) fn audit(ground: &Ground, act: &AuditCommand) -> Result<Report, CommandError> {
    let store = ground.store()?;
    match act {
        AuditCommand::Verify => {
            let witness = ground.config.data.join(audit::witness::FILE);
            Ok(verified(ground, audit::verify(&*store, Some(&witness))?))
        }
        AuditCommand::Export => {
            let (mut rows, mut lines) = (Vec::new(), Vec::new());
            audit::walk(&*store, &mut |row| {
                rows.push(audit::json(row));
                let at = words::time(row.at);
                lines.push(format!(
                    "{}\t{at}\t{}\t{}\t{}\t{}",
                    row.n,
                    row.actor,
                    row.action,
                    row.object,
                    outcome(ground, row.success)
                ));
            })?;
            let now = ground.clock.now();
            let what = format!("rows 0..{}", rows.len());
            store::transact(&*store, |s| audit::note(s, now, "admin", "audit.export", &what))?;
            let json = json!({ "ok": true, "rows": rows });
            Ok(Report::done(json, lines.join("\n")))
        }
    }
}

fn outcome(ground: &Ground, success: bool) -> &'static str {
    if success { ground.say("成功", "done") } else { ground.say("被拒", "refused") }
}

fn verified(ground: &Ground, found: Found) -> Report {
    match found {
        Found::Whole { rows } => {
            Report::done(json!({ "ok": true, "rows": rows }), rows.to_string())
        }
        Found::Changed { row } => {
            let text = format!("{} {row}", ground.say("不符的行", "first row that does not fit:"));
            Report { json: json!({ "ok": false, "row": row }), text, exit: 4 }
        }
        Found::Cut { rows, seen } => {
            let text = ground.say("末尾的行被删，现有/见证", "rows cut off the end, there/seen:");
            let text = format!("{text} {rows}/{seen}");
            Report { json: json!({ "ok": false, "rows": rows, "seen": seen }), text, exit: 4 }
        }
    }
}

pub(super) fn rebuild(ground: &Ground) -> Result<Report, CommandError> {
    let store = ground.store()?;
    let documents = projection::rebuild(&*store, &mut |done| (ground.progress)(done))?;
    Ok(Report::done(json!({ "ok": true, "documents": documents }), documents.to_string()))
}
