//! Words of the domain in both languages, for pages and the terminal.

use ironfeet_core::model::{FactField, Lang, Role, UtcMillis};

/// A post.
#[must_use]
pub fn post(role: Role, lang: Lang) -> &'static str {
    let (zh, en) = match role {
        Role::Inspector => ("网格员", "grid worker"),
        Role::CommunityPolice => ("社区民警", "community police officer"),
        Role::Acceptor => ("受理员", "acceptor"),
        Role::Dispatcher => ("派遣员", "dispatcher"),
        Role::Handler => ("处置人员", "department handler"),
        Role::Checker => ("核查员", "checker"),
        Role::Supervisor => ("督导员", "supervisor"),
        Role::Evaluator => ("考核员", "evaluator"),
        Role::Auditor => ("审计员", "auditor"),
        Role::PrivacyOfficer => ("个人信息保护负责人", "privacy officer"),
        Role::SystemAdministrator => ("系统管理员", "system administrator"),
        Role::Server => ("服务器", "server"),
    };
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// A field of a record: a fact with its purpose, or a checklist item by its code.
#[must_use]
pub fn field(name: &str, lang: Lang) -> String {
    match FactField::find(name) {
        Some(field) => {
            let purpose = match lang {
                Lang::Zh => field.purpose_zh,
                Lang::En => field.purpose_en,
            };
            format!("{name} · {purpose}")
        }
        None => name.to_owned(),
    }
}

/// A point in time as `2026-11-23 08:15 UTC`.
#[must_use]
pub fn time(at: UtcMillis) -> String {
    let (days, ms) = (at.0.div_euclid(86_400_000), at.0.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Days since 1970-01-01 as a civil date (Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told() {
        for (ms, told) in [
            (0, "1970-01-01 00:00 UTC"),
            (1_795_422_896_000, "2026-11-23 08:34 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
        ] {
            assert_eq!(time(UtcMillis(ms)), told);
        }
    }
}
