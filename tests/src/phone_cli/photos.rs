//! `photo …`, and the part of `sync` that sends photos once the data is through.

use std::io::Write as _;
use std::path::Path;

use ironfeet_core::model::{HashText, Lang};
use ironfeet_core::phone::sync::{Progress, SyncError, Watch};
use ironfeet_core::phone::transport::Http;
use ironfeet_core::phone::{Phone, PhotoBudget, PhotoProgress, PhotoReport, PhotoRow};
use serde_json::{Value, json};

use super::args::Photo;
use super::outcome::{Answer, Failure, say};
use super::{Desk, show};

/// Shows how far photos are, and lets them wait as soon as somebody saved something to send.
struct DataFirst<'a> {
    phone: &'a Phone,
    pending: i64,
    show: Option<fn(&str)>,
}

impl Watch for DataFirst<'_> {
    fn progress(&self, _: Progress) {}

    fn photos(&self, p: PhotoProgress) {
        if let Some(show) = self.show {
            show(&format!(
                "\r{} / {} · {} / {} B ",
                p.files_done, p.files_total, p.bytes_done, p.bytes_total
            ));
        }
    }

    fn stopped(&self) -> bool {
        pending(self.phone) > self.pending
    }
}

fn pending(phone: &Phone) -> i64 {
    phone.status().map_or(0, |status| status.pending)
}

/// What became of the photos after a sync, as data.
pub(super) struct PhotosSent {
    pub(super) json: Value,
    pub(super) text: String,
    /// Something more could be sent at once.
    pub(super) unfinished: bool,
}

impl Desk<'_> {
    pub(super) fn photo(&self, command: &Photo) -> Result<Answer, Failure> {
        let phone = self.open()?;
        match command {
            Photo::Add { visit, file, finding } => {
                let added = phone.photo_add_file(*visit, file, finding.clone());
                Ok(self.saved(json!(added.map_err(|e| self.failure(&e))?)))
            }
            Photo::Reason { visit, finding, text } => {
                let change =
                    phone.photo_reason(*visit, finding, text).map_err(|e| self.failure(&e))?;
                Ok(self.saved(json!({"change": change})))
            }
            Photo::List => self.photo_rows(phone.photo_list()),
            Photo::Retry => self.photo_rows(phone.photo_retry()),
            Photo::Get { sha256, file, thumb } => self.photo_get(&phone, *sha256, file, *thumb),
        }
    }

    fn photo_rows(
        &self,
        rows: Result<Vec<PhotoRow>, ironfeet_core::phone::PhoneError>,
    ) -> Result<Answer, Failure> {
        let rows = rows.map_err(|e| self.failure(&e))?;
        let text: Vec<String> = rows.iter().map(|r| show::photo(r, self.lang)).collect();
        Ok(self.list(json!(rows), &text))
    }

    fn photo_get(
        &self,
        phone: &Phone,
        sha256: HashText,
        file: &Path,
        thumb: bool,
    ) -> Result<Answer, Failure> {
        let transport = self.transport(phone)?;
        let got = self.wait_for(phone.photo_get(&transport, sha256, thumb))?;
        let bytes = got.map_err(|e| self.unsynced(&e))?;
        let written = std::fs::File::create_new(file).and_then(|mut new| {
            new.write_all(&bytes)?;
            new.sync_all()
        });
        written.map_err(|e| Failure::Failed(e.to_string()))?;
        let text = format!("{} B → {}", bytes.len(), file.display());
        Ok(Answer::new(json!({"sha256": sha256, "bytes": bytes.len(), "thumb": thumb}), text))
    }

    /// Sends photos; a failure is told and fails nothing, the data is through.
    pub(super) async fn send_photos(&self, phone: &Phone, transport: &Http) -> PhotosSent {
        let show = self.world.terminal.then_some(self.world.progress);
        let watch = DataFirst { phone, pending: pending(phone), show };
        match phone.photo_send(transport, PhotoBudget::default(), &watch).await {
            Ok(report) => {
                let text = self.photos_text(&report);
                PhotosSent { json: json!(report), text, unfinished: report.unfinished }
            }
            Err(error) => self.photos_failed(&error),
        }
    }

    fn photos_failed(&self, error: &SyncError) -> PhotosSent {
        let why = error.words(self.lang);
        let text = format!("{}: {why}", say(self.lang, "照片", "photos"));
        let told = json!({"zh": error.words(Lang::Zh), "en": error.words(Lang::En)});
        PhotosSent { json: json!({"failure": told}), text, unfinished: false }
    }

    fn photos_text(&self, report: &PhotoReport) -> String {
        if report.sent + report.failed + report.waiting == 0 {
            return String::new();
        }
        let (sent, failed, waiting) = (report.sent, report.failed, report.waiting);
        match self.lang {
            Lang::Zh => format!("照片：上传 {sent} 张，失败 {failed} 张，待传 {waiting} 张"),
            Lang::En => format!("photos: {sent} sent, {failed} failed, {waiting} waiting"),
        }
    }
}
