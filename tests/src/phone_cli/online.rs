//! `enrol` and `sync`: the only commands that need a network. All else works without.

use std::future::Future;
use std::time::Duration;

use ironfeet_core::model::{GridCode, Lang};
use ironfeet_core::phone::sync::{Progress, SyncError, SyncReport, Watch};
use ironfeet_core::phone::transport::{Http, TransportError};
use ironfeet_core::phone::{EnrolWith, Phone, PhoneError};
use serde_json::json;

use super::args::Enrol;
use super::outcome::{Answer, Failure, say};
use super::{Desk, Lines};

/// How the server sees this program.
const APP: &str = concat!("ironfeet-phone/", env!("CARGO_PKG_VERSION"));
/// Longest pause between two tries of `sync --watch`.
const PAUSE_S_MAX: u64 = 60;
/// How often `sync --watch` looks whether another window saved something.
const LOOK: Duration = Duration::from_millis(500);

/// Shows progress to a person and to nobody else.
struct Screen {
    show: Option<fn(&str)>,
}

impl Watch for Screen {
    fn progress(&self, p: Progress) {
        if let Some(show) = self.show {
            show(&format!(
                "\r{} / {} · {} / {} B ",
                p.documents_done, p.documents_total, p.bytes_done, p.bytes_total
            ));
        }
    }

    fn stopped(&self) -> bool {
        false
    }
}

/// How a watch goes on.
enum Next {
    Again,
    Stop,
}

/// What a watch waits for between two syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// The server's nudge.
    Nudge,
    /// A pause of so many seconds after failures; work saved here ends it.
    Pause(u64),
    /// The server asked to wait so many seconds; nothing but the person ends it.
    Asked(u64),
}

impl Rest {
    /// After a failure: as the server asked, or twice as long as the last time.
    fn after(self, error: &SyncError) -> Self {
        match (error.retry_after_s(), self) {
            (Some(seconds), _) => Self::Asked(seconds),
            (None, Self::Pause(seconds)) => Self::Pause((seconds * 2).min(PAUSE_S_MAX)),
            (None, _) => Self::Pause(2),
        }
    }

    fn seconds(self) -> u64 {
        match self {
            Self::Nudge => 0,
            Self::Pause(seconds) | Self::Asked(seconds) => seconds,
        }
    }
}

