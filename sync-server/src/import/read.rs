//! Files of places as rows: CSV with a header line, or a GeoJSON collection of points.

use serde_json::Value;

use ironfeet_core::model::{
    FACT_FIELDS, FactField, FactType, GridCode, Scalar, Text, is_personal_name, numbers_of_a_person,
};

use super::{ERRORS_MAX, ImportError, Row, RowError, say};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma separated, UTF-8, header line.
    Csv,
    /// A `FeatureCollection` of points (WGS 84).
    GeoJson,
}

impl Format {
    /// By the file's ending.
    #[must_use]
    pub fn of(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "geojson" | "json" => Some(Self::GeoJson),
            _ => None,
        }
    }
}

/// Chinese names of columns.
const NAMES: &[(&str, &str)] = &[
    ("编号", "key"),
    ("类型", "kind"),
    ("地址", "address"),
    ("网格", "grid"),
    ("网格编码", "grid"),
    ("纬度", "lat"),
    ("经度", "lon"),
    ("名称", "name"),
    ("建筑类型", "building_type"),
    ("层数", "storeys"),
    ("户数", "dwellings"),
    ("房间数", "rooms"),
    ("面积", "floor_area_m2"),
    ("用途", "use"),
    ("燃料", "fuel"),
    ("供气企业", "gas_supply"),
    ("电动车棚", "ebike_shed"),
    ("烟感", "smoke_alarm"),
    ("电梯", "lift"),
    ("到达说明", "access_note"),
    ("地址编码", "building_code"),
];

/// Characters of a column's name in an error.
const NAME_CHARS_MAX: usize = 64;

/// A line as (column, text).
type Line = Vec<(String, String)>;

/// Reads a whole file. Every line is looked at, so that all mistakes are told at once.
///
/// # Errors
/// [`ImportError::Personal`], [`ImportError::Rows`], [`ImportError::File`].
pub fn read(bytes: &[u8], format: Format) -> Result<Vec<Row>, ImportError> {
    let lines = match format {
        Format::Csv => csv_lines(bytes)?,
        Format::GeoJson => geojson_lines(bytes)?,
    };
    let mut rows = Vec::with_capacity(lines.len());
    let mut errors = Vec::new();
    for (number, line) in lines {
        match row(number, &line) {
            Ok(row) => rows.push(row),
            Err(error) => errors.extend(error),
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() { Ok(rows) } else { Err(ImportError::Rows(errors)) }
}

/// A column's name as an error tells it: a strange file may have one of any length.
fn told(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

fn column(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}');
    let known = NAMES.iter().find(|(zh, _)| *zh == name);
    known.map_or_else(|| name.to_lowercase(), |(_, column)| (*column).to_owned())
}

fn is_known(column: &str) -> bool {
    matches!(column, "key" | "grid") || FactField::find(column).is_some()
}

fn check_columns<'c>(columns: impl Iterator<Item = &'c str>, line: u64) -> Result<(), ImportError> {
    let mut personal = Vec::new();
    let mut unknown = Vec::new();
    for name in columns {
        if is_personal_name(name) {
            personal.push(told(name));
        } else if !is_known(&column(name)) && unknown.len() < ERRORS_MAX {
            let fields: Vec<&str> = FACT_FIELDS.iter().map(|field| field.name).collect();
            let known = fields.join(", ");
            // Once is enough, however many columns are strange.
            let what = match unknown.is_empty() {
                true => say(
                    format!("没有这一列；可用的列：key, grid, {known}"),
                    format!("unknown column; known are key, grid, {known}"),
                ),
                false => say("没有这一列", "unknown column"),
            };
            unknown.push(RowError { line, column: told(name), what });
        }
    }
    if !personal.is_empty() {
        personal.truncate(ERRORS_MAX);
        return Err(ImportError::Personal(personal));
    }
    if unknown.is_empty() { Ok(()) } else { Err(ImportError::Rows(unknown)) }
}

fn csv_lines(bytes: &[u8]) -> Result<Vec<(u64, Line)>, ImportError> {
    let broken = |line: u64, what: Text| {
        ImportError::Rows(vec![RowError { line, column: String::new(), what }])
    };
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(bytes);
    let headers = reader
        .headers()
        .map_err(|_| broken(1, say("表头不是 UTF-8 文本", "the header line is no UTF-8 text")))?
        .clone();
    check_columns(headers.iter(), 1)?;
    let columns: Vec<String> = headers.iter().map(column).collect();
    let mut lines = Vec::new();
    for record in reader.records() {
        // The library's own text could quote values.
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            broken(
                line,
                say(
                    "列数与表头不同，或不是 UTF-8 文本",
                    "another number of fields than the header, or no UTF-8 text",
                ),
            )
        })?;
        let number = record.position().map_or(0, csv::Position::line);
        let fields = record.iter().map(|text| text.trim().to_owned());
        lines.push((number, columns.iter().cloned().zip(fields).collect()));
    }
    Ok(lines)
}

