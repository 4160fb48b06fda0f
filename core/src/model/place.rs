//! A place: what stands somewhere and what is known of it, fact by fact, with its freshness.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AreaCode, IdError, PlaceId, Remark, Role, Scalar, UtcMillis};

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Dwelling 居民住户.
    Dwelling,
    /// Small premises 九小场所.
    SmallPremises,
    /// Rental 居住出租房.
    Rental,
    /// Workshop 小作坊.
    Workshop,
    /// Construction site 小型工地.
    ConstructionSite,
    /// Public facility 公共设施.
    PublicFacility,
    /// Shared area 公共部位.
    SharedArea,
}

impl PlaceKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Dwelling,
        Self::SmallPremises,
        Self::Rental,
        Self::Workshop,
        Self::ConstructionSite,
        Self::PublicFacility,
        Self::SharedArea,
    ];

    /// The stable name used in JSON, SQL and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dwelling => "dwelling",
            Self::SmallPremises => "small_premises",
            Self::Rental => "rental",
            Self::Workshop => "workshop",
            Self::ConstructionSite => "construction_site",
            Self::PublicFacility => "public_facility",
            Self::SharedArea => "shared_area",
        }
    }
}

impl fmt::Display for PlaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PlaceKind {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(IdError {
            what: "place kind",
            expected: "one of dwelling, small_premises, rental, workshop, construction_site, public_facility, shared_area",
        })
    }
}

/// What type of value a fact holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FactType {
    /// Text or code, at most this many characters.
    Text(usize),
    /// Whole number in a range.
    Int(i64, i64),
    /// Number in a range.
    Float(f64, f64),
    /// Yes or no.
    Bool,
}

/// A field of a place: its name, type and how long a statement stays fresh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactField {
    /// Name in documents, JSON, SQL and commands.
    pub name: &'static str,
    /// Label on a screen.
    pub label_zh: &'static str,
    /// The label in English.
    pub label_en: &'static str,
    /// Type and bounds.
    pub kind: FactType,
    /// Days until the fact asks for a re-check; `None` never expires (domain page 1.8, I19).
    pub fresh_days: Option<i64>,
    /// Why it is collected, shown to people ("why do you ask this").
    pub purpose_zh: &'static str,
    /// The purpose in English.
    pub purpose_en: &'static str,
}

/// Every fact a place can hold. A field that is not here is refused; none is about a person.
pub const FACT_FIELDS: &[FactField] = &[
    field(
        "kind",
        ("场所类型", "Kind of place"),
        FactType::Text(32),
        None,
        ("选用检查表", "chooses the checklist"),
    ),
    field(
        "address",
        ("地址", "Address"),
        FactType::Text(200),
        None,
        ("找到这个场所", "finds the place"),
    ),
    field(
        "name",
        ("招牌或楼名", "Sign or building name"),
        FactType::Text(100),
        Some(730),
        ("招牌或楼名，便于识别", "signboard or building name, to recognise it"),
    ),
    field(
        "lat",
        ("纬度", "Latitude"),
        FactType::Float(-90.0, 90.0),
        None,
        ("地图定位", "shows it on the map"),
    ),
    field(
        "lon",
        ("经度", "Longitude"),
        FactType::Float(-180.0, 180.0),
        None,
        ("地图定位", "shows it on the map"),
    ),
    field(
        "building_type",
        ("建筑类型", "Building type"),
        FactType::Text(40),
        Some(1095),
        ("判断疏散和消防要求", "decides escape and fire rules"),
    ),
    field(
        "storeys",
        ("层数", "Storeys"),
        FactType::Int(1, 200),
        Some(1095),
        ("判断疏散要求", "decides escape rules"),
    ),
    field(
        "dwellings",
        ("户数", "Dwellings"),
        FactType::Int(0, 10_000),
        Some(365),
        ("安排走访工作量", "plans the visits"),
    ),
    field(
        "rooms",
        ("房间数", "Rooms"),
        FactType::Int(0, 10_000),
        Some(365),
        ("判断是否集中出租", "tells whether group-rental rules apply"),
    ),
    field(
        "floor_area_m2",
        ("建筑面积（m²）", "Floor area (m²)"),
        FactType::Float(0.0, 1_000_000.0),
        Some(1095),
        ("判断场所规模", "tells the size class"),
    ),
    field(
        "use",
        ("用途", "Use"),
        FactType::Text(60),
        Some(365),
        ("判断用途混合风险", "tells mixed use"),
    ),
    field(
        "fuel",
        ("燃料", "Fuel"),
        FactType::Text(40),
        Some(365),
        ("判断燃气检查项目", "tells which gas items apply"),
    ),
    field(
        "gas_supply",
        ("供气方式", "Gas supply"),
        FactType::Text(40),
        Some(365),
        ("联系供气企业", "tells the gas company"),
    ),
    field(
        "ebike_shed",
        ("电动车充电棚", "E-bike charging shed"),
        FactType::Bool,
        Some(365),
        ("协调充电设施", "plans charging sheds"),
    ),
    field(
        "smoke_alarm",
        ("烟感报警器", "Smoke alarm"),
        FactType::Bool,
        Some(365),
        ("消防设施情况", "fire equipment"),
    ),
    field(
        "lift",
        ("电梯", "Lift"),
        FactType::Bool,
        Some(1095),
        ("电动车进电梯风险", "e-bike in lift risk"),
    ),
    field(
        "access_note",
        ("怎样到达", "How to get there"),
        FactType::Text(200),
        Some(365),
        ("怎样到达（不写人）", "how to get there (nothing about people)"),
    ),
    field(
        ADDRESS_CODE,
        ("标准地址编码", "Standard address code"),
        FactType::Text(17),
        None,
        ("标准地址编码", "standard address code"),
    ),
];

