//! What a notice says to a person, in plain words. Must not hold content of a record.

mod gather;

use super::settled::Settled;
use crate::model::{FactField, Lang, Role};

pub(super) use gather::open;
pub use gather::{NoticeRecord, NoticeRow};

impl NoticeRow {
    /// The notice in plain words, and what to do.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let (zh, en) = match self.code.as_str() {
            "refused" => (
                "有一次修改未被服务器接受；原内容另存在本机",
                "the server did not take a change; it is kept aside on this phone",
            ),
            "waiting_for_review" => (
                "有一次修改等待督导员审核，无需重做，可继续工作",
                "a change waits for the supervisor's review; nothing to do, work on",
            ),
            "review_accepted" => ("审核通过，修改已采用", "the review took your change"),
            "review_discarded" => (
                "审核未通过，修改未采用；原内容另存在本机，如有疑问请问督导员",
                "the review did not take your change; it is kept aside on this phone, ask your supervisor about it",
            ),
            "rebased" => (
                "未采用的修改之后所做的工作已保留，将自动重新提交",
                "what you did after a change that was not taken is kept and is sent again by itself",
            ),
            "rebased_in_part" => (
                "未采用的修改之后所做的工作，部分无法沿用，已另存在本机；请打开该记录核对，缺的请补记",
                "some of what you did after a change that was not taken no longer fits and is kept aside: open the record, check it and enter what is missing",
            ),
            "record_not_taken" => (
                "整条记录未被采用，不再提交；内容仍可在本机查看，如仍需要请新建一条",
                "the whole record was not taken and is not sent any more; you can still read it here, begin a new one if it is needed",
            ),
            Settled::CODE => return self.settled(lang) + &self.tally(lang, false),
            "post_changed" => return self.post_changed(lang),
            "checklists_unreadable" => (
                "单位发布了新的检查表，本应用版本读不了；请更新应用，此前仍用原检查表",
                "new checklists were published that this app cannot read: update it; until then the old ones serve",
            ),
            "rescue_imported" => ("救援文件已导入", "a rescue file was taken in"),
            "record_mended" => (
                "有一条记录已修复，读不出的修改已另存",
                "a record was mended; changes that cannot be read were set aside",
            ),
            "store_recovered" => (
                "数据文件曾损坏，能读出的内容已恢复",
                "the store was damaged; what could be read was saved",
            ),
            _ => ("有一条新通知，更新应用后可查看全文", "a notice: a newer app can show all of it"),
        };
        let one = if lang == Lang::Zh { zh } else { en };
        let several = self.of_several(lang);
        let counted = several.is_some();
        let said = several.unwrap_or_else(|| one.to_owned());
        let told = match self.reason(lang) {
            Some(why) if lang == Lang::Zh => format!("{said}：{why}"),
            Some(why) => format!("{said}: {why}"),
            None => said,
        };
        told + &self.tally(lang, counted)
    }

    /// What is said of more than one change.
    fn of_several(&self, lang: Lang) -> Option<String> {
        let n = self.count;
        let (zh, en) = match self.code.as_str() {
            _ if n < 2 => return None,
            "refused" => (
                format!("有 {n} 次修改未被服务器接受；原内容另存在本机"),
                format!("the server did not take {n} changes; they are kept aside on this phone"),
            ),
            "waiting_for_review" => (
                format!("有 {n} 次修改等待督导员审核，无需重做，可继续工作"),
                format!("{n} changes wait for the supervisor's review; nothing to do, work on"),
            ),
            "review_accepted" => (
                format!("审核通过，{n} 次修改已采用"),
                format!("the review took {n} of your changes"),
            ),
            "review_discarded" => (
                format!("审核未通过，{n} 次修改未采用；原内容另存在本机，如有疑问请问督导员"),
                format!(
                    "the review did not take {n} of your changes; they are kept aside on this phone, ask your supervisor about them"
                ),
            ),
            _ => return None,
        };
        Some(if lang == Lang::Zh { zh } else { en })
    }

    /// How often, where the words have not said it (`counted`), and about how many records.
    fn tally(&self, lang: Lang, counted: bool) -> String {
        let times = self.count > 1 && !counted;
        let (n, records) = (self.count, self.records.len());
        match (lang, times, records > 1) {
            (_, false, false) => String::new(),
            (Lang::Zh, true, false) => format!("（{n} 次）"),
            (Lang::Zh, true, true) => format!("（{n} 次，{records} 条记录）"),
            (Lang::Zh, false, true) => format!("（{records} 条记录）"),
            (Lang::En, true, false) => format!(" ({n} times)"),
            (Lang::En, true, true) => format!(" ({n} times, {records} records)"),
            (Lang::En, false, true) => format!(" ({records} records)"),
        }
    }

    /// The post the person holds now.
    fn post_changed(&self, lang: Lang) -> String {
        let title = self.text.parse::<Role>().map_or("", |role| role.title(lang));
        match lang {
            Lang::Zh => {
                format!("您的岗位已变更为{title}，今后按新岗位的权限工作；此前所做的照常上传")
            }
            Lang::En => format!(
                "you now hold another post: {title}. It says what you may do from now on; what you did before is sent as usual"
            ),
        }
    }

    /// What became of a field that two people had written: `ours|other PART FIELD`.
    fn settled(&self, lang: Lang) -> String {
        let mut parts = self.text.splitn(3, ' ');
        let (ours, part, name) =
            (parts.next() == Some("ours"), parts.next(), parts.next().unwrap_or_default());
        let fact = FactField::find(name).filter(|_| part == Some("facts"));
        match lang {
            Lang::Zh => {
                let field = fact.map_or(name, |fact| fact.label_zh);
                let whose = if ours { "采用了您写的" } else { "采用了别的写法" };
                format!("“{field}”两人写得不同，现已定下：{whose}")
            }
            Lang::En => {
                let field = fact.map_or(name, |fact| fact.label_en);
                let whose = if ours { "yours was taken" } else { "yours was not taken" };
                format!("two people wrote {field} differently, and it is decided: {whose}")
            }
        }
    }

    /// Why, where the server gave a reason that this version knows.
    fn reason(&self, lang: Lang) -> Option<&'static str> {
        let with_reason = ["waiting_for_review", "review_accepted", "review_discarded", "refused"];
        if !with_reason.contains(&self.code.as_str()) {
            return None;
        }
        let (zh, en) = match gather::reason(&self.code, &self.text) {
            "revoked" => ("本机已停用", "this phone was revoked"),
            "scope" => ("不在本人网格内", "it is outside of your grids"),
            "leans_on_quarantined" => {
                ("它以另一次待审核的修改为前提", "it builds on another change under review")
            }
            "revoked_late" | "lease_over" => {
                ("离线时间过长，超过了交回期限", "it was handed in too late after working offline")
            }
            "lease_not_yet" => ("手机的序号前后不符", "the phone's counter does not fit"),
            "role_ended" => ("岗位已变更", "your post has changed since"),
            "stolen" => ("本机已报失", "this phone was reported stolen"),
            "equivocation" => (
                "手机数据曾被复制，已自动换名重新提交",
                "the phone's data was copied; it is sent again under another name by itself",
            ),
            "personal" => ("含有疑似个人信息", "it seems to hold personal data"),
            "closed" => ("记录已办结", "the record is closed"),
            "discarded" => ("此前审核未通过", "the review did not take it earlier"),
            "deleted" => ("该记录已删除", "the record was deleted"),
            "rights" => ("本岗位无此权限", "your post may not do this"),
            "gone" => ("该记录已不存在", "the record is gone"),
            _ => return None,
        };
        Some(if lang == Lang::Zh { zh } else { en })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocId, UtcMillis};

    /// Said of so many records, twice of the first.
    fn row(code: &str, text: &str, records: u8) -> NoticeRow {
        let of = |n: u8| NoticeRecord { doc: DocId([n; 16]), count: i64::from(n == 0) + 1 };
        NoticeRow {
            id: 1,
            doc: None,
            change: None,
            code: code.to_owned(),
            text: text.to_owned(),
            at: UtcMillis(0),
            count: if records == 1 { 1 } else { i64::from(records) + 1 },
            records: (0..records).map(of).collect(),
        }
    }

    #[test]
    fn a_notice_of_several_changes_says_how_many_and_in_how_many_records() {
        let told = |code: &str, text: &str| {
            (row(code, text, 2).words(Lang::En), row(code, text, 2).words(Lang::Zh))
        };
        let waiting = told("waiting_for_review", "12 revoked");
        assert_eq!(
            waiting.0,
            "3 changes wait for the supervisor's review; nothing to do, work on: this phone was revoked (2 records)"
        );
        assert_eq!(
            waiting.1,
            "有 3 次修改等待督导员审核，无需重做，可继续工作：本机已停用（2 条记录）"
        );
        assert_eq!(
            told("review_accepted", "12 news").0,
            "the review took 3 of your changes (2 records)"
        );
        assert!(told("rebased", "1 0").0.ends_with("(3 times, 2 records)"));
        assert!(told("conflict_settled", "ours facts storeys").1.ends_with("（3 次，2 条记录）"));
    }

    #[test]
    fn a_notice_says_what_and_why() {
        let told = |code: &str, text: &str| {
            (row(code, text, 1).words(Lang::En), row(code, text, 1).words(Lang::Zh))
        };
        let waiting = told("waiting_for_review", "12 revoked");
        assert_eq!(
            waiting.0,
            "a change waits for the supervisor's review; nothing to do, work on: this phone was revoked"
        );
        assert_eq!(waiting.1, "有一次修改等待督导员审核，无需重做，可继续工作：本机已停用");
        assert_eq!(told("review_accepted", "12 news").0, "the review took your change");
        assert_eq!(
            told("refused", "gone").1,
            "有一次修改未被服务器接受；原内容另存在本机：该记录已不存在"
        );
        let ours = told("conflict_settled", "ours facts storeys");
        assert_eq!(
            ours.0,
            "two people wrote Storeys differently, and it is decided: yours was taken"
        );
        assert_eq!(ours.1, "“层数”两人写得不同，现已定下：采用了您写的");
        assert!(told("conflict_settled", "other answers HH-A3").1.contains("HH-A3"));
        assert_eq!(told("tomorrow", "{}").0, "a notice: a newer app can show all of it");
    }
}
