//! Rows as bytes of a file: CSV, workbook, GeoJSON. Knows no records.

use std::io::{Read as _, Seek as _, SeekFrom};

use rust_xlsxwriter::{Workbook, Worksheet};

use super::{Cell, ExportError, Format, Line};

/// Rows of a sheet, its heading included; what programs can open.
const SHEET_ROWS: u32 = 1_000_000;
/// Bytes of a finished workbook given at once.
const PIECE: usize = 64 * 1024;

/// A file on its way.
pub(super) enum Form {
    Csv(Box<csv::Writer<Vec<u8>>>),
    GeoJson { columns: &'static [&'static str], out: Vec<u8>, first: bool },
    Xlsx(Box<Book>),
}

pub(super) struct Book {
    book: Workbook,
    name: &'static str,
    columns: &'static [&'static str],
    sheets: usize,
    row: u32,
}

/// A text that a spreadsheet would take for a formula gets a mark before it.
fn disarmed(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn broken<E>(_: E) -> ExportError {
    ExportError::File("a row does not fit")
}

impl Form {
    pub(super) fn begin(
        format: Format,
        name: &'static str,
        columns: &'static [&'static str],
    ) -> Result<Self, ExportError> {
        match format {
            Format::Csv => {
                // The mark tells spreadsheets that the text is UTF-8.
                let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
                writer.write_record(columns).map_err(broken)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            Format::GeoJson => {
                let out = b"{\"type\":\"FeatureCollection\",\"features\":[\n".to_vec();
                Ok(Self::GeoJson { columns, out, first: true })
            }
            Format::Xlsx => {
                let book = Workbook::new();
                let mut book = Book { book, name, columns, sheets: 0, row: 0 };
                book.sheet()?;
                Ok(Self::Xlsx(Box::new(book)))
            }
        }
    }

    pub(super) fn line(&mut self, line: &Line) -> Result<(), ExportError> {
        match self {
            Self::Csv(writer) => {
                let cells = line.cells.iter().map(|cell| match cell {
                    Cell::Empty => String::new(),
                    Cell::Text(text) => disarmed(text),
                    Cell::Number(n) => n.to_string(),
                });
                writer.write_record(cells).map_err(broken)
            }
            Self::GeoJson { columns, out, first } => {
                let value = |cell: &Cell| match cell {
                    Cell::Empty => serde_json::Value::Null,
                    Cell::Text(text) => text.clone().into(),
                    Cell::Number(n) => (*n).into(),
                };
                let properties: serde_json::Map<String, serde_json::Value> = columns
                    .iter()
                    .zip(&line.cells)
                    .map(|(name, cell)| ((*name).to_owned(), value(cell)))
                    .collect();
                let geometry = line.position.map(
                    |(lat, lon)| serde_json::json!({ "type": "Point", "coordinates": [lon, lat] }),
                );
                if !std::mem::take(first) {
                    out.extend_from_slice(b",\n");
                }
                let feature = serde_json::json!({
                    "type": "Feature", "geometry": geometry, "properties": properties,
                });
                serde_json::to_writer(out, &feature).map_err(broken)
            }
            Self::Xlsx(book) => book.line(line),
        }
    }

    /// What can be sent already.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Csv(writer) => {
                let done = std::mem::replace(&mut **writer, csv::Writer::from_writer(Vec::new()));
                done.into_inner().unwrap_or_default()
            }
            Self::GeoJson { out, .. } => std::mem::take(out),
            Self::Xlsx(_) => Vec::new(),
        }
    }

    pub(super) fn end(mut self, give: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), ExportError> {
        if let Self::GeoJson { out, .. } = &mut self {
            out.extend_from_slice(b"\n]}\n");
        }
        let rest = self.take();
        if !rest.is_empty() && !give(rest) {
            return Ok(());
        }
        match self {
            Self::Xlsx(book) => book.end(give),
            _ => Ok(()),
        }
    }
}

impl Book {
    /// A new sheet with its heading.
    fn sheet(&mut self) -> Result<(), ExportError> {
        self.sheets += 1;
        self.row = 1;
        let (name, columns) = (format!("{} {}", self.name, self.sheets), self.columns);
        let sheet = self.book.add_worksheet_with_constant_memory();
        sheet.set_name(name).map_err(broken)?;
        for (column, text) in (0_u16..).zip(columns) {
            sheet.write_string(0, column, *text).map_err(broken)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), ExportError> {
        if self.row >= SHEET_ROWS {
            self.sheet()?;
        }
        let (row, last) = (self.row, self.sheets - 1);
        let sheet: &mut Worksheet = self.book.worksheet_from_index(last).map_err(broken)?;
        for (column, cell) in (0_u16..).zip(&line.cells) {
            // Written as text, never as a formula, whatever it begins with.
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(row, column, text).map_err(broken)?;
                }
                Cell::Number(n) => {
                    sheet.write_number(row, column, *n).map_err(broken)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    fn end(mut self, give: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), ExportError> {
        let lost = |_| ExportError::File("the workbook could not be kept");
        let mut file = tempfile::tempfile().map_err(lost)?;
        self.book.save_to_writer(&mut file).map_err(broken)?;
        file.seek(SeekFrom::Start(0)).map_err(lost)?;
        loop {
            let mut piece = vec![0; PIECE];
            let n = file.read(&mut piece).map_err(lost)?;
            piece.truncate(n);
            if n == 0 || !give(piece) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[&str] = &["id", "address", "lat"];

    fn written(format: Format) -> Vec<u8> {
        let mut form = Form::begin(format, "places", COLUMNS).unwrap();
        for address in ["平川路1号", "=HYPERLINK(\"x\")", "-1"] {
            let cells = vec![Cell::text("A"), Cell::text(address), Cell::Number(-33.5)];
            form.line(&Line { cells, position: Some((-33.5, 119.0)) }).unwrap();
        }
        let mut whole = form.take();
        form.end(&mut |piece| {
            whole.extend(piece);
            true
        })
        .unwrap();
        whole
    }

    #[test]
    fn a_formula_from_the_field_is_text_in_every_form() {
        let csv = String::from_utf8(written(Format::Csv)).unwrap();
        expect_test::expect![[r#"
            id,address,lat
            A,平川路1号,-33.5
            A,"'=HYPERLINK(""x"")",-33.5
            A,'-1,-33.5
        "#]]
        .assert_eq(csv.trim_start_matches('\u{feff}'));
        let json: serde_json::Value = serde_json::from_slice(&written(Format::GeoJson)).unwrap();
        assert_eq!(json["features"][1]["properties"]["address"], "=HYPERLINK(\"x\")");
        assert_eq!(json["features"][2]["geometry"]["coordinates"][0], 119.0);
        let book = written(Format::Xlsx);
        assert!(book.starts_with(b"PK"), "a workbook is a zip archive");
    }
}
