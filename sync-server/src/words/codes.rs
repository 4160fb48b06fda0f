//! Codes of records, states and reasons in words.

use ironfeet_core::checklist::Content;
use ironfeet_core::model::{Lang, Pid};

use super::pick;

/// A kind of place.
#[must_use]
pub fn kind(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "dwelling" => ("住宅", "dwelling"),
        "small_premises" => ("小型经营场所", "small premises"),
        "rental" => ("出租房", "rental"),
        "workshop" => ("作坊", "workshop"),
        "construction_site" => ("工地", "construction site"),
        "public_facility" => ("公共设施", "public facility"),
        "shared_area" => ("公共区域", "shared area"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// A kind of record.
#[must_use]
pub fn record(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "place" => ("场所", "place"),
        "visit" => ("走访", "visit"),
        "task" => ("任务", "task"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// Where a visit, task or phone stands.
#[must_use]
pub fn status(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "draft" => ("填写中", "draft"),
        "finished" => ("已完成", "finished"),
        "open" => ("未结", "open"),
        "done" => ("已办结", "done"),
        "dropped" => ("已取消", "dropped"),
        "active" => ("可信", "trusted"),
        "revoked" => ("已注销", "revoked"),
        "stolen" => ("被盗", "stolen"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// What a check on site showed.
#[must_use]
pub fn outcome(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "pass" => ("已消除", "removed"),
        "fail" => ("仍存在", "still there"),
        "cannot_check" => ("无法核查", "could not be checked"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// What happens with a finding.
#[must_use]
pub fn route(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "case" => ("立案派遣", "file a case"),
        "advice" => ("当场提示", "advice on the spot"),
        "self_fixed" => ("当场整改", "fixed on the spot"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// How grave: the word beside the code.
#[must_use]
pub fn severity(code: &str, lang: Lang) -> &'static str {
    let (zh, en) = match code {
        "S1" => ("紧急", "imminent"),
        "S2" => ("较重", "serious"),
        "S3" => ("一般", "ordinary"),
        _ => ("提示", "advice"),
    };
    pick(lang, zh, en)
}

/// Why a change waits for a person, in a sentence.
#[must_use]
pub fn reason(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "revoked" => ("手机已注销，这是注销前未交的内容", "from a phone that was revoked"),
        "revoked_late" => {
            ("手机已注销，且超过了交回期限", "from a phone that was revoked, and late")
        }
        "lease_over" => {
            ("离线时间过长，超过了交回期限", "handed in too late after working offline")
        }
        "lease_not_yet" => ("手机的序号前后不符", "the phone's counter does not fit its lease"),
        "role_ended" => ("按作者从前的岗位所写", "written under a post the author had before"),
        "stolen" => ("手机已报被盗", "from a phone reported stolen"),
        "deleted" => ("记录已删除，这是迟到的修改", "a late edit of a record that was deleted"),
        "scope" => ("不在该岗位的网格内", "outside the grids of the post"),
        "rights" => ("该岗位无权修改这一项", "the post may not change this"),
        "equivocation" => (
            "同一手机的两个副本各写了一版；手机会自动重新提交",
            "two copies of one phone wrote differently; the phone sends it again by itself",
        ),
        "leans_on_quarantined" => ("依赖另一条待审的修改", "leans on another change that waits"),
        "unfit" => ("与记录现状不再相符", "does not fit the record as it stands now"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// What to look at before deciding about a change that waits.
#[must_use]
pub fn advice(code: &str, lang: Lang) -> &'static str {
    let (zh, en) = match code {
        "revoked" | "revoked_late" => (
            "多是交接前做完的工作：内容对就接受。",
            "Mostly work finished before the phone was handed over: accept what is right.",
        ),
        "stolen" => (
            "逐条看；报失之后写的不要接受。",
            "Look at each; accept nothing written after the theft.",
        ),
        "deleted" => (
            "有人在没有网络时还在写：接受则记录回到手机。",
            "Somebody went on without a network: accepting brings the record back.",
        ),
        "scope" => (
            "跨网格代班，或网格未更新：确认是派去的就接受。",
            "Standing in for a colleague, or grids out of date: accept if it was asked for.",
        ),
        "rights" | "role_ended" => (
            "该岗位不能这样写：请有权的岗位确认后接受。",
            "This post may not write it: accept once the post that may has confirmed.",
        ),
        "lease_over" | "lease_not_yet" => {
            ("离线太久：看内容是否仍然有效。", "Offline for long: see whether it still holds.")
        }
        "equivocation" => (
            "同一手机有两份：先请本人核对，再接受一份。",
            "Two copies of one phone: ask the worker which is right, then accept one.",
        ),
        "leans_on_quarantined" => {
            ("先处理它依赖的那一条。", "Decide the change it leans on first.")
        }
        _ => ("逐条看。", "Look at each."),
    };
    pick(lang, zh, en)
}

/// An act of the trail.
#[must_use]
pub fn action(code: &str, lang: Lang) -> &str {
    let (zh, en) = match code {
        "conflict.settle" => ("冲突：采用一个值", "conflict: took a value"),
        "conflict.own" => ("冲突：另写一个值", "conflict: wrote another value"),
        "conflict.both" => ("冲突：两个都留作备注", "conflict: kept both as a remark"),
        "conflict.undo" => ("冲突：撤销处理", "conflict: took the decision back"),
        "quarantine.accept" => ("待审：接受", "review: accepted"),
        "quarantine.discard" => ("待审：不接受", "review: discarded"),
        "quarantine.follow" => ("待审：随前一条采用", "review: taken with what it leaned on"),
        "work.flagged" => ("修改：在宽限期内接受", "work: taken by days of grace"),
        "twin.different" => ("重复：不是同一个", "doubles: not the same"),
        "twin.same" => ("重复：合并", "doubles: merged"),
        "twin.undo" => ("重复：撤销", "doubles: taken back"),
        "clock.noted" => ("手机：时钟不准，已告知", "phone: told of its clock"),
        "import.places" => ("导入：场所", "import: places"),
        "import.visits" => ("导入：此前的走访", "import: earlier visits"),
        "import.borders" => ("导入：网格边界", "import: outlines of grids"),
        "device.enrol" => ("手机：注册", "phone: enrolled"),
        "device.revoke" => ("手机：注销", "phone: revoked"),
        "device.stolen" => ("手机：报被盗", "phone: reported stolen"),
        "enrol.code" => ("手机：生成注册码", "phone: enrolment code made"),
        "person.add" => ("账号：新增", "account: added"),
        "place.move" => ("场所：移至另一网格", "place: moved to another grid"),
        "place.share" => ("场所：给部门看", "place: shown to a department"),
        "place.unshare" => ("场所：不再给部门看", "place: no longer shown to a department"),
        "epoch.bump" => ("服务器：新纪元", "server: new epoch"),
        "record.archive" => ("记录：归档", "record: archived"),
        "console.login" => ("控制台：登录", "console: signed in"),
        "checklist.publish" => ("检查表：发布", "checklists: published"),
        "console.login.half" => ("控制台：登录，待设置", "console: signed in, to be set up"),
        "console.password" => ("控制台：改口令", "console: password changed"),
        "console.factor" => ("控制台：设两步验证", "console: second factor set up"),
        "console.logout" => ("控制台：退出", "console: signed out"),
        "console.lock" => ("控制台：账号锁定", "console: account locked"),
        "console.code" => ("控制台：生成登录码", "console: sign-in code made"),
        "login.reset" => ("账号：重置口令", "account: password reset"),
        "person.retire" => ("账号：停用", "account: retired"),
        "device.renew" => ("手机：换钥", "phone: new key"),
        "device.grids" => ("手机：网格变更", "phone: grids changed"),
        "audit.export" => ("审计：导出", "audit: exported"),
        "trail.behind" => ("审计：库被恢复到更早", "audit: database put back"),
        "backup" => ("备份", "backup"),
        "restore" => ("恢复", "restore"),
        "export" => ("导出", "export"),
        other => (other, other),
    };
    pick(lang, zh, en)
}

/// A partition as people name it: the grid's code in parts.
#[must_use]
pub fn grid(pid: &Pid) -> String {
    match pid {
        Pid::Grid(code) => code.to_string(),
        Pid::Inbox(department, area) => format!("{department} @ {area}"),
    }
}

/// A checklist's title.
#[must_use]
pub fn list(content: &Content, list: &str, lang: Lang) -> String {
    content.list(list).map_or_else(|| list.to_owned(), |list| list.title.get(lang).to_owned())
}
