//! How the phone stands, in words: one line for each thing a person should know, what asks for an act first.

use super::Status;
use crate::model::{Lang, UtcMillis};
use crate::phone::{Phone, PhoneError};

const HOUR_MS: i64 = 3_600_000;

impl Phone {
    /// How the phone stands, line by line, what asks for an act first.
    ///
    /// # Errors
    /// [`PhoneError::Internal`] when the disk refuses.
    pub fn status_words(&self, lang: Lang) -> Result<Vec<String>, PhoneError> {
        let status = self.status()?;
        let now = self.with(|inner| Ok(inner.now()))?;
        Ok(words(&status, now, lang))
    }
}

fn words(status: &Status, now: UtcMillis, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |zh: String, en: String| lines.push(if lang == Lang::Zh { zh } else { en });
    if let Some(why) = status.last_failure_in(lang) {
        say(format!("上次同步未成功：{why}"), format!("the last sync failed: {why}"));
    }
    match status.pending {
        0 => say("所有记录已上传".to_owned(), "all records are sent".to_owned()),
        n => say(format!("{n} 次修改待上传"), format!("{} to send", counted(n, "change"))),
    }
    if let Some((zh, en)) = lease(status, now) {
        say(zh, en);
    }
    let counts = [
        (
            status.will_wait,
            "次修改已过交回期限，上传后须审核",
            "change",
            "too late: the review decides",
        ),
        (
            status.waiting_for_review,
            "次修改等待督导员审核",
            "change",
            "waiting for the supervisor's review",
        ),
        (
            status.refused,
            "次修改未被服务器接受，见通知",
            "change",
            "not taken by the server: see the notices",
        ),
        (
            status.conflicts,
            "处内容有不同写法，请选择一个",
            "field",
            "with more than one value: choose one",
        ),
        (status.photos_waiting, "张照片待上传", "photo", "to send"),
        (status.photos_failed, "张照片上传未成功，可重试", "photo", "not sent: try again"),
        (status.drafts, "次走访未完成", "visit", "not finished"),
        (status.notices, "条新通知", "new notice", ""),
    ];
    for (n, zh, thing, en) in counts.into_iter().filter(|(n, ..)| *n > 0) {
        say(format!("{n} {zh}"), format!("{} {en}", counted(n, thing)).trim_end().to_owned());
    }
    lines
}

/// How long the phone may work offline. A time that is told in hours needs no time zone.
fn lease(status: &Status, now: UtcMillis) -> Option<(String, String)> {
    let left = status.offline_until?.0 - now.0;
    Some(match left / HOUR_MS {
        _ if left < 0 => (
            "离线期限已过，请尽快同步".to_owned(),
            "the time to work offline is over: sync soon".to_owned(),
        ),
        0 => {
            ("还可离线工作不到 1 小时".to_owned(), "works offline for less than an hour".to_owned())
        }
        n => {
            (format!("还可离线工作 {n} 小时"), format!("works offline for {}", counted(n, "hour")))
        }
    })
}

fn counted(n: i64, thing: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InstallId, Role};

    fn status() -> Status {
        Status {
            install_id: InstallId([0; 16]),
            person: "li".parse().expect("a sample"),
            role: Role::Inspector,
            encrypted: true,
            copied: false,
            schema: 1,
            content: "2026.1".to_owned(),
            places: 3,
            visits: 2,
            drafts: 0,
            open_findings: 0,
            open_tasks: 0,
            conflicts: 0,
            pending: 0,
            refused: 0,
            waiting_for_review: 0,
            offline_until: None,
            hand_in_by: None,
            will_wait: 0,
            set_aside: 0,
            photos_waiting: 0,
            photos_sending: 0,
            photos_failed: 0,
            photos_failure: None,
            notices: 0,
            cursors: Vec::new(),
            last_success: None,
            last_failure: None,
        }
    }

    #[test]
    fn what_asks_for_an_act_comes_first_and_nothing_is_said_of_what_is_not() {
        let now = UtcMillis(10 * HOUR_MS);
        assert_eq!(words(&status(), now, Lang::En), ["all records are sent"]);
        let busy = Status {
            pending: 1,
            notices: 2,
            drafts: 1,
            photos_waiting: 3,
            offline_until: Some(UtcMillis(12 * HOUR_MS + 5)),
            last_failure: Some("没有网络 / no network".to_owned()),
            ..status()
        };
        assert_eq!(
            words(&busy, now, Lang::En),
            [
                "the last sync failed: no network",
                "1 change to send",
                "works offline for 2 hours",
                "3 photos to send",
                "1 visit not finished",
                "2 new notices",
            ]
        );
        assert_eq!(words(&busy, now, Lang::Zh)[1], "1 次修改待上传");
        let late = Status { offline_until: Some(UtcMillis(0)), will_wait: 4, ..status() };
        assert_eq!(words(&late, now, Lang::Zh)[1], "离线期限已过，请尽快同步");
        assert_eq!(words(&late, now, Lang::En)[2], "4 changes too late: the review decides");
    }
}