/// The field with the standard address code.
const ADDRESS_CODE: &str = "building_code";

/// Whether a field's text is a standard address code: an area code and five digits (domain page 1.2). To a
/// screen for numbers of people its seventeen digits look like a card's.
#[must_use]
pub(super) fn is_address_code(field: &str, text: &str) -> bool {
    field == ADDRESS_CODE
        && text.len() == 17
        && text.bytes().all(|b| b.is_ascii_digit())
        && text[..12].parse::<AreaCode>().is_ok()
}

const fn field(
    name: &'static str,
    (label_zh, label_en): (&'static str, &'static str),
    kind: FactType,
    fresh_days: Option<i64>,
    (purpose_zh, purpose_en): (&'static str, &'static str),
) -> FactField {
    FactField { name, label_zh, label_en, kind, fresh_days, purpose_zh, purpose_en }
}

impl FactField {
    /// The field of this name, if places have one.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        FACT_FIELDS.iter().find(|field| field.name == name)
    }

    /// Reads a value as a person types it. The error says what would be right.
    ///
    /// # Errors
    /// When the text does not fit the field's type or bounds.
    pub fn parse(&self, text: &str) -> Result<Scalar, String> {
        let text = text.trim();
        if self.name == "kind" {
            return text
                .parse::<PlaceKind>()
                .map(|k| Scalar::from(k.as_str()))
                .map_err(|e| e.to_string());
        }
        let wrong = |what: String| Err(format!("{}: expected {what}", self.name));
        match self.kind {
            FactType::Text(max) if !text.is_empty() && text.chars().count() <= max => {
                Ok(Scalar::from(text))
            }
            FactType::Text(max) => wrong(format!("1 to {max} characters")),
            FactType::Int(min, max) => match text.parse::<i64>() {
                Ok(n) if (min..=max).contains(&n) => Ok(Scalar::Int(n)),
                _ => wrong(format!("a whole number from {min} to {max}")),
            },
            FactType::Float(min, max) => match text.parse::<f64>() {
                Ok(x) if (min..=max).contains(&x) => Ok(Scalar::Float(x)),
                _ => wrong(format!("a number from {min} to {max}")),
            },
            FactType::Bool => match text {
                "true" | "yes" | "是" | "1" => Ok(Scalar::Bool(true)),
                "false" | "no" | "否" | "0" => Ok(Scalar::Bool(false)),
                _ => wrong("yes or no".to_owned()),
            },
        }
    }

    /// What [`FactField::parse`] would take, in Chinese.
    #[must_use]
    pub fn wanted_zh(&self) -> String {
        if self.name == "kind" {
            let kinds: Vec<&str> = PlaceKind::ALL.iter().map(|kind| kind.as_str()).collect();
            return format!("应为以下之一：{}", kinds.join("、"));
        }
        match self.kind {
            FactType::Text(max) => format!("应为 1 至 {max} 个字"),
            FactType::Int(min, max) => format!("应为 {min} 至 {max} 的整数"),
            FactType::Float(min, max) => format!("应为 {min} 至 {max} 的数"),
            FactType::Bool => "应为“是”或“否”".to_owned(),
        }
    }

    /// Whether a stored value fits the field.
    #[must_use]
    pub fn accepts(&self, value: &Scalar) -> bool {
        match (self.kind, value) {
            (FactType::Text(max), Scalar::Str(text)) => text.chars().count() <= max,
            (FactType::Int(min, max), Scalar::Int(n)) => (min..=max).contains(n),
            (FactType::Float(min, max), Scalar::Float(x)) => (min..=max).contains(x),
            (FactType::Bool, Scalar::Bool(_)) => true,
            _ => false,
        }
    }
}

/// One thing known of a place, with who saw it when (domain page 0: freshness).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The value.
    pub value: Scalar,
    /// When it was seen.
    pub observed_at: UtcMillis,
    /// The post of who saw it.
    pub by_role: Role,
    /// When it asks for a re-check; `None` never.
    pub expires_at: Option<UtcMillis>,
}

/// A place as it is read from its document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Identity.
    pub id: PlaceId,
    /// Schema version it was written in.
    pub v: i64,
    /// Facts by field name ([`FACT_FIELDS`]); `kind`, `address`, `lat` and `lon` are facts too.
    pub facts: BTreeMap<String, Fact>,
    /// Remarks, oldest first.
    pub remarks: Vec<Remark>,
}

impl Place {
    /// The kind, where it is stated and known.
    #[must_use]
    pub fn kind(&self) -> Option<PlaceKind> {
        self.facts.get("kind")?.value.as_str()?.parse().ok()
    }

    /// The address, or nothing.
    #[must_use]
    pub fn address(&self) -> &str {
        self.facts.get("address").and_then(|f| f.value.as_str()).unwrap_or_default()
    }

    /// Latitude and longitude in degrees (WGS 84), where both are stated.
    #[must_use]
    pub fn position(&self) -> Option<(f64, f64)> {
        let get = |name: &str| match self.facts.get(name)?.value {
            Scalar::Float(x) => Some(x),
            _ => None,
        };
        Some((get("lat")?, get("lon")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_code_is_no_card_and_only_in_its_field() {
        assert!(is_address_code("building_code", "32990100101200001"));
        for (field, text) in [
            ("name", "32990100101200001"),
            ("building_code", "62220212345678"),
            ("building_code", "99990100101200001"),
            ("building_code", "3299010010120000x"),
        ] {
            assert!(!is_address_code(field, text), "{field} {text}");
        }
    }
}
