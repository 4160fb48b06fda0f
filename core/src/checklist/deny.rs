//! Words that would make a question ask about a person instead of a place (domain page 4.6).
//!
//! Content with such wording is refused; importers use the same list for column names. A clause that
//! forbids ("不写…", "no …") may name what it forbids.

/// Chinese words.
const ZH: &[&str] = &[
    "身份证",
    "证件号",
    "出生日期",
    "出生年月",
    "生日",
    "民族",
    "宗教",
    "信仰",
    "政治面貌",
    "党员",
    "户籍类型",
    "户口性质",
    "婚姻",
    "婚否",
    "健康状况",
    "健康",
    "疾病",
    "病史",
    "病情",
    "残疾",
    "重点人员",
    "重点人口",
    "特殊人群",
    "信访",
    "上访",
    "前科",
    "刑满",
    "社区矫正",
    "吸毒",
    "涉毒",
    "精神障碍",
    "精神病",
    "人脸",
    "指纹",
    "虹膜",
    "车牌",
    "微信号",
    "微信",
    "QQ号",
    "手机号",
    "收入",
    "姓名",
];

/// English words, compared without regard to case and at word borders.
const EN: &[&str] = &[
    "id number",
    "id card",
    "identity number",
    "identity card",
    "passport",
    "date of birth",
    "birth date",
    "birthday",
    "ethnicity",
    "ethnic",
    "nationality",
    "religion",
    "religious",
    "belief",
    "political",
    "party member",
    "household registration",
    "hukou",
    "marital",
    "marriage",
    "health",
    "disease",
    "illness",
    "diagnosis",
    "disability",
    "disabled",
    "key person",
    "key people",
    "key personnel",
    "special group",
    "special groups",
    "petition",
    "petitioner",
    "criminal record",
    "convict",
    "drug use",
    "drug user",
    "mental disorder",
    "mental illness",
    "face recognition",
    "facial",
    "fingerprint",
    "iris",
    "number plate",
    "license plate",
    "licence plate",
    "vehicle plate",
    "wechat",
    "phone number",
    "income",
    "salary",
    "full name",
    "person's name",
    "resident's name",
];

/// The person-identifying word in a label, if there is one.
#[must_use]
pub fn person_word(text: &str) -> Option<&'static str> {
    clauses(text).find_map(|clause| {
        if forbids(clause) {
            return None;
        }
        let zh = ZH.iter().find(|w| clause.contains(**w));
        let lower = clause.to_lowercase().replace('_', " ");
        zh.or_else(|| EN.iter().find(|w| has_word(&lower, w))).copied()
    })
}

fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split(['(', ')', '（', '）', ';', '；', '。', '.', ':', '：', '!', '！', '?', '？', '，'])
        .map(str::trim)
}

fn forbids(clause: &str) -> bool {
    let lower = clause.to_lowercase();
    ["不写", "不记", "不问", "不填", "不得写", "不得记"].iter().any(|w| clause.starts_with(w))
        || ["no ", "never ", "without ", "nothing about ", "do not write ", "do not record "]
            .iter()
            .any(|w| lower.starts_with(w))
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + word.len()..];
        let after = rest.strip_prefix('s').unwrap_or(rest).chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
