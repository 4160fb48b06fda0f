//! Invented names of areas, roads, shops and people. None is taken from a real register; the
//! "surnames" are words that are no surnames.

/// Counties and districts of 平川.
pub(crate) const COUNTIES: [&str; 9] =
    ["云陂区", "栎丘区", "芦汀区", "青埂县", "白荡县", "禾陌县", "枫渚县", "沐原市", "霁山县"];
/// First characters of streets, towns, communities and villages.
pub(crate) const FIRST: [&str; 24] = [
    "翠", "云", "栖", "芦", "青", "白", "禾", "枫", "霁", "沐", "澄", "杏", "槐", "棠", "菱", "荷",
    "雁", "鹭", "松", "柏", "桐", "竹", "石", "月",
];
/// Second characters of them.
pub(crate) const SECOND: [&str; 24] = [
    "屏", "溪", "汀", "渚", "岗", "坡", "塘", "湾", "桥", "渡", "埠", "圩", "沟", "墩", "洲", "亭",
    "园", "苑", "泽", "浦", "谷", "峰", "原", "陌",
];
/// Roads.
pub(crate) const ROADS: [&str; 20] = [
    "枫林路",
    "云栖路",
    "青石巷",
    "芦花路",
    "白鹭路",
    "杏坛路",
    "槐荫路",
    "晴川路",
    "石桥街",
    "北圩路",
    "南渡路",
    "菱塘路",
    "松风路",
    "柏舟路",
    "望湖路",
    "听雨巷",
    "新渠路",
    "长堤路",
    "东篱路",
    "西泽路",
];
/// What small premises call themselves, with the use they are put to.
pub(crate) const SHOPS: [(&str, &str); 14] = [
    ("便利店", "小商店"),
    ("面馆", "小餐饮"),
    ("快餐店", "小餐饮"),
    ("旅馆", "小旅馆"),
    ("理发店", "小美容洗浴"),
    ("诊所", "小诊所"),
    ("网吧", "小网吧"),
    ("歌厅", "小歌舞娱乐"),
    ("托管班", "小学校"),
    ("电动车行", "电动自行车销售维修"),
    ("快递站", "快递站点"),
    ("五金店", "小商店"),
    ("水果店", "小商店"),
    ("足浴店", "小美容洗浴"),
];
/// Trades of workshops.
pub(crate) const TRADES: [&str; 8] = [
    "服装加工",
    "木器加工",
    "五金加工",
    "塑料制品",
    "包装印刷",
    "食品加工",
    "电商打包",
    "废品回收",
];
/// What licensed sites build.
pub(crate) const PROJECTS: [&str; 7] =
    ["雅苑二期", "安置房", "中学扩建", "污水管网改造", "农贸市场改建", "卫生院综合楼", "标准厂房"];
/// What is burnt in villages, as often as each stands here.
pub(crate) const VILLAGE_FUELS: [&str; 7] =
    ["瓶装液化气", "瓶装液化气", "瓶装液化气", "管道天然气", "管道天然气", "柴草", "用电"];
/// Special grids.
pub(crate) const SPECIAL: [&str; 6] =
    ["产业园", "农贸市场", "人民医院", "会展中心", "高铁新城工地", "职教园区"];
/// Public facilities.
pub(crate) const FACILITIES: [&str; 6] =
    ["公共厕所", "健身广场", "公交站台", "配电房", "垃圾收集点", "社区服务点"];
/// First words of people's invented names.
pub(crate) const PERSON_FIRST: [&str; 16] = [
    "青禾", "白榆", "云杉", "南星", "半夏", "忍冬", "紫苏", "连翘", "望舒", "扶桑", "空青", "景天",
    "商陆", "苍术", "杜若", "石楠",
];
/// Second words of people's invented names.
pub(crate) const PERSON_SECOND: [&str; 16] = [
    "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "甲", "乙", "丙", "丁", "戊", "己",
];

/// A two-character name, the same for the same number and never the same for two numbers below 2,880.
#[must_use]
pub(crate) fn area(number: usize) -> String {
    let all = FIRST.len() * SECOND.len();
    // 55 and 576 have no common factor: a permutation in which neighbours differ in both characters.
    let mixed = (number * 55 + 7) % all;
    let tail = ["", "东", "西", "南", "北"][(number / all) % 5];
    format!("{}{}{tail}", FIRST[mixed % FIRST.len()], SECOND[(mixed / FIRST.len()) % SECOND.len()])
}

/// A person's invented name.
#[must_use]
pub(crate) fn person(number: usize) -> String {
    let first = PERSON_FIRST[number % PERSON_FIRST.len()];
    let second = PERSON_SECOND[(number / PERSON_FIRST.len()) % PERSON_SECOND.len()];
    format!("{first}{second}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn area_names_do_not_repeat() {
        let names: BTreeSet<String> = (0..2000).map(super::area).collect();
        assert_eq!(names.len(), 2000);
    }
}
