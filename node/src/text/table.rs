//! Tables and lists of fields for a terminal. A Chinese character is two columns wide; lines are drawn in
//! ASCII, because a terminal set up for Chinese may give box characters either width.

use comfy_table::presets::NOTHING;
use comfy_table::{LineStyle, Table};
use unicode_width::UnicodeWidthStr;

/// Columns with a header line; each row has as many cells as the header.
pub fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let ruled = NOTHING.header_separator(LineStyle::none().fill('-').junction(' '));
    let mut table = Table::new();
    table.load_style(ruled).set_header(header).add_rows(rows);
    trim_lines(&table.to_string())
}

/// One field a line, values in one column.
pub fn fields(fields: &[(String, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    let line =
        |(name, value): &(String, String)| format!("{name}{}  {value}", " ".repeat(width - name.width()));
    let lines: Vec<_> = fields.iter().map(line).collect();
    trim_lines(&lines.join("\n"))
}

fn trim_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_stand_under_each_other_whatever_their_script() {
        let rows = [owned(&["230000", "黑龙江省机关事务管理局", "ok"]), owned(&["XPCC", "Bureau", "否"])];
        let shown = table(&owned(&["成员", "name 名称", "批准"]), &rows);
        let starts: Vec<_> = ["批准", "ok", "否"].into_iter().map(|cell| column_of(&shown, cell)).collect();
        assert_eq!(starts, [starts[0]; 3], "\n{shown}");
        let starts: Vec<_> =
            ["name", "黑", "Bureau"].into_iter().map(|cell| column_of(&shown, cell)).collect();
        assert_eq!(starts, [starts[0]; 3], "\n{shown}");
    }

    #[test]
    fn values_stand_in_one_column_whatever_their_names() {
        let pairs = [("统一社会信用代码", "x1"), ("name", "x2"), ("电话", "x3")];
        let shown = fields(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let starts: Vec<_> = ["x1", "x2", "x3"].into_iter().map(|cell| column_of(&shown, cell)).collect();
        assert_eq!(starts, [18; 3], "\n{shown}");
    }

    fn column_of(text: &str, cell: &str) -> usize {
        let line = text.lines().find(|line| line.contains(cell)).expect("the cell is shown");
        line[..line.find(cell).expect("it is in this line")].width()
    }
}
