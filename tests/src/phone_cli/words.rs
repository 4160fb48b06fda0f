//! The domain's values as people read them, in Chinese and English.
//!
//! Pure. Must not know the phone or the terminal. Times are shown in China
//! Standard Time: the country has one zone and a phone's own may be wrong.

use ironfeet_core::model::{Lang, PlaceKind, Route, Scalar, Severity, UtcMillis, VisitStatus};
use jiff::tz::{Offset, TimeZone};

use super::outcome::say;

/// A rule across the screen.
pub const RULE: &str = "────────────────────────────────────────────────";
/// A heavy rule, for what comes first of all.
pub const HEAVY: &str = "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━";

/// `2026-11-23 14:05`.
#[must_use]
pub fn moment(at: UtcMillis) -> String {
    let zone = TimeZone::fixed(Offset::constant(8));
    jiff::Timestamp::from_millisecond(at.0)
        .map(|t| t.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_else(|_| "?".to_owned())
}

/// `2026-11-23`.
#[must_use]
pub fn day(at: UtcMillis) -> String {
    moment(at).chars().take(10).collect()
}

/// A value as it is read.
#[must_use]
pub fn value(scalar: &Scalar, lang: Lang) -> String {
    match scalar {
        Scalar::Null => "-".to_owned(),
        Scalar::Bool(true) => say(lang, "是", "yes").to_owned(),
        Scalar::Bool(false) => say(lang, "否", "no").to_owned(),
        Scalar::Int(n) => n.to_string(),
        Scalar::Float(x) => x.to_string(),
        Scalar::Str(text) => text.clone(),
    }
}

/// `S1 紧急`.
#[must_use]
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::S1 => say(lang, "S1 紧急", "S1 imminent danger"),
        Severity::S2 => say(lang, "S2 较重", "S2 serious"),
        Severity::S3 => say(lang, "S3 一般", "S3 ordinary"),
        Severity::S4 => say(lang, "S4 提示", "S4 advice"),
    }
}

/// What happens next with a finding.
#[must_use]
pub fn route(route: Route, lang: Lang) -> &'static str {
    match route {
        Route::Case => say(lang, "立案派遣", "a case is filed"),
        Route::Advice => say(lang, "当场提示", "advice on the spot"),
        Route::SelfFixed => say(lang, "当场整改", "fixed on the spot"),
    }
}

/// The kind of a place.
#[must_use]
pub fn kind(kind: PlaceKind, lang: Lang) -> &'static str {
    match kind {
        PlaceKind::Dwelling => say(lang, "居民住户", "dwelling"),
        PlaceKind::SmallPremises => say(lang, "小场所", "small premises"),
        PlaceKind::Rental => say(lang, "居住出租房", "rental"),
        PlaceKind::Workshop => say(lang, "小作坊", "workshop"),
        PlaceKind::ConstructionSite => say(lang, "小型工地", "construction site"),
        PlaceKind::PublicFacility => say(lang, "公共设施", "public facility"),
        PlaceKind::SharedArea => say(lang, "公共部位", "shared area"),
    }
}

/// Draft or finished.
#[must_use]
pub fn status(status: VisitStatus, lang: Lang) -> &'static str {
    match status {
        VisitStatus::Draft => say(lang, "草稿", "draft"),
        VisitStatus::Finished => say(lang, "已完成", "finished"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_china() {
        assert_eq!(moment(UtcMillis(0)), "1970-01-01 08:00");
        assert_eq!(day(UtcMillis(1_795_400_000_000)), "2026-11-23");
    }
}
