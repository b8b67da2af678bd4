//! Empty files to fill in, from the same column tables that read them.

use super::column::{Column, Need};
use super::kind::{Kind, for_register};
use super::register::Register;

/// A file with headers only, or with two example rows.
pub fn template(kind: Kind, in_chinese: bool, with_example: bool) -> String {
    let headers = for_register!(kind, R => headers(R::columns(), in_chinese));
    let example = if with_example { example(kind, in_chinese) } else { String::new() };
    format!("{headers}\n{example}")
}

/// The columns that a file must have.
pub fn required(kind: Kind) -> Vec<&'static str> {
    for_register!(kind, R => {
        let required = R::columns().iter().filter(|column| column.need == Need::Required);
        required.map(|column| column.name).collect()
    })
}

fn headers<R>(columns: &[Column<R>], in_chinese: bool) -> String {
    let header = |column: &Column<R>| if in_chinese { column.zh } else { column.name };
    columns.iter().map(header).collect::<Vec<_>>().join(",")
}

/// Words of the examples are Chinese; the English file has the codes.
fn example(kind: Kind, in_chinese: bool) -> String {
    for_register!(kind, R => if in_chinese { R::EXAMPLE.to_owned() } else { translated::<R>() })
}

fn translated<R: Register>() -> String {
    let line = |line: &str| {
        let cells = line.split(',').zip(R::columns()).map(|(cell, column)| {
            let value = if cell.is_empty() { None } else { column.form.read(cell).ok() };
            value.map(|value| column.form.write(&value, false)).unwrap_or_default()
        });
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    R::EXAMPLE.lines().map(line).collect()
}
