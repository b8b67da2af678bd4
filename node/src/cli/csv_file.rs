//! CSV files for spreadsheets.

/// Spreadsheets read a Chinese file as UTF-8 only behind a byte order mark.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Lines as CSV.
pub fn csv_text<'a>(lines: impl Iterator<Item = &'a Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).expect("memory takes every line");
    }
    let bytes = writer.into_inner().expect("memory takes every line");
    String::from_utf8(bytes).expect("lines are made of texts")
}