fn geojson_lines(bytes: &[u8]) -> Result<Vec<(u64, Line)>, ImportError> {
    let file = |what: &str| ImportError::File(what.to_owned());
    let json: Value = serde_json::from_slice(bytes).map_err(|_| file("it is no JSON"))?;
    let features = json["features"].as_array().ok_or_else(|| file("it is no FeatureCollection"))?;
    let mut lines = Vec::with_capacity(features.len());
    for (number, feature) in (1_u64..).zip(features) {
        let bad = |zh: &str, en: &str| {
            let what = say(zh, en);
            let error = RowError { line: number, column: "geometry".into(), what };
            ImportError::Rows(vec![error])
        };
        let properties = feature["properties"]
            .as_object()
            .ok_or_else(|| bad("要素没有 properties", "the feature has no properties"))?;
        check_columns(properties.keys().map(String::as_str), number)?;
        let mut line: Line = properties
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (column(name), text(value)))
            .collect();
        let point = &feature["geometry"];
        if point["type"] != "Point" {
            return Err(bad("应为 Point", "expected a Point"));
        }
        for (at, name) in [(0, "lon"), (1, "lat")] {
            let number = point["coordinates"][at]
                .as_f64()
                .ok_or_else(|| bad("没有坐标", "no coordinates"))?;
            line.push((name.to_owned(), number.to_string()));
        }
        lines.push((number, line));
    }
    Ok(lines)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

fn row(line: u64, fields: &Line) -> Result<Row, Vec<RowError>> {
    let mut errors = Vec::new();
    let mut error = |column: &str, what: Text| {
        errors.push(RowError { line, column: column.to_owned(), what });
    };
    let mut facts: Vec<(String, Scalar)> = Vec::new();
    let (mut key, mut grid) = (None, None);
    for (column, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
        match column.as_str() {
            "key" if text.len() <= 100 => key = Some(text.clone()),
            "key" => error("key", say("最多 100 字节", "expected at most 100 bytes")),
            "grid" => match text.parse::<GridCode>() {
                Ok(code) => grid = Some(code),
                Err(wrong) => error("grid", say("应为 15 位网格代码", wrong.to_string())),
            },
            name => match fact(name, text) {
                Ok(value) => facts.push((name.to_owned(), value)),
                Err(what) => error(name, what),
            },
        }
    }
    for needed in ["kind", "address", "lat", "lon"] {
        let there = fields.iter().any(|(column, text)| column == needed && !text.is_empty());
        if !there {
            error(needed, say("缺这一项", "is missing"));
        }
    }
    if grid.is_none() && !fields.iter().any(|(column, text)| column == "grid" && !text.is_empty()) {
        error("grid", say("缺这一项", "is missing"));
    }
    match grid {
        Some(grid) if errors.is_empty() => Ok(Row { line, key, grid, facts }),
        _ => Err(errors),
    }
}

/// A value of a field; the error says what would be right, never what stood there.
fn fact(name: &str, text: &str) -> Result<Scalar, Text> {
    let field = FactField::find(name).ok_or_else(|| say("没有这一列", "unknown column"))?;
    // As admission does; a line that it would refuse is named here.
    let free = matches!(field.kind, FactType::Text(_));
    if free && !numbers_of_a_person(name, text).is_empty() {
        return Err(say(
            "含有个人号码（电话、证件、卡、车牌）",
            "holds a number of a person (phone, identity, card, plate)",
        ));
    }
    field.parse(text).map_err(|wrong| say(field.wanted_zh(), wrong))
}