impl Desk<'_> {
    pub(super) fn enrol(&self, enrol: &Enrol) -> Result<Answer, Failure> {
        let ca = enrol.ca.as_ref().map(|file| self.read_text(file)).transpose()?;
        let transport = Http::new(&enrol.url, ca.as_deref().map(str::as_bytes))
            .map_err(|e| self.unsynced(&e.into()))?;
        let with = EnrolWith { url: &enrol.url, code: &enrol.code, ca: ca.as_deref(), app: APP };
        let enrolled = self.wait_for(async {
            match Phone::open(self.options()?) {
                Ok(phone) => phone.enrol(&transport, with).await.map_err(|e| self.unsynced(&e)),
                Err(PhoneError::NotFound { what: "store" }) => {
                    let new = Phone::enrol_new(self.options()?, &transport, with).await;
                    new.map(|(_, enrolled)| enrolled).map_err(|e| self.unsynced(&e))
                }
                Err(error) => Err(self.failure(&error)),
            }
        })??;
        let grids: Vec<&str> = enrolled.grids.iter().map(GridCode::as_str).collect();
        let text = format!("{} · {}", say(self.lang, "已注册", "enrolled"), grids.join(" "));
        Ok(Answer::new(json!({"device_id": enrolled.device_id, "grids": grids}), text))
    }

    pub(super) fn sync(
        &self,
        watch: bool,
        photos: bool,
        lines: &mut Lines<'_>,
    ) -> Result<Answer, Failure> {
        let phone = self.open()?;
        let transport = self.transport(&phone)?;
        self.wait_for(async {
            if watch {
                return self.keep_syncing(&phone, (&transport, photos), lines).await;
            }
            let (told, _) =
                self.round(&phone, (&transport, photos)).await.map_err(|e| self.unsynced(&e))?;
            Ok(told)
        })?
    }

    /// The way to the server this phone is enrolled with.
    pub(super) fn transport(&self, phone: &Phone) -> Result<Http, Failure> {
        let enrolment = phone.enrolment().map_err(|e| self.failure(&e))?;
        let enrolment = enrolment.ok_or_else(|| self.unsynced(&SyncError::NotEnrolled))?;
        Http::new(&enrolment.url, enrolment.ca.as_deref().map(str::as_bytes))
            .map_err(|e| self.unsynced(&e.into()))
    }

    /// One sync, and the photos once the data is through. Says too whether something is left to do at once.
    async fn round(
        &self,
        phone: &Phone,
        (transport, photos): (&Http, bool),
    ) -> Result<(Answer, bool), SyncError> {
        let report = phone.sync(transport, APP, &self.screen()).await?;
        let (mut json, mut text) = (json!(report), self.report(&report));
        let mut left = report.unfinished;
        if photos && !left {
            let sent = self.send_photos(phone, transport).await;
            json["photos"] = sent.json;
            if !sent.text.is_empty() {
                text = format!("{text}\n{}", sent.text);
            }
            left = sent.unfinished;
        }
        Ok((Answer::new(json, text), left))
    }

    /// Syncs, waits for a nudge, syncs again, until the person stops it. One line per sync.
    async fn keep_syncing(
        &self,
        phone: &Phone,
        way: (&Http, bool),
        lines: &mut Lines<'_>,
    ) -> Result<Answer, Failure> {
        let mut rest = Rest::Nudge;
        loop {
            match self.round(phone, way).await {
                Ok((answer, left)) => {
                    rest = Rest::Nudge;
                    let json = answer.json.filter(|_| self.json);
                    let line = json.map_or(answer.text, |json| json.to_string());
                    let told = writeln!(lines.out, "{line}").and_then(|()| lines.out.flush());
                    told.map_err(|e| Failure::Failed(e.to_string()))?;
                    if left {
                        continue;
                    }
                }
                Err(
                    error
                    @ (SyncError::Transport(_) | SyncError::Distrust(_) | SyncError::Frame(_)),
                ) => {
                    if matches!(error, SyncError::Transport(TransportError::Refused { .. })) {
                        return Err(self.unsynced(&error));
                    }
                    let _ = writeln!(lines.err, "{}", error.words(self.lang));
                    rest = rest.after(&error);
                }
                Err(error) => return Err(self.unsynced(&error)),
            }
            if let Next::Stop = until_nudged(phone, way.0, &mut rest).await {
                return Ok(Answer { json: None, text: String::new() });
            }
        }
    }

    fn screen(&self) -> Screen {
        Screen { show: self.world.terminal.then_some(self.world.progress) }
    }

    fn report(&self, report: &SyncReport) -> String {
        let (up, down) = (report.pushed, report.pulled);
        let mut text = match self.lang {
            Lang::Zh => format!("上传 {up} 次修改，收到 {down} 条，用时 {} 毫秒", report.ms),
            Lang::En => format!("sent {up} changes, received {down} entries, {} ms", report.ms),
        };
        for (count, zh, en) in [
            (report.refused, "次修改被拒（见 notices）", "changes refused (see notices)"),
            (report.quarantined, "次修改等待复核", "changes wait for review"),
        ] {
            if count > 0 {
                text = format!("{text}\n{count} {}", say(self.lang, zh, en));
            }
        }
        text
    }

    /// Why a server did not let this phone in, where it is about the code or the phone.
    fn not_let_in(&self, code: &str) -> Option<&'static str> {
        Some(match code {
            "enrol_code" => say(
                self.lang,
                "注册码不对、已用过或已过期，请索取新的注册码",
                "the code is wrong, used or expired: ask for a new one",
            ),
            "already_enrolled" => say(
                self.lang,
                "本机已注册过，无需再次注册",
                "this phone is enrolled already, nothing to do",
            ),
            _ => return None,
        })
    }

    /// How a sync ends that did not come to its end. What came before is on disk.
    pub(super) fn unsynced(&self, error: &SyncError) -> Failure {
        let text = error.words(self.lang);
        let refused = |code: &str| Failure::Refused { code: code.to_owned(), text: text.clone() };
        match error {
            SyncError::NotEnrolled => refused("not_enrolled"),
            SyncError::OtherPerson => refused("other_person"),
            SyncError::Transport(TransportError::Refused { code, .. }) if !code.is_empty() => {
                let text = self.not_let_in(code).map_or(text, str::to_owned);
                Failure::Refused { code: code.clone(), text }
            }
            SyncError::Phone(error) => self.failure(error),
            _ => Failure::Failed(text),
        }
    }

    pub(super) fn wait_for<T>(&self, future: impl Future<Output = T>) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failure::Failed(e.to_string()))?;
        Ok(runtime.block_on(future))
    }
}

/// Until the server has something new, somebody saved something here, a pause after a failure is
/// over, or the person stops. Where the server asked to wait, only the person cuts that short.
async fn until_nudged(phone: &Phone, transport: &Http, rest: &mut Rest) -> Next {
    if *rest == Rest::Nudge {
        let nudged = tokio::select! {
            _ = tokio::signal::ctrl_c() => return Next::Stop,
            nudged = phone.wait(transport) => nudged,
            () = work_of_others(phone) => return Next::Again,
        };
        // A server that cannot be waited for is tried again after a pause.
        let Err(error) = nudged else { return Next::Again };
        *rest = rest.after(&error);
    }
    let asked = matches!(rest, Rest::Asked(_));
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Next::Stop,
        () = pause(Duration::from_secs(rest.seconds())) => Next::Again,
        () = work_of_others(phone), if !asked => Next::Again,
    }
}

/// Until another window on this store has saved something to send.
async fn work_of_others(phone: &Phone) {
    let pending = || phone.status().map_or(0, |status| status.pending);
    let left = pending();
    while pending() <= left {
        pause(LOOK).await;
    }
}

async fn pause(time: Duration) {
    let _over = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_waits_as_long_as_the_server_asks_and_no_less() {
        let busy = |after_s| SyncError::Transport(TransportError::Busy { after_s });
        let offline = SyncError::Transport(TransportError::Offline);
        let mut rest = Rest::Nudge;
        let mut waits = Vec::new();
        for error in [&offline, &offline, &busy(13), &busy(300), &offline, &offline] {
            rest = rest.after(error);
            waits.push(rest);
        }
        let expected = [
            Rest::Pause(2),
            Rest::Pause(4),
            Rest::Asked(13),
            Rest::Asked(300),
            Rest::Pause(2),
            Rest::Pause(4),
        ];
        assert_eq!(waits, expected);
        for _ in 0..10 {
            rest = rest.after(&offline);
        }
        assert_eq!(rest.seconds(), PAUSE_S_MAX);
        let told = busy(13).words(Lang::En);
        assert!(told.contains("13 s"), "{told}");
    }
}
