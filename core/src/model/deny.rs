//! Names that no field and no column of a file may have: what they hold is about people (domain page 4.6).
//!
//! Compares names only; values are never looked at.

/// Parts of column names, folded to lower case without spaces and signs.
const DENIED: &[&str] = &[
    "身份证",
    "证件号",
    "出生",
    "生日",
    "年龄",
    "性别",
    "民族",
    "宗教",
    "政治面貌",
    "党员",
    "户籍",
    "户口",
    "婚姻",
    "健康",
    "疾病",
    "残疾",
    "病史",
    "重点人",
    "特殊人",
    "信访",
    "上访",
    "前科",
    "犯罪",
    "吸毒",
    "精神",
    "人脸",
    "指纹",
    "虹膜",
    "车牌",
    "微信",
    "收入",
    "姓名",
    "户主",
    "房东",
    "租客",
    "住户名",
    "联系人",
    "电话",
    "手机",
    "籍贯",
    "学历",
    "职业",
    "低保",
    "刑满",
    "社区矫正",
    "idcard",
    "identitycard",
    "identitynumber",
    "idnumber",
    "passport",
    "birth",
    "dob",
    "gender",
    "ethnic",
    "nationality",
    "religio",
    "politic",
    "partymember",
    "hukou",
    "marital",
    "marriage",
    "medical",
    "disease",
    "illness",
    "disabilit",
    "keyperson",
    "specialgroup",
    "petition",
    "criminal",
    "conviction",
    "drug",
    "mental",
    "biometric",
    "fingerprint",
    "facial",
    "iris",
    "plateno",
    "platenumber",
    "licenseplate",
    "licenceplate",
    "wechat",
    "income",
    "salary",
    "phone",
    "mobile",
    "telephone",
    "email",
    "fullname",
    "firstname",
    "lastname",
    "surname",
    "ownername",
    "landlord",
    "tenant",
    "occupant",
    "resident",
    "householder",
    "contact",
    "probation",
    "occupation",
];
/// Whole names.
const DENIED_WHOLE: &[&str] =
    &["age", "sex", "face", "tel", "owner", "person", "people", "health", "party"];

/// Whether a column or field of this name is about people.
#[must_use]
pub fn is_personal_name(column: &str) -> bool {
    let folded: String =
        column.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    DENIED_WHOLE.contains(&folded.as_str()) || DENIED.iter().any(|part| folded.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_personal_name;

    #[test]
    fn columns_about_people_are_known_however_they_are_written() {
        for column in [
            "身份证号",
            "出生日期",
            "民族",
            "宗教信仰",
            "政治面貌",
            "户籍类型",
            "婚姻状况",
            "健康状况",
            "疾病",
            "重点人员",
            "特殊人群",
            "信访",
            "前科",
            "吸毒",
            "精神障碍",
            "人脸",
            "指纹",
            "车牌",
            "微信号",
            "收入",
            "ID Card",
            "id_number",
            "Date of Birth",
            "Ethnicity",
            "Religion",
            "political_status",
            "Marital-Status",
            "Health",
            "Key Person",
            "licence plate",
            "WeChat",
            "Income",
            "Phone",
            "联系电话",
        ] {
            assert!(is_personal_name(column), "{column}");
        }
    }

    #[test]
    fn columns_about_places_pass() {
        for column in [
            "key",
            "kind",
            "address",
            "grid",
            "lat",
            "lon",
            "name",
            "building_type",
            "storeys",
            "dwellings",
            "smoke_alarm",
            "地址",
            "类型",
            "网格",
            "纬度",
            "经度",
            "名称",
            "access_note",
        ]
        .into_iter()
        .chain(crate::model::FACT_FIELDS.iter().map(|field| field.name))
        {
            assert!(!is_personal_name(column), "{column}");
        }
    }
}
